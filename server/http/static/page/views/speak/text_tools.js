import {element} from "../../../elements.js";
import {parsedText} from "../../text/source/parsed_source.js";

/**
 * The length of the text, the keys, and what empties it.
 *
 * @param {import("../../app.js").App} app
 */
export function TextTools({store, t, signal}) {
  const count = element("span", {className: "number"});
  const clear = element("button", {
    id: "clear", type: "button", className: "quiet small",
    onclick: () => {
      store.update({text: ""});
      document.getElementById("text")?.focus();
    },
  }, t.speak.clear);
  store.watch((state) => state.text, (text) => {
    count.textContent = t.speak.characters([...parsedText(text).edited.text].length);
    clear.disabled = text === "";
  }, signal);
  return element("div", {className: "text-tools small muted"},
    count, element("span", {className: "keys"}, t.speak.keys), clear);
}
