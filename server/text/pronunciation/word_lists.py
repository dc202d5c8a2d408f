"""Word lists of the pronunciation rules. They are short: long lists of neutral tones did more harm than good."""


def _words(*lines: str) -> frozenset[str]:
    return frozenset(" ".join(lines).split())


WORD_READINGS = {
    "嗯": "en5", "谁": "shei2", "唉": "ai4", "欸": "ei4", "哎": "ai1", "哦": "o5", "哟": "yo5", "教": "jiao1",
    "嚼": "jiao2", "长得": "zhang3 de5", "卷起": "juan3 qi3", "得多": "de5 duo1", "落差": "luo4 cha1",
    "反差": "fan3 cha1", "高差": "gao1 cha1", "吱呀": "zhi1 ya1", "各奔东西": "ge4 ben4 dong1 xi1", "出处": "chu1 chu4",
    "解法": "jie3 fa3", "大夫": "dai4 fu5", "重约": "zhong4 yue1", "重达": "zhong4 da2", "长高": "zhang3 gao1",
    "长胖": "zhang3 pang4", "校稿": "jiao4 gao3", "照片": "zhao4 pian4", "相片": "xiang4 pian4", "已为": "yi3 wei4",
    "冲着": "chong4 zhe5", "铺满": "pu1 man3", "咋": "za3", "乐坏了": "le4 huai4 le5", "乐坏": "le4 huai4",
    "量一量": "liang2 yi1 liang2", "量量": "liang2 liang5", "为人": "wei2 ren2", "都市": "du1 shi4", "肚子": "du4 zi5",
    "一觉": "yi1 jiao4", "卡住": "qia3 zhu4", "毫发": "hao2 fa4", "猪圈": "zhu1 juan4", "散打": "san3 da3",
    "卷帘": "juan3 lian2", "行当": "hang2 dang5", "玩耍": "wan2 shua3", "涨得": "zhang4 de5", "和面": "huo2 mian4",
    "和泥": "huo2 ni2", "量一下": "liang2 yi1 xia4", "吡咯": "bi3 luo4", "呵叻": "he1 le4", "挣脱": "zheng4 tuo1",
    "黄陂": "huang2 pi2", "收拾": "shou1 shi5", "参将": "can1 jiang4", "麻将": "ma2 jiang4", "名将": "ming2 jiang4",
    "大将": "da4 jiang4", "遛": "liu4", "遛弯": "liu4 wan1", "遛弯儿": "liu4 wan1 er2", "遛狗": "liu4 gou3",
    "操纵杆": "cao1 zong4 gan3", "驾驶杆": "jia4 shi3 gan3", "木板": "mu4 ban3", "晕车": "yun4 che1",
    "眩晕": "xuan4 yun4", "头晕": "tou2 yun1", "边长": "bian1 chang2", "应届": "ying1 jie4", "落枕": "lao4 zhen3",
    "打转": "da3 zhuan4", "转圈": "zhuan4 quan1", "量身": "liang2 shen1", "量身定做": "liang2 shen1 ding4 zuo4",
    "调成": "tiao2 cheng2", "耍乐": "shua3 le4", "太差": "tai4 cha4", "士大夫": "shi4 da4 fu1",
    "金刚钻": "jin1 gang1 zuan4", "塞入": "sai1 ru4", "大汗": "da4 han4", "满头大汗": "man3 tou2 da4 han4",
    "大汗淋漓": "da4 han4 lin2 li2", "汗国": "han2 guo2", "汗位": "han2 wei4", "一老一少": "yi1 lao3 yi1 shao4",
    "老夫少妻": "lao3 fu1 shao4 qi1", "全长": "quan2 chang2", "总长": "zong3 chang2", "周长": "zhou1 chang2",
    "多长": "duo1 chang2", "柏树": "bai3 shu4", "柏树林": "bai3 shu4 lin2", "空当": "kong4 dang1",
    "行李箱": "xing2 li5 xiang1", "行李卷": "xing2 li5 juan3", "豆腐脑": "dou4 fu5 nao3",
    "麻婆豆腐": "ma2 po2 dou4 fu5", "胳膊肘": "ge1 bo5 zhou3", "下巴颏": "xia4 ba5 ke1", "嗑瓜子": "ke4 gua1 zi3",
    "不长一智": "bu4 zhang3 yi1 zhi4", "数一数": "shu3 yi1 shu3", "数星星": "shu3 xing1 xing1", "卷子": "juan4 zi5",
    "果实累累": "guo3 shi2 lei2 lei2", "硕果累累": "shuo4 guo3 lei2 lei2", "切菜": "qie1 cai4", "脏": "zang1",
    "轧路": "ya4 lu4", "咽": "yan4", "薄纸": "bao2 zhi3", "背起": "bei1 qi3", "为蛇若何": "wei2 she2 ruo4 he2",
    "倒掉": "dao4 diao4", "运转": "yun4 zhuan3", "重来": "chong2 lai2", "重名": "chong2 ming2", "重试": "chong2 shi4",
    "重装系统": "chong2 zhuang1 xi4 tong3", "时差": "shi2 cha1", "首场": "shou3 chang3", "总行": "zong3 hang2",
    "发夹": "fa4 jia1", "重听": "chong2 ting1", "曾国藩": "zeng1 guo2 fan1", "一担": "yi1 dan4", "一沓": "yi1 da2",
    "结结实实": "jie1 jie1 shi2 shi2", "倔": "jue4", "猜中": "cai1 zhong4", "划破": "hua2 po4", "混蛋": "hun2 dan4",
    "磨豆腐": "mo4 dou4 fu5", "接种": "jie1 zhong4", "创可贴": "chuang1 ke3 tie1", "掉色": "diao4 shai3",
    "会稽": "kuai4 ji1", "旋风": "xuan4 feng1", "挑大梁": "tiao1 da4 liang2", "一撇": "yi1 pie3", "数到": "shu3 dao4",
    "解铃还须系铃人": "jie3 ling2 hai2 xu1 ji4 ling2 ren2", "梁山泊": "liang2 shan1 po1",
}  # fmt: skip
"""Words for which the dictionary has a wrong or rare reading."""

