"""A text that its client still writes: its audio is that of the whole text, and begins before the text ends."""

import threading
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from server.config import Config, ModelsSection, RuntimeSection
from server.errors import NothingToSpeakError, RequestError, UnknownNameError
from server.scheduling.batching import run_batch
from server.scheduling.graph_run import GraphRun
from server.scheduling.input_queue import InputWait
from server.scheduling.playback import PlaybackClock
from server.scheduling.task import Task, iterate
from server.synthesis.options import DEFAULT_OPTIONS, SpeechOptions
from server.synthesis.registry import OnDemandVoices
from server.synthesis.segments import SegmentItems
from server.synthesis.speech_input import SpeechInput
from server.synthesis.speech_plan import SpeechPlanner
from server.text.sentence import Sentence
from server.text.wording import Wording
from server.types import Audio, Floats, SentenceTiming, Style
from tests.conftest import EMBEDDED, samples_of

TEXTS = [
    "今天天气不错，我们去公园走走吧！好。\n“再见。”",
    "重[chong2]庆25℃。[pause:500ms]银行，[pause:1s]行长来了[pause:200ms]",
    "<speak>好<break time='300ms'/>。<voice name='demo'>再见。</voice></speak>",
]
OPTIONS = SpeechOptions(
    emotion="sad", style=Style(speed=1.5, pitch=2), wording=Wording.of({"银行": "yin2 xing2"}, {"公园": "学校"})
)


@pytest.fixture(scope="module")
def planner() -> SpeechPlanner:
    runtime = RuntimeSection(providers=("cpu",), threads=1, precision="fp32")
    voices = OnDemandVoices(Config(models=ModelsSection(path=EMBEDDED.parent), runtime=runtime))
    return SpeechPlanner(voices, max_characters=200)


def spoken(source: SpeechInput, pieces: Iterable[str]) -> list[Audio]:
    """The chunks of the pieces, which another thread writes."""

    def write() -> None:
        for piece in pieces:
            source.append(piece)
        source.finish()

    writer = threading.Thread(target=write)
    writer.start()
    chunks = list(iterate(source.audio(PlaybackClock())))
    writer.join()
    return chunks


def whole(planner: SpeechPlanner, text: str, options: SpeechOptions = DEFAULT_OPTIONS) -> list[Audio]:
    return list(planner.plan_text(text, options).speak())


def times(chunks: Iterable[Audio]) -> list[SentenceTiming]:
    return [chunk.sentence for chunk in chunks if chunk.sentence]


@pytest.mark.parametrize("options", [DEFAULT_OPTIONS, OPTIONS])
@pytest.mark.parametrize("text", TEXTS)
def test_the_audio_is_that_of_the_whole_text(planner: SpeechPlanner, text: str, options: SpeechOptions) -> None:
    source = planner.open_input(options)
    chunks, expected = spoken(source, text), whole(planner, text, options)
    np.testing.assert_allclose(samples_of(chunks), samples_of(expected), rtol=0, atol=1e-5)
    assert times(chunks) == times(expected)
    assert source.characters == len(text)
    assert (source.rate, source.main_voice) == (expected[0].rate, "demo")


def test_with_a_seed_the_samples_are_repeatable(planner: SpeechPlanner) -> None:
    options = SpeechOptions(seed=7)
    chunks = samples_of(spoken(planner.open_input(options), TEXTS[0]))
    np.testing.assert_array_equal(chunks, samples_of(whole(planner, TEXTS[0], options)))


def available(task: Task[Audio]) -> Floats:
    """The samples up to the next wait for text, or up to the end."""
    chunks: list[Audio] = []
    result = None
    try:
        while not isinstance(item := task.resume(result), InputWait):
            result = run_batch([item])[0] if isinstance(item, GraphRun) else None
            if isinstance(item, Audio):
                chunks.append(item)
    except StopAsyncIteration:
        pass
    return samples_of(chunks)


def test_each_part_sounds_when_it_is_complete(planner: SpeechPlanner) -> None:
    source = planner.open_input(early=True)
    task = Task(source.audio(PlaybackClock()))
    assert len(available(task)) == 0
    source.append("今天天气")
    assert len(available(task)) == 0
    source.append("不错，")
    clause = available(task)
    assert len(clause) > 8000
    source.append("我们去公园")
    assert len(available(task)) == 0
    source.flush()
    rest = available(task)
    assert len(rest) > 8000
    source.append("好。")
    sentence = available(task)
    np.testing.assert_array_equal(sentence[:4480], 0)  # the silence between two sentences: 0.28 s
    np.testing.assert_allclose(sentence[4480:], samples_of(whole(planner, "好。")), rtol=0, atol=1e-5)
    source.finish()
    assert len(available(task)) == 0


