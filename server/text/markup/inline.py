"""Inline markup in plain text: 重[chong2]庆 and [pause:300ms]. Other brackets stay text."""

import re

from server.text.markup.builder import ScriptBuilder
from server.text.markup.durations import parse_pause
from server.text.markup.pinyin import align_syllables, canonical_syllable, is_chinese, parse_pinyin
from server.text.markup.positions import MarkupError, markup_error_at, quoted
from server.text.markup.script import Script, SpeakingStyle

ERROR_CODE = "invalid_mark"
_BRACKETS = re.compile(r"\[([^\[\]\r\n]{1,400})\]")
_PAUSE = re.compile(r"\s{0,8}pause\s{0,8}[:：](.*)", re.IGNORECASE)
_SYLLABLE = re.compile(r"[a-zü:]{1,8}[0-9]", re.IGNORECASE)


def parse_inline_markup(text: str, base: SpeakingStyle) -> Script:
    """Parses text with inline markup. Raises `RequestError` with line and column for invalid markup."""
    builder = ScriptBuilder()
    done = 0
    for match in _BRACKETS.finditer(text):
        try:
            pause = _PAUSE.fullmatch(match[1])
            if pause:
                seconds = parse_pause(pause[1])
            elif not _is_pinyin(match[1], text[match.start() - 1 : match.start()], builder):
                continue
            builder.append_text(text[done : match.start()], done, base)
            previous_end, done = done, match.end()
            if pause:
                builder.add_pause(seconds)
            else:
                _apply_pinyin(builder, match[1], text, previous_end, match.start(), base)
        except MarkupError as error:
            raise markup_error_at(text, match.start(), str(error), ERROR_CODE) from None
    builder.append_text(text[done:], done, base)
    return builder.build()


def _is_pinyin(content: str, before: str, builder: ScriptBuilder) -> bool:
    """Returns whether this has the form of pinyin, follows a Chinese character, and has at least one valid syllable."""
    parts = content.split()
    if not is_chinese(before) or not all(map(_SYLLABLE.fullmatch, parts)) or not parts:
        return False
    if any(canonical_syllable(each[:-1]) for each in parts):
        return True
    builder.add_warning(f"{quoted(f'[{content}]')} is not pinyin and is read as text")
    return False


def _apply_pinyin(builder: ScriptBuilder, content: str, text: str, begin: int, end: int, base: SpeakingStyle) -> None:
    """Gives the characters before `end` their readings; the previous markup ends at `begin`."""
    syllables = parse_pinyin(content)
    first = end
    while first > max(begin, end - 2 * len(syllables)) and is_chinese(text[first - 1]):
        first -= 1
    aligned = align_syllables(syllables, text[first:end])
    if aligned is None:
        count = f"{len(syllables)} syllables for {end - first} characters"
        raise MarkupError(f"{count}; give each character before the bracket one syllable, as in 重庆[chong2 qing4]")
    builder.remove_last(end - first - aligned[0][1])
    for syllable, start, after in aligned:
        written = text[first + start : first + after]
        builder.append(written[0], first + start, first + after, base, reading=syllable, written=written)
