import {element} from "../../../elements.js";
import {Problem} from "../../components/problem.js";
import {refill} from "../../components/refill.js";
import {SelectField} from "../../components/select_field.js";
import {KINDS, isEmpty, kindOf, nameOf, outputOf} from "../../work/job_draft.js";
import {JobSource} from "./job_source.js";
import {JobStyle} from "./job_style.js";

const TIMES = /** @type {const} */ (["srt", "vtt", "json", "textgrid"]);

/**
 * A new job: its text, how it is spoken, and the files that it gives.
 *
 * @param {import("../../app.js").App} app
 * @param {import("../../work/jobs.js").Jobs} jobs
 */
export function JobForm(app, jobs) {
  const {t} = app;
  const send = (/** @type {Event} */ event) => {
    event.preventDefault();
    jobs.submit();
  };
  return element("form", {className: "card job-form", "aria-label": t.work.create, onsubmit: send},
    element("h2", {}, t.work.create), JobSource(app), Options(app), JobStyle(app),
    Problem(app, "job-refused", ({jobs: {refused}}) => refused), Submit(app));
}

/** @param {import("../../app.js").App} app */
function Options(app) {
  const {store, signal} = app;
  const options = element("div", {className: "fields"});
  store.watch(({draft, formats}) => {
    const {format, timestamps} = draft;
    return JSON.stringify([kindOf(draft), outputOf(draft), format, timestamps, formats]);
  }, () => {
    refill(options, optionFields(app));
  }, signal);
  return element("div", {className: "job-options"}, options, Name(app));
}

/** @param {import("../../app.js").App} app */
function optionFields({store, t}) {
  const {draft, formats} = store.state;
  const change = (/** @type {Record<string, string>} */ part) => store.patch("draft", part);
  const {kinds, outputs} = t.work;
  return [
    SelectField({
      id: "job-kind", label: t.work.kind, value: kindOf(draft), options: KINDS.map((kind) => [kind, kinds[kind]]),
      choose: (kind) => change({kind}),
    }),
    SelectField({
      id: "job-output", label: t.work.output, value: outputOf(draft),
      options: [["file", outputs.file], ["zip", outputs.zip]], choose: (output) => change({output}),
    }),
    SelectField({
      id: "job-format", label: t.work.format, value: draft.format,
      options: (formats.length ? formats : [draft.format]).map((format) => [format, format.toUpperCase()]),
      choose: (format) => change({format}),
    }),
    SelectField({
      id: "job-times", label: t.work.timestamps, value: draft.timestamps,
      options: [["", t.work.noTimestamps], .../** @type {[string, string][]} */ (
        TIMES.map((each) => [each, each.toUpperCase()]))],
      choose: (timestamps) => change({timestamps}),
    }),
  ];
}

/** @param {import("../../app.js").App} app */
function Name({store, t, signal}) {
  const input = element("input", {
    type: "text", id: "job-name", maxLength: 200, autocomplete: "off",
    oninput: () => store.patch("draft", {name: input.value}),
  });
  store.watch(({draft}) => draft.name, (name) => {
    if (input.value !== name) input.value = name;
  }, signal);
  store.watch(({draft}) => nameOf(draft), (name) => { input.placeholder = name || t.work.namePlaceholder; }, signal);
  return element("div", {className: "field"}, element("label", {for: "job-name"}, t.work.name), input);
}

/** @param {import("../../app.js").App} app */
function Submit({store, t, signal}) {
  const button = element("button", {id: "job-submit", type: "submit", className: "primary"});
  store.watch(({jobs}) => jobs.sending, (sending) => {
    button.textContent = sending ? t.work.sending : t.work.submit;
  }, signal);
  store.watch(({jobs, draft, voices}) => !jobs.sending && !isEmpty(draft) && voices.length > 0, (can) => {
    button.disabled = !can;
  }, signal);
  return button;
}
