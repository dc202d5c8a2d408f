"""Characters of several readings: in whole sentences, and the network that decides the doubtful ones."""

import io
import pickle
import re
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.text.pronunciation import polyphones, word_reader
from server.text.pronunciation.dictionary import doubtful
from server.text.pronunciation.polyphones import decide

LINES = (Path(__file__).parent / "polyphones.txt").read_text(encoding="utf-8").splitlines()[1:]
HAN = st.text(
    st.sampled_from("重长得地为还数卷弄子儿一不了着过行乐曲率藏三百个人大家说很妈曾先生看，。啊哇A"), max_size=40
)


@pytest.mark.parametrize("line", LINES)
def test_a_character_of_several_readings_is_read_as_the_sentence_asks(line: str) -> None:
    expected = re.findall(r"([^\x00-\x7f])([a-z]+[1-5])?", line)
    words, unread = word_reader.read_words(re.sub("[a-z]+[1-5]", "", line))
    spoken = [syllable for word in words for syllable in word.syllables]
    wanted = [pair for pair in expected if pair[0] not in "，。、"]
    assert [syllable.text for syllable in spoken] == [char for char, _ in wanted]
    read = [(each.text, each.pinyin if want else "") for each, (_, want) in zip(spoken, wanted, strict=True)]
    assert read == wanted
    assert not unread


@given(HAN)
def test_every_character_has_one_reading(text: str) -> None:
    words, unread = word_reader.read_words(text)
    syllables = [syllable for word in words if not word.latin for syllable in word.syllables]
    assert "".join(syllable.text for syllable in syllables) == re.sub("[，。A]", "", text)
    assert all(re.fullmatch("[a-z]+[1-5]", syllable.pinyin) for syllable in syllables)
    assert not unread


@given(st.text())
def test_the_network_answers_for_any_text_and_only_where_it_was_asked(text: str) -> None:
    sentence = f"{text}重{text}"
    decided = decide(sentence, range(len(sentence)))
    assert decided[len(text)] in ("zhong4", "chong2")
    assert decide(sentence, [len(text)]) == {len(text): decided[len(text)]}
    assert decide(text, []) == {}


def test_the_same_character_is_decided_at_each_place() -> None:
    sentence = "音乐使人快乐"
    assert decide(sentence, [1, 5]) == {1: "yue4", 5: "le4"}


def test_a_character_with_one_reading_is_none_of_its_business() -> None:
    assert decide("山水", [0, 1]) == {}


def test_a_long_sentence_does_not_overflow() -> None:
    assert len(decide("重" * 5000, range(5000))) == 5000


def test_many_threads_may_ask_before_the_network_is_loaded() -> None:
    polyphones._network.cache_clear()
    answers: list[dict[int, str]] = []
    threads = [threading.Thread(target=lambda: answers.append(decide("他率领部队", [1]))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [{1: "shuai4"}] * 8


def test_a_phrase_of_the_dictionary_leaves_no_doubt() -> None:
    assert doubtful("银行") == []
    assert doubtful("重") == [0]
    assert doubtful("没") == []


def test_data_that_asks_for_code_is_refused() -> None:
    evil = pickle.dumps(print)
    with pytest.raises(pickle.UnpicklingError, match=r"builtins\.print"):
        polyphones._Arrays(io.BytesIO(evil)).load()
