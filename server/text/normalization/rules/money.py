"""Amounts of money: the currency is spoken after the amount, and zeros at the end of the decimals are dropped."""

import re

from server.text.normalization.numerals import number
from server.text.normalization.rewriting import rule
from server.text.normalization.rules.patterns import LARGE_UNITS, NUMBER, RANGE_DASH

CURRENCIES = {
    "¥": "元", "$": "美元", "€": "欧元", "£": "英镑", "₩": "韩元", "₹": "卢比", "₽": "卢布", "₫": "越南盾", "฿": "泰铢",
    "₱": "比索", "₺": "里拉", "₴": "格里夫纳", "US$": "美元", "HK$": "港元", "NT$": "新台币", "A$": "澳元",
    "AU$": "澳元", "C$": "加元", "CA$": "加元", "S$": "新元", "NZ$": "新西兰元", "MOP$": "澳门元", "R$": "雷亚尔",
    "RMB¥": "元", "CN¥": "元", "CNY": "元人民币", "RMB": "元人民币", "USD": "美元", "HKD": "港元", "EUR": "欧元",
    "GBP": "英镑", "JPY": "日元", "AUD": "澳元", "CAD": "加元", "KRW": "韩元", "SGD": "新加坡元", "TWD": "新台币",
    "NZD": "新西兰元", "CHF": "瑞士法郎", "THB": "泰铢", "RUB": "卢布", "INR": "卢比", "MOP": "澳门元", "MYR": "林吉特",
    "VND": "越南盾", "BTC": "比特币",
}  # fmt: skip
_CURRENCY = "|".join(re.escape(sign) for sign in sorted(CURRENCIES, key=len, reverse=True))
_CURRENCY_NAME = r"(?:元人民币|人民币|美元|欧元|英镑|港元|港币|日元|韩元|元)?"
_MINUS = r"([-−])?\s?"


def _amount(digits: str) -> str:
    if "." in digits:
        digits = digits.rstrip("0").rstrip(".")
    return "两" if digits == "2" else number(digits)


def _money(currency: str, minus: str | None, digits: str, scale: str) -> str:
    return ("负" if minus else "") + _amount(digits) + scale + CURRENCIES[currency]


RULES = (
    rule(rf"(?<![A-Za-z])({_CURRENCY})\s?({NUMBER})({LARGE_UNITS}){RANGE_DASH}(?:\1)?\s?(?={NUMBER})",
         lambda m: f"{_amount(m[2])}{m[3]}到{m[1]}"),
    rule(rf"(?<![A-Za-z0-9]){_MINUS}({_CURRENCY})\s?({NUMBER})\s?({LARGE_UNITS}){_CURRENCY_NAME}",
         lambda m: _money(m[2], m[1], m[3], m[4])),
    rule(rf"(?<![A-Za-z])({_CURRENCY})\s?{_MINUS}({NUMBER})\s?({LARGE_UNITS}){_CURRENCY_NAME}",
         lambda m: _money(m[1], m[2], m[3], m[4])),
    rule(rf"(?<![0-9A-Za-z.,])({NUMBER})\s?({LARGE_UNITS})\s?({_CURRENCY})(?![A-Za-z0-9])",
         lambda m: _money(m[3], None, m[1], m[2])),
    rule(r"(\.[0-9]{0,24}[1-9])0{1,24}(?=\s?[万亿]?(?:[元块]|美元|欧元|英镑|[港日韩澳加]元|人民币))", lambda m: m[1]),
    rule(r"(?<=[元块镑])\s?/\s?(?=[月年天日周时人个次吨斤公件张股台平米小时晚位])", lambda m: "每"),
)  # fmt: skip
