const zh = {
  title: "把文字读出来",
  subtitle: "写下中文，点播放就能听到。语音在这台服务器上合成，边合成边播放，文字不会发到别处。",
  textLabel: "要朗读的文字",
  placeholder: "在这里写下要朗读的文字…",
};

/** @type {typeof zh} */
const en = {
  title: "Hear Mandarin text spoken",
  subtitle: "Write Chinese text and press play: this server speaks it while it computes it, and sends it nowhere else.",
  textLabel: "Text to speak",
  placeholder: "Write the text to speak here…",
};

export const speak = {zh, en};
