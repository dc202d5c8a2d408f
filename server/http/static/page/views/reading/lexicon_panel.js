import {element} from "../../../elements.js";
import {lexiconYaml, withWord} from "../../text/lexicon.js";
import {withToneMarks} from "../../text/pinyin.js";

/**
 * The words that this browser always reads in its own way, and their form in config.yaml.
 *
 * @param {import("../../app.js").App} app
 */
export function LexiconPanel({store, t, signal}) {
  const count = element("span", {});
  const content = element("div", {className: "lexicon"});
  store.watch((state) => state.lexicon, (lexicon) => {
    const words = Object.entries(lexicon);
    count.textContent = t.text.lexicon(words.length);
    const about = words.length ? t.text.lexiconText : t.text.lexiconEmpty;
    content.replaceChildren(element("p", {className: "small muted"}, about));
    if (!words.length) return;
    const items = words.map(([word, pinyin]) => element("li", {},
      element("strong", {}, word), element("span", {className: "muted"}, withToneMarks(pinyin)),
      element("button", {
        type: "button", className: "quiet small", "aria-label": t.text.remove(word), "data-word": word,
        onclick: () => store.update({lexicon: withWord(store.state.lexicon, word, null)}),
      }, "×")));
    content.append(element("ul", {}, items), Export(t, lexiconYaml(lexicon)));
  }, signal);
  return element("details", {id: "lexicon", className: "lexicon-panel"},
    element("summary", {className: "small"}, count), content);
}

/**
 * @param {import("../../i18n/messages.js").Messages} t
 * @param {string} yaml
 */
function Export(t, yaml) {
  const text = element("pre", {id: "lexicon-yaml", tabIndex: 0, "aria-label": t.text.export}, yaml);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(yaml);
      button.textContent = t.text.copied;
    } catch { // pages have a clipboard on localhost and with https only
      getSelection()?.selectAllChildren(text);
    }
  };
  const button = element("button", {type: "button", className: "small", onclick: copy}, t.text.copy);
  return element("div", {className: "lexicon-export"}, text, button);
}
