import {element} from "../../../elements.js";
import {changeWord, lexiconYaml, withWord} from "../../text/lexicon.js";
import {withToneMarks} from "../../text/pinyin.js";

/**
 * The words that this browser always reads in its own way, and their form in config.yaml.
 *
 * @param {import("../../app.js").App} app
 */
export function LexiconPanel({store, t, signal}) {
  const count = element("span", {});
  const content = element("div", {className: "lexicon"});
  const own = element("div", {className: "lexicon"});
  const borrowed = element("div", {className: "lexicon"});
  content.append(borrowed, own);
  store.watch(({lexicon, borrowed: others}) => Object.keys({...lexicon, ...others}).length, (words) => {
    count.textContent = t.text.lexicon(words);
  }, signal);
  store.watch((state) => state.lexicon, (lexicon) => {
    const words = Object.entries(lexicon);
    own.replaceChildren(
      element("p", {className: "small muted"}, words.length ? t.text.lexiconText : t.text.lexiconEmpty));
    if (!words.length) return;
    const items = words.map(([word, pinyin]) => Word(t, word, pinyin, () => changeWord(store, word, null)));
    own.append(element("ul", {}, items), Export(t, lexiconYaml(lexicon)));
  }, signal);
  store.watch((state) => state.borrowed, (readings) => {
    const words = Object.entries(readings);
    borrowed.hidden = words.length === 0;
    borrowed.replaceChildren(
      element("p", {className: "small muted"}, t.text.borrowed),
      element("ul", {}, words.map(([word, pinyin]) => Word(t, word, pinyin, () => {
        store.update((state) => ({borrowed: withWord(state.borrowed, word, null)}));
      }))),
      element("button", {id: "keep-borrowed", type: "button", className: "small", onclick: () => {
        for (const [word, pinyin] of words) changeWord(store, word, pinyin);
      }}, t.text.keepBorrowed));
  }, signal);
  return element("details", {id: "lexicon", className: "lexicon-panel"},
    element("summary", {className: "small"}, count), content);
}

/**
 * @param {import("../../i18n/messages.js").Messages} t
 * @param {string} word
 * @param {string} pinyin
 * @param {() => void} remove
 */
const Word = (t, word, pinyin, remove) => element("li", {},
  element("strong", {}, word), element("span", {className: "muted"}, withToneMarks(pinyin)),
  element("button", {
    type: "button", className: "quiet small", "aria-label": t.text.remove(word), "data-word": word, onclick: remove,
  }, "×"));

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
