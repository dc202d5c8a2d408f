"""Readings of words that depend on the words beside them: 地 得 为 还 长 数 量 卷 差 弄, some verbs, and surnames."""

from collections.abc import Callable
from dataclasses import dataclass

from server.text.pronunciation.word_lists import (
    DEGREE_ADVERBS,
    MODAL_DEI_PREDECESSORS,
    QUANTIFIER_CHARACTERS,
    SURNAME_READINGS,
    TITLES,
)

_DIGITS = "零〇一二三四五六七八九十百千万亿两"
_LENGTH_UNITS = "米里尺寸丈码度"
_OBTAINED_OBJECTS = frozenset("了到过奖票病名知出第")
"""First characters of what follows 得 in the sense of obtaining."""
_PRONOUN_CHARACTERS = frozenset("给我你他她它咱您谁何这那")
_COPULAR_CONTEXT = frozenset("以均皆称定改作变成分化名视尊奉选评译应即乃原仍更最颇较极尤甚")
"""Last characters of what precedes 为 in the sense of being: 称为, 均为."""
_MAX_CLAUSE_CHARACTERS = 24
"""How far a rule looks ahead for the verb of a clause."""
_MANNER_TAGS = ("a", "d", "z", "v")
_RETURNED_OBJECTS = frozenset("了给清钱书债款本贷账")
_ASPECT_CHARACTERS = frozenset("了一着到过")
"""What follows a verb: 数了, 量一量."""
_VERB_READINGS = {
    "卡": ("qia3", "住在着那壳"), "转": ("zhuan4", "圈起个动得"), "撒": ("sa3", "上在满些下种"),
    "挨": ("ai2", "了过打骂批饿揍冻罚"), "冲": ("chong4", "着我你他她"), "铺": ("pu1", "满了着开上在成床"),
    "钉": ("ding4", "在上着住了"), "扇": ("shan1", "不着了风动起"), "背": ("bei1", "在起着上"),
    "系": ("ji4", "好上着紧住"), "重": ("zhong4", "约达"), "种": ("zhong4", "在着满了上下地树花菜"),
    "藏": ("cang2", "在着了起进好到"), "校": ("jiao4", "对稿"),
}  # fmt: skip
"""Verb -> its reading, and the characters before which it has that reading."""
_NOMINAL_TAGS = ("n", "m", "r")
_HOLIDAY_CHARACTERS = "天日周月年长病事产婚寒暑"
"""Before 假 in the sense of leave: 病假."""
_GROWTH_COMPLEMENTS = frozenset("了着满出成大高在")


@dataclass(frozen=True, slots=True)
class Context:
    """The surroundings of a word. `before` and `after` are "" at a pause and at the ends of the sentence."""

    before: str
    """The word before it."""
    after: str
    """The word after it."""
    rest: str
    """All characters after it, up to the next pause."""
    prediction: str | None
    """The reading that the network predicts, if it was asked."""

    @property
    def is_counted(self) -> bool:
        """Whether a numeral or the like precedes it."""
        return bool(self.before) and self.before[-1] in QUANTIFIER_CHARACTERS


def contextual_reading(word: str, context: Context) -> str | None:
    """Returns the reading that the context requires; None if no rule applies."""
    if word in _RULES:
        return _RULES[word](context)
    if word in _VERB_READINGS and not context.is_counted:
        reading, following = _VERB_READINGS[word]
        return reading if context.after and context.after[0] in following else None
    if word in SURNAME_READINGS and (context.before[-1:] == "姓" or context.after in TITLES):
        return SURNAME_READINGS[word]
    return None


def _structural_di(context: Context) -> str | None:
    """地 is the adverbial particle after a manner word: 慢慢地走."""
    before, after = context.before, context.after
    manner = len(before) == 1 and _part_of_speech(before) in _MANNER_TAGS and _part_of_speech(after) in ("v", "p")
    return "de5" if after and (len(before) > 1 or manner) else None


def _de(context: Context) -> str:
    """得 is modal between subject and verb (他得走了) and a verb before an object (他得了奖), else a particle."""
    before, after = context.before, context.after
    obtains = after[:1] in _OBTAINED_OBJECTS
    subject = before in MODAL_DEI_PREDECESSORS or (
        _part_of_speech(before) in ("r", "t") and _part_of_speech(after) == "v"
    )
    clause_initial = not before and _part_of_speech(after) in ("d", "v", "p")
    modal = before in MODAL_DEI_PREDECESSORS and _part_of_speech(after) in ("d", "v", "p", "l")
    if (subject and after) or clause_initial or modal:
        return "de2" if obtains else "dei3"
    tag = _part_of_speech(before)
    is_verb = tag in ("", "d", "r", "c", "p") or (obtains and tag not in ("v", "a"))
    return "de2" if is_verb and context.prediction == "de2" else "de5"


