"""Percentages, fractions, powers and the operators of a formula."""

import re

from server.text.characters import HAN
from server.text.normalization.numerals import cardinal, number
from server.text.normalization.rewriting import rule
from server.text.normalization.rules.patterns import NUMBER, RANGE_DASH, UNATTACHED

_OPERATORS = {"+": "加", "=": "等于", "×": "乘", "*": "乘", "x": "乘", "X": "乘", "÷": "除以", ">": "大于", "<": "小于",
          "≥": "大于等于", ">=": "大于等于", "≤": "小于等于", "<=": "小于等于", "≈": "约等于",
          "≠": "不等于"}  # fmt: skip
_NUMERALS = "零〇一二两三四五六七八九十百千万亿"
_FRACTION = rf"(?:[0-9]{{1,6}}|[{_NUMERALS}]{{1,8}})分之[0-9{_NUMERALS}]"
"""A fraction or percentage that is written with 分之: 百分之1, 三分之一."""
_PER_NAMES = {"%": "百", "‰": "千", "‱": "万"}


def _per(digits: str, sign: str) -> str:
    return f"{_PER_NAMES[sign]}分之{number(digits)}"


def _count(digits: str) -> str:
    return "两" if digits == "2" else cardinal(digits)


def _power(match: re.Match[str]) -> str:
    minus, exponent = match[1], match[2]
    if not minus and exponent in ("2", "3"):
        return "的平方" if exponent == "2" else "的立方"
    return f"的{'负' if minus else ''}{cardinal(exponent)}次方"


RULES_BEFORE_MEASURES = (
    rule(r"(?<=[0-9)）])\^\s?([-−]?)([0-9]{1,3})(?![0-9])", _power),
    rule(rf"±\s?(?={NUMBER}|{_FRACTION})", lambda m: "正负"),
    rule(r"\s?(>=|<=|[≥≤≈≠])\s?(?=[-−]?[0-9])", lambda m: _OPERATORS[m[1]]),
    rule(r"(?<![0-9A-Za-z<>=-])([<>])\s?(?=[-−]?[0-9])", lambda m: _OPERATORS[m[1]]),
)
RULES = (
    rule(r"第\s?([0-9]{1,5})\s?/\s?([0-9]{1,5})\s?([页题集章步张关期轮课节条])",
         lambda m: f"第{cardinal(m[1])}{m[3]}，共{_count(m[2])}{m[3]}"),
    rule(r"(?<=[A-Za-z])\^\s?([-−]?)([0-9]{1,3})(?![0-9])", _power),
    rule(rf"(?<=分之)({NUMBER}){RANGE_DASH}(?=[-−]?{_FRACTION})", lambda m: f"{number(m[1])}到"),
    rule(rf"(?<![0-9A-Za-z{_NUMERALS})）])[-−](?={_FRACTION})", lambda m: "负"),
    rule(rf"(?<![0-9A-Za-z{_NUMERALS}+])\+(?={_FRACTION})", lambda m: "正"),
    rule(rf"(?<![0-9A-Za-z.])([-−]?)({NUMBER})([%‰])(?:{RANGE_DASH})([-−]?)({NUMBER})\3",
         lambda m: f"{m[1] and '负'}{_per(m[2], m[3])}到{m[4] and '负'}{_per(m[5], m[3])}"),
    rule(rf"{UNATTACHED}({NUMBER}){RANGE_DASH}({NUMBER})([%‰])", lambda m: f"{_per(m[1], m[3])}到{_per(m[2], m[3])}"),
    rule(rf"(?<![0-9A-Za-z])[-−]({NUMBER})\s?([%‰‱])", lambda m: "负" + _per(m[1], m[2])),
    rule(rf"(?<![0-9A-Za-z+])\+({NUMBER})\s?([%‰‱])", lambda m: "正" + _per(m[1], m[2])),
    rule(rf"(?<![0-9.])({NUMBER})\s?([%‰‱])", lambda m: _per(m[1], m[2])),
    rule(r"(?<=[0-9)）])\s?[-−]\s?(?=[0-9(（])(?=[0-9+*×÷/.()（） -]{1,40}=)", lambda m: "减"),
    rule(r"(?<=[+×÷][0-9])\s?[-−]\s?(?=[0-9])", lambda m: "减"),
    rule(r"(?<![A-Za-z])([A-Za-z])\s?[-−]\s?(?=[A-Za-z0-9]{1,3}\s?=)", lambda m: m[1] + "减"),
    rule(r"(?<![0-9A-Za-z)）])[-−](?=[0-9]{1,6}\s?/\s?[0-9])", lambda m: "负"),
    rule(r"(?<![0-9/])([0-9]{1,6})\s?/\s?([0-9]{1,6})(?![0-9/])", lambda m: f"{cardinal(m[2])}分之{cardinal(m[1])}"),
    rule(r"√\s?(?=[0-9A-Za-z])", lambda m: "根号"),
    rule(r"(?<=[0-9])\s?([xX])\s?(?=[0-9])", lambda m: _OPERATORS[m[1]]),
    rule(rf"(?<=[0-9)）A-Za-z{HAN}])\s?([+=×*÷><])\s?(?=[-−]?[0-9(（])", lambda m: _OPERATORS[m[1]]),
    rule(r"(?<=[0-9)）方])\s?([+=×*÷><])\s?(?=[A-Za-z])", lambda m: _OPERATORS[m[1]]),
    rule(r"(?<![A-Za-z])([A-Za-z])\s?([+=×÷><])\s?(?=[A-Za-z](?![A-Za-z]))", lambda m: m[1] + _OPERATORS[m[2]]),
    rule(r"(?<=[A-Za-z])\+{1,2}(?![0-9A-Za-z+])", lambda m: "加" * len(m[0])),
    rule(r"(?<=[加等于大小乘以减])\s?[-−]\s?(?=[0-9])", lambda m: "负"),
)  # fmt: skip
