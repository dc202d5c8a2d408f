"""Dates, years and times of day."""

import re

from server.text.normalization.numerals import cardinal, number, spell_digits
from server.text.normalization.rewriting import rule
from server.text.normalization.rules.patterns import CALENDAR_UNITS, MEASURE_WORD, RANGE_DASH, UNATTACHED

_MONTH, _DAY, _YEAR = r"(0?[1-9]|1[0-2])", r"(0?[1-9]|[12][0-9]|3[01])", r"((?:19|20)[0-9]{2})"
_FULL_DATE = r"[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}"
_CLOCK = r"(?:[01]?[0-9]|2[0-4])[:：][0-5][0-9](?:[:：][0-5][0-9])?"
_TIME = r"([01]?[0-9]|2[0-4])[:：]([0-5][0-9])(?:[:：]([0-5][0-9]))?(?![0-9:])"
_HALF_OF_DAY = r"\s?([aApP])(?:[mM](?![A-Za-z0-9])\.?|\.\s?[mM]\.?(?![A-Za-z0-9]))"
"""a.m. or p.m."""
_ANNUAL_NOUNS = "届|级|款|版|春晚|奥运|冬奥|世界杯|欧洲杯|亚洲杯|世锦赛|赛季|学年|财年|财报|春运|高考|中考|跨年"
_CLAUSE_END = r"(?=\s?(?:$|[，。！？；：、（）,;()]))"


def _date(year: str, month: str, day: str | None = None) -> str:
    return f"{spell_digits(year)}年{_without_zero(month)}月" + (f"{_without_zero(day)}日" if day else "")


def _without_zero(digits: str) -> str:
    return cardinal(str(int(digits)))


def _time(hour: str, minute: str, second: str | None) -> str:
    spoken = ("两" if int(hour) == 2 else _without_zero(hour)) + "点"
    if int(minute) or second:
        spoken += ("零" if minute != "00" and minute[0] == "0" else "") + _without_zero(minute) + "分"
    return spoken + (f"{_without_zero(second)}秒" if second else "")


def _half_of_day(letter: str) -> str:
    return "上午" if letter in "aA" else "下午"


def _decade(match: re.Match[str]) -> str:
    return spell_digits(match[1]) + "年代"


def _years(match: re.Match[str]) -> str:
    return f"{spell_digits(match[1])}到{spell_digits(match[2])}"


_HOLIDAY = r"(?=[是的]?(?:元旦|国庆|圣诞|劳动|妇女|儿童|青年|情人|教师|护士|植树|建军|建党|光棍)节?|大促|购物节)"
_NAMED_DAYS = frozenset({(3, 8), (3, 15), (5, 1), (5, 4), (6, 1), (6, 18), (7, 1), (8, 1), (10, 1), (11, 11), (12, 12)})
"""Days that are named by their digits: 三八, 六一."""


def _holiday(match: re.Match[str]) -> str:
    month, day = int(match[1]), int(match[2])
    if (month, day) not in _NAMED_DAYS:
        return f"{_without_zero(match[1])}月{_without_zero(match[2])}日"
    return "十一" if (month, day) == (10, 1) else spell_digits(f"{month}{day}") if day != 11 else "双十一"


