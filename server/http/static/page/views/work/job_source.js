import {element} from "../../../elements.js";
import {fileSize} from "../../components/file_size.js";
import {FILE_SUFFIXES, linesOf} from "../../work/job_draft.js";

/**
 * The text of a job: written or pasted, or a file that is chosen or dropped.
 *
 * @param {import("../../app.js").App} app
 */
export function JobSource(app) {
  const {store, t, signal} = app;
  const field = element("textarea", {
    id: "job-text", rows: 8, spellcheck: false, placeholder: t.work.placeholder, value: store.state.draft.text,
    oninput: () => store.patch("draft", {text: field.value}),
  });
  const count = element("span", {className: "small muted number"});
  const written = element("div", {className: "field"}, element("label", {for: "job-text"}, t.work.text), field, count);
  const chosen = element("div", {className: "chosen-file"});
  store.watch(({draft}) => draft.text, (text) => {
    if (field.value !== text) field.value = text;
    count.textContent = t.work.count(linesOf(text).length, [...text].length);
  }, signal);
  store.watch(({draft}) => draft.file, (file) => {
    written.hidden = file !== null;
    chosen.hidden = file === null;
    chosen.replaceChildren(...(file ? [ChosenFile(app, file)] : []));
  }, signal);
  const source = element("div", {className: "job-source"}, written, chosen, FileChoice(app));
  takeDropped(source, (file) => store.patch("draft", {file, kind: null}));
  return source;
}

/**
 * @param {import("../../app.js").App} app
 * @param {File} file
 */
function ChosenFile({store, t}, {name, size}) {
  return element("p", {className: "small"}, element("strong", {}, t.work.file(name, fileSize(size))),
    element("button", {
      id: "job-file-remove", type: "button", className: "quiet small",
      onclick: () => store.patch("draft", {file: null, kind: null}),
    }, t.work.removeFile));
}

/** @param {import("../../app.js").App} app */
function FileChoice({store, t}) {
  const input = element("input", {
    type: "file", id: "job-file", className: "visually-hidden", accept: FILE_SUFFIXES.join(","),
    onchange: () => {
      const file = input.files?.[0];
      if (file) store.patch("draft", {file, kind: null});
      input.value = "";
    },
  });
  return element("p", {className: "file-choice small muted"},
    input, element("label", {for: "job-file", className: "button"}, t.work.choose), t.work.fileHint);
}

/**
 * @param {HTMLElement} place
 * @param {(file: File) => void} take
 */
function takeDropped(place, take) {
  place.ondragover = (event) => event.preventDefault();
  place.ondragenter = () => { place.dataset.dragging = "true"; };
  place.ondragleave = ({relatedTarget}) => {
    if (!place.contains(/** @type {Node | null} */ (relatedTarget))) delete place.dataset.dragging;
  };
  place.ondrop = (event) => {
    event.preventDefault();
    delete place.dataset.dragging;
    const file = event.dataTransfer?.files[0];
    if (file) take(file);
  };
}
