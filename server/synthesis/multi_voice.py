"""A text in one voice or in several: who speaks which part is settled before anything sounds."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Protocol

from server.errors import RequestError, UnknownNameError
from server.scheduling.playback import PlaybackClock
from server.scheduling.task import Speech, at_once
from server.synthesis.sequencing import Item, deliver
from server.text.markup.script import Script
from server.types import Audio

if TYPE_CHECKING:  # whoever serves imports this before anything that computes
    from server.synthesis.synthesizer import Synthesizer

NOTHING = "nothing_to_speak"
"""The code of the front end's error for a text without anything to speak."""


class Voices(Protocol):
    """Where a narrator finds its voices."""

    def synthesizer(self, name: str | None = None) -> "Synthesizer":
        """The voice of that name, or the default one. Raises `UnknownNameError`, or `VoiceError` for a broken one."""

    def rates(self) -> Mapping[str, int]:
        """Hz, of every voice that can speak, by name."""


@dataclass(frozen=True, slots=True)
class Role:
    """A part of a script, and who speaks it."""

    script: Script
    synthesizer: "Synthesizer"
    speaker: str
    emotion: str


class SpeechPlan:
    """A text whose roles are given out. Nothing is computed until it is spoken."""

    def __init__(self, roles: Sequence[Role]) -> None:
        self.rate = roles[0].synthesizer.rate
        """Hz"""
        self._roles = roles

    @property
    def voice(self) -> str:
        """The voice that has most to say: its cost is taken for that of the whole."""
        return max(self._roles, key=lambda role: len(role.script.text)).synthesizer.voice.name

    def speech(self, pace: PlaybackClock | None = None) -> Speech[Audio]:
        """The audio, chunk by chunk, as work; `pace` is told of every chunk, and sets how long the next one is.

        Raises `RequestError` at once, before anything is computed, when the first sentence cannot be spoken.
        """
        return deliver(self._items(), pace or PlaybackClock())

    def speak(self) -> Generator[Audio, None, None]:
        """`speech`, computed by whoever iterates. Closing the iterator stops the computation."""
        return at_once(self.speech())

    def _items(self) -> Iterator[tuple["Synthesizer", Item]]:
        """Every item with who speaks it. A part without anything to speak is an error only when all are like that."""
        spoken, silent = False, None
        for role in self._roles:
            try:
                for item in role.synthesizer.read(role.script, speaker=role.speaker, emotion=role.emotion):
                    yield role.synthesizer, item
                    spoken = True
            except RequestError as error:
                if error.code != NOTHING:
                    raise
                silent = error
        if silent and not spoken:
            raise silent


class SpeechPlanner:
    """Gives out the roles of a text."""

    def __init__(self, voices: Voices) -> None:
        self._voices = voices

    def prepare(
        self, script: Script, *, voice: str | None = None, speaker: str | None = None, emotion: str | None = None
    ) -> SpeechPlan:
        """A script, ready to be spoken. `voice`, `speaker` and `emotion` are the request's own.

        The voice of a style is a speaker of the request's voice, else a voice, else `voice/speaker`. Raises
        `UnknownNameError` for a name that is not there, `VoiceError` for a broken voice, and `RequestError` for voices
        of different sampling rates and for a script that is too long.
        """
        own = self._voices.synthesizer(voice)
        own.check_length(len(script.text))
        speakers: dict[str | None, tuple[Synthesizer, str]] = {None: (own, own.voice.speaker(speaker))}
        roles = []
        for name, part in by_voice(script):
            if name not in speakers:
                speakers[name] = self._find(name or "", own)
            synthesizer, called = speakers[name]
            roles.append(Role(part, synthesizer, called, synthesizer.voice.emotion(emotion)))
            for style in set(part.styles):
                synthesizer.voice.emotion(style.emotion)
        self._check_rates(roles)
        return SpeechPlan(roles)

    def _find(self, name: str, own: "Synthesizer") -> tuple["Synthesizer", str]:
        """The voice and the speaker that a part means by `name`."""
        if name in own.voice.speakers:
            return own, name
        voices = self._voices.rates()
        folder, slash, speaker = name.partition("/")
        if slash and folder in voices:
            synthesizer = self._voices.synthesizer(folder)
            if speaker in synthesizer.voice.speakers:
                return synthesizer, speaker
            raise UnknownNameError("voice", name, (f"{folder}/{known}" for known in synthesizer.voice.speakers))
        unknown = UnknownNameError("voice", name, dict.fromkeys([*own.voice.speakers, *voices, "VOICE/SPEAKER"]))
        if not name:
            raise unknown
        try:
            synthesizer = self._voices.synthesizer(name)  # a broken one says why it cannot speak
        except UnknownNameError:
            raise unknown from None
        return synthesizer, synthesizer.voice.speaker(None)

    def _check_rates(self, roles: Sequence[Role]) -> None:
        """A stream has one rate, that of its first part."""
        first = roles[0].synthesizer
        for other in (role.synthesizer for role in roles):
            if other.rate != first.rate:
                fitting = ", ".join(name for name, rate in self._voices.rates().items() if rate == first.rate)
                raise RequestError(
                    f"voice {first.voice.name!r} speaks at {first.rate} Hz and voice {other.voice.name!r} at "
                    f"{other.rate} Hz; one text has one sampling rate. Voices of {first.rate} Hz: {fitting}",
                    param="voice",
                    code="different_rates",
                )


def by_voice(script: Script) -> Iterator[tuple[str | None, Script]]:
    """The stretches of a script that one voice speaks, in order; at least one."""
    start = 0
    for voice, styles in groupby(script.styles, lambda style: style.voice):
        end = start + sum(1 for _ in styles)
        yield voice, script.part(start, end)
        start = end
    if not start:
        yield None, script
