"""Speech with the timbre of a recording: its embedding reaches the acoustic model, and nothing else changes."""

import gc
import os
import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from convert.__main__ import main as convert
from server.audio.resampler import resampled
from server.config import Config
from server.errors import RequestError
from server.references.analysis.measurement import analyze
from server.references.recording import RATE, Recording
from server.scheduling.batching import run_batch
from server.scheduling.graph_run import GraphRun
from server.scheduling.playback import PlaybackClock
from server.scheduling.task import iterate
from server.synthesis.options import SpeechOptions
from server.synthesis.reference.speech_reference import ReferenceUse, SpeechReference
from server.synthesis.reference.timbre import cosine, similarity, timbre_obstacle
from server.synthesis.registry import VoiceRegistry
from server.synthesis.speaker_encoder.encoder import SpeakerEncoder
from server.synthesis.speaker_encoder.speaker_encoders import SpeakerEncoders
from server.synthesis.speech_plan import SpeechPlanner
from server.synthesis.synthesizer import Synthesizer
from server.types import DEFAULT_STYLE, Audio, Floats
from server.voices.voice import Voice
from tests.conftest import EMBEDDED, GOLDEN, SPEAKER_ENCODER, cpu, open_voice, samples_of

PACKAGE = "se_nsf_global_16k"
"""A golden package of a voice with a speaker embedding."""
TEXT = "你好，今天天气很好。"


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A voice with a speaker embedding and its encoder, and one without."""
    folder = tmp_path_factory.mktemp("models")
    assert convert([str(GOLDEN / PACKAGE), "--output", str(folder), "--se-model", str(SPEAKER_ENCODER)]) == 0
    shutil.copytree(EMBEDDED, folder / "demo")
    return folder


@pytest.fixture(scope="session")
def voice(models: Path) -> Synthesizer:
    return open_voice(models / PACKAGE)


@pytest.fixture(scope="session")
def registry(models: Path) -> Iterator[VoiceRegistry]:
    found = VoiceRegistry(Config.model_validate({"models": {"path": models}, "runtime": {"providers": ["cpu"]}}))
    found.load()
    yield found
    found.close()


def recorded(audio: Audio, digest: str = "a" * 64) -> Recording:
    return Recording(digest, audio, "wav", audio.rate, 1, len(audio.samples) / audio.rate, 0.0)


def speech_like(audio: Audio, *uses: ReferenceUse) -> SpeechOptions:
    recording = recorded(audio)
    reference = SpeechReference(recording, analyze(recording), frozenset(uses))
    return SpeechOptions(voice=PACKAGE, reference=reference, seed=0)


def conditioning(voice: Synthesizer) -> Floats:
    """The speaker's part of what the decoder and the predictors of a sentence receive."""
    (sentence,) = [item for item in voice.sentences(TEXT) if not hasattr(item, "seconds")]
    prosody = voice.synthesize(sentence.units).prosody
    return prosody.conditioning[:, : voice.voice.speaker_embedding.shape[1]]


def test_the_acoustic_model_receives_exactly_the_embedding_of_the_recording(
    voice: Synthesizer, recording: Audio, encoder: SpeakerEncoder
) -> None:
    embedding = encoder.embed(recording)
    rows = conditioning(voice.with_timbre(recorded(recording)))
    np.testing.assert_array_equal(rows, np.broadcast_to(embedding, rows.shape))
    assert not np.array_equal(rows, conditioning(voice))


def test_the_own_embedding_of_the_voice_gives_its_own_speech(voice: Synthesizer) -> None:
    embedding = voice.voice.speaker_embedding
    assert embedding is not None
    (sentence,) = [item for item in voice.sentences(TEXT) if not hasattr(item, "seconds")]
    traces = [each.synthesize(sentence.units, source_noise=False) for each in (voice, voice.with_speaker(embedding))]
    np.testing.assert_array_equal(traces[0].mel, traces[1].mel)
    np.testing.assert_array_equal(traces[0].audio.samples, traces[1].audio.samples)


def test_streams_of_different_speakers_share_a_batch(voice: Synthesizer, recording: Audio) -> None:
    other = voice.with_timbre(recorded(recording))
    (sentence,) = [item for item in voice.sentences(TEXT) if not hasattr(item, "seconds")]
    runs = [_predictor_run(each, sentence.units) for each in (voice, other)]
    assert runs[0].batch_key == runs[1].batch_key
    together, alone = run_batch(runs), [run_batch([run])[0] for run in runs]
    for name in ("pitch", "energy", "style"):
        np.testing.assert_allclose(together[0][name], alone[0][name], rtol=0, atol=1e-4)
        np.testing.assert_allclose(together[1][name], alone[1][name], rtol=0, atol=1e-4)
    assert not np.allclose(together[0]["style"], together[1]["style"], atol=1e-2)