_DATES = (
    rule(rf"(?<![0-9./]){_MONTH}/{_DAY}(?![0-9/]){_HOLIDAY}", _holiday),
    rule(r"(?<![0-9./])24/7(?![0-9/])(?:小时)?", lambda m: "七乘二十四小时"),
    rule(rf"(?<=[{CALENDAR_UNITS}]){RANGE_DASH}(?=[0-9])", lambda m: "到"),
    rule(rf"(?<![0-9.])({_FULL_DATE}){RANGE_DASH}(?={_FULL_DATE})", lambda m: m[1] + "到"),
    rule(rf"(?<![0-9.])({_FULL_DATE})T(?={_CLOCK})", lambda m: m[1] + " "),
    rule(rf"(?<![0-9])([0-9]{{4}})([-/.]){_MONTH}\2{_DAY}(?![0-9])日?", lambda m: _date(m[1], m[3], m[4])),
    rule(rf"(?<![0-9]){_MONTH}([-/.]){_DAY}\2{_YEAR}(?![0-9])", lambda m: _date(m[4], m[1], m[3])),
    rule(rf"(?<![0-9]){_DAY}([-/.]){_MONTH}\2{_YEAR}(?![0-9])", lambda m: _date(m[4], m[3], m[1])),
    rule(r"(?<![0-9])([0-9]{4})[-/]([0-9]{2})(?=\s?(?:赛季|学年|财年))", _years),
    rule(rf"(?<![0-9.]){_YEAR}[-/](0[1-9]|1[0-2])(?![0-9])", lambda m: _date(m[1], m[2])),
    rule(rf"{UNATTACHED}{_YEAR}\.(0[1-9]|1[0-2])(?![0-9.%A-Za-z]|\s?{MEASURE_WORD})", lambda m: _date(m[1], m[2])),
    rule(rf"(?<![0-9A-Za-z./-])(?:(0[1-9])[-/.]|(1[0-2])/){_YEAR}(?![0-9])", lambda m: _date(m[3], m[1] or m[2])),
    rule(rf"(?<![0-9A-Za-z.:/¥$€£-])(?:(0[1-9])[-/.](0[1-9]|[12][0-9]|3[01])|(1[0-2])[-/](0[1-9]))"
         rf"(?![0-9A-Za-z%]|[./:-][0-9]|\s?{MEASURE_WORD})",
         lambda m: f"{_without_zero(m[1] or m[3])}月{_without_zero(m[2] or m[4])}日"),
    rule(r"(?<![0-9.])0([1-9])(?=\s?[月日号])", lambda m: cardinal(m[1])),
    rule(rf"{UNATTACHED}([0-9]{{1,2}})/([0-9]{{1,2}})(?=日|号)",
         lambda m: f"{_without_zero(m[1])}月{_without_zero(m[2])}"),
)  # fmt: skip
_YEARS = (
    rule(rf"(?<![0-9])([0-9]{{4}}){RANGE_DASH}([0-9]{{4}})(?=\s?(?:年(?!前)|赛季|学年|财年|[届级]))", _years),
    rule(rf"(?<![0-9A-Za-z.¥$€£]){_YEAR}{RANGE_DASH}{_YEAR}{_CLAUSE_END}", _years),
    rule(r"((?:公元)前?)([0-9]{1,4})(?=年)", lambda m: m[1] + spell_digits(m[2])),
    rule(r"(?<![0-9])((?:1[0-9]|20)[0-9]0)'?s(?![A-Za-z])", _decade),
    rule(r"(?<![0-9A-Za-z])'?([2-9]0)'s(?![A-Za-z])", _decade),
    rule(r"(?<![0-9.])((?!1000|2000年[前来]|[0-9]{4}年的?历史)[12][0-9]{3}|[0-9]{2}(?=年[0-9]{1,2}月)|[89][0-9](?=年(?:[^代来前以]|$)))年",
         lambda m: spell_digits(m[1]) + "年"),
    rule(rf"(?<![0-9A-Za-z.,]){_YEAR}(?=\s?(?:{_ANNUAL_NOUNS}))", lambda m: spell_digits(m[1])),
    rule(r"(?<![0-9])([06-9]0|[09]5)(?=后)", lambda m: spell_digits(m[1])),
)  # fmt: skip
_TIMES = (
    rule(rf"(?<![0-9:.])({_CLOCK}){RANGE_DASH}(?={_CLOCK})", lambda m: m[1] + "到"),
    rule(rf"(?<![0-9:.]){_TIME}{_HALF_OF_DAY}", lambda m: _half_of_day(m[4]) + _time(m[1], m[2], m[3])),
    rule(rf"(?<![0-9A-Za-z:.])(1[0-2]|[1-9]){_HALF_OF_DAY}",
         lambda m: f"{_half_of_day(m[2])}{_time(m[1], '00', None)}"),
    rule(rf"(?<![0-9:.]){_TIME}", lambda m: _time(m[1], m[2], m[3])),
    rule(r"(?<![0-9A-Za-z.])([0-9]{1,3})h\s?([0-9]{1,2})(?:min|m)(?![A-Za-z0-9])",
         lambda m: f"{number(m[1])}小时{number(m[2])}分钟"),
    rule(r"""(?<=[高长宽深])([^0-9，。]{0,2})([1-9])'([0-9]|1[01])(?:"|'')""",
         lambda m: f"{m[1]}{number(m[2])}英尺{number(m[3])}英寸"),
    rule(r"""(?<![0-9A-Za-z.°])([0-9]{1,3})'([0-5]?[0-9])(?:"|'')""", lambda m: f"{number(m[1])}分{number(m[2])}秒"),
    rule(r"(?<=[周期][一二三四五六日天])[-~](?=[周星])", lambda m: "到"),
)  # fmt: skip
RULES = (*_DATES, *_YEARS, *_TIMES)
