"""A text with the timing and the melody of a recording.

The recordings are speech of the embedded voice's other speaker, slowed, raised and with pauses by markup, so that its
times are known to the sample.
"""

import hashlib
from collections.abc import Callable

import numpy as np
import pytest

from server.errors import RequestError
from server.references.analysis.contours import contours
from server.references.recording import RATE, Recording
from server.scheduling.playback import PlaybackClock
from server.scheduling.task import iterate
from server.synthesis.reference.delivery import measurement, recorded_prosody
from server.synthesis.reference.speech_reference import ReferenceUse, SpeechReference
from server.synthesis.segments import Segment
from server.synthesis.speech_plan import SpeechPlan
from server.synthesis.synthesizer import Synthesizer
from server.text.markup.parser import parse_markup
from server.text.markup.script import SpeakingStyle
from server.types import DEFAULT_STYLE, Audio, Floats, SentenceTiming, SpeechTiming, Style
from tests.conftest import EMBEDDED, open_voice, samples_of

TEXT = "今天下午三点我们在学校门口见面。"
READ_ALOUD = (
    '<speak>今天<prosody rate="0.6" pitch="+4st">下午三点</prosody><break time="500ms"/>我们在'
    '<prosody rate="1.4" pitch="-3st">学校门口</prosody>见面。</speak>'
)
SMALL = EMBEDDED.with_name("demo-small")
OTHER_TEXT = "那座桥是一百年前修的，现在还很结实。"


def plan(synthesizer: Synthesizer, text: str, speaker: str, reference: SpeechReference | None = None) -> SpeechPlan:
    return styled_plan(synthesizer, text, speaker, DEFAULT_STYLE, reference)


def styled_plan(
    synthesizer: Synthesizer, text: str, speaker: str, style: Style, reference: SpeechReference | None
) -> SpeechPlan:
    script = parse_markup(text, SpeakingStyle(style), inline=True)
    return SpeechPlan([Segment(script, synthesizer, speaker, "emotion_neutral", delivery=reference)])


def speak(speech: SpeechPlan) -> tuple[Floats, list[SentenceTiming]]:
    chunks = list(speech.speak())
    return samples_of(chunks), [chunk.sentence for chunk in chunks if chunk.sentence]


def reference(samples: Floats, transcript: str | None = None) -> SpeechReference:
    digest = hashlib.sha256(samples.tobytes()).hexdigest()
    recording = Recording(digest, Audio(samples, RATE), "wav", RATE, 1, len(samples) / RATE, 0.0)
    analysis = None  # delivery needs none
    return SpeechReference(recording, analysis, frozenset([ReferenceUse.DELIVERY]), transcript=transcript)  # type: ignore[arg-type]


def syllables(sentences: list[SentenceTiming]) -> np.ndarray:
    """(syllables, 2): begin and end in seconds."""
    return np.array(
        [(each.begin, each.end) for one in sentences for word in one.words for each in word.syllables]
    ) / RATE  # fmt: skip


def lengths(sentences: list[SentenceTiming]) -> np.ndarray:
    times = syllables(sentences)
    return times[:, 1] - times[:, 0]


def correlation(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.corrcoef(one, other)[0, 1])


@pytest.fixture(scope="module")
def voice() -> Synthesizer:
    return open_voice(SMALL)


@pytest.fixture(scope="module")
def recorded(voice: Synthesizer) -> tuple[Floats, list[SentenceTiming]]:
    voice.warm_up()
    return speak(plan(voice, READ_ALOUD, "male"))


@pytest.fixture(scope="module")
def delivered(voice: Synthesizer, recorded: tuple[Floats, list[SentenceTiming]]) -> tuple[Floats, list[SentenceTiming]]:
    return speak(plan(voice, TEXT, "female", reference(recorded[0])))


Spoken = tuple[Floats, list[SentenceTiming]]


def test_syllables_last_as_long_as_recorded(voice: Synthesizer, recorded: Spoken, delivered: Spoken) -> None:
    _, plain = speak(plan(voice, TEXT, "female"))
    assert correlation(lengths(recorded[1]), lengths(plain)) < 0.8
    assert correlation(lengths(recorded[1]), lengths(delivered[1])) > 0.95
    assert np.abs(lengths(recorded[1]) - lengths(delivered[1])).mean() < 0.03


