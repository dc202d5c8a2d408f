"""Lines: each is spoken by itself."""

from collections.abc import Sequence

from server.errors import RequestError
from server.jobs.documents.file_names import FileNames
from server.jobs.job import PartContent

NAME_CHARACTERS = 24
"""Of a text, in the name of its file."""


def numbered(number: int, count: int) -> str:
    """A number with as many digits as the last one, at least three, so that the files are in order."""
    return f"{number:0{max(3, len(str(count)))}}"


def line_parts(lines: Sequence[str], limit: int) -> list[PartContent]:
    """A part for each line that is not blank, named by its number and its beginning.

    Raises `RequestError` for a line of more than `limit` characters.
    """
    names = FileNames()
    parts = []
    for number, line in enumerate(lines, 1):
        if text := line.strip():
            require_length(text, limit, number)
            prefix = numbered(number, len(lines))
            name = names.unique(f"{prefix} {text[:NAME_CHARACTERS]}", prefix)
            parts.append(PartContent(text, len(text), name=name, details={"line": number}))
    return parts


def require_length(text: str, limit: int, line: int) -> None:
    """Raises `RequestError` for a text that is too long for one part."""
    if len(text) > limit:
        message = f"line {line} has a text of {len(text)} characters, the limit is {limit}; divide it"
        raise RequestError(message, param="input", code="input_too_long")
