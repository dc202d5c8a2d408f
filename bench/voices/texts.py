"""What is spoken in the measurements."""

NEWS = (
    "本报讯，昨天上午，市里新建的滨江图书馆正式向读者开放。这座图书馆共有五层，藏书三十多万册，"
    "还设有儿童阅览室和自习区。馆长介绍说，今后每个周六下午都会举办讲座，市民带上身份证就可以免费办理借书证。"
    "开馆第一天，前来参观的读者超过了六千五百人次。"
)
"""120 characters of news: the text by which such servers are usually quoted."""

LINES = (
    "今天早上下了一场小雨，空气特别清新，路边的花都开了。",
    "请问去火车站应该往哪边走，走路大概要多长时间？",
    "爷爷在院子里种了两棵苹果树，每年秋天都会结很多果子。",
    "列车晚点了四十分钟，大家都很着急，还好最后平安到达。",
    "医生嘱咐他按时吃药，多喝温水，在家里好好休息几天。",
    "她把旧书整理了一遍，挑出一些送给了学校的图书室。",
    "夜里风很大，窗外的树叶沙沙地响，孩子却睡得很香。",
    "如果明天不下雨，我们就骑自行车去湖边，顺便带上午饭。",
)
"""What the listeners of a crowd ask for, in turn."""

_SENTENCES = (
    "今天的天气非常好，我们一起去公园里散步。回家以后先做作业，然后帮妈妈准备晚饭。明天早上八点钟在学校门口集合。"
)
_BREATHLESS = "今天天气很好我们一起去公园散步然后回家吃晚饭明天还要上班所以早点休息吧"

KINDS = {"sentences": _SENTENCES, "without punctuation": _BREATHLESS}


def text_of(kind: str, length: int) -> str:
    """`length` characters of one of `KINDS`."""
    pattern = KINDS[kind]
    return (pattern * (length // len(pattern) + 1))[:length]
