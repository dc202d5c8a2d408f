import {element} from "../../elements.js";

/**
 * Lets the browser save a file.
 *
 * @param {Blob} file
 * @param {string} name
 */
export function saveAs(file, name) {
  const url = URL.createObjectURL(file);
  saveFrom(url, name);
  setTimeout(() => URL.revokeObjectURL(url), 60000);
}

/**
 * Lets the browser fetch and save a file, however large; it sends no key.
 *
 * @param {string} url
 * @param {string} name
 */
export function saveFrom(url, name) {
  element("a", {href: url, download: name}).click();
}
