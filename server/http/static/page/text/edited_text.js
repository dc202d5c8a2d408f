// A text with what its user changed: readings, pauses, and styles of spans. Nothing here changes its arguments.

/**
 * How a span is spoken; what is left out is as the settings say. `pitch` is in semitones, other numbers are factors.
 *
 * @typedef {object} Style
 * @property {string} [emotion]
 * @property {number} [rate]
 * @property {number} [pitch]
 * @property {number} [range] Of the pitch.
 * @property {number} [volume]
 * @property {number} [pauses]
 */

/** @typedef {"emotion" | "rate" | "pitch" | "range" | "volume" | "pauses"} StyleName */

/**
 * What is read for some characters: their pinyin, a syllable each, or other words.
 *
 * @typedef {object} Reading
 * @property {number} start
 * @property {number} stop
 * @property {"pinyin" | "alias"} kind
 * @property {string} value
 */

/**
 * A break before the character `at`, or at the end: a duration (`300ms`), or a strength (`none`, `weak`, ...).
 *
 * @typedef {{at: number, value: string}} Break
 */

/** @typedef {{start: number, stop: number, style: Style}} Span */

/**
 * Positions are UTF-16 units of `text`. All lists are in order; readings do not overlap, nor do spans.
 *
 * @typedef {object} EditedText
 * @property {string} text
 * @property {readonly Reading[]} readings
 * @property {readonly Break[]} breaks
 * @property {readonly Span[]} spans
 */

/** @type {readonly StyleName[]} */
const STYLE_NAMES = ["emotion", "rate", "pitch", "range", "volume", "pauses"];

/**
 * @param {string} text
 * @returns {EditedText}
 */
export const plainText = (text) => ({text, readings: [], breaks: [], spans: []});

/** @param {EditedText} edited */
export const isPlain = ({readings, breaks, spans}) => readings.length + breaks.length + spans.length === 0;

/**
 * The text with another reading of some characters; null for the server's own.
 *
 * @param {EditedText} edited
 * @param {number} start
 * @param {number} stop
 * @param {Pick<Reading, "kind" | "value"> | null} reading
 * @returns {EditedText}
 */
export function withReading(edited, start, stop, reading) {
  const others = edited.readings.filter((each) => each.stop <= start || each.start >= stop);
  return normalized({...edited, readings: reading ? [...others, {start, stop, ...reading}] : others});
}

/**
 * The text with another break at a position; null for the server's own.
 *
 * @param {EditedText} edited
 * @param {number} at
 * @param {string | null} value
 * @returns {EditedText}
 */
export function withBreak(edited, at, value) {
  const others = edited.breaks.filter((each) => each.at !== at);
  const readings = edited.readings.filter(({start, stop}) => !(start < at && at < stop));
  return normalized({...edited, readings, breaks: value === null ? others : [...others, {at, value}]});
}

/**
 * The text with another style of some characters: the values that are given; undefined for that of the settings.
 *
 * @param {EditedText} edited
 * @param {number} start
 * @param {number} stop
 * @param {{[Name in StyleName]?: Style[Name] | undefined}} change
 * @returns {EditedText}
 */
export function withStyle(edited, start, stop, change) {
  const [first, last] = wholeReadings(edited, start, stop);
  const styles = stylesOf(edited);
  for (let index = first; index < last; index++) styles[index] = {...styles[index], ...change};
  return normalized({...edited, spans: spansOf(styles)});
}

/**
 * The text without what was changed in a part of it.
 *
 * @param {EditedText} edited
 * @param {number} start
 * @param {number} stop
 * @returns {EditedText}
 */
export function withoutChanges(edited, start, stop) {
  const [first, last] = wholeReadings(edited, start, stop);
  const styles = stylesOf(edited);
  styles.fill(null, first, last);
  return normalized({
    text: edited.text,
    readings: edited.readings.filter((each) => each.stop <= first || each.start >= last),
    breaks: edited.breaks.filter(({at}) => at <= first || at >= last),
    spans: spansOf(styles),
  });
}

/**
 * The style that all characters of a part have in common.
 *
 * @param {EditedText} edited
 * @param {number} start
 * @param {number} stop
 * @returns {Style}
 */
