"""Quantities with a unit of measure, temperatures and angles."""

import re

from server.text.normalization.numerals import cardinal, number
from server.text.normalization.rewriting import rule
from server.text.normalization.rules.patterns import MEASURE_WORD, NUMBER, RANGE_DASH, UNATTACHED

_UNITS = {
    "km": "千米", "m": "米", "dm": "分米", "cm": "厘米", "mm": "毫米", "μm": "微米", "um": "微米", "nm": "纳米",
    "km2": "平方千米", "m2": "平方米", "dm2": "平方分米", "cm2": "平方厘米", "mm2": "平方毫米", "ha": "公顷",
    "m3": "立方米", "dm3": "立方分米", "cm3": "立方厘米", "mm3": "立方毫米", "km3": "立方千米", "cc": "毫升",
    "kg": "千克", "g": "克", "mg": "毫克", "μg": "微克", "ug": "微克", "ng": "纳克", "t": "吨", "lb": "磅",
    "oz": "盎司", "l": "升", "L": "升", "dL": "分升", "dl": "分升", "ml": "毫升", "mL": "毫升", "μL": "微升",
    "ft": "英尺", "inch": "英寸", "kWh": "千瓦时", "kwh": "千瓦时", "Wh": "瓦时", "GW": "吉瓦", "MW": "兆瓦",
    "kW": "千瓦", "KW": "千瓦", "W": "瓦", "mW": "毫瓦", "kV": "千伏", "V": "伏", "mV": "毫伏", "mA": "毫安",
    "mAh": "毫安时", "Ω": "欧姆", "kΩ": "千欧", "dB": "分贝", "J": "焦耳", "kJ": "千焦", "cal": "卡", "kcal": "千卡",
    "N": "牛", "kN": "千牛", "Pa": "帕", "hPa": "百帕", "kPa": "千帕", "MPa": "兆帕", "mmHg": "毫米汞柱", "mol": "摩尔",
    "mmol": "毫摩尔", "lx": "勒克斯", "lm": "流明", "px": "像素", "Hz": "赫兹", "kHz": "千赫兹", "KHz": "千赫兹",
    "MHz": "兆赫兹", "GHz": "吉赫兹", "THz": "太赫兹", "ns": "纳秒", "μs": "微秒", "us": "微秒", "ms": "毫秒",
    "s": "秒", "sec": "秒", "min": "分钟", "h": "小时", "hr": "小时", "kph": "千米每小时", "mph": "英里每小时",
    "rpm": "转每分钟", "fps": "帧每秒", "bpm": "次每分钟", "bps": "比特每秒", "kbps": "千比特每秒",
    "Kbps": "千比特每秒", "Mbps": "兆比特每秒", "Gbps": "吉比特每秒", "M": "兆", "KG": "千克", "Kg": "千克",
    "KM": "千米", "CM": "厘米", "MM": "毫米", "ML": "毫升", "°C": "摄氏度", "°F": "华氏度", "°": "度",
}  # fmt: skip
"""Without GB, MB and similar units, which are spoken letter by letter."""
_TEMPLATES = dict.fromkeys(("km/h", "Km/h", "KM/H"), "每小时{}公里")
_TEMPLATES |= {"km/s": "每秒{}公里", "m/s2": "{}米每二次方秒"}
_UNIT_NAMES = "|".join(re.escape(unit).replace("2", r"\^?2").replace("3", r"\^?3") for unit in
                    sorted(_UNITS, key=len, reverse=True))  # fmt: skip
_UNIT = rf"(?:[kK]m/h|KM/H|km/s|m/s\^?2|(?:{_UNIT_NAMES})(?:/(?:100)?(?:{_UNIT_NAMES}|[天日月年次人])(?![A-Za-z0-9]))?)"

_MINUS = r"(?<![0-9A-Za-z])(?<![0-9]\s)[-−]"


