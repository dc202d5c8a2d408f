/**
 * The first words of a text, as the name of a file or of a job; empty where it has none.
 *
 * @param {string} text
 */
export function firstWords(text) {
  const words = text.replace(/<[^>]*>|\[[^\]]*\]/g, "").match(/[\p{L}\p{N}]+/gu) ?? [];
  return [...words.join("")].slice(0, 16).join("");
}
