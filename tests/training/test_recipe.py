"""The recipe of the embedded voice: script, labels, training loop, scoring."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

for package in ("torch", "pyworld", "soxr", "scipy"):
    pytest.importorskip(package)
pytestmark = pytest.mark.filterwarnings("default")

from server.text.english.dictionary import VOWELS  # noqa: E402
from server.text.english.word_pronunciation import pronounce  # noqa: E402
from server.text.units.syllables import to_phones  # noqa: E402
from training.voice.corpus import arpabet, erhua  # noqa: E402
from training.voice.corpus.espeak import Phoneme, SynthesizedSpeech  # noqa: E402
from training.voice.corpus.labels import PhonemeMismatchError  # noqa: E402
from training.voice.corpus.recording import record  # noqa: E402
from training.voice.corpus.script import Sentence, Word, random_sentence  # noqa: E402
from training.voice.corpus.speakers import HARMONICS, STYLES  # noqa: E402
from training.voice.evaluate.scoring import Lexicon, Score, score  # noqa: E402
from training.voice.models.vocabulary import EMOTION_ROWS, PHONES  # noqa: E402
from training.voice.train.dataset import Statistics, Utterance, collate  # noqa: E402

SENTENCES = [random_sentence(str(seed), STYLES["female-neutral"], False, seed) for seed in range(500)]
MANDARIN = [word for sentence in SENTENCES for word in sentence.words if not word.english]


def units(*phones: str) -> list[tuple[str, str, str, str]]:
    """`zh_c ang_c1` is a syllable of initial and final with tone; `=k ae t` is an English word."""
    labels = []
    for phone in phones:
        if phone[-1].isdigit():
            labels.append((phone[:-1], f"tone{phone[-1]}", "s_end", "word_middle"))
        elif phone.endswith("_c") or phone in ("ga", "ge", "go"):
            labels.append((phone, "tone1", "s_begin", "word_middle"))
        else:
            labels.append((phone.strip("="), "tone1", "s_middle", "word_begin" if "=" in phone else "word_middle"))
    return labels


def test_a_sentence_depends_on_its_seed_alone() -> None:
    assert SENTENCES[7] == random_sentence("7", STYLES["female-neutral"], False, 7)
    assert SENTENCES[7].words != SENTENCES[8].words


def test_no_third_tone_precedes_another_within_a_clause() -> None:
    for sentence in SENTENCES:
        clauses = "".join(
            "".join(word.syllables) + "|" * (word.break_level >= 2 or word.english) for word in sentence.words
        )
        assert not re.search("[a-z]3[a-z]+3", clauses), clauses


def test_the_script_has_breaks_of_every_level_erhua_english_and_questions() -> None:
    assert {word.break_level for sentence in SENTENCES for word in sentence.words} == {1, 2, 3, 4}
    assert any(word.english for sentence in SENTENCES for word in sentence.words)
    assert any(sentence.is_question for sentence in SENTENCES)
    finals = {to_phones(syllable[:-1], "PinYin")[1] for word in MANDARIN for syllable in word.syllables}
    assert finals <= set(PHONES)
    assert len([final for final in finals if final.endswith("r_c")]) > 25


def test_every_erhua_phone_has_espeak_phonemes() -> None:
    for phone in PHONES:
        if phone.endswith("r_c") and phone not in ("r_c", "er_c"):
            assert phone.removesuffix("r_c") in erhua.FINALS


def test_speech_whose_times_do_not_increase_is_refused() -> None:
    class Confused:
        def synthesize(self, *_: object) -> SynthesizedSpeech:
            phonemes = (Phoneme("n", 0.0), Phoneme("i", 0.3), Phoneme("_|", 0.2))
            return SynthesizedSpeech(np.zeros(11025, np.float32), 22050, phonemes)

    sentence = Sentence("0", STYLES["female-neutral"], (Word(("ni3",), 4),), False)
    with pytest.raises(PhonemeMismatchError, match="ends before it begins"):
        record(sentence, Confused())  # type: ignore[arg-type]


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
def test_the_highest_harmonic_of_the_highest_f0_stays_below_8200_hz(style) -> None:
    assert style.f0_range[1] * 1.08 * HARMONICS < 8200


@pytest.mark.parametrize(
    ("transcription", "expected"),
    [
        ("'aI", "ay/s_both/1"),
        ("'I|n|t|3", "ih/s_begin/1 n/s_end/1 t/s_begin/0 er/s_end/0"),
        ("k|@|m|p|j|'u:", "k/s_begin/0 ah/s_middle/0 m/s_end/0 p/s_begin/1 y/s_middle/1 uw/s_end/1"),
    ],
)
def test_english_is_syllabified_by_the_maximal_onset_principle(transcription: str, expected: str) -> None:
    phones = [
        (phone, phoneme.stressed and phone in VOWELS)
        for phoneme in arpabet.to_arpabet(transcription)
        for phone in phoneme.phones
    ]
    shown = [f"{phone.name}/{phone.flag}/{int(phone.stressed)}" for phone in arpabet.syllabify(phones)]
    assert " ".join(shown) == expected


@pytest.mark.parametrize(
    ("word", "transcription", "phones"),
    [
        ("story", "s|t|'o@|r|i", "s t ao r iy"),
        ("history", "h|'I|s|t|3|r|i", "hh ih s t er iy"),
        ("museum", "m|j|u:|z|'i@|m", "m y uw z iy ah m"),
        ("theory", "T|'i@|r|i", "th ih r iy"),
        ("studio", "s|t|'u:|d|I2|;|,oU", "s t uw d iy ow"),
        ("YouTube", "j|u: t|'u:|b", "y uw t uw b"),
    ],
)
def test_transcriptions_of_espeak_give_the_phones_of_the_dictionary(word: str, transcription: str, phones: str) -> None:
    phonemes = list(arpabet.to_arpabet(transcription))
    assert all(phoneme.known for phoneme in phonemes)
    assert " ".join(phone for phoneme in phonemes for phone in phoneme.phones) == phones
    assert tuple(phones.split()) == tuple(phone.rstrip("1") for phone in pronounce(word.lower()))


def test_a_killed_training_resumes_with_the_same_weights(tmp_path: Path) -> None:
    import torch

    program = """
