"""The input of a job -> its parts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from server.errors import RequestError
from server.jobs.documents.decoding import decode, require_text
from server.jobs.documents.file_names import FileNames
from server.jobs.documents.json_lines import json_line_parts
from server.jobs.documents.lines import line_parts, numbered
from server.jobs.documents.plain_text import split_text
from server.jobs.documents.ssml_document import ssml_parts
from server.jobs.job import PartContent
from server.jobs.request import JobKind, JobRequest
from server.text.markup.parser import SsmlDetector


@dataclass(frozen=True, slots=True)
class DocumentLimits:
    """Of one job."""

    characters: int
    """Of the whole input."""
    part_characters: int
    """Of one text."""
    parts: int


def read_parts(request: JobRequest, data: bytes | None, limits: DocumentLimits) -> Sequence[PartContent]:
    """The parts of a request, or of the file in place of its `input`.

    Raises `RequestError` with the line, for what is wrong in the text itself.
    """
    lines = request.lines if data is None else None
    if lines is not None:
        parts: Sequence[PartContent] = _lines_of_request(request, lines, limits)
    else:
        text = _text(request, data)
        _check_length(len(text), limits)
        require_text(text)
        parts = _READERS[request.kind](text, limits)
    if not parts:
        raise RequestError("the input is empty; send the text to speak", param="input", code="empty_input")
    if len(parts) > limits.parts:
        message = f"the input has {len(parts)} parts, the limit is {limits.parts}; divide it into several jobs"
        raise RequestError(message, param="input", code="input_too_long")
    return parts


def _lines_of_request(request: JobRequest, lines: Sequence[str], limits: DocumentLimits) -> list[PartContent]:
    if request.kind != "lines" or request.input is not None:
        raise RequestError("lines belong to kind lines, and take the place of input", param="lines")
    _check_length(sum(map(len, lines)), limits)
    for number, line in enumerate(lines, 1):
        if line.splitlines()[1:]:
            raise RequestError(f"lines has a line break in text {number}; make two of it", param="lines")
        require_text(line, "lines")
    return line_parts(lines, limits.part_characters)


def _text(request: JobRequest, data: bytes | None) -> str:
    if data is not None:
        if request.input is not None:
            raise RequestError("there is an input besides the file; leave one of them out", param="input")
        return decode(data)
    if request.input is None:
        raise RequestError("input is missing; send the text to speak", param="input", code="missing_field")
    return request.input.removeprefix("\ufeff")


def _check_length(characters: int, limits: DocumentLimits) -> None:
    if characters > limits.characters:
        message = f"input has {characters} characters, the limit of a job is {limits.characters}; divide the text"
        raise RequestError(message, param="input", code="input_too_long")


def _text_parts(text: str, limits: DocumentLimits) -> Sequence[PartContent]:
    detector = SsmlDetector()
    if detector.feed(text) or detector.is_ssml_if_complete:
        return ssml_parts(text)
    if not text.strip():
        return []
    found = split_text(text, limits.part_characters)
    names, chapters, parts, line, counted = FileNames(), dict[int, str](), [], 1, 0
    last = found[-1].chapter + 1
    for part in found:
        if part.chapter not in chapters:
            number = numbered(part.chapter + 1, last)
            chapters[part.chapter] = names.unique(f"{number} {part.heading.lstrip('# ')}", number)
        line, counted = line + text.count("\n", counted, part.start), part.start
        details = {"line": line, "start": part.start, **({"continues": True} if part.continues else {})}
        parts.append(PartContent(part.text, len(part.text), name=chapters[part.chapter], details=details))
    return parts


def _subtitle_parts(text: str, limits: DocumentLimits) -> Sequence[PartContent]:
    from server.jobs.documents.subtitles import subtitle_parts  # imported here: others do not need its library

    return subtitle_parts(text)


_READERS: dict[JobKind, Callable[[str, DocumentLimits], Sequence[PartContent]]] = {
    "text": _text_parts,
    "ssml": lambda text, limits: ssml_parts(text),
    "lines": lambda text, limits: line_parts(text.splitlines(), limits.part_characters),
    "srt": _subtitle_parts,
    "jsonl": lambda text, limits: json_line_parts(text.split("\n"), limits.part_characters),
}
