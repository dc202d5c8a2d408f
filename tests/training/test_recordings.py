"""The human speaker: recordings are fetched, cleaned and aligned, and become pseudo-sentences."""

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

for package in ("torch", "pyworld", "soxr", "scipy"):
    pytest.importorskip(package)
pytestmark = pytest.mark.filterwarnings("ignore:pkg_resources:UserWarning")

import soundfile  # noqa: E402

from training.voice.analysis.f0 import f0_contour  # noqa: E402
from training.voice.analysis.features import FRAME_RATE  # noqa: E402
from training.voice.corpus.labels import Unit  # noqa: E402
from training.voice.recordings import source  # noqa: E402
from training.voice.recordings.alignment import Aligner, WordFeatures  # noqa: E402
from training.voice.recordings.cleaning import LEVEL_DBFS, clean  # noqa: E402
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
from training.voice.recordings.readings import other_readings, read_word  # noqa: E402
from training.voice.recordings.style import HUMAN_EMOTIONS, SCALE  # noqa: E402
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


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


class TestSource:
    @pytest.fixture
    def repository(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A repository like that of the recordings, with one word."""
        folder = tmp_path / "repository"
        (folder / source.FOLDER).mkdir(parents=True)
        (folder / source.FOLDER / "cmn-你好.mp3").write_bytes(b"speech")
        (folder / "README.md").write_text(f"| {source.SPEAKER_CREDIT} | {source.SPEAKER_LICENSE} |\n")
        git(folder, "init", "--quiet")
        git(folder, "add", ".")
        git(folder, "commit", "--quiet", "-m", "recordings")
        monkeypatch.setattr(source, "COMMIT", git(folder, "rev-parse", "HEAD"))
        return folder

    def test_recordings_are_fetched_once(self, repository: Path, tmp_path: Path) -> None:
        fetched = source.fetch(tmp_path / "fetched", str(repository))
        assert [text for text, _ in source.recording_files(fetched)] == ["你好"]
        assert source.fetch(tmp_path / "fetched", "/nowhere") == fetched

    def test_a_changed_recording_is_refused(self, repository: Path, tmp_path: Path) -> None:
        fetched = source.fetch(tmp_path / "fetched", str(repository))
        (fetched / "cmn-你好.mp3").write_bytes(b"something else")
        with pytest.raises(SystemExit, match="not as in commit"):
            source.fetch(tmp_path / "fetched", str(repository))

    def test_another_license_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "README.md").write_text(f"| {source.SPEAKER_CREDIT} | all rights reserved |\n")
        with pytest.raises(SystemExit, match="does not say"):
            source.check_license(tmp_path / "README.md")

    def test_without_a_network_a_folder_can_be_named(self, tmp_path: Path) -> None:
        with pytest.raises(SystemExit, match="--recordings FOLDER"):
            source.fetch(tmp_path / "fetched", str(tmp_path / "nowhere"))

    def test_patterns_are_not_words(self, tmp_path: Path) -> None:
        for name in ("cmn-从_到_.mp3", "cmn-名字.mp3", "名字.mp3", "cmn-名字.txt"):
            (tmp_path / name).touch()
        assert [text for text, _ in source.recording_files(tmp_path)] == ["名字"]
        (tmp_path / "cmn-名字.mp3").unlink()
        with pytest.raises(SystemExit, match="has no files like"):
            list(source.recording_files(tmp_path))


class TestCleaning:
    RATE = 22050

    def write(self, path: Path, *parts: float) -> Path:
        """Tones of 220 Hz of these durations in seconds; negative ones are silence."""
        rng = np.random.default_rng(0)
        signal = [
            np.sin(2 * np.pi * 220 * np.arange(int(abs(part) * self.RATE)) / self.RATE) * (0.2 if part > 0 else 0)
            for part in (-0.3, *parts, -0.3)
        ]
        samples = np.concatenate(signal)
        hum = 0.01 * np.sin(2 * np.pi * 50 * np.arange(len(samples)) / self.RATE)
        soundfile.write(path, samples + hum + rng.normal(0, 1e-4, len(samples)), self.RATE)
        return path

    def test_a_recording_is_trimmed_leveled_and_scaled(self, tmp_path: Path) -> None:
        cleaned = clean(self.write(tmp_path / "cmn-啊.wav", 0.5), "啊")
        assert cleaned is not None
        assert len(cleaned.samples) / 16000 == pytest.approx(0.5 / SCALE + 11 / FRAME_RATE, abs=0.04)
        contour = f0_contour(cleaned.samples)
        assert np.median(contour.f0[contour.voiced]) == pytest.approx(220 * SCALE, rel=0.01)
        middle = cleaned.samples[4000:6000]
        assert 10 * np.log10((middle**2).mean()) == pytest.approx(LEVEL_DBFS, abs=1)
        assert np.abs(cleaned.samples[:600]).max() < 0.01

    def test_a_word_that_was_read_in_two_parts_is_left_out(self, tmp_path: Path) -> None:
        assert clean(self.write(tmp_path / "cmn-啊.wav", 0.3, -0.6, 0.3), "啊") is None


def test_words_are_read_with_sandhi_and_corrections() -> None:
    assert read_word("你好") == ("ni2", "hao3")
    assert read_word("得") == ("dei3",)
    assert read_word("女人") == ("nv3", "ren2")
    assert read_word("A") is None
    assert ("chang2",) in other_readings("长")
    assert other_readings("长城") == []


def test_the_aligner_finds_the_boundaries_of_sounds_that_differ() -> None:
    rng = np.random.default_rng(1)
    phones = ["m_c", "a_c", "n_c", "i_c", "l_c", "u_c"]
    sounds = {phone: rng.normal(0, 3, 8) for phone in ["silence", *phones]}
    words, labels, expected = [], [], []
    for _ in range(120):
        chosen = [str(phone) for pair in rng.permutation(3)[:2] for phone in phones[2 * pair : 2 * pair + 2]]
        durations = [20, *rng.integers(15, 50, 4), 20]
        features = np.repeat([sounds[name] for name in ("silence", *chosen, "silence")], durations, axis=0)
        features = (features + rng.normal(0, 0.3, features.shape)).astype(np.float32)
        words.append(WordFeatures(features, np.full(len(features), 200, np.float32)))
        labels.append(chosen)
        expected.append(np.cumsum(durations)[:-1])
    aligner = Aligner(phones)
    aligner.train(words, labels)
    assert aligner.knows(phones)
    assert not aligner.knows(["zh_c"])
    errors = []
    for bounds, truth in zip(aligner.align(words, labels), expected, strict=True):
        assert bounds is not None
        errors.append(np.abs(bounds - truth).max())
    assert np.median(errors) <= 4  # the delays that were measured on speech are subtracted
    right = aligner.log_likelihood(words[0], labels[0])
    assert right > aligner.log_likelihood(words[0], labels[0][2:] + labels[0][:2])


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
        seconds = speech.frames[first : first + 3] / FRAME_RATE
        np.testing.assert_allclose(seconds, np.array([20, 20, 40]) * 0.005, rtol=0.15, atol=0.013)
        assert speech.frames.sum() == len(speech.f0)


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
