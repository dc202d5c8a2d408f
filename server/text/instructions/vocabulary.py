"""The words of instructions, English and Chinese: for emotions, for paces, and those that carry neither."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product


@dataclass(frozen=True, slots=True)
class Emotion:
    """Words that choose an emotion."""

    name: str
    """As KAN-TTS names it."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Words that choose a pace."""

    speed: float
    """Factor on the speed."""


_EMOTIONS = {
    "happy": "happy happily happiness cheerful cheerfully joyful joyfully joy glad gladly merry merrily "
    "开心 高兴 快乐 愉快 欢快 欢乐 喜悦 欣喜",
    "sad": "sad sadly sadness sorrowful sorrowfully sorrow mournful mournfully 悲伤 伤心 难过 悲痛 哀伤 悲哀 忧伤",
    "angry": "angry angrily anger furious furiously 生气 愤怒 恼怒",
    "fear": "afraid fearful fearfully fear scared frightened 害怕 恐惧 惊恐",
    "surprise": "surprised surprise astonished amazed 惊讶 吃惊 惊奇",
    "disgust": "disgusted disgust 厌恶 反感",
    "neutral": "neutral neutrally 中性 平淡",
    "calm": "calm calmly 平静 冷静 沉着",
    "gentle": "gentle gently tender tenderly 温柔 柔和 轻柔",
    "relax": "relaxed 轻松 放松",
    "lyrical": "lyrical lyrically 抒情 深情",
    "serious": "serious seriously solemn solemnly 严肃 庄重",
    "excited": "excited excitedly excitement enthusiastic enthusiastically 兴奋 激动",
    "disappointed": "disappointed disappointedly disappointment 失望 失落",
    "anxiety": "anxious anxiously anxiety worried 焦虑 焦急 担心",
    "hate": "hateful hatefully hatred 憎恨 仇恨",
}

_PACES = [
    ("slow slowly slower", 0.8, 0.9, 0.65),
    ("fast faster quick quickly quicker rapid rapidly", 1.25, 1.1, 1.5),
    ("慢 慢慢 缓慢 放慢 慢速", 0.8, 0.9, 0.65),
    ("快 快速 加快", 1.25, 1.1, 1.5),
]
"""Words of one language, and the factor on the speed for them alone, with `slightly`, and with `very`."""
_SLIGHTLY = ["slightly ", "somewhat ", "a little ", "a little bit ", "a bit "], ["稍微", "稍", "略微", "略", "再"]
_VERY = ["very ", "much ", "really ", "extremely "], ["很", "非常", "特别", "十分", "极其"]
"""Before English and before Chinese words."""
_SLIGHTLY_AFTER = ["一点", "一点儿", "点", "点儿", "一些", "些"]
_NORMAL = "normal pace|normal speed|moderate pace|moderate speed|正常语速|正常的语速|语速正常|语速适中|适中的语速"
_FIXED = {"slow down": 0.8, "speed up": 1.25, **dict.fromkeys(_NORMAL.split("|"), 1.0)}

_OTHER_ENGLISH = (
    "please i want you to should can could would speak speaking say saying talk talking read reading sound sounding be "
    "tell use make keep it this the a an text sentence in with at of aloud tone voice manner way mood style emotion "
    "emotional feeling pace pacing speed rate affect delivery your very really quite more slightly somewhat extremely"
)
_OTHER_CHINESE = (
    "请 请你 你 我 想 想要 希望 要 需要 可以 应该 能 用 以 带 带着 有 保持 把 这 这段 这句 这段话 这句话 话 文字 文本 "
    "句子 内容 说 说话 讲 讲话 读 念 朗读 播报 得 听起来 显得 语气 语调 口吻 声音 嗓音 音调 情绪 情感 感情 心情 感觉 "
    "样子 方式 语速 速度 整体 一种 一个 的 地 着 了 来 吧 啊 呀 哦 很 非常 特别 十分 极其 比较 更 更加 稍微 略微 "
    "一点 一点儿 一些 点 些 、"
)
_OTHER_PHRASES = ["a little", "a little bit", "a bit", "out loud"]


def vocabulary() -> Mapping[str, Emotion | Pace | None]:
    """Phrase in lower case -> what it chooses; None for a word that chooses nothing."""
    others = [*_OTHER_ENGLISH.split(), *_OTHER_CHINESE.split(), *_OTHER_PHRASES]
    emotions = {word: Emotion(name) for name, words in _EMOTIONS.items() for word in words.split()}
    return {**dict.fromkeys(others), **emotions, **dict(_paces())}


def _paces() -> Iterator[tuple[str, Pace]]:
    for words, plain, slightly, very in _PACES:
        chinese = not words.isascii()
        after = ["", *_SLIGHTLY_AFTER] if chinese else [""]
        for word in words.split():
            yield from ((word + end, Pace(slightly if end else plain)) for end in after)
            yield from ((start + word + end, Pace(slightly)) for start, end in product(_SLIGHTLY[chinese], after))
            yield from ((start + word, Pace(very)) for start in _VERY[chinese])
    yield from ((phrase, Pace(speed)) for phrase, speed in _FIXED.items())
