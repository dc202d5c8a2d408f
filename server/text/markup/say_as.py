"""What say-as makes of its content: the characters that are spoken in its place.

Where docs/text.md already has a rule for a thing, that rule reads it; what is decided here is only that the thing is
one, whatever it looks like.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from server.text.characters import HAN
from server.text.markup.positions import MarkupError, shown
from server.text.normalization.normalize import normalize
from server.text.normalization.numerals import LONGEST_CARDINAL, cardinal, number, spell_digits
from server.text.normalization.rules.money import CURRENCIES
from server.text.normalization.rules.patterns import N

LONGEST = 200
"""Characters of content."""


@dataclass(frozen=True, slots=True)
class Reading:
    text: str
    pinyin: Mapping[int, str] = field(default_factory=dict)
    """Syllables of characters of `text` by their places, where the dictionaries are not to decide."""


def say_as(content: str, kind: str, form: str | None) -> Reading:
    """Raises `MarkupError` for an unknown kind or format, and for content that is none of the kind."""
    if kind not in KINDS:
        raise MarkupError(f"interpret-as {shown(kind)} is not known; valid: {', '.join(KINDS)}")
    if form is not None and kind not in _FORMATTED:
        raise MarkupError(f"interpret-as {shown(kind)} has no format; only {' and '.join(_FORMATTED)} have one")
    if not content.strip() or len(content) > LONGEST:
        raise MarkupError(f"the content has {len(content.strip())} characters; valid: 1 to {LONGEST}")
    plain = unicodedata.normalize("NFKC", content.strip())
    return Reading(_FORMATTED[kind](plain, form)) if kind in _FORMATTED else _UNFORMATTED[kind](plain)


def _digits(content: str) -> Reading:
    _expect(content, r"[0-9][0-9 -]*", "digits", "digits, as in 1024")
    return _one_by_one(spell_digits(content))


def _telephone(content: str) -> Reading:
    _expect(
        content, r"[+]?[0-9 ()转-]*[0-9][0-9 ()转-]*", "telephone number", "digits and + - ( ) 转, as in 010-64035547"
    )
    return Reading("转".join(spell_digits(part, yao=True) for part in content.split("转")))


def _cardinal(content: str) -> Reading:
    match = _expect(content, rf"([+−-]?)\s?({N})", "number", "a number, as in 1234, -5 or 3.14")
    whole, point, decimals = match[2].replace(",", "").partition(".")
    whole = whole.lstrip("0") or "0"
    if len(whole) > LONGEST_CARDINAL:
        raise MarkupError(
            f"a number has at most {LONGEST_CARDINAL} digits, {shown(content)} has more; say it as digits"
        )
    sign = {"": "", "+": "加"}.get(match[1], "负")
    return Reading(sign + number(whole + point + decimals))


def _ordinal(content: str) -> Reading:
    match = _expect(content, rf"第?\s?([0-9]{{1,{LONGEST_CARDINAL}}})", "ordinal", "a whole number, as in 3 or 第3")
    spoken = "第" + cardinal(match[1].lstrip("0") or "0")
    return Reading(spoken, {1: "yi1"} if spoken == "第一" else {})


def _characters(content: str) -> Reading:
    spoken = []
    for char in content:
        if char.isascii() and char.isdigit():
            spoken.append(spell_digits(char))
        elif char.isascii() and char.isalpha():
            spoken.append(f" {char.upper()} ")
        elif re.match(f"[{HAN}]", char):
            spoken.append(char)
        elif char in _NAMES:
            spoken.append(_NAMES[char])
        elif not char.isspace():
            raise MarkupError(f"the character {shown(char)} has no name; valid: Chinese, A-Z, 0-9, {' '.join(_NAMES)}")
    return _one_by_one(re.sub(" +", " ", "".join(spoken)).strip())


def _currency(content: str) -> Reading:
    names = "|".join(re.escape(name) for name in sorted({*CURRENCIES, *CURRENCIES.values()}, key=len, reverse=True))
    amount = rf"[−-]?\s?{N}\s?[百千万亿]{{0,2}}\s?"
    sides = rf"[−-]?(?:{names})\s?{amount}|{amount}(?:{names}|人民币|块|角|分)"
    _expect(content, sides, "amount of money", "a number with a currency, as in ¥13.50, 100元 or USD 20")
    return Reading(_by_rule(content))


def _measure(content: str) -> Reading:
    _expect(content, rf"[−-]?{N}\s?[^\s0-9].{{0,30}}", "measure", "a number with a unit, as in 25kg or 120㎡")
    return Reading(_by_rule(content))


def _address(content: str) -> Reading:
    """Room numbers digit by digit, the number of a house as a number."""
    return Reading(_by_rule(re.sub("[0-9]{3,}", lambda match: spell_digits(match[0]), content)))


def _name(content: str) -> Reading:
    _expect(content, f"[{HAN}]{{2,6}}", "name", "two to six Chinese characters")
    for length in (2, 1):
        if pinyin := _SURNAMES.get(content[:length]):
            return Reading(content, dict(enumerate(pinyin.split())))
    return Reading(content)


def _one_by_one(spoken: str) -> Reading:
    """一 keeps its tone where it is one of many digits."""
    return Reading(spoken, {place: "yi1" for place, char in enumerate(spoken) if char == "一"})


_ORDERS = ("ymd", "mdy", "dmy", "ydm", "ym", "my", "md", "dm", "y", "m", "d")
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def _date(content: str, form: str | None) -> str:
    parts = re.findall("[0-9]+", content)
    if re.fullmatch(r"[0-9]{8}", content) and form in (None, "ymd"):
        parts = [content[:4], content[4:6], content[6:]]
    if not re.fullmatch(r"[0-9]{1,8}(?:\s?[-/.年月日号 ]\s?[0-9]{0,4}){0,3}", content) or len(parts) > 3:
        raise MarkupError(f"{shown(content)} is no date; valid: numbers with - / . or 年月日 between, as in 2024-03-05")
    order = form or {3: "ymd", 2: "ym" if len(parts[0]) == 4 else "md", 1: "y"}[len(parts)]
    if order not in _ORDERS:
        raise MarkupError(f"date format {shown(order)} is not known; valid: {', '.join(_ORDERS)}")
    if len(order) != len(parts):
        raise MarkupError(f"{shown(content)} has {len(parts)} numbers, and the format {order!r} has {len(order)}")
    of = dict(zip(order, parts, strict=True))
    month, day = (int(of.get(unit, 1)) if len(of.get(unit, "1")) < 3 else 0 for unit in "md")
    if (
        not 1 <= month <= 12
        or not 1 <= day <= _DAYS[month - 1 if "m" in of else 0]
        or not 2 <= len(of.get("y", "2024")) <= 4
    ):
        raise MarkupError(
            f"{shown(content)} is no date in the order {order!r}; valid: months to 12, days to 31, years of 2 to 4 "
            f"digits; give another format where the order is another: {', '.join(_ORDERS)}"
        )
    year = spell_digits(of["y"]) + "年" if "y" in of else ""
    return year + (f"{cardinal(str(month))}月" if "m" in of else "") + (f"{cardinal(str(day))}日" if "d" in of else "")


_CLOCK = r"(?:[01]?[0-9]|2[0-4]):[0-5][0-9](?::[0-5][0-9])?(?:\s?[aApP]\.?[mM]\.?)?"
_TIMES = {
    "hms": _CLOCK, "hm": _CLOCK, "hms24": _CLOCK,
    "hms12": r"(?:0?[0-9]|1[0-2]):[0-5][0-9](?::[0-5][0-9])?(?:\s?[aApP]\.?[mM]\.?)?",
    "ms": r"[0-9]{1,2}:[0-5][0-9]",
}  # fmt: skip


def _time(content: str, form: str | None) -> str:
    if form is not None and form not in _TIMES:
        raise MarkupError(f"time format {shown(form)} is not known; valid: {', '.join(_TIMES)}")
    _expect(content, _TIMES[form or "hms"], "time", "hours and minutes, as in 8:30, 13:10:36 or 7:30am")
    if form == "ms":
        minutes, seconds = content.split(":")
        return f"{number(str(int(minutes)))}分{number(str(int(seconds)))}秒"
    return _by_rule(content)


def _by_rule(content: str) -> str:
    normalized = normalize(content)
    if normalized.warnings or not normalized.text:
        raise MarkupError("; ".join(normalized.warnings) or f"{shown(content)} has nothing to speak")
    return normalized.text


def _expect(content: str, pattern: str, kind: str, form: str) -> re.Match[str]:
    match = re.fullmatch(pattern, content)
    if match is None:
        raise MarkupError(f"{shown(content)} is no {kind}; valid: {form}")
    return match


_NAMES = {
    "@": "艾特", ".": "点", "-": "杠", "_": "下划线", "/": "斜杠", "\\": "反斜杠", "#": "井号", "*": "星号",
    "+": "加号", "=": "等号", "&": "和", "%": "百分号", "$": "美元符号", "¥": "人民币符号", "~": "波浪号", "|": "竖线",
    "^": "上尖号", ",": "逗号", "。": "句号", ":": "冒号", ";": "分号", "?": "问号", "!": "感叹号", "、": "顿号",
    "'": "单引号", '"': "双引号", "“": "左双引号", "”": "右双引号", "‘": "左单引号", "’": "右单引号", "(": "左括号",
    ")": "右括号", "[": "左方括号", "]": "右方括号", "{": "左花括号", "}": "右花括号", "<": "小于号", ">": "大于号",
    "《": "左书名号", "》": "右书名号", "—": "破折号",
}  # fmt: skip
_SURNAMES = {
    "单": "shan4", "仇": "qiu2", "任": "ren2", "曾": "zeng1", "解": "xie4", "查": "zha1", "盖": "ge3", "区": "ou1",
    "朴": "piao2", "翟": "zhai2", "华": "hua4", "乐": "yue4", "员": "yun4", "冼": "xian3", "缪": "miao4", "繁": "po2",
    "召": "shao4", "种": "chong2", "折": "she2", "秘": "bi4", "燕": "yan1", "宁": "ning2", "纪": "ji3", "覃": "qin2",
    "祭": "zhai4", "那": "na1", "哈": "ha3", "重": "chong2", "逄": "pang2", "晁": "chao2", "尉迟": "yu4 chi2",
    "万俟": "mo4 qi2", "令狐": "ling2 hu2", "澹台": "tan2 tai2", "单于": "chan2 yu2", "长孙": "zhang3 sun1",
}  # fmt: skip
"""Surnames that are read in another way than the word."""
_FORMATTED: Mapping[str, Callable[[str, str | None], str]] = {"date": _date, "time": _time}
_UNFORMATTED: Mapping[str, Callable[[str], Reading]] = {
    "digits": _digits, "cardinal": _cardinal, "number": _cardinal, "ordinal": _ordinal, "telephone": _telephone,
    "characters": _characters, "spell-out": _characters,
    "verbatim": _characters, "punctuation": _characters, "id": _characters, "nick": _characters,
    "currency": _currency, "measure": _measure, "address": _address, "name": _name,
}  # fmt: skip
KINDS = (*_UNFORMATTED, *_FORMATTED)
