"""Removes the marks of Markdown from a text, also from one that arrives in pieces.

No parser of a library does that: what is spoken must leave before the rest of its line has arrived. So a mark is
recognized by what is around it, and the structure of the document does not matter. Brackets that are no links stay,
since the front end has marks of its own (`重[chong2]庆`).
"""

import re
from collections.abc import Callable
from typing import TypeAlias

MAX_LINK_TEXT = 200
MAX_LINK_TARGET = 2000
MAX_FENCE = 100
"""Characters. What is longer is no mark."""

_PLAIN = re.compile(r"[^\\`*_~!\[|\n]+")
_LINE_OF_MARKS = re.compile(r"[ \t>\-*+_=:|~`#]*")
_RULE = re.compile(r"[ \t]*(?:([-*_=])(?:[ \t]*\1){2,}|(?=[^|]*\|)[|:\- \t]*-[|:\- \t]*)[ \t]*")
"""A thematic break or the underline of a heading; the line below the head of a table."""
_FENCE = re.compile(r"[ \t]*(?:```[^`\n]*|~~~[^\n]*)")
_BLOCK = re.compile(r"[ \t]*(?:#{1,6}[ \t]+|>[ \t]?|[-*+][ \t]+|\[[ xX]\][ \t]+|(?P<row>\|)[ \t]*)")
_OPEN_TASK = re.compile(r"\[(?:[ xX]\]?)?")
_RUN = re.compile(r"\*+|_+|~+")
_LABEL = re.compile(rf"\[([^\[\]\n]{{0,{MAX_LINK_TEXT}}})(\])?")
_TARGET = re.compile(rf"\([^()\n]{{0,{MAX_LINK_TARGET}}}(\))?")
_COLUMN = re.compile(r"\|[ \t]*")
_ESCAPABLE = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")

_Token: TypeAlias = tuple[int, str]
"""Where a token ends, and what is spoken of it."""


