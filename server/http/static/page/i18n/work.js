import {chineseJobWarning} from "./job_warnings.js";

/** Seconds and minutes, at least a second. @param {number} value */
function time(value) {
  const seconds = Math.max(Math.round(value), 1);
  return [seconds % 60, Math.floor(seconds / 60)];
}

const zh = {
  title: "批量合成",
  subtitle: "把许多句子、一本书或一份字幕交给服务器，做好后一次下载。关掉页面也会继续。",
  create: "新任务",
  text: "文字",
  placeholder: "把文字粘贴在这里，每行一句；或在下面选择文件。",
  choose: "选择文件",
  fileHint: "TXT、Markdown、SRT 字幕、SSML、JSON Lines，也可以拖到这里",
  file: (/** @type {string} */ name, /** @type {string} */ size) => `${name}（${size}）`,
  removeFile: "移除文件",
  count: (/** @type {number} */ lines, /** @type {number} */ characters) => `${lines} 行，${characters} 字`,
  kind: "内容",
  kinds: {
    lines: "逐行：每行一段", text: "整篇文章", srt: "SRT 字幕：按时间朗读", ssml: "SSML", jsonl: "JSON Lines：每行有自己的设置",
  },
  output: "结果",
  outputs: {file: "一个音频文件", zip: "每段一个（ZIP）"},
  format: "音频格式",
  timestamps: "时间戳文件",
  noTimestamps: "不需要",
  name: "名称",
  namePlaceholder: "可不填",
  style: "声音与语气",
  styleHint: "与“朗读”页相同，在那里试听和微调。",
  reference: "语气来自参考录音",
  tune: "去试听和微调",
  submit: "开始合成",
  sending: "正在提交…",
  jobs: "我的任务",
  noJobs: "还没有任务。",
  loading: "正在读取任务…",
  more: "更早的任务",
  unnamed: "未命名任务",
  states: {
    queued: "排队中", running: "合成中", done: "已完成", failed: "失败", cancelled: "已取消", expired: "文件已过期",
  },
  progress: (/** @type {number} */ done, /** @type {number} */ all, /** @type {number} */ percent) =>
    `${percent}%，已完成 ${done} / ${all} 段`,
  progressLabel: (/** @type {string} */ name) => `${name}的进度`,
  left: (/** @type {number} */ seconds) => {
    const [rest, minutes] = time(seconds);
    return minutes ? `约剩 ${minutes} 分 ${rest} 秒` : `约剩 ${rest} 秒`;
  },
  waiting: (/** @type {string} */ reason) => `暂停：${reason}`,
  failed: (/** @type {string} */ reason) => `失败原因：${reason}`,
  result: (/** @type {string} */ seconds, /** @type {string} */ size) => `${seconds}，${size}`,
  seconds: (/** @type {number} */ value) => `${value.toFixed(1)} 秒`,
  warnings: (/** @type {number} */ count) => `${count} 条提醒`,
  warning: chineseJobWarning,
  download: "下载",
  cancel: "取消任务",
  forget: "删除",
  confirm: {cancel: "确定取消？", forget: "确定删除？"},
  history: "朗读记录",
  historyText: "你在这个浏览器里听过的文字和设置，只保存在本机。",
  noHistory: "还没有记录。在“朗读”页播放的文字会出现在这里。",
  replay: "再次播放",
  link: "复制链接",
  linkHolds: (/** @type {number} */ readings) =>
    `链接里有文字、设置${readings ? `和 ${readings} 个词的读音` : ""}，打开时不会发给任何服务器。`,
  linkLacks: (/** @type {boolean} */ written, /** @type {string[]} */ lost) =>
    `录音不在链接里${written ? "，它的语气已写成设置" : ""}${lost.length ? `；${lost.join("、")}带不走` : ""}。`,
  copied: "已复制。",
  forgetSpoken: "删除这条记录",
  clear: "清空记录",
  confirmClear: "确定清空？",
};

/** @type {typeof zh} */
const en = {
  title: "Batch work",
  subtitle: "Give the server many lines, a book or subtitles, and download the result. It goes on without this page.",
  create: "New job",
  text: "Text",
  placeholder: "Paste the text here, a line for each sentence; or choose a file below.",
  choose: "Choose a file",
  fileHint: "TXT, Markdown, SRT subtitles, SSML, JSON lines; or drop it here",
  file: (name, size) => `${name} (${size})`,
  removeFile: "Remove the file",
  count: (lines, characters) => `${lines} lines, ${characters} characters`,
  kind: "Content",
  kinds: {
    lines: "Lines, each by itself", text: "One text", srt: "SRT subtitles, at their times", ssml: "SSML",
    jsonl: "JSON lines, each with its settings",
  },
  output: "Result",
  outputs: {file: "One audio file", zip: "One a part (ZIP)"},
  format: "Audio format",
  timestamps: "Files with times",
  noTimestamps: "None",
  name: "Name",
  namePlaceholder: "Optional",
  style: "Voice and tone",
  styleHint: "The same as in Speak, where you can listen and tune.",
  reference: "the tone of the reference recording",
  tune: "Listen and tune",
  submit: "Start",
  sending: "Sending…",
  jobs: "My jobs",
  noJobs: "No jobs yet.",
  loading: "Reading the jobs…",
  more: "Older jobs",
  unnamed: "Job without a name",
  states: {
    queued: "Queued", running: "In progress", done: "Done", failed: "Failed", cancelled: "Cancelled",
    expired: "File expired",
  },
  progress: (done, all, percent) => `${percent}%, ${done} of ${all} parts`,
  progressLabel: (name) => `Progress: ${name}`,
  left: (seconds) => {
    const [rest, minutes] = time(seconds);
    return minutes ? `about ${minutes} min ${rest} s left` : `about ${rest} s left`;
  },
  waiting: (reason) => `Waiting: ${reason}`,
  failed: (reason) => `Why it failed: ${reason}`,
  result: (seconds, size) => `${seconds}, ${size}`,
  seconds: (value) => `${value.toFixed(1)} s`,
  warnings: (count) => `${count} warnings`,
  warning: (warning) => warning,
  download: "Download",
  cancel: "Cancel the job",
  forget: "Delete",
  confirm: {cancel: "Really cancel?", forget: "Really delete?"},
  history: "What was spoken",
  historyText: "Texts that you heard in this browser, with their settings. They are kept here only.",
  noHistory: "Nothing yet. What you play in Speak appears here.",
  replay: "Play again",
  link: "Copy a link",
  linkHolds: (readings) => `The link has the text, the settings${readings
    ? ` and the readings of ${readings} word${readings > 1 ? "s" : ""}` : ""}; opening it sends them to no server.`,
  linkLacks: (written, lost) => `The recording is not in it${written ? ", its tone is written down as settings" : ""}${
    lost.length ? `; lost: ${lost.join(", ")}` : ""}.`,
  copied: "Copied.",
  forgetSpoken: "Delete this entry",
  clear: "Clear all",
  confirmClear: "Really clear all?",
};

export const work = {zh, en};
