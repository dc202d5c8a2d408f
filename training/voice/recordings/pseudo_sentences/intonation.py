"""F0 of a pseudo-sentence: the recorded contours with less range, on a melody over clauses and the sentence."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from training.voice.recordings.alignment import is_initial
from training.voice.recordings.pseudo_sentences.script import PseudoSentence
from training.voice.recordings.pseudo_sentences.timing import PhoneSpan, Timing, frame_5_ms
from training.voice.recordings.style import HumanEmotion
from training.voice.recordings.word import FRAMES_PER_SECOND, RecordedWord

RANGE = 0.72
"""Factor on the excursions of log F0: single words are read with wider tones than sentences."""
LOWEST, HIGHEST = -0.7, 0.6
"""Limits of the recorded log F0 about the speaker's median: below it is creak."""
SENTENCE_SHIFT = -0.05
"""Of log F0: single words are read higher."""
CLAUSE_DECLINATION, SENTENCE_DECLINATION = 0.16, 0.10
"""Fall of log F0 over a clause and over the sentence."""
FINAL_LOWERING, FINAL_SECONDS = 0.10, 0.5
"""Further fall at the end of a statement, over the last part of the sentence."""
QUESTION_SHIFT, QUESTION_RISE, QUESTION_RISE_SECONDS = 0.05, 0.25, 0.25
FOCUS_SHIFT, FOCUS_RANGE, POST_FOCUS_RANGE, POST_FOCUS_SHIFT = 0.06, 1.25, 0.8, -0.04
SMOOTHING_SECONDS = 0.015
"""Deviation of the Gaussian that smooths the contour, so that there are no steps where words join."""
MIN_F0_HZ, MAX_F0_HZ = 85.0, 390.0
HALF_THIRD_BREAK = 2
"""Up to this break level after it a third tone stays low: the rise is heard before a pause only."""


def source_contour(word: RecordedWord) -> NDArray[np.float64]:
    """(frames,): log F0 of a recording, interpolated where it is unvoiced."""
    voiced = np.flatnonzero(word.f0 > 0)
    if not len(voiced):
        return np.zeros(len(word.f0))
    return np.interp(np.arange(len(word.f0)), voiced, np.log(word.f0[voiced]))


def median_log_f0(words: list[RecordedWord]) -> float:
    """Returns the median of log F0 over all voiced frames."""
    return float(np.median(np.log(np.concatenate([word.f0[word.f0 > 0] for word in words]))))


class Intonation:
    """Computes F0 contours; `median` is the speaker's median of log F0."""

    def __init__(self, median: float) -> None:
        self._median = median

    def contour(
        self, sentence: PseudoSentence, timing: Timing, sources: list[NDArray[np.int64]], emotion: HumanEmotion
    ) -> NDArray[np.float64]:
        """(frames of 5 ms,): F0 in Hz, also where the sentence is unvoiced.

        `sources` holds for each span the frames of its recording that its frames come from.
        """
        length = timing.length_5_ms
        excursion, known = np.zeros(length), np.zeros(length, bool)
        for span, source in zip(timing.spans, sources, strict=True):
            start = frame_5_ms(span.start)
            frames = slice(start, start + len(source))
            recorded = (source_contour(span.word)[source] - self._median).clip(LOWEST, HIGHEST)
            excursion[frames] = _half_third(sentence, span, recorded)
            excursion[frames] *= _focus_range(sentence, span)
            known[frames] = True
        excursion = np.interp(np.arange(length), np.flatnonzero(known), excursion[known])
        excursion = gaussian_filter1d(excursion, SMOOTHING_SECONDS * FRAMES_PER_SECOND)
        level = self._median + SENTENCE_SHIFT + emotion.f0_shift + _melody(sentence, timing)
        return np.exp(level + excursion * RANGE * emotion.f0_range).clip(MIN_F0_HZ, MAX_F0_HZ)


def _half_third(sentence: PseudoSentence, span: PhoneSpan, recorded: NDArray[np.float64]) -> NDArray[np.float64]:
    """Leaves out the rise of a third tone at the end of a recording, unless a pause follows."""
    group = sentence.prosodic_words[span.prosodic_word]
    ends_recording = span.index == len(span.word.phones) - 1
    before_pause = span.word is group.words[-1] and group.break_level > HALF_THIRD_BREAK
    if not ends_recording or before_pause or span.word.last_tone != "3" or is_initial(span.word.phones[span.index]):
        return recorded
    return np.minimum.accumulate(recorded)


def _focus_range(sentence: PseudoSentence, span: PhoneSpan) -> float:
    if sentence.focus is None or span.prosodic_word < sentence.focus:
        return 1.0
    return FOCUS_RANGE if span.prosodic_word == sentence.focus else POST_FOCUS_RANGE


def _melody(sentence: PseudoSentence, timing: Timing) -> NDArray[np.float64]:
    """(frames of 5 ms,): the slow part of log F0: declination, focus, and the end of statements and questions."""
    length = timing.length_5_ms
    position = np.arange(length)
    last = frame_5_ms(timing.spans[-1].end)
    melody = SENTENCE_DECLINATION * (0.5 - position / max(1, last))
    start = 0
    for owner, word in enumerate(sentence.prosodic_words):
        spans = [span for span in timing.spans if span.prosodic_word == owner]
        if sentence.focus is not None and owner >= sentence.focus:
            shift = FOCUS_SHIFT if owner == sentence.focus else POST_FOCUS_SHIFT
            melody[frame_5_ms(spans[0].start) : frame_5_ms(spans[-1].end)] += shift
        if word.break_level >= 3:
            end = frame_5_ms(spans[-1].end)
            clause = (position[start:end] - start) / max(1, end - start)
            melody[start:end] += CLAUSE_DECLINATION * (0.5 - clause)
            start = frame_5_ms(spans[-1].end + timing.break_frames[owner])
    seconds = QUESTION_RISE_SECONDS if sentence.is_question else FINAL_SECONDS
    ending = ((position - last) / FRAMES_PER_SECOND / seconds + 1).clip(0, 1)
    if sentence.is_question:
        return melody + QUESTION_SHIFT + QUESTION_RISE * ending
    return melody - FINAL_LOWERING * ending
