// Watches the server while its view is seen, and changes its voices where the key may.

import {storedKey} from "../../key.js";
import {ResponseError} from "../api/client.js";
import {
  cancelConversion, conversionEvents, convertVoice, fetchAdministration, fetchHealth, reloadVoices, removeVoice,
} from "../api/administration.js";

/** @typedef {import("../api/administration.js").Conversion} Conversion */

const POLL_MILLISECONDS = 5000;

export class ServerWatch {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** A key that may not manage voices. It is asked for once. */
  #refusedKey = "";
  /** Conversions that are followed. @type {Set<string>} */
  #followed = new Set();

  /** @param {import("../app.js").App} app */
  constructor({store, connection, signal}) {
    this.store = store;
    this.connection = connection;
    this.signal = signal;
    store.watch(({view, connection: {status}}) => view === "server" && status !== "key", () => this.look(), signal);
    document.addEventListener("visibilitychange", () => this.look(), {signal});
    signal.addEventListener("abort", () => clearTimeout(this.#timer), {once: true});
  }

  /** Looks now, and again while the view is seen. */
  async look() {
    clearTimeout(this.#timer);
    const {view, connection: {status}} = this.store.state;
    if (this.signal.aborted || document.hidden || view !== "server" || status === "key") return;
    await this.#try(async () => {
      const [health, administration] = await Promise.all([fetchHealth(this.signal), this.#administration()]);
      this.store.patch("operations", {health, administration, loaded: true});
      for (const conversion of administration?.conversions ?? []) this.#follow(conversion);
    });
    clearTimeout(this.#timer);
    if (!this.signal.aborted) this.#timer = setTimeout(() => this.look(), POLL_MILLISECONDS);
  }

  /**
   * Converts a package into a voice. Returns whether the server took it.
   *
   * @param {{source: string, name?: string, precision: string[], replace: boolean}} wanted
   */
  async convert(wanted) {
    let taken = false;
    await this.#try(async () => {
      await convertVoice(wanted);
      taken = true;
    });
    if (taken) await this.look();
    return taken;
  }

  /** @param {(found: Awaited<ReturnType<typeof reloadVoices>>) => string} words */
  async reload(words) {
    await this.#change(async () => this.store.patch("operations", {message: words(await reloadVoices())}));
  }

  /** @param {string} id */
  remove(id) {
    return this.#change(() => removeVoice(id));
  }

  /** @param {string} id */
  cancel(id) {
    return this.#change(() => cancelConversion(id));
  }

  /** Null where the key may not, or where there is none. */
  async #administration() {
    const key = storedKey();
    if (key === this.#refusedKey) return null;
    try {
      return await fetchAdministration(this.signal);
    } catch (error) {
      if (error instanceof ResponseError && (error.status === 401 || error.status === 403)) {
        this.#refusedKey = key;
        return null;
      }
      throw error;
    }
  }

  /**
   * Shows the steps of a conversion as they happen, and looks at the voices at its end.
   *
   * @param {Conversion} conversion
   */
  async #follow({id, status}) {
    if (this.#followed.has(id) || (status !== "queued" && status !== "running")) return;
    this.#followed.add(id);
    let ended = false;
    try {
      for await (const event of conversionEvents(id, this.signal)) {
        if (event.type === "conversion.step") this.#show(id, {status: "running", step: event.step});
        else ended = true;
      }
    } catch { // the next look follows it again
    }
    this.#followed.delete(id);
    if (!ended) return;
    await this.look();
    if (!this.signal.aborted) this.connection.check();
  }

  /**
   * @param {string} id
   * @param {Partial<Conversion>} part
   */
  #show(id, part) {
    const {administration} = this.store.state.operations;
    if (!administration) return;
    const conversions = administration.conversions.map((each) => (each.id === id ? {...each, ...part} : each));
    this.store.patch("operations", {administration: {...administration, conversions}});
  }

  /** @param {() => Promise<unknown>} action */
  async #change(action) {
    this.store.patch("operations", {message: ""});
    const done = await this.#try(action);
    if (!done) return;
    await this.look();
    this.connection.check();
  }

  /** @param {() => Promise<unknown>} action */
  async #try(action) {
    try {
      await action();
      this.store.patch("operations", {problem: null});
      return true;
    } catch (error) {
      if (!this.signal.aborted) this.store.patch("operations", {problem: /** @type {Error} */ (error)});
      if (!this.signal.aborted) this.connection.check();
      return false;
    }
  }
}
