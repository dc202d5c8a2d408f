"""Converts digits to Chinese numerals: cardinals, decimals, and digit by digit."""

DIGITS = "零一二三四五六七八九"
NUMERALS = "零〇一二两三四五六七八九十百千万亿点幺"
"""Every character of a spoken number."""
MAX_CARDINAL_DIGITS = 16
"""A longer string of digits is a code, not a quantity, and is read digit by digit."""
_UNITS = ("", "十", "百", "千")
_GROUP_UNITS = ("", "万", "亿", "万亿")
"""Of groups of four digits, from the lowest."""


def spell_digits(digits: str, *, yao: bool = False) -> str:
    """`2024` -> 二零二四; with `yao` a one is 幺, as in telephone numbers. Other characters are dropped."""
    spelled = "".join(DIGITS[int(digit)] for digit in digits if digit in "0123456789")
    return spelled.replace("一", "幺") if yao else spelled


def cardinal(digits: str) -> str:
    """`1050` -> 一千零五十, `200` -> 两百. Codes (a leading zero, too many digits) are read digit by digit."""
    if len(digits) > MAX_CARDINAL_DIGITS or (len(digits) > 1 and digits[0] == "0"):
        return spell_digits(digits)
    value = int(digits)
    if value == 0:
        return "零"
    spoken = ""
    skipped = False
    for level in range(3, -1, -1):
        group = value // 10_000**level % 10_000
        if not group:
            skipped = bool(spoken)
            continue
        spoken += "零" if skipped or (spoken and group < 1000) else ""
        spoken += ("两" if group == 2 and level else _below_ten_thousand(group)) + _group_unit(level, value)
        skipped = False
    spoken = spoken.removeprefix("一") if spoken.startswith("一十") else spoken
    return "两" + spoken[1:] if spoken.startswith("二百") else spoken


def number(text: str) -> str:
    """`1,234.50` -> cardinal of the integer part, decimals digit by digit; two or more zeros alone are not spoken."""
    whole, point, decimals = text.replace(",", "").partition(".")
    if len(decimals) > 1 and not decimals.strip("0"):
        point = ""
    return cardinal(whole or "0") + (f"点{spell_digits(decimals)}" if point and decimals else "")


def _group_unit(level: int, value: int) -> str:
    """万亿 is shortened to 万 if the group of 亿 follows: 一万两千亿."""
    return "万" if level == 3 and value // 10_000**2 % 10_000 else _GROUP_UNITS[level]


def _below_ten_thousand(value: int) -> str:
    """Reads 1 to 9999, without shortening 一十."""
    spoken = ""
    skipped = False
    for level, digit in zip(range(3, -1, -1), map(int, f"{value:04d}"), strict=True):
        if digit == 0:
            skipped = bool(spoken)
            continue
        spoken += "零" if skipped else ""
        spoken += ("两" if (digit, level) == (2, 3) else DIGITS[digit]) + _UNITS[level]
        skipped = False
    return spoken