def test_pauses_are_where_the_recording_has_them_and_silent(recorded: Spoken, delivered: Spoken) -> None:
    samples, sentences = delivered
    times = syllables(sentences)
    gaps = times[1:, 0] - times[:-1, 1]
    recorded_times = syllables(recorded[1])
    recorded_gaps = recorded_times[1:, 0] - recorded_times[:-1, 1]
    assert np.argmax(gaps) == np.argmax(recorded_gaps) == 5
    assert gaps[5] == pytest.approx(recorded_gaps[5], abs=0.06)
    assert np.delete(gaps, 5).max() < 0.08
    pause = samples[round((times[5, 1] + 0.04) * RATE) : round((times[6, 0] - 0.06) * RATE)]
    assert np.sqrt((pause**2).mean()) < 0.01 * np.sqrt((samples**2).mean())


def test_the_melody_is_that_of_the_recording(recorded: Spoken, delivered: Spoken) -> None:
    pairs = []
    heard, spoken = (contours(Audio(samples, RATE)).f0 for samples, _ in (recorded, delivered))
    for (begin, end), (start, stop) in zip(syllables(recorded[1]), syllables(delivered[1]), strict=True):
        for share in (0.3, 0.5, 0.7):
            one, two = heard[round(100 * (begin + share * (end - begin)))], spoken[
                round(100 * (start + share * (stop - start)))
            ]  # fmt: skip
            if one and two:
                pairs.append((12 * np.log2(one), 12 * np.log2(two)))
    one, two = np.array(pairs).T
    assert len(pairs) > 20
    assert correlation(one, two) > 0.9
    assert np.median(two) - np.median(one) > 5  # the voice keeps its own height


def test_times_without_audio_are_those_of_the_audio(voice: Synthesizer, recorded: Spoken, delivered: Spoken) -> None:
    speech = plan(voice, TEXT, "female", reference(recorded[0]))
    timing = next(iter(iterate(speech.times(PlaybackClock()))))
    assert timing == SpeechTiming(tuple(delivered[1]), len(delivered[0]), RATE)


def test_a_known_sentence_is_not_spoken_for_the_alignment_again(
    voice: Synthesizer, recorded: Spoken, decoder_steps: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = recorded[0] * np.float32(0.9)
    known = reference(samples)
    speak(plan(voice, TEXT, "female", known))
    first = len(decoder_steps)
    decoder_steps.clear()
    monkeypatch.setattr(recorded_prosody, "contours", lambda audio: pytest.fail("F0 is measured again"))
    again, _ = speak(plan(voice, TEXT, "female", known))
    assert len(decoder_steps) == pytest.approx(len(again) / 600, abs=1)
    assert first > 1.5 * len(decoder_steps)


def test_the_style_of_the_request_changes_the_delivery(voice: Synthesizer, recorded: Spoken, delivered: Spoken) -> None:
    fast = Style(speed=2.0, volume=0.5)
    samples, sentences = speak(styled_plan(voice, TEXT, "female", fast, reference(recorded[0])))
    np.testing.assert_allclose(lengths(sentences), lengths(delivered[1]) / 2, atol=0.04)
    assert np.abs(samples).max() < 0.7 * np.abs(delivered[0]).max()


@pytest.mark.parametrize("text", [OTHER_TEXT, "春天来了，公园里的花都开了，孩子们在草地上跑来跑去。"])
def test_other_words_are_refused_before_any_audio(text: str, voice: Synthesizer, recorded: Spoken) -> None:
    with pytest.raises(RequestError, match=r"has a score of -?0\.\d\d, valid: 0\.06 to 1") as refused:
        next(plan(voice, text, "female", reference(recorded[0])).speak())
    assert (refused.value.param, refused.value.code) == ("reference", "poor_alignment")


def test_noise_is_refused(voice: Synthesizer) -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, 3 * RATE).astype(np.float32)
    with pytest.raises(RequestError, match="does not fit to"):
        next(plan(voice, TEXT, "female", reference(noise)).speak())


def test_what_follows_the_recording_is_spoken_plainly(voice: Synthesizer, recorded: Spoken) -> None:
    _, sentences = speak(plan(voice, TEXT + OTHER_TEXT, "female", reference(recorded[0])))
    _, plain = speak(plan(voice, OTHER_TEXT, "female"))
    assert correlation(lengths(sentences[:1]), lengths(recorded[1])) > 0.95
    assert lengths(sentences[1:]) == pytest.approx(lengths(plain))


