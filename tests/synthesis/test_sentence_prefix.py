"""The first sentence of a text is composed from its beginning: one utterance, whatever the chunks."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.config import LabelSection
from server.runtime.session import Session
from server.scheduling.playback import PlaybackClock
from server.scheduling.task import iterate, run_to_completion
from server.synthesis.acoustic.contours import to_hertz
from server.synthesis.output.labeled_speech import labeled
from server.synthesis.speech_input import SpeechInput
from server.synthesis.speech_plan import SpeechPlan
from server.synthesis.synthesizer import Synthesizer
from server.text.incremental.incremental_text import IncrementalText
from server.text.prosody.sentence_prefix import MAX_SYLLABLES, MIN_SYLLABLES, sentence_prefix
from server.text.sentence import Sentence
from server.types import Audio, Floats, Style
from tests.conftest import EMBEDDED, PACKAGES, open_voice, speak

LONG = "今天天气很好我们一起去公园散步然后回家吃晚饭明天还要上班所以早点休息吧"
WORDS = st.lists(
    st.sampled_from(["今天", "天气", "不", "很好", "公园", "图书馆", "一点儿", "25", "hello", "，", "吃", "了"]),
    min_size=12, max_size=30,
).map("".join)  # fmt: skip
SHORT_CHUNKS, WHOLE = 5, 10**6


def in_chunks(synthesizer: Synthesizer, steps: int) -> Synthesizer:
    """The same voice with chunks of that many decoder steps, also at the start."""
    other = synthesizer.share()
    other._chunking = replace(synthesizer._chunking, first_chunk_steps=steps, chunk_steps=steps)
    return other


def first_sentence(synthesizer: Synthesizer, text: str) -> Sentence:
    sentence = next(each for each in synthesizer.sentences(text) if isinstance(each, Sentence))
    return replace(sentence, begins_speech=True)


def joined(chunks: Iterator[Audio]) -> Floats:
    return np.concatenate([chunk.samples for chunk in chunks])


@given(WORDS)
@settings(max_examples=4)
def test_any_text_is_one_utterance_whatever_the_chunks_and_its_times_add_up(demo: Synthesizer, text: str) -> None:
    whole, streamed = (list(speak(in_chunks(demo, steps), text)) for steps in (WHOLE, SHORT_CHUNKS))
    np.testing.assert_allclose(joined(iter(streamed)), joined(iter(whole)), atol=1e-5)
    (times,) = iterate(SpeechPlan.for_text(demo, text).times(PlaybackClock()))
    assert times.samples == sum(len(chunk.samples) for chunk in streamed)
    expected = list(times.sentences)
    assert [chunk.sentence for chunk in whole if chunk.sentence] == expected
    assert [chunk.sentence for chunk in streamed if chunk.sentence] == expected


@pytest.mark.parametrize("style", [Style(speed=2.0, pitch=3.0, volume=2.0), Style(speed=0.8, pauses=2.0)])
def test_a_style_goes_on_from_the_prefix(style: Style, demo: Synthesizer) -> None:
    text = (LONG * 2)[:56]
    assert next(speak(demo, text, style)).times_follow
    whole, streamed = (joined(speak(in_chunks(demo, steps), text, style)) for steps in (WHOLE, SHORT_CHUNKS))
    np.testing.assert_allclose(streamed, whole, atol=1e-5)


@pytest.mark.parametrize("name", PACKAGES)
def test_every_kind_of_voice_goes_on_from_its_prefix(name: str, golden: Callable[[str], Synthesizer]) -> None:
    assert sentence_prefix(first_sentence(golden(name), LONG))
    whole, streamed = (joined(speak(in_chunks(golden(name), steps), LONG)) for steps in (WHOLE, SHORT_CHUNKS))
    np.testing.assert_allclose(streamed, whole, atol=1e-5)


def test_the_first_audio_needs_no_more_than_the_prefix_and_its_lookahead(
    demo: Synthesizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    units: list[int] = []
    run = Session.run

    def counted(session: Session, inputs, **options):
        if session.path.stem == "text_encoder":
            units.append(inputs["units"].shape[1])
        return run(session, inputs, **options)

    monkeypatch.setattr(Session, "run", counted)
    prefix = sentence_prefix(first_sentence(demo, LONG))
    assert prefix is not None
    for text in (LONG, LONG * 2, LONG * 50):
        units.clear()
        stream = speak(demo, text)
        next(stream)
        assert units == [prefix.units_known]
        while len(units) < 2:
            next(stream)
        assert units[1] > 2 * prefix.units_known
        stream.close()


def test_the_times_follow_the_first_audio(demo: Synthesizer) -> None:
    chunks = list(speak(demo, LONG))
    follow = [chunk.times_follow for chunk in chunks]
    before = sum(follow)
    assert follow == [True] * before + [False] * (len(chunks) - before)
    assert 0 < before < len(chunks) / 2
    assert [index for index, chunk in enumerate(chunks) if chunk.sentence] == [before]
    timing = chunks[before].sentence
    assert timing is not None
    assert (timing.begin, timing.text) == (0, LONG)
    assert not next(speak(demo, "今天天气很好。")).times_follow


@pytest.mark.parametrize("position", ["start", "end"])
def test_times_that_follow_count_the_audible_label(position: str, demo: Synthesizer) -> None:
    section = LabelSection.model_validate(
        {"enabled": True, "producer": "me", "audible": "rhythm", "position": position}
    )
    speech = labeled(SpeechPlan.for_text(demo, LONG + "。你好。"), section)
    (times,) = iterate(speech.times(PlaybackClock()))
    chunks = list(iterate(speech.audio(PlaybackClock())))
    assert [chunk.sentence for chunk in chunks if chunk.sentence] == list(times.sentences)
    assert any(chunk.times_follow for chunk in chunks)


@pytest.mark.parametrize("sizes", [[1, 2, 3, 12], [30]])
def test_a_text_in_pieces_is_the_whole_text(sizes: list[int], demo: Synthesizer) -> None:
    text, cuts = LONG + "。你好。", np.cumsum([0, *sizes, 200])
    script = IncrementalText(demo.front_end())
    plan = SpeechPlan.for_text(demo, text)
    segment = plan.segments[0]
    speech = SpeechInput(demo, segment.speaker, script, lambda part: [replace(segment, script=part)], None)
    for begin, end in pairwise(cuts):
        speech.append(text[begin:end])
    speech.finish()
    np.testing.assert_allclose(joined(iterate(speech.audio(PlaybackClock()))), joined(plan.speak()), atol=1e-5)


@given(WORDS)
@settings(max_examples=100)
def test_a_prefix_ends_at_a_break_and_is_no_large_part(demo: Synthesizer, text: str) -> None:
    sentence = first_sentence(demo, text)
    prefix = sentence_prefix(sentence)
    assert sentence_prefix(replace(sentence, begins_speech=False)) is None
    if prefix is None:
        return
    assert prefix == sentence_prefix(sentence)
    symbols = sentence.unit_symbols
    assert symbols[prefix.units - 1].is_break
    assert symbols[prefix.units_known - 1].is_break
    syllables = len({unit.syllable for unit in symbols[: prefix.units] if unit.syllable is not None})
    assert MIN_SYLLABLES <= syllables <= MAX_SYLLABLES
    assert prefix.units < prefix.units_known < 0.8 * len(symbols)


def test_what_needs_the_whole_sentence_has_no_prefix(demo: Synthesizer) -> None:
    sentence = first_sentence(demo, LONG)
    assert sentence_prefix(sentence)
    assert sentence_prefix(replace(sentence, unit_styles=(Style(pitch_range=1.5),))) is None
    assert sentence_prefix(first_sentence(demo, LONG[:20])) is None
    assert sentence_prefix(replace(sentence, prosodic_words=())) is None  # given as symbols
    assert sentence_prefix(first_sentence(demo, "今天的天气非常好，我们一起去公园里散步。")) is None


def test_a_faster_text_has_a_longer_prefix(demo: Synthesizer) -> None:
    sentence = first_sentence(demo, LONG * 2)
    usual, fast = (sentence_prefix(replace(sentence, unit_styles=(Style(speed=speed),))) for speed in (1.0, 2.0))
    assert usual
    assert fast
    assert fast.units > 1.5 * usual.units


@pytest.mark.parametrize(("voice", "median", "most"), [("demo", 1.1, 4), ("demo-small", 0.1, 0.2)])
def test_the_melody_of_an_embedded_voice_goes_on(voice: str, median: float, most: float) -> None:
    """The prosody of the prefix is nearly that which the whole sentence would give it.

    The human speaker's depends on what follows: her melody declines over the whole sentence.
    """
    demo = open_voice(EMBEDDED.with_name(voice))
    sentence = first_sentence(demo, LONG)
    prefix = sentence_prefix(sentence)
    assert prefix is not None
    f0 = demo.voice.manifest.acoustic.f0
    assert f0 is not None
    known = run_to_completion(demo._predict_prefix(sentence, prefix))
    whole = run_to_completion(demo._predict_prosody(sentence.units, Style()))
    tonal = demo._acoustic._kinds.rows(sentence.units.features, np.arange(len(sentence.units))).tonal
    semitones = 12 * np.log2(to_hertz(known.pitch, f0) / to_hertz(whole.pitch[: prefix.units], f0))
    assert np.median(np.abs(semitones[tonal[: prefix.units]])) < median
    assert np.abs(semitones[tonal[: prefix.units]]).max() < most
    assert abs(int(known.durations.sum()) - int(whole.durations[: prefix.units].sum())) <= 4


@pytest.mark.parametrize("name", PACKAGES)
@pytest.mark.parametrize(("band", "other"), [(3, 3), (3, 37), (9, 2)])
def test_it_does_not_matter_at_which_step_the_rest_becomes_known(
    band: int, other: int, name: str, golden: Callable[[str], Synthesizer]
) -> None:
    """The rest may have a longer unit, so that attention reaches farther there, or a shorter one."""
    acoustic = golden(name)._acoustic
    prosody = run_to_completion(acoustic.predict_prosody(golden(name)._any_units(40), Style()))
    prosody = replace(prosody, durations=np.full(len(prosody.durations), 4 * acoustic.frames_per_step + 1))
    whole, prefix = replace(prosody, attention_band=other), replace(prosody.prefix(20), attention_band=band)

    def mel(*steps: int) -> Floats:
        """The rest becomes known after these steps."""
        state, frames = acoustic.start(prefix, is_whole=False), []
        for count in (*steps, 10**6):
            if count == 10**6:
                state = acoustic.extend(state, whole)
            assert count <= state.independent_steps or state.frames
            some, state = run_to_completion(acoustic.advance(state, count))
            frames += [some.frames] if some else []
        assert state.is_finished
        return np.concatenate(frames)

    expected = mel()
    assert len(expected) == whole.frames
    limit = acoustic.start(prefix, is_whole=False).independent_steps
    for steps in ((1,), (5, 7), (limit,)):
        np.testing.assert_allclose(mel(*steps), expected, atol=1e-5)
