"""Resolves the voice names of requests and of SSML: voices, aliases, `voice/speaker`, and speakers.

A client may be limited to some of the voices.
"""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Protocol

from server.errors import AccessDeniedError, RequestError, UnknownNameError, VoiceError
from server.voices.voice import Voice

if TYPE_CHECKING:  # the HTTP package imports this module before anything that computes
    from server.synthesis.synthesizer import Synthesizer


class Voices(Protocol):
    """Where voices are found: a `VoiceRegistry`, a snapshot of it, or `OnDemandVoices`."""

    @property
    def aliases(self) -> Mapping[str, str]:
        """Alias -> voice, `voice/speaker`, or a speaker of the default voice."""

    def voice(self, name: str | None = None) -> Voice:
        """The voice of that name, or the default one. Raises `UnknownNameError`, or `VoiceError` for a broken one."""

    def synthesizer(self, name: str | None = None) -> "Synthesizer":
        """The same voice, ready to speak; loading it may take seconds. Raises its errors too."""

    def sample_rates(self) -> Mapping[str, int]:
        """Hz, of every working voice, by name."""


class AllowedVoices:
    """Voices, of which a client may use some: the others are neither found nor listed."""

    def __init__(self, voices: Voices, allowed: Collection[str]) -> None:
        self._voices = voices
        self._allowed = allowed

    @property
    def aliases(self) -> Mapping[str, str]:
        """All aliases: what they mean shows whether they may be used."""
        return self._voices.aliases

    def voice(self, name: str | None = None) -> Voice:
        """The voice of that name, or the default one. Raises `AccessDeniedError` for one that is not allowed.

        Raises `UnknownNameError` and `VoiceError` as `Voices` does.
        """
        if name in self._voices.sample_rates() and name not in self._allowed:
            raise self._denied(f"voice {name!r}")
        try:
            found = self._voices.voice(name)
        except UnknownNameError:
            raise UnknownNameError("voice", name or "", self.sample_rates()) from None
        except VoiceError:
            if name is None or name in self._allowed:
                raise
            raise self._denied(f"voice {name!r}") from None
        if found.name in self._allowed:
            return found
        raise self._denied(f"voice {found.name!r}" + (", the default one" if name is None else ""))

    def synthesizer(self, name: str | None = None) -> "Synthesizer":
        """The same voice, ready to speak. Raises what `voice` raises, and the errors of loading it."""
        return self._voices.synthesizer(self.voice(name).name)

    def sample_rates(self) -> Mapping[str, int]:
        """Hz, of every working voice that is allowed, by name."""
        return {name: rate for name, rate in self._voices.sample_rates().items() if name in self._allowed}

    def _denied(self, subject: str) -> AccessDeniedError:
        allowed = ", ".join(self.sample_rates()) or "there is none now"
        return AccessDeniedError(
            f"this key may not use {subject}; name a voice that it may use: {allowed}", code="voice_not_allowed"
        )


def allowed_voices(voices: Voices, allowed: Collection[str] | None) -> Voices:
    """The voices that a client may use; all for None."""
    return voices if allowed is None else AllowedVoices(voices, allowed)


class VoiceResolver:
    """Finds the voice and the speaker that a name means."""

    def __init__(self, voices: Voices) -> None:
        self._voices = voices

    def resolve(self, name: str | None, speaker: str | None) -> tuple["Synthesizer", str]:
        """The voice and the speaker of a request.

        The name is a voice, an alias, or `voice/speaker`; None is the default voice. The speaker replaces that of an
        alias; None is the speaker that the name means, else the first one of the voice.

        Raises `UnknownNameError`, `VoiceError` for a broken voice, and `RequestError` for two different speakers.
        """
        voice, speaker = self.find(name, speaker)
        return self._voices.synthesizer(voice.name), speaker

    def find(self, name: str | None, speaker: str | None) -> tuple[Voice, str]:
        """The same as `resolve`, without loading the voice."""
        if name is None:
            voice, named = self._voices.voice(), None
        else:
            voice, named = self._find(name, UnknownNameError("voice", name, self._names()))
        if named and speaker not in (None, named) and name not in self._voices.aliases:
            raise RequestError(f"voice is {name!r}, but speaker is {speaker!r}; leave one of them out", param="speaker")
        return voice, voice.speaker(speaker or named)

    def resolve_within(self, default: "Synthesizer", name: str) -> tuple["Synthesizer", str]:
        """The voice and the speaker of a part of a text: a speaker of the text's voice, else as in a request.

        Raises `UnknownNameError`, and `VoiceError` for a broken voice.
        """
        voice, speaker = self.find_within(default.voice, name)
        return default if voice is default.voice else self._voices.synthesizer(voice.name), speaker

    def find_within(self, default: Voice, name: str) -> tuple[Voice, str]:
        """The same as `resolve_within`, without loading a voice."""
        if name in default.speakers:
            return default, name
        valid = dict.fromkeys([*default.speakers, *self._names()])
        voice, speaker = self._find(name, UnknownNameError("voice", name, valid))
        return voice, voice.speaker(speaker)

    def aliases(self) -> dict[str, str]:
        """Alias -> `voice/speaker`; for an alias of a broken or missing voice, what the configuration says.

        None for voices that are not allowed.
        """
        found = {}
        for alias, target in self._voices.aliases.items():
            try:
                voice, speaker = self._find_alias(target)
            except AccessDeniedError:
                continue
            except (UnknownNameError, VoiceError):
                found[alias] = target
            else:
                found[alias] = f"{voice.name}/{voice.speaker(speaker)}"
        return found

    def _names(self) -> list[str]:
        """The valid names, for an error."""
        return [*self._voices.sample_rates(), *self._voices.aliases, "VOICE/SPEAKER"]

    def _find(self, name: str, unknown: UnknownNameError) -> tuple[Voice, str | None]:
        """The voice of a name, and the speaker where the name has one. Raises `unknown`."""
        if not name:
            raise unknown
        try:
            return self._voices.voice(name), None
        except UnknownNameError:
            if name in self._voices.aliases:
                return self._find_alias(self._voices.aliases[name])
            return self._find_speaker(name, unknown)

    def _find_speaker(self, name: str, unknown: UnknownNameError) -> tuple[Voice, str]:
        """The voice and the speaker of `voice/speaker`. Raises `unknown` for another name."""
        before, slash, speaker = name.partition("/")
        if not slash or not before:
            raise unknown
        try:
            voice = self._voices.voice(before)
        except UnknownNameError:
            raise unknown from None
        if speaker not in voice.speakers:
            raise UnknownNameError("voice", name, (f"{before}/{known}" for known in voice.speakers))
        return voice, speaker

    def _find_alias(self, target: str) -> tuple[Voice, str | None]:
        """What an alias means. A speaker that the default voice does not have is its first one."""
        try:
            return self._voices.voice(target), None
        except UnknownNameError:
            pass
        if "/" in target:
            return self._find_speaker(target, UnknownNameError("voice", target, self._names()))
        default = self._voices.voice()
        return default, target if target in default.speakers else None
