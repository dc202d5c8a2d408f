"""The Markdown filter: what is spoken of every mark, and that the cuts between the pieces do not matter."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.text.markdown import MAX_LINK_TARGET, MAX_LINK_TEXT, MarkdownFilter

EXAMPLES = {
    "# 标题\n正文": "标题\n正文",
    "### 小标题 ###\n": "小标题 ###\n",
    "#话题#": "#话题#",
    "C#很好": "C#很好",
    "> 引用\n> > 再引用": "引用\n再引用",
    "- 一\n- 二\n* 三\n+ 四": "一\n二\n三\n四",
    "- [ ] 待办\n- [x] 完成": "待办\n完成",
    "1. 第一\n2. 第二": "1. 第一\n2. 第二",
    "-5度": "-5度",
    "上\n---\n下": "上\n\n下",
    "上\n* * *\n下": "上\n\n下",
    "标题\n====\n正文": "标题\n\n正文",
    "```python\nprint(1)\n```\n好": "\nprint(1)\n\n好",
    "~~~\n代码\n~~~": "\n代码\n",
    "用`pip`安装": "用pip安装",
    "这是**重点**。": "这是重点。",
    "**Python**is": "Pythonis",
    "*斜体*和***都有***": "斜体和都有",
    "2**3等于8，3*4等于12": "2**3等于8，3*4等于12",
    "a * b": "a * b",
    "_强调_和__更强__": "强调和更强",
    "snake_case_name": "snake_case_name",
    "~~删除~~，3~5天": "删除，3~5天",
    "看[文档](https://a.cn/b_c?d=*e*)吧": "看文档吧",
    "[**重点**](u)": "重点",
    "![图](a.png)好": "图好",
    "好！真好![]": "好！真好![]",
    "脚注[^1]。": "脚注。",
    "重[chong2]庆[pause:300ms]好": "重[chong2]庆[pause:300ms]好",
    "[注]（好）": "[注]（好）",
    "| 城市 | 温度 |\n|:---|---:|\n| 北京 | 25℃ |": "城市 ，温度 \n\n北京 ，25℃ ",
    "a|b": "a|b",
    r"\*不是\*": "*不是*",
    r"C:\路径": r"C:\路径",
    "<speak>**好**</speak>": "<speak>**好**</speak>",
    " \n<speak>*</speak>": " \n<speak>*</speak>",
    "今天天气很好，我们去公园吧！": "今天天气很好，我们去公园吧！",
    "第一行\n\n第二行": "第一行\n\n第二行",
    "": "",
}

MARKDOWN = st.text(st.sampled_from("好天a1 \n\t#>*-+_=~`|[]()!\\:^<x/"), max_size=60)


def filtered(*pieces: str) -> str:
    markdown = MarkdownFilter()
    return "".join([*map(markdown.append, pieces), markdown.finish()])


@pytest.mark.parametrize("text", EXAMPLES)
def test_what_is_spoken(text):
    assert filtered(text) == EXAMPLES[text]
    assert filtered(*text) == EXAMPLES[text]


@given(MARKDOWN, st.lists(st.integers(0, 60), max_size=8))
def test_the_cuts_do_not_matter(text, cuts):
    edges = [0, *sorted(cut for cut in cuts if cut < len(text)), len(text)]
    whole = filtered(text)
    assert filtered(*(text[start:end] for start, end in itertools.pairwise(edges))) == whole
    assert filtered(*text) == whole


@given(st.text(st.characters(exclude_characters="\\`*_~![|<#>-+=\n"), max_size=60))
def test_a_text_without_marks_stays_as_it_is(text):
    assert filtered(text) == text


def test_text_leaves_as_soon_as_it_is_certain():
    markdown = MarkdownFilter()
    assert markdown.append("今天") == "今天"
    assert markdown.append("*") == ""
    assert markdown.append("很") == "很"
    assert markdown.append("好*") == "好"
    assert markdown.append("。") == "。"


@pytest.mark.parametrize("text", ["[" + "字" * (MAX_LINK_TEXT + 1), "[a](" + "字" * (MAX_LINK_TARGET + 1)])
def test_a_bracket_without_its_end_holds_back_a_limited_text(text):
    markdown = MarkdownFilter()
    assert "".join(map(markdown.append, text)) == text
