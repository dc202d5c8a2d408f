import {element} from "../../../elements.js";
import {EMPTY_RECORDING} from "../../references/references_state.js";
import {ReferenceRecorder} from "./reference_recorder.js";

const TYPES = ".wav,.mp3,.flac,.m4a,.mp4,.ogg,.oga,.opus,.webm,audio/*";

/**
 * A new recording: from the microphone or a file, with the consent of its speaker.
 *
 * @param {import("../../app.js").App} app
 * @param {import("../../references/references.js").References} references
 */
export function ReferenceForm(app, references) {
  const {store, t} = app;
  const send = (/** @type {Event} */ event) => {
    event.preventDefault();
    references.add();
  };
  const cancel = element("button", {
    type: "button", className: "quiet small",
    onclick: () => store.patch("references", {adding: false, draft: EMPTY_RECORDING, problem: null}),
  }, t.reference.cancel);
  return element("form", {className: "reference-form", "aria-label": t.reference.add, onsubmit: send},
    element("div", {className: "recording-sources"},
      ReferenceRecorder(app, (file) => take(app, file, "")), FileChoice(app)),
    Preview(app),
    Field(app, "name", {label: t.reference.name, maxLength: 200}),
    Field(app, "consent", {label: t.reference.consent, hint: t.reference.consentHint, required: true}),
    Field(app, "transcript", {label: t.reference.transcript, hint: t.reference.transcriptHint}),
    element("div", {className: "job-buttons"}, Save(app), cancel));
}

/**
 * @param {import("../../app.js").App} app
 * @param {File} file
 * @param {string} name
 */
function take({store}, file, name) {
  const {draft} = store.state.references;
  store.patch("references", {draft: {...draft, file, name: draft.name || name}});
}

/** @param {import("../../app.js").App} app */
function FileChoice(app) {
  const {t} = app;
  const input = element("input", {
    type: "file", id: "reference-file", className: "visually-hidden", accept: TYPES,
    onchange: () => {
      const file = input.files?.[0];
      if (file) take(app, file, file.name.replace(/\.[^.]*$/, ""));
      input.value = "";
    },
  });
  return element("p", {className: "file-choice small muted"},
    input, element("label", {for: "reference-file", className: "button"}, t.reference.upload), t.reference.uploadHint);
}

/** @param {import("../../app.js").App} app */
function Preview({store, t, signal}) {
  const audio = element("audio", {controls: true, "aria-label": t.reference.preview});
  store.watch((state) => state.references.draft.file, (file) => {
    if (audio.src) URL.revokeObjectURL(audio.src);
    audio.hidden = file === null;
    if (file) audio.src = URL.createObjectURL(file);
  }, signal);
  return audio;
}

/**
 * @param {import("../../app.js").App} app
 * @param {"name" | "consent" | "transcript"} name
 * @param {{label: string, hint?: string, required?: boolean, maxLength?: number}} field
 */
function Field({store, signal}, name, {label, hint, required = false, maxLength = 2000}) {
  const id = `reference-${name}`;
  const input = element("input", {
    type: "text", id, required, maxLength, autocomplete: "off", value: store.state.references.draft[name],
    "aria-describedby": hint ? `${id}-hint` : undefined,
    oninput: () => store.patch("references", {draft: {...store.state.references.draft, [name]: input.value}}),
  });
  store.watch((state) => state.references.draft[name], (value) => {
    if (input.value !== value) input.value = value;
  }, signal);
  return element("div", {className: "field"}, element("label", {for: id}, label), input,
    hint && element("p", {id: `${id}-hint`, className: "small muted"}, hint));
}

/** @param {import("../../app.js").App} app */
function Save({store, t, signal}) {
  const button = element("button", {id: "reference-save", type: "submit", className: "primary"});
  store.watch((state) => state.references.sending, (sending) => {
    button.textContent = sending ? t.reference.saving : t.reference.save;
  }, signal);
  store.watch(({references: {draft: {file, consent}, sending}}) => file && consent.trim() && !sending, (can) => {
    button.disabled = !can;
  }, signal);
  return button;
}