import os, signal, sys, torch
from argparse import Namespace
from pathlib import Path
from training.voice.train.training_loop import run_training
folder, killed_at = Path(sys.argv[1]), int(sys.argv[2])
torch.manual_seed(0)
model = torch.nn.Linear(3, 1)
optimizer = torch.optim.AdamW(model.parameters())
def step(number, batch):
    if number == killed_at:
        os.kill(os.getpid(), signal.SIGKILL)
    loss = (model(torch.randn(2, 3)) * batch).sum()
    optimizer.zero_grad(); loss.backward(); optimizer.step()
    return {"loss": loss.item()}
def validate():
    return {"first": model.weight[0, 0].item()}
parts = {"model": model, "optimizer": optimizer}
arguments = Namespace(folder=folder, steps=9, seed=1, save_every=2)
run_training(arguments, parts, iter(range(100)), step, validate, report_every=3)
"""

    def run(folder: str, killed_at: int) -> int:
        command = [sys.executable, "-c", program, str(tmp_path / folder), str(killed_at)]
        return subprocess.run(command, check=False).returncode

    assert run("uninterrupted", -1) == 0
    assert run("killed", 5) == -signal.SIGKILL
    assert run("killed", -1) == 0
    uninterrupted, killed = (
        torch.load(tmp_path / name / "latest.pth", weights_only=True) for name in ("uninterrupted", "killed")
    )
    assert uninterrupted["steps"] == killed["steps"] == 9
    for name, weight in uninterrupted["model"].items():
        torch.testing.assert_close(weight, killed["model"][name], rtol=0, atol=0)
        assert not torch.equal(weight, killed["parts"]["model"][name]), "the result is averaged"


def utterance(frames: list[int]) -> Utterance:
    """Syllables without an initial in silence, the last unit a break."""
    labels = [("ge", "tone1", "s_begin", "word_begin")] * (len(frames) - 1) + [
        ("#4", "tone_none", "s_none", "word_none")
    ]
    length = sum(frames)
    return Utterance(
        "00000", "male", "sad", "", np.array(labels), np.array(frames), np.zeros(length * 200, np.int16),
        np.zeros((length, 80), np.float16), np.full(length, 3, np.float32), np.full(length, 130, np.float32),
        np.arange(length) < frames[0],
    )  # fmt: skip


def test_a_batch_pads_units_and_rounds_frames_up_to_decoder_steps() -> None:
    statistics = Statistics(np.ones(80, np.float32), np.full(80, 2, np.float32), (100.0, 10.0), (1.0, 2.0))
    batch = collate([utterance([2, 0, 3]), utterance([1, 1])], statistics)
    assert batch.unit_rows.shape == (2, 3, 4)
    assert batch.unit_mask.tolist() == [[True] * 3, [True, True, False]]
    assert batch.durations.tolist() == [[2, 0, 3], [1, 1, 0]]
    assert batch.emotions[0, 0] == EMOTION_ROWS["sad"]
    assert batch.emotions[0, 2] == EMOTION_ROWS["none"]
    assert batch.pitch.tolist() == [[3, 0, 0], [3, 0, 0]]
    assert batch.energy.tolist() == [[1, 0, 1], [1, 1, 0]]
    assert batch.frame_units.tolist() == [[0, 0, 2, 2, 2, -1], [0, 1, -1, -1, -1, -1]]
    assert batch.frame_positions.tolist() == [[1, 2, 1, 2, 3, 0], [1, 1, 0, 0, 0, 0]]
    assert batch.mel.shape == (2, 6, 82)
    assert batch.mel[0, :, -1].tolist() == [1, 1, 0, 0, 0, 0]
    assert batch.mel[0, :, 0].tolist() == [-0.5] * 5 + [0]


class TestScoring:
    def score(self, reference: list[str], recognized: str, lexicon: Lexicon | None = None) -> Score:
        return score(units(*reference), recognized.split(), lexicon)

    def test_a_correct_recognition_has_no_errors(self) -> None:
        errors = self.score(["n_c", "i_c2", "h_c", "ao_c3", "ge", "e_c4"], "n_c i_c2 h_c ao_c3 e_c4")
        assert (errors.syllables, errors.wrong_syllables, errors.wrong_tones) == (3, 0, 0)

    def test_a_wrong_tone_is_not_a_wrong_syllable(self) -> None:
        errors = self.score(["n_c", "i_c2", "h_c", "ao_c3"], "n_c i_c3 h_c ao_c3")
        assert (errors.wrong_syllables, errors.wrong_tones) == (0, 1)

    @pytest.mark.parametrize("recognized", ["n_c i_c2 h_c ou_c3", "n_c i_c2 ao_c3", "n_c i_c2 h_c ao_c3 t", "n_c i_c2"])
    def test_wrong_missing_and_inserted_phones_are_wrong_syllables(self, recognized: str) -> None:
        assert self.score(["n_c", "i_c2", "h_c", "ao_c3"], recognized).wrong_syllables == 1

    @pytest.mark.parametrize(("recognized", "wrong"), [("k ae d", 0), ("k ae p", 1), ("k eh t", 0), ("k eh p", 1)])
    def test_a_word_is_correct_unless_another_word_is_nearer(self, recognized: str, wrong: int) -> None:
        lexicon = {
            ("k", "ae", "t"): frozenset(["cat"]),
            ("k", "ae", "p"): frozenset(["cap"]),
            ("b", "ae", "d"): frozenset(["bad"]),
        }
        assert self.score(["=k", "ae", "t"], recognized, lexicon).wrong_words == wrong

    def test_any_pronunciation_of_a_word_is_correct(self) -> None:
        one, other = ("ao", "f", "ih", "s"), ("aa", "f", "ih", "s")
        reference, recognized = ["=ao", "f", "ih", "s"], " ".join(other)
        two_words = {one: frozenset(["office"]), other: frozenset(["offers"])}
        one_word = dict.fromkeys((one, other), frozenset(["office"]))
        assert self.score(reference, recognized, two_words).wrong_words == 1
        assert self.score(reference, recognized, one_word).wrong_words == 0
