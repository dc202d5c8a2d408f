import {element} from "../../../elements.js";
import {ConfirmButton} from "../../components/confirm_button.js";
import {Problem} from "../../components/problem.js";
import {refill} from "../../components/refill.js";
import {SelectField} from "../../components/select_field.js";
import {References} from "../../references/references.js";
import {ReferenceAnalysis} from "./reference_analysis.js";
import {ReferenceEffect} from "./reference_effect.js";
import {ReferenceForm} from "./reference_form.js";
import {ReferenceUses} from "./reference_uses.js";

/**
 * A recording that the text is spoken like: which one, what of it, and what the voice makes of that.
 *
 * @param {import("../../app.js").App} app
 */
export function ReferencePanel(app) {
  const {store, t, signal} = app;
  const references = new References(app);
  const panel = element("details", {id: "reference", className: "reference", ontoggle: () => {
    if (panel.open) store.patch("references", {opened: true});
  }},
  element("summary", {}, element("strong", {}, t.reference.title), " ",
    element("span", {className: "small muted"}, t.reference.summary)),
  element("div", {className: "reference-body"},
    element("p", {className: "small muted"}, t.reference.text), Choice(app, references), Chosen(app, references),
    NewRecording(app, references), Problem(app, "reference-problem", (state) => state.references.problem)));
  store.watch(({fields}) => fields.has("reference"), (known) => { panel.hidden = !known; }, signal);
  panel.open = store.state.references.opened || store.state.settings[store.state.slot].reference !== null;
  return panel;
}

/**
 * @param {import("../../app.js").App} app
 * @param {References} references
 */
function Choice({store, t, signal}, references) {
  const place = element("div", {});
  store.watch(({references: {list}, settings, slot}) =>
    JSON.stringify([list.map(({id, name}) => [id, name]), settings[slot].reference?.id]), () => {
    const {references: {list}, settings, slot} = store.state;
    place.hidden = list.length === 0;
    refill(place, [SelectField({
      id: "reference-id", label: t.reference.choose, value: settings[slot].reference?.id ?? "",
      options: [["", t.reference.none], .../** @type {[string, string][]} */ (
        list.map(({id, name, seconds}) => [id, t.reference.option(name || t.reference.unnamed, seconds)]))],
      choose: (id) => references.choose(id || null),
    })]);
  }, signal);
  return place;
}

/**
 * @param {import("../../app.js").App} app
 * @param {References} references
 */
function Chosen(app, references) {
  const {store, t, signal} = app;
  const details = element("div", {className: "reference-details"});
  const chosen = element("div", {className: "reference-chosen"},
    ReferenceUses(app, references), ReferenceEffect(app), details);
  const select = (/** @type {import("../../state/app_state.js").AppState} */ {references: {list}, settings, slot}) =>
    list.find(({id}) => id === settings[slot].reference?.id) ?? null;
  store.watch(select, (kept) => {
    chosen.hidden = kept === null;
    if (!kept) return;
    details.replaceChildren(ReferenceAnalysis(app, kept), ConfirmButton({
      label: t.reference.remove, question: t.reference.confirmRemove, confirmed: () => references.remove(kept.id),
    }));
  }, signal);
  return chosen;
}

/**
 * @param {import("../../app.js").App} app
 * @param {References} references
 */
function NewRecording(app, references) {
  const {store, t, signal} = app;
  const place = element("div", {});
  let shown = new AbortController();
  signal.addEventListener("abort", () => shown.abort(), {once: true});
  store.watch((state) => state.references.adding, (adding) => {
    shown.abort();
    shown = new AbortController();
    place.replaceChildren(adding ? ReferenceForm({...app, signal: shown.signal}, references) : element("button", {
      id: "reference-add", type: "button", onclick: () => {
        store.patch("references", {adding: true});
        place.querySelector("button")?.focus();
      },
    }, t.reference.add));
  }, signal);
  return place;
}
