"""Readings of single words: the dictionary, corrected by the word lists of this package."""

from collections.abc import Mapping

from server.text.dictionaries import segmenter
from server.text.dictionaries.pinyin_dictionary import pinyin_dictionary
from server.text.pronunciation import word_lists
from server.text.pronunciation.context import DIGITS

_POTENTIAL_COMPLEMENTS = {"了": "liao3", "着": "zhao2"}
"""After 得 or 不: 受得了, 用不着."""
_MULTIPLES = "双多重层次"
"""Before 重 in the sense of a layer, like numerals."""


def ambiguous_positions(word: str) -> list[int]:
    """Returns the indices of the characters that no phrase of the dictionary covers and the network should read."""
    positions: list[int] = []
    start = 0
    while start < len(word):
        size = pinyin_dictionary().longest_phrase(word[start:])
        if not size and word[start] not in word_lists.DICTIONARY_CHARACTERS and word not in word_lists.DICTIONARY_WORDS:
            positions.append(start)
        start += size or 1
    return positions


def word_readings(word: str, predictions: Mapping[int, str], *, before_pause: bool) -> list[str]:
    """Returns a syllable for each character: citation tones, and the neutral tones that belong to the word.

    `predictions` are the network's readings of ambiguous positions.
    """
    if word in word_lists.WORD_READINGS:
        return word_lists.WORD_READINGS[word].split()
    readings = [
        "yi1" if char == "一" else "bu4" if char == "不" and reading != "bu5" else reading
        for char, reading in zip(word, look_up(word), strict=True)
    ]
    for position, prediction in predictions.items():
        is_last = position == len(word) - 1
        readings[position] = (is_last and suffix_reading(word, before_pause=before_pause)) or prediction
    _correct_by_neighbors(word, readings)
    if len(word) == 2:
        _correct_two_characters(word, readings)
    elif len(word) == 3:
        _correct_three_characters(word, readings)
    elif word.endswith(("得了", "不了")):
        readings[-1] = _POTENTIAL_COMPLEMENTS["了"]
    return readings


def _correct_by_neighbors(word: str, readings: list[str]) -> None:
    """Corrects characters whose reading follows from the one before or after them."""
    for index, (before, char, after) in enumerate(zip(f" {word}", word, f"{word[1:]} ", strict=False)):
        reading, befores, afters = word_lists.NEIGHBOR_READINGS.get(char, ("", "", ""))
        if before in befores or after in afters:
            readings[index] = reading


def _correct_two_characters(word: str, readings: list[str]) -> None:
    """Corrects reduplications, words with a neutral tone, measure words, 着 in the sense of wearing, and surnames."""
    if word[0] == word[1] and not _keeps_full_tone(word):
        if readings[0].endswith("3") and word[0] not in word_lists.KINSHIP_CHARACTERS:
            readings[0] = f"{readings[0][:-1]}2"
        readings[1] = _neutral(readings[1])
    elif word in word_lists.NEUTRAL_TONE_WORDS:
        readings[1] = _neutral(readings[1])
    elif word[1] in word_lists.MEASURE_WORD_READINGS and word[0] in word_lists.QUANTIFIER_CHARACTERS:
        readings[1] = word_lists.MEASURE_WORD_READINGS[word[1]]
    elif word[1] == "着" and word[0] in word_lists.WORN_BODY_PARTS:
        readings[1] = "zhuo2"
    elif word[0] == "姓":
        readings[1] = word_lists.SURNAME_READINGS.get(word[1], readings[1])


def _correct_three_characters(word: str, readings: list[str]) -> None:
    """Corrects measure words, words with a neutral tone, potential complements, and the particles 得 and 地."""
    if word[0] in DIGITS and word[1] in word_lists.MEASURE_WORD_READINGS:  # 两只手
        readings[1] = word_lists.MEASURE_WORD_READINGS[word[1]]
    elif word[0] in DIGITS and word[1] in word_lists.LENGTH_UNITS and word[2] == "长":  # 三米长
        readings[2] = "chang2"
    elif word in word_lists.NEUTRAL_TONE_WORDS or word[1:] in word_lists.NEUTRAL_TONE_WORDS:
        readings[2] = _neutral(readings[2])
    elif word[1] in "得不":
        readings[2] = _POTENTIAL_COMPLEMENTS.get(word[2], readings[2])
        if word[1] == "得" and word[0] not in word_lists.OBTAINING_VERBS:
            readings[1] = "de5"
    elif word[2] == "地" and word[0] == word[1]:
        readings[2] = "de5"


def _neutral(reading: str) -> str:
    return f"{reading[:-1]}5"


def suffix_reading(word: str, *, before_pause: bool) -> str | None:
    """Returns the reading of a word's last character if it is a suffix or a particle."""
    if len(word) > 1 and word[-1] == "子":
        return "zi3" if word[-2] in word_lists.FULL_TONE_ZI_PREDECESSORS else "zi5"
    if len(word) == 2 and word[-1] == "得" and word[0] not in word_lists.OBTAINING_VERBS:
        return "de5"
    if len(word) > 1 and word[-1] == "重":
        return None if word[-2] in word_lists.QUANTIFIER_CHARACTERS + _MULTIPLES else "zhong4"
    if word[-1] in word_lists.ADJECTIVE_READINGS and word[:-1] in word_lists.DEGREE_ADVERBS:
        return word_lists.ADJECTIVE_READINGS[word[-1]]
    if word[-1] == "汗" and (len(word) == 2 or word[0] in word_lists.QUANTIFIER_CHARACTERS):
        return "han4"
    return look_up(word)[-1] if before_pause and word[-1] in word_lists.SENTENCE_FINAL_PARTICLES else None


def _keeps_full_tone(word: str) -> bool:
    """Returns whether a doubled character keeps its tone, which verbs (看看) and kinship terms (妈妈) do not."""
    if word[0] in word_lists.KINSHIP_CHARACTERS or word == "谢谢":
        return False
    is_verb = word[0] in word_lists.REDUPLICATED_VERBS or segmenter.tags(word)[0].startswith("v")
    return not is_verb or word in word_lists.FULL_TONE_REDUPLICATIONS


def look_up(word: str) -> list[str]:
    """Returns the dictionary's reading of each character; an unknown character is its own reading."""
    return pinyin_dictionary().readings(word)
