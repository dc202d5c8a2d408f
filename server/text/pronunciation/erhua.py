"""Merges 儿 into the syllable before it: 一点儿 ends in one syllable, `dianr3`, whose text has two characters.

It merges with the nouns, pronouns and verbs that have erhua in northern speech. It stays a syllable of its own in the
sense of a child (女儿, 婴儿, 为儿求情), in names (可儿), and after the animals and things of songs (鸟儿, 月儿).
"""

from collections.abc import Sequence
from dataclasses import replace

from server.text.units.syllables import is_erhua
from server.text.words import Syllable, Word

_ERHUA_CHARACTERS = frozenset(
    "点会这那哪今昨事玩意门劲味块活头面边样根份片汤盆圈弯条班伴瓣票本词错范方杆个棍馆罐官鬼孩号盒核价尖件角脚空口筐脸粒亮"
    "猫谜名末沫盘皮瓶旗气球曲人仁刃色嗓勺神声手水丝摊坛套蹄桶腿碗尾馅弦腰爷影园院渣爪汁枝珠桌字嘴座缝裂道辙趟遍阵趣段伙颗窝"
    "坑饭蛋鸡鸭狗兔虾虫哥姐妞娘俩仨们汉特遛早慢好远满悄倍闷盹滚嗝堆闲芽板帽衫兜衩心眼包单串刀车歌饼茶糖豆果烂礼景朵贝啥"
    "准溜同油刺塞挨地盖牌带码茬擦栏槛瓤辫链签褂刷款腕晃窗卷绢圆缘跟针婶镚颈截鞋垂墩轮瓮齿脐印钉镜驴盂洞盅泡罩哨苗调窍偷"
    "扣轴丑阄锅戳膜柜桩棚瓦砖杠秤筒锤匙匣褶碴沿捆摞沓拨茎秆穗旯盔籽壳棵纹蛐蝈肘颏膛脖丸招枣"
)
_ERHUA_AFTER = {
    "对": "一成这两几", "天": "聊谈这，", "话": "笑说", "干": "饼包白", "底": "到垫家鞋袱锅箱", "家": "一",
    "法": "没变戏说活想", "花": "葱烟火雪爆腰麻泪", "子": "瓜石铜枪棋鸡一", "叶": "树茶烟菜", "把": "刀话车门",
    "杂": "打", "肩": "坎披", "梁": "鼻房", "瓜": "脑傻香", "转": "打", "黄": "蛋", "背": "刀手驼", "黑": "摸抹擦傍",
    "成": "提", "春": "开", "鼻": "针", "信": "送口准捎报", "鸣": "打", "铃": "门车电", "清": "蛋", "星": "火",
    "群": "合", "乐": "逗取找", "步": "碎", "谱": "没靠离摆准", "妇": "媳", "数": "有没", "冻": "果", "葱": "小",
    "熊": "小", "高": "跳", "漂": "鱼", "牛": "顶", "说": "小", "下": "一两几等", "肠": "香", "半": "多一大",
    "过": "对", "间": "单当套里", "抄": "小", "性": "小", "团": "抱汤", "欢": "撒", "凉": "树阴荫", "钱": "榆零价",
    "牙": "月", "筋": "皮", "肚": "爆", "堂": "跑", "真": "较叫", "脑": "腐股", "贴": "锅", "节": "过", "挑": "高",
    "烟": "溜", "小": "从自打", "主": "买卖", "绳": "小", "挺": "打", "蔫": "打", "顶": "头房屋", "当": "空",
    "便": "顺", "理": "在", "明": "，赶改", "后": "，", "前": "，跟眼", "侄": "，", "画": "，小张幅", "鸟": "小",
}  # fmt: skip
"""Character with erhua -> the characters after which it has erhua; ， is a break or the beginning of a word."""
_CHILD_COMPOUNDS = "童子女媳孙科歌时戏化"
"""After 儿 they form a word that begins with 儿: 儿童, 儿时."""
_TONES_BEFORE_ER = {"头": "2", "同": "4", "子": "3", "妇": "5"}
"""头, 同 and 子 are neutral at the end of a word (老头, 胡同, 瓜子), but not before 儿; 妇 is neutral before it."""
_FIRST_TONE_REDUPLICATIONS = "慢好远快满早"
"""When doubled before 儿, the second has the first tone: 慢慢儿, 好好儿."""


def merge_erhua(words: Sequence[Word]) -> list[Word]:
    """Returns the words with 儿 merged into the syllable before it where the two are one.

    An explicit reading with erhua (`huir4`) always takes the 儿 after it, one without erhua never does.
    """
    merged: list[Word] = []
    preceding: list[Syllable] = []
    """The syllables since the last pause."""
    for word in words:
        if merged and merged[-1].break_level:
            preceding.clear()
        syllables: list[Syllable] = []
        for index, syllable in enumerate(word.syllables):
            begins_word = index == 0 and word.text[1:2] and word.text[1] in _CHILD_COMPOUNDS  # 这|儿童
            if syllable.text == "儿" and preceding and not begins_word and _is_suffix(preceding, syllable):
                preceding[-1] = whole = _merge(preceding, syllable)
                if syllables:
                    syllables[-1] = whole
                else:
                    merged[-1] = replace(merged[-1], syllables=(*merged[-1].syllables[:-1], whole))
            else:
                syllables.append(syllable)
                preceding.append(syllable)
        if syllables:
            merged.append(replace(word, syllables=tuple(syllables)))
        elif merged:
            level = max(word.break_level, merged[-1].break_level)
            merged[-1] = replace(merged[-1], break_level=level, no_break_after=word.no_break_after)
    return merged


def _is_suffix(preceding: Sequence[Syllable], er: Syllable) -> bool:
    """Returns whether 儿 is part of the syllable before it."""
    last = preceding[-1]
    if last.end != er.start or not last.pinyin:
        return False
    if last.explicit or is_erhua(last.pinyin[:-1]):
        return last.explicit and is_erhua(last.pinyin[:-1])
    if er.explicit or last.pinyin[:-1] == "er":
        return False
    before = preceding[-2].text if len(preceding) > 1 and preceding[-2].end == last.start else "，"
    if last.text in _FIRST_TONE_REDUPLICATIONS and before == last.text:
        return True
    return last.text in _ERHUA_CHARACTERS or before in _ERHUA_AFTER.get(last.text, "")


def _merge(preceding: Sequence[Syllable], er: Syllable) -> Syllable:
    """Returns the last syllable and 儿 as one."""
    last = preceding[-1]
    base, tone = last.pinyin[:-1], last.pinyin[-1]
    is_doubled = len(preceding) > 1 and preceding[-2].text == last.text
    if last.text in _TONES_BEFORE_ER:
        tone = _TONES_BEFORE_ER[last.text]
    elif is_doubled and last.text in _FIRST_TONE_REDUPLICATIONS and not last.explicit:
        tone = "1"
    base = base if last.explicit else f"{base}r"
    return replace(last, text=last.text + er.text, pinyin=base + tone, end=er.end)