def _predictor_run(voice: Synthesizer, units: object) -> GraphRun:
    """The run of a sentence that takes the speaker."""
    task = voice._predict_prosody(units, DEFAULT_STYLE)  # type: ignore[arg-type]
    run = task.send(None)
    while "speaker_embedding" not in run.inputs:
        run = task.send(run_batch([run])[0])
    task.close()
    return run


def test_a_plan_applies_the_timbre_to_the_voice_of_the_request_only(registry: VoiceRegistry, recording: Audio) -> None:
    planner = SpeechPlanner(registry.snapshot())
    speaker = registry.voice(PACKAGE).speakers[0]
    text = f'<speak>你好<voice name="{speaker}">你好</voice>你好</speak>'
    plan = planner.plan_text(text, speech_like(recording, ReferenceUse.TIMBRE))
    assert [bool(segment.synthesizer.speaker_digest) for segment in plan.segments] == [True, False, True]
    plain = planner.plan_text(TEXT, SpeechOptions(voice=PACKAGE, seed=0))
    emotion = planner.plan_text(TEXT, speech_like(recording, ReferenceUse.EMOTION))
    timbre = planner.plan_text(TEXT, speech_like(recording, ReferenceUse.TIMBRE))
    sounds = [samples_of(each.speak()) for each in (plain, emotion, timbre)]
    np.testing.assert_array_equal(sounds[0], sounds[1])
    assert not np.array_equal(sounds[0], sounds[2])


def test_text_in_pieces_has_the_timbre_too(registry: VoiceRegistry, recording: Audio) -> None:
    planner = SpeechPlanner(registry.snapshot())
    options = speech_like(recording, ReferenceUse.TIMBRE)
    opened = planner.open_input(options)
    for piece in ("你好，今天", "天气很好。"):
        opened.append(piece)
    opened.finish()
    in_pieces = samples_of(iterate(opened.audio(PlaybackClock())))
    np.testing.assert_allclose(in_pieces, samples_of(planner.plan_text(TEXT, options).speak()), rtol=0, atol=1e-5)


def test_a_voice_is_in_use_as_long_as_a_stream_has_another_speaker(registry: VoiceRegistry, recording: Audio) -> None:
    def uses() -> int:
        gc.collect()
        return next(each.uses for each in registry.report().voices if each.name == PACKAGE)

    assert uses() == 0
    plan = SpeechPlanner(registry.snapshot()).plan_text(TEXT, speech_like(recording, ReferenceUse.TIMBRE))
    assert uses() > 0
    del plan
    assert uses() == 0


