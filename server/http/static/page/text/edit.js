// Changes of the text through its edited form: the source follows.

import {parsedText} from "./source/parsed_source.js";
import {sourceOf} from "./source/written_source.js";

/** @typedef {import("./edited_text.js").EditedText} EditedText */

/**
 * @param {import("../state/app_state.js").AppStore} store
 * @param {(edited: EditedText) => EditedText} change
 */
export function edit(store, change) {
  const {edited, editable} = parsedText(store.state.text);
  if (editable) store.update({text: sourceOf(change(edited))});
}
