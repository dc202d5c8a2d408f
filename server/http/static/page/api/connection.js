// Keeps the state up to date with the server: its voices, and whether it can be reached.

import {storedKey, storeKey} from "../../key.js";
import {forOtherClient} from "../state/app_state.js";
import {fitted} from "../state/settings.js";
import {ResponseError, getJson} from "./client.js";

const RETRY_MILLISECONDS = 2000;
const CHECK_MILLISECONDS = 10000;

/** Asks for the voices until they are there, and from then on now and then whether the server still is. */
export class ServerConnection {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {import("../state/app_state.js").AppStore} store */
  constructor(store) {
    this.store = store;
  }

  /** Asks the server now, and again later. Call it where a request has failed. */
  async check() {
    clearTimeout(this.#timer);
    const status = await this.#ask();
    clearTimeout(this.#timer);
    if (status === "key") return;
    this.#timer = setTimeout(() => this.check(), status === "ready" ? CHECK_MILLISECONDS : RETRY_MILLISECONDS);
  }

  /**
   * Uses another key for this tab. What belongs to the client before is shown no more.
   *
   * @param {string} key
   */
  async useKey(key) {
    storeKey(key.trim());
    this.store.update(forOtherClient);
    await this.check();
  }

  /** Shows the field for the key. */
  askForKey() {
    this.#report("key");
  }

  async #ask() {
    try {
      const listed = await getJson("v1/audio/voices");
      if (this.store.state.fields.size === 0) await this.#learnFields();
      this.#take(listed.voices);
      return this.#report("ready");
    } catch (error) {
      if (!(error instanceof ResponseError)) return this.#report("lost");
      if (error.status === 401) return storedKey() ? this.#report("key", error) : this.#report("key");
      if (error.status === 503) return this.#report("starting");
      return this.#report("refused", error);
    }
  }

  async #learnFields() {
    const {components} = await getJson("openapi.json");
    const {SpeechRequest, JobRequest} = components.schemas;
    this.store.update({
      fields: new Set(Object.keys(SpeechRequest.properties)),
      jobFields: new Set(Object.keys(JobRequest.properties)),
      formats: JobRequest.properties.response_format.enum,
    });
  }

  /** @param {any[]} listed */
  #take(listed) {
    const voices = listed.filter(({status}) => status === "ready");
    const broken = listed.filter(({status}) => status !== "ready");
    if (JSON.stringify([voices, broken]) === JSON.stringify([this.store.state.voices, this.store.state.broken])) return;
    this.store.update(({settings}) => ({
      voices, broken, settings: {a: fitted(settings.a, voices), b: fitted(settings.b, voices)},
    }));
  }

  /**
   * @param {import("../state/app_state.js").Connection["status"]} status
   * @param {{message: string, code: string | null}} answer Of the server.
   */
  #report(status, {message, code} = {message: "", code: null}) {
    const {connection} = this.store.state;
    if (connection.status !== status || connection.message !== message) {
      this.store.update({connection: {status, message, code}});
    }
    return status;
  }
}
