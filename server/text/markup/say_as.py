"""Verbalizes the content of say-as elements.

Where docs/text.md has a rule for a kind of content, that rule is applied; this module only checks that the content is
of the kind that the element names.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from server.text.characters import HAN
from server.text.markup.positions import MarkupError, quoted
from server.text.normalization.normalize import normalize
from server.text.normalization.numerals import MAX_CARDINAL_DIGITS, cardinal, number, spell_digits
from server.text.normalization.rules.money import CURRENCIES
from server.text.normalization.rules.patterns import NUMBER
from server.text.pronunciation.word_lists import NAME_SURNAME_READINGS

MAX_CONTENT_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class SpokenForm:
    """Characters to speak in place of the content."""

    text: str
    pinyin: Mapping[int, str] = field(default_factory=dict)
    """Position in `text` -> syllable of its character, where the dictionaries must not decide."""


def verbalize_say_as(content: str, kind: str, form: str | None) -> SpokenForm:
    """Returns the spoken form of `content`; `kind` and `form` are the attributes interpret-as and format.

    Raises `MarkupError` for an unknown kind or format, and for content that is not of the kind.
    """
    if kind not in KINDS:
        raise MarkupError(f"interpret-as {quoted(kind)} is not known; valid: {', '.join(KINDS)}")
    if form is not None and kind not in _KINDS_WITH_FORMAT:
        with_format = " and ".join(_KINDS_WITH_FORMAT)
        raise MarkupError(f"interpret-as {quoted(kind)} has no format; only {with_format} have one")
    if not content.strip() or len(content) > MAX_CONTENT_CHARACTERS:
        raise MarkupError(f"the content has {len(content.strip())} characters; valid: 1 to {MAX_CONTENT_CHARACTERS}")
    plain = unicodedata.normalize("NFKC", content.strip())
    if kind in _KINDS_WITH_FORMAT:
        return SpokenForm(_KINDS_WITH_FORMAT[kind](plain, form))
    return _KINDS_WITHOUT_FORMAT[kind](plain)


def _digits(content: str) -> SpokenForm:
    _match(content, r"[0-9][0-9 -]*", "sequence of digits", "0 to 9 and -, as in 1024")
    return _spell(spell_digits(content))


def _telephone(content: str) -> SpokenForm:
    _match(
        content, r"[+]?[0-9 ()转-]*[0-9][0-9 ()转-]*", "telephone number", "digits and + - ( ) 转, as in 010-64035547"
    )
    return SpokenForm("转".join(spell_digits(part, yao=True) for part in content.split("转")))


def _cardinal(content: str) -> SpokenForm:
    match = _match(content, rf"([+−-]?)\s?({NUMBER})", "number", "a number, as in 1234, -5 or 3.14")
    whole, point, decimals = match[2].replace(",", "").partition(".")
    whole = whole.lstrip("0") or "0"
    if len(whole) > MAX_CARDINAL_DIGITS:
        raise MarkupError(
            f"a number has at most {MAX_CARDINAL_DIGITS} digits, {quoted(content)} has more; use interpret-as 'digits'"
        )
    sign = {"": "", "+": "加"}.get(match[1], "负")
    return SpokenForm(sign + number(whole + point + decimals))


def _ordinal(content: str) -> SpokenForm:
    match = _match(content, rf"第?\s?([0-9]{{1,{MAX_CARDINAL_DIGITS}}})", "ordinal", "a whole number, as in 3 or 第3")
    spoken = "第" + cardinal(match[1].lstrip("0") or "0")
    return SpokenForm(spoken, {1: "yi1"} if spoken == "第一" else {})


def _characters(content: str) -> SpokenForm:
    spoken = []
    for char in content:
        if char.isascii() and char.isdigit():
            spoken.append(spell_digits(char))
        elif char.isascii() and char.isalpha():
            spoken.append(f" {char.upper()} ")
        elif re.match(f"[{HAN}]", char):
            spoken.append(char)
        elif char in _CHARACTER_NAMES:
            spoken.append(_CHARACTER_NAMES[char])
        elif not char.isspace():
            valid = f"Chinese, A-Z, 0-9, {' '.join(_CHARACTER_NAMES)}"
            raise MarkupError(f"the character {quoted(char)} has no name; valid: {valid}")
    return _spell(re.sub(" +", " ", "".join(spoken)).strip())


def _currency(content: str) -> SpokenForm:
    names = "|".join(re.escape(name) for name in sorted({*CURRENCIES, *CURRENCIES.values()}, key=len, reverse=True))
    amount = rf"[−-]?\s?{NUMBER}\s?[百千万亿]{{0,2}}\s?"
    pattern = rf"[−-]?(?:{names})\s?{amount}|{amount}(?:{names}|人民币|块|角|分)"
    _match(content, pattern, "amount of money", "a number with a currency, as in ¥13.50, 100元 or USD 20")
    return SpokenForm(_normalize(content))


def _measure(content: str) -> SpokenForm:
    _match(content, rf"[−-]?{NUMBER}\s?[^\s0-9].{{0,30}}", "measure", "a number with a unit, as in 25kg or 120㎡")
    return SpokenForm(_normalize(content))


def _address(content: str) -> SpokenForm:
    """Reads room numbers digit by digit and house numbers as numbers."""
    return SpokenForm(_normalize(re.sub("[0-9]{3,}", lambda match: spell_digits(match[0]), content)))


def _name(content: str) -> SpokenForm:
    _match(content, f"[{HAN}]{{2,6}}", "name", "two to six Chinese characters")
    for length in (2, 1):
        if pinyin := NAME_SURNAME_READINGS.get(content[:length]):
            return SpokenForm(content, dict(enumerate(pinyin.split())))
    return SpokenForm(content)


def _spell(spoken: str) -> SpokenForm:
    """Returns characters that are read one by one: 一 keeps its first tone."""
    return SpokenForm(spoken, {position: "yi1" for position, char in enumerate(spoken) if char == "一"})


_DATE_FORMATS = ("ymd", "mdy", "dmy", "ydm", "ym", "my", "md", "dm", "y", "m", "d")
_DAYS_OF_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def _date(content: str, form: str | None) -> str:
    parts = re.findall("[0-9]+", content)
    if re.fullmatch(r"[0-9]{8}", content) and form in (None, "ymd"):
        parts = [content[:4], content[4:6], content[6:]]
    if not re.fullmatch(r"[0-9]{1,8}(?:\s?[-/.年月日号 ]\s?[0-9]{0,4}){0,3}", content) or len(parts) > 3:
        valid = "numbers with - / . or 年月日 between, as in 2024-03-05"
        raise MarkupError(f"{quoted(content)} is not a valid date; valid: {valid}")
    order = form or {3: "ymd", 2: "ym" if len(parts[0]) == 4 else "md", 1: "y"}[len(parts)]
    if order not in _DATE_FORMATS:
        raise MarkupError(f"date format {quoted(order)} is not known; valid: {', '.join(_DATE_FORMATS)}")
    if len(order) != len(parts):
        raise MarkupError(f"{quoted(content)} has {len(parts)} numbers, and the format {order!r} has {len(order)}")
    fields = dict(zip(order, parts, strict=True))
    if not _is_date(fields):
        raise MarkupError(
            f"{quoted(content)} is not a valid date in the order {order!r}; valid: months to 12, days to 31, years of "
            f"2 to 4 digits; give another format if the order is another: {', '.join(_DATE_FORMATS)}"
        )
    year = spell_digits(fields["y"]) + "年" if "y" in fields else ""
    month, day = (cardinal(str(int(fields[unit]))) + name if unit in fields else "" for unit, name in ("m月", "d日"))
    return year + month + day


def _is_date(fields: Mapping[str, str]) -> bool:
    """Returns whether the digits of year `y`, month `m` and day `d`, as far as given, are a date in some year."""
    if not 2 <= len(fields.get("y", "2024")) <= 4 or any(len(fields.get(unit, "1")) > 2 for unit in "md"):
        return False
    month, day = int(fields.get("m", 1)), int(fields.get("d", 1))
    return 1 <= month <= 12 and 1 <= day <= _DAYS_OF_MONTH[month - 1]


_CLOCK = r"(?:[01]?[0-9]|2[0-4]):[0-5][0-9](?::[0-5][0-9])?(?:\s?[aApP]\.?[mM]\.?)?"
_TIME_PATTERNS = {
    "hms": _CLOCK, "hm": _CLOCK, "hms24": _CLOCK,
    "hms12": r"(?:0?[0-9]|1[0-2]):[0-5][0-9](?::[0-5][0-9])?(?:\s?[aApP]\.?[mM]\.?)?",
    "ms": r"[0-9]{1,2}:[0-5][0-9]",
}  # fmt: skip


def _time(content: str, form: str | None) -> str:
    if form is not None and form not in _TIME_PATTERNS:
        raise MarkupError(f"time format {quoted(form)} is not known; valid: {', '.join(_TIME_PATTERNS)}")
    _match(content, _TIME_PATTERNS[form or "hms"], "time", "hours and minutes, as in 8:30, 13:10:36 or 7:30am")
    if form == "ms":
        minutes, seconds = content.split(":")
        return f"{number(str(int(minutes)))}分{number(str(int(seconds)))}秒"
    return _normalize(content)


def _normalize(content: str) -> str:
    normalized = normalize(content)
    if normalized.warnings or not normalized.text:
        raise MarkupError("; ".join(normalized.warnings) or f"{quoted(content)} has nothing to speak")
    return normalized.text


def _match(content: str, pattern: str, kind: str, valid: str) -> re.Match[str]:
    match = re.fullmatch(pattern, content)
    if match is None:
        raise MarkupError(f"{quoted(content)} is not a valid {kind}; valid: {valid}")
    return match


_CHARACTER_NAMES = {
    "@": "艾特", ".": "点", "-": "杠", "_": "下划线", "/": "斜杠", "\\": "反斜杠", "#": "井号", "*": "星号",
    "+": "加号", "=": "等号", "&": "和", "%": "百分号", "$": "美元符号", "¥": "人民币符号", "~": "波浪号", "|": "竖线",
    "^": "上尖号", ",": "逗号", "。": "句号", ":": "冒号", ";": "分号", "?": "问号", "!": "感叹号", "、": "顿号",
    "'": "单引号", '"': "双引号", "“": "左双引号", "”": "右双引号", "‘": "左单引号", "’": "右单引号", "(": "左括号",
    ")": "右括号", "[": "左方括号", "]": "右方括号", "{": "左花括号", "}": "右花括号", "<": "小于号", ">": "大于号",
    "《": "左书名号", "》": "右书名号", "—": "破折号",
}  # fmt: skip
_KINDS_WITH_FORMAT: Mapping[str, Callable[[str, str | None], str]] = {"date": _date, "time": _time}
_KINDS_WITHOUT_FORMAT: Mapping[str, Callable[[str], SpokenForm]] = {
    "digits": _digits, "cardinal": _cardinal, "number": _cardinal, "ordinal": _ordinal, "telephone": _telephone,
    "characters": _characters, "spell-out": _characters,
    "verbatim": _characters, "punctuation": _characters, "id": _characters, "nick": _characters,
    "currency": _currency, "measure": _measure, "address": _address, "name": _name,
}  # fmt: skip
KINDS = (*_KINDS_WITHOUT_FORMAT, *_KINDS_WITH_FORMAT)
