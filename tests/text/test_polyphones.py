"""Polyphonic characters: their readings in whole sentences, and the network that disambiguates them."""

import io
import pickle
import re
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.text.pronunciation import polyphone_model
from server.text.pronunciation.dictionary import ambiguous_positions
from server.text.pronunciation.mandarin_g2p import pronounce
from server.text.pronunciation.polyphone_model import disambiguate

LINES = (Path(__file__).parent / "polyphones.txt").read_text(encoding="utf-8").splitlines()[1:]
HAN = st.text(
    st.sampled_from("重长得地为还数卷弄子儿一不了着过行乐曲率藏三百个人大家说很妈曾先生看，。啊哇A"), max_size=40
)


@pytest.mark.parametrize("line", LINES)
def test_a_polyphonic_character_is_read_by_its_sentence(line: str) -> None:
    expected = re.findall(r"([^\x00-\x7f])([a-z]+[1-5])?", line)
    words, unreadable = pronounce(re.sub("[a-z]+[1-5]", "", line))
    spoken = [syllable for word in words for syllable in word.syllables]
    wanted = [pair for pair in expected if pair[0] not in "，。、"]
    assert [syllable.text for syllable in spoken] == [char for char, _ in wanted]
    read = [(each.text, each.pinyin if want else "") for each, (_, want) in zip(spoken, wanted, strict=True)]
    assert read == wanted
    assert not unreadable


@given(HAN)
def test_every_character_has_one_reading(text: str) -> None:
    words, unreadable = pronounce(text)
    syllables = [syllable for word in words if not word.is_latin for syllable in word.syllables]
    assert "".join(syllable.text for syllable in syllables) == re.sub("[，。A]", "", text)
    assert all(re.fullmatch("[a-z]+[1-5]", syllable.pinyin) for syllable in syllables)
    assert not unreadable


@given(st.text())
def test_the_network_predicts_any_text_and_only_the_given_positions(text: str) -> None:
    sentence = f"{text}重{text}"
    predicted = disambiguate(sentence, range(len(sentence)))
    assert predicted[len(text)] in ("zhong4", "chong2")
    assert disambiguate(sentence, [len(text)]) == {len(text): predicted[len(text)]}
    assert disambiguate(text, []) == {}


def test_the_same_character_is_predicted_at_each_position() -> None:
    sentence = "音乐使人快乐"
    assert disambiguate(sentence, [1, 5]) == {1: "yue4", 5: "le4"}


def test_a_character_with_one_reading_is_not_predicted() -> None:
    assert disambiguate("山水", [0, 1]) == {}


def test_a_long_sentence_does_not_overflow() -> None:
    assert len(disambiguate("重" * 5000, range(5000))) == 5000


def test_threads_may_share_the_network_before_it_is_loaded() -> None:
    polyphone_model._network.cache_clear()
    answers: list[dict[int, str]] = []
    threads = [threading.Thread(target=lambda: answers.append(disambiguate("他率领部队", [1]))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [{1: "shuai4"}] * 8


def test_a_phrase_of_the_dictionary_is_not_ambiguous() -> None:
    assert ambiguous_positions("银行") == []
    assert ambiguous_positions("重") == [0]
    assert ambiguous_positions("没") == []


def test_a_pickle_that_refers_to_code_is_refused() -> None:
    evil = pickle.dumps(print)
    with pytest.raises(pickle.UnpicklingError, match=r"builtins\.print"):
        polyphone_model._ArrayUnpickler(io.BytesIO(evil)).load()
