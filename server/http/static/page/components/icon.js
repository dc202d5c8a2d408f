// Icons as lines on a grid of 24.

const SVG = "http://www.w3.org/2000/svg";

const PATHS = {
  wave: "M4 10v4M8 6v12M12 3v18M16 7v10M20 10v4",
  system: "M12 3a9 9 0 1 0 0 18zM12 3a9 9 0 0 1 0 18",
  light: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8M12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.5 1.5M17.5 17.5L19 19M19 5l-1.5 1.5M6.5 17.5L5 19",
  dark: "M20 14.5A8.5 8.5 0 1 1 9.5 4a7 7 0 0 0 10.5 10.5z",
  play: "M7 4.5v15l12.5-7.5z",
  pause: "M8 5v14M16 5v14",
  stop: "M6 6h12v12H6z",
  download: "M12 4v11M7 10.5l5 5 5-5M5 20h14",
  reset: "M4 12a8 8 0 1 0 2.5-5.8M4 4v5h5",
  replay: "M20 12a8 8 0 1 1-2.5-5.8M20 4v5h-5",
  undo: "M4 9h10a6 6 0 0 1 0 12h-3M4 9l5-5M4 9l5 5",
  redo: "M20 9H10a6 6 0 0 0 0 12h3M20 9l-5-5M20 9l-5 5",
  check: "M5 12.5l4.5 4.5L19 7",
};

/** @typedef {keyof typeof PATHS} IconName */

/**
 * An icon, which screen readers skip: what has no other label needs one.
 *
 * @param {IconName} name
 */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", `icon icon-${name}`);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
