"""Rules for polyphones (多音字) by the words beside them: particles, verbs, adjectives, measure words, surnames."""

import re
from collections.abc import Iterable
from dataclasses import replace

from server.text.pronunciation import word_lists
from server.text.pronunciation.context import DIGITS, Context, ContextRule, last_tag, part_of_speech
from server.text.pronunciation.dictionary import look_up
from server.text.pronunciation.function_word_rules import FUNCTION_WORD_RULES

_RETURNED_OBJECTS = "了给清钱书债款本贷账"
_ASPECT_CHARACTERS = ("了", "一", "着", "到", "过")
"""What follows a verb: 数了, 量一量."""
_VERB_READINGS = {
    "卡": ("qia3", "住在着那壳"), "撒": ("sa3", "胡水肥药"), "拧": ("ning2", "毛干衣耳"),
    "弹": ("tan2", "出钢琴吉古奏开起"),
    "挨": ("ai2", "了过打骂批饿揍冻罚"), "冲": ("chong4", "着我你他她"), "铺": ("pu1", "满了着开上在成床"),
    "钉": ("ding4", "在上着住了"), "扇": ("shan1", "不着了风动起"), "背": ("bei1", "在起着上"),
    "系": ("ji4", "好上着紧住领扣鞋腰围绳"), "种": ("zhong4", "在着满了上下地树花菜"),
    "蒙": ("meng2", "眼住着上头在"), "藏": ("cang2", "在着了起进好到"), "校": ("jiao4", "对稿"),
    "盛": ("cheng2", "菜水一了着在好出上起"),
}  # fmt: skip
"""Verb -> its reading, and the characters before which it has that reading, unless a numeral precedes it."""
_NOMINAL_TAGS = ("n", "m", "r")
_HOLIDAY_CHARACTERS = "天日周月年长病事产婚寒暑"
"""Before 假 in the sense of leave: 病假."""
_PERFORMANCE = re.compile(
    "赛|电影|球|演[出唱讲]|表演|[看听]?戏|音乐会|话剧|歌剧|[舞晚宴]会|讲座|考试|发布会|会议|直播|展览|报告|婚礼|派对|见面会|活动"
)
_MEASURED_ATTRIBUTES = ("身高", "体重", "血压", "体温", "尺寸", "腰围", "胸围", "三围", "脉搏")
_MAX_ATTRIBUTE_CHARACTERS = 8
"""Between a measure word and its noun: 一场精彩的比赛."""
_GROWTH_COMPLEMENTS = tuple("了着满出成大高在")
_YOUNG_PERSONS = tuple("年女爷奶侠妻帮")
"""After 少 in the sense of young."""


def contextual_reading(word: str, context: Context) -> str | None:
    """Returns the reading that the context requires; None if no rule applies."""
    if word in word_lists.ADJECTIVE_READINGS and context.before in word_lists.DEGREE_ADVERBS:
        is_repetition = word == "重" and context.before == "不" and context.after  # 福不重至
        return None if is_repetition else word_lists.ADJECTIVE_READINGS[word]
    if (neighbors := _NEIGHBOR_RULES.get(word)) and (reading := neighbors(context)):
        return reading
    if rule := _RULES.get(word) or _VERB_RULES.get(word):
        return rule(context)
    is_surname = context.before.endswith("姓") or context.after in word_lists.TITLES
    return word_lists.SURNAME_READINGS.get(word) if is_surname else None


def _beside(
    reading: str, *, before: Iterable[str] = (), after: Iterable[str] = (), counted: bool = True
) -> ContextRule:
    """Returns a rule for `reading`: after one of `before`, or before one of `after`.

    Without `counted` it does not apply after a numeral.
    """
    endings, beginnings = tuple(before), tuple(after)

    def rule(context: Context) -> str | None:
        is_beside = context.before.endswith(endings) or context.after.startswith(beginnings)
        return reading if is_beside and (counted or not context.is_counted) else None

    return rule


def _chang(context: Context) -> str:
    """长 is "long" after a measurement or a degree adverb (三米长, 很长), "grow" before a complement (长大)."""
    before, after = context.before, context.after
    is_measured = before.endswith(tuple(word_lists.LENGTH_UNITS + DIGITS)) or after.startswith(tuple("约达" + DIGITS))
    if after.startswith("得"):
        grows = after == "得"
    else:
        grows = context.prediction == "zhang3" or after.startswith(_GROWTH_COMPLEMENTS)
    return "zhang3" if grows and not is_measured else "chang2"


def _shu(context: Context) -> str | None:
    before, after = context.before, context.after
    if re.match("一[百千万亿]", context.rest):  # 数一百人: some hundreds
        return None
    is_verb = after.startswith(_ASPECT_CHARACTERS) or before in _ASPECT_CHARACTERS or (before == "地" and not after)
    return "shu3" if is_verb else None


def _dao(context: Context) -> str | None:
    """倒了 without an object: something has fallen."""
    return "dao3" if context.rest in ("了", "了吗", "了吧") else None


