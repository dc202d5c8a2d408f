/**
 * Replaces the content, and leaves the focus at the element of the same id.
 *
 * @param {HTMLElement} place
 * @param {(Node | string)[]} content
 */
export function refill(place, content) {
  const focused = place.contains(document.activeElement) ? document.activeElement?.id : "";
  place.replaceChildren(...content);
  if (focused) document.getElementById(focused)?.focus();
}
