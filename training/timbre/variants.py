"""Speakers of the corpus: variants of espeak-ng that differ in vocal tract, F0, breath, roughness, tilt and rate."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from training.voice.corpus.espeak import VoiceSettings
from training.voice.corpus.speakers import EMOTIONS, Emotion, Speaker, Style

TRAITS: Mapping[str, tuple[float, float]] = {
    "tract": (0.80, 1.28),  # factor on the formants of espeak-ng's default voice
    "f0": (80.0, 235.0),  # Hz, the middle of the range
    "range": (4.5, 7.5),  # semitones from the lowest to the highest F0
    "breath": (0.0, 60.0),  # noise at the first formants; a part of the speakers has none
    "roughness": (0.0, 5.0),  # espeak-ng's steps of irregular periods; a part of the speakers has none
    "tilt": (-1.0, 1.0),  # octaves of amplitude at 2 kHz
    "strength": (75.0, 135.0),  # percent, of the formants from the third on
}
"""What the speaker encoder learns to hear -> its lowest and highest value. The first two are spread evenly by ratio."""
RATE_FACTORS = (0.88, 1.14)
"""The rate belongs to the delivery: the encoder does not learn it."""
FORMANT_JITTER = 0.04
"""By which single formants deviate from the vocal tract's factor, to either side."""
WITHOUT_NOISE = 0.4
"""The share of speakers without breath, and without roughness."""
F0_FOLLOWS_TRACT = 0.4
"""How much of the position of F0 is that of the vocal tract: large people have low voices."""
BREATH_SHAPE = (1.0, 1.0, 0.8, 0.65, 0.5, 0.35, 0.2, 0.15)
"""Of the noise at the eight formants."""
FORMANTS = 9
TRAINING_SEED, HELD_OUT_SEED = 20, 21


@dataclass(frozen=True, slots=True)
class Variant(Speaker):
    """A variant of espeak-ng."""

    traits: tuple[float, ...] = ()
    """A value for each of `TRAITS`."""
    formant_factors: tuple[float, ...] = (1.0,) * FORMANTS
    """Of every formant, beside the vocal tract's."""
    rate: float = 1.0

    def trait(self, name: str) -> float:
        """The value of one of `TRAITS`."""
        return self.traits[list(TRAITS).index(name)]

    def targets(self) -> NDArray[np.float32]:
        """(traits,), -1 to 1 within their ranges."""
        return np.array([_position(name, value) for name, value in zip(TRAITS, self.traits, strict=True)], np.float32)


@dataclass(frozen=True, slots=True)
class VariantStyle(Style):
    """A variant with an emotion."""

    speaker: Variant

    def variant_file(self) -> str:
        """Returns the content of the espeak-ng variant file."""
        speaker, emotion = self.speaker, self.emotion
        tract = 100 * speaker.trait("tract") * emotion.formant_shift / 100
        strength = speaker.trait("strength") * emotion.upper_formant_strength / 100
        tilt, breath = 2 ** speaker.trait("tilt"), speaker.trait("breath")
        lines = ["pitch {} {}".format(*self.f0_range)]
        lines += [
            f"formant {n} {tract * factor:.0f} {strength if n >= 3 else 100:.0f} 100"
            for n, factor in enumerate(speaker.formant_factors)
        ]
        lines.append(f"tone 600 170 1200 {135 * tilt**0.5:.0f} 2000 {110 * tilt:.0f}")
        lines.append(f"roughness {speaker.trait('roughness'):.0f}")
        if breath:
            lines.append("breath " + " ".join(f"{breath * part:.0f}" for part in BREATH_SHAPE))
        return "\n".join(lines)

    def mandarin(self) -> VoiceSettings:
        """Returns espeak-ng's settings for Mandarin in this style."""
        settings = super(VariantStyle, self).mandarin()
        return replace(settings, rate=round(settings.rate * self.speaker.rate))


def training_variants(count: int) -> list[Variant]:
    """Returns the speakers of the corpus."""
    return _variants(count, "v", TRAINING_SEED)


def held_out_variants(count: int) -> list[Variant]:
    """Returns speakers that no training has heard."""
    return _variants(count, "h", HELD_OUT_SEED)


def style_of(variant: Variant, emotion: str | Emotion) -> VariantStyle:
    """Returns a variant with an emotion."""
    return VariantStyle(variant, EMOTIONS[emotion] if isinstance(emotion, str) else emotion)


def _variants(count: int, prefix: str, seed: int) -> list[Variant]:
    """A Latin hypercube: each trait takes every part of its range, in an order of its own."""
    rng = np.random.default_rng(seed)
    orders = np.stack([rng.permutation(count) for _ in (*TRAITS, "rate")], axis=1)
    places = (orders + rng.uniform(size=orders.shape)) / count
    jitter = 1 + rng.uniform(-FORMANT_JITTER, FORMANT_JITTER, (count, FORMANTS))
    return [
        _variant(f"{prefix}{number:03}", row, factors)
        for number, (row, factors) in enumerate(zip(places.tolist(), jitter.tolist(), strict=True))
    ]


def _variant(name: str, places: list[float], formant_factors: list[float]) -> Variant:
    *own, rate = places
    place = dict(zip(TRAITS, own, strict=True))
    place["f0"] = F0_FOLLOWS_TRACT * place["tract"] + (1 - F0_FOLLOWS_TRACT) * place["f0"]
    for noise in ("breath", "roughness"):
        place[noise] = max(0.0, (place[noise] - WITHOUT_NOISE) / (1 - WITHOUT_NOISE))
    traits = {trait: _value(trait, where) for trait, where in place.items()}
    half = 2 ** (traits["range"] / 24)
    return Variant(
        name,
        min_f0=round(traits["f0"] / half),
        max_f0=round(traits["f0"] * half),
        formant_shift=round(100 * traits["tract"]),
        traits=tuple(traits.values()),
        formant_factors=tuple(formant_factors),
        rate=RATE_FACTORS[0] + rate * (RATE_FACTORS[1] - RATE_FACTORS[0]),
    )


def _value(trait: str, place: float) -> float:
    low, high = TRAITS[trait]
    return float(low * (high / low) ** place if low > 0 else low + (high - low) * place)


def _position(trait: str, value: float) -> float:
    low, high = TRAITS[trait]
    place = np.log(value / low) / np.log(high / low) if low > 0 else (value - low) / (high - low)
    return float(2 * place - 1)