def test_an_early_clause_that_was_the_whole_sentence_is_followed_by_the_silence_between_sentences(
    planner: SpeechPlanner,
) -> None:
    source = planner.open_input(early=True)
    task = Task(source.audio(PlaybackClock()))
    source.append("今天天气不错，")
    available(task)
    source.append("\n好。")
    sentence = available(task)
    np.testing.assert_array_equal(sentence[:4480], 0)
    np.testing.assert_allclose(sentence[4480:], samples_of(whole(planner, "好。")), rtol=0, atol=1e-5)
    source.finish()
    assert len(available(task)) == 0


def test_the_silence_after_an_early_sentence_is_that_of_the_whole_text(planner: SpeechPlanner) -> None:
    text = "今天好。”明天，[pause:1s]好！"
    early = [chunk for chunk in spoken(planner.open_input(early=True), text) if len(chunk.samples)]
    np.testing.assert_allclose(samples_of(early), samples_of(whole(planner, text)), rtol=0, atol=1e-5)


async def items(source: SpeechInput) -> list[Sentence]:
    segments = SegmentItems(source._segments)
    found = []
    while item := await segments.get(wait=True):
        found.append(item[1])
    return found


async def test_each_warning_occurs_once_also_that_of_a_piece_with_nothing_to_speak(planner: SpeechPlanner) -> None:
    source = planner.open_input(early=True)
    for piece in ("好。", "😀😀", "走。の。", "😀の来。"):
        source.append(piece)
    source.finish()
    first, second, third = [item for item in await items(source) if isinstance(item, Sentence)]
    assert first.warnings == ()
    assert [warning.rsplit(" ", 1)[1] for warning in second.warnings] == ["😀"]
    assert third.text == "の来。"
    assert [warning.rsplit(" ", 1)[1] for warning in third.warnings] == ["の"]


@pytest.mark.parametrize("pieces", [["\n", "😀。", "……"], ["", "\u200b"]])
def test_a_text_with_nothing_to_speak_is_an_error_at_its_end(planner: SpeechPlanner, pieces: list[str]) -> None:
    with pytest.raises(NothingToSpeakError) as refused:
        spoken(planner.open_input(), pieces)
    assert ("😀" in str(refused.value)) == ("😀。" in pieces)


def test_a_text_without_any_piece_has_no_audio(planner: SpeechPlanner) -> None:
    assert spoken(planner.open_input(), []) == []


def test_an_error_is_raised_with_its_piece(planner: SpeechPlanner) -> None:
    source = planner.open_input()
    source.append("好。走")
    with pytest.raises(RequestError, match="line 1, column 4: '99s' is not a valid pause"):
        source.append("[pause:99s]")
    with pytest.raises(RequestError, match="the limit is 200"):
        source.append("好" * 200)


def test_a_voice_of_another_sampling_rate_is_refused(voices: Path) -> None:
    runtime = RuntimeSection(providers=("cpu",), threads=1)
    planner = SpeechPlanner(OnDemandVoices(Config(models=ModelsSection(path=voices), runtime=runtime)))
    source = planner.open_input(SpeechOptions("noncausal_16k"))
    source.append("好。")
    source.flush()
    with pytest.raises(RequestError, match=r"'nsf_24k' at 24000 Hz.*Voices of 16000 Hz: .*noncausal_16k") as refused:
        source.append("<speak voice='nsf_24k'>好</speak>")
    assert refused.value.code == "different_rates"


def test_a_name_is_resolved_before_any_text(planner: SpeechPlanner) -> None:
    for options in (SpeechOptions("absent"), SpeechOptions(speaker="absent"), SpeechOptions(emotion="absent")):
        with pytest.raises(UnknownNameError):
            planner.open_input(options)


def test_text_after_the_end_is_refused(planner: SpeechPlanner) -> None:
    source = planner.open_input()
    source.finish()
    with pytest.raises(ValueError, match="closed"):
        source.append("好")
