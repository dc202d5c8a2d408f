import {element} from "../../elements.js";

const CONFIRM_MILLISECONDS = 5000;

/**
 * A button for what cannot be undone: the first press asks, the second one within five seconds does it.
 *
 * @param {object} button
 * @param {string} button.label
 * @param {string} button.question
 * @param {() => void} button.confirmed
 * @param {string} [button.className]
 * @param {string} [button.description] What it is about, for screen readers.
 */
export function ConfirmButton({label, question, confirmed, className = "quiet small", description}) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const ask = (/** @type {boolean} */ asking) => {
    clearTimeout(timer);
    button.dataset.asking = String(asking);
    button.textContent = asking ? question : label;
    if (description) button.setAttribute("aria-label", `${asking ? question : label} ${description}`);
  };
  const button = element("button", {type: "button", className: `confirm ${className}`, onclick: () => {
    const asked = button.dataset.asking === "true";
    ask(!asked);
    if (asked) confirmed();
    else timer = setTimeout(() => ask(false), CONFIRM_MILLISECONDS);
  }, onblur: () => ask(false)});
  ask(false);
  return button;
}
