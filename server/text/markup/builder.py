"""Builds a script from left to right."""

from server.text.characters import sanitize
from server.text.markup.positions import MarkupError
from server.text.markup.script import Script, SpeakingStyle
from server.text.text_warning import TextWarning

MAX_TOTAL_PAUSE_SECONDS = 600.0
"""Of all pauses of a text together, so that a short request cannot produce hours of audio."""


class ScriptBuilder:
    """Appends characters, pauses and sentence starts. Input positions must not decrease from call to call."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._styles: list[SpeakingStyle] = []
        self._readings: dict[int, str] = {}
        self._written: dict[int, str] = {}
        self._sentence_starts: set[int] = set()
        self._warnings: dict[str, None] = {}
        self._places: list[TextWarning] = []
        self._total_pause = 0.0
        self.pauses: dict[int, float] = {}

    def append(
        self,
        char: str,
        start: int,
        end: int,
        style: SpeakingStyle,
        *,
        reading: str | None = None,
        written: str | None = None,
    ) -> None:
        """Appends one character for the input from `start` to `end`, with its pinyin if the markup gives it.

        `written` is what the client wrote for it; None: the character itself, nothing for one without any input.
        """
        if reading:
            self._readings[len(self.text)] = reading
        written = written if written is not None else char if start < end else ""
        if written != char:
            self._written[len(self.text)] = written
        self.text.append(char)
        self._starts.append(start)
        self._ends.append(end)
        self._styles.append(style)

    def append_text(self, text: str, start: int, style: SpeakingStyle) -> None:
        """Appends `text`, which the input contains unchanged from `start` on."""
        self.text += sanitize(text)
        self._starts += range(start, start + len(text))
        self._ends += range(start + 1, start + len(text) + 1)
        self._styles += [style] * len(text)

    def remove_last(self, count: int) -> None:
        """Removes the last characters, so that they can be appended in another form."""
        kept = len(self.text) - count
        del self.text[kept:], self._starts[kept:], self._ends[kept:], self._styles[kept:]
        for position in range(kept, kept + count):
            self._written.pop(position, None)

    def add_pause(self, seconds: float) -> None:
        """Adds silence here; pauses at one position add up. Raises `MarkupError` for too much silence in total."""
        self.pauses[len(self.text)] = self.pauses.get(len(self.text), 0.0) + seconds
        self._total_pause += seconds
        if self._total_pause > MAX_TOTAL_PAUSE_SECONDS:
            limit = f"{MAX_TOTAL_PAUSE_SECONDS:g} s"
            raise MarkupError(f"the pauses up to here are longer than {limit} in total; make them shorter")

    def start_sentence(self) -> None:
        """Marks the next character as the first one of a sentence."""
        self._sentence_starts.add(len(self.text))

    def add_warning(self, warning: str, place: TextWarning) -> None:
        """Adds a warning, a repeated one once, and its place in the input."""
        self._warnings[warning] = None
        self._places.append(place)

    def part(self, start: int, end: int) -> Script:
        """Returns the characters from `start` to `end` as a script, with a pause at their end, without warnings."""
        return Script(
            "".join(self.text[start:end]),
            self._starts[start:end],
            self._ends[start:end],
            self._styles[start:end],
            {end - start: self.pauses[end]} if end in self.pauses else {},
            readings={place - start: reading for place, reading in self._readings.items() if start <= place < end},
            written={place - start: text for place, text in self._written.items() if start <= place < end},
        )

    def remove_first(self, count: int) -> None:
        """Removes the first characters, and a pause at their end."""
        del self.text[:count], self._starts[:count], self._ends[:count], self._styles[:count]
        self.pauses = {place - count: seconds for place, seconds in self.pauses.items() if place > count}
        self._readings = {place - count: reading for place, reading in self._readings.items() if place >= count}
        self._written = {place - count: text for place, text in self._written.items() if place >= count}

    def take_warnings(self) -> tuple[str, ...]:
        """Returns the warnings since the last call."""
        warnings = tuple(self._warnings)
        self._warnings.clear()
        return warnings

    def build(self) -> Script:
        """Returns the script of everything that was appended."""
        return Script(
            "".join(self.text),
            self._starts,
            self._ends,
            self._styles,
            self.pauses,
            frozenset(self._sentence_starts - {0, len(self.text)}),
            self._readings,
            tuple(self._warnings),
            self._written,
            places=tuple(self._places),
        )
