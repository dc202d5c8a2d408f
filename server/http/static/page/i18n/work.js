const zh = {
  later: "即将推出。",
};

/** @type {typeof zh} */
const en = {
  later: "To come.",
};

export const work = {zh, en};
