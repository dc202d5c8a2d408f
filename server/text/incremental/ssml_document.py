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
        self._start = start
        self._base = base
        self._scanner: DocumentScanner | None = None
        self._is_spoken = False

    def feed(self, text: str) -> Iterator[Script]:
        """Yields the document when it has ended. Raises `RequestError` for invalid SSML, and for text after it."""
        if self._scanner is None:
            self._scanner = DocumentScanner()
            text = text[document_start(text) :]
        if not self._scanner.feed(text) or (self._scanner.is_complete and not self._is_spoken):
            yield from self._speak()

    def finish(self) -> Iterator[Script]:
        """Yields the document if it has not been yielded yet. Raises `RequestError` if it is not complete."""
        if self._scanner is None or not self._scanner.feed("", final=True) or not self._is_spoken:
            yield from self._speak()

    def _speak(self) -> Iterator[Script]:
        script = parse_ssml(self._whole_text(), self._base, document_start(self._whole_text(), self._start))
        if not self._is_spoken:
            yield script
        self._is_spoken = True
