// The page: fills the form with the voices of the server, plays the speech and shows the progress.

import {authorization, keepKey} from "./key.js";
import {Player} from "./player.js";
import {ResponseError, StreamError, errorMessage, requestSpeech} from "./speech.js";
import {wavFile} from "./wav.js";

const element = (id) => document.getElementById(id);

const EMOTIONS = {
  none: "无", neutral: "平静", angry: "生气", disgust: "厌恶", fear: "害怕", happy: "高兴", sad: "悲伤",
  surprise: "惊讶", calm: "沉着", gentle: "温柔", relax: "轻松", lyrical: "抒情", serious: "严肃",
  disgruntled: "不满", satisfied: "满意", disappointed: "失望", excited: "兴奋", anxiety: "焦虑",
  jealousy: "嫉妒", hate: "憎恨", pity: "怜悯", pleasure: "愉快", arousal: "激动", dominance: "强势",
};

const RETRY_MILLISECONDS = 2000;

let keyChanged = () => {}; // resolves the promise that waits for a key
let voices = new Map(); // working voices, by id
let current = null; // AbortController of the current playback

// ---- Voices and device

async function connect() {
  for (;;) {
    try {
      const response = await fetch("v1/audio/voices", {headers: authorization()});
      if (response.status === 401) {
        await askForKey(await errorMessage(response));
        continue;
      }
      if (response.ok) {
        showVoices((await response.json()).voices);
        return showDevice();
      }
      const message = await errorMessage(response);
      element("notice").textContent =
        response.headers.has("Retry-After") ? "正在加载声音…" : `服务器无法合成语音：${message}`;
    } catch {
      element("notice").textContent = "无法连接服务器，正在重试…";
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MILLISECONDS));
  }
}

/** Shows the field for the key, and the message of the server where there was one. Resolves when it has changed. */
async function askForKey(message) {
  element("key-field").hidden = false;
  element("notice").textContent = element("key").value ? `密钥无效：${message}` : "此服务器需要密钥";
  await new Promise((resolve) => { keyChanged = resolve; });
}

async function showDevice() {
  element("notice").textContent = "已就绪";
  const response = await fetch("health", {headers: authorization()});
  if (!response.ok) return;
  const {provider, fallback} = await response.json();
  element("notice").textContent = `已就绪 · 使用 ${provider === "cpu" ? "CPU" : "GPU"}`;
  element("fallback").hidden = !fallback;
  element("fallback").querySelector("p").textContent = fallback ?? "";
}

function showVoices(listed) {
  voices = new Map(listed.filter(({status}) => status === "ready").map((voice) => [voice.id, voice]));
  const broken = listed.filter(({status}) => status !== "ready");
  element("voice").replaceChildren(
    ...Array.from(voices.values(), (voice) => new Option(voice.name, voice.id, voice.default, voice.default)),
    ...broken.map(({id, name}) => Object.assign(new Option(`${name}（不可用）`, id), {disabled: true})),
  );
  element("voice").disabled = element("play").disabled = voices.size === 0;
  showChoices();

  element("broken").hidden = broken.length === 0;
  element("broken").querySelector("summary").textContent = `${broken.length} 个声音不可用`;
  element("broken").querySelector("ul").replaceChildren(
    ...broken.map(({name, reason}) =>
      Object.assign(document.createElement("li"), {textContent: `${name}：${reason}`})),
  );
}

function showChoices() {
  const {speakers = [], emotions = []} = voices.get(element("voice").value) ?? {};
  setOptions(element("speaker"), speakers.map((name) => new Option(name, name)));
  const initial = emotions.includes("neutral") ? "neutral" : emotions[0];
  setOptions(element("emotion"), emotions.map((name) =>
    new Option(EMOTIONS[name] ? `${EMOTIONS[name]} ${name}` : name, name, name === initial, name === initial)));
}

function setOptions(select, options) {
  select.replaceChildren(...options);
  select.disabled = options.length < 2;
}

// ---- The request

const speed = () => Number((2 ** Number(element("speed").value)).toFixed(2));

function requestBody() {
  return {
    input: element("text").value,
    voice: element("voice").value,
    speaker: element("speaker").value || null,
    emotion: element("emotion").value || null,
    speed: speed(),
    pitch: Number(element("pitch").value),
  };
}

function showSettings() {
  const pitch = Number(element("pitch").value);
  element("speed-shown").value = `${speed()} 倍`;
  element("pitch-shown").value = `${pitch > 0 ? "+" : ""}${pitch} 半音`;
  element("count").textContent = `${[...element("text").value].length} 字`;
}

// ---- Playback

async function play() {
  current?.abort();
  const controller = (current = new AbortController());
  const {signal} = controller;
  const player = new Player(voices.get(element("voice").value).sample_rate);
  const chunks = [];
  const startTime = performance.now();
  const seconds = (value) => `${value.toFixed(2)} 秒`;
  const showPlayed = () => {
    if (controller === current && player.duration) element("played").textContent = seconds(player.played);
  };
  const timer = setInterval(showPlayed, 100);
  resetResults();
  element("stop").disabled = false;
  showStatus("正在合成…");
  try {
    const {rate, samples} = await requestSpeech(requestBody(), signal);
    for await (const chunk of samples) {
      if (signal.aborted) break;
      if (chunks.length === 0) {
        element("first").textContent = seconds((performance.now() - startTime) / 1000);
        showStatus("正在播放，同时继续合成…");
      }
      player.enqueue(chunk);
      chunks.push(chunk);
      element("received").textContent = seconds(player.duration);
    }
    if (signal.aborted) return;
    showDownload(wavFile(chunks, rate));
    showStatus("合成完毕，正在播放…");
    await player.finished(signal);
    if (!signal.aborted) showStatus("播放完毕");
  } catch (error) {
    if (!signal.aborted) showError(error);
  } finally {
    clearInterval(timer);
    showPlayed();
    player.close();
    if (controller === current) {
      element("stop").disabled = true;
      current = null;
    }
  }
}

function stop() {
  if (!current) return;
  current.abort();
  showStatus("已停止");
}

function showError(error) {
  showStatus("");
  element("error").textContent =
    error instanceof ResponseError ? `服务器拒绝了请求：${error.message}`
    : error instanceof StreamError ? "连接中断，音频不完整，请重试"
    : error instanceof TypeError ? "无法连接服务器"
    : `播放失败：${error.message}`;
}

function resetResults() {
  element("error").textContent = "";
  element("figures").hidden = false;
  for (const id of ["first", "received", "played"]) element(id).textContent = "–";
  URL.revokeObjectURL(element("download").href);
  element("download").hidden = true;
}

function showDownload(file) {
  element("download").href = URL.createObjectURL(file);
  element("download").hidden = false;
}

function showStatus(message) {
  element("status").textContent = message;
}

element("form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (voices.size) play();
});
element("form").addEventListener("input", showSettings);
element("voice").addEventListener("change", showChoices);
element("stop").addEventListener("click", stop);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") stop();
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) element("form").requestSubmit();
});

keepKey(element("key"), () => keyChanged());
showSettings();
connect();
