"""Latin words inside Chinese sentences."""

import string
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from server.errors import RequestError
from server.text.english import dictionary, names
from server.text.english.g2p import predict
from server.text.english.syllables import syllabify
from server.text.english.tokens import pronounce_token
from server.text.frontend import FrontEnd
from server.text.sentence import Sentence
from server.text.units.syllables import split_tone, to_phones
from server.text.units.unit_tables import UnitTables

Read = Callable[[str], list[Sentence]]
LINES = (Path(__file__).parent / "english.txt").read_text(encoding="utf-8").splitlines()[1:]
TOKENS = [tuple(line.split(" = ")) for line in LINES]
LATIN = st.text(st.sampled_from(string.ascii_letters + "'’- .1好一不"), max_size=60)
WORDS = st.lists(st.sampled_from([token for token, _ in TOKENS]), max_size=8).map(" ".join)


def spoken(sentence: Sentence) -> str:
    """The Latin words of a sentence: `ow'.p ah n # ey'.ay'`, stressed syllables with a mark."""
    words = [
        group.words[0]
        for group in sentence.prosodic_words
        if any(syllable.text.isascii() for syllable in group.syllables)
    ]
    return " # ".join(
        ".".join(syllable.pinyin or " ".join(syllable.phones) + "'" * syllable.stressed for syllable in word.syllables)
        for word in words
    )


@pytest.mark.parametrize(("token", "reading"), TOKENS)
def test_a_token_is_read_as_a_person_would(read: Read, token: str, reading: str) -> None:
    (sentence,) = read(f"我说，{token}，好吗？")
    assert spoken(sentence) == reading


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("他有a dog吗", "ah # d ao g'"),
        ("A座3楼", "ey'"),
        ("买了iPhone15", "ay'.f ow n"),
        ("放首MP3吧", "eh m'.p iy'"),
        ("连上Wi-Fi了", "w ay' # f ay'"),
        ("这是B2B公司", "b iy' # t uw' # b iy'"),
        ("他说don’t worry", "d ow n t' # w er'.iy"),
        ("内存16GB", "jh iy'.b iy'"),
        ("发到a_b@example.com", "ey' # b iy' # ih g.z ae m'.p ah l # k aa m'"),
        ("看‘hello’这个词", "hh ah.l ow'"),
        ("一杯Café", "k ah.f ey'"),
    ],
)
def test_the_context_of_a_token_is_considered(read: Read, text: str, reading: str) -> None:
    (sentence,) = read(text)
    assert spoken(sentence) == reading


def test_a_stressed_syllable_has_tone_1_and_the_others_tone_0(read: Read) -> None:
    (sentence,) = read("打开Windows吧")
    assert " ".join(symbol.split("$emotion")[0] for symbol in sentence.symbols.split()[5:12]) == (
        "{w$tone1$s_begin$word_begin {ih$tone1$s_middle$word_middle {n$tone1$s_end$word_middle "
        "{d$tone0$s_begin$word_middle {ow$tone0$s_middle$word_middle {z$tone0$s_end$word_end "
        "{#1$tone_none$s_none$word_none"
    )


def test_a_break_separates_english_words_from_chinese_and_from_each_other(read: Read) -> None:
    (sentence,) = read("学Hello World吧")
    assert [(group.words[0].text, group.break_level) for group in sentence.prosodic_words] == [
        ("学", 1), ("Hello", 1), ("World", 1), ("吧", 4),
    ]  # fmt: skip


@pytest.mark.parametrize(("text", "pinyin"), [("一App", "yi4"), ("不OK", "bu4"), ("一iPhone", "yi4")])
def test_yi_and_bu_before_english_have_the_fourth_tone(read: Read, text: str, pinyin: str) -> None:
    (sentence,) = read(text)
    assert sentence.pinyin == (pinyin,)


@pytest.mark.parametrize("letters", ["supercalifragilistic" * 3, "q" * 60, "Supercalifragilistic" * 3, "w" * 18])
def test_a_word_of_sixty_letters_stays_whole(read: Read, letters: str) -> None:
    (sentence,) = read(letters)
    assert sentence.text == letters