def _quantity(match: re.Match[str]) -> str:
    digits, unit = match[1], match[2].replace("^", "")
    value = "两" if digits == "2" and not unit.startswith("°") else number(digits)
    if unit in _TEMPLATES:
        return _TEMPLATES[unit].format(value)
    numerator, _, per = unit.partition("/")
    hundred = "百" if per.startswith("100") else ""
    per = per.removeprefix("100")
    return value + _UNITS[numerator] + (f"每{hundred}{_UNITS.get(per, per)}" if per else "")


def _angle(match: re.Match[str]) -> str:
    degrees, minutes, seconds = match.group(1, 2, 3)
    return f"{number(degrees)}度{number(minutes)}分" + (f"{number(seconds)}秒" if seconds else "")


RANGE_RULES = (rule(rf"(?<=[0-9])\s?({_UNIT}){RANGE_DASH}(?=[-−]?{NUMBER}\s?\1)", lambda m: m[1] + "到"),)
RULES = (
    rule(rf"{UNATTACHED}({NUMBER})°([0-5]?[0-9])'(?:([0-5]?[0-9](?:\.[0-9]{{1,6}})?)(?:\"|''))?", _angle),
    rule(rf"{_MINUS}({NUMBER}){RANGE_DASH}[-−]({NUMBER})\s?(?:°C|度)",
         lambda m: f"零下{number(m[1])}到零下{number(m[2])}" + ("摄氏度" if m[0].endswith("C") else "度")),
    rule(rf"{_MINUS}({NUMBER}){RANGE_DASH}({NUMBER})\s?°C", lambda m: f"零下{number(m[1])}到{number(m[2])}摄氏度"),
    rule(rf"{_MINUS}({NUMBER})\s?°C", lambda m: f"零下{number(m[1])}摄氏度"),
    rule(rf"{_MINUS}({NUMBER})\s?(?=度)", lambda m: f"零下{number(m[1])}"),
    rule(rf"{UNATTACHED}2(?={RANGE_DASH}[0-9]{{1,2}}\s?{MEASURE_WORD})", lambda m: "两"),
    rule(rf"(?<=两){RANGE_DASH}(?=[0-9])", lambda m: "到"),
    rule(rf"{UNATTACHED}({NUMBER}){RANGE_DASH}(?={NUMBER}\s?(?:{_UNIT})(?![A-Za-z0-9]))",
         lambda m: number(m[1]) + "到"),
    rule(rf"(?<![0-9A-Za-z)）])(?<![0-9]\s)[-−](?={NUMBER}\s?(?:{_UNIT})(?![A-Za-z0-9]))", lambda m: "负"),
    rule(r"(?<=[A-Za-z]\s)([0-9]{1,2})(?=[A-Za-z](?![A-Za-z0-9]))", lambda m: number(m[1])),
    rule(rf"{UNATTACHED}({NUMBER})\s?({_UNIT})(?![A-Za-z0-9])", _quantity),
    rule(r"(?<![0-9A-Za-z.])([0-9]{1,9}(?:\.[0-9]{1,6})?)w(?![A-Za-z0-9])", lambda m: number(m[1]) + "万"),
    rule(r"(?<![0-9A-Za-z.])([0-9]{1,3})k(?=跑|赛|马拉松|越野)", lambda m: number(m[1]) + "公里"),
    rule(r"(?<![0-9A-Za-z.])([0-9]{1,9})(?:\.([0-9]{1,3}))?k(?![A-Za-z0-9]|\s?(?:电视|视频|画质|分辨|超清|屏|显示))",
         lambda m: number(f"{int(m[1])}{(m[2] or '').ljust(3, '0')}".lstrip("0") or "0")),
    rule(r"(?<![0-9A-Za-z.])([0-9]{0,5}(?:1st|2nd|3rd|[04-9]th|1[123]th))(?![A-Za-z0-9])",
         lambda m: "第" + cardinal(m[1][:-2])),
    rule(r"(?<=[0-9][KMGT]B)/s(?![A-Za-z])", lambda m: "每秒"),
    rule(r"(?<=[0-9][次人件个米克升斤转])\s?/\s?(?=分|秒|小?时|天|日|周|月|年|人|平方|公斤|千克)", lambda m: "每"),
)  # fmt: skip
