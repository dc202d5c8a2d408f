"""Numbers that identify and do not count (telephones, plates, trains, rooms, serial numbers): digit by digit."""

import re

from server.text.characters import HAN
from server.text.normalization.numerals import number, spell_digits
from server.text.normalization.rewriting import rule
from server.text.normalization.rules.patterns import MEASURE_WORD

_TELEPHONE_NOUNS = "电话|热线|拨打|致电|手机|报警|客服|传真|座机|来电|专线"
_HOTLINE = "11[049]|12[02]|1[02][0-9]{3}|9[56][0-9]{3}"
_HOTLINE_NOUNS = "报警|电话|热线|指挥|接警|民警|出警|急救|救护|消防|火警|平台|专线|调度|查号|客服"
_NOUNS_BEFORE_CODE = (
    "编号|尾号|验证码|密码|工号|学号|卡号|房号|邮编|邮政编码|单号|号码|账号|帐号|证号|身份证|车牌|代码|序列号|流水号|口令|"
    "[取邀识兑优券]件?[请别换惠]?码|编码|批号|型号|警号|区号|票号|座号|门牌|QQ|微信|车次|分辨率|房间号"
)
_NOUNS_AFTER_CODE = (
    "新?政策?(?!府)|晚会|大促|购物节|事变|事件|惨案|工作制|工程(?!师)|高校|院校|大学(?!生)|[中小]学(?!生)|医院|国道|省道|县道|"
    "室(?!内)|号房|房间|病房|教室|宿舍|寝室|包[间厢]|会议室|路(?!程)|次(?:列车|航班|高铁|动车)|杀毒|浏览器"
)
_PIXEL_COUNTS = "480|600|640|720|768|800|900|1024|1080|1200|1280|1366|1440|1600|1920|2160|2560|2880|3840|4320|7680"
_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_MODELS = "米格|东风|红旗|巨浪|鹰击|神舟|天舟|长征|嫦娥|天宫|风云|北斗|天问|波音|空客|阿波罗"
_SERIES = f"{_MODELS}|歼|运|直|轰|苏"


def _telephone(match: re.Match[str]) -> str:
    return spell_digits("".join(group or "" for group in match.groups()), yao=True)


def _spell_among_letters(match: re.Match[str]) -> str:
    """Spells the digits of a code, keeps its letters, and drops dots and spaces."""
    return re.sub(r"[0-9·•\s]", lambda char: spell_digits(char[0]), match[0])


