"""Texts of the benchmarks."""

NEWS_TEXT = (
    "本报讯，昨天上午，市里新建的滨江图书馆正式向读者开放。这座图书馆共有五层，藏书三十多万册，"
    "还设有儿童阅览室和自习区。馆长介绍说，今后每个周六下午都会举办讲座，市民带上身份证就可以免费办理借书证。"
    "开馆第一天，前来参观的读者超过了六千五百人次。"
)
"""News text of 120 characters, the usual length for figures of such servers."""

REQUEST_SENTENCES = (
    "今天早上下了一场小雨，空气特别清新，路边的花都开了。",
    "请问去火车站应该往哪边走，走路大概要多长时间？",
    "爷爷在院子里种了两棵苹果树，每年秋天都会结很多果子。",
    "列车晚点了四十分钟，大家都很着急，还好最后平安到达。",
    "医生嘱咐他按时吃药，多喝温水，在家里好好休息几天。",
    "她把旧书整理了一遍，挑出一些送给了学校的图书室。",
    "夜里风很大，窗外的树叶沙沙地响，孩子却睡得很香。",
    "如果明天不下雨，我们就骑自行车去湖边，顺便带上午饭。",
)
"""Sentences that the clients of a load test request in turn."""

_PUNCTUATED = (
    "今天的天气非常好，我们一起去公园里散步。回家以后先做作业，然后帮妈妈准备晚饭。明天早上八点钟在学校门口集合。"
)
_UNPUNCTUATED = "今天天气很好我们一起去公园散步然后回家吃晚饭明天还要上班所以早点休息吧"

TEXT_PATTERNS = {"sentences": _PUNCTUATED, "without punctuation": _UNPUNCTUATED}


def text_of_length(kind: str, length: int) -> str:
    """Returns `length` characters: the pattern `kind` of `TEXT_PATTERNS`, repeated."""
    pattern = TEXT_PATTERNS[kind]
    return (pattern * (length // len(pattern) + 1))[:length]
