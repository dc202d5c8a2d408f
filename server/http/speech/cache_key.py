"""The key of a request in the cache: a digest of everything that changes a byte of its audio."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from server import __version__
from server.audio.encoders import ENCODERS, OutputFormat
from server.config import Config
from server.errors import DeviceError
from server.synthesis.options import SpeechOptions
from server.synthesis.reference.speech_reference import SpeechReference
from server.synthesis.speech_plan import SpeechPlan

if TYPE_CHECKING:
    from server.synthesis.registry import VoiceRegistry
    from server.voices.voice import Voice


@dataclass(frozen=True, slots=True)
class CacheKey:
    """A request as the cache knows it."""

    digest: str
    """64 hexadecimal digits."""
    voices: Mapping[str, "Voice"]
    devices: Mapping[str, str]
    """What computes them; part of the digest."""
    is_fixed: bool
    """Whether its noise follows from the request and the configuration. Other audio is not kept."""


class CacheKeys:
    """Makes the keys of requests.

    Requests that mean the same have the same key: names are resolved, defaults are filled in, instructions are what
    they choose. `model`, `stream_format` and `timestamps` change no byte of the audio.
    """

    def __init__(self, registry: "VoiceRegistry") -> None:
        self._registry = registry

    def key(
        self,
        kind: Literal["stream", "file"],
        text: str,
        options: SpeechOptions,
        plan: SpeechPlan,
        output: OutputFormat,
        config: Config,
    ) -> CacheKey:
        """The key of a text, its plan and its format. Instructions and reference of the options are resolved."""
        synthesizers = {segment.synthesizer.voice.name: segment.synthesizer for segment in plan.segments}
        voices = {name: synthesizer.voice for name, synthesizer in synthesizers.items()}
        has_noise = any(voice.manifest.vocoder.harmonics for voice in voices.values())
        devices = self._devices(voices)
        rate = output.rate_for(plan.rate)
        content = {
            "version": __version__,
            "marks": config.text.marks,
            "label": config.label.model_dump(mode="json"),
            "settings": {name: synthesizer.settings for name, synthesizer in synthesizers.items()},
            "devices": devices,
            "voices": {name: voice.digest for name, voice in voices.items()},
            "kind": kind,
            "text": text,
            "segments": [(each.synthesizer.voice.name, each.speaker, each.emotion) for each in plan.segments],
            "style": asdict(options.style),
            "lexicon": dict(options.wording.lexicon.readings),
            "replacements": dict(options.wording.replacements.words),
            "reference": _reference(options.reference),
            "seed": options.seed,
            "noise": options.noise if has_noise and options.seed is None else None,
            "output": (output.name, rate, _bit_rate(output, rate)),
        }
        digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
        return CacheKey(
            digest, voices, devices, not has_noise or options.seed is not None or config.cache.seed is not None
        )

    def stands(self, key: CacheKey) -> bool:
        """Whether the devices are still those of the key: they change when one fails."""
        try:
            return self._devices(key.voices) == key.devices
        except DeviceError:
            return False

    def _devices(self, voices: Mapping[str, "Voice"]) -> Mapping[str, str]:
        """The provider, and the precision of each voice."""
        registry = self._registry
        precisions = {f"precision of {name}": registry.precision(voice).precision for name, voice in voices.items()}
        return {"provider": registry.provider, **precisions}


def _reference(reference: SpeechReference | None) -> Any:
    """What a reference changes besides the emotion and the style, which are in the options."""
    if reference is None:
        return None
    return reference.recording.digest, sorted(reference.uses), reference.transcript


def _bit_rate(output: OutputFormat, rate: int) -> Any:
    """Bits per second, the default filled in; None for a format without."""
    bit_rates = ENCODERS[output.name].bit_rates(rate)
    return output.bit_rate or (bit_rates.default if bit_rates else None)