@given(st.one_of(LATIN, WORDS, st.text(st.characters(max_codepoint=127))))
def test_any_latin_text_fits_the_voice_and_keeps_its_positions(tables: UnitTables, text: str) -> None:
    try:
        sentences = FrontEnd(tables).analyze(text, speaker="F7", emotion="neutral")
    except RequestError as refused:
        assert refused.code == "nothing_to_speak"  # noqa: PT017 - both ends are allowed, nothing else is
        return
    for sentence in sentences:
        assert tables.decode(sentence.units) == sentence.symbols
        syllables = [syllable for group in sentence.prosodic_words for syllable in group.syllables]
        assert all(0 <= one.start < one.end <= len(sentence.normalized) for one in syllables)
        assert [one.start for one in syllables] == sorted(one.start for one in syllables)
        assert all(one.text == sentence.normalized[one.start : one.end] for one in syllables if one.phones)


@pytest.mark.parametrize("longest", [16, 40, 100])
@given(text=st.one_of(LATIN, st.text(st.sampled_from("wxaqWHX "), max_size=80)))
def test_english_fits_into_the_maximum_units_of_the_voice(
    tables_of: Callable[..., UnitTables], longest: int, text: str
) -> None:
    try:
        sentences = FrontEnd(tables_of(longest=longest)).analyze(text, speaker="F7", emotion="neutral")
    except RequestError as refused:
        assert refused.code == "nothing_to_speak"  # noqa: PT017 - both ends are allowed, nothing else is
        return
    assert all(len(sentence.units) <= longest for sentence in sentences)


def test_a_voice_without_english_spells_in_chinese_and_warns_once(tables_of: Callable[..., UnitTables]) -> None:
    phones = tuple(phone for phone in tables_of().phones if phone not in dictionary.PHONES)
    front_end = FrontEnd(tables_of(phones=phones))
    first, second = front_end.analyze("打开App。再开App。", speaker="F7", emotion="neutral")
    assert first.pinyin == ("da3", "kai1", "ei1", "pi4", "pi4")
    assert "is not trained on English" in first.warnings[0]
    assert "write the pronunciation in Chinese" in first.warnings[0]
    assert second.warnings == ()


def test_a_voice_with_english_does_not_warn(read: Read) -> None:
    (sentence,) = read("打开App")
    assert sentence.warnings == ()


@given(st.text(st.sampled_from(string.ascii_lowercase), min_size=1, max_size=40))
@example("kv")
def test_any_letters_get_phones(word: str) -> None:
    phones = predict(word)
    assert {phone.rstrip("1") for phone in phones} <= set(dictionary.PHONES)
    assert len(phones) <= 2 * len(word)
    assert sum(phone.endswith("1") for phone in phones) <= 1


@given(
    st.text(string.ascii_letters + "'", min_size=1, max_size=12),
    st.lists(st.sampled_from(dictionary.PHONES), min_size=1),
)
def test_syllables_contain_all_phones_and_cover_the_letters(letters: str, phones: list[str]) -> None:
    syllables = syllabify(letters, phones, 5)
    assert [phone for syllable in syllables for phone in syllable.phones] == phones
    assert syllables[0].start == 5
    assert syllables[-1].end == 5 + len(letters)
    assert all(sum(phone in dictionary.VOWELS for phone in syllable.phones) <= 1 for syllable in syllables)


def test_the_dictionary_finds_its_words_and_nothing_else() -> None:
    assert dictionary.look_up("hello") == ("hh", "ah", "l", "ow1")
    for absent in ("", "a ", "hell ", "zzzz", "aaaaa", "hello world"):
        assert dictionary.look_up(absent) is None


def test_listed_names_are_well_formed() -> None:
    for word, phones in names.PRONUNCIATIONS.items():
        assert {phone.rstrip("1") for phone in phones} <= set(dictionary.PHONES), word
        assert sum(phone.endswith("1") for phone in phones) == 1, word
        assert len(phones) < 4 * len(word)
    for syllables in names.CHINESE_NAMES.values():
        for syllable in syllables:
            assert "?" not in to_phones(split_tone(syllable)[0], "PinYin")
    for name in names.COMPOUND_NAMES:
        assert pronounce_token(name, 0, len(name))