RULES = (
    rule(r"(?<![0-9])(?:\+?(86)[- ]?)?(1[3-9][0-9])[- ]?([0-9]{4})[- ]?([0-9]{4})(?![0-9])", _telephone),
    rule(r"(?<![0-9])\+(86)[- ]?(0?[0-9]{2,3})[- ]?([0-9]{7,8})(?![0-9])", _telephone),
    rule(r"(?<![0-9])(0[0-9]{2,3}|[48]00)-([0-9]{3,4})-?([0-9]{3,5})(?![0-9])", _telephone),
    rule(r"[(（](0[0-9]{2,3})[)）]\s?([0-9]{7,8})(?![0-9])", _telephone),
    rule(r"(?<![0-9])([48]00)\s?([0-9]{3,4})\s([0-9]{3,4})(?![0-9])", _telephone),
    rule(r"(?<![0-9A-Za-z+])\+([0-9]{1,3})[- ]([0-9]{2,4})[- ]([0-9]{3,5})(?:[- ]([0-9]{2,5}))?(?![0-9])", _telephone),
    rule(rf"({_TELEPHONE_NOUNS})([^0-9，。；！？+]{{0,4}})([0-9]{{3,24}})(?![0-9.%多余左]|\s?{MEASURE_WORD})",
         lambda m: m[1] + m[2] + spell_digits(m[3], yao=True)),
    rule(rf"(?<=[打拨])({_HOTLINE})(?![0-9.%])", _telephone),
    rule(rf"(?<![0-9.])({_HOTLINE})(?=[^0-9，。；！？]?[打拨]|(?:{_HOTLINE_NOUNS}))", _telephone),
    rule(rf"(?<![0-9A-Za-z.,{HAN}])(110|119|120)(?=[，。！？]|$)", _telephone),
    rule(rf"(?<![0-9A-Za-z.,])(10086|12306|12315)(?![0-9.,%A-Za-z]|\s?{MEASURE_WORD})", _telephone),
    rule(rf"({_NOUNS_BEFORE_CODE})([^0-9，。；！？]{{0,3}})([0-9]{{2,24}})(?![0-9.%位年月]|\s?{MEASURE_WORD})",
         lambda m: m[1] + m[2] + spell_digits(m[3])),
    rule(r"(?<![0-9A-Za-z])[0-9]{4}(?: [0-9]{4}){2,4}(?: [0-9]{1,3})?(?![0-9])", lambda m: spell_digits(m[0])),
    rule(r"(?<![0-9A-Za-z])([0-9]{17})([0-9Xx])(?![0-9A-Za-z])",
         lambda m: spell_digits(m[1]) + (spell_digits(m[2]) or "X")),
    rule(rf"(?<![{HAN}])([{_PROVINCES}][A-Z])[·•\s]?([A-Z0-9]{{4,5}}[A-Z0-9挂学警港澳])(?![A-Za-z0-9])",
         _spell_among_letters),
    rule(rf"([{_PROVINCES}][A-Z])[·•\s]?(?=[A-Z0-9]*[0-9])([A-Z0-9]{{5}})(?![A-Za-z0-9])",
         _spell_among_letters),
    rule(r"(?<![A-Za-z])[GDCZTKYLS][0-9]{1,4}(?=次|列车|高铁|动车)", _spell_among_letters),
    rule(rf"({_MODELS})-?([0-9]{{3}})(?![0-9.%]|{MEASURE_WORD})", lambda m: m[1] + spell_digits(m[2])),
    rule(rf"({_SERIES})-(?=[0-9])", lambda m: m[1]),
    rule(rf"(?<![0-9A-Za-z.,~-])([0-9]{{3,4}})(?={_NOUNS_AFTER_CODE})", lambda m: spell_digits(m[1])),
    rule(r"(?<![0-9A-Za-z.])([0-9]{4,24})(?=号)", lambda m: spell_digits(m[1])),
    rule(r"(?<![0-9.·])([0-9]{1,2})[·•]([0-9]{1,2})(?![0-9.·])", lambda m: spell_digits(m[1] + m[2])),
    rule(r"(?<![0-9.])(3\.15|5\.1|6\.1|6\.18|8\.1|10\.1|11\.11|12\.12)(?=晚会|大促|国际|劳动|儿童|建军|国庆|[小长]?假|黄金周|购物)",
         lambda m: spell_digits(m[1])),
    rule(r"(?<=[A-Za-z][0-9])-([0-9]{3,5})(?![0-9.])", lambda m: spell_digits(m[1])),
    rule(r"(?<=单元)([0-9]{3,4})(?![0-9.户人])", lambda m: spell_digits(m[1])),
    rule(r"([图表式例])\s?([0-9]{1,3})-([0-9]{1,3})(?![0-9])", lambda m: f"{m[1]}{number(m[2])}杠{number(m[3])}"),
    rule(rf"(?<![0-9])({_PIXEL_COUNTS})\s?[×xX*]\s?({_PIXEL_COUNTS})(?![0-9])",
         lambda m: f"{spell_digits(m[1])}乘{spell_digits(m[2])}"),
    rule(r"(?<![A-Za-z0-9])([BCDFGMOPS])2([BCFGMOPV])(?![A-Za-z0-9])", lambda m: f"{m[1]} to {m[2]}"),
    rule(r"(?<=[A-Za-z])-?([0-9]{3,24})(?![0-9.])", lambda m: spell_digits(m[1])),
    rule(r"(?<=[A-Za-z])-(?=[0-9])(?!.{1,12}=)", lambda m: ""),
    rule(r"(?<![0-9A-Za-z.])([0-9]{3,4})(?=[pP](?![A-Za-z0-9]))", lambda m: spell_digits(m[1])),
)  # fmt: skip
