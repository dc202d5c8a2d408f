// Undo and redo: the sources that the text had before, and after what was undone.

const MAX_STEPS = 200;
const TYPING_MILLISECONDS = 1000;

/** @typedef {import("../state/app_state.js").AppState} AppState */

/** @typedef {{past: readonly string[], future: readonly string[]}} Steps */

/** @type {Steps} */
export const NO_STEPS = {past: [], future: []};

/**
 * Records every change of the text. Changes in quick succession, such as typing, are one step.
 *
 * @param {import("../state/app_state.js").AppStore} store
 * @param {() => number} [now] Milliseconds.
 */
export function recordSteps(store, now = () => performance.now()) {
  let [before, changed] = [store.state.text, -Infinity];
  store.watch((state) => state.text, (text) => {
    const previous = before;
    before = text;
    const {past, future} = store.state.steps;
    if (text === previous || past.at(-1) === previous || future.at(-1) === previous) return;
    const typing = now() - changed < TYPING_MILLISECONDS && Math.abs(text.length - previous.length) <= 2;
    changed = now();
    if (!typing || !past.length) store.update({steps: {past: [...past, previous].slice(-MAX_STEPS), future: []}});
  });
}

/**
 * @param {AppState} state
 * @returns {Partial<AppState>}
 */
export function undone({text, steps: {past, future}}) {
  const before = past.at(-1);
  return before === undefined ? {} : {text: before, steps: {past: past.slice(0, -1), future: [...future, text]}};
}

/**
 * @param {AppState} state
 * @returns {Partial<AppState>}
 */
export function redone({text, steps: {past, future}}) {
  const after = future.at(-1);
  return after === undefined ? {} : {text: after, steps: {past: [...past, text], future: future.slice(0, -1)}};
}
