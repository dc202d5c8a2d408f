"""Light marks in plain text: 重[chong2]庆 and [pause:300ms]. What only looks like one stays text."""

import re

from server.text.markup import durations, pinyin
from server.text.markup.builder import ScriptBuilder
from server.text.markup.positions import MarkupError, refusal, shown
from server.text.markup.script import Script, SpeakingStyle

CODE = "invalid_mark"
_BRACKETS = re.compile(r"\[([^\[\]\r\n]{1,400})\]")
_PAUSE = re.compile(r"\s{0,8}pause\s{0,8}[:：](.*)", re.IGNORECASE)
_SYLLABLE = re.compile(r"[a-zü:]{1,8}[0-9]", re.IGNORECASE)


def read_marks(text: str, base: SpeakingStyle) -> Script:
    """Raises `RequestError` with line and column for a mark that is meant as one and cannot be used."""
    draft = ScriptBuilder()
    done = 0
    for match in _BRACKETS.finditer(text):
        try:
            pause = _PAUSE.fullmatch(match[1])
            if pause:
                length = durations.seconds(pause[1])
            elif not _is_pinyin(match[1], text[match.start() - 1 : match.start()], draft):
                continue
            draft.copy(text[done : match.start()], done, base)
            run_begins = done
            done = match.end()
            if pause:
                draft.pause(length)
            else:
                _read_as(draft, match[1], text, run_begins, match.start(), base)
        except MarkupError as error:
            raise refusal(text, match.start(), str(error), CODE) from None
    draft.copy(text[done:], done, base)
    return draft.script()


def _is_pinyin(inner: str, before: str, draft: ScriptBuilder) -> bool:
    """After a Chinese character, in the form of pinyin, and with a syllable in it that there is."""
    written = inner.split()
    if not pinyin.is_chinese(before) or not all(map(_SYLLABLE.fullmatch, written)) or not written:
        return False
    if any(pinyin.base(each[:-1]) for each in written):
        return True
    draft.warn(f"{shown(f'[{inner}]')} is no pinyin and is read as text")
    return False


def _read_as(draft: ScriptBuilder, inner: str, text: str, begin: int, end: int, base: SpeakingStyle) -> None:
    """The characters before `end` get their readings; none of them is before `begin`, where another mark ends."""
    syllables = pinyin.syllables(inner)
    first = end
    while first > max(begin, end - 2 * len(syllables)) and pinyin.is_chinese(text[first - 1]):
        first -= 1
    laid = pinyin.lay(syllables, text[first:end])
    if laid is None:
        count = f"{len(syllables)} syllables for {end - first} characters"
        raise MarkupError(f"{count}; give the characters before the bracket a syllable each, as in 重庆[chong2 qing4]")
    first += laid[0][1]
    draft.take_back(end - first)
    for syllable, start, after in laid:
        shift = first - laid[0][1]
        draft.write(text[start + shift], start + shift, after + shift, base, syllable)
