"""Values of rate, pitch, volume, range and pauses in markup, applied to the style around them."""

import re
from math import log2

from server.errors import RequestError
from server.text.markup.positions import MarkupError, quoted
from server.types import Style

PROSODY_ATTRIBUTES = ("rate", "pitch", "volume", "range", "pauses")
"""In the order of the arguments of `apply_prosody`. SSML has no `pauses`."""

_NUMBER = r"([0-9]{1,6}(?:\.[0-9]{1,6})?|\.[0-9]{1,6})"
_PERCENT = re.compile(rf"([+-]?){_NUMBER}%")
_PLAIN_NUMBER = re.compile(_NUMBER)
_SEMITONES = re.compile(rf"([+-]?{_NUMBER})\s?st")
_DECIBELS = re.compile(rf"([+-]?{_NUMBER})\s?dB", re.IGNORECASE)
_SCALE_VALUE = re.compile(r"[+-][0-9]{1,3}|0|[0-9]{2,3}")
"""A value on Alibaba's scales. A single digit is not one: rate="2" is a factor."""
_RATE_AND_PITCH_SCALE = 500
_VOLUME_SCALE = 100

_FACTOR_FORMS = "a factor as in 1.5, a percentage as in 150%, +50% or -20%"
_RATES = {"x-slow": 0.5, "slow": 0.75, "medium": 1.0, "default": 1.0, "fast": 1.25, "x-fast": 1.75}
_PITCHES = {"x-low": -4.0, "low": -2.0, "medium": 0.0, "default": 0.0, "high": 2.0, "x-high": 4.0}
"""Semitones."""
_RANGES = {"x-low": 0.4, "low": 0.7, "medium": 1.0, "default": 1.0, "high": 1.4, "x-high": 1.8}
_VOLUMES = {"silent": 0.0, "x-soft": 0.25, "soft": 0.5, "medium": 1.0, "default": 1.0, "loud": 1.4, "x-loud": 2.0}


def apply_prosody(
    style: Style,
    rate: str | None = None,
    pitch: str | None = None,
    volume: str | None = None,
    pitch_range: str | None = None,
    pauses: str | None = None,
) -> Style:
    """Applies the values of a prosody element to `style`.

    Raises `MarkupError` for an invalid value and for a result beyond the limits of `Style`.
    """
    return _combine(
        style,
        _parse_rate(rate.strip()) if rate else 1.0,
        _parse_pitch(pitch.strip()) if pitch else 0.0,
        _parse_volume(volume.strip()) if volume else 1.0,
        _parse_range(pitch_range.strip()) if pitch_range else 1.0,
        _parse_pauses(pauses.strip()) if pauses else 1.0,
    )


def apply_root_prosody(
    style: Style,
    rate: str | None,
    pitch: str | None,
    volume: str | None,
    pitch_range: str | None,
    pauses: str | None,
) -> Style:
    """Applies the values of a speak element: those of prosody, or Alibaba's scales.

    On these scales rate and pitch are -500 to 500 (half to double speed, an octave down or up), and volume is 0 to 100
    with 50 unchanged.
    """
    speed = _parse_scale_value(rate, _RATE_AND_PITCH_SCALE)
    octaves = _parse_scale_value(pitch, _RATE_AND_PITCH_SCALE)
    loudness = _parse_scale_value(volume, _VOLUME_SCALE)
    style = _combine(
        style,
        1.0 if speed is None else 1 + speed if speed > 0 else 1 + speed / 2,
        0.0 if octaves is None else 12 * octaves,
        1.0 if loudness is None else 2 * loudness,
    )
    return apply_prosody(
        style,
        rate if speed is None else None,
        pitch if octaves is None else None,
        volume if loudness is None else None,
        pitch_range,
        pauses,
    )


