import {element} from "../../../elements.js";
import {storedKey} from "../../../key.js";
import {isFinal, resultPath} from "../../api/jobs.js";
import {ConfirmButton} from "../../components/confirm_button.js";
import {fileSize} from "../../components/file_size.js";
import {saveAs, saveFrom} from "../../components/save_file.js";

/** @typedef {import("../../api/jobs.js").Job} Job */

/**
 * One job: its state and progress, and what can be done with it.
 *
 * @param {import("../../app.js").App} app Its signal ends with the item.
 * @param {import("../../work/jobs.js").Jobs} jobs
 * @param {Job} job
 */
export function JobItem(app, jobs, job) {
  const {store, signal} = app;
  const head = element("div", {className: "job-head"});
  const progress = Progress(app, job);
  const details = element("div", {className: "job-details"});
  const buttons = element("div", {className: "job-buttons"});
  const item = element("li", {className: "job", "data-job": job.id}, head, progress.place, details, buttons);
  let state = "";
  store.watch(({jobs: {list}}) => list.find(({id}) => id === job.id), (now) => {
    if (!now) return;
    progress.show(now);
    details.replaceChildren(...detailsOf(app, now));
    if (state === now.state) return;
    state = now.state;
    item.dataset.state = state;
    head.replaceChildren(...headOf(app, now));
    buttons.replaceChildren(...buttonsOf(app, jobs, now));
  }, signal);
  return item;
}

/**
 * @param {import("../../app.js").App} app
 * @param {Job} job
 */
const nameOf = ({t}, {name}) => name || t.work.unnamed;

/**
 * @param {import("../../app.js").App} app
 * @param {Job} job
 */
function headOf(app, job) {
  const {t, store} = app;
  const created = new Date(job.created_at * 1000);
  return [
    element("strong", {}, nameOf(app, job)),
    element("span", {className: "badge", "data-state": job.state, role: "status"}, t.work.states[job.state]),
    element("time", {className: "small muted", dateTime: created.toISOString()},
      created.toLocaleString(store.state.language, {dateStyle: "medium", timeStyle: "short"})),
  ];
}

/**
 * @param {import("../../app.js").App} app
 * @param {Job} job
 */
function Progress(app, job) {
  const {t} = app;
  const bar = element("progress", {max: 1, "aria-label": t.work.progressLabel(nameOf(app, job))});
  const words = element("span", {className: "small muted number"});
  const place = element("div", {className: "job-progress"}, bar, words);
  const show = (/** @type {Job} */ now) => {
    const {share, parts, parts_done: done} = now.progress;
    place.hidden = isFinal(now);
    bar.value = share;
    const left = now.expected_end_at && now.state === "running" ? now.expected_end_at - Date.now() / 1000 : 0;
    words.textContent = [
      t.work.progress(done, parts, Math.floor(100 * share)), left > 0 ? t.work.left(left) : "",
    ].filter(Boolean).join(" · ");
  };
  return {place, show};
}

/**
 * @param {import("../../app.js").App} app
 * @param {Job} job
 */
function detailsOf({t}, {error, waiting, result}) {
  return [
    waiting ? element("p", {className: "small warning"}, t.work.waiting(waiting)) : "",
    error ? element("p", {className: "small error"}, t.work.failed(error)) : "",
    result ? element("p", {className: "small muted number"},
      t.work.result(t.work.seconds(result.seconds), fileSize(result.size))) : "",
    result?.warnings.length ? element("details", {className: "small"},
      element("summary", {}, t.work.warnings(result.warnings.length)),
      element("ul", {}, result.warnings.map((warning) => element("li", {}, t.work.warning(warning))))) : "",
  ];
}

/**
 * @param {import("../../app.js").App} app
 * @param {import("../../work/jobs.js").Jobs} jobs
 * @param {Job} job
 */
function buttonsOf(app, jobs, job) {
  const {t} = app;
  const action = isFinal(job) ? "forget" : "cancel";
  return [
    job.state === "done" ? element("button", {
      type: "button", className: "job-download", "aria-label": `${t.work.download} ${nameOf(app, job)}`,
      onclick: () => save(jobs, job),
    }, t.work.download) : "",
    ConfirmButton({
      label: t.work[action], question: t.work.confirm[action], description: nameOf(app, job),
      confirmed: () => jobs.remove(job),
    }),
  ];
}

/**
 * Without a key the browser fetches the file by itself, so that a large one needs no memory.
 *
 * @param {import("../../work/jobs.js").Jobs} jobs
 * @param {Job} job
 */
async function save(jobs, job) {
  const name = job.result?.name ?? job.id;
  if (!storedKey()) return saveFrom(resultPath(job), name);
  const file = await jobs.file(job);
  if (file) saveAs(file, name);
}
