"""A script while it is being written."""

from server.text.characters import sanitize
from server.text.markup.positions import MarkupError
from server.text.markup.script import Script, SpeakingStyle

MOST_SILENCE = 600.0
"""Seconds of all pauses of a text together: a short request must not become hours of audio."""


class ScriptBuilder:
    """Grows at its end only. Whoever writes hands over places of the input that never fall."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._manners: list[SpeakingStyle] = []
        self._readings: dict[int, str] = {}
        self._cuts: set[int] = set()
        self._warnings: dict[str, None] = {}
        self._silence = 0.0
        self.pauses: dict[int, float] = {}

    @property
    def last(self) -> str:
        """The last character; empty at the beginning."""
        return self.text[-1] if self.text else ""

    def write(self, char: str, start: int, end: int, manner: SpeakingStyle, reading: str | None = None) -> None:
        """One character that stands for the input from `start` to `end`, and how it is read if that is given."""
        if reading:
            self._readings[len(self.text)] = reading
        self.text.append(char)
        self._starts.append(start)
        self._ends.append(end)
        self._manners.append(manner)

    def copy(self, text: str, start: int, manner: SpeakingStyle) -> None:
        """The input from `start` on as it is written there."""
        self.text += sanitize(text)
        self._starts += range(start, start + len(text))
        self._ends += range(start + 1, start + len(text) + 1)
        self._manners += [manner] * len(text)

    def take_back(self, count: int) -> None:
        """Removes the last characters, for them to be written in another way."""
        kept = len(self.text) - count
        del self.text[kept:], self._starts[kept:], self._ends[kept:], self._manners[kept:]

    def pause(self, seconds: float) -> None:
        """Silence here, more of it where there is some already. Raises `MarkupError` beyond `MOST_SILENCE`."""
        self.pauses[len(self.text)] = self.pauses.get(len(self.text), 0.0) + seconds
        self._silence += seconds
        if self._silence > MOST_SILENCE:
            raise MarkupError(f"the pauses up to here are longer than {MOST_SILENCE:g} s together; make them shorter")

    def cut(self) -> None:
        """A sentence begins here."""
        self._cuts.add(len(self.text))

    def warn(self, warning: str) -> None:
        self._warnings[warning] = None

    def script(self) -> Script:
        cuts = frozenset(self._cuts - {0, len(self.text)})
        text = "".join(self.text)
        return Script(
            text, self._starts, self._ends, self._manners, self.pauses, cuts, self._readings, tuple(self._warnings)
        )
