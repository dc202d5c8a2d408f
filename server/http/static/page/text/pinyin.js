// Pinyin with tone digits -> with tone marks.

/** @type {Record<string, string>} */
const MARKS = {a: "āáǎà", e: "ēéěè", i: "īíǐì", o: "ōóǒò", u: "ūúǔù", v: "ǖǘǚǜ"};

/**
 * `chong2 qing4` -> `chóng qìng`. The neutral tone has no mark.
 *
 * @param {string} pinyin
 */
export const withToneMarks = (pinyin) => pinyin.split(" ").map(markedSyllable).join(" ");

/** @param {string} syllable */
function markedSyllable(syllable) {
  const [base, tone] = [syllable.slice(0, -1), Number(syllable.at(-1))];
  const vowel = /a|e|o(?=u)/.exec(base) ?? /[iouv](?=[^iouv]*$)/.exec(base);
  if (!vowel || !(tone >= 1 && tone <= 4)) return base.replace(/v/g, "ü");
  const {index, 0: letter} = vowel;
  const marked = `${base.slice(0, index)}${MARKS[letter][tone - 1]}${base.slice(index + 1)}`;
  return marked.replace(/v/g, "ü");
}

/**
 * The syllables in the form that markup takes; null where they are not pinyin with tone digits or marks.
 *
 * @param {string} written
 */
export function writtenPinyin(written) {
  const syllables = written.trim().toLowerCase().split(/\s+/).map(withToneDigit);
  return syllables.every((syllable) => /^[a-z]{1,8}[1-5]$/.test(syllable)) ? syllables.join(" ") : null;
}

/** @param {string} syllable */
function withToneDigit(syllable) {
  for (const [letter, marks] of Object.entries(MARKS)) {
    const tone = [...marks].findIndex((mark) => syllable.includes(mark)) + 1;
    if (tone) return `${syllable.replace(marks[tone - 1], letter)}${tone}`.replace(/ü/g, "v");
  }
  return syllable.replace(/ü|u:/g, "v");
}
