"""Timbre: which voices take that of a recording, and how near their speech comes to it."""

import numpy as np

from server.audio.resampler import resampled
from server.errors import RequestError
from server.references.recording import Recording
from server.synthesis.speaker_encoder.encoder import MAX_SECONDS, MIN_SECONDS
from server.synthesis.speaker_encoder.encoder_file import encoder_of
from server.synthesis.speaker_encoder.speaker_encoders import SpeakerEncoders
from server.types import Audio, Floats
from server.voices.voice import Voice


def timbre_obstacle(voice: Voice) -> str | None:
    """Why a voice cannot take the timbre of a recording, and what to do; None if it can. Reads files of the models."""
    if voice.speaker_embedding is None:
        return (
            f"voice {voice.name!r} was trained on speakers of its own and takes no speaker embedding; choose a voice "
            "that does, such as one that was converted with --se"
        )
    if encoder_of(voice) is None:
        return (
            f"voice {voice.name!r} takes a speaker embedding, but there is no encoder that computes it from a "
            "recording; convert the voice again with --se-model se.model"
        )
    return None


def similarity(voice: Voice, encoders: SpeakerEncoders, recording: Recording, speech: Audio) -> float | None:
    """The cosine of the speaker embeddings of a recording and of the speech that was made after it, -1 to 1.

    Both come from the encoder of the voice; of the speech the first minute counts. None for a voice without an encoder,
    and for speech that has none: shorter than a second, or silent. It blocks.
    """
    encoder = encoder_of(voice)
    if encoder is None or len(speech.samples) < MIN_SECONDS * speech.rate:
        return None
    opened = encoders.encoder(encoder)
    try:
        made = opened.embed(resampled(_first_minute(speech), opened.rate))
    except RequestError:
        return None
    return cosine(encoders.embedding(encoder, recording), made)


def cosine(one: Floats, other: Floats) -> float:
    """The cosine of two embeddings, (1, size) each."""
    product = np.vdot(one, other) / (np.linalg.norm(one) * np.linalg.norm(other))
    return float(np.clip(product, -1, 1))


def _first_minute(speech: Audio) -> Audio:
    """As much as an encoder takes."""
    return Audio(speech.samples[: int(MAX_SECONDS) * speech.rate], speech.rate)
