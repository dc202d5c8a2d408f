import {element} from "../../../elements.js";

const MARGIN = 8;

/**
 * A box beside an element that closes at a click elsewhere and with Escape. The focus returns to where it was.
 *
 * @param {string} id
 */
export function Popover(id) {
  const box = element("div", {id, className: "popover", popover: "auto", role: "dialog"});
  box.addEventListener("keydown", (event) => event.key === "Escape" && event.stopPropagation());
  return {
    element: box,
    close: () => box.hidePopover(),
    /**
     * @param {Element} anchor
     * @param {string} label
     * @param {(HTMLElement | false | null)[]} content
     */
    open(anchor, label, content) {
      box.setAttribute("aria-label", label);
      box.replaceChildren(...content.filter((each) => each instanceof HTMLElement));
      box.showPopover();
      const [place, {width, height}] = [anchor.getBoundingClientRect(), box.getBoundingClientRect()];
      const below = place.bottom + MARGIN;
      const top = below + height > innerHeight && place.top > height + MARGIN ? place.top - height - MARGIN : below;
      box.style.left = `${Math.max(MARGIN, Math.min(place.left, innerWidth - width - MARGIN))}px`;
      box.style.top = `${Math.max(MARGIN, Math.min(top, innerHeight - height - MARGIN))}px`;
      const first = box.querySelector("button, input, select");
      if (first instanceof HTMLElement) first.focus();
    },
  };
}
