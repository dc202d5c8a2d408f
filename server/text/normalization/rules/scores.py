"""Scores and ratios, read with 比."""

import re

from server.text.normalization.numerals import cardinal, number
from server.text.normalization.rewriting import rule

_WORDS_BEFORE_SCORE = (
    "比分|[打战踢扳]成|改写为|爆冷|[战逼打握言]平|领先|落后|[战大险完惜小]胜|击败|不敌|负于|横扫|逆转|告负"
)
_WORDS_AFTER_SCORE = (
    "[战大险完惜小获取]胜|战平|击败|逆转|领先|落后|力克|淘汰|横扫|[惜完落]败|告负|不敌|拿下|负于|的?大?比分"
)
_RATIO_WORDS = "比例|之比|配比|比值|比率|赔率|汇率|比例尺"
_TEAMS = (
    "中国|日本|韩国|朝鲜|伊朗|沙特|泰国|越南|印度|澳大利亚|卡塔尔|巴西|阿根廷|乌拉圭|智利|墨西哥|美国|加拿大|德国|法国|英格兰|"
    "意大利|西班牙|葡萄牙|荷兰|比利时|克罗地亚|瑞士|瑞典|丹麦|波兰|俄罗斯|乌克兰|土耳其|埃及|摩洛哥|塞内加尔|皇马|皇家马德里|巴萨|"
    "巴塞罗那|马竞|曼联|曼城|利物浦|切尔西|阿森纳|热刺|拜仁|多特蒙德|尤文图斯|尤文|国际米兰|国米|AC米兰|拉齐奥|罗马|那不勒斯|"
    "巴黎|国安|申花|恒大|鲁能|泰山|上港|海港|湖人|勇士|火箭|凯尔特人|热火|骑士|马刺|公牛|[男女国]足|[男女]篮|[男女]排|队"
)
_SCORE = r"([0-9]{1,3})\s?[:：-]\s?([0-9]{1,3})(?![0-9])"


def _score(match: re.Match[str]) -> str:
    return f"{match[1]}{match[2]}{cardinal(match[3])}比{cardinal(match[4])}"


RULES = (
    rule(rf"({_WORDS_BEFORE_SCORE})([^0-9，。+-]{{0,4}}){_SCORE}(?!:)", _score),
    rule(rf"(?<![0-9:.]){_SCORE}(?={_WORDS_AFTER_SCORE})", lambda m: f"{cardinal(m[1])}比{cardinal(m[2])}"),
    rule(rf"({_TEAMS})(\s?)([0-9]{{1,3}})\s?[/-]\s?([0-9]{{1,3}})(?=\s?(?:$|[，。！？；、]|{_TEAMS}))", _score),
    rule(rf"({_RATIO_WORDS})([^0-9，。]{{0,3}})([0-9]{{1,6}}(?:\.[0-9]{{1,6}})?)[:：]([0-9]{{1,9}}(?:\.[0-9]{{1,6}})?)(?![0-9:：])",
         lambda m: f"{m[1]}{m[2]}{number(m[3])}比{number(m[4])}"),
    rule(r"(?<![0-9:.])([0-9]{1,2})[:：]([0-9]{1,2})[:：]([0-9]{1,2})(?=的?比例|配|混合|调)",
         lambda m: "比".join(map(cardinal, m.groups()))),
    rule(r"(?<![0-9:.])([0-9]{1,4})[:：]([0-9]{1,4})(?=的?比例)", lambda m: f"{number(m[1])}比{number(m[2])}"),
)  # fmt: skip
