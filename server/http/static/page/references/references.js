// The recordings of this client: which there are, which one is used, and what the chosen voice takes over of it.

import {addReference, deleteReference, listReferences, referenceSettings} from "../api/references.js";
import {changeSettings} from "../state/settings.js";
import {EMPTY_RECORDING} from "./references_state.js";

/** @typedef {import("../state/settings.js").Reference} Reference */

const DELAY_MILLISECONDS = 300;

export class References {
  /** Of the request for the effect. */
  #asking = new AbortController();

  /** @param {import("../app.js").App} app */
  constructor({store, connection, signal}) {
    this.store = store;
    this.connection = connection;
    this.signal = signal;
    store.watch(({connection: {status}, settings, references: {opened}}) =>
      status === "ready" && (opened || Boolean(settings.a.reference ?? settings.b.reference)), (needed) => {
      if (needed) this.refresh();
    }, signal);
    store.watch(effectKey, (key) => this.#ask(key), signal);
    signal.addEventListener("abort", () => this.#asking.abort(), {once: true});
  }

  /** Fetches the list. Settings with a recording that is gone lose it. */
  async refresh() {
    await this.#try(async () => {
      const list = await listReferences();
      this.store.update(({settings, references}) => ({
        settings: {a: without(settings.a, list), b: without(settings.b, list)},
        references: {...references, list},
      }));
    });
  }

  /** Sends the draft, and uses it. It stays where the server does not take it. */
  async add() {
    const {draft} = this.store.state.references;
    if (!draft.file) return;
    const {file} = draft;
    this.store.patch("references", {sending: true});
    await this.#try(async () => {
      const added = await addReference(file, draft);
      const list = [added, ...this.store.state.references.list.filter(({id}) => id !== added.id)];
      this.store.patch("references", {list, adding: false, draft: EMPTY_RECORDING});
      this.choose(added.id);
    });
    this.store.patch("references", {sending: false});
  }

  /** @param {string} id */
  async remove(id) {
    await this.#try(async () => {
      await deleteReference(id);
      await this.refresh();
    });
  }

  /** @param {string | null} id Null: none. */
  choose(id) {
    const {settings, slot, voices} = this.store.state;
    const can = voices.find((voice) => voice.id === settings[slot].voice)?.reference_use ?? ["emotion"];
    const use = can.filter((each) => each !== "delivery");
    const reference = id === null ? null : {use, strength: 1, ...settings[slot].reference, id};
    changeSettings(this.store, {reference});
  }

  /** @param {Partial<Reference>} part */
  change(part) {
    const {settings, slot} = this.store.state;
    const {reference} = settings[slot];
    if (reference) changeSettings(this.store, {reference: {...reference, ...part}});
  }

  /** @param {string} key */
  async #ask(key) {
    this.#asking.abort();
    this.#asking = new AbortController();
    const {signal} = this.#asking;
    if (!key) return this.store.patch("references", {effect: null, comparing: false});
    this.store.patch("references", {comparing: true});
    await new Promise((resolve) => setTimeout(resolve, DELAY_MILLISECONDS)); // a slider moves
    if (signal.aborted) return;
    const {id, ...query} = JSON.parse(key);
    await this.#try(async () => {
      const effect = await referenceSettings(id, query, signal);
      this.store.patch("references", {effect});
    }, signal);
    if (!signal.aborted) this.store.patch("references", {comparing: false});
  }

  /**
   * @param {() => Promise<void>} action
   * @param {AbortSignal} [signal]
   */
  async #try(action, signal = this.signal) {
    if (this.store.state.references.problem) this.store.patch("references", {problem: null});
    try {
      await action();
    } catch (error) {
      if (signal.aborted) return;
      this.store.patch("references", {problem: /** @type {Error} */ (error)});
      this.connection.check();
    }
  }
}

/**
 * What the effect depends on; empty where there is none.
 *
 * @param {import("../state/app_state.js").AppState} state
 */
function effectKey({settings, slot, references: {list}}) {
  const {voice, speaker, reference} = settings[slot];
  if (!voice || !reference?.use.includes("emotion") || !list.some(({id}) => id === reference.id)) return "";
  return JSON.stringify({id: reference.id, voice, ...(speaker && {speaker}), strength: String(reference.strength)});
}

/**
 * @param {import("../state/settings.js").Settings} settings
 * @param {readonly {id: string}[]} list
 */
function without(settings, list) {
  const {reference} = settings;
  return reference && !list.some(({id}) => id === reference.id) ? {...settings, reference: null} : settings;
}
