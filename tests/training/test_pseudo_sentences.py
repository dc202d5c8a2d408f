"""Pseudo-sentences of recorded words, English words and erhua."""

import re

import numpy as np
import pytest

for package in ("torch", "pyworld", "soxr", "scipy"):
    pytest.importorskip(package)
pytestmark = pytest.mark.filterwarnings("ignore:pkg_resources:UserWarning")


from training.voice.analysis.features import FRAME_RATE  # noqa: E402
from training.voice.corpus.labels import Unit  # noqa: E402
from training.voice.recordings.generation import SentenceMaker  # noqa: E402
from training.voice.recordings.pseudo_sentences.assembly import BINS, analyze, expressed  # noqa: E402
from training.voice.recordings.pseudo_sentences.erhua import (  # noqa: E402
    CLASSES,
    coloring,
    recorded_phone,
    rhotic_syllables,
    vowel_class,
    with_erhua,
)
from training.voice.recordings.pseudo_sentences.intonation import Intonation, median_log_f0  # noqa: E402
from training.voice.recordings.pseudo_sentences.script import (  # noqa: E402
    ENGLISH_PROBABILITY,
    ERHUA_PROBABILITY,
    FUNCTION_WORD_PROBABILITY,
    FUNCTION_WORDS,
    SUFFIXES,
    Script,
)
from training.voice.recordings.pseudo_sentences.timing import SYLLABLES_PER_SECOND, DurationModel  # noqa: E402
from training.voice.recordings.readings import read_word  # noqa: E402
from training.voice.recordings.style import HUMAN_EMOTIONS  # noqa: E402
from training.voice.recordings.word import RecordedWord  # noqa: E402

TEXTS = ("你好", "老师", "学生", "好", "北京", "水果", "的", "吗", "一", "高兴", "语言", "电影", "朋友", "现在")


def recorded_word(text: str, seed: int) -> RecordedWord:
    """A buzz of 200 Hz with the phones of a word, 120 and 280 ms each; the tone falls from 230 to 170 Hz."""
    rng = np.random.default_rng(seed)
    syllables = read_word(text)
    assert syllables
    durations = np.tile([24, 56], len(syllables)) + rng.integers(-4, 5, 2 * len(syllables))
    bounds = np.cumsum([8, *durations])
    length = int(bounds[-1]) + 10
    f0 = np.zeros(length, np.float32)
    f0[8 : bounds[-1]] = np.linspace(230, 170, bounds[-1] - 8)
    phase = np.cumsum(np.repeat(f0, 80) / 16000)
    samples = 0.05 * sum(np.sin(2 * np.pi * phase * harmonic) for harmonic in range(1, 20)) * (np.repeat(f0, 80) > 0)
    return RecordedWord(text, syllables, samples.astype(np.float32), f0, bounds)


def english_word() -> RecordedWord:
    """A buzz with the phones of "okay"."""
    units = (
        Unit("ow", "tone0", "s_both", "word_begin"), Unit("k", "tone1", "s_begin", "word_middle"),
        Unit("ey", "tone1", "s_end", "word_end"),
    )  # fmt: skip
    buzz = recorded_word("好", 0)
    bounds = np.array([8, 28, 48, 88])
    return RecordedWord("00001[3]", ("okay",), buzz.samples, buzz.f0, bounds, english_units=units)


WORDS = [recorded_word(text, seed) for seed, text in enumerate(TEXTS)]
ERHUA = recorded_word("好玩儿", 50)
ENGLISH = english_word()


