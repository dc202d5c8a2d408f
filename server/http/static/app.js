// The page: fills the form from what the server offers, plays what is asked for, and says what happens.

import {Player} from "./player.js";
import {Interruption, Refusal, reason, speak} from "./speech.js";
import {wav} from "./wav.js";

const part = (id) => document.getElementById(id);

const EMOTIONS = {
  none: "无", neutral: "平静", angry: "生气", disgust: "厌恶", fear: "害怕", happy: "高兴", sad: "悲伤",
  surprise: "惊讶", calm: "沉着", gentle: "温柔", relax: "轻松", lyrical: "抒情", serious: "严肃",
  disgruntled: "不满", satisfied: "满意", disappointed: "失望", excited: "兴奋", anxiety: "焦虑",
  jealousy: "嫉妒", hate: "憎恨", pity: "怜悯", pleasure: "愉快", arousal: "激动", dominance: "强势",
};

let voices = new Map(); // ready ones, by id
let current = null; // AbortController of what is being played

// ---- What the server offers

async function connect() {
  for (;;) {
    try {
      const answer = await fetch("v1/audio/voices");
      if (answer.ok) {
        showVoices((await answer.json()).voices);
        return showDevice();
      }
      const why = await reason(answer);
      part("notice").textContent = answer.headers.has("Retry-After") ? "声音正在加载…" : `服务器无法合成：${why}`;
    } catch {
      part("notice").textContent = "连接不上服务器，正在重试…";
    }
    await new Promise((resolve) => setTimeout(resolve, 2000));
  }
}

async function showDevice() {
  part("notice").textContent = "已就绪";
  const {provider, fallback} = await (await fetch("health")).json();
  part("notice").textContent =
    `已就绪 · 在 ${provider === "cpu" ? "CPU" : "GPU"} 上运行` + (fallback ? `（未使用 ${fallback}）` : "");
}

function showVoices(listed) {
  voices = new Map(listed.filter(({status}) => status === "ready").map((voice) => [voice.id, voice]));
  const broken = listed.filter(({status}) => status !== "ready");
  part("voice").replaceChildren(
    ...Array.from(voices.values(), (voice) => new Option(voice.name, voice.id, voice.default, voice.default)),
    ...broken.map(({id, name}) => Object.assign(new Option(`${name}（不可用）`, id), {disabled: true})),
  );
  part("voice").disabled = part("play").disabled = voices.size === 0;
  showChoices();

  part("broken").hidden = broken.length === 0;
  part("broken").querySelector("summary").textContent = `${broken.length} 个声音不可用`;
  part("broken").querySelector("ul").replaceChildren(
    ...broken.map(({name, reason: why}) =>
      Object.assign(document.createElement("li"), {textContent: `${name}：${why}`})),
  );
}

function showChoices() {
  const {speakers = [], emotions = []} = voices.get(part("voice").value) ?? {};
  fill(part("speaker"), speakers.map((name) => new Option(name, name)));
  const neutral = emotions.includes("neutral") ? "neutral" : emotions[0];
  fill(part("emotion"), emotions.map((name) =>
    new Option(EMOTIONS[name] ? `${EMOTIONS[name]} ${name}` : name, name, name === neutral, name === neutral)));
}

function fill(select, options) {
  select.replaceChildren(...options);
  select.disabled = options.length < 2;
}

// ---- What is asked for

const speed = () => Number((2 ** Number(part("speed").value)).toFixed(2));

function request() {
  return {
    input: part("text").value,
    voice: part("voice").value,
    speaker: part("speaker").value || null,
    emotion: part("emotion").value || null,
    speed: speed(),
    pitch: Number(part("pitch").value),
  };
}

function showSettings() {
  const pitch = Number(part("pitch").value);
  part("speed-shown").value = `${speed()} 倍`;
  part("pitch-shown").value = `${pitch > 0 ? "+" : ""}${pitch} 半音`;
  part("count").textContent = `${[...part("text").value].length} 字`;
}

// ---- Playing

async function play() {
  current?.abort();
  const mine = (current = new AbortController());
  const player = new Player(voices.get(part("voice").value).sample_rate);
  const pieces = [];
  const begun = performance.now();
  const seconds = (value) => `${value.toFixed(2)} 秒`;
  const showPlayed = () => mine === current && (part("played").textContent = seconds(player.played));
  const clock = setInterval(showPlayed, 100);
  reset();
  part("stop").disabled = false;
  say("正在合成…");
  try {
    const {rate, samples} = await speak(request(), mine.signal);
    for await (const piece of samples) {
      if (mine.signal.aborted) break;
      if (pieces.length === 0) {
        part("first").textContent = seconds((performance.now() - begun) / 1000);
        say("正在播放，后面的还在合成…");
      }
      player.add(piece);
      pieces.push(piece);
      part("received").textContent = seconds(player.duration);
    }
    if (mine.signal.aborted) return;
    offer(wav(pieces, rate));
    say("合成完毕，正在播放…");
    await player.finished(mine.signal);
    if (!mine.signal.aborted) say("播放完毕");
  } catch (error) {
    if (!mine.signal.aborted) fail(error);
  } finally {
    clearInterval(clock);
    showPlayed();
    player.close();
    if (mine === current) {
      part("stop").disabled = true;
      current = null;
    }
  }
}

function stop() {
  if (!current) return;
  current.abort();
  say("已停止");
}

function fail(error) {
  say("");
  part("error").textContent =
    error instanceof Refusal ? `服务器拒绝了请求：${error.message}`
    : error instanceof Interruption ? "音频中断了：服务器没有把话说完，请重试"
    : error instanceof TypeError ? "连接不上服务器"
    : `播放失败：${error.message}`;
}

function reset() {
  part("error").textContent = "";
  part("figures").hidden = false;
  for (const id of ["first", "received", "played"]) part(id).textContent = "–";
  URL.revokeObjectURL(part("download").href);
  part("download").hidden = true;
}

function offer(file) {
  part("download").href = URL.createObjectURL(file);
  part("download").hidden = false;
}

function say(words) {
  part("status").textContent = words;
}

part("form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (voices.size) play();
});
part("form").addEventListener("input", showSettings);
part("voice").addEventListener("change", showChoices);
part("stop").addEventListener("click", stop);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") stop();
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) part("form").requestSubmit();
});

showSettings();
connect();
