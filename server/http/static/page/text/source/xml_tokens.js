// Reads XML as far as a page needs it: tags and text with their places. What is wrong in it, the server says.

/**
 * @typedef {{kind: "open" | "close" | "empty", name: string, attributes: Record<string, string>, start: number}} Tag
 *
 * Text: a run of it, or one character that an entity writes.
 *
 * @typedef {{kind: "text", text: string, start: number, stop: number}} Text
 */

const TOKEN = new RegExp([
  /<!--[\s\S]*?-->|<\?xml[\s\S]*?\?>/,
  /<(?<close>\/?)(?<name>[\w:-]+)(?<attributes>(?:\s+[\w:-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(?<empty>\/?)>/,
  /(?<entity>&(?:[a-z]+|#[0-9]+|#x[0-9a-fA-F]+);)/,
  /(?<text>[^<&]+)/,
].map(({source}) => source).join("|"), "gy");

/** @type {Record<string, string>} */
const ENTITIES = {lt: "<", gt: ">", amp: "&", quot: '"', apos: "'"};

/**
 * The tokens of a document; null for one that is not well-formed, or that has more than this reads.
 *
 * @param {string} source
 * @returns {(Tag | Text)[] | null}
 */
export function xmlTokens(source) {
  /** @type {(Tag | Text)[]} */
  const tokens = [];
  let end = 0;
  for (const match of source.matchAll(TOKEN)) {
    end = match.index + match[0].length;
    const {text, entity, name} = /** @type {Record<string, string>} */ (match.groups);
    if (text !== undefined) tokens.push({kind: "text", text, start: match.index, stop: end});
    else if (entity !== undefined) tokens.push({kind: "text", text: unescaped(entity), start: match.index, stop: end});
    else if (name !== undefined) tokens.push(tagOf(match));
  }
  return end === source.length && isNested(tokens) ? tokens : null;
}

/**
 * @param {RegExpMatchArray} match
 * @returns {Tag}
 */
function tagOf(match) {
  const {close, name, attributes, empty} = /** @type {Record<string, string>} */ (match.groups);
  const pairs = [...attributes.matchAll(/([\w:-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)];
  return {
    kind: close ? "close" : empty ? "empty" : "open",
    name,
    attributes: Object.fromEntries(pairs.map(([, key, double, single]) => [key, unescaped(double ?? single)])),
    start: match.index ?? 0,
  };
}

/** @param {readonly (Tag | Text)[]} tokens */
function isNested(tokens) {
  /** @type {string[]} */
  const open = [];
  for (const token of tokens) {
    if (token.kind === "open") open.push(token.name);
    if (token.kind === "close" && open.pop() !== token.name) return false;
  }
  return open.length === 0;
}

/** @param {string} text */
const unescaped = (text) => text.replace(/&(#?)(x?)(\w+);/g, (entity, number, hexadecimal, name) => (
  number ? character(parseInt(name, hexadecimal ? 16 : 10)) : ENTITIES[name] ?? entity));

/** @param {number} code */
const character = (code) => (code <= 0x10ffff ? String.fromCodePoint(code) : "\ufffd");

/** @type {Record<string, string>} */
const NAMES = {"<": "lt", ">": "gt", "&": "amp", '"': "quot"};

/** @param {string} text */
export const escaped = (text) => text.replace(/[<>&"]/g, (char) => `&${NAMES[char]};`);