NEIGHBOR_READINGS = {
    "炸": ("zha2", "油煎", "薯鱼酱糕肉虾豆鸡麻土油丸熟排串藕糖春花蛋茄"),
    "脏": ("zang1", "弄变搞玩耐肮", "话兮字水乱乎污活东脸钱土衣手"),
    "挑": ("tiao1", "勇肩担", "水担柴夫毛刺错出重挑拣字土好到山嘴"), "扎": ("za1", "", "辫"),
    "撒": ("sa3", "", "盐糖粉种上在满些下"),
    "盛": ("cheng2", "", "汤饭粥满"), "数": ("shu3", "", "钱"), "调": ("tiao2", "", "大小高低亮暗匀快慢"),
}  # fmt: skip
"""Character -> its reading after one of some characters, or before one of others, in the same word or the next.

The network reads these rather by the more frequent word: 炸弹, 心脏.
"""

DICTIONARY_CHARACTERS = frozenset(
    "降的地了着啊呢谁没行调都应当只好处弄杆仇挨刨相更传斗假还发中会过上边嗯儿和哄豁揣冠逮擂胖一不难"
)
"""Polyphonic characters for which the dictionary's default reading is right more often than the network's."""

DICTIONARY_WORDS = frozenset("藏挑卷粘倒看背转空乐攒")
"""The same for characters that form a word of their own: common verbs."""

SENTENCE_FINAL_PARTICLES = frozenset("吧哇啦哩哟呗哦")
"""Particles before a pause. Elsewhere these characters transcribe foreign names."""

FULL_TONE_ZI_PREDECESSORS = frozenset(
    "孔孟老庄荀墨男女电原分离粒质中光量孢核因弟太王公父母之其庶天君才士游浪学长次幼独种瓜莲棋"
)
"""After these 子 is a root and keeps its tone: a person, a title, a seed, a particle of physics."""

OBTAINING_VERBS = frozenset("不获所取求难自夺赢博")
"""After these 得 means to obtain, and is not a particle."""

