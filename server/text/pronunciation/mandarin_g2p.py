"""Mandarin G2P (grapheme to phoneme): converts a normalized sentence to words with pinyin.

The reading of a word comes from the first of: the explicit readings of the markup, the user's lexicon, the context
rules, and the dictionary; the network reads the polyphonic characters that no phrase of the dictionary covers. 一 and
不 keep their citation tones, because tone sandhi depends on the phrase breaks. Tones are digits, the neutral tone is 5.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from types import MappingProxyType

from server.text.characters import BREAKS, HAN
from server.text.english.letter_names import MANDARIN_LETTER_NAMES
from server.text.english.tokens import TOKEN_PATTERN, pronounce_token
from server.text.pronunciation.context import Context
from server.text.pronunciation.context_rules import INNER_RULE_WORDS, contextual_reading
from server.text.pronunciation.dictionary import ambiguous_positions, look_up, suffix_reading, word_readings
from server.text.pronunciation.erhua import merge_erhua
from server.text.pronunciation.polyphone_model import disambiguate, is_settled
from server.text.pronunciation.segmentation import SegmentType, constituent_boundary, part_lengths, segment, subwords
from server.text.pronunciation.user_lexicon import EMPTY_LEXICON, UserLexicon
from server.text.pronunciation.word_lists import WORD_READINGS
from server.text.words import Syllable, Word

_TOKENS = re.compile(
    rf"(?P<han>[{HAN}]+)|(?P<latin>{TOKEN_PATTERN})|(?P<pause>[，。？！；：、…—（）{BREAKS}])|(?P<space> +)"
)
_BREAK_LEVELS = {"（": 2, "）": 2} | dict.fromkeys("、，；：…—", 3) | dict.fromkeys("。？！", 4)
_BREAK_LEVELS |= {mark: level for level, mark in enumerate(BREAKS)}
_PINYIN = re.compile(r"[a-z]+[1-5]")
_NO_READINGS: Mapping[int, str] = MappingProxyType({})


def pronounce(
    normalized: str,
    lexicon: UserLexicon = EMPTY_LEXICON,
    explicit_readings: Mapping[int, str] = _NO_READINGS,
    *,
    speaks_english: bool = True,
) -> tuple[list[Word], tuple[str, ...]]:
    """Returns the words of a normalized sentence, and the characters without any known reading.

    `explicit_readings` are syllables by character index; they take precedence over `lexicon`, and both over all
    dictionaries and rules. For a voice that does not speak English, Latin letters are read by their Mandarin names.
    """
    words: list[Word] = []
    unreadable: dict[str, None] = {}
    for match in _TOKENS.finditer(normalized):
        token = match.group()
        if match.lastgroup == "han":
            new = list(_pronounce_run(normalized, match.span(), lexicon, explicit_readings, unreadable))
        elif match.lastgroup == "latin":
            new = pronounce_token(normalized, *match.span()) if speaks_english else _spell(token, match.start())
        else:
            if words and token == BREAKS[0]:
                words[-1] = replace(words[-1], no_break_after=True)
            elif words:
                words[-1] = _with_break(words[-1], _BREAK_LEVELS.get(token, 1))
            continue
        if words and new and words[-1].is_latin != new[0].is_latin:
            words[-1] = _with_break(words[-1], 1)
        words += new
    return merge_erhua(words), tuple(unreadable)


def has_settled_readings(
    clause: str, lexicon: UserLexicon = EMPTY_LEXICON, explicit_readings: Mapping[int, str] = _NO_READINGS
) -> bool:
    """Returns whether the readings of a clause, normalized, with its comma, do not depend on how the sentence goes on.

    Only the network looks beyond a comma.
    """
    runs = (match for match in _TOKENS.finditer(clause) if match.lastgroup == "han")
    ambiguous = [at for run in runs for at in _ambiguous_positions(segment(run[0], lexicon), run.start())]
    return is_settled(clause, [position for position in ambiguous if position not in explicit_readings])


def _with_break(word: Word, level: int) -> Word:
    return replace(word, break_level=max(word.break_level, level))


def _spell(token: str, start: int) -> list[Word]:
    return [
        Word(tuple(Syllable(letter, name, index, index + 1) for name in MANDARIN_LETTER_NAMES[letter]), is_latin=True)
        for index, letter in enumerate(token.upper(), start)
        if letter in MANDARIN_LETTER_NAMES
    ]


def _pronounce_run(
    sentence: str,
    span: tuple[int, int],
    lexicon: UserLexicon,
    explicit_readings: Mapping[int, str],
    unreadable: dict[str, None],
) -> Iterator[Word]:
    """Yields the words of the run of Chinese characters at `span`; adds to `unreadable`."""
    start, end = span
    segments = list(segment(sentence[start:end], lexicon))
    texts, types = zip(*segments, strict=True)
    starts = list(accumulate(map(len, texts[:-1]), initial=start))
    predictions = disambiguate(sentence, _ambiguous_positions(segments, start))
    previous = ""
    befores, afters = ("", *texts), (*texts[1:], "")
    for text, segment_type, first, before, after in zip(texts, types, starts, befores, afters, strict=False):
        explicit = explicit_readings
        if segment_type is SegmentType.NUMERAL:
            readings = [look_up(char)[0] for char in text]
        elif segment_type is SegmentType.LEXICON_ENTRY:
            readings = list(lexicon.readings[text])
            explicit = dict(enumerate(readings, first)) | dict(explicit_readings)
        elif segment_type is SegmentType.PLACEHOLDERS:
            readings = [""] * len(text)
        else:
            own = {index: predictions[first + index] for index in range(len(text)) if first + index in predictions}
            rest = sentence[first + len(text) : end]
            readings = _word_readings(text, Context(before, after, rest, own.get(0), previous), own)
        previous = readings[-1]
        syllables = [
            Syllable(char, explicit.get(index, reading), index, index + 1, explicit=index in explicit)
            for index, (char, reading) in enumerate(zip(text, readings, strict=True), first)
        ]
        if segment_type is SegmentType.WORD:
            readable = [syllable for syllable in syllables if _PINYIN.fullmatch(syllable.pinyin)]
            unreadable |= dict.fromkeys(syllable.text for syllable in syllables if syllable not in readable)
            syllables = readable
        if syllables:
            yield from _divide(syllables, segment_type)


def _ambiguous_positions(segments: Iterable[tuple[str, SegmentType]], start: int) -> list[int]:
    """Returns the characters of a run of Chinese characters, from `start` on, that the network should read."""
    positions: list[int] = []
    for text, kind in segments:
        if kind is SegmentType.WORD:
            positions += (start + position for position in ambiguous_positions(text))
        start += len(text)
    return positions


def _word_readings(word: str, context: Context, predictions: Mapping[int, str]) -> list[str]:
    """Returns the readings of a word: by the context rules, else by the dictionary and the network.

    The rules also apply to ambiguous characters that end a word inside a long dictionary entry. There a suffix 子 or 得
    is excluded, since it is more often part of a name (西门子, 彼得).
    """
    if reading := contextual_reading(word, context):
        return reading.split()
    readings = word_readings(word, predictions, before_pause=not context.after)
    parts = subwords(word)
    if len(parts) == 1 or word in WORD_READINGS:
        return readings
    for part, end, before, after in zip(
        parts, accumulate(map(len, parts)), (context.before, *parts), (*parts[1:], context.after), strict=False
    ):
        if (prediction := predictions.get(end - 1)) is None:
            continue
        reading = None
        if part in INNER_RULE_WORDS:
            reading = contextual_reading(part, Context(before, after, word[end:] + context.rest, prediction))
        elif len(part) > 1 and part[-1] not in "子得":
            reading = suffix_reading(part, before_pause=False)
        readings[end - 1] = reading or readings[end - 1]
    return readings


def _divide(syllables: Sequence[Syllable], segment_type: SegmentType) -> Iterator[Word]:
    """Yields the parts of a segment as words."""
    text = "".join(syllable.text for syllable in syllables)
    start = 0
    for length in part_lengths(text, segment_type):
        boundary = constituent_boundary(text) if length == len(text) == 3 else 2
        yield Word(tuple(syllables[start : start + length]), continues_compound=start > 0, boundary=boundary)
        start += length
