"""How written quantities are spoken: numbers, dates, times, money, units, telephone numbers.

A short table of rules, tried in order, each on what the ones before it left. Its limits are known: a bare `1-2` is a
range and never a score, `3/4` is a fraction and never a day, `2:30` is a time and never a ratio (unless a score is
spoken of), a bare 110 is a quantity, addresses on the web are spelled as they stand.
"""

import re
from collections.abc import Callable

from server.text.numerals import cardinal, number, spell_digits

HAN = "\u3400-\u4dbf\u4e00-\u9fff〇\U00020000-\U0003ffff"
"""For a character class: what a dictionary of Chinese may know."""

_N = r"(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)(?:\.[0-9]+)?"
_TO = r"\s?[-~–—−]{1,2}\s?"
_BEFORE = r"(?<![0-9A-Za-z.])"
_MONEY = {"¥": "元", "$": "美元", "€": "欧元", "£": "英镑"}
_UNITS = {
    "km/h": "千米每小时", "m/s": "米每秒", "km2": "平方千米", "m2": "平方米", "cm2": "平方厘米",
    "m3": "立方米", "cm3": "立方厘米", "km": "千米", "m": "米", "cm": "厘米", "mm": "毫米",
    "kg": "千克", "mg": "毫克", "g": "克", "t": "吨", "ml": "毫升", "mL": "毫升", "l": "升", "L": "升",
    "kWh": "千瓦时", "kW": "千瓦", "W": "瓦", "V": "伏", "dB": "分贝",
    "Hz": "赫兹", "kHz": "千赫兹", "MHz": "兆赫兹", "GHz": "吉赫兹",
    "ms": "毫秒", "s": "秒", "min": "分钟", "h": "小时", "°C": "摄氏度", "°F": "华氏度", "°": "度",
}  # fmt: skip
_UNIT = "|".join(re.escape(unit) for unit in sorted(_UNITS, key=len, reverse=True))
_TWO = re.compile(
    r"(?<![0-9.])2(?=\s?(?:[个只天次条件位名人张本家种块元米千公克斤吨升秒周倍台辆艘架座层间所匹头岁杯瓶碗份篇首句段遍趟场门把套双对"
    r"群组批株棵颗粒片支部节万亿百]|年(?!级|代)|小时|分钟|星期|美元|欧元|英镑|点(?![0-9])))"
)
_SIGNS = {"+": "加", "=": "等于", "×": "乘", "*": "乘", "÷": "除以", ">": "大于", "<": "小于", "≥": "大于等于",
          "≤": "小于等于", "≈": "约等于"}  # fmt: skip
