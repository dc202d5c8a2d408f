"""The recipe of the voice: what it says, how it is trained, how it is judged."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

for package in ("torch", "pyworld", "soxr", "scipy"):
    pytest.importorskip(package)
pytestmark = pytest.mark.filterwarnings("default")

from server.text.english import word_pronunciation  # noqa: E402
from server.text.english.dictionary import VOWELS  # noqa: E402
from server.text.units.syllables import to_phones  # noqa: E402
from training.voice import arpabet, erhua  # noqa: E402
from training.voice.scoring import Lexicon, Score, score  # noqa: E402
from training.voice.script import write_line  # noqa: E402
from training.voice.speakers import HARMONICS, STYLES  # noqa: E402
from training.voice.vocabulary import PHONES  # noqa: E402

LINES = [write_line(str(seed), STYLES["female-neutral"], False, seed) for seed in range(500)]
MANDARIN = [word for line in LINES for word in line.words if not word.english]


def units(*phones: str) -> list[tuple[str, str, str, str]]:
    """`zh_c ang1`: syllables of an initial and a final with its tone; `= k ae t`: an English word."""
    found = []
    for phone in phones:
        if phone[-1].isdigit():
            found.append((phone[:-1], f"tone{phone[-1]}", "s_end", "word_middle"))
        elif phone.endswith("_c") or phone in ("ga", "ge", "go"):
            found.append((phone, "tone1", "s_begin", "word_middle"))
        else:
            found.append((phone.strip("="), "tone1", "s_middle", "word_begin" if "=" in phone else "word_middle"))
    return found


def test_a_line_depends_on_its_seed_alone() -> None:
    assert LINES[7] == write_line("7", STYLES["female-neutral"], False, 7)
    assert LINES[7].words != LINES[8].words


def test_no_third_tone_stands_before_another_within_a_clause() -> None:
    for line in LINES:
        clauses = "".join("".join(word.syllables) + "|" * (word.level >= 2 or word.english) for word in line.words)
        assert not re.search("[a-z]3[a-z]+3", clauses), clauses


def test_the_script_has_breaks_of_every_level_erhua_english_and_questions() -> None:
    assert {word.level for line in LINES for word in line.words} == {1, 2, 3, 4}
    assert any(word.english for line in LINES for word in line.words)
    assert any(line.question for line in LINES)
    finals = {to_phones(syllable[:-1], "PinYin")[1] for word in MANDARIN for syllable in word.syllables}
    assert finals <= set(PHONES)
    assert len([final for final in finals if final.endswith("r_c")]) > 25


def test_every_erhua_final_that_can_be_written_can_be_spoken() -> None:
    for phone in PHONES:
        if phone.endswith("r_c") and phone not in ("r_c", "er_c"):
            assert phone.removesuffix("r_c") in erhua.FINALS


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
def test_the_highest_harmonic_stays_below_half_the_rate(style) -> None:
    assert style.pitch[1] * 1.08 * HARMONICS < 8200


@pytest.mark.parametrize(
    ("spelled", "expected"),
    [
        ("'aI", "ay/s_both/1"),
        ("'I|n|t|3", "ih/s_begin/1 n/s_end/1 t/s_begin/0 er/s_end/0"),
        ("k|@|m|p|j|'u:", "k/s_begin/0 ah/s_middle/0 m/s_end/0 p/s_begin/1 y/s_middle/1 uw/s_end/1"),
    ],
)
def test_english_is_cut_into_syllables_by_the_longest_onset(spelled: str, expected: str) -> None:
    phones = [
        (part, sound.stressed and part in VOWELS) for sound in arpabet.transcribe(spelled) for part in sound.phones
    ]
    shown = [f"{phone.name}/{phone.flag}/{int(phone.stressed)}" for phone in arpabet.syllables(phones)]
    assert " ".join(shown) == expected


@pytest.mark.parametrize(
    ("word", "spelled", "phones"),
    [
        ("story", "s|t|'o@|r|i", "s t ao r iy"),
        ("history", "h|'I|s|t|3|r|i", "hh ih s t er iy"),
        ("museum", "m|j|u:|z|'i@|m", "m y uw z iy ah m"),
        ("theory", "T|'i@|r|i", "th ih r iy"),
        ("studio", "s|t|'u:|d|I2|;|,oU", "s t uw d iy ow"),
        ("YouTube", "j|u: t|'u:|b", "y uw t uw b"),
    ],
)
def test_what_espeak_writes_is_labelled_as_the_dictionary_would(word: str, spelled: str, phones: str) -> None:
    sounds = list(arpabet.transcribe(spelled))
    assert all(sound.known for sound in sounds)
    assert " ".join(phone for sound in sounds for phone in sound.phones) == phones
    assert tuple(phones.split()) == tuple(phone.rstrip("1") for phone in word_pronunciation.pronounce(word.lower()))


def test_a_course_that_is_killed_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    import torch

    program = """
