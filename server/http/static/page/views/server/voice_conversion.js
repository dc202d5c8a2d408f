import {element} from "../../../elements.js";
import {ConfirmButton} from "../../components/confirm_button.js";

/** @typedef {import("../../api/administration.js").Conversion} Conversion */

/**
 * A new voice from a package, and the progress of conversions; where the key may not, how to get one that may.
 *
 * @param {import("../../app.js").App} app
 * @param {import("../../administration/server_watch.js").ServerWatch} watch
 */
export function VoiceConversion(app, watch) {
  const {store, t, signal, connection} = app;
  const form = Form(app, watch);
  const list = Conversions(app, watch);
  const refused = element("div", {className: "no-right"}, element("p", {className: "small muted"}, t.server.noRight),
    element("button", {id: "another-key", type: "button", onclick: () => connection.askForKey()}, t.server.useKey));
  const section = element("section", {className: "card voice-conversion", "aria-labelledby": "add-title"},
    element("h2", {id: "add-title"}, t.server.add), refused, form, list);
  store.watch(({operations: {administration}}) => administration !== null, (may) => {
    refused.hidden = may;
    form.hidden = !may;
    list.hidden = !may;
  }, signal);
  store.watch((state) => state.operations.loaded, (loaded) => { section.hidden = !loaded; }, signal);
  return section;
}

/**
 * @param {import("../../app.js").App} app
 * @param {import("../../administration/server_watch.js").ServerWatch} watch
 */
function Form({t}, watch) {
  const source = element("input", {
    type: "text", id: "conversion-source", required: true, maxLength: 500, autocomplete: "off", spellcheck: false,
    placeholder: "iic/speech_sambert-hifigan_tts_zhibei_emo_zh-cn_16k", "aria-describedby": "conversion-hint",
  });
  const name = element("input", {type: "text", id: "conversion-name", autocomplete: "off", spellcheck: false});
  const half = element("input", {type: "checkbox", id: "conversion-half"});
  const replace = element("input", {type: "checkbox", id: "conversion-replace"});
  const send = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const taken = await watch.convert({
      source: source.value.trim(), precision: ["fp32", "int8", ...(half.checked ? ["fp16"] : [])],
      replace: replace.checked, ...(name.value.trim() && {name: name.value.trim()}),
    });
    if (taken) source.value = name.value = "";
  };
  return element("form", {className: "conversion-form", onsubmit: send},
    element("div", {className: "field"}, element("label", {for: "conversion-source"}, t.server.source), source,
      element("p", {id: "conversion-hint", className: "small muted"}, t.server.sourceHint)),
    element("div", {className: "field"}, element("label", {for: "conversion-name"}, t.server.name), name),
    element("label", {className: "option", for: half.id}, half, t.server.half),
    element("label", {className: "option", for: replace.id}, replace, t.server.replace),
    element("button", {id: "convert", type: "submit", className: "primary"}, t.server.convert));
}

/**
 * @param {import("../../app.js").App} app
 * @param {import("../../administration/server_watch.js").ServerWatch} watch
 */
function Conversions({store, t, signal}, watch) {
  const list = element("ul", {className: "jobs"});
  const place = element("div", {className: "conversions"}, element("h3", {}, t.server.conversions), list);
  store.watch(({operations: {administration}}) => JSON.stringify(administration?.conversions ?? []), (json) => {
    if (list.querySelector("[data-asking='true']")) return;
    /** @type {Conversion[]} */
    const conversions = JSON.parse(json);
    list.replaceChildren(...conversions.map((conversion) => Item(t, watch, conversion)));
    list.previousElementSibling?.toggleAttribute("hidden", conversions.length === 0);
  }, signal);
  return place;
}

/**
 * @param {import("../../i18n/messages.js").Messages} t
 * @param {import("../../administration/server_watch.js").ServerWatch} watch
 * @param {Conversion} conversion
 */
function Item(t, watch, {id, source, status, step, voices, notes, error}) {
  const unfinished = status === "queued" || status === "running";
  return element("li", {className: "job", "data-state": status},
    element("div", {className: "job-head"}, element("strong", {}, voices.join(", ") || source),
      element("span", {className: "badge", "data-state": status}, t.server.conversionStates[status])),
    unfinished ? element("progress", {"aria-label": source}) : "",
    unfinished && step ? element("p", {className: "small muted", role: "status"}, step) : "",
    error ? element("p", {className: "small error"}, error) : "",
    notes.map((note) => element("p", {className: "small muted"}, note)),
    unfinished ? element("div", {className: "job-buttons"}, ConfirmButton({
      label: t.server.cancel, question: t.server.confirmCancel, description: source, confirmed: () => watch.cancel(id),
    })) : "");
}
