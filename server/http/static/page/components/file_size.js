const UNITS = ["B", "kB", "MB", "GB"];

/** A size in words. @param {number} bytes */
export function fileSize(bytes) {
  const unit = bytes < 1000 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), UNITS.length - 1);
  return `${(bytes / 1000 ** unit).toFixed(unit ? 1 : 0)} ${UNITS[unit]}`;
}
