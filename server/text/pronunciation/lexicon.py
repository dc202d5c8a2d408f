"""The few words that the rules know by heart. Short on purpose: long lists of neutral tones do more harm than good."""


def _words(*lines: str) -> frozenset[str]:
    return frozenset(" ".join(lines).split())


READINGS = {
    "嗯": "en5", "谁": "shei2", "唉": "ai4", "欸": "ei4", "哎": "ai1",
    "哦": "o5", "哟": "yo5",
    "教": "jiao1", "嚼": "jiao2", "长得": "zhang3 de5", "卷起": "juan3 qi3", "得多": "de5 duo1",
    "落差": "luo4 cha1", "反差": "fan3 cha1", "高差": "gao1 cha1",
    "全长": "quan2 chang2", "总长": "zong3 chang2", "周长": "zhou1 chang2", "多长": "duo1 chang2",
}  # fmt: skip
"""Words that the dictionary reads wrongly or by a rarer reading."""

CERTAIN = frozenset("的地了着啊呢谁没行调都应当只好处弄杆仇挨刨相更传斗假还发中会过上边嗯儿和哄豁揣冠逮擂胖一不难")
"""Characters of several readings for which a dictionary without a context does better than the network without one."""

CERTAIN_ALONE = frozenset("藏挑卷粘倒看背转空乐")
"""The same, where they are a word by themselves: verbs of every day."""

FINAL = frozenset("吧哇啦哩哟呗哦")
"""Particles before a pause; elsewhere they spell foreign names."""

SONS = frozenset("孔孟老庄荀墨男女电原分离粒质中光量孢核因弟太王公父母之其庶天君才士游浪学长次幼独种瓜莲棋")
"""子 after these is a person, a title, a seed or a particle of physics, and keeps its tone."""

GETTING = frozenset("不获所取求难自夺赢博")
"""得 after these means to get."""

NEUTRAL = _words(
    "朋友 东西 漂亮 明白 清楚 知道 意思 时候 地方 事情 认识 衣服 眼睛 耳朵 太阳 月亮 窗户",
    "石头 木头 骨头 馒头 舌头 先生 学生 客气 舒服 便宜 聪明 热闹 麻烦 关系 消息 商量 打听",
    "休息 收拾 葡萄 萝卜 豆腐 胳膊 脑袋 头发 大夫 师傅 力气 脾气 名字 暖和 凉快 结实 厉害",
    "糊涂 马虎 笑话 故事 少爷 老爷 丈夫 媳妇 亲戚 苍蝇 玻璃 黄瓜 庄稼 牲口 招呼 客人 晚上",
    "早上 里头 外头 那么 这么 多么 什么 怎么 咱们 谢谢",
)
"""Their last syllable is neutral."""

KIN = frozenset("爸妈哥姐弟妹爷奶叔舅姑公婆伯娃星猩")
"""Doubled (妈妈), the second is neutral, and a third tone before it stays."""

FULL = _words("天天 人人 常常 往往 渐渐 刚刚 仅仅 慢慢 默默 处处 家家 样样 种种 多多 大大 小小")
"""Doubled, and yet both keep their tones, whatever part of speech they are taken for."""

OBLIGED = _words("我 你 他 她 您 咱 我们 你们 他们 她们 咱们 大家 都 还 也 就 总 必 非 可 又 只")
"""After these 得 means must."""

SURNAMES = {
    "曾": "zeng1", "单": "shan4", "任": "ren2", "解": "xie4", "华": "hua4", "仇": "qiu2", "区": "ou1", "查": "zha1",
    "朴": "piao2", "盖": "ge3", "尉": "yu4", "乐": "yue4", "葛": "ge3", "纪": "ji3", "燕": "yan1", "翟": "zhai2",
    "缪": "miao4", "覃": "qin2", "宁": "ning4", "隗": "wei3",
}  # fmt: skip
"""Where these are read otherwise than as words."""

TITLES = _words("先生 女士 小姐 太太 老师 经理 总 医生 教授 局长 校长 主任 同学 师傅 某 某某")

BINDERS = frozenset("的地得了着过们我你他她它您这那在是有不也都就还又")
"""A word with one of these that stands in no dictionary was never a word."""

VERY = _words("很 太 最 更 多 多么 这么 那么 不 越 挺 好 比较 非常 特别 还 真 够")
"""After these 长 is long."""

ENCLITICS = _words(
    "的 地 得 了 着 过 们 吗 呢 吧 啊 呀 嘛 啦 哦 喔 哟 么",
    "里 上 下 中 内 外 儿 子 头 年 月 日 号 点 分",
)
"""Single syllables that lean on the word before them."""

PROCLITICS = _words(
    "不 没 很 太 最 更 都 也 就 还 再 又 才 只 刚 正 我 你 他 她 它 您 这 那 各 每 是 有 在 把 被 让 给",
    "对 从 向 和 与 跟 比 第 想 要 会 能 可 请 去 来 大 小 老 新 一 两",
)
"""Single syllables that lean on a word of two."""
