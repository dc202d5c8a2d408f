"""GET /v1/audio/voices: the voices with their speakers and emotions, broken ones with the reason, and the aliases."""

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from aiohttp import web
from pydantic import Field

from server.api.reference_fields import Use
from server.http.client import client_of
from server.http.response_model import ResponseModel, model_response
from server.http.startup import Startup
from server.synthesis.voice_resolver import VoiceResolver, allowed_voices
from server.voices.voice import Voice

if TYPE_CHECKING:
    from server.synthesis.registry import VoiceRegistry


class ReadyVoice(ResponseModel):
    """A voice that can speak."""

    id: str = Field(description="The name for the field `voice`.", examples=["demo"])
    name: str
    language: str = Field(description="As KAN-TTS names it; PinYin is Mandarin.", examples=["PinYin"])
    sample_rate: int = Field(description="Hz.", examples=[16000])
    speakers: tuple[str, ...] = Field(
        description="The first one is the default.", examples=[["natural", "male", "female"]]
    )
    emotions: tuple[str, ...] = Field(
        description="Those that the voice was trained on.", examples=[["neutral", "happy", "sad", "angry"]]
    )
    license: str | None = Field(description="As voice.yaml states it.", examples=["CC BY-SA 4.0"])
    reference_use: tuple[Use, ...] = Field(
        description="What the voice takes over of a reference (docs/references.md).", examples=[["emotion", "delivery"]]
    )
    default: bool = Field(description="Whether it speaks where a request names no voice.")
    loaded: bool = Field(description="Whether it is in memory; else its next request loads it.")
    status: Literal["ready"] = "ready"


class BrokenVoice(ResponseModel):
    """A voice that could not be loaded."""

    id: str
    name: str
    status: Literal["broken"] = "broken"
    reason: str = Field(description="What is wrong with it, and what to do.")


class VoiceList(ResponseModel):
    """All voices of the server."""

    voices: tuple[ReadyVoice | BrokenVoice, ...]
    aliases: dict[str, str] = Field(
        description="Other names for the field `voice`, and the voices and speakers that they mean.",
        examples=[{"alloy": "demo/natural"}],
    )


class VoicesRoute:
    """The /v1/audio/voices route."""

    def __init__(self, registry: "VoiceRegistry", startup: Startup) -> None:
        self._registry = registry
        self._startup = startup

    async def get(self, request: web.Request) -> web.Response:
        """Returns the voices that the client may use as JSON. Raises 503 until they are loaded."""
        self._startup.require_ready()
        default, allowed = self._registry.default_voice, client_of(request).voices
        loaded, known = self._registry.voices.keys(), self._registry.known
        timbre = await asyncio.to_thread(_taking_timbre, known.values())
        ready = [
            _ready(voice, default=name == default, loaded=name in loaded, takes_timbre=name in timbre)
            for name, voice in known.items()
        ]
        broken = [BrokenVoice(id=name, name=name, reason=why) for name, why in self._registry.broken.items()]
        voices: tuple[ReadyVoice | BrokenVoice, ...] = (*ready, *broken)
        listed = tuple(voice for voice in voices if allowed is None or voice.id in allowed)
        aliases = VoiceResolver(allowed_voices(self._registry, allowed)).aliases()
        return model_response(VoiceList(voices=listed, aliases=aliases))


def _taking_timbre(voices: Iterable[Voice]) -> set[str]:
    """The names of those that take the timbre of a recording. Looks for files of encoders."""
    # Imported here, so that importing this package loads nothing that computes.
    from server.synthesis.reference.timbre import timbre_obstacle

    return {voice.name for voice in voices if timbre_obstacle(voice) is None}


def _ready(voice: Voice, *, default: bool, loaded: bool, takes_timbre: bool) -> ReadyVoice:
    return ReadyVoice(
        id=voice.name,
        name=voice.name,
        language=voice.manifest.language,
        sample_rate=voice.rate,
        speakers=voice.speakers,
        emotions=voice.emotions,
        license=voice.license,
        reference_use=("timbre", "emotion", "delivery") if takes_timbre else ("emotion", "delivery"),
        default=default,
        loaded=loaded,
    )
