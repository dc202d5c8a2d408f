"""The label of generated speech that a listener hears (China, GB 45438-2025, 5.3): a rhythm or a notice."""

from collections.abc import AsyncGenerator

import numpy as np

from server.config import LabelSection
from server.types import Audio, Floats

RHYTHM = ((1, 3), (1, 1))
"""Short long, short short: the letters A and I of the Morse code (ITU-R M.1677-1), in units."""
LETTER_GAP = 3
"""Units of silence between two letters, and between the sign and the speech; between two tones of a letter it is 1."""
UNIT_SECONDS = 0.1
FREQUENCY = 800
"""Hz. The standard gives neither the pitch nor the tempo."""
AMPLITUDE = 0.2
"""-14 dB below full scale, about the level of speech."""
EDGE_SECONDS = 0.005
"""Of the raised cosine at both ends of a tone; an abrupt one would click."""


def rhythm_sign(rate: int) -> Audio:
    """Returns the rhythm sign at a sampling rate in Hz: 1.1 seconds, without silence around it."""
    letters = []
    for letter in RHYTHM:
        tones = [_tone(units, rate) for units in letter]
        letters.append(_joined(tones, _silence(1, rate)))
    return Audio(_joined(letters, _silence(LETTER_GAP, rate)), rate)


def gap(rate: int) -> Audio:
    """Returns the silence between the sign and the speech, at a sampling rate in Hz."""
    return Audio(_silence(LETTER_GAP, rate), rate)


def notice_text(section: LabelSection) -> str:
    """Returns the sentence to be spoken, at normal speed and volume whatever the request asks for; empty for none."""
    return section.notice if section.enabled and section.audible == "notice" else ""


async def with_sign(
    chunks: AsyncGenerator[Audio, None], sign: AsyncGenerator[Audio, None], rate: int, section: LabelSection
) -> AsyncGenerator[Audio, None]:
    """The chunks of a stream of `rate` Hz with those of a sign at `section.position`, and silence between them.

    A sign at the start waits for the first chunk, so that a stream that fails at once fails before its first byte. A
    stream without any chunk gets no sign.
    """
    first = await anext(chunks, None)
    if first is None:
        return
    if section.position == "start":
        async for chunk in sign:
            yield chunk
        yield gap(rate)
    yield first
    async for chunk in chunks:
        yield chunk
    if section.position == "end":
        yield gap(rate)
        async for chunk in sign:
            yield chunk


def _tone(units: int, rate: int) -> Floats:
    times = np.arange(round(units * UNIT_SECONDS * rate)) / rate
    distance = np.minimum(times, times[::-1]) / EDGE_SECONDS
    envelope = 0.5 - 0.5 * np.cos(np.pi * np.minimum(distance, 1))
    return (AMPLITUDE * envelope * np.sin(2 * np.pi * FREQUENCY * times)).astype(np.float32)


def _silence(units: int, rate: int) -> Floats:
    return np.zeros(round(units * UNIT_SECONDS * rate), np.float32)


def _joined(parts: list[Floats], silence: Floats) -> Floats:
    pieces = [piece for part in parts for piece in (silence, part)]
    return np.concatenate(pieces[1:])
