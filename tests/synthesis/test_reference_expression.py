"""The emotion and the style that a recording chooses, and the profiles of voices that it is compared with."""

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.errors import RequestError, UnknownNameError
from server.references.analysis.recording_analysis import RecordingAnalysis
from server.synthesis.reference import voice_profiles
from server.synthesis.reference.expression import STYLE_RANGE, Expression, express
from server.synthesis.reference.speech_features import PauseDurations
from server.synthesis.reference.voice_profile import EmotionProfile, VoiceProfile, measure_emotion
from server.synthesis.reference.voice_profiles import VoiceProfiles
from server.types import STYLE_LIMITS, Style
from server.voices.voice import Voice
from tests.conftest import EMBEDDED, HERE, open_voice

# Measured of the female speaker of the embedded voice.
NEUTRAL = EmotionProfile(170, 6.5, 18, 3.4, 23, -4.7, 0.92, 0.22, 0.29)
PROFILE = VoiceProfile(
    "neutral",
    {
        "neutral": NEUTRAL,
        "happy": EmotionProfile(196, 7.8, 24, 4.0, 25, -4.3, 0.91, 0.155, 0.20),
        "sad": EmotionProfile(141, 4.9, 11, 2.7, 22, -5.8, 0.93, 0.31, 0.40),
        "angry": EmotionProfile(186, 9.4, 30, 3.9, 25, -3.9, 0.92, 0.075, 0.10),
    },
)
SMALL = EMBEDDED.parent / "demo-small"
STRENGTHS = (0.0, 0.1, 0.35, 0.5, 0.8, 1.0)


class MeasuredVoice:
    """The embedded voice with a given profile."""

    voice = Voice(EMBEDDED)
    sentence_silence = 0.28

    def __init__(self, profile: VoiceProfile = PROFILE) -> None:
        self.profiles = SimpleNamespace(profile=lambda voice, speaker: profile)


def recording(emotion: str, **figures: float | None) -> RecordingAnalysis:
    """What a recording of the voice itself would show: two sentences of 32 syllables, with a pause in each."""
    profile = PROFILE.emotions[emotion]
    pause = (2 * profile.phrase_pause + profile.sentence_pause + 0.28) / 3
    speech = 34 / profile.syllable_rate
    analysis = RecordingAnalysis(
        seconds=speech + 3 * pause,
        f0_median=profile.f0_median,
        f0_range=profile.f0_range,
        f0_movement=profile.f0_movement,
        syllable_rate=profile.syllable_rate,
        pause_share=3 * pause / (speech + 3 * pause),
        pause_seconds=pause,
        level=-24,
        dynamics=profile.dynamics,
        tilt=profile.tilt,
        voiced_share=0.7,
        tract_scale=profile.tract_scale,
        signal_to_noise=50,
        clipped_share=0,
    )
    return replace(analysis, **figures)


def expressed(analysis: RecordingAnalysis, strength: float = 1.0, emotion: str | None = None) -> Expression:
    return express(analysis, MeasuredVoice(), "female", strength, emotion)


@pytest.mark.parametrize("emotion", PROFILE.emotions)
def test_a_recording_like_an_emotion_chooses_it_and_needs_little_else(emotion: str) -> None:
    expression = expressed(recording(emotion))
    assert expression.emotion == emotion == min(expression.distances, key=expression.distances.__getitem__)
    assert expression.confidence > 0.4
    assert expression.style.speed == 1
    assert expression.style.pitch_range == 1
    assert expression.style.pauses == pytest.approx(1, abs=0.25)


@pytest.mark.parametrize(
    ("figures", "setting", "word"),
    [
        ({"syllable_rate": 4.5}, "speed", "faster"),
        ({"syllable_rate": 2.9}, "speed", "slower"),
        ({"f0_range": 8.0}, "pitch_range", "wider"),
        ({"f0_range": 5.5}, "pitch_range", "narrower"),
        ({"pause_seconds": 0.6, "pause_share": 0.2}, "pauses", "longer"),
        ({"f0_median": 240}, "pitch", "higher"),
        ({"f0_median": 140}, "pitch", "lower"),
        ({"tilt": -3}, "energy", "more"),
    ],
)
def test_what_the_emotion_lacks_becomes_style(figures: Mapping[str, float], setting: str, word: str) -> None:
    plain, other = (expressed(recording("neutral", **each), emotion="neutral") for each in ({}, figures))
    changes = getattr(other.style, setting) - getattr(plain.style, setting)
    assert (changes > 0) == (word in ("faster", "wider", "longer", "higher", "more"))
    assert any(word in each for each in other.words)


