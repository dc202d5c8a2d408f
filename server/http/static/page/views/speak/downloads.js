import {element} from "../../../elements.js";
import {fetchFile} from "../../api/speech.js";
import {icon} from "../../components/icon.js";
import {problemWords} from "../../components/problem.js";
import {saveAs} from "../../components/save_file.js";
import {ShareButton} from "../../components/share_button.js";
import {writtenEffect} from "../../references/applied_settings.js";
import {speechRequest} from "../../speech/speech_request.js";
import {firstWords} from "../../text/first_words.js";
import {entriesIn, usedLexicon} from "../../text/lexicon.js";

const FORMATS = /** @type {const} */ (["wav", "mp3", "opus", "srt"]);

/**
 * Files of the text with these settings, and a link to it. The server makes the files, so that each has its label
 * (docs/labels.md); what was just played comes from the cache.
 *
 * @param {import("../../app.js").App} app
 */
export function Downloads(app) {
  const {store, t, signal} = app;
  const status = element("p", {className: "small", role: "status"});
  const buttons = FORMATS.map((format) => element("button", {
    type: "button", "data-format": format, onclick: () => save(app, format, status),
  }, t.speak.downloads[format]));
  const share = ShareButton(app, t.speak.share, () => shown(app));
  const menu = element("details", {id: "downloads", className: "menu"},
    element("summary", {className: "button"}, icon("download"), t.speak.download),
    element("div", {className: "menu-items"}, buttons, status, share.button, share.place));
  store.watch((state) => state.voices.length > 0 && state.text.trim() !== "", (can) => {
    for (const button of [...buttons, share.button]) button.disabled = !can;
  }, signal);
  closeOutside(menu, signal);
  return menu;
}

/**
 * What is shown: the text, the settings, and their effect as far as it is known.
 *
 * @param {import("../../app.js").App} app
 */
function shown({store: {state}, speech}) {
  const {text, playback, references: {effect}} = state;
  const settings = state.settings[state.slot];
  const expected = effect && !settings.reference?.use.includes("delivery") ? writtenEffect(effect.settings) : "";
  const applied = speech.outdated ? expected : playback.reference?.applied;
  return {text, settings, applied, readings: entriesIn(usedLexicon(state), text)};
}

/**
 * @param {import("../../app.js").App} app
 * @param {typeof FORMATS[number]} format
 * @param {HTMLElement} status
 */
async function save({store, t, signal, connection}, format, status) {
  const {state} = store;
  const {fields} = speechRequest(state, state.settings[state.slot]);
  status.textContent = t.speak.downloading;
  status.className = "small muted";
  try {
    const file = await fetchFile({...fields, input: state.text}, format, signal);
    saveAs(file, `${firstWords(state.text) || "speech"}.${format}`);
    status.textContent = "";
  } catch (error) {
    if (signal.aborted) return;
    status.className = "small error";
    status.textContent = problemWords(t, /** @type {Error} */ (error));
    connection.check();
  }
}

/**
 * Closes a menu at a click elsewhere, and with Escape.
 *
 * @param {HTMLDetailsElement} menu
 * @param {AbortSignal} signal
 */
function closeOutside(menu, signal) {
  addEventListener("click", ({target}) => {
    if (!menu.contains(/** @type {Node} */ (target))) menu.open = false;
  }, {signal});
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    event.stopPropagation();
    menu.open = false;
    menu.querySelector("summary")?.focus();
  });
}