export function commonStyle(edited, start, stop) {
  const spoken = stylesOf(edited).slice(start, stop).filter((_, index) => edited.text[start + index] !== "\n");
  const [first, ...others] = spoken.map((style) => style ?? {});
  return first ? plainStyle(Object.fromEntries(STYLE_NAMES
    .filter((name) => others.every((style) => style[name] === first[name]))
    .map((name) => [name, first[name]]))) ?? {} : {};
}

/**
 * A part of the text as a text of its own. A break at its start belongs to the part before.
 *
 * @param {EditedText} edited
 * @param {number} start
 * @param {number} stop
 * @returns {EditedText}
 */
export function sliceOf({text, readings, breaks, spans}, start, stop) {
  const inside = (/** @type {{start: number, stop: number}} */ each) => each.start < stop && each.stop > start;
  const shifted = (/** @type {{start: number, stop: number}} */ each) => (
    {start: Math.max(each.start, start) - start, stop: Math.min(each.stop, stop) - start});
  return {
    text: text.slice(start, stop),
    readings: readings.filter(inside).map((each) => ({...each, ...shifted(each)})),
    breaks: breaks.filter(({at}) => (start < at || start === 0) && at <= stop)
      .map(({at, value}) => ({at: at - start, value})),
    spans: spans.filter(inside).map((each) => ({...each, ...shifted(each)})),
  };
}

/**
 * The text in its only form: everything in order, equal spans beside each other joined, no style where nothing is
 * spoken, the style of a reading that of its first character.
 *
 * @param {EditedText} edited
 * @returns {EditedText}
 */
export function normalized(edited) {
  const {text} = edited;
  const readings = [...edited.readings].sort((one, other) => one.start - other.start);
  const breaks = [...edited.breaks].sort((one, other) => one.at - other.at);
  const styles = stylesOf(edited).map((style, index) => (text[index] === "\n" ? null : plainStyle(style ?? {})));
  for (const {start, stop} of readings) styles.fill(styles[start], start, stop);
  for (const {index, 0: line} of text.matchAll(/[^\n]+/g)) {
    if (!line.trim()) styles.fill(null, index, index + line.length);
  }
  return {text, readings, breaks, spans: spansOf(styles)};
}

/**
 * The style of each UTF-16 unit.
 *
 * @param {EditedText} edited
 * @returns {(Style | null)[]}
 */
export function stylesOf({text, spans}) {
  /** @type {(Style | null)[]} */
  const styles = Array(text.length).fill(null);
  for (const {start, stop, style} of spans) styles.fill(style, start, stop);
  return styles;
}

/**
 * @param {readonly (Style | null)[]} styles
 * @returns {Span[]}
 */
export function spansOf(styles) {
  /** @type {Span[]} */
  const spans = [];
  styles.forEach((each, index) => {
    const style = plainStyle(each ?? {});
    if (!style) return;
    const last = spans.at(-1);
    if (last && last.stop === index && isSameStyle(last.style, style)) last.stop = index + 1;
    else spans.push({start: index, stop: index + 1, style});
  });
  return spans;
}

/**
 * @param {Style | null} one
 * @param {Style | null} other
 */
export const isSameStyle = (one, other) => STYLE_NAMES.every((name) => one?.[name] === other?.[name]);

/**
 * The style without what is left to the settings; null if nothing is left.
 *
 * @param {{[Name in StyleName]?: Style[Name] | undefined}} style
 * @returns {Style | null}
 */
function plainStyle(style) {
  const neutral = {emotion: undefined, rate: 1, pitch: 0, range: 1, volume: 1, pauses: 1};
  const entries = STYLE_NAMES.filter((name) => style[name] !== undefined && style[name] !== neutral[name])
    .map((name) => [name, style[name]]);
  return entries.length ? Object.fromEntries(entries) : null;
}

/**
 * The part, with the whole of each reading that begins or ends in it.
 *
 * @param {EditedText} edited
 * @param {number} start
 * @param {number} stop
 */
function wholeReadings({readings}, start, stop) {
  const touched = readings.filter((each) => each.start < stop && each.stop > start);
  return [Math.min(start, ...touched.map((each) => each.start)), Math.max(stop, ...touched.map((each) => each.stop))];
}
