"""地 得 为 还 长 数 量 卷 差 弄 and surnames: words that hang on their neighbours more than on the sentence."""

from server.text.pronunciation.word_lists import COUNTS, OBLIGED, SURNAMES, TITLES, VERY

_DIGITS = "零〇一二三四五六七八九十百千万亿两"
_LENGTHS = "米里尺寸丈码度"
_OBTAINED = frozenset("了到过奖票病名知出第")
_SERVED = frozenset("给我你他她它咱您谁何这那")
_CALLED = frozenset("以均皆称定改作变成分化名视尊奉选评译应即乃原仍更最颇较极尤甚")
_CLAUSE = 24
"""Characters in which a clause shows what it is about."""
_HOW = ("a", "d", "z", "v")
_RETURNED = frozenset("了给清钱书债款本贷账")
_COUNTED = frozenset("了一着到过")
_BY_WHAT_FOLLOWS = {
    "卡": ("qia3", "住在着那壳"), "转": ("zhuan4", "圈起个动得"), "撒": ("sa3", "上在满些下种"),
    "挨": ("ai2", "了过打骂批饿揍冻罚"), "冲": ("chong4", "着我你他她"), "铺": ("pu1", "满了着开上在成床"),
    "钉": ("ding4", "在上着住了"), "扇": ("shan1", "不着了风动起"), "背": ("bei1", "在起着上"),
    "系": ("ji4", "好上着紧住"), "重": ("zhong4", "约达"), "种": ("zhong4", "在着满了上下地树花菜"),
    "藏": ("cang2", "在着了起进好到"), "校": ("jiao4", "对稿"),
}  # fmt: skip
"""Verbs: their reading before one of these characters."""
_LED = ("n", "m", "r")
_FREE = "天日周月年长病事产婚寒暑"
_GREW = frozenset("了着满出成大高在")


def particle(word: str, before: str, after: str, guess: str | None, rest: str = "") -> str | None:
    """The reading of a word between two others, "" for none (a pause or an end); None if it is not one of these.

    `guess` is what the network thinks of it, `rest` all that follows up to the next pause.
    """
    match word:
        case "地":
            how = len(before) == 1 and _part_of_speech(before) in _HOW and _part_of_speech(after) in ("v", "p")
            return "de5" if after and (len(before) > 1 or how) else None
        case "得":
            return _de(before, after, guess)
        case "为":
            return _wei(before, after, rest)
        case "还":
            return "huan2" if after[:1] in _RETURNED else None
        case "长":
            return _chang(before, after, guess)
        case "数":
            return "shu3" if after[:1] in _COUNTED or before in _COUNTED or (before == "地" and not after) else None
        case "量":
            return "liang2" if after[:1] in _COUNTED else None
        case "卷":
            return "juan4" if {before[-1:], after[:1]} & set(_DIGITS) else None
        case "差":
            return "cha4" if before in VERY or (after and after[0] in f"不点劲{_DIGITS}") else None
        case "只":
            return "zhi1" if before and before[-1] in COUNTS else None
        case "行":
            return "hang2" if before and before[-1] in COUNTS else None
        case "角":
            return "jiao3" if before and before[-1] in COUNTS else None
        case "假":
            return "jia4" if before[-1:] in _FREE and before else None
        case "调":
            return "tiao2" if rest[:1] in "到至成高低" and (not rest or rest[1:2] in COUNTS) else None
        case "涨":
            return "zhang4" if before.endswith(("脸", "头脑", "昏")) else None
        case "率":
            return "lv4" if _part_of_speech(before) in ("n", "v") and _part_of_speech(after) not in _LED else None
        case "弄":
            return "long4" if before[-1:] and before[-1] in _DIGITS else None
        case _ if word in _BY_WHAT_FOLLOWS and (not before or before[-1] not in COUNTS):
            reading, following = _BY_WHAT_FOLLOWS[word]
            return reading if after and after[0] in following else None
        case _ if word in SURNAMES and (before[-1:] == "姓" or after in TITLES):
            return SURNAMES[word]
        case _:
            return None


def _de(before: str, after: str, guess: str | None) -> str:
    """Must between who or when and what (他得走了), to get before what is obtained (他得了奖), else a particle."""
    obtained = after[:1] in _OBTAINED
    subject = before in OBLIGED or (_part_of_speech(before) in ("r", "t") and _part_of_speech(after) == "v")
    opens = not before and _part_of_speech(after) in ("d", "v", "p")
    pressed = before in OBLIGED and _part_of_speech(after) in ("d", "v", "p", "l")
    if (subject and after) or opens or pressed:
        return "de2" if obtained else "dei3"
    kind = _part_of_speech(before)
    gets = kind in ("", "d", "r", "c", "p") or (obtained and kind not in ("v", "a"))
    return "de2" if gets and guess == "de2" else "de5"


def _wei(before: str, after: str, rest: str) -> str:
    """Wei4 is for somebody's sake (为他鼓掌, 为车队授旗), or opens a clause (为适应需要，).

    Else it is to be: 称为, 以此为家.
    """
    if not after or all(char in _DIGITS for char in after):
        return "wei2"
    if not before:
        return "wei4"
    named = _part_of_speech(before) == "v" or before[-1] in _CALLED or before[0] == "以"
    if after[0] in _SERVED or (not named and after in ("大家", "人民", "自己")):
        return "wei4"
    return "wei4" if not named and _is_done_for(rest) else "wei2"


def _is_done_for(rest: str) -> bool:
    """Does somebody come first here, and then what is done for him: 车队授旗, 一户农家安装?"""
    import rjieba

    somebody = False
    for word, kind in rjieba.tag(rest[:_CLAUSE]):
        if kind in ("v", "l") and (somebody or len(word) == 4):
            return somebody and not rest.endswith(("的", "者"))
        if kind[0] not in "nrmqasjzd" and kind != "vn":
            return False
        somebody = somebody or kind[0] in "nrjzv"
    return False


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
