"""Ranges, signs, ordinals, and every number that no other rule has read."""

from server.text.characters import HAN
from server.text.normalization.numerals import cardinal, number, spell_digits
from server.text.normalization.rewriting import rule
from server.text.normalization.rules.patterns import MEASURE_WORD, NUMBER, RANGE_DASH, UNATTACHED

_NOT_COUNTED = r"(?![0-9.,%A-Za-z]|\s?(?:" + MEASURE_WORD + r"|[余多几来]|左右|以[上下内外]))"

RULES = (
    rule(r"(?<![0-9A-Za-z.])[0-9]{1,12}(?:-[0-9]{1,12}){2,6}(?![0-9.%-])", lambda m: spell_digits(m[0])),
    rule(rf"(?<![0-9])({NUMBER})[:：]({NUMBER})(?![0-9])", lambda m: f"{number(m[1])}比{number(m[2])}"),
    rule(r"(?<=[一二三四五六七八九十百])[-~](?=[一二三四五六七八九十百])", lambda m: "到"),
    rule(r"(?<![0-9A-Za-z])\.([0-9]{1,24})", lambda m: f"零点{spell_digits(m[1])}"),
    rule(rf"(?<![0-9A-Za-z一二三四五六七八九十百千万亿）)])[-−](?={NUMBER}[万亿]?(?:\s?~|{RANGE_DASH}[-−]))",
         lambda m: "负"),
    rule(rf"{UNATTACHED}({NUMBER})([万亿]?){RANGE_DASH}(?=[-−]?{NUMBER})", lambda m: f"{number(m[1])}{m[2]}到"),
    rule(rf"(?<![0-9A-Za-z{HAN}）)])[-−](?=\.?[0-9])", lambda m: "负"),
    rule(rf"(?<=[{HAN}])[-−](?=[0-9])", lambda m: "负"),
    rule(r"(?<![0-9A-Za-z+])\+(?=\.?[0-9])", lambda m: "加"),
    rule(r"(?<![A-Za-z])[Nn][Oo]\.\s?([0-9]{1,3})(?![0-9.])", lambda m: "第" + cardinal(m[1])),
    rule(r"第\s?([0-9]{1,16})", lambda m: "第" + cardinal(m[1])),
    rule(rf"(?<![0-9.第])2(?=\s?{MEASURE_WORD}|点(?:[0-5]?[0-9]分|[半整钟一三]|(?![0-9])))", lambda m: "两"),
    rule(rf"(?<![0-9.,])([0-9]{{4,23}}[1-9][0-9]{{0,3}}|[0-9]{{17,24}})(?<=[0-9]{{8}}){_NOT_COUNTED}",
         lambda m: spell_digits(m[1])),
    rule(rf"({NUMBER})", lambda m: number(m[1])),
)  # fmt: skip