def test_a_known_recording_is_not_computed_again(
    voice: Synthesizer, recording: Audio, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoders = SpeakerEncoders(cpu())
    path = voice.voice.graph("speaker_encoder")
    first = encoders.embedding(path, recorded(recording))
    monkeypatch.setattr(SpeakerEncoder, "embed", lambda self, audio: pytest.fail("computed again"))
    assert encoders.embedding(path, recorded(recording)) is first
    encoders.forget("a" * 64)
    monkeypatch.setattr(SpeakerEncoder, "embed", lambda self, audio: first + 1)
    np.testing.assert_array_equal(encoders.embedding(path, recorded(recording)), first + 1)


def test_what_is_known_does_not_wait_for_another_recording(
    voice: Synthesizer, recording: Audio, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoders = SpeakerEncoders(cpu())
    path = voice.voice.graph("speaker_encoder")
    first = encoders.embedding(path, recorded(recording))
    computing, done = threading.Event(), threading.Event()

    def embed(self: SpeakerEncoder, audio: Audio) -> Floats:
        computing.set()
        assert done.wait(30)
        return first + 1

    monkeypatch.setattr(SpeakerEncoder, "embed", embed)
    with ThreadPoolExecutor(2) as threads:
        other = threads.submit(encoders.embedding, path, recorded(recording, "b" * 64))
        assert computing.wait(30)
        try:
            assert threads.submit(encoders.embedding, path, recorded(recording)).result(30) is first
            threads.submit(encoders.forget, "a" * 64).result(30)
        finally:
            done.set()
        np.testing.assert_array_equal(other.result(30), first + 1)


def test_a_replaced_encoder_computes_anew(encoder_folder: Path, recording: Audio, tmp_path: Path) -> None:
    path = Path(shutil.copy(encoder_folder / "speaker_encoder.onnx", tmp_path))
    encoders = SpeakerEncoders(cpu())
    first = encoders.embedding(path, recorded(recording))
    os.utime(path, (1, 1))
    assert encoders.embedding(path, recorded(recording)) is not first


def test_voices_say_why_they_cannot_take_a_timbre(models: Path, encoder_folder: Path, tmp_path: Path) -> None:
    assert timbre_obstacle(Voice(models / PACKAGE)) is None
    assert "takes no speaker embedding; choose a voice that does" in str(timbre_obstacle(Voice(models / "demo")))
    assert convert([str(GOLDEN / PACKAGE), "--output", str(tmp_path)]) == 0
    assert "there is no encoder that computes it" in str(timbre_obstacle(Voice(tmp_path / PACKAGE)))
    shutil.copytree(models / PACKAGE, tmp_path / "other")
    assert timbre_obstacle(Voice(tmp_path / PACKAGE)) is None  # the only encoder for embeddings of this size
    shutil.rmtree(tmp_path / "other")
    shutil.copy(encoder_folder / "speaker_encoder.onnx", tmp_path)
    assert timbre_obstacle(Voice(tmp_path / PACKAGE)) is None


def test_a_voice_without_embeddings_speaks_as_ever(demo: Synthesizer, recording: Audio) -> None:
    assert demo.with_timbre(recorded(recording)) is demo
    with pytest.raises(RequestError, match="takes none"):
        demo.with_speaker(np.zeros((1, 192), np.float32))


def test_an_embedding_of_another_size_is_refused(voice: Synthesizer) -> None:
    with pytest.raises(
        RequestError, match="has 16 numbers, and voice 'se_nsf_global_16k' takes 192 numbers"
    ) as refused:
        voice.with_speaker(np.zeros((1, 16), np.float32))
    assert (refused.value.param, refused.value.code) == ("reference", "wrong_embedding")


def test_a_recording_that_the_encoder_refuses_is_an_error_of_the_reference(
    voice: Synthesizer, recording: Audio
) -> None:
    short = recorded(Audio(recording.samples[: RATE // 2], RATE), "b" * 64)
    with pytest.raises(RequestError, match=r"is 0\.50 s long") as refused:
        voice.with_timbre(short)
    assert (refused.value.param, refused.value.code) == ("reference", "wrong_length")


def test_the_similarity_of_a_recording_to_itself_is_one(voice: Synthesizer, recording: Audio) -> None:
    reference = recorded(recording)
    assert similarity(voice.voice, voice.encoders, reference, recording) == pytest.approx(1, abs=1e-5)
    silence = Audio(np.zeros(2 * RATE, np.float32), RATE)
    assert similarity(voice.voice, voice.encoders, reference, silence) is None
    assert similarity(voice.voice, voice.encoders, reference, Audio(recording.samples[:8000], RATE)) is None
    assert similarity(Voice(EMBEDDED), voice.encoders, reference, recording) is None


def test_the_similarity_is_that_of_the_embeddings_at_any_rate(
    voice: Synthesizer, recording: Audio, encoder: SpeakerEncoder
) -> None:
    other = Audio(recording.samples[::-1].copy(), RATE)
    expected = cosine(encoder.embed(recording), encoder.embed(other))
    fast = resampled(other, 48000)
    found = similarity(voice.voice, voice.encoders, recorded(recording), fast)
    assert found == pytest.approx(expected, abs=1e-3)


def test_the_cosine_ignores_length() -> None:
    one, other = np.array([[3.0, 0.0]], np.float32), np.array([[1.0, 1.0]], np.float32)
    assert cosine(one, other) == pytest.approx(2**-0.5)
    assert cosine(one, -one) == -1


def test_of_long_speech_the_first_minute_counts(voice: Synthesizer, recording: Audio) -> None:
    minute = np.resize(recording.samples, 60 * RATE)
    longer = np.concatenate([minute, minute[::-1]])
    one, other = (
        similarity(voice.voice, voice.encoders, recorded(recording), Audio(each, RATE)) for each in (minute, longer)
    )
    assert one == other


def test_times_of_a_text_are_those_of_its_speaker(registry: VoiceRegistry, recording: Audio) -> None:
    plan = SpeechPlanner(registry.snapshot()).plan_text(TEXT, speech_like(recording, ReferenceUse.TIMBRE))
    (times,) = list(iterate(plan.times(PlaybackClock())))
    assert times.samples == len(samples_of(plan.speak()))
