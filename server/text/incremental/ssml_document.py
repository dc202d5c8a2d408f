"""An SSML document that arrives in pieces. It is spoken when it ends, because only then it is known to be valid."""

from collections.abc import Callable, Iterator

from server.text.markup.parser import document_start
from server.text.markup.script import Script, SpeakingStyle
from server.text.markup.ssml import parse_ssml
from server.text.markup.xml_events import DocumentScanner


class SsmlDocument:
    """The document that begins at `start` of the text that `whole_text` returns, behind white space."""

    def __init__(self, whole_text: Callable[[], str], start: int, base: SpeakingStyle) -> None:
        self._whole_text = whole_text
        self._start = document_start(whole_text(), start)
        self._base = base
        self._scanner = DocumentScanner()
        self._is_spoken = False

    def feed(self, text: str) -> Iterator[Script]:
        """Yields the document when it has ended. Raises `RequestError` for invalid SSML, and for text after it."""
        if not self._scanner.feed(text):
            self._parse()
        elif self._scanner.end is not None and not self._is_spoken:
            self._is_spoken = True
            yield self._parse(self._start + self._scanner.end)

    def finish(self) -> Iterator[Script]:
        """Yields nothing. Raises `RequestError` if the document has not ended, or if it is invalid."""
        if not self._scanner.feed("", final=True):
            self._parse()
        yield from ()

    def _parse(self, end: int | None = None) -> Script:
        return parse_ssml(self._whole_text()[:end], self._base, self._start)
