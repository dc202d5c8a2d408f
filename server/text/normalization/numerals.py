"""Digits -> Chinese numerals: cardinals, decimals, and digit by digit."""

DIGITS = "零一二三四五六七八九"
NUMERALS = "零〇一二两三四五六七八九十百千万亿点幺"
"""Every character that a spoken number may have."""
LONGEST_CARDINAL = 16
"""Digits; a longer string is a code, not a quantity, and is read digit by digit."""
_PLACES = ("", "十", "百", "千")
_SCALES = ("", "万", "亿", "万亿")


def spell_digits(digits: str, *, yao: bool = False) -> str:
    """`2024` -> 二零二四; with `yao` a one is 幺, as in telephone numbers. Other characters fall away."""
    spelled = "".join(DIGITS[int(digit)] for digit in digits if digit in "0123456789")
    return spelled.replace("一", "幺") if yao else spelled


def cardinal(digits: str) -> str:
    """`1050` -> 一千零五十, `200` -> 两百. Codes (a leading zero, too long) are read digit by digit."""
    if len(digits) > LONGEST_CARDINAL or (len(digits) > 1 and digits[0] == "0"):
        return spell_digits(digits)
    value = int(digits)
    if value == 0:
        return "零"
    spoken = ""
    skipped = False
    for scale in range(3, -1, -1):
        group = value // 10_000**scale % 10_000
        if not group:
            skipped = bool(spoken)
            continue
        spoken += "零" if skipped or (spoken and group < 1000) else ""
        spoken += _leading(_below_ten_thousand(group), scale) + _scale(scale, value)
        skipped = False
    spoken = spoken.removeprefix("一") if spoken.startswith("一十") else spoken
    return "两" + spoken[1:] if spoken.startswith("二百") else spoken


def number(text: str) -> str:
    """`-1,234.50` without its sign: integer part as a cardinal, decimals digit by digit; `.00` is not spoken."""
    whole, point, decimals = text.replace(",", "").partition(".")
    if len(decimals) > 1 and not decimals.strip("0"):
        point = ""
    return cardinal(whole or "0") + (f"点{spell_digits(decimals)}" if point and decimals else "")


def _scale(scale: int, value: int) -> str:
    """Between 万亿 and 亿 the 亿 is said once: 一万两千亿."""
    return "万" if scale == 3 and value // 10_000**2 % 10_000 else _SCALES[scale]


def _below_ten_thousand(value: int) -> str:
    """1 to 9999, without shortening 一十."""
    spoken = ""
    skipped = False
    for place, digit in zip(range(3, -1, -1), map(int, f"{value:04d}"), strict=True):
        if digit == 0:
            skipped = bool(spoken)
            continue
        spoken += "零" if skipped else ""
        spoken += ("两" if (digit, place) == (2, 3) else DIGITS[digit]) + _PLACES[place]
        skipped = False
    return spoken


def _leading(spoken: str, scale: int) -> str:
    """What stands before 万 or 亿: a bare 二 is 两."""
    return "两" if spoken == "二" and scale else spoken
