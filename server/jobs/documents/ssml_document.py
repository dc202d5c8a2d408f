"""An SSML document -> parts of some paragraphs each, documents of their own that are spoken as in the whole.

It is divided between two paragraphs of <speak> where the first one ends with the end of a sentence, and the second one
begins with text; then only the pause between paragraphs lies between them, which the first part gets as a <break>.
"""

from collections.abc import Iterator, Sequence

from server.errors import RequestError
from server.jobs.documents.plain_text import PART_CHARACTERS
from server.jobs.job import PartContent
from server.text.markup.parser import SsmlDetector, document_start, parse_markup
from server.text.markup.ssml import PARAGRAPH_PAUSE_SECONDS
from server.text.markup.xml_events import CharacterData, EndElement, StartElement, XmlEvent, parse_xml
from server.text.sentence_splitting import SENTENCE_ENDS

_PAUSE = f'<break time="{PARAGRAPH_PAUSE_SECONDS}s"/>'
_END = "</speak>"
_TRANSPARENT = frozenset(("p", "s", "prosody", "emotion", "voice"))
"""Elements that may end with a paragraph: what they contain is spoken as it is written."""


def ssml_parts(text: str) -> list[PartContent]:
    """The parts of a document. Raises `RequestError` with line and column for invalid SSML."""
    detector = SsmlDetector()
    if not (detector.feed(text) or detector.is_ssml_if_complete):
        message = "line 1: an SSML document begins with <speak>; write it around the text, or use kind text"
        raise RequestError(message, param="input", code="invalid_ssml")
    parse_markup(text)
    events = [event for event in parse_xml(text, document_start(text)) if not _is_blank(event)]
    return list(_parts(text, _content_start(text, events), list(_cuts(text, events))))


def _parts(text: str, content: int, cuts: Sequence[int]) -> Iterator[PartContent]:
    """Yields the parts between some of the cuts; `content` is where <speak> ends, and its content begins."""
    head = text[:content]
    start = 0
    for cut in [*cuts, len(text)]:
        is_last = cut == len(text)
        if cut - start < PART_CHARACTERS and not is_last:
            continue
        body = text[start:cut] if is_last else text[start:cut] + _PAUSE + _END
        line = 1 + text.count("\n", 0, start) - (head.count("\n") if start else 0)
        details = {"line": line, "start": start - len(head) if start else 0}
        part = (head if start else "") + body
        yield PartContent(part, cut - start, name="001", details=details if is_last else {**details, "continues": True})
        start = cut


def _content_start(text: str, events: Sequence[XmlEvent]) -> int:
    root = events[0]
    assert isinstance(root, StartElement)
    following = events[1]
    if isinstance(following, StartElement):
        return following.position
    return text.index(">", root.position) + 1


def _cuts(text: str, events: Sequence[XmlEvent]) -> Iterator[int]:
    """Yields the positions between two paragraphs where the document may be divided."""
    depth = 0
    for index, event in enumerate(events):
        if isinstance(event, StartElement):
            depth += 1
        elif isinstance(event, EndElement):
            depth -= 1
            if depth == 1 and event.name == "p" and _ends_sentence(events, index) and _begins_text(events, index + 1):
                yield text.index(">", event.position) + 1


def _ends_sentence(events: Sequence[XmlEvent], end: int) -> bool:
    """Whether the text before the event `end` ends with the end of a sentence."""
    for index in range(end - 1, 0, -1):
        event = events[index]
        if isinstance(event, CharacterData):
            return event.text.rstrip().endswith(tuple(SENTENCE_ENDS))
        if not isinstance(event, EndElement) or event.name not in _TRANSPARENT:
            return False
    return False


def _begins_text(events: Sequence[XmlEvent], start: int) -> bool:
    """Whether the event `start` begins a paragraph that begins with text."""
    first = events[start]
    if not (isinstance(first, StartElement) and first.name == "p"):
        return False
    for index in range(start, len(events)):
        event = events[index]
        if isinstance(event, CharacterData):
            return event.text.lstrip()[:1].isalnum()
        if not isinstance(event, StartElement) or event.name not in _TRANSPARENT:
            return False
    return False


def _is_blank(event: XmlEvent) -> bool:
    return isinstance(event, CharacterData) and not event.text.strip()
