const zh = {
  title: "Sambert 语音合成",
  name: "Sambert 语音",
  views: {speak: "朗读", work: "批量", server: "服务器"},
  skip: "跳到内容",
  viewsLabel: "页面",
  api: "API",
  language: "English",
  theme: {system: "外观：跟随系统", light: "外观：浅色", dark: "外观：深色"},
  loading: "正在载入…",
  unloadable: "无法载入这一页，请检查服务器后重试。",
  retry: "重试",
  connecting: "正在连接服务器…",
  starting: "服务器正在加载声音…",
  lost: "连接不上服务器，正在重试。你的文字和设置都还在。",
  refused: (/** @type {string} */ reason) => `服务器无法合成语音：${reason}`,
  keeping: {
    blocked: "浏览器不让本站保存数据：文字、设置、词典和记录，关闭或刷新页面后就没有了。",
    full: "浏览器留给本站的空间满了：新的改动没有保存。删掉一些朗读记录，再刷新页面。",
  },
  errors: {
    unreachable: "连接不上服务器。文字和设置都还在，连上后请再试一次。",
    broken: "连接中断，声音不完整，请再试一次。",
    refused: (/** @type {string} */ reason) => `服务器没有接受：${reason}`,
    other: (/** @type {string} */ reason) => `出错了：${reason}`,
  },
  key: {
    title: "需要密钥",
    text: "这台服务器只接受有密钥的请求。密钥只保存在这个标签页里，关闭后即忘。",
    other: {title: "另一个密钥", text: "例如有更多权限的。它只保存在这个标签页里，关闭后即忘。"},
    wrong: (/** @type {string} */ reason) => `密钥不可用：${reason}`,
    label: "密钥",
    use: "使用",
    cancel: "取消",
  },
};

/** @type {typeof zh} */
const en = {
  title: "Sambert speech",
  name: "Sambert Speech",
  views: {speak: "Speak", work: "Batch", server: "Server"},
  skip: "Skip to the content",
  viewsLabel: "Pages",
  api: "API",
  language: "中文",
  theme: {system: "Theme: as the system", light: "Theme: light", dark: "Theme: dark"},
  loading: "Loading…",
  unloadable: "This page could not be loaded. Check the server, then try again.",
  retry: "Try again",
  connecting: "Connecting to the server…",
  starting: "The server is loading its voices…",
  lost: "The server cannot be reached; trying again. Your text and settings are kept.",
  refused: (reason) => `The server cannot speak: ${reason}`,
  keeping: {
    blocked: "The browser lets this site keep nothing: text, settings, lexicon and history are gone with the page.",
    full: "The browser has no more room for this site: new changes are not kept. Delete some of what was spoken, then "
      + "reload the page.",
  },
  errors: {
    unreachable: "The server cannot be reached. Text and settings are kept: try again when it is back.",
    broken: "The connection was cut, and the audio is not complete: try again.",
    refused: (reason) => `The server refused: ${reason}`,
    other: (reason) => `Something went wrong: ${reason}`,
  },
  key: {
    title: "A key is needed",
    text: "This server accepts requests with a key only. The key stays in this tab and is forgotten when it is closed.",
    other: {
      title: "Another key",
      text: "Such as one with more rights. It stays in this tab and is forgotten when it is closed.",
    },
    wrong: (reason) => `This key cannot be used: ${reason}`,
    label: "Key",
    use: "Use it",
    cancel: "Cancel",
  },
};

export const common = {zh, en};
