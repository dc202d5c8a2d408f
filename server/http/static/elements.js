// Creates elements of the pages. Text is never parsed as HTML.

/**
 * @typedef {Node | string | false | null | undefined} Child
 * @typedef {Child | Child[]} Children
 */

/**
 * Creates an element with children (elements, text, arrays of both; nothing for "", false, null and undefined). A name
 * with a hyphen (aria-label, data-state), `role` and `for` is an attribute, anything else a property.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, any>} [properties]
 * @param {...Children} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, properties = {}, ...children) {
  const created = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue;
    if (/-|^role$|^for$/.test(name)) created.setAttribute(name, String(value));
    else Reflect.set(created, name, value);
  }
  created.append(...present(children));
  return created;
}

/**
 * @param {Children[]} children
 * @returns {(Node | string)[]}
 */
const present = (children) =>
  /** @type {(Node | string)[]} */ (children.flat(Infinity).filter((child) => child !== "" && child));

/**
 * Returns paragraphs (or other elements) for text with `code`, empty lines between paragraphs, and "- " lists.
 *
 * @param {string} text
 * @param {keyof HTMLElementTagNameMap} tag
 */
export function prose(text, tag = "p") {
  return text.split(/\n\n/).filter(Boolean).map((paragraph) =>
    paragraph.startsWith("- ")
      ? element("ul", {}, ...paragraph.slice(2).split(/\n- /).map((item) => element("li", {}, ...codeSpans(item))))
      : element(tag, {}, ...codeSpans(paragraph)));
}

/** @param {string} text */
const codeSpans = (text) =>
  text.split("`").map((part, index) => (index % 2 ? element("code", {}, part) : part));
