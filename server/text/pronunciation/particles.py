"""地 得 为 还 长 数 量 卷 差 弄 and surnames: words that hang on their neighbours more than on the sentence."""

from server.text.pronunciation.lexicon import OBLIGED, SURNAMES, TITLES, VERY

_DIGITS = "零〇一二三四五六七八九十百千万亿两"
_LENGTHS = "米里尺寸丈码度"
_OBTAINED = frozenset("了到过奖票病名知出第")
_SERVED = frozenset("我你他她它咱您谁何这那")
_RETURNED = frozenset("了给清钱书债款本贷账")
_COUNTED = frozenset("了一着到过")
_GREW = frozenset("了着满出成大高在")


def particle(word: str, before: str, after: str, guess: str | None) -> str | None:
    """The reading of a word between two others, "" for none (a pause or an end); None if it is not one of these.

    `guess` is what the network thinks of it.
    """
    match word:
        case "地":
            return "de5" if len(before) > 1 and after else None
        case "得":
            return _de(before, after, guess)
        case "为":
            return _wei(before, after)
        case "还":
            return "huan2" if after[:1] in _RETURNED else None
        case "长":
            return _chang(before, after, guess)
        case "数":
            return "shu3" if after[:1] in _COUNTED or before in _COUNTED else None
        case "量":
            return "liang2" if after[:1] in _COUNTED else None
        case "卷":
            return "juan4" if {before[-1:], after[:1]} & set(_DIGITS) else None
        case "差":
            return "cha4" if after and after[0] in f"不点{_DIGITS}" else None
        case "弄":
            return "long4" if before[-1:] and before[-1] in _DIGITS else None
        case _ if word in SURNAMES and (before[-1:] == "姓" or after in TITLES):
            return SURNAMES[word]
        case _:
            return None


def _de(before: str, after: str, guess: str | None) -> str:
    """Must between who or when and what (他得走了), to get before what is obtained (他得了奖), else a particle."""
    obtained = after[:1] in _OBTAINED
    subject = before in OBLIGED or (_part_of_speech(before) in ("r", "t") and _part_of_speech(after) == "v")
    if subject and after:
        return "de2" if obtained else "dei3"
    kind = _part_of_speech(before)
    gets = kind in ("", "d", "r", "c", "p") or (obtained and kind not in ("v", "a"))
    return "de2" if gets and guess == "de2" else "de5"


def _wei(before: str, after: str) -> str:
    """Wei4 is for somebody's sake (为他鼓掌), or opens a clause (为适应需要，); else it is to be (称为, 以此为家)."""
    if not after or all(char in _DIGITS for char in after):
        return "wei2"
    return "wei4" if not before or after[0] in _SERVED or after in ("大家", "人民", "自己") else "wei2"


def _chang(before: str, after: str, guess: str | None) -> str:
    """Long, unless it grows; what is measured is long (三米长, 很长)."""
    if before in VERY or (before and before[-1] in _LENGTHS + _DIGITS) or (after and after[0] in f"约达{_DIGITS}"):
        return "chang2"
    if after[:1] == "得":
        return "zhang3" if after == "得" else "chang2"
    return "zhang3" if guess == "zhang3" or after[:1] in _GREW else "chang2"


def _part_of_speech(word: str) -> str:
    """Of the word's last part: v verb, a adjective, r pronoun, t time, d adverb, c conjunction, p preposition."""
    import rjieba

    return rjieba.tag(word, False)[-1][1][0] if word else ""
