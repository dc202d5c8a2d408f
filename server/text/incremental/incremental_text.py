"""A text that arrives in pieces, as an LLM writes it.

The pieces are any cuts of the text, also inside a word, a number, a mark, a tag or a surrogate pair. What is spoken
equals what the whole text would have said, sentence by sentence. docs/incremental-text.md says what leaves when.
"""

import re
from collections.abc import Iterator

from server.text.frontend import FrontEnd
from server.text.incremental.plain_text import PlainText
from server.text.incremental.ssml_document import SsmlDocument
from server.text.markup.builder import ScriptBuilder
from server.text.markup.inline import InlineReader
from server.text.markup.parser import SsmlDetector, check_length, document_start
from server.text.markup.script import Script, SpeakingStyle

_SURROGATE_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_REQUEST_STYLE = SpeakingStyle()


class IncrementalText:
    """Divides a text that arrives in pieces into scripts: of one sentence each, or of a whole SSML document.

    `base`, `inline` and `max_characters` are those of `parse_markup`; positions and errors refer to the whole text.
    With `early` the first clause may leave at its comma, and every sentence leaves at its 。 without the character
    after it: the readings are those of the whole text, the breaks at these places may differ.

    After an error the text is of no further use. Not safe for use by two threads at a time.
    """

    def __init__(
        self,
        front_end: FrontEnd,
        base: SpeakingStyle = _REQUEST_STYLE,
        *,
        inline: bool = True,
        max_characters: int | None = None,
        early: bool = False,
    ) -> None:
        self.characters = 0
        """The length of the text so far, markup included."""
        self._front_end = front_end
        self._base = base
        self._inline = inline
        self._max_characters = max_characters
        self._early = early
        self._builder = ScriptBuilder()
        self._pieces: list[str] = []
        self._half_pair = ""
        """The first half of a surrogate pair that ends the last piece."""
        self._detector = SsmlDetector()
        self._part: PlainText | SsmlDocument | None = None
        """What the text since the last flush is; None while that is not decided."""

    def append(self, piece: str) -> list[Script]:
        """Returns what can be spoken now. Raises the errors of `parse_markup`, as far as the text has them already."""
        text = _SURROGATE_PAIR.sub(_join_pair, self._half_pair + piece)
        complete = len(text) - ("\ud800" <= text[-1:] <= "\udbff")
        self._half_pair = text[complete:]
        return list(self._read(text[:complete]))

    def flush(self) -> list[Script]:
        """Returns the rest of the text so far. What follows is read as a text of its own."""
        half_pair, self._half_pair = self._half_pair, ""
        scripts = list(self._read(half_pair))
        if self._part is None:
            scripts += self._begin(is_ssml=self._detector.is_ssml_if_complete)
        if self._part is not None:
            scripts += self._part.finish()
        self._detector, self._part = SsmlDetector(), None
        return scripts

    def _read(self, text: str) -> Iterator[Script]:
        if text:
            self._pieces.append(text)
        self.characters += len(text)
        check_length(self.characters, self._max_characters)
        if self._part is not None:
            yield from self._part.feed(text)
        elif (is_ssml := self._detector.feed(text)) is not None:
            yield from self._begin(is_ssml=is_ssml)

    def _begin(self, *, is_ssml: bool) -> Iterator[Script]:
        """Reads the text that was held back until its kind was decided."""
        held = self._detector.text
        start = self.characters - len(held)
        if is_ssml:
            self._part = SsmlDocument(self._whole_text, start, self._base)
            held = held[document_start(held) :]
        else:
            reader = InlineReader(self._builder, self._base, start, marks=self._inline)
            self._part = PlainText(self._whole_text, reader, self._front_end, early=self._early)
        yield from self._part.feed(held)

    def _whole_text(self) -> str:
        return "".join(self._pieces)


def _join_pair(pair: re.Match[str]) -> str:
    return pair[0].encode("utf-16-le", "surrogatepass").decode("utf-16-le")