import os, signal, sys, torch
from pathlib import Path
from training.voice.course import Course, follow
folder, die = Path(sys.argv[1]), int(sys.argv[2])
torch.manual_seed(0)
model = torch.nn.Linear(3, 1)
optimiser = torch.optim.AdamW(model.parameters())
def step(number, batch):
    if number == die:
        os.kill(os.getpid(), signal.SIGKILL)
    loss = (model(torch.randn(2, 3)) * batch).sum()
    optimiser.zero_grad(); loss.backward(); optimiser.step()
    return {"loss": loss.item()}
follow(Course(folder, 9, 1, 2, 3), {"model": model, "optimiser": optimiser}, iter(range(100)), step, lambda _: {})
"""

    def run(folder: str, die: int) -> int:
        return subprocess.run([sys.executable, "-c", program, str(tmp_path / folder), str(die)]).returncode

    assert run("whole", -1) == 0
    assert run("killed", 5) == -signal.SIGKILL
    assert run("killed", -1) == 0
    whole, killed = (torch.load(tmp_path / name / "latest.pth", weights_only=True) for name in ("whole", "killed"))
    assert whole["steps"] == killed["steps"] == 9
    for name, weight in whole["model"].items():
        torch.testing.assert_close(weight, killed["model"][name], rtol=0, atol=0)


class TestScoring:
    def score(self, said: list[str], heard: str, lexicon: Lexicon | None = None) -> Score:
        return score(units(*said), heard.split(), lexicon)

    def test_what_is_heard_as_it_was_said_has_no_errors(self) -> None:
        found = self.score(["n_c", "i_c2", "h_c", "ao_c3", "ge", "e_c4"], "n_c i_c2 h_c ao_c3 e_c4")
        assert (found.syllables, found.wrong_syllables, found.wrong_tones) == (3, 0, 0)

    def test_a_wrong_tone_is_no_wrong_syllable(self) -> None:
        found = self.score(["n_c", "i_c2", "h_c", "ao_c3"], "n_c i_c3 h_c ao_c3")
        assert (found.wrong_syllables, found.wrong_tones) == (0, 1)

    @pytest.mark.parametrize("heard", ["n_c i_c2 h_c ou_c3", "n_c i_c2 ao_c3", "n_c i_c2 h_c ao_c3 t", "n_c i_c2"])
    def test_wrong_missing_and_added_phones_are_wrong_syllables(self, heard: str) -> None:
        assert self.score(["n_c", "i_c2", "h_c", "ao_c3"], heard).wrong_syllables == 1

    @pytest.mark.parametrize(("heard", "wrong"), [("k ae d", 0), ("k ae p", 1), ("k eh t", 0), ("k eh p", 1)])
    def test_a_word_is_right_while_no_other_is_nearer(self, heard: str, wrong: int) -> None:
        lexicon = {
            ("k", "ae", "t"): frozenset(["cat"]),
            ("k", "ae", "p"): frozenset(["cap"]),
            ("b", "ae", "d"): frozenset(["bad"]),
        }
        assert self.score(["=k", "ae", "t"], heard, lexicon).wrong_words == wrong

    def test_a_word_may_be_heard_in_another_of_its_pronunciations(self) -> None:
        one, other = ("ao", "f", "ih", "s"), ("aa", "f", "ih", "s")
        said, heard = ["=ao", "f", "ih", "s"], " ".join(other)
        assert self.score(said, heard, {one: frozenset(["office"]), other: frozenset(["offers"])}).wrong_words == 1
        assert self.score(said, heard, dict.fromkeys((one, other), frozenset(["office"]))).wrong_words == 0
