"""SSML -> Script: what each element does. docs/ssml.md is the page for users."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from server.text.characters import BREAKS, PLACEHOLDER, sanitize
from server.text.markup import durations, pinyin, ssml_schema
from server.text.markup.builder import ScriptBuilder
from server.text.markup.positions import MarkupError, refusal, shown
from server.text.markup.prosody_values import restyled, restyled_by_root
from server.text.markup.say_as import Reading, say_as
from server.text.markup.script import Script, SpeakingStyle
from server.text.markup.xml_events import CODE, Characters, Closing, Event, Opening, read_markup
from server.text.normalization.numerals import NUMERALS

PARAGRAPH_PAUSE = 0.35
"""Seconds between two paragraphs."""
_STRENGTHS: Mapping[str, str | float] = {
    "none": BREAKS[0], "x-weak": BREAKS[1], "weak": BREAKS[2], "medium": BREAKS[3], "strong": 0.5, "x-strong": 1.0,
}  # fmt: skip
"""A forced break, or seconds of silence."""
_ALPHABETS = ("py", "pinyin", "x-pinyin")
_Spot = tuple[str, int, int]
"""A character, and where it begins and ends in the input."""
_RUNS = re.compile(r"(?P<space>[ \t\r\n]+)|[^ \t\r\n]+")
_WIDE = "\u2e80"
"""From here on scripts are written without spaces between words."""


def read_ssml(text: str, base: SpeakingStyle, start: int = 0) -> Script:
    """The document that begins at `start`. Raises `RequestError` with line and column for whatever is wrong in it."""
    speech = _Speech(base)
    for event in read_markup(text, start):
        try:
            speech.take(event)
        except MarkupError as error:
            place = event.start if isinstance(event, Characters) else speech.at or event.place
            raise refusal(text, place, str(error), CODE) from None
    return speech.draft.script()


@dataclass(slots=True)
class _Element:
    name: str
    attributes: Mapping[str, str]
    place: int
    manner: SpeakingStyle
    """Of what is inside."""
    content: list[_Spot] = field(default_factory=list)
    """Characters and their places, of an element that is replaced."""


class _Speech:
    """Takes a document event by event; `draft` is what is to be spoken so far."""

    def __init__(self, base: SpeakingStyle) -> None:
        self.draft = ScriptBuilder()
        self.at: int | None = None
        """Where the element begins that is being read, if not where the event is."""
        self._open = [_Element("", {}, 0, base)]
        self._ignored = 0
        self._space: tuple[int, int, bool] | None = None
        """White space that waits for what follows: its place, and whether it only lays out the markup."""
        self._after_tag = False
        self._paragraph = False
        self._boundary = ""
        """What parts two words here."""

    def take(self, event: Event) -> None:
        if isinstance(event, Characters):
            self._write(event)
            return
        self._after_tag = True
        if self._space:
            self._space = (*self._space[:2], True)
        if isinstance(event, Opening):
            self._enter(event)
        else:
            self._leave(event)

    def _enter(self, event: Opening) -> None:
        name, outside = event.name, self._open[-1]
        if self._ignored or (name in ssml_schema.IGNORED and outside.name):
            if not self._ignored:
                self.draft.warn(f"<{name}> has no sound and was left out")
            self._ignored += 1
            return
        ssml_schema.check(event, outside.name)
        element = _Element(name, event.attributes, event.place, outside.manner)
        if change := _MANNERS.get(name):
            element.manner = change(outside.manner, event.attributes)
        self._open.append(element)
        if name == "break":
            self._break(event)
        elif name == "emotion":
            self._warn_of_intensity(event.attributes.get("intensity", "1"))
        self._mark_edge(name)

    def _leave(self, event: Closing) -> None:
        if self._ignored:
            self._ignored -= 1
            return
        element = self._open.pop()
        if element.name in ssml_schema.REPLACED:
            self.at = element.place
            self._replace(element)
            self.at = None
        self._mark_edge(element.name)

    def _mark_edge(self, name: str) -> None:
        """What begins or ends with an element."""
        if name in ("s", "p"):
            self.draft.cut()
            self._paragraph |= name == "p"
        elif name in ("w", "token"):
            self._boundary = BREAKS[1]
        elif name in ssml_schema.REPLACED and not self._boundary:
            self._boundary = " "

    def _break(self, event: Opening) -> None:
        time, strength = event.attributes.get("time"), event.attributes.get("strength", "medium")
        if strength not in _STRENGTHS:
            raise MarkupError(f"<break> strength {shown(strength)} is not known; valid: {', '.join(_STRENGTHS)}")
        what = _STRENGTHS[strength] if time is None else durations.seconds(time)
        if isinstance(what, str):
            self._put(what, event.place, event.place)
        else:
            self.draft.pause(what)

    def _warn_of_intensity(self, intensity: str) -> None:
        try:
            value = float(intensity)
        except ValueError:
            value = -1.0
        if not 0 <= value <= 2:
            raise MarkupError(f"<emotion> intensity {shown(intensity)} is not valid; valid: 0 to 2")
        if value != 1:
            self.draft.warn(f"emotions have one intensity; intensity {shown(intensity)} was read as 1")

    def _write(self, event: Characters) -> None:
        if self._ignored:
            return
        element = self._open[-1]
        single = event.end - event.start != len(event.text)
        for run in _RUNS.finditer(sanitize(event.text)):
            start = event.start + run.start()
            end = event.end if single else event.start + run.end()
            if element.name in ssml_schema.REPLACED:
                element.content += [
                    (char, start + at, end if single else start + at + 1) for at, char in enumerate(run[0])
                ]
            elif run["space"]:
                first, _, lays_out = self._space or (start, end, self._after_tag)
                self._space = first, end, lays_out or "\n" in run[0]
            elif element.name == "break":
                raise MarkupError("<break> has nothing in it; write <break/>")
            else:
                self._put(run[0][0], start, end if single else start + 1)
                self.draft.copy(run[0][1:], start + 1, element.manner)

    def _put(self, char: str, start: int, end: int, reading: str | None = None) -> None:
        """One character, after whatever waits for it."""
        draft, manner, last = self.draft, self._open[-1].manner, self.draft.last
        first, after, lays_out = self._space or (start, start, True)
        if self._space and last and (not lays_out or (last < _WIDE and char < _WIDE)):
            draft.write(" ", first, after, manner)
        elif self._boundary and _in_word(last, self._boundary) and _in_word(char, self._boundary):
            draft.write(self._boundary, start, start, manner)
        if self._paragraph and last:
            draft.pauses.setdefault(len(draft.text), PARAGRAPH_PAUSE)
        self._space, self._boundary, self._after_tag, self._paragraph = None, "", False, False
        draft.write(char, start, end, manner, reading)

    def _replace(self, element: _Element) -> None:
        """Writes what is spoken for the content of an element."""
        written = "".join(char for char, _, _ in element.content)
        content = element.content[len(written) - len(written.lstrip()) : len(written.rstrip())]
        start, end = (content[0][1], content[-1][2]) if content else (element.place, element.place)
        attributes = element.attributes
        if element.name == "phoneme":
            self._pronounce(attributes, content, start, end)
            return
        if element.name == "sub":
            reading = Reading(sanitize(" ".join(attributes["alias"].split())))
        else:
            reading = say_as(" ".join(written.split()), attributes["interpret-as"].strip(), attributes.get("format"))
        for place, char in enumerate(reading.text):
            self._put(char, start, end, reading.pinyin.get(place))

    def _pronounce(self, attributes: Mapping[str, str], content: list[_Spot], start: int, end: int) -> None:
        alphabet = attributes.get("alphabet", "py")
        if alphabet not in _ALPHABETS:
            raise MarkupError(f"<phoneme> alphabet {shown(alphabet)} is not known; valid: {', '.join(_ALPHABETS)}")
        syllables = pinyin.syllables(attributes["ph"])
        chars = [char for char, _, _ in content]
        laid = pinyin.lay(syllables, chars) if all(map(pinyin.is_chinese, chars)) else None
        if laid and laid[0][1] == 0:
            for syllable, first, after in laid:
                self._put(chars[first], content[first][1], content[after - 1][2], syllable)
        else:
            for syllable in syllables:
                self._put(PLACEHOLDER, start, end, syllable)


def _in_word(char: str, boundary: str) -> bool:
    """Would it grow together with what is beyond the boundary? A space parts letters and numbers alone."""
    return char.isalnum() and (boundary != " " or char.isascii() or char in NUMERALS)


def _speak(manner: SpeakingStyle, attributes: Mapping[str, str]) -> SpeakingStyle:
    style = restyled_by_root(manner.style, *(attributes.get(name) for name in ("rate", "pitch", "volume")))
    return replace(manner, style=style, voice=attributes.get("voice") or manner.voice)


def _prosody(manner: SpeakingStyle, attributes: Mapping[str, str]) -> SpeakingStyle:
    return replace(
        manner, style=restyled(manner.style, *(attributes.get(name) for name in ("rate", "pitch", "volume")))
    )


_MANNERS: Mapping[str, Callable[[SpeakingStyle, Mapping[str, str]], SpeakingStyle]] = {
    "speak": _speak,
    "prosody": _prosody,
    "emotion": lambda manner, attributes: replace(manner, emotion=attributes["category"].strip()),
    "voice": lambda manner, attributes: replace(manner, voice=attributes["name"].strip()),
}
