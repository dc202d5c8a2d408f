"""Converts SSML into a script. docs/ssml.md describes the elements for users."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from server.text.characters import BREAKS, PLACEHOLDER, sanitize
from server.text.markup.builder import ScriptBuilder
from server.text.markup.durations import parse_pause
from server.text.markup.pinyin import align_syllables, is_chinese, parse_pinyin
from server.text.markup.positions import MarkupError, markup_error_at, quoted
from server.text.markup.prosody_values import PROSODY_ATTRIBUTES, apply_prosody, apply_root_prosody
from server.text.markup.say_as import SpokenForm, verbalize_say_as
from server.text.markup.script import Script, SpeakingStyle
from server.text.markup.ssml_schema import IGNORED_ELEMENTS, REPLACED_ELEMENTS, validate_element
from server.text.markup.xml_events import ERROR_CODE, CharacterData, StartElement, XmlEvent, parse_xml
from server.text.normalization.numerals import NUMERALS
from server.text.text_warning import TextWarning, WarningCode

PARAGRAPH_PAUSE_SECONDS = 0.35
_BREAK_STRENGTHS: Mapping[str, str | float] = {
    "none": BREAKS[0], "x-weak": BREAKS[1], "weak": BREAKS[2], "medium": BREAKS[3], "strong": 0.5, "x-strong": 1.0,
}  # fmt: skip
"""An explicit break, or seconds of silence."""
_PHONEME_ALPHABETS = ("py", "pinyin", "x-pinyin")
_Located = tuple[str, int, int]
"""A character, and where its input range begins and ends."""
_RUNS = re.compile(r"(?P<space>[ \t\r\n]+)|[^ \t\r\n]+")
_FIRST_CJK = "\u2e80"
"""Characters from here on belong to scripts without spaces between words."""


def parse_ssml(text: str, base: SpeakingStyle, start: int = 0) -> Script:
    """Parses the document that begins at `start`. Raises `RequestError` with line and column for invalid SSML."""
    converter = _SsmlConverter(base)
    for event in parse_xml(text, start):
        try:
            converter.handle(event)
        except MarkupError as error:
            raise markup_error_at(text, converter.position, str(error), ERROR_CODE) from None
    return converter.builder.build()


@dataclass(slots=True)
class _Element:
    name: str
    attributes: Mapping[str, str]
    position: int
    style: SpeakingStyle
    """Of the content."""
    content: list[_Located] = field(default_factory=list)
    """Filled only for `REPLACED_ELEMENTS`."""


@dataclass(slots=True)
class _PendingSpace:
    """White space that is not appended before the next character decides whether it separates words."""

    start: int
    end: int
    is_layout: bool
    """Whether it is beside a tag or contains a line break."""


class _SsmlConverter:
    """Handles the events of a document one by one, and appends to `builder`."""

    def __init__(self, base: SpeakingStyle) -> None:
        self.builder = ScriptBuilder()
        self.position = 0
        """Of the text or the start tag that is being converted."""
        self._open_elements = [_Element("", {}, 0, base)]
        self._ignored_depth = 0
        self._space: _PendingSpace | None = None
        self._after_tag = False
        self._paragraph_starts = False
        self._boundary = ""
        """The character that separates the next character from the last one, if both are in words."""

    def handle(self, event: XmlEvent) -> None:
        if isinstance(event, CharacterData):
            self.position = event.start
            self._handle_text(event)
            return
        self.position = event.position
        self._after_tag = True
        if self._space:
            self._space.is_layout = True
        if isinstance(event, StartElement):
            self._start_element(event)
        else:
            self._end_element()

    def _start_element(self, event: StartElement) -> None:
        name, parent = event.name, self._open_elements[-1]
        if self._ignored_depth or (name in IGNORED_ELEMENTS and parent.name):
            if not self._ignored_depth:
                self._warn(f"<{name}> has no sound and was ignored", "ignored_element", name)
            self._ignored_depth += 1
            return
        validate_element(event, parent.name)
        element = _Element(name, event.attributes, event.position, parent.style)
        if apply_style := _STYLE_ELEMENTS.get(name):
            element.style = apply_style(parent.style, event.attributes)
        self._open_elements.append(element)
        if name == "break":
            self._add_break(event)
        elif name == "emotion":
            self._check_intensity(event.attributes.get("intensity", "1"), name)
        self._add_boundary(name)

    def _end_element(self) -> None:
        if self._ignored_depth:
            self._ignored_depth -= 1
            return
        element = self._open_elements.pop()
        self.position = element.position
        if element.name in REPLACED_ELEMENTS:
            self._replace_content(element)
        self._add_boundary(element.name)

    def _add_boundary(self, name: str) -> None:
        """Adds the boundary that the start and the end of an element are."""
        if name in ("s", "p"):
            self.builder.start_sentence()
            self._paragraph_starts |= name == "p"
        elif name in ("w", "token"):
            self._boundary = BREAKS[1]
        elif name in REPLACED_ELEMENTS and not self._boundary:
            self._boundary = " "

    def _add_break(self, event: StartElement) -> None:
        time, strength = event.attributes.get("time"), event.attributes.get("strength", "medium")
        if strength not in _BREAK_STRENGTHS:
            valid = ", ".join(_BREAK_STRENGTHS)
            raise MarkupError(f"<break> strength {quoted(strength)} is not known; valid: {valid}")
        break_or_seconds = _BREAK_STRENGTHS[strength] if time is None else parse_pause(time)
        if isinstance(break_or_seconds, str):
            self._append(break_or_seconds, event.position, event.position)
        else:
            self.builder.add_pause(break_or_seconds)

    def _warn(self, warning: str, code: WarningCode, name: str) -> None:
        """Warns of the start tag that is being converted."""
        self.builder.add_warning(warning, TextWarning(code, self.position, self.position + len("<") + len(name)))

    def _check_intensity(self, intensity: str, name: str) -> None:
        try:
            value = float(intensity)
        except ValueError:
            value = -1.0
        if not 0 <= value <= 2:
            raise MarkupError(f"<emotion> intensity {quoted(intensity)} is not valid; valid: 0 to 2")
        if value != 1:
            warning = f"emotions have one intensity; intensity {quoted(intensity)} was read as 1"
            self._warn(warning, "ignored_intensity", name)

    def _handle_text(self, event: CharacterData) -> None:
        if self._ignored_depth:
            return
        element = self._open_elements[-1]
        is_reference = event.end - event.start != len(event.text)
        for run in _RUNS.finditer(sanitize(event.text)):
            start = event.start + run.start()
            end = event.end if is_reference else event.start + run.end()
            if element.name in REPLACED_ELEMENTS:
                element.content += [
                    (char, start + index, end if is_reference else start + index + 1)
                    for index, char in enumerate(run[0])
                ]
            elif run["space"]:
                pending = self._space or _PendingSpace(start, end, self._after_tag)
                self._space = _PendingSpace(pending.start, end, pending.is_layout or "\n" in run[0])
            elif element.name == "break":
                raise MarkupError("<break> must be empty; write <break/>")
            else:
                self._append(run[0][0], start, end if is_reference else start + 1)
                self.builder.append_text(run[0][1:], start + 1, element.style)

    def _append(
        self, char: str, start: int, end: int, *, reading: str | None = None, written: str | None = None
    ) -> None:
        """Appends one character, and before it the pending space, boundary and paragraph pause."""
        builder, style = self.builder, self._open_elements[-1].style
        last = builder.text[-1] if builder.text else ""
        if self._space and last and (not self._space.is_layout or (last < _FIRST_CJK and char < _FIRST_CJK)):
            builder.append(" ", self._space.start, self._space.end, style)
        elif self._boundary and _is_separable(last, self._boundary) and _is_separable(char, self._boundary):
            builder.append(self._boundary, start, start, style)
        if self._paragraph_starts and last:
            builder.pauses.setdefault(len(builder.text), PARAGRAPH_PAUSE_SECONDS * style.style.pauses)
        self._space, self._boundary, self._after_tag, self._paragraph_starts = None, "", False, False
        builder.append(char, start, end, style, reading=reading, written=written)

    def _replace_content(self, element: _Element) -> None:
        text = "".join(char for char, _, _ in element.content)
        content = element.content[len(text) - len(text.lstrip()) : len(text.rstrip())]
        start, end = (content[0][1], content[-1][2]) if content else (element.position, element.position)
        attributes = element.attributes
        if element.name == "phoneme":
            self._append_phoneme(attributes, content, start, end)
            return
        if element.name == "sub":
            spoken = SpokenForm(sanitize(" ".join(attributes["alias"].split())))
        else:
            kind, form = attributes["interpret-as"].strip(), attributes.get("format")
            spoken = verbalize_say_as(" ".join(text.split()), kind, form)
        written = "".join(char for char, _, _ in content)
        for index, char in enumerate(spoken.text):
            self._append(char, start, end, reading=spoken.pinyin.get(index), written="" if index else written)

    def _append_phoneme(self, attributes: Mapping[str, str], content: list[_Located], start: int, end: int) -> None:
        alphabet = attributes.get("alphabet", "py")
        if alphabet not in _PHONEME_ALPHABETS:
            valid = ", ".join(_PHONEME_ALPHABETS)
            raise MarkupError(f"<phoneme> alphabet {quoted(alphabet)} is not known; valid: {valid}")
        syllables = parse_pinyin(attributes["ph"])
        chars = [char for char, _, _ in content]
        aligned = align_syllables(syllables, chars) if all(map(is_chinese, chars)) else None
        if aligned and aligned[0][1] == 0:
            for syllable, first, after in aligned:
                written = "".join(chars[first:after])
                self._append(chars[first], content[first][1], content[after - 1][2], reading=syllable, written=written)
        else:
            for index, syllable in enumerate(syllables):
                self._append(PLACEHOLDER, start, end, reading=syllable, written="" if index else "".join(chars))


def _is_separable(char: str, boundary: str) -> bool:
    """Returns whether a character would join the word beyond the boundary; a space separates letters and numbers."""
    return char.isalnum() and (boundary != " " or char.isascii() or char in NUMERALS)


def _apply_speak(style: SpeakingStyle, attributes: Mapping[str, str]) -> SpeakingStyle:
    prosody = apply_root_prosody(style.style, *(attributes.get(name) for name in PROSODY_ATTRIBUTES))
    return replace(style, style=prosody, voice=attributes.get("voice") or style.voice)


def _apply_prosody(style: SpeakingStyle, attributes: Mapping[str, str]) -> SpeakingStyle:
    prosody = apply_prosody(style.style, *(attributes.get(name) for name in PROSODY_ATTRIBUTES))
    return replace(style, style=prosody)


_STYLE_ELEMENTS: Mapping[str, Callable[[SpeakingStyle, Mapping[str, str]], SpeakingStyle]] = {
    "speak": _apply_speak,
    "prosody": _apply_prosody,
    "emotion": lambda style, attributes: replace(style, emotion=attributes["category"].strip()),
    "voice": lambda style, attributes: replace(style, voice=attributes["name"].strip()),
}
