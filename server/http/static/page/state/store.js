// The state of the page, in one place. Data flows one way: actions update the store, components watch it.

/**
 * Holds an immutable state and tells who watches a part of it when that part has changed.
 *
 * @template {object} State
 */
export class Store {
  /** @type {State} */
  #state;
  /** @type {Set<() => void>} */
  #watchers = new Set();

  /** @param {State} state */
  constructor(state) {
    this.#state = state;
  }

  get state() {
    return this.#state;
  }

  /**
   * Replaces fields of the state. What watches them runs before this returns.
   *
   * @param {Partial<State> | ((state: State) => Partial<State>)} change
   */
  update(change) {
    this.#state = {...this.#state, ...(typeof change === "function" ? change(this.#state) : change)};
    for (const notify of [...this.#watchers]) notify();
  }

  /**
   * Replaces fields of one part of the state.
   *
   * @template {keyof State} Part
   * @param {Part} part
   * @param {Partial<State[Part]>} change
   */
  patch(part, change) {
    this.update(/** @type {Partial<State>} */ ({[part]: {...this.#state[part], ...change}}));
  }

  /**
   * Calls the listener with a value that is derived from the state: at once, and when the value is another one.
   *
   * @template Value
   * @param {(state: State) => Value} select Must return the same object for the same state.
   * @param {(value: Value) => void} listener
   * @param {AbortSignal} [signal] Ends the watching.
   */
  watch(select, listener, signal) {
    let last = select(this.#state);
    const notify = () => {
      const value = select(this.#state);
      if (Object.is(value, last)) return;
      last = value;
      listener(value);
    };
    this.#watchers.add(notify);
    signal?.addEventListener("abort", () => this.#watchers.delete(notify), {once: true});
    listener(last);
  }
}