class TestPseudoSentences:
    def test_the_script_keeps_third_tones_apart_and_ends_no_word_in_a_tone_that_would_change(self) -> None:
        script = Script(WORDS)
        for number in range(200):
            sentence = script.sentence(number)
            phrases = "".join(
                "".join(word.syllables) + "|" * (word.break_level > 2) for word in sentence.prosodic_words
            )
            assert not re.search("[a-z]3[a-z]+3", phrases.replace("hao3ma5", "")), phrases
            assert all(recorded.text != "一" for word in sentence.prosodic_words for recorded in word.words)
            assert sentence.prosodic_words[-1].break_level == 4

    def test_frequent_syllables_are_cut_out_of_words(self) -> None:
        sentences = [Script(WORDS).sentence(number) for number in range(300)]
        groups = [[word.text for word in group.words] for one in sentences for group in one.prosodic_words]
        beginnings = [group[0] for group in groups if group[0].endswith("]")]
        assert len(beginnings) / len(groups) == pytest.approx(FUNCTION_WORD_PROBABILITY, abs=0.05)
        assert {syllable for word in WORDS for syllable in word.syllables} & {*FUNCTION_WORDS, *SUFFIXES} == {
            "zai4",
            "de5",
        }
        assert {group[-1] for group in groups if group[-1].endswith("]")} == {"的[0]"}

    def test_a_cut_syllable_is_the_part_of_its_recording(self) -> None:
        word = WORDS[TEXTS.index("老师")]
        second = word.cut(1)
        assert (second.syllables, second.phones) == (("shi1",), word.phones[2:])
        assert second.bounds.tolist() == word.bounds[2:].tolist()
        assert second.begins_inside
        assert not word.cut(0).begins_inside

    def test_a_sentence_depends_on_its_number_alone(self) -> None:
        maker = SentenceMaker(WORDS)
        first, second = maker.make(3)[1], maker.make(3)[1]
        np.testing.assert_array_equal(first.samples, second.samples)
        assert first.frames.sum() == len(first.f0) == len(first.samples) // 200

    @pytest.mark.parametrize("emotion", HUMAN_EMOTIONS.values(), ids=HUMAN_EMOTIONS)
    def test_speech_has_the_rate_of_its_emotion_and_natural_pauses(self, emotion) -> None:
        script, durations = Script(WORDS), DurationModel(WORDS)
        rates, pauses = [], []
        for number in range(60):
            sentence = script.sentence(number)
            timing = durations.timing(sentence, emotion)
            spoken = sum(span.end - span.start for span in timing.spans)
            rates.append(sum(len(word.syllables) for word in sentence.prosodic_words) / (spoken / FRAME_RATE))
            levels = [word.break_level for word in sentence.prosodic_words]
            pauses += [frames for frames, level in zip(timing.break_frames, levels, strict=True) if level >= 3]
            assert timing.length == spoken + sum(timing.break_frames)
        assert np.mean(rates) == pytest.approx(SYLLABLES_PER_SECOND * emotion.rate, rel=0.06)
        assert np.min(pauses) / FRAME_RATE > 0.15
        assert np.max(pauses) / FRAME_RATE < 0.65

    def test_pitch_falls_in_statements_and_less_in_questions(self) -> None:
        script, durations = Script(WORDS), DurationModel(WORDS)
        intonation, neutral = Intonation(median_log_f0(WORDS)), HUMAN_EMOTIONS["neutral"]
        ends: dict[bool, list[float]] = {True: [], False: []}
        for number in range(80):
            sentence = script.sentence(number)
            timing = durations.timing(sentence, neutral)
            sources = [
                np.full(round(span.end * 2.5) - round(span.start * 2.5), int(span.word.bounds[0]) + 40)
                for span in timing.spans
            ]
            contour = intonation.contour(sentence, timing, sources, neutral)
            end = round(timing.spans[-1].end * 2.5)
            ends[sentence.is_question].append(np.log(contour[end - 10 : end].mean() / contour[:10].mean()))
        assert np.mean(ends[False]) < -0.15
        assert np.mean(ends[True]) > np.mean(ends[False]) + 0.15


class TestEnglishWords:
    def test_they_are_prosodic_words_of_their_own(self) -> None:
        sentences = [Script(WORDS, [ENGLISH]).sentence(number) for number in range(300)]
        words = [word for one in sentences for word in one.prosodic_words]
        english = [word for word in words if any(recorded.is_english for recorded in word.words)]
        assert len(english) / len(words) == pytest.approx(ENGLISH_PROBABILITY, abs=0.03)
        assert all(len(word.words) == 1 for word in english)
        assert {tuple(unit.phone for unit in word.units) for word in english if word.break_level == 2} == {
            ("ow", "k", "ey", "#2")
        }
        assert any("okay#" in one.text for one in sentences)

    def test_a_sentence_has_their_units_and_durations(self) -> None:
        maker, script = SentenceMaker(WORDS, [ENGLISH]), Script(WORDS, [ENGLISH])
        number = next(
            number for number in range(100)
            if script.sentence(number).emotion == "neutral"
            and not script.sentence(number).prosodic_words[0].words[0].is_english
            and "okay" in script.sentence(number).text
        )  # fmt: skip
        speech = maker.make(number)[1]
        phones = [unit.phone for unit in speech.units]
        first = phones.index("ow")
        assert phones[first : first + 3] == ["ow", "k", "ey"]
        assert speech.frames.sum() == len(speech.f0)

    def test_they_keep_their_durations_whatever_the_rate_of_the_mandarin_words(self) -> None:
        script, durations = Script(WORDS, [ENGLISH]), DurationModel(WORDS)
        sentences = [script.sentence(number) for number in range(100)]
        timings = [durations.timing(sentence, HUMAN_EMOTIONS["neutral"]) for sentence in sentences]
        spans = [span for timing in timings for span in timing.spans if span.word.is_english and span.start > 0]
        frames = [[span.end - span.start for span in spans if span.index == index] for index in range(3)]
        seconds = [np.mean(each) / FRAME_RATE for each in frames]
        np.testing.assert_allclose(seconds, np.array([20, 20, 40]) * 0.005, rtol=0.04)