def _combine(
    style: Style, speed: float, pitch: float, volume: float, pitch_range: float = 1.0, pauses: float = 1.0
) -> Style:
    try:
        return Style(
            speed=style.speed * speed,
            pitch=style.pitch + pitch,
            energy=style.energy,
            volume=style.volume * volume,
            pitch_range=style.pitch_range * pitch_range,
            pauses=style.pauses * pauses,
        )
    except RequestError as error:
        raise MarkupError(f"combined with the values around it, {error}") from None


def _parse_scale_value(text: str | None, scale: int) -> float | None:
    """Returns -1 to 1; None if this is not a number on the scale. The scale of volume has no signs."""
    unsigned = scale == _VOLUME_SCALE
    if text is None or not _SCALE_VALUE.fullmatch(text.strip()) or (unsigned and text.strip()[0] in "+-"):
        return None
    if abs(value := int(text) / scale) > 1:
        raise MarkupError(f"{quoted(text)} is outside of the scale; valid: {0 if unsigned else -scale} to {scale}")
    return value


def _parse_rate(text: str) -> float:
    if text in _RATES:
        return _RATES[text]
    factor = _parse_factor(text)
    if factor is None:
        raise MarkupError(f"{quoted(text)} is not a valid rate; valid: {_FACTOR_FORMS}, {', '.join(_RATES)}")
    return factor


def _parse_range(text: str) -> float:
    """Returns a factor. A change in semitones is one in hertz, as for the pitch: `+12st` doubles the range."""
    if text in _RANGES:
        return _RANGES[text]
    semitones = _SEMITONES.fullmatch(text) if text[:1] in ("+", "-") else None
    factor = 2 ** min(float(semitones[1]) / 12, 9) if semitones else _parse_factor(text)
    if factor is None:
        absolute = "range cannot be given in hertz: " if text.lower().endswith("hz") else ""
        forms = f"{_FACTOR_FORMS}, a change in semitones as in +12st (double), {', '.join(_RANGES)}"
        raise MarkupError(f"{absolute}{quoted(text)} is not a valid range; valid: {forms}")
    return factor


def _parse_pauses(text: str) -> float:
    factor = _parse_factor(text)
    if factor is None:
        raise MarkupError(f"{quoted(text)} is not valid for pauses; valid: {_FACTOR_FORMS}")
    return factor


def _parse_factor(text: str) -> float | None:
    factor = _parse_percentage(text)
    return float(text) if factor is None and _PLAIN_NUMBER.fullmatch(text) else factor


def _parse_pitch(text: str) -> float:
    """Returns semitones."""
    if text in _PITCHES:
        return _PITCHES[text]
    if match := _SEMITONES.fullmatch(text):
        return float(match[1])
    factor = _parse_percentage(text) if text[:1] in ("+", "-") else None
    if not factor or factor <= 0:
        forms = "semitones as in +2st or -1.5st, a change in percent as in +10% or -10%"
        absolute = "pitch cannot be given in hertz: " if text.lower().endswith("hz") else ""
        raise MarkupError(f"{absolute}{quoted(text)} is not a valid pitch; valid: {forms}, {', '.join(_PITCHES)}")
    return 12 * log2(factor)


def _parse_volume(text: str) -> float:
    if text in _VOLUMES:
        return _VOLUMES[text]
    if match := _DECIBELS.fullmatch(text):
        return float(10 ** min(float(match[1]) / 20, 9))
    factor = _parse_percentage(text)
    if factor is None and _PLAIN_NUMBER.fullmatch(text) and float(text) <= 100:
        factor = float(text) / 100
    if factor is None:
        forms = "decibels as in +6dB, a number from 0 to 100 (100 changes nothing), a percentage as in 80% or -20%"
        raise MarkupError(f"{quoted(text)} is not a valid volume; valid: {forms}, {', '.join(_VOLUMES)}")
    return factor


def _parse_percentage(text: str) -> float | None:
    """Returns a factor: `150%` and `+50%` are 1.5. None for another form."""
    match = _PERCENT.fullmatch(text)
    if not match:
        return None
    value = float(match[2]) / 100
    return value if not match[1] else 1 + value if match[1] == "+" else 1 - value
