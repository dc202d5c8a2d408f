// Creates elements of the page. Text is never parsed as HTML.

/** Creates an element with properties and children (elements, text, arrays of both). */
export function element(tag, properties = {}, ...children) {
  const created = Object.assign(document.createElement(tag), properties);
  created.append(...children.flat(Infinity).filter((child) => child !== ""));
  return created;
}

/** Returns paragraphs (or other elements) for text with `code`, empty lines between paragraphs, and "- " lists. */
export function prose(text, tag = "p") {
  return text.split(/\n\n/).filter(Boolean).map((paragraph) =>
    paragraph.startsWith("- ")
      ? element("ul", {}, ...paragraph.slice(2).split(/\n- /).map((item) => element("li", {}, ...codeSpans(item))))
      : element(tag, {}, ...codeSpans(paragraph)));
}

const codeSpans = (text) =>
  text.split("`").map((part, index) => (index % 2 ? element("code", {}, part) : part));
