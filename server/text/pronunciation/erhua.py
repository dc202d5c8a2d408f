"""儿 that is no syllable of its own: 一点儿 ends in one syllable, `dianr3`, whose text has two characters.

It joins the nouns and the few pronouns and verbs that the north ends so. What is spoken of a child (女儿, 婴儿,
为儿求情), names (可儿), and the creatures and things of songs (鸟儿, 月儿) keep a syllable for it.
"""

from collections.abc import Sequence
from dataclasses import replace

from server.text.units.syllables import is_erhua
from server.text.words import Syllable, Word

_TAKES = frozenset(
    "点会这那哪今昨事玩意门劲味块活头面边样根份片汤盆圈弯条班伴瓣票本词错范方杆个棍馆罐官鬼孩号盒核价尖件角脚空口筐脸粒亮"
    "猫谜名末沫盘皮瓶旗气球曲人仁刃色嗓勺神声手水丝摊坛套蹄桶腿碗尾馅弦腰爷影园院渣爪汁枝珠桌字嘴座缝裂道辙趟遍阵趣段伙颗窝"
    "坑饭蛋鸡鸭狗兔虾虫哥姐妞娘俩仨们汉特遛早慢好远满悄倍闷盹滚嗝堆闲芽板帽衫兜衩心眼包单串刀车歌饼茶糖豆果烂礼景朵贝啥"
    "准溜同油刺塞挨地"
)
_TAKES_AFTER = {
    "对": "一成这两几", "天": "聊谈这", "话": "笑说", "干": "饼", "底": "到", "家": "一", "法": "没",
    "花": "葱烟火雪爆腰",
    "明": "，", "后": "，", "前": "，", "侄": "，", "画": "小张幅", "鸟": "小",
}  # fmt: skip
"""Characters that take it only after one of these; ， is a break or the beginning of a word."""
_CHILD = "童子女媳孙科歌时戏化"
"""After 儿 they make it a word's beginning: 儿童, 儿时."""
_HIGH = "慢好远快满早"
"""Doubled before it, the second has the first tone: 慢慢儿, 好好儿."""


def join(words: Sequence[Word]) -> list[Word]:
    """The same words, with 儿 in the syllable before it where it belongs there.

    A syllable that was given as erhua (`huir4`) takes its 儿 wherever it stands; one that was given without it
    does not.
    """
    joined: list[Word] = []
    said: list[Syllable] = []
    """What has been said since the last pause."""
    for word in words:
        if joined and joined[-1].pause:
            said.clear()
        syllables: list[Syllable] = []
        for place, syllable in enumerate(word.syllables):
            opens = place == 0 and word.text[1:2] and word.text[1] in _CHILD  # 这|儿童
            if syllable.text == "儿" and said and not opens and _belongs(said, syllable):
                said[-1] = whole = _whole(said, syllable)
                if syllables:
                    syllables[-1] = whole
                else:
                    joined[-1] = replace(joined[-1], syllables=(*joined[-1].syllables[:-1], whole))
            else:
                syllables.append(syllable)
                said.append(syllable)
        if syllables:
            joined.append(replace(word, syllables=tuple(syllables)))
        elif joined:
            joined[-1] = replace(joined[-1], pause=max(word.pause, joined[-1].pause), joined=word.joined)
    return joined


def _belongs(said: Sequence[Syllable], child: Syllable) -> bool:
    """Is this 儿 part of the syllable before it?"""
    last = said[-1]
    if last.end != child.start or not last.pinyin:
        return False
    if last.fixed or is_erhua(last.pinyin[:-1]):
        return last.fixed and is_erhua(last.pinyin[:-1])
    if child.fixed or last.pinyin[:-1] == "er":
        return False
    before = said[-2].text if len(said) > 1 and said[-2].end == last.start else "，"
    if last.text in _HIGH and before == last.text:
        return True
    return last.text in _TAKES or before in _TAKES_AFTER.get(last.text, "")


def _whole(said: Sequence[Syllable], child: Syllable) -> Syllable:
    """The last syllable and 儿 as one."""
    last = said[-1]
    base, tone = last.pinyin[:-1], last.pinyin[-1]
    if last.text == "头":
        tone = "2"  # neutral as a suffix: 老头, 老头儿
    elif len(said) > 1 and last.text in _HIGH and said[-2].text == last.text and not last.fixed:
        tone = "1"
    base = base if last.fixed else f"{base}r"
    return replace(last, text=last.text + child.text, pinyin=base + tone, end=child.end)