def _zhong(context: Context) -> str | None:
    """重 is "again" before some verbs (重来一次), a weight before a numeral (重约五斤, 重几十倍)."""
    if context.after.startswith(("来", "启", "试")):
        return "chong2"
    is_weight = context.after.startswith(tuple("约达几" + DIGITS)) and not context.is_counted
    return "zhong4" if is_weight else None


def _zhuan(context: Context) -> str | None:
    """转 is "to revolve" before some complements (转起来), and where turns are counted (转了三圈)."""
    revolves = context.after.startswith(("圈", "起", "个", "动", "得")) or re.match("了?.{1,3}[圈周]", context.rest)
    return "zhuan4" if revolves and not context.is_counted else None


def _events(context: Context) -> str | None:
    """场 counts performances and games (一场比赛) as chang3, what happens (一场雨) as chang2."""
    if not context.is_counted:
        return None
    return "chang3" if _PERFORMANCE.search(context.rest[:_MAX_ATTRIBUTE_CHARACTERS]) else "chang2"


def _counted_events(quantifier: str) -> ContextRule:
    """Returns the rule for 场 with its quantifier as one word."""
    return lambda context: f"{look_up(quantifier)[0]} {_events(replace(context, before=quantifier))}"


def _bei_zhe(context: Context) -> str:
    """背着 is "behind the back of" before a pronoun and some persons, else "carrying on the back"."""
    after = context.after
    is_hidden = after in word_lists.DECEIVED_PERSONS or part_of_speech(after) == "r"
    return "bei4 zhe5" if is_hidden else "bei1 zhe5"


def _tiao(context: Context) -> str | None:
    """调 is "to adjust" before its result: 调到二十度."""
    first, second = context.rest[:1], context.rest[1:2]  # empty before a pause, where the rule applies too
    return "tiao2" if first in "到至成" and second in word_lists.QUANTIFIER_CHARACTERS else None


def _tu(context: Context) -> str | None:
    """吐了 is vomiting, but for 吐了口气."""
    return "tu4" if context.after == "了" and not re.match("了.?口", context.rest) else None


def _hang(context: Context) -> str | None:
    """行 is a row after a quantifier, and a bank in 我行将 and the like."""
    is_bank = context.before == "我" and context.after in word_lists.BANK_AFFAIRS
    return "hang2" if is_bank or context.is_counted else None


def _lv(context: Context) -> str | None:
    is_rate = part_of_speech(context.before) in ("n", "v") and part_of_speech(context.after) not in _NOMINAL_TAGS
    return "lv4" if is_rate else None


_NEIGHBOR_RULES = {
    char: _beside(reading, before=befores, after=afters, counted=False)
    for char, (reading, befores, afters) in word_lists.NEIGHBOR_READINGS.items()
}
_VERB_RULES = {
    verb: _beside(reading, after=following, counted=False) for verb, (reading, following) in _VERB_READINGS.items()
}
_RULES: dict[str, ContextRule] = {
    **FUNCTION_WORD_RULES,
    "还": _beside("huan2", after=_RETURNED_OBJECTS),
    "长": _chang,
    "数": _shu,
    "量": _beside("liang2", after=(*_ASPECT_CHARACTERS, *_MEASURED_ATTRIBUTES)),
    "卷": _beside("juan4", before=DIGITS, after=DIGITS),
    "差": _beside("cha4", after="不点劲" + DIGITS),
    "只": _beside("zhi1", before=word_lists.QUANTIFIER_CHARACTERS),
    "行": _hang,
    "我行": lambda context: "wo3 hang2" if context.after in word_lists.BANK_AFFAIRS else None,
    "担": _beside("dan4", before=word_lists.QUANTIFIER_CHARACTERS),
    "沓": _beside("da2", before=word_lists.QUANTIFIER_CHARACTERS),
    "待": _beside("dai1", after=("在", "着", "一会", "会儿", "了", "过", "不住")),
    "吐": _tu,
    "角": _beside("jiao3", before=word_lists.QUANTIFIER_CHARACTERS),
    "假": _beside("jia4", before=_HOLIDAY_CHARACTERS),
    "重": _zhong,
    "重装": _beside("chong2 zhuang1", after=("系统", "软件", "程序", "驱动", "电脑", "手机")),
    "少": lambda context: None if context.after.startswith(_YOUNG_PERSONS) else "shao3",
    "汗": lambda context: None if last_tag(context.before).startswith("nr") else "han4",
    "调": _tiao,
    "涨": _beside("zhang4", before=("脸", "头脑", "昏")),
    "率": _lv,
    "弄": _beside("long4", before=DIGITS),
    "背着": _bei_zhe,
    "教会": lambda context: "jiao1 hui4" if part_of_speech(context.after) == "r" else None,
    "倒": _dao,
    "转": _zhuan,
    "场": _events,
    "扎": _beside("za1", after=("头发", "马尾", "小辫", "丸子头", "领带")),
    "鲜": _beside("xian3", after=("为人",)),
    "空": _beside("kong4", after="出"),
}
_RULES |= {f"{quantifier}场": _counted_events(quantifier) for quantifier in word_lists.QUANTIFIER_CHARACTERS}
INNER_RULE_WORDS = {word for word in _RULES if len(word) == 1} - {"得", "汗"}
"""Characters to which the rules also apply inside a long dictionary entry."""