_NUMBERED = "电话|热线|拨打|致电|手机|报警|客服"
_HOTLINE = "11[049]|12[02]|1[02][0-9]{3}|95[0-9]{3}"
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
    _rule(rf"(?<=[打拨])({_HOTLINE})(?![0-9.%])", lambda m: spell_digits(m[1], yao=True)),
    _rule(rf"(?<![0-9.])({_HOTLINE})(?=[^0-9，。；！？]?[打拨])", lambda m: spell_digits(m[1], yao=True)),
    _rule(rf"({_CODED})([^0-9，。；！？]{{0,3}})([0-9]{{2,}})(?![0-9.%])", lambda m: m[1] + m[2] + spell_digits(m[3])),
    # dates and times
    _rule(rf"(?<![0-9])([0-9]{{4}})([-/.]){_MONTH}\2{_DAY}(?![0-9])日?", lambda m: _date(m[1], m[3], m[4])),
    _rule(r"(?<![0-9])((?:19|20)[0-9]{2})[-/](0[1-9]|1[0-2])(?![0-9])", lambda m: _date(m[1], m[2])),
    _rule(rf"(?<![0-9])([0-9]{{4}}){_TO}([0-9]{{4}})(?=\s?(?:年|赛季|学年))",
          lambda m: f"{spell_digits(m[1])}到{spell_digits(m[2])}"),
    _rule(r"(?<![0-9.])((?!1000)[12][0-9]{3}|[0-9]{2}(?=年[0-9]{1,2}月)|[89][0-9](?=年(?:[^代来]|$)))年",
          lambda m: spell_digits(m[1]) + "年"),
    _rule(r"(?<![0-9.])0([1-9])(?=\s?[月日号])", lambda m: cardinal(m[1])),
    _rule(r"(比分|战平|领先|战胜|击败|不敌)([^0-9，。]{0,4})([0-9]{1,3})\s?[:：-]\s?([0-9]{1,3})(?![0-9])",
          lambda m: f"{m[1]}{m[2]}{cardinal(m[3])}比{cardinal(m[4])}"),
    _rule(r"(?<![0-9:.])([01]?[0-9]|2[0-4])[:：]([0-5][0-9])(?:[:：]([0-5][0-9]))?(?![0-9:])", _time),
    _rule(rf"(?<=[年月日号点分秒]){_TO}(?=[0-9一二两三四五六七八九十零])", lambda m: "到"),
    _rule(r"(?<![0-9])([0-9]+)[:：]([0-9]+)(?![0-9])", lambda m: f"{number(m[1])}比{number(m[2])}"),
    # versions, addresses, names with numbers
    _rule(r"(?<![0-9])([0-9]{1,5}(?:\.[0-9]{1,5}){2,})(?![0-9])",
          lambda m: "点".join(map(spell_digits, m[1].split(".")))),
    _rule(r"(?<=[A-Za-z])-?([0-9]{3,})(?![0-9.])", lambda m: spell_digits(m[1])),
    _rule(r"(?<=[vV])([0-9]+)\.([0-9]+)(?![0-9])", lambda m: f"{cardinal(m[1])}点{spell_digits(m[2])}"),
    # quantities
    _rule(r"(?<![0-9A-Za-z])\.([0-9]+)", lambda m: f"零点{spell_digits(m[1])}"),
    _rule(r"(?<![0-9])([06-9]0)(?=后)", lambda m: spell_digits(m[1])),
    _rule(r"(\.[0-9]*[1-9])0+(?=\s?[万亿]?[元块])", lambda m: m[1]),
    _rule(rf"{_BEFORE}({_N})%{_TO}({_N})%", lambda m: f"百分之{number(m[1])}到百分之{number(m[2])}"),
    _rule(rf"{_BEFORE}({_N}){_TO}({_N})%", lambda m: f"百分之{number(m[1])}到百分之{number(m[2])}"),
    _rule(rf"(?<![0-9A-Za-z{HAN}])[-−]({_N})\s?%", lambda m: f"负百分之{number(m[1])}"),
    _rule(rf"({_N})\s?%", lambda m: f"百分之{number(m[1])}"),
    _rule(rf"({_N})\s?‰", lambda m: f"千分之{number(m[1])}"),
    _rule(rf"([¥$€£])\s?({_N})\s?([万亿千百]?)(?:美元|欧元|英镑|元)?", _money),
    _rule(rf"(?<=[0-9])\s?({_UNIT}){_TO}(?=[-−]?{_N}\s?\1)", lambda m: m[1] + "到"),
    _rule(rf"(?<![0-9A-Za-z])[-−]({_N})\s?°C", lambda m: f"零下{number(m[1])}摄氏度"),
    _rule(rf"{_BEFORE}({_N}){_TO}(?={_N})", lambda m: f"{number(m[1])}到"),
    _rule(r"(?<![0-9/])([0-9]{1,4})\s?/\s?([0-9]{1,4})(?![0-9/])", lambda m: f"{cardinal(m[2])}分之{cardinal(m[1])}"),
    _rule(rf"±\s?(?={_N})", lambda m: "正负"),
    _rule(rf"(?<![0-9A-Za-z{HAN}）)])[-−](?=\.?[0-9])", lambda m: "负"),
    _rule(rf"(?<=[{HAN}])[-−](?=[0-9])", lambda m: "负"),
    _rule(r"\s?([≥≤≈])\s?(?=[0-9])", lambda m: _SIGNS[m[1]]),
    _rule(r"(?<=[0-9])\s?([+=×*÷><])\s?(?=[0-9])", lambda m: _SIGNS[m[1]]),
    _rule(rf"{_BEFORE}({_N})\s?({_UNIT})(?![A-Za-z0-9])", _measured),
    _rule(r"第\s?([0-9]+)", lambda m: "第" + cardinal(m[1])),
    (_TWO, lambda m: "两"),
    _rule(rf"({_N})", lambda m: number(m[1])),
)  # fmt: skip


def speak_quantities(text: str) -> str:
    """`text` (half-width, see `normalize`) without a digit left in it."""
    for pattern, spoken in _RULES:
        text = pattern.sub(spoken, text)
    return text
