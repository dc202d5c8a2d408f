// The jobs of this client: the list, and the progress of those that are not done.

import {ResponseError} from "../api/client.js";
import {createJob, deleteJob, fetchResult, isFinal, jobEvents, listJobs} from "../api/jobs.js";
import {usedLexicon} from "../text/lexicon.js";
import {EMPTY_DRAFT, jobRequest} from "./job_draft.js";

/** @typedef {import("../api/jobs.js").Job} Job */

const PAGE = 20;
const LONGEST_PAGE = 100;
/** A browser has six connections to a server. */
const FOLLOWED = 3;
const RETRY_MILLISECONDS = 2000;

export class Jobs {
  /** Those that are followed. @type {Map<string, AbortController>} */
  #followed = new Map();
  /** The number of the last event of each. @type {Map<string, number>} */
  #last = new Map();
  /** Names what was sent last, so that it makes one job. @type {{draft: object, settings: object, key: string}} */
  #attempt = {draft: {}, settings: {}, key: ""};
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {import("../app.js").App} app Its signal ends the following. */
  constructor({store, connection, signal}) {
    this.store = store;
    this.connection = connection;
    this.signal = signal;
    signal.addEventListener("abort", () => this.#leave(), {once: true});
    store.watch(({view, connection: {status}}) => view === "work" && status === "ready", (shown) => {
      if (shown) this.refresh();
      else this.#leave();
    }, signal);
  }

  /** Fetches the list, and follows those that are not done. */
  async refresh() {
    clearTimeout(this.#timer);
    try {
      const limit = Math.min(Math.max(PAGE, this.store.state.jobs.list.length), LONGEST_PAGE);
      const {data, has_more: hasMore} = await listJobs(limit);
      this.store.patch("jobs", {list: data, hasMore, loaded: true, problem: null});
      this.#followUnfinished();
    } catch (error) {
      this.#fail(/** @type {Error} */ (error));
    }
  }

  /** Fetches older ones. */
  async more() {
    await this.#try(async () => {
      const {list} = this.store.state.jobs;
      const {data, has_more: hasMore} = await listJobs(PAGE, list[list.length - 1]?.id);
      this.store.patch("jobs", {list: [...list, ...data], hasMore});
    });
  }

  /** Sends the draft. It stays where the server does not take it. */
  async submit() {
    const {draft, settings, slot, jobFields} = this.store.state;
    const job = jobRequest(draft, settings[slot], jobFields, usedLexicon(this.store.state));
    if (this.#attempt.draft !== draft || this.#attempt.settings !== settings[slot]) {
      this.#attempt = {draft, settings: settings[slot], key: newKey()};
    }
    this.store.patch("jobs", {sending: true, refused: null});
    try {
      const created = await createJob(job, this.#attempt.key);
      const {format, output, timestamps} = draft;
      this.store.update({draft: {...EMPTY_DRAFT, format, output, timestamps}});
      this.#put(created);
      this.#followUnfinished();
    } catch (error) {
      this.store.patch("jobs", {refused: /** @type {Error} */ (error)});
      this.connection.check();
    }
    this.store.patch("jobs", {sending: false});
  }

  /**
   * Cancels a job, or forgets one that has ended.
   *
   * @param {Job} job
   */
  async remove({id}) {
    await this.#try(async () => {
      const {deleted} = await deleteJob(id);
      if (deleted) this.#drop(id);
      else await this.refresh();
    });
  }

  /**
   * Its file; nothing where it cannot be fetched, which the state says.
   *
   * @param {Job} job
   */
  async file(job) {
    /** @type {Blob | undefined} */
    let file;
    await this.#try(async () => { file = await fetchResult(job); });
    return file;
  }

  #followUnfinished() {
    if (this.signal.aborted || this.store.state.view !== "work") return;
    const unfinished = this.store.state.jobs.list.filter((job) => !isFinal(job)).reverse(); // the oldest go first
    for (const {id} of unfinished) {
      if (this.#followed.size < FOLLOWED && !this.#followed.has(id)) this.#follow(id);
    }
  }

  /** @param {string} id */
  async #follow(id) {
    const controller = new AbortController();
    this.#followed.set(id, controller);
    try {
      for await (const {number, data} of jobEvents(id, this.#last.get(id) ?? 0, controller.signal)) {
        this.#last.set(id, number);
        this.#put(data.job);
      }
    } catch (error) {
      if (!controller.signal.aborted && !(error instanceof ResponseError)) this.connection.check();
    }
    if (controller.signal.aborted) return;
    this.#followed.delete(id);
    const job = this.store.state.jobs.list.find((each) => each.id === id);
    if (job && isFinal(job)) this.#followUnfinished();
    else this.#refreshLater();
  }

  #leave() {
    clearTimeout(this.#timer);
    for (const controller of this.#followed.values()) controller.abort();
    this.#followed.clear();
  }

  #refreshLater() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.refresh(), RETRY_MILLISECONDS);
  }

  /** @param {Job} job */
  #put(job) {
    const {list} = this.store.state.jobs;
    const known = list.some(({id}) => id === job.id);
    this.store.patch("jobs", {
      list: known ? list.map((each) => (each.id === job.id ? job : each)) : [job, ...list],
    });
  }

  /** @param {string} id */
  #drop(id) {
    this.store.patch("jobs", {list: this.store.state.jobs.list.filter((job) => job.id !== id)});
  }

  /** @param {() => Promise<void>} action */
  async #try(action) {
    this.store.patch("jobs", {problem: null});
    try {
      await action();
    } catch (error) {
      this.#fail(/** @type {Error} */ (error));
    }
  }

  /** @param {Error} problem */
  #fail(problem) {
    if (this.signal.aborted) return;
    this.store.patch("jobs", {problem});
    this.connection.check();
    if (!(problem instanceof ResponseError)) this.#refreshLater();
  }
}

/** Random; `crypto.randomUUID` is for localhost and https only. */
const newKey = () => crypto.getRandomValues(new Uint32Array(4)).join("-");
