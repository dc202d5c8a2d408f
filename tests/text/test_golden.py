"""Compares every sentence of sentences.txt, and reports all differences together."""

from collections.abc import Callable
from pathlib import Path

from server.text.sentence import Sentence

LINES = (Path(__file__).parent / "sentences.txt").read_text(encoding="utf-8").splitlines()
GOLDEN = [tuple(line.split("|")) for line in LINES if not line.startswith("#")]


def test_sentences_are_read_as_reviewed(read: Callable[[str], list[Sentence]]) -> None:
    assert len(GOLDEN) >= 320
    differences = []
    for text, normalized, pinyin in GOLDEN:
        sentences = read(text)
        for expected, got in (
            (normalized or text, "".join(sentence.normalized for sentence in sentences)),
            (pinyin, " ".join(syllable for sentence in sentences for syllable in sentence.pinyin)),
        ):
            if expected != got:
                differences.append(f"{text}\n    expected  {expected}\n    got       {got}\n{_marks(expected, got)}")
    assert not differences, f"{len(differences)} readings have changed:\n" + "\n".join(differences)


def test_no_sentence_is_listed_twice() -> None:
    assert len({text for text, _, _ in GOLDEN}) == len(GOLDEN)


def _marks(expected: str, got: str) -> str:
    """Lists the words that differ; nothing if their numbers differ."""
    old, new = expected.split(), got.split()
    if len(old) != len(new):
        return ""
    pairs = (f"{one} -> {other}" for one, other in zip(old, new, strict=True) if one != other)
    return f"              {', '.join(pairs)}"
