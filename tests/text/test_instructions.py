"""Instructions: an emotion and a pace when they are said plainly; negations and everything else choose nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.text.instructions.parser import Instructions, parse_instructions
from server.text.instructions.vocabulary import Emotion, Pace, vocabulary

EMOTIONS = ("neutral", "happy", "sad", "angry")
WORDS = {phrase: choice for phrase, choice in vocabulary().items() if choice is not None}


@pytest.mark.parametrize(
    ("text", "emotion", "speed"),
    [
        ("speak happily", "happy", None),
        ("Speak HAPPILY.", "happy", None),
        ("in a sad voice, slowly", "sad", 0.8),
        ("用悲伤的语气慢一点", "sad", 0.9),
        ("开心地说", "happy", None),
        ("语速快一点", None, 1.1),
        ("请用愤怒的语气朗读这段话，语速非常快。", "angry", 1.5),
        ("Tone: cheerful\nPacing: very slow", "happy", 0.65),
        ("please read it a little bit slower", None, 0.9),
        ("at a normal pace", None, 1.0),
        ("语速适中", None, 1.0),
        ("特别高兴", "happy", None),
        ("用 happy 的语气说", "happy", None),
        ("angrily and quickly", "angry", 1.25),
        ("Please read this text aloud.", None, None),
        ("", None, None),
        ("……！？", None, None),
    ],
)
def test_what_is_said_plainly_is_understood(text: str, emotion: str | None, speed: float | None) -> None:
    assert parse_instructions(text, EMOTIONS) == Instructions(emotion, speed)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Speak like a pirate, happily.", Instructions("happy", None, ("Speak like a pirate",))),
        ("Speak in a cheerful and positive tone", Instructions("happy", None, ("positive tone",))),
        ("Tell the story of a sad clown", Instructions(ignored=("Tell the story of a sad clown",))),
        ("像海盗一样，慢慢说", Instructions(None, 0.8, ("像海盗一样",))),
        ("unhappy; happy birthday", Instructions(ignored=("unhappy", "happy birthday"))),
        ("happily and sadly", Instructions("happy", None, ("sadly",))),
        ("slowly, faster", Instructions(None, 0.8, ("faster",))),
        ("温柔地说，慢一点", Instructions(None, 0.9, ("温柔",))),  # the voice has no such emotion
    ],
)
def test_the_rest_is_returned_as_it_was_written(text: str, expected: Instructions) -> None:
    assert parse_instructions(text, EMOTIONS) == expected


@pytest.mark.parametrize(
    "text",
    [
        "don't sound sad",
        "Don’t sound sad, angry or slow",
        "do not be sad",
        "never slowly, never sadly",
        "Please don't, under any circumstances, sound sad",
        "without anger",
        "not too fast",
        "avoid: sad, angry",
        "不要悲伤",
        "别生气",
        "不要用悲伤、愤怒的语气说",
        "避免悲伤，愤怒",
        "一点也不开心",
        "并非开心",
        "不快",
    ],
)
def test_a_negation_chooses_nothing(text: str) -> None:
    found = parse_instructions(text, EMOTIONS)
    assert (found.emotion, found.speed) == (None, None)
    assert found.ignored


@pytest.mark.parametrize(
    ("text", "emotion"),
    [
        ("Don't sound sad, but happy", "happy"),
        ("Don't sound sad. Speak happily.", "happy"),
        ("不要悲伤，要开心", "happy"),
        ("不是悲伤而是愤怒", "angry"),
        ("Speak happily, don't shout", "happy"),
    ],
)
def test_a_negation_ends_with_a_contrast_or_its_sentence(text: str, emotion: str) -> None:
    assert parse_instructions(text, EMOTIONS).emotion == emotion


def test_without_a_pace_the_words_for_it_are_ignored() -> None:
    assert parse_instructions("sadly, slowly", EMOTIONS, pace=False) == Instructions("sad", None, ("slowly",))


def test_every_phrase_is_understood_alone_and_not_after_a_negation() -> None:
    emotions = {choice.name for choice in WORDS.values() if isinstance(choice, Emotion)}
    for phrase, choice in WORDS.items():
        expected = Instructions(choice.name) if isinstance(choice, Emotion) else Instructions(speed=choice.speed)
        assert parse_instructions(phrase, emotions) == expected
        for negation in ("don't be ", "不要", "not "):
            found = parse_instructions(negation + phrase, emotions)
            assert (found.emotion, found.speed) == (None, None), negation + phrase


speeds = {one.speed for one in WORDS.values() if isinstance(one, Pace)}
pieces = st.one_of(st.sampled_from([*vocabulary(), " ", ", ", "。", "don't ", "不要", "but "]), st.text(max_size=5))


@given(st.one_of(st.text(), st.lists(pieces, max_size=20).map("".join)))
def test_any_text_gives_a_known_emotion_and_pace_and_parts_of_itself(text: str) -> None:
    found = parse_instructions(text, EMOTIONS)
    assert found.emotion in (None, *EMOTIONS)
    assert found.speed is None or found.speed in speeds
    spoken = " ".join(text.lower().split())
    assert all(" ".join(part.lower().split()) in spoken for part in found.ignored)


def test_a_word_that_can_be_divided_in_many_ways_is_no_problem() -> None:
    assert parse_instructions("一点" * 2000 + "x", EMOTIONS).ignored == ("一点" * 2000 + "x",)
