"""Written Chinese -> spoken Chinese: numbers, dates, times, money, units and signs become characters to be read.

A short table of rules, tried in order, each on what the ones before it left. Its limits are known: a bare `1-2` is a
range and never a score, `3/4` is a fraction and never a day, `2:30` is a time and never a ratio (unless a score is
spoken of), addresses on the web are spelled as they stand. Latin letters stay; whoever reads them spells them.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from server.text.letters import LETTERS
from server.text.numerals import cardinal, number, spell_digits

HAN = "\u3400-\u4dbf\u4e00-\u9fff〇\U00020000-\U0003ffff"
PAUSES = "，。？！；：、…—（）"
"""The punctuation that is left in a normalised text."""

_N = r"[0-9]+(?:,[0-9]{3})*(?:\.[0-9]+)?"
_TO = r"\s?[-~–—−]{1,2}\s?"
_BEFORE = r"(?<![0-9A-Za-z.])"
_PAUSE_OF = str.maketrans(
    {",": "，", "?": "？", "!": "！", ";": "；", ":": "：", "(": "（", ")": "）", "[": "（", "]": "）", "【": "（",
     "】": "）", "〔": "（", "〕": "）", "｡": "。", "､": "、", "·": " ", "/": "、", "–": "—", "⋯": "…", "．": "。"}
)  # fmt: skip
_MONEY = {"¥": "元", "$": "美元", "€": "欧元", "£": "英镑"}
_UNITS = {
    "km/h": "千米每小时", "m/s": "米每秒", "km²": "平方千米", "m²": "平方米", "cm²": "平方厘米", "m³": "立方米",
    "cm³": "立方厘米", "km2": "平方千米", "m2": "平方米", "m3": "立方米", "km": "千米", "cm": "厘米", "mm": "毫米",
    "m": "米", "kg": "千克", "mg": "毫克", "g": "克", "t": "吨", "ml": "毫升", "mL": "毫升", "L": "升", "l": "升",
    "kWh": "千瓦时", "kW": "千瓦", "W": "瓦", "V": "伏", "Hz": "赫兹", "kHz": "千赫兹", "MHz": "兆赫兹", "GHz": "吉赫兹",
    "dB": "分贝", "ms": "毫秒", "s": "秒", "min": "分钟", "h": "小时", "°C": "摄氏度", "°F": "华氏度", "°": "度",
}  # fmt: skip
_UNIT = "|".join(re.escape(unit) for unit in sorted(_UNITS, key=len, reverse=True))
_MEASURES = (
    "个只天次年条件位名人张本家种块元美元欧元米千米公里公斤千克克斤吨升小时分钟秒周星期倍台辆艘架座层间所匹头岁杯瓶"
    "碗份篇首句段遍趟场门把套双对群组批株棵颗粒片支部节点万亿百千"
)
_TWO = re.compile(
    rf"(?<![{HAN}0-9.])2(?=\s?(?:个|只|天|次|年(?!级|代)|条|件|位|名|人|张|本|家|种|块|元|美元|欧元|英镑|米|千|公|克|斤|吨|升|小时|"
    "分钟|秒|周|星期|倍|台|辆|艘|架|座|层|间|所|匹|头|岁|杯|瓶|碗|份|篇|首|句|段|遍|趟|场|门|把|套|双|对|群|组|批|株|棵|"
    "颗|粒|片|支|部|节|点(?![0-9])|万|亿|百))"
)
_SIGNS = {"+": "加", "=": "等于", "×": "乘", "*": "乘", "÷": "除以", ">": "大于", "<": "小于", "≥": "大于等于",
          "≤": "小于等于", "≈": "约等于"}  # fmt: skip
_NUMBERED = "电话|热线|拨打|致电|手机|报警|客服"
_CODED = "编号|尾号|验证码|密码|工号|学号|卡号|房号|邮编|订单号|号码"

Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], str]]


def _rule(pattern: str, spoken: Callable[[re.Match[str]], str]) -> Rule:
    return re.compile(pattern), spoken


def _date(year: str, month: str, day: str | None = None) -> str:
    return f"{spell_digits(year)}年{cardinal(month.lstrip('0'))}月" + (f"{cardinal(day.lstrip('0'))}日" if day else "")


def _time(match: re.Match[str]) -> str:
    hour, minute, second = match.group(1, 2, 3)
    spoken = ("两" if int(hour) == 2 else cardinal(str(int(hour)))) + "点"
    if int(minute) or second:
        spoken += ("零" if minute != "00" and minute[0] == "0" else "") + cardinal(str(int(minute))) + "分"
    return spoken + (cardinal(str(int(second))) + "秒" if second else "")


def _money(match: re.Match[str]) -> str:
    sign, amount, scale = match.group(1, 2, 3)
    if "." in amount:
        amount = amount.rstrip("0").rstrip(".")
    return ("两" if amount == "2" else number(amount)) + (scale or "") + _MONEY[sign]


def _measured(match: re.Match[str]) -> str:
    amount, unit = match.group(1, 2)
    two = amount == "2" and not unit.startswith("°")
    return ("两" if two else number(amount)) + _UNITS[unit]


_MONTH, _DAY = r"(0?[1-9]|1[0-2])", r"(0?[1-9]|[12][0-9]|3[01])"
_RULES: tuple[Rule, ...] = (
    # telephone numbers and codes
    _rule(r"(?<![0-9])(?:\+86[- ]?)?(1[3-9][0-9])[- ]?([0-9]{4})[- ]?([0-9]{4})(?![0-9])",
          lambda m: spell_digits("".join(m.groups()), yao=True)),
    _rule(r"(?<![0-9])(0[0-9]{2,3}|[48]00)-([0-9]{3,4})-?([0-9]{3,5})(?![0-9])",
          lambda m: spell_digits("".join(m.groups()), yao=True)),
    _rule(rf"({_NUMBERED})([^0-9，。；！？]{{0,4}})([0-9]{{3,}})(?![0-9.%])",
          lambda m: m[1] + m[2] + spell_digits(m[3], yao=True)),
    _rule(rf"({_CODED})([^0-9，。；！？]{{0,3}})([0-9]{{2,}})(?![0-9.%])", lambda m: m[1] + m[2] + spell_digits(m[3])),
    # dates and times
    _rule(rf"(?<![0-9])([0-9]{{4}})([-/.]){_MONTH}\2{_DAY}(?![0-9])日?", lambda m: _date(m[1], m[3], m[4])),
    _rule(r"(?<![0-9])((?:19|20)[0-9]{2})[-/](0[1-9]|1[0-2])(?![0-9])", lambda m: _date(m[1], m[2])),
    _rule(rf"(?<![0-9])([0-9]{{4}}){_TO}([0-9]{{4}})(?=\s?(?:年|赛季|学年))",
          lambda m: f"{spell_digits(m[1])}到{spell_digits(m[2])}"),
    _rule(r"(?<![0-9])([0-9]{4}|[0-9]{2})\s?年(?![级前后内间])(?!以)", lambda m: spell_digits(m[1]) + "年"),
    _rule(r"(?<![0-9])([12][0-9]{3})\s?年(?=[级前后内间以])", lambda m: spell_digits(m[1]) + "年"),
    _rule(r"(?<![0-9.])0([1-9])(?=\s?[月日号])", lambda m: cardinal(m[1])),
    _rule(r"(比分|战平|领先|战胜|击败|不敌)([^0-9，。]{0,4})([0-9]{1,3})\s?[:：-]\s?([0-9]{1,3})(?![0-9])",
          lambda m: f"{m[1]}{m[2]}{cardinal(m[3])}比{cardinal(m[4])}"),
    _rule(r"(?<![0-9:.])([01]?[0-9]|2[0-4])[:：]([0-5][0-9])(?:[:：]([0-5][0-9]))?(?![0-9:])", _time),
    _rule(rf"(?<=[点分秒]){_TO}(?=[一二两三四五六七八九十零])", lambda m: "到"),
    _rule(r"(?<![0-9])([0-9]+)[:：]([0-9]+)(?![0-9])", lambda m: f"{number(m[1])}比{number(m[2])}"),
    # versions, addresses, names with numbers
    _rule(r"(?<![0-9])([0-9]{1,5}(?:\.[0-9]{1,5}){2,})(?![0-9])", lambda m: "点".join(map(spell_digits, m[1].split(".")))),
    _rule(r"(?<=[A-Za-z])-?([0-9]{3,})(?![0-9.])", lambda m: spell_digits(m[1])),
    _rule(r"(?<=[vV])([0-9]+)\.([0-9]+)(?![0-9])", lambda m: f"{cardinal(m[1])}点{spell_digits(m[2])}"),
    # quantities
    _rule(rf"{_BEFORE}({_N})%{_TO}({_N})%", lambda m: f"百分之{number(m[1])}到百分之{number(m[2])}"),
    _rule(rf"{_BEFORE}({_N}){_TO}({_N})%", lambda m: f"百分之{number(m[1])}到百分之{number(m[2])}"),
    _rule(rf"(?<![0-9A-Za-z{HAN}])[-−]({_N})\s?%", lambda m: f"负百分之{number(m[1])}"),
    _rule(rf"({_N})\s?%", lambda m: f"百分之{number(m[1])}"),
    _rule(rf"({_N})\s?‰", lambda m: f"千分之{number(m[1])}"),
    _rule(rf"([¥$€£])\s?({_N})\s?([万亿千百]?)", _money),
    _rule(rf"(?<![0-9A-Za-z])[-−]({_N})\s?°C", lambda m: f"零下{number(m[1])}摄氏度"),
    _rule(rf"{_BEFORE}({_N}){_TO}(?={_N})", lambda m: f"{number(m[1])}到"),
    _rule(r"(?<![0-9/])([0-9]{1,4})\s?/\s?([0-9]{1,4})(?![0-9/])", lambda m: f"{cardinal(m[2])}分之{cardinal(m[1])}"),
    _rule(rf"±\s?(?={_N})", lambda m: "正负"),
    _rule(rf"(?<![0-9A-Za-z{HAN}）)])[-−](?=\.?[0-9])", lambda m: "负"),
    _rule(rf"(?<=[{HAN}])[-−](?=[0-9])", lambda m: "负"),
    _rule(rf"(?<=[0-9])\s?([+=×*÷><≥≤≈])\s?(?=[0-9])", lambda m: _SIGNS[m[1]]),
    _rule(rf"({_N})\s?({_UNIT})(?![A-Za-z0-9²³])", _measured),
    _rule(r"第\s?([0-9]+)", lambda m: "第" + cardinal(m[1])),
    (_TWO, lambda m: "两"),
    _rule(r"(?<![0-9])\.(?=[0-9])", lambda m: "零点"),
    _rule(rf"({_N})", lambda m: number(m[1])),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Normalized:
    """What is read aloud: Chinese characters, Latin letters, spaces between words, and `PAUSES`."""

    text: str
    warnings: tuple[str, ...] = ()


def normalize(text: str) -> Normalized:
    """Any string; what cannot be read is left out and named in a warning."""
    plain, warnings = _readable(_plain(text))
    for pattern, spoken in _RULES:
        plain = pattern.sub(spoken, plain)
    return Normalized(_punctuate(plain), warnings)