figures = st.fixed_dictionaries(
    {
        "seconds": st.floats(0.3, 60),
        "f0_median": st.none() | st.floats(55, 700),
        "f0_range": st.none() | st.floats(0, 30),
        "f0_movement": st.none() | st.floats(0, 200),
        "syllable_rate": st.none() | st.floats(0.1, 12),
        "pause_share": st.floats(0, 0.9),
        "pause_seconds": st.floats(0, 10),
        "dynamics": st.none() | st.floats(0, 60),
        "tilt": st.none() | st.floats(-20, 5),
        "tract_scale": st.none() | st.floats(0.5, 1.5),
    }
)


@settings(max_examples=100)
@given(figures=figures, emotion=st.sampled_from([None, "happy"]))
def test_every_setting_moves_with_the_strength_in_one_direction(
    figures: Mapping[str, float | None], emotion: str | None
) -> None:
    analysis = recording("sad", **figures)
    expressions = [expressed(analysis, strength, emotion) for strength in STRENGTHS]
    assert expressions[0].style == Style()
    assert expressions[0].emotion == (emotion or "neutral")
    assert len({each.emotion for each in expressions[1:]}) == 1
    assert {each.style.volume for each in expressions} == {1}
    for name, (low, high) in STYLE_RANGE.items():
        values = [getattr(each.style, name) for each in expressions]
        assert STYLE_LIMITS[name][0] <= low <= min(values) <= max(values) <= high <= STYLE_LIMITS[name][1]
        steps = [after - before for before, after in pairwise(values)]
        assert all(step >= 0 for step in steps) or all(step <= 0 for step in steps)
        assert all(value == round(value, 2) for value in values)
    assert 0 <= expressions[-1].confidence <= 1


def test_half_the_strength_is_half_of_every_setting() -> None:
    analysis = recording("neutral", syllable_rate=4.6, f0_range=8.5, f0_median=215, tilt=-3.1, pause_seconds=0.5)
    half, whole = (expressed(analysis, strength, "neutral").style for strength in (0.5, 1.0))
    for name in ("pitch", "energy"):
        assert getattr(whole, name) != 0
        assert getattr(half, name) == pytest.approx(getattr(whole, name) / 2, abs=0.011)
    for name in ("speed", "pitch_range", "pauses"):
        assert getattr(whole, name) != 1
        assert getattr(half, name) == pytest.approx(getattr(whole, name) ** 0.5, abs=0.011)


def test_an_emotion_that_is_named_is_kept() -> None:
    expression = expressed(recording("sad"), emotion="happy")
    assert (expression.emotion, expression.confidence) == ("happy", 1.0)
    assert expression.style.speed < 0.75  # happy, as slowly as the sad recording
    with pytest.raises(UnknownNameError, match="unknown emotion 'silly'"):
        expressed(recording("sad"), emotion="silly")


def test_a_recording_without_speech_chooses_nothing() -> None:
    nothing = dict.fromkeys(["f0_median", "f0_range", "f0_movement", "syllable_rate", "tilt", "tract_scale"])
    expression = expressed(recording("happy", **nothing, dynamics=None, pause_share=0, pause_seconds=0))
    assert (expression.emotion, expression.confidence, expression.style) == ("neutral", 0.0, Style())
    assert expression.words == ()


def test_a_short_recording_is_followed_in_part() -> None:
    whole, part = (
        expressed(recording("neutral", syllable_rate=4.5, seconds=each), emotion="neutral") for each in (6, 1)
    )
    assert 1 < part.style.speed < whole.style.speed


@pytest.mark.parametrize(
    ("seconds", "share", "mean", "expected"),
    [
        (5.0, 0.0, 0.0, 0.12 / 0.22),  # a clause without any pause that is long enough to be one
        (1.0, 0.0, 0.0, None),  # too short to say anything
        (4.5, 0.05, 0.22, 1.0),  # one sentence with one pause
        (10.3, 0.09, 0.33, 1.0),  # two sentences with a pause in each
        (10.3, 0.126, 0.46, 1.4),
    ],
)
def test_pauses_are_compared_with_those_of_as_many_sentences(
    seconds: float, share: float, mean: float, expected: float | None
) -> None:
    analysis = recording("neutral", seconds=seconds, pause_share=share, pause_seconds=mean, syllable_rate=3.5)
    ratio = PauseDurations.of(NEUTRAL, 0.28).ratio(analysis)
    assert ratio == (None if expected is None else pytest.approx(expected, rel=0.12))


