"""Which clauses can be spoken before the rest of their sentence is written."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.text.early_clause import has_settled_form
from server.text.frontend import FrontEnd
from server.text.markup.parser import parse_markup
from server.text.markup.script import Script
from server.text.normalization.normalize import normalize
from server.text.normalization.punctuation import PUNCTUATION

WRITTEN = """
1 25 110 1000 2024 3.5 1,000 95588 3:2 8:30 2024-5-6 5月 8日 90% 25℃ $5 A kg km x A-1 - + = / : ~ . % ° ( ) ' "
今天 了 是 个 号 打 拨 电话 热线 比分 比例 三 百 年 分之 到 领先 次 晚会 元 第 后 下午五點 ㏠ ⽇
"""
TOKENS = st.sampled_from([*WRITTEN.split(), " "])
CLAUSES = st.tuples(st.lists(TOKENS, min_size=1, max_size=5).map("".join), st.sampled_from("，；：、—,")).map("".join)
RESTS = st.lists(TOKENS, min_size=1, max_size=5).map("".join)


@settings(max_examples=500)
@given(clause=CLAUSES, rest=RESTS)
def test_a_settled_clause_is_normalized_the_same_whatever_follows(clause: str, rest: str) -> None:
    if not has_settled_form(clause) or (clause[-1] == "," and rest[0] != " "):
        return
    alone, whole = normalize(clause).text, normalize(clause + rest)
    beginning = "".join(char for char, at in zip(whole.text, whole.origin, strict=True) if at < len(clause))
    assert beginning.rstrip(PUNCTUATION + " ") == alone.rstrip(PUNCTUATION + " ")


@pytest.mark.parametrize(
    "clause",
    [
        "今天天气不错，",
        "他昨天去了上海；",
        "市长表示：",
        "今天天气不错——",
        "2024年5月8日，",
        "气温上升到25℃，",
        "他买了苹果、",
        "Welcome everybody,",
        "這個問題不大，",
        "大家好，今天天气不错，",
        "一共是1，",
    ],
)
def test_a_clause_can_leave(front_end: FrontEnd, clause: str) -> None:
    assert front_end.can_leave_early(parse_markup(clause))


@pytest.mark.parametrize(
    ("clause", "rest"),
    [
        ("你好呀，", "今天"),  # short
        ("比分变成3：", "2"),
        ("拨打了110、", "拨打了"),
        ("五月三日—", "8日"),
        ("我們約下午五點—", "8點"),
        ("大家记住㏠—", "8日"),
        ("型号是A-1，", "x="),
        ("他看著窗外，", "這樣"),  # 著 is 着 in a traditional text
        ("每节车厢为二十四公尺长，", "约"),
        ("他们把羽毛弄干，", "然后"),
        ("波马设有火车站，", "也"),  # the tone of 有 depends on a break that what follows can change
    ],
)
def test_a_clause_that_can_change_is_held(front_end: FrontEnd, clause: str, rest: str) -> None:
    assert not front_end.can_leave_early(Script.plain(clause))


def test_a_given_reading_settles_a_polyphone(front_end: FrontEnd) -> None:
    assert not front_end.can_leave_early(parse_markup("他们把羽毛弄干，"))
    assert front_end.can_leave_early(parse_markup("他们把羽毛弄干[gan1]，"))
