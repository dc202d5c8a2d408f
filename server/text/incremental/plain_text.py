"""Plain text with inline markup that arrives in pieces: its sentences leave one by one."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from server.text.frontend import FrontEnd
from server.text.markup.inline import ERROR_CODE, InlineReader
from server.text.markup.positions import MarkupError, markup_error_at
from server.text.markup.script import Script
from server.text.sentence_splitting import CLOSING_PUNCTUATION, LINE_ENDS, SENTENCE_ENDS

_BLOCK_CHARACTERS = 256
"""A long piece is read in blocks, so that the text that waits, and the cost of removing what has left, stay small."""
_CLAUSE_ENDS = "，、；：—"
_SILENT = f' \t\u3000{LINE_ENDS}{SENTENCE_ENDS}{CLOSING_PUNCTUATION}“‘「『《（(…"'


class PlainText:
    """The sentences of the text that `reader` reads; `whole_text` returns all text, for the positions of errors."""

    def __init__(
        self, whole_text: Callable[[], str], reader: InlineReader, front_end: FrontEnd, *, early: bool
    ) -> None:
        self._whole_text = whole_text
        self._reader = reader
        self._builder = reader.builder
        self._front_end = front_end
        self._scanner = front_end.sentence_scanner()
        self._early = early and not front_end.replaces_symbols
        self._spoken = 0
        """How many characters of the sentence have left early."""
        self._end_has_left = False
        """Whether these include the end of the sentence."""
        self._may_divide = True
        """Whether nothing has been spoken yet: only the first clause leaves early."""
        self._tried = 0
        """Up to where the sentence was searched for such a clause."""

    def feed(self, text: str) -> Iterator[Script]:
        """Yields the sentences that no continuation can change. Raises `RequestError` for an invalid mark."""
        for start in range(0, len(text), _BLOCK_CHARACTERS):
            self._read(text[start : start + _BLOCK_CHARACTERS])
            yield from self._sentences(final=False)
        if self._early and not self._end_has_left:
            yield from self._early_part()

    def finish(self) -> Iterator[Script]:
        """Yields the rest."""
        self._reader.finish()
        yield from self._sentences(final=True)

    def _read(self, text: str) -> None:
        try:
            self._reader.feed(text)
        except MarkupError as error:
            raise markup_error_at(self._whole_text(), self._reader.position, str(error), ERROR_CODE) from None

    def _sentences(self, *, final: bool) -> Iterator[Script]:
        while (end := self._sentence_end(final)) is not None:
            yield from self._take(end, continues=end < len(self._builder.text) or not final)

    def _sentence_end(self, final: bool) -> int | None:
        """Returns the end of the first sentence, if that is known with the pause that may follow it."""
        text, pause = self._builder.text, min(self._builder.pauses, default=None)
        if pause is None:
            return self._scanner.find_end(text, 0, min(self._reader.settled + 1, len(text)), final=final)
        is_whole = final or pause < len(text)  # else the pause may become longer, and end the sentence or interrupt it
        return self._scanner.find_end(text, 0, pause, final=is_whole) if pause or not is_whole else 0

    def _take(self, end: int, *, continues: bool) -> Iterator[Script]:
        """Yields what has not left yet of the sentence that ends at `end`, and removes it."""
        start = self._spoken if self._end_has_left else 0
        script = self._builder.part(start, end)
        if script.pauses or not (self._end_has_left and _is_silent(script.text)):
            spoken = self._spoken - start
            yield replace(script, warnings=self._builder.take_warnings(), continues=continues, spoken=spoken)
            self._may_divide &= _is_silent(script.text)
        self._builder.remove_first(end)
        self._spoken = self._tried = 0
        self._end_has_left = False

    def _early_part(self) -> Iterator[Script]:
        """Yields a sentence whose continuation can only be silent, or the first clause of the text."""
        if self._scanner.has_ended:
            script = self._builder.part(0, self._scanner.scanned)
            if script.pauses or self._front_end.names_emoji or _is_silent(script.text):
                return
            self._end_has_left = True
        elif (clause := self._clause()) is not None:
            script = clause
        else:
            return
        yield replace(script, warnings=self._builder.take_warnings(), continues=True, spoken=self._spoken)
        self._spoken = len(script.text)
        self._may_divide = False

    def _clause(self) -> Script | None:
        """Returns the longest beginning of the text that ends at a comma and can be spoken without the rest."""
        if not self._may_divide:
            return None
        text, stop = self._builder.text, self._scanner.scanned
        places = [place for place in range(self._tried, stop) if text[place] in _CLAUSE_ENDS or _is_comma(text, place)]
        self._tried = stop - (text[stop - 1 : stop] == [","])  # it is a comma if a space follows
        clauses = (self._builder.part(0, place + 1) for place in reversed(places))
        return next((each for each in clauses if not each.pauses and self._front_end.can_leave_early(each)), None)


def _is_comma(text: list[str], place: int) -> bool:
    return text[place] == "," and text[place + 1 : place + 2] == [" "]


def _is_silent(text: str) -> bool:
    """Returns whether there is certainly nothing to speak."""
    return not text.strip(_SILENT)
