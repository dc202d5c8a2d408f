// What every component is given.

/**
 * A component is a function that takes the app and returns an element. It reads the state through `store.watch` with
 * `signal`, changes it through `store.update` or an action, and adds listeners to anything that outlives its element
 * with `signal`. When the language changes, all components are made again: the signal is aborted, the store and the
 * services stay.
 *
 * @typedef {object} App
 * @property {import("./state/app_state.js").AppStore} store
 * @property {import("./i18n/messages.js").Messages} t The messages of the language.
 * @property {AbortSignal} signal Aborted when the components are replaced.
 * @property {import("./api/connection.js").ServerConnection} connection
 * @property {import("./speech/speech_session.js").SpeechSession} speech
 * @property {import("./speech/sampler.js").Sampler} sampler
 * @property {import("./text/text_analyzer.js").TextAnalyzer} analyzer
 */

export {};