class MarkdownFilter:
    """Filters one text: `append` for each piece, then `finish`. The cuts between the pieces do not matter.

    Headings, quotes, list bullets, rules, code fences, emphasis and links lose their marks, the columns of a table are
    separated by commas. A text that begins with `<` may be SSML and stays as it is.
    """

    def __init__(self) -> None:
        self._held = ""
        """What needs more text to be recognized."""
        self._before = "\n"
        """The character before that."""
        self._is_final = False
        self._is_markup: bool | None = None
        """Whether the text begins with `<`; None as long as there is only white space."""
        self._at_line_start = True
        self._in_row = False
        """Of a table."""
        self._open: set[str] = set()
        """The asterisks of the line that wait for their counterparts."""
        self._tokens: dict[str, Callable[[str, int], _Token | None]] = {
            "\n": self._newline,
            "\\": self._escape,
            "`": lambda text, at: (at + 1, ""),
            "*": self._run,
            "_": self._run,
            "~": self._run,
            "!": self._image,
            "[": self._link,
            "|": self._column,
        }

    def append(self, piece: str) -> str:
        """Takes the next piece. Returns what is certain of the text so far, without what was returned before."""
        if self._is_markup is None and (start := piece.lstrip("\ufeff \t\r\n")):
            self._is_markup = start[0] == "<"
        return self._filter(self._held + piece)

    def finish(self) -> str:
        """Returns the rest of the text."""
        self._is_final = True
        return self._filter(self._held)

    def _filter(self, text: str) -> str:
        if self._is_markup:
            self._held = ""
            return text
        spoken = []
        at = 0
        while at < len(text):
            token = self._block(text, at) if self._at_line_start else self._inline(text, at)
            if token is None:
                break
            at, replacement = token
            spoken.append(replacement)
        self._held = text[at:]
        return "".join(spoken)

    def _needs_more(self, text: str, end: int) -> bool:
        """Whether a token that reaches `end` could go on in the next piece."""
        return end == len(text) and not self._is_final

    def _block(self, text: str, at: int) -> _Token | None:
        """The next mark at the beginning of a line; None if it takes more text to see."""
        marks = _LINE_OF_MARKS.match(text, at)
        end = marks.end() if marks else at
        task = _OPEN_TASK.match(text, at)
        if self._needs_more(text, end) or (task and self._needs_more(text, task.end())):
            return None
        if fence := _FENCE.match(text, at):
            if self._needs_more(text, fence.end()) and fence.end() - at < MAX_FENCE:
                return None
            if text[fence.end() : fence.end() + 1] in ("", "\n"):
                return fence.end(), ""
        if text[end : end + 1] in ("", "\n") and _RULE.fullmatch(text, at, end):
            return end, ""
        if block := _BLOCK.match(text, at):
            self._in_row = bool(block["row"])
            return block.end(), ""
        self._at_line_start = False
        return at, ""

    def _inline(self, text: str, at: int) -> _Token | None:
        if plain := _PLAIN.match(text, at):
            token: _Token | None = (plain.end(), plain[0])
        else:
            token = self._tokens[text[at]](text, at)
        if token:
            self._before = text[token[0] - 1]
        return token

    def _newline(self, text: str, at: int) -> _Token:
        self._at_line_start, self._in_row = True, False
        self._open.clear()
        return at + 1, "\n"

    def _escape(self, text: str, at: int) -> _Token | None:
        if self._needs_more(text, at + 1):
            return None
        escaped = text[at + 1 : at + 2]
        return (at + 2, escaped) if escaped in _ESCAPABLE else (at + 1, "\\")

    def _run(self, text: str, at: int) -> _Token | None:
        """Emphasis, or an operator as in `2**3`, a name as in `a_b`, a range as in `3~5`."""
        found = _RUN.match(text, at)
        end = found.end() if found else at
        if self._needs_more(text, end):
            return None
        run = text[at:end]
        return end, run if self._is_text(run, text[end : end + 1] or "\n") else ""

    def _is_text(self, run: str, after: str) -> bool:
        before = self._before
        if run[0] == "~":
            return len(run) == 1
        if before.isspace() and after.isspace():
            return True
        within_word = before.isalnum() and after.isalnum() and before.isascii() and after.isascii()
        if run[0] == "_":
            return within_word
        if run in self._open and not before.isspace():
            self._open.remove(run)
            return False
        if not within_word:
            self._open.add(run)
        return within_word

    def _image(self, text: str, at: int) -> _Token | None:
        if self._needs_more(text, at + 1):
            return None
        if text[at + 1 : at + 2] != "[":
            return at + 1, "!"
        link = self._link(text, at + 1)
        is_image = link and text[link[0] - 1] == ")"
        return (link[0], link[1] if is_image else "!" + link[1]) if link else None

    def _link(self, text: str, at: int) -> _Token | None:
        """The label of a link; other brackets as they are."""
        label = _LABEL.match(text, at)
        end = label.end() if label else at + 1
        if label is None or label[2] is None:
            is_open = self._needs_more(text, end) and end - at <= MAX_LINK_TEXT
            return None if is_open else (at + 1, "[")
        if self._needs_more(text, end):
            return None
        target = _TARGET.match(text, end)
        if target is None:
            return end, "" if label[1].startswith("^") else label[0]
        if target[1] is None:
            is_open = self._needs_more(text, target.end()) and target.end() - end <= MAX_LINK_TARGET
            return None if is_open else (end, label[0])
        return target.end(), self._label(label[1])

    @staticmethod
    def _label(label: str) -> str:
        inner = MarkdownFilter()
        inner._at_line_start = False
        return inner.append(label) + inner.finish()

    def _column(self, text: str, at: int) -> _Token | None:
        """The edge of a column in the row of a table."""
        edge = _COLUMN.match(text, at)
        end = edge.end() if edge else at + 1
        if not self._in_row:
            return at + 1, "|"
        if self._needs_more(text, end):
            return None
        return end, "" if text[end : end + 1] in ("", "\n") else "，"
