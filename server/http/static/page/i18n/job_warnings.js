// Warnings about the parts of a job. The server writes them into the result as sentences, without codes.

/** @type {readonly [RegExp, (...groups: string[]) => string][]} */
const SENTENCES = [
  [/^the cue of line (\d+) begins before the one above it/, (line) => `第 ${line} 行的字幕比前一条早，已按时间排序`],
  [/^the cue of line (\d+) begins before that of line (\d+) ends$/, (line, other) =>
    `第 ${line} 行的字幕开始时，第 ${other} 行的还没结束`],
  [/^line (\d+): the cue (.+)$/, (line, deviations) => `第 ${line} 行的字幕${inChinese(deviations)}`],
  [/^line (\d+): the text has nothing to speak/, (line) => `第 ${line} 行没有能读出来的内容`],
  [/^and (\d+) more$/, (count) => `还有 ${count} 条`],
];

/** @type {readonly [RegExp, string][]} */
const DEVIATIONS = [
  [/is spoken ([\d.]+) times as fast/, "读快到 $1 倍"],
  [/begins ([\d.]+) s late/, "晚开始 $1 秒"],
  [/ends ([\d.]+) s late/, "晚结束 $1 秒"],
  [/, and /g, "，"],
];

/** @param {string} deviations */
const inChinese = (deviations) =>
  DEVIATIONS.reduce((words, [pattern, chinese]) => words.replace(pattern, chinese), deviations);

/**
 * In Chinese; a sentence that is not known stays as it is.
 *
 * @param {string} warning
 */
export function chineseJobWarning(warning) {
  for (const [pattern, words] of SENTENCES) {
    const found = pattern.exec(warning);
    if (found) return words(...found.slice(1));
  }
  return warning;
}