class FakeVoice:
    """A voice for `VoiceProfiles`, whose measurement is replaced."""

    def __init__(self, digest: str = "1") -> None:
        self.voice = SimpleNamespace(digest=digest, name="fake")


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The speakers that were measured. One named `none` cannot be."""
    speakers: list[str] = []

    def measure(voice: FakeVoice, speaker: str) -> VoiceProfile:
        speakers.append(speaker)
        if speaker == "none":
            raise RequestError("this front end reads Mandarin only")
        return PROFILE

    monkeypatch.setattr(voice_profiles, "measure_voice", measure)
    return speakers


def test_a_speaker_is_measured_once_whoever_asks(measured: list[str]) -> None:
    profiles = VoiceProfiles()
    threads = [threading.Thread(target=profiles.profile, args=(FakeVoice(), "female")) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert profiles.profile(FakeVoice(), "female") is PROFILE
    assert measured == ["female"]
    profiles.profile(FakeVoice(), "male")
    profiles.profile(FakeVoice("2"), "male")
    assert measured == ["female", "male", "male"]


def test_after_an_error_the_next_call_tries_again(measured: list[str]) -> None:
    profiles = VoiceProfiles()
    for _ in range(2):
        with pytest.raises(RequestError, match="Mandarin"):
            profiles.profile(FakeVoice(), "none")
    assert measured == ["none", "none"]


def test_files_outlive_the_process_and_damaged_ones_are_measured_again(measured: list[str], tmp_path: Path) -> None:
    folder = tmp_path / "profiles"
    VoiceProfiles(folder).profile(FakeVoice(), "female")
    assert VoiceProfiles(folder).profile(FakeVoice(), "female") == PROFILE
    assert measured == ["female"]
    (file,) = folder.iterdir()
    for content in (b"", b"[]", b'{"emotions": 3}', json.dumps({"default": "x", "emotions": {}}).encode()):
        file.write_bytes(content)
        assert VoiceProfiles(folder).profile(FakeVoice(), "female") is PROFILE
    assert measured == ["female"] * 5
    assert VoiceProfiles(folder).profile(FakeVoice(), "female") == PROFILE


def test_nothing_is_written_without_a_storage_folder(measured: list[str], tmp_path: Path) -> None:
    VoiceProfiles(tmp_path / "data" / "profiles").profile(FakeVoice(), "female")
    assert list(tmp_path.iterdir()) == []


def test_a_voice_is_measured_in_the_background(measured: list[str]) -> None:
    profiles = VoiceProfiles()
    profiles.prepare(FakeVoice(), "none")
    profiles.prepare(FakeVoice(), "female")
    for thread in threading.enumerate():
        if thread.name == "voice-profile":
            thread.join()
    assert sorted(measured) == ["female", "none"]


def test_the_measured_emotions_of_the_embedded_voice_differ_as_they_should() -> None:
    pytest.importorskip("swift_f0")
    voice = open_voice(SMALL)
    sad, angry = (measure_emotion(voice, "female", emotion) for emotion in ("sad", "angry"))
    assert angry.f0_median > 1.2 * sad.f0_median
    assert angry.f0_range > 1.5 * sad.f0_range
    assert angry.syllable_rate > 1.25 * sad.syllable_rate
    assert angry.phrase_pause < 0.5 * sad.phrase_pause
    assert angry.tilt > sad.tilt


HEARD = """
from bench.references.espeak_recordings import HELD_OUT, EspeakRecordings, SpokenText
from server.references.analysis import analyze
from tests.conftest import open_voice
from tests.synthesis.test_reference_expression import SMALL, expressed

text = SpokenText.of("这家饭馆的面条很有名，价钱也不贵。昨天夜里下了一场大雪，路上非常滑。", open_voice(SMALL))
recordings = EspeakRecordings(HELD_OUT)
for speaker, emotion in (("elder", "sad"), ("mezzo", "angry"), ("youth", "happy"), ("elder", "neutral")):
    print(emotion, expressed(analyze(recordings.record(speaker, emotion, text))).emotion)
"""


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
def test_the_emotions_of_speakers_that_the_voice_has_never_heard() -> None:
    pytest.importorskip("swift_f0")
    command = [sys.executable, "-c", HEARD]  # the library of espeak-ng starts once in a process
    done = subprocess.run(command, cwd=HERE.parent, capture_output=True, text=True, check=True)
    pairs = [line.split() for line in done.stdout.splitlines()]
    assert [heard for _, heard in pairs] == [emotion for emotion, _ in pairs] == ["sad", "angry", "happy", "neutral"]