def test_sentences_follow_the_recording_one_after_another(voice: Synthesizer) -> None:
    other = f'<break time="900ms"/><prosody rate="1.3">{OTHER_TEXT}</prosody></speak>'
    samples, sentences = speak(plan(voice, READ_ALOUD.replace("</speak>", other), "male"))
    _, spoken = speak(plan(voice, TEXT + OTHER_TEXT, "female", reference(samples)))
    assert correlation(lengths(spoken), lengths(sentences)) > 0.95
    (begin, end), (start, stop) = (syllables(each)[14:16].ravel()[1:3] for each in (spoken, sentences))
    assert end - begin == pytest.approx(stop - start, abs=0.1)


def test_the_beginning_of_a_recording_is_enough(voice: Synthesizer) -> None:
    samples, sentences = speak(plan(voice, READ_ALOUD.replace("。</speak>", f"。{OTHER_TEXT}</speak>"), "male"))
    _, spoken = speak(plan(voice, TEXT, "female", reference(samples)))
    assert correlation(lengths(spoken), lengths(sentences)[:15]) > 0.95


def test_a_text_with_another_word_follows_the_transcript(voice: Synthesizer, recorded: Spoken) -> None:
    text = "今天下午五点我们在图书馆门口见面。"
    _, spoken = speak(plan(voice, text, "female", reference(recorded[0], transcript=TEXT)))
    ours, theirs = lengths(spoken), lengths(recorded[1])
    same = [(index, index) for index in (0, 1, 2, 3, 5, 6, 7, 8)] + [(12 + index, 11 + index) for index in range(3)]
    one, two = np.array([(ours[a], theirs[b]) for a, b in same]).T
    assert correlation(one, two) > 0.95


def test_sentences_that_the_transcript_does_not_have_are_spoken_plainly(voice: Synthesizer, recorded: Spoken) -> None:
    _, spoken = speak(plan(voice, TEXT + OTHER_TEXT, "female", reference(recorded[0], transcript=TEXT)))
    _, plain = speak(plan(voice, OTHER_TEXT, "female"))
    assert correlation(lengths(spoken[:1]), lengths(recorded[1])) > 0.95
    assert lengths(spoken[1:]) == pytest.approx(lengths(plain))


def test_a_text_without_the_words_of_the_transcript_is_refused(voice: Synthesizer, recorded: Spoken) -> None:
    with pytest.raises(RequestError, match="of the first sentence are in the reference's transcript") as refused:
        next(plan(voice, OTHER_TEXT, "female", reference(recorded[0], transcript=TEXT)).speak())
    assert refused.value.code == "poor_alignment"


def test_a_transcript_without_words_is_refused(voice: Synthesizer, recorded: Spoken) -> None:
    with pytest.raises(RequestError, match="the reference's transcript has no words; give those") as refused:
        next(plan(voice, TEXT, "female", reference(recorded[0], transcript="……")).speak())
    assert (refused.value.param, refused.value.code) == ("reference", "poor_alignment")


def test_a_wrong_transcript_is_refused(voice: Synthesizer, recorded: Spoken) -> None:
    with pytest.raises(RequestError, match="does not fit to '那座桥"):
        next(plan(voice, OTHER_TEXT, "female", reference(recorded[0], transcript=OTHER_TEXT)).speak())


def test_few_sentences_are_kept_and_deleted_recordings_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measurement, "KEPT_SENTENCES", 2)
    kept = measurement.MeasuredSentences()
    keys = [measurement.SentenceKey(recording, "voice", "", 0, False, b"") for recording in "abc"]
    sentences = [measurement.MeasuredSentence((), 0.0, number, 1.0, 100.0) for number in range(3)]
    for key, sentence in zip(keys, sentences, strict=True):
        kept.put(key, sentence)
    assert [kept.get(key) for key in keys] == [None, *sentences[1:]]
    kept.forget("b")
    assert [kept.get(key) for key in keys] == [None, None, sentences[2]]


def test_voices_of_another_kind_refuse_with_a_score(golden: Callable[[str], Synthesizer], recorded: Spoken) -> None:
    byte_voice = golden("byte_16k")  # random weights
    speech = SpeechPlan([
        Segment(
            parse_markup(TEXT, SpeakingStyle(), inline=True),
            byte_voice,
            byte_voice.voice.speaker(None),
            byte_voice.voice.emotion(None),
            delivery=reference(recorded[0]),
        )
    ])  # fmt: skip
    with pytest.raises(RequestError, match="has a score of"):
        next(speech.speak())
