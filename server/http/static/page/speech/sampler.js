// Short samples of voices, speakers and emotions, to choose by listening.

import {Player} from "../audio/player.js";
import {initialSettings, requestFields} from "../state/settings.js";
import {Utterance} from "./utterance.js";

/** @typedef {import("../state/settings.js").Settings} Settings */

const TEXT = "你好，今天天气真好，我们出去走走吧。";

/** @param {Settings} settings */
export const sampleKey = ({voice, speaker, emotion}) => JSON.stringify([voice, speaker, emotion]);

export class Sampler {
  /** @type {Map<string, Utterance>} */
  #utterances = new Map();
  #player = new Player((status) => this.#follow(status), (trouble) => this.#hear(trouble));

  /**
   * @param {import("../state/app_state.js").AppStore} store
   * @param {import("../api/connection.js").ServerConnection} connection
   * @param {import("./speech_session.js").SpeechSession} speech Pauses for a sample, and ends it when it goes on.
   */
  constructor(store, connection, speech) {
    this.store = store;
    this.connection = connection;
    this.speech = speech;
    store.watch((state) => state.playback.status, (status) => {
      if (status === "playing" && store.state.sample) this.stop();
    });
  }

  /**
   * Plays a sample, or ends it if it plays.
   *
   * @param {Settings} settings Voice, speaker and emotion count.
   */
  toggle(settings) {
    const key = sampleKey(settings);
    if (this.store.state.sample === key) return this.stop();
    this.speech.pause();
    this.#player.load(this.#utterance(key, settings).buffer);
    this.store.update({sample: key});
    this.#player.play();
  }

  stop() {
    this.#player.pause();
    this.store.update({sample: null});
  }

  /**
   * @param {string} key
   * @param {Settings} settings
   */
  #utterance(key, settings) {
    const before = this.#utterances.get(key);
    if (before && !before.error) return before;
    const {fields, voices} = this.store.state;
    const {voice, speaker, emotion} = settings;
    const rate = voices.find(({id}) => id === voice)?.sample_rate ?? 16000;
    const parts = [{input: TEXT, positions: null, start: 0}];
    const request = {parts, fields: requestFields({...initialSettings(), voice, speaker, emotion}, fields), rate};
    const utterance = new Utterance(TEXT, request);
    this.#utterances.set(key, utterance);
    utterance.receive(() => utterance.error && this.connection.check());
    return utterance;
  }

  /** @param {import("../audio/audio_output.js").SoundTrouble | null} trouble */
  #hear(trouble) {
    this.store.update({sound: trouble});
    if (trouble === "failed" && this.store.state.sample) this.stop();
  }

  /** @param {import("../audio/player.js").PlayerStatus} status */
  #follow(status) {
    if (status === "ended") this.store.update({sample: null});
  }
}
