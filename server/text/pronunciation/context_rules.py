"""Readings of words that depend on the words beside them: particles, verbs, adjectives, measure words, surnames."""

from collections.abc import Callable

from server.text.pronunciation.context import DIGITS, Context, is_name, part_of_speech
from server.text.pronunciation.function_word_rules import FUNCTION_WORD_RULES
from server.text.pronunciation.word_lists import (
    ADJECTIVE_READINGS,
    DEGREE_ADVERBS,
    QUANTIFIER_CHARACTERS,
    SURNAME_READINGS,
    TITLES,
)

_LENGTH_UNITS = "米里尺寸丈码度"
_RETURNED_OBJECTS = frozenset("了给清钱书债款本贷账")
_ASPECT_CHARACTERS = frozenset("了一着到过")
"""What follows a verb: 数了, 量一量."""
_VERB_READINGS = {
    "卡": ("qia3", "住在着那壳"), "转": ("zhuan4", "圈起个动得"), "撒": ("sa3", "上在满些下种"),
    "挨": ("ai2", "了过打骂批饿揍冻罚"), "冲": ("chong4", "着我你他她"), "铺": ("pu1", "满了着开上在成床"),
    "钉": ("ding4", "在上着住了"), "扇": ("shan1", "不着了风动起"), "背": ("bei1", "在起着上"),
    "系": ("ji4", "好上着紧住"), "种": ("zhong4", "在着满了上下地树花菜"),
    "藏": ("cang2", "在着了起进好到"), "校": ("jiao4", "对稿"),
}  # fmt: skip
"""Verb -> its reading, and the characters before which it has that reading."""
_NOMINAL_TAGS = ("n", "m", "r")
_HOLIDAY_CHARACTERS = "天日周月年长病事产婚寒暑"
"""Before 假 in the sense of leave: 病假."""
_GROWTH_COMPLEMENTS = frozenset("了着满出成大高在")
_YOUNG_PERSONS = frozenset("年女爷奶侠妻帮")
"""After 少 in the sense of young."""


def contextual_reading(word: str, context: Context) -> str | None:
    """Returns the reading that the context requires; None if no rule applies."""
    if word in ADJECTIVE_READINGS and context.before in DEGREE_ADVERBS:
        is_repetition = word == "重" and context.before == "不" and context.after  # 福不重至
        return None if is_repetition else ADJECTIVE_READINGS[word]
    if word in _RULES:
        return _RULES[word](context)
    if word in _VERB_READINGS and not context.is_counted:
        reading, following = _VERB_READINGS[word]
        return reading if context.after and context.after[0] in following else None
    if word in SURNAME_READINGS and (context.before[-1:] == "姓" or context.after in TITLES):
        return SURNAME_READINGS[word]
    return None


def _chang(context: Context) -> str:
    """长 is "long" after a measurement or a degree adverb (三米长, 很长), "grow" before a complement (长大)."""
    before, after = context.before, context.after
    measured = before and before[-1] in _LENGTH_UNITS + DIGITS
    if measured or (after and after[0] in f"约达{DIGITS}"):
        return "chang2"
    if after[:1] == "得":
        return "zhang3" if after == "得" else "chang2"
    return "zhang3" if context.prediction == "zhang3" or after[:1] in _GROWTH_COMPLEMENTS else "chang2"


def _zhong(context: Context) -> str | None:
    """重 is "heavy" before a weight or a multiple: 重约五斤, 重几十倍."""
    return "zhong4" if context.after and context.after[0] in f"约达几{DIGITS}" and not context.is_counted else None


def _huan(context: Context) -> str | None:
    return "huan2" if context.after[:1] in _RETURNED_OBJECTS else None


def _shu(context: Context) -> str | None:
    before, after = context.before, context.after
    is_verb = after[:1] in _ASPECT_CHARACTERS or before in _ASPECT_CHARACTERS or (before == "地" and not after)
    return "shu3" if is_verb else None


def _liang(context: Context) -> str | None:
    return "liang2" if context.after[:1] in _ASPECT_CHARACTERS else None


def _juan(context: Context) -> str | None:
    return "juan4" if {context.before[-1:], context.after[:1]} & set(DIGITS) else None


def _cha(context: Context) -> str | None:
    return "cha4" if context.after and context.after[0] in f"不点劲{DIGITS}" else None


def _jia(context: Context) -> str | None:
    return "jia4" if context.before and context.before[-1] in _HOLIDAY_CHARACTERS else None


def _tiao(context: Context) -> str | None:
    rest = context.rest
    return "tiao2" if rest[:1] in "到至成高低" and (not rest or rest[1:2] in QUANTIFIER_CHARACTERS) else None


def _zhang(context: Context) -> str | None:
    return "zhang4" if context.before.endswith(("脸", "头脑", "昏")) else None


def _lv(context: Context) -> str | None:
    is_rate = part_of_speech(context.before) in ("n", "v") and part_of_speech(context.after) not in _NOMINAL_TAGS
    return "lv4" if is_rate else None


def _long(context: Context) -> str | None:
    return "long4" if context.before and context.before[-1] in DIGITS else None


_RULES: dict[str, Callable[[Context], str | None]] = {
    **FUNCTION_WORD_RULES,
    "还": _huan,
    "长": _chang,
    "数": _shu,
    "量": _liang,
    "卷": _juan,
    "差": _cha,
    "只": lambda context: "zhi1" if context.is_counted else None,
    "行": lambda context: "hang2" if context.is_counted else None,
    "角": lambda context: "jiao3" if context.is_counted else None,
    "假": _jia,
    "重": _zhong,
    "少": lambda context: None if context.after[:1] in _YOUNG_PERSONS else "shao3",
    "汗": lambda context: None if is_name(context.before) else "han4",
    "调": _tiao,
    "涨": _zhang,
    "率": _lv,
    "弄": _long,
}


INNER_RULE_WORDS = _RULES.keys() - {"得", "汗"}
"""Words to which the rules also apply inside a long dictionary entry."""