NEUTRAL_TONE_WORDS = _words(
    "朋友 东西 漂亮 明白 清楚 知道 意思 时候 地方 事情 认识 衣服 眼睛 耳朵 太阳 月亮 窗户 石头 木头 骨头 馒头 舌头",
    "先生 学生 客气 舒服 便宜 聪明 热闹 麻烦 关系 消息 商量 打听 休息 收拾 葡萄 萝卜 豆腐 胳膊 脑袋 头发 大夫 师傅",
    "力气 脾气 名字 暖和 凉快 结实 厉害 糊涂 马虎 笑话 故事 少爷 老爷 丈夫 媳妇 亲戚 苍蝇 玻璃 黄瓜 庄稼 牲口 招呼",
    "客人 晚上 早上 里头 外头 那么 这么 多么 什么 怎么 咱们 谢谢 师父 恶心 嘴巴 扫帚 笤帚 风筝 灯笼 咳嗽 喉咙 簸箕",
    "帐篷 裁缝 知识 葫芦 菩萨 屁股 书记 伙计 姑娘 姑父 外甥 和尚 栅栏 蚂蚱 溜达 应酬 思量 算盘 动弹 喇叭 窝囊 勾搭",
    "撺掇 唾沫 眉毛 泥鳅 部分 费用 位置 报复 困难 扁担 规矩 磨蹭 老婆 模糊 打扮 打量 窟窿 骆驼 石榴 枕头 指甲 嘟囔",
    "嘀咕 嘱咐 吩咐 称呼 吆喝 折腾 琢磨 抽屉 钥匙 疙瘩 蘑菇 芝麻 甘蔗 高粱 芍药 狐狸 刺猬 蛤蟆 闺女 妯娌 女婿 亲家",
    "冤家 行家 大爷 姥爷 丈人 老实 踏实 扎实 别扭 痛快 爽快 勤快 秀气 福气 运气 小气 累赘 牢骚 欺负 对付 比方 稳当",
    "护士 道士 木匠 铁匠 出息 动静 机灵 唠叨 念叨 亮堂 利落 利索 啰嗦 哆嗦 活泼 搅和 掺和 包袱 衣裳 伺候 秧歌 月饼",
    "馄饨 爱人 分量 丫头 念头 拳头 罐头 码头 甜头 苦头 巴掌 扫把 尾巴 下巴 哑巴 结巴 锁匙 篱笆 琵琶 胭脂 徒弟 粮食",
    "口袋 作坊 财主 官司 行李 合同 戒指 街坊 快活 阔气 喇嘛 痢疾 连累 骡子 忙活 迷糊 苗条 名堂 脑子 能耐 腻烦 奴才",
    "佩服 皮实 牌楼 盘算 婆家 亲事 情形 热和 软和 丧气 舍得 省得 师爷 石匠 使唤 似的 收成 添补 挖苦 委屈 吓唬 相声",
    "心思 絮叨 衙门 烟筒 妖精 爷们 冤枉 在乎 眨巴 张罗 直溜 指头 主意 转悠 壮实 耷拉 疟疾 妥帖 荸荠 牡丹 告示 含糊",
    "胡琴 胡同 滑溜 活计 伙食 记号 家伙 架势 见识 将就 叫唤 巴结",
)
"""Words of two characters, the second with the neutral tone."""

KINSHIP_CHARACTERS = frozenset("爸妈哥姐弟妹爷奶叔舅姑公婆伯娃星猩")
"""When doubled (妈妈), the second has the neutral tone, and a third tone on the first stays."""

FULL_TONE_REDUPLICATIONS = _words(
    "天天 人人 常常 往往 渐渐 刚刚 仅仅 慢慢 默默 处处 家家 样样 种种 多多 大大 小小 整整 足足 活活"
)
"""Doubled characters that both keep their tones, regardless of their part-of-speech tag."""

MODAL_DEI_PREDECESSORS = _words("我 你 他 她 您 咱 我们 你们 他们 她们 咱们 大家 都 还 也 就 总 必 非 可 又 只")
"""Pronouns and adverbs after which 得 is the modal verb dei3."""

