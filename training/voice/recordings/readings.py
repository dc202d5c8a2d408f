"""The syllables of a recorded word: the server's reading, corrected where a character alone is read in another way."""

from itertools import product

from pypinyin import Style, pinyin

from server.text.pronunciation.mandarin_g2p import pronounce
from server.text.pronunciation.tone_sandhi import apply_tone_sandhi
from server.text.prosody.phrase_breaks import predict_breaks
from server.text.units.syllables import is_syllable, split_tone
from server.text.words import mandarin_pinyin

CORRECTIONS = {
    "还": "huan2", "长": "zhang3", "得": "dei3", "了": "liao3", "地": "di4", "为": "wei4", "更": "geng4", "只": "zhi3",
    "种": "zhong3", "教": "jiao1", "差": "cha4", "少": "shao3", "把": "ba3", "给": "gei3", "角": "jiao3", "呢": "na5",
    "女人": "nv3 ren2", "了解": "liao2 jie3", "好吃": "hao3 chi1",
}  # fmt: skip
"""Word -> how the speaker read it, where the server's front end reads it differently or depends on the context."""


def read_word(text: str) -> tuple[str, ...] | None:
    """Returns the spoken syllables of a word (`ni2 hao3`); None if it cannot be read."""
    if text in CORRECTIONS:
        return tuple(CORRECTIONS[text].split())
    words, unreadable = pronounce(text)
    syllables = mandarin_pinyin(apply_tone_sandhi(predict_breaks(words)))
    if unreadable or not syllables or not all(is_syllable(split_tone(each)[0]) for each in syllables):
        return None
    return syllables


def other_readings(text: str) -> list[tuple[str, ...]]:
    """Returns the dictionary's readings of a single character, from which an aligner may choose; else none."""
    if len(text) != 1:
        return []
    (readings,) = pinyin(text, style=Style.TONE3, heteronym=True, neutral_tone_with_five=True, v_to_u=False)
    valid = [reading.replace("ü", "v") for reading in readings]
    return list(product([each for each in valid if is_syllable(each[:-1]) and each[-1].isdigit()]))
