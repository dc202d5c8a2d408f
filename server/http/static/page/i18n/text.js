const zh = {
};

/** @type {typeof zh} */
const en = {
};

export const text = {zh, en};
