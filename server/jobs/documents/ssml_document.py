"""An SSML document: one part."""

from server.errors import RequestError
from server.jobs.job import PartContent
from server.text.markup.parser import SsmlDetector


def ssml_parts(text: str) -> list[PartContent]:
    """The document as one part. Raises `RequestError` for a text that is no document; it is not parsed."""
    detector = SsmlDetector()
    if not (detector.feed(text) or detector.is_ssml_if_complete):
        message = "line 1: an SSML document begins with <speak>; write it around the text, or use kind text"
        raise RequestError(message, param="input", code="invalid_ssml")
    return [PartContent(text, len(text), name="001", details={"line": 1})]