SURNAME_READINGS = {
    "曾": "zeng1", "单": "shan4", "任": "ren2", "解": "xie4", "华": "hua4", "仇": "qiu2", "区": "ou1", "查": "zha1",
    "朴": "piao2", "盖": "ge3", "乐": "yue4", "葛": "ge3", "纪": "ji3", "燕": "yan1", "翟": "zhai2", "缪": "miao4",
    "覃": "qin2", "隗": "wei3", "冼": "xian3", "逄": "pang2", "晁": "chao2",
    # two surnames: CC-CEDICT has 宁 (traditional 寧) as Ning2; 甯, which keeps its form when simplified, is ning4
    "宁": "ning2", "甯": "ning4",
}  # fmt: skip
"""Surnames with a reading of their own, which apply after 姓 and before a title."""

NAME_SURNAME_READINGS = SURNAME_READINGS | {
    "员": "yun4", "繁": "po2", "召": "shao4", "种": "chong2", "折": "she2", "秘": "bi4", "祭": "zhai4", "那": "na1",
    "哈": "ha3", "重": "chong2", "尉迟": "yu4 chi2", "万俟": "mo4 qi2", "令狐": "ling2 hu2", "澹台": "tan2 tai2",
    "单于": "chan2 yu2", "长孙": "zhang3 sun1",
}  # fmt: skip
"""`SURNAME_READINGS`, and those that are more often common words (那老师, 百姓种地): only for marked names."""

QUANTIFIER_CHARACTERS = "零一二三四五六七八九十百千万亿两几每这那哪"
"""The last character before a measure word."""

LENGTH_UNITS = "米里尺寸丈码度"
"""The last character of a measurement before 长."""

MEASURE_WORD_READINGS = {"只": "zhi1", "角": "jiao3"}
"""Measure words whose reading differs from that of the word."""

REDUPLICATED_VERBS = "玩问数画闻量逛猜"
"""Verbs that the dictionary tags as nouns when they are doubled."""

TITLES = _words("先生 女士 小姐 太太 老师 经理 总 医生 教授 局长 校长 主任 同学 师傅 某 某某")
"""Forms of address after a surname."""

FUNCTION_CHARACTERS = frozenset("的地得了着过们我你他她它您这那在是有不也都就还又再先儿请")
"""A word that contains one of these and is not in the dictionary is a wrong guess of the segmenter."""

DEGREE_ADVERBS = _words(
    "很 太 最 更 多 多么 这么 那么 不 越 挺 好 比较 非常 特别 还 真 够 极 极其 颇 甚 较 偏 越来越 更加 十分 愈"
)
"""Adverbs before an adjective."""

ADJECTIVE_READINGS = {"长": "chang2", "少": "shao3", "重": "zhong4", "差": "cha4", "薄": "bao2"}
"""Readings of polyphonic adjectives after a degree adverb."""

DECEIVED_PERSONS = _words(
    "人 家人 父母 爸妈 爸爸 妈妈 老婆 老公 妻子 丈夫 老师 老板 领导 上司 同事 大家 众人 别人 他人 所有人",
    "自己 组织 公司 家里 警察 手 双手 光 风 阳光 太阳 镜头 脸 身子 身",
)
"""After 背着 in the sense of behind someone's back (背着父母), and what one turns one's back to or holds behind it."""

BANK_AFFAIRS = _words(
    "将 将会 已 已经 客户 信用卡 系统 工作人员 网点 账户 贷款 借记卡 储蓄卡 理财 办理 开户 申请 存款 存",
)
"""After 我行 in the sense of our bank."""

WORN_BODY_PARTS = "身头脚足颈"
"""Before 着 in the sense of wearing: 身着, 脚着."""

BENEFICIARIES = _words(
    "父母 爸妈 爸爸 妈妈 父亲 母亲 爷爷 奶奶 孩子 儿子 女儿 哥哥 姐姐 弟弟 妹妹 妻子 丈夫 家人 亲人 家庭 老人 朋友",
    "别人 他人 人们 客户 客人 顾客 用户 乘客 旅客 游客 读者 观众 病人 患者 市民 居民 村民 群众 百姓 国家 祖国 社会",
)
"""People for whom something is done: after 为 they are a beneficiary rather than a predicate."""