def _wei(context: Context) -> str:
    """为 is wei4 before a beneficiary (为他鼓掌, 为车队授旗) or a purpose (为适应需要), else the copula wei2 (称为)."""
    before, after = context.before, context.after
    if not after or all(char in _DIGITS for char in after):
        return "wei2"
    if not before:
        return "wei4"
    copular = _part_of_speech(before) == "v" or before[-1] in _COPULAR_CONTEXT or before[0] == "以"
    if after[0] in _PRONOUN_CHARACTERS or (not copular and after in ("大家", "人民", "自己")):
        return "wei4"
    return "wei4" if not copular and _has_beneficiary(context.rest) else "wei2"


def _has_beneficiary(rest: str) -> bool:
    """Returns whether a clause begins with a noun phrase and its verb: 车队授旗, 一户农家安装."""
    import rjieba

    has_noun = False
    for word, tag in rjieba.tag(rest[:_MAX_CLAUSE_CHARACTERS]):
        if tag in ("v", "l") and (has_noun or len(word) == 4):
            return has_noun and not rest.endswith(("的", "者"))
        if tag[0] not in "nrmqasjzd" and tag != "vn":
            return False
        has_noun = has_noun or tag[0] in "nrjzv"
    return False


def _chang(context: Context) -> str:
    """长 is "long" after a measurement or a degree adverb (三米长, 很长), "grow" before a complement (长大)."""
    before, after = context.before, context.after
    measured = before and before[-1] in _LENGTH_UNITS + _DIGITS
    if before in DEGREE_ADVERBS or measured or (after and after[0] in f"约达{_DIGITS}"):
        return "chang2"
    if after[:1] == "得":
        return "zhang3" if after == "得" else "chang2"
    return "zhang3" if context.prediction == "zhang3" or after[:1] in _GROWTH_COMPLEMENTS else "chang2"


def _huan(context: Context) -> str | None:
    return "huan2" if context.after[:1] in _RETURNED_OBJECTS else None


def _shu(context: Context) -> str | None:
    before, after = context.before, context.after
    is_verb = after[:1] in _ASPECT_CHARACTERS or before in _ASPECT_CHARACTERS or (before == "地" and not after)
    return "shu3" if is_verb else None


def _liang(context: Context) -> str | None:
    return "liang2" if context.after[:1] in _ASPECT_CHARACTERS else None


def _juan(context: Context) -> str | None:
    return "juan4" if {context.before[-1:], context.after[:1]} & set(_DIGITS) else None


def _cha(context: Context) -> str | None:
    insufficient = context.after and context.after[0] in f"不点劲{_DIGITS}"
    return "cha4" if context.before in DEGREE_ADVERBS or insufficient else None


def _jia(context: Context) -> str | None:
    return "jia4" if context.before and context.before[-1] in _HOLIDAY_CHARACTERS else None


def _tiao(context: Context) -> str | None:
    rest = context.rest
    return "tiao2" if rest[:1] in "到至成高低" and (not rest or rest[1:2] in QUANTIFIER_CHARACTERS) else None


def _zhang(context: Context) -> str | None:
    return "zhang4" if context.before.endswith(("脸", "头脑", "昏")) else None


def _lv(context: Context) -> str | None:
    is_rate = _part_of_speech(context.before) in ("n", "v") and _part_of_speech(context.after) not in _NOMINAL_TAGS
    return "lv4" if is_rate else None


def _long(context: Context) -> str | None:
    return "long4" if context.before and context.before[-1] in _DIGITS else None


_RULES: dict[str, Callable[[Context], str | None]] = {
    "地": _structural_di,
    "得": _de,
    "为": _wei,
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
    "调": _tiao,
    "涨": _zhang,
    "率": _lv,
    "弄": _long,
}


def _part_of_speech(word: str) -> str:
    """Returns the tag of a word's last part: v verb, a adjective, r pronoun, t time, d adverb, c conjunction, ..."""
    import rjieba

    return rjieba.tag(word, False)[-1][1][0] if word else ""
