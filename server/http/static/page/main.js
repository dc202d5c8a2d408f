// Starts the page: the state, the services, and the components in the language of the user.

import {openStorage} from "../web_storage.js";
import {ServerConnection} from "./api/connection.js";
import {Shell} from "./components/shell.js";
import {messages} from "./i18n/messages.js";
import {Sampler} from "./speech/sampler.js";
import {SpeechSession} from "./speech/speech_session.js";
import {initialState, keepState} from "./state/app_state.js";
import {followAddress} from "./state/address.js";
import {keepHistory} from "./state/spoken_history.js";
import {Store} from "./state/store.js";
import {recordSteps} from "./text/history.js";
import {keepLexicon} from "./text/lexicon.js";
import {TextAnalyzer} from "./text/text_analyzer.js";

const storage = openStorage(() => localStorage);
const store = new Store(initialState(storage, navigator.languages));
const connection = new ServerConnection(store);
const speech = new SpeechSession(store, connection);
const sampler = new Sampler(store, connection, speech);
const analyzer = new TextAnalyzer(store);
let components = new AbortController();

/** @param {import("./state/app_state.js").Language} language */
function show(language) {
  components.abort();
  components = new AbortController();
  const t = messages(language);
  const focused = document.activeElement?.id;
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  document.title = t.common.title;
  document.body.replaceChildren(Shell({store, t, signal: components.signal, connection, speech, sampler, analyzer}));
  if (focused) document.getElementById(focused)?.focus();
}

/** @param {import("./state/app_state.js").Theme} theme */
function paint(theme) {
  document.documentElement.dataset.theme = theme;
}

followAddress(store);
keepState(store, storage, navigator.languages);
keepHistory(store, speech, storage);
keepLexicon(store, storage);
recordSteps(store);
store.watch((state) => state.theme, paint);
store.watch((state) => state.language, show);
connection.check();