class TestErhua:
    def test_a_part_of_the_words_has_it(self) -> None:
        sentences = [Script([*WORDS, ERHUA]).sentence(number) for number in range(400)]
        words = [word for one in sentences for group in one.prosodic_words for word in group.words if word.rhotic]
        groups = sum(len(one.prosodic_words) for one in sentences)
        possible = sum(vowel_class(word) == "a" for word in WORDS) / len(WORDS)
        assert len(words) / groups == pytest.approx(ERHUA_PROBABILITY * possible, rel=0.5)
        assert {word.rhotic.text for word in words} == {"好玩儿[1]"}
        assert not any(
            word.rhotic for one in map(Script(WORDS).sentence, range(50)) for word in one.prosodic_words[0].words
        )

    def test_the_last_final_is_another_phone(self) -> None:
        word = with_erhua(WORDS[TEXTS.index("现在")], ERHUA.cut(1))
        assert (word.syllables, word.phones) == (("xian4", "zair4"), ["xx_c", "ian_c", "z_c", "air_c"])
        assert [recorded_phone(word, index) for index in range(4)] == ["xx_c", "ian_c", "z_c", "ai_c"]
        assert recorded_phone(recorded_word("二", 0), 1) == "er_c"
        classes = {text: vowel_class(recorded_word(text, 0)) for text in ("现在", "老师", "水果", "好", "二", "好玩儿")}
        assert classes == {"现在": "a", "老师": "en", "水果": "ou", "好": "ao", "二": None, "好玩儿": None}
        assert vowel_class(ENGLISH) is None

    def test_its_sound_comes_from_words_that_were_recorded_with_it(self) -> None:
        found = rhotic_syllables([*WORDS, ERHUA, recorded_word("二", 0), ENGLISH])
        assert {name: [word.text for word in words] for name, words in found.items()} == {"a": ["好玩儿[1]"]}
        assert found["a"][0].phones == ["w_c", "anr_c"]

    def test_the_final_ends_as_the_recorded_one_and_keeps_its_power(self) -> None:
        plain = WORDS[TEXTS.index("电影")].cut(0)
        bright = np.diff(ERHUA.samples, prepend=np.float32(0))
        rhotic = RecordedWord(ERHUA.text, ERHUA.syllables, bright, ERHUA.f0, ERHUA.bounds).cut(1)
        own, other, colored = analyze(plain), analyze(rhotic), analyze(with_erhua(plain, rhotic))
        start, end = plain.bounds[1:].tolist()
        np.testing.assert_array_equal(colored.envelope[:start], own.envelope[:start])
        np.testing.assert_allclose(colored.envelope.sum(1), own.envelope.sum(1), rtol=1e-4)

        def shape(envelope: np.ndarray) -> np.ndarray:
            below_3_khz = envelope[: BINS * 3 // 8]  # the buzz has 19 harmonics
            return np.log(below_3_khz / below_3_khz.sum())

        middle = other.envelope[int(rhotic.bounds[1:].mean())]
        last, first = colored.envelope[end - 5], colored.envelope[start + 5]
        distances = [np.abs(shape(each) - shape(middle)).mean() for each in (last, first)]
        assert distances[0] < 0.25 * distances[1]

    def test_a_medial_is_kept(self) -> None:
        assert coloring("ian", "an", 100).share[28] == 0
        assert coloring("an", "ian", 100).share[32] == 1
        assert coloring("an", "ian", 100).colored.min() == CLASSES["a"]["ian"]


def test_an_emotion_moves_the_formants_and_tilts_the_spectrum() -> None:
    hz = np.linspace(0, 8000, BINS)
    formant = np.exp(-0.5 * ((hz - 1000) / 100) ** 2) + 1e-6
    envelope = np.stack([formant, np.full(BINS, 0.3)])
    for emotion in HUMAN_EMOTIONS.values():
        moved, flat = expressed(envelope, emotion)
        assert hz[moved.argmax()] == pytest.approx(1000 * emotion.formants, abs=16)
        assert 10 * np.log10(flat[hz > 6000] / 0.3) == pytest.approx(emotion.tilt_db, abs=0.1)
        np.testing.assert_allclose(flat[hz < 1500], 0.3)
    assert HUMAN_EMOTIONS["happy"].formants > HUMAN_EMOTIONS["neutral"].formants > HUMAN_EMOTIONS["angry"].formants
