"""Readings of the function words 地 得 为 着 了, by the words beside them."""

from server.text.dictionaries import segmenter
from server.text.pronunciation.context import DIGITS, Context, ContextRule, part_of_speech
from server.text.pronunciation.word_lists import BENEFICIARIES, MODAL_DEI_PREDECESSORS, WORN_BODY_PARTS

_OBTAINED_OBJECTS = frozenset("了到过奖票病名知出第")
"""First characters of what follows 得 in the sense of obtaining."""
_PRONOUN_CHARACTERS = frozenset("给我你他她它咱您谁何这那")
_COPULAR_CONTEXT = frozenset("以均皆称定改作变成分化名视尊奉选评译应即乃原仍更最颇较极尤甚")
"""Last characters of what precedes the copula 为: 称为, 均为."""
_COPULAR_OBJECTS = frozenset("时今学")
"""Words after the verb 为 at the beginning of a clause: 为时已晚, 为今之计."""
_MAX_CLAUSE_CHARACTERS = 24
"""How far a rule looks ahead for the verb of a clause."""
_MANNER_TAGS = ("a", "d", "z", "v")
_CLOTHING_TAGS = ("n", "m", "a")


def _di(context: Context) -> str | None:
    """地 is the adverbial particle after a manner word: 慢慢地走."""
    before, after = context.before, context.after
    manner = len(before) == 1 and part_of_speech(before) in _MANNER_TAGS and part_of_speech(after) in ("v", "p")
    return "de5" if after and (len(before) > 1 or manner) else None


def _de(context: Context) -> str:
    """得 is modal between subject and verb (他得走了) and a verb before an object (他得了奖), else a particle."""
    before, after = context.before, context.after
    tag, next_tag = part_of_speech(before), part_of_speech(after)
    obtains = after[:1] in _OBTAINED_OBJECTS
    begins_clause = not before and next_tag in ("d", "v", "p")
    follows_subject = tag in ("r", "t") and next_tag == "v"
    if begins_clause or follows_subject or (after and before in MODAL_DEI_PREDECESSORS):
        return "de2" if obtains else "dei3"
    is_verb = tag in ("", "d", "r", "c", "p") or (obtains and tag not in ("v", "a"))
    return "de2" if is_verb and context.prediction == "de2" else "de5"


def _wei(context: Context) -> str:
    """为 is wei4 before a beneficiary (为他鼓掌, 为车队授旗) or a purpose (为适应需要), else the copula wei2 (称为)."""
    before, after = context.before, context.after
    if after in _COPULAR_OBJECTS or all(char in DIGITS for char in after):  # of a number, or before a pause
        return "wei2"
    if not before or after[0] in _PRONOUN_CHARACTERS:
        return "wei4"
    is_verb = part_of_speech(before) == "v" and before != "是"
    if is_verb or before[-1] in _COPULAR_CONTEXT or before[0] == "以":
        return "wei2"
    following = context.rest[len(after) : len(after) + 1]
    is_beneficiary = after in ("大家", "人民", "自己") or (after in BENEFICIARIES and following not in ("", "的"))
    return "wei4" if is_beneficiary or _has_beneficiary(context.rest) else "wei2"


def _has_beneficiary(rest: str) -> bool:
    """Returns whether a clause begins with a noun phrase and its verb: 车队授旗, 一户农家安装."""
    has_noun = False
    previous = ""
    for word, tag in segmenter.tagged_words(rest[:_MAX_CLAUSE_CHARACTERS]):
        is_nominal = tag == "vn" or (tag == "v" and previous == "的") or tag[0] in "nrjz"
        if tag in ("v", "l") and not is_nominal and (has_noun or len(word) == 4):
            return has_noun and not rest.endswith(("的", "者"))
        if not is_nominal and tag[0] not in "mqasdkt" and not (word == "的" and has_noun):
            return False
        has_noun = has_noun or is_nominal
        previous = word
    return False


def _zhe(context: Context) -> str | None:
    """着 is "to wear" after a body part or a pronoun (她着红裙), a complement before 了 (猜着了), else a particle."""
    before, after = context.before, context.after
    if after[:1] == "了":
        return "zhao2"
    wearer = not before or before in WORN_BODY_PARTS or part_of_speech(before) == "r"
    return "zhuo2" if wearer and part_of_speech(after) in _CLOTHING_TAGS else None


def _le(context: Context) -> str | None:
    """了 after the particle 得 is a potential complement: 办得了."""
    return "liao3" if context.before == "得" and context.previous_reading == "de5" else None


FUNCTION_WORD_RULES: dict[str, ContextRule] = {"地": _di, "得": _de, "为": _wei, "着": _zhe, "了": _le}
