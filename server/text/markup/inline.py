"""Inline markup in plain text: 重[chong2]庆 and [pause:300ms]. Other brackets stay text."""

import re
from collections.abc import Sequence

from server.text.markup.builder import ScriptBuilder
from server.text.markup.durations import parse_pause
from server.text.markup.pinyin import align_syllables, canonical_syllable, is_chinese, parse_pinyin
from server.text.markup.positions import MarkupError, markup_error_at, quoted
from server.text.markup.script import Script, SpeakingStyle
from server.text.text_warning import TextWarning

ERROR_CODE = "invalid_mark"
_MAX_CONTENT_CHARACTERS = 400
_MAX_MARKED_CHARACTERS = 2 * ((_MAX_CONTENT_CHARACTERS + 1) // 3)
"""How far before its bracket a mark can change characters: two for each syllable, such as `a1`."""
_BRACKET_LIMIT = re.compile(r"[\[\]\r\n]")
_PAUSE = re.compile(r"\s{0,8}pause\s{0,8}[:：](.*)", re.IGNORECASE)
_SYLLABLE = re.compile(r"[a-zü:]{1,8}[0-9]", re.IGNORECASE)


def parse_inline_markup(text: str, base: SpeakingStyle) -> Script:
    """Parses text with inline markup. Raises `RequestError` with line and column for invalid markup."""
    reader = InlineReader(ScriptBuilder(), base)
    try:
        reader.feed(text)
        reader.finish()
    except MarkupError as error:
        raise markup_error_at(text, reader.position, str(error), ERROR_CODE) from None
    return reader.builder.build()


class InlineReader:
    """Reads text with inline markup that may arrive in pieces, and appends it to `builder`.

    The text begins at `start` of the input. Without `marks` all brackets are text. `feed` and `finish` raise
    `MarkupError` for a mark at `position`.
    """

    def __init__(self, builder: ScriptBuilder, base: SpeakingStyle, start: int = 0, *, marks: bool = True) -> None:
        self.builder = builder
        self.position = start
        """In the input: of the mark that is read, else of what is fed next."""
        self._base = base
        self._marks = marks
        self._bracket = ""
        """The text from a bracket on that may become a mark."""
        self._chinese_run = 0
        """How many Chinese characters lie between the last mark, or another character, and the end."""

    @property
    def settled(self) -> int:
        """How many characters of the script no later mark can change. Of the next one it changes only the reading."""
        return len(self.builder.text) - (min(self._chinese_run, _MAX_MARKED_CHARACTERS) if self._marks else 0)

    def feed(self, text: str) -> None:
        """Reads more text."""
        text, self._bracket = self._bracket + text, ""
        done, start = 0, text.find("[") if self._marks else -1
        while start >= 0:
            limit = _BRACKET_LIMIT.search(text, start + 1)
            content = text[start + 1 : limit.start() if limit else len(text)]
            if not limit and len(content) <= _MAX_CONTENT_CHARACTERS:
                self._append_text(text[done:start])
                self._bracket = text[start:]
                return
            if limit and limit[0] == "]" and 0 < len(content) <= _MAX_CONTENT_CHARACTERS:
                self._append_text(text[done:start])
                done = start if not self._apply(content) else limit.end()
            start = text.find("[", start + 1)
        self._append_text(text[done:])

    def finish(self) -> None:
        """Reads what is left as text. After that a new text begins, which no mark of the next one can change."""
        self._append_text(self._bracket)
        self._bracket, self._chinese_run = "", 0

    def _append_text(self, text: str) -> None:
        self.builder.append_text(text, self.position, self._base)
        self.position += len(text)
        chinese = 0
        while chinese < len(text) and is_chinese(text[-1 - chinese]):
            chinese += 1
        self._chinese_run = chinese if chinese < len(text) else self._chinese_run + chinese

    def _apply(self, content: str) -> bool:
        """Applies the mark at `position`; returns whether it is one."""
        pause = _PAUSE.fullmatch(content)
        if pause:
            self.builder.add_pause(parse_pause(pause[1]))
        elif self._is_pinyin(content):
            self._apply_pinyin(parse_pinyin(content))
        else:
            return False
        self.position += len(content) + 2
        self._chinese_run = 0
        return True

    def _is_pinyin(self, content: str) -> bool:
        """Returns whether this has the form of pinyin, follows a Chinese character, and has a valid syllable."""
        parts = content.split()
        if not self._chinese_run or not all(map(_SYLLABLE.fullmatch, parts)) or not parts:
            return False
        if any(canonical_syllable(each[:-1]) for each in parts):
            return True
        place = TextWarning("not_pinyin", self.position, self.position + len(content) + 2)
        self.builder.add_warning(f"{quoted(f'[{content}]')} is not pinyin and is read as text", place)
        return False

    def _apply_pinyin(self, syllables: Sequence[str]) -> None:
        """Gives the last characters their readings."""
        count = min(self._chinese_run, 2 * len(syllables))
        chars = self.builder.text[len(self.builder.text) - count :]
        first = self.position - count
        aligned = align_syllables(syllables, chars)
        if aligned is None:
            valid = "give each character before the bracket one syllable, as in 重庆[chong2 qing4]"
            raise MarkupError(f"{len(syllables)} syllables for {count} characters; {valid}")
        self.builder.remove_last(count - aligned[0][1])
        for syllable, start, after in aligned:
            written = "".join(chars[start:after])
            self.builder.append(
                chars[start], first + start, first + after, self._base, reading=syllable, written=written
            )
