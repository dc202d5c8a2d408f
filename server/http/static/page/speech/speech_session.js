// What the page speaks: requests, playback, and what of both the state shows.

import {UnreachableError} from "../api/client.js";
import {StreamError} from "../api/server_events.js";
import {Player} from "../audio/player.js";
import {keyOf, speechRequest} from "./speech_request.js";
import {Utterance} from "./utterance.js";

/** @typedef {import("../state/app_state.js").Slot} Slot */

export class SpeechSession {
  /**
   * The last utterance of each settings, and the key of its request.
   *
   * @type {Map<Slot, {key: string, utterance: Utterance}>}
   */
  #spoken = new Map();
  /** What the player has. @type {Utterance | null} */
  utterance = null;
  /** What plays when that sentence is known. @type {{utterance: Utterance, sentence: number} | null} */
  #awaited = null;
  #player = new Player(() => this.#follow(), (sound) => this.store.update({sound}));
  #following = false;
  /** @type {Set<() => void>} */
  #listeners = new Set();

  /**
   * @param {import("../state/app_state.js").AppStore} store
   * @param {import("../api/connection.js").ServerConnection} connection
   */
  constructor(store, connection) {
    this.store = store;
    this.connection = connection;
    store.watch((state) => state.rate, (rate) => { this.#player.pace = rate; });
  }

  /** Seconds of the utterance that have been heard. */
  get position() {
    return this.#player.position;
  }

  /** Whether the text or the settings are not those of what the player has. */
  get outdated() {
    const {state} = this.store;
    const spoken = this.#spoken.get(state.slot);
    return !spoken || spoken.utterance !== this.utterance || !isUsable(spoken.utterance)
      || spoken.key !== keyOf(speechRequest(state, state.settings[state.slot]));
  }

  /** Speaks the text from its beginning. What was computed for the same text and settings is played again. */
  play() {
    this.#listen(this.#prepare(this.store.state.slot), 0);
  }

  pause() {
    const {status} = this.#player;
    if (status === "playing" || status === "waiting") this.#player.pause();
  }

  /** Plays, pauses, or goes on. */
  toggle() {
    const {status} = this.store.state.playback;
    if (status === "playing" || status === "waiting") this.#player.pause();
    else if (this.outdated) this.play();
    else this.#player.play();
  }

  /**
   * Plays, with other settings, the sentence that plays now; the whole text if none does.
   *
   * @param {Slot} slot
   */
  change(slot) {
    const {status} = this.store.state.playback;
    const heard = status === "playing" || status === "paused";
    const sentence = heard ? Math.max(this.utterance?.timeline.sentenceAt(this.position) ?? 0, 0) : 0;
    this.store.update({slot});
    this.#await(this.#prepare(slot), sentence);
  }

  /** Ends the playback and the computing. */
  stop() {
    for (const {utterance} of this.#spoken.values()) utterance.stop();
    this.#awaited = null;
    if (!this.utterance) return;
    this.#player.pause();
    this.#player.seek(0);
    this.store.patch("playback", {status: "idle", spoken: null});
    this.#tell();
  }

  /** @param {number} seconds */
  seek(seconds) {
    this.#player.seek(seconds);
    this.#mark();
  }

  /**
   * Calls the listener when the position may have changed: with each frame of the screen while the player plays.
   *
   * @param {() => void} listener
   * @param {AbortSignal} signal
   */
  onFrame(listener, signal) {
    this.#listeners.add(listener);
    signal.addEventListener("abort", () => this.#listeners.delete(listener), {once: true});
  }

  /**
   * @param {Utterance} utterance
   * @param {number} seconds Where to begin.
   */
  #listen(utterance, seconds) {
    this.#awaited = null;
    this.utterance = utterance;
    if (!this.store.state.comparison) {
      for (const {utterance: other} of this.#spoken.values()) if (other !== utterance) other.stop();
    }
    this.#player.load(utterance.buffer);
    this.#player.seek(seconds);
    this.#player.play();
    this.#show(utterance);
  }

  /**
   * Plays from a sentence, as soon as its time is known.
   *
   * @param {Utterance} utterance
   * @param {number} sentence
   */
  #await(utterance, sentence) {
    const known = utterance.timeline.sentences[sentence];
    if (known || utterance.buffer.complete || sentence === 0) return this.#listen(utterance, known?.begin ?? 0);
    this.#player.pause();
    this.#awaited = {utterance, sentence};
  }

  /**
   * The utterance of settings for the text; its request begins if it has not.
   *
   * @param {Slot} slot
   * @returns {Utterance}
   */
  #prepare(slot) {
    const {state} = this.store;
    const request = speechRequest(state, state.settings[slot]);
    const key = keyOf(request);
    const before = this.#spoken.get(slot);
    if (before?.key === key && isUsable(before.utterance)) return before.utterance;
    before?.utterance.stop();
    const utterance = new Utterance(state.text, request);
    this.#spoken.set(slot, {key, utterance});
    utterance.receive(() => this.#show(utterance));
    return utterance;
  }

  /** @param {Utterance} utterance */
  #show(utterance) {
    if (this.#awaited?.utterance === utterance) this.#await(utterance, this.#awaited.sentence);
    if (utterance !== this.utterance) return;
    const {buffer, figures, error, text, reference} = utterance;
    const {seconds: received, complete} = buffer;
    this.store.patch("playback", {...figures, received, complete, error, text, reference});
    if (error && buffer.length === 0) this.store.patch("playback", {status: "idle"});
    if (error instanceof UnreachableError || error instanceof StreamError) this.connection.check();
    this.#tell();
  }

  /** Takes the status of the player into the state, and marks what sounds while it plays. */
  #follow() {
    const {status} = this.#player;
    if (!this.utterance?.error || this.utterance.buffer.length) this.store.patch("playback", {status});
    if (this.#following) return;
    this.#following = true;
    const step = () => {
      this.#mark();
      this.#following = this.#player.status === "playing";
      if (this.#following) requestAnimationFrame(step);
    };
    step();
  }

  #mark() {
    const spoken = this.#player.status === "ended" ? null : this.#character();
    if (!isSame(spoken, this.store.state.playback.spoken)) this.store.patch("playback", {spoken});
    this.#alternate();
    this.#tell();
  }

  #character() {
    return this.utterance ? this.utterance.timeline.characterAt(this.position) : null;
  }

  /** In a comparison that alternates, the other settings take over where a sentence begins. */
  #alternate() {
    const {comparison, slot} = this.store.state;
    if (!comparison?.alternating || this.#player.status !== "playing" || !this.utterance) return;
    const sentence = this.utterance.timeline.sentenceAt(this.position);
    const turn = comparison.order[sentence % 2];
    if (sentence >= 0 && turn !== slot) this.change(turn);
  }

  #tell() {
    for (const listener of this.#listeners) listener();
  }
}

/** @typedef {{start: number, stop: number} | null} Marked */

/**
 * @param {Marked} one
 * @param {Marked} other
 */
const isSame = (one, other) => one?.start === other?.start && one?.stop === other?.stop;

/** @param {Utterance} utterance */
const isUsable = ({error, stopped}) => error === null && !stopped;
