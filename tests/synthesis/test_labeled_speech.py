"""The audible label in a stream: where it is heard, and what it does to the times."""

from collections.abc import Mapping

import numpy as np
import pytest

from server.audio.audible_label import gap, rhythm_sign
from server.config import LabelSection
from server.scheduling.playback import PlaybackClock
from server.scheduling.task import iterate
from server.synthesis.options import SpeechOptions
from server.synthesis.output.labeled_speech import labeled, labeled_input
from server.synthesis.speech_plan import SpeechPlan, SpeechPlanner
from server.synthesis.synthesizer import Synthesizer
from server.types import Style
from server.voices.voice import Voice
from tests.conftest import samples_of

TEXT = "今天天气很好。我们去公园。"


def section(**settings: object) -> LabelSection:
    return LabelSection.model_validate({"enabled": True, "producer": "P", **settings})


def plan_of(demo: Synthesizer) -> SpeechPlan:
    segments = SpeechPlan.for_text(demo, TEXT, Style(speed=2), speaker="female", emotion="happy").segments
    return SpeechPlan(segments, seed=1)


def test_speech_without_an_audible_label_is_the_plan_itself(demo: Synthesizer) -> None:
    plan = plan_of(demo)
    assert labeled(plan, LabelSection()) is plan
    assert labeled(plan, section()) is plan


@pytest.mark.parametrize("audible", ["rhythm", "notice"])
@pytest.mark.parametrize("position", ["start", "end"])
def test_the_times_count_the_label(demo: Synthesizer, audible: str, position: str) -> None:
    plan = plan_of(demo)
    speech = labeled(plan, section(audible=audible, position=position))
    chunks = list(iterate(speech.audio(PlaybackClock())))
    (timing,) = iterate(speech.times(PlaybackClock()))
    begins = np.cumsum([0, *(len(chunk.samples) for chunk in chunks)])
    sentences = [(chunk.sentence, begin) for chunk, begin in zip(chunks, begins, strict=False) if chunk.sentence]
    assert tuple(sentence for sentence, _ in sentences) == timing.sentences
    assert [sentence.text for sentence in timing.sentences] == ["今天天气很好。", "我们去公园。"]
    assert [sentence.begin for sentence in timing.sentences] == [begin for _, begin in sentences]
    assert timing.samples == begins[-1]

    notice = SpeechPlan.for_text(demo, section().notice, speaker="female").segments
    sign = rhythm_sign(plan.rate).samples if audible == "rhythm" else samples_of(SpeechPlan(notice, seed=1).speak())
    parts = [samples_of(plan.speak()), gap(plan.rate).samples, sign]
    expected = np.concatenate(parts if position == "end" else parts[::-1])
    np.testing.assert_array_equal(samples_of(chunks), expected)


@pytest.mark.parametrize("audible", ["rhythm", "notice"])
def test_a_text_in_pieces_has_the_label_as_the_whole_text(demo: Synthesizer, audible: str) -> None:
    class OneVoice:
        aliases: Mapping[str, str] = {}

        def voice(self, name: str | None = None) -> Voice:
            return demo.voice

        def synthesizer(self, name: str | None = None) -> Synthesizer:
            return demo

        def sample_rates(self) -> Mapping[str, int]:
            return {"demo": demo.rate}

    planner, options = SpeechPlanner(OneVoice()), SpeechOptions(speaker="female", seed=1)
    whole = planner.plan_text(TEXT, options)
    pieces = planner.open_input(options)
    pieces.append(TEXT)
    pieces.finish()
    label = section(audible=audible, position="start")
    expected = list(iterate(labeled(whole, label).audio(PlaybackClock())))
    got = list(iterate(labeled_input(pieces, label).audio(PlaybackClock())))
    np.testing.assert_array_equal(samples_of(got), samples_of(expected))
    assert [chunk.sentence for chunk in got] == [chunk.sentence for chunk in expected]
    assert labeled_input(pieces, LabelSection()) is pieces
