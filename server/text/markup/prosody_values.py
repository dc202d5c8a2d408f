"""Values of rate, pitch and volume -> factors and semitones on top of the style around them."""

import re
from dataclasses import replace
from math import log2

from server.errors import RequestError
from server.text.markup.positions import MarkupError, shown
from server.types import Style

_NUMBER = r"([0-9]{1,6}(?:\.[0-9]{1,6})?|\.[0-9]{1,6})"
_PERCENT = re.compile(rf"([+-]?){_NUMBER}%")
_PLAIN = re.compile(_NUMBER)
_SEMITONES = re.compile(rf"([+-]?{_NUMBER})\s?st")
_DECIBELS = re.compile(rf"([+-]?{_NUMBER})\s?dB", re.IGNORECASE)
_SCALE = re.compile(r"[+-][0-9]{1,3}|0|[0-9]{2,3}")
"""Alibaba's -500 to 500. A single digit is none of it: rate="2" is a factor."""

_RATES = {"x-slow": 0.5, "slow": 0.75, "medium": 1.0, "default": 1.0, "fast": 1.25, "x-fast": 1.75}
_PITCHES = {"x-low": -4.0, "low": -2.0, "medium": 0.0, "default": 0.0, "high": 2.0, "x-high": 4.0}
_VOLUMES = {"silent": 0.0, "x-soft": 0.25, "soft": 0.5, "medium": 1.0, "default": 1.0, "loud": 1.4, "x-loud": 2.0}


def restyled(style: Style, rate: str | None = None, pitch: str | None = None, volume: str | None = None) -> Style:
    """`style` with the values of a prosody element on top. Raises `MarkupError` for a value, or for too much in all."""
    return _compose(
        style,
        _rate(rate.strip()) if rate else 1.0,
        _pitch(pitch.strip()) if pitch else 0.0,
        _volume(volume.strip()) if volume else 1.0,
    )


def restyled_by_root(style: Style, rate: str | None, pitch: str | None, volume: str | None) -> Style:
    """The same for speak, where Alibaba's services count rate and pitch from -500 to 500, and volume 50 is plain."""
    speed, shift, loudness = _scaled(rate, 500), _scaled(pitch, 500), _scaled(volume, 100)
    style = _compose(
        style,
        1.0 if speed is None else 1 + speed if speed > 0 else 1 + speed / 2,
        0.0 if shift is None else 12 * shift,
        1.0 if loudness is None else 2 * loudness,
    )
    return restyled(
        style, rate if speed is None else None, pitch if shift is None else None, volume if loudness is None else None
    )


def _compose(style: Style, speed: float, pitch: float, volume: float) -> Style:
    try:
        return replace(style, speed=style.speed * speed, pitch=style.pitch + pitch, volume=style.volume * volume)
    except RequestError as error:
        raise MarkupError(f"with what is around it, {error}") from None


def _scaled(written: str | None, full: int) -> float | None:
    """-1 to 1; None where this is no number on the scale."""
    if written is None or not _SCALE.fullmatch(written.strip()) or (full == 100 and written.strip()[0] in "+-"):
        return None
    if abs(value := int(written) / full) > 1:
        raise MarkupError(f"{shown(written)} is not on the scale; valid: {0 if full == 100 else -full} to {full}")
    return value


def _rate(written: str) -> float:
    if written in _RATES:
        return _RATES[written]
    factor = _factor(written)
    if factor is None and _PLAIN.fullmatch(written):
        factor = float(written)
    if factor is None:
        forms = "a factor as in 1.5, a percentage as in 150%, +50% or -20%"
        raise MarkupError(f"{shown(written)} is no rate; valid: {forms}, {', '.join(_RATES)}")
    return factor


def _pitch(written: str) -> float:
    if written in _PITCHES:
        return _PITCHES[written]
    if match := _SEMITONES.fullmatch(written):
        return float(match[1])
    factor = _factor(written) if written[:1] in ("+", "-") else None
    if not factor or factor <= 0:
        forms = "semitones as in +2st or -1.5st, a change in percent as in +10% or -10%"
        absolute = "pitch cannot be given in hertz: " if written.lower().endswith("hz") else ""
        raise MarkupError(f"{absolute}{shown(written)} is no pitch; valid: {forms}, {', '.join(_PITCHES)}")
    return 12 * log2(factor)


def _volume(written: str) -> float:
    if written in _VOLUMES:
        return _VOLUMES[written]
    if match := _DECIBELS.fullmatch(written):
        return float(10 ** min(float(match[1]) / 20, 9))
    factor = _factor(written)
    if factor is None and _PLAIN.fullmatch(written) and float(written) <= 100:
        factor = float(written) / 100
    if factor is None:
        forms = "decibels as in +6dB, a number from 0 to 100 (100 changes nothing), a percentage as in 80% or -20%"
        raise MarkupError(f"{shown(written)} is no volume; valid: {forms}, {', '.join(_VOLUMES)}")
    return factor


def _factor(written: str) -> float | None:
    """`150%` and `+50%` are 1.5."""
    match = _PERCENT.fullmatch(written)
    if not match:
        return None
    value = float(match[2]) / 100
    return value if not match[1] else 1 + value if match[1] == "+" else 1 - value
