"""Text normalization, with every row of the table in docs/text.md."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.text.normalization.length_estimate import LENGTH_PER_SYLLABLE, estimate_spoken_length
from server.text.normalization.normalize import NormalizedText, normalize
from server.text.normalization.numerals import cardinal, number


def estimated_length(text: str) -> int:
    """The estimate for a voice without English."""
    return sum(estimate_spoken_length(char, speaks_english=False) for char in text)


READINGS = """
2024年3月5日 -> 二零二四年三月五日
2024-03-05 -> 二零二四年三月五日
2024/12/31 -> 二零二四年十二月三十一日
05月02日 -> 五月二日
86年8月 -> 八六年八月
98年 -> 九八年
干了10年 -> 干了十年
80年代 -> 八十年代
2020-2022年 -> 二零二零到二零二二年
2020年-2022年 -> 二零二零年到二零二二年
8:30 -> 八点三十分
2:05 -> 两点零五分
20:00 -> 二十点
8:00-9:30 -> 八点到九点三十分
13:10:36 -> 十三点十分三十六秒
比分是17:16 -> 比分是十七比十六
3.14 -> 三点一四
.5 -> 零点五
36.00元 -> 三十六元
13.50元 -> 十三点五元
1,234,567 -> 一百二十三万四千五百六十七
1，234 -> 一，两百三十四
50% -> 百分之五十
0.5％ -> 百分之零点五
10%-20% -> 百分之十到百分之二十
10-20% -> 百分之十到百分之二十
-5 -> 负五
±2 -> 正负二
-10℃ -> 零下十摄氏度
-10°C～5°C -> 零下十摄氏度到五摄氏度
¥13.50 -> 十三点五元
¥13.5元 -> 十三点五元
￥200 -> 两百元
$2 -> 两美元
€1.5亿 -> 一点五亿欧元
5km -> 五千米
25 kg -> 二十五千克
60km/h -> 每小时六十公里
120m² -> 一百二十平方米
2L -> 两升
13812345678 -> 幺三八幺二三四五六七八
+86 138-1234-5678 -> 八六幺三八幺二三四五六七八
010-64035547 -> 零幺零六四零三五五四七
400-820-8820 -> 四零零八二零八八二零
拨打12315 -> 拨打幺二三幺五
给110打电话 -> 给幺幺零打电话
110米 -> 一百一十米
验证码是0418 -> 验证码是零四一八
123456789 -> 一二三四五六七八九
007 -> 零零七
3-5天 -> 三到五天
1-2个 -> 一到两个
第2个 -> 第二个
2个2月2日 -> 两个二月二日
2年级2年 -> 二年级两年
2万2千 -> 两万两千
12个 -> 十二个
1/2 -> 二分之一
3+2=5 -> 三加二等于五
v2.0.1 -> v二点零点一
192.168.0.1 -> 一九二点一六八点零点一
CRH380A -> CRH三八零A
iPhone15 -> iPhone十五
90后 -> 九零后
ＡＢＣ１２ -> ABC十二
① -> 一
Hello,world! -> Hello，world！
“你好”，《书》 -> 你好，书
a.b -> a点b
好...的 -> 好…的
AT&T -> AT和T
你好  世界 -> 你好 世界
1234567890元 -> 十二亿三千四百五十六万七千八百九十元
27651234 -> 二七六五一二三四
27651234人 -> 两千七百六十五万一千二百三十四人
30000000 -> 三千万
500w粉丝 -> 五百万粉丝
10k粉丝，1.5k人 -> 一万粉丝，一千五百人
10k跑 -> 十公里跑
8k电视 -> 八k电视
1st和22nd -> 第一和第二十二
第10/20页 -> 第十页，共二十页
24/7服务 -> 七乘二十四小时服务
3/8妇女节，10/1国庆节 -> 三八妇女节，十一国庆节
12/25是圣诞节 -> 十二月二十五日是圣诞节
11/11大促，上了1/2节课 -> 双十一大促，上了二分之一节课
身高5'11" -> 身高五英尺十一英寸
+3 -> 加三
降到-8 -> 降到负八
同比-3.2% -> 同比负百分之三点二
+5% -> 正百分之五
3‰ -> 千分之三
-1/3 -> 负三分之一
-百分之1 -> 负百分之一
同比-百分之3.5 -> 同比负百分之三点五
−千分之3和-三分之一 -> 负千分之三和负三分之一
+百分之5 -> 正百分之五
±百分之5 -> 正负百分之五
-百分之1到-百分之3 -> 负百分之一到负百分之三
百分之3-百分之5 -> 百分之三到百分之五
-百分之50~-百分之20 -> 负百分之五十到负百分之二十
-50%~-20% -> 负百分之五十到负百分之二十
5~-3 -> 五到负三
-5~3 -> 负五到三
-5 - -3 -> 负五到负三
气温-5~-3 -> 气温负五到负三
5km--10km -> 五千米到十千米
第三-百分之五 -> 第三到百分之五
1½杯 -> 一又二分之一杯
20-30岁 -> 二十到三十岁
2-3个 -> 两到三个
3万~5万元 -> 三万到五万元
12/25/2023 -> 二零二三年十二月二十五日
25/12/2023 -> 二零二三年十二月二十五日
2023.06 -> 二零二三年六月
06/2023 -> 二零二三年六月
07-09 -> 七月九日
5/6日 -> 五月六日
2024-03-01~2024-03-05 -> 二零二四年三月一日到二零二四年三月五日
2024-03-05T08:30 -> 二零二四年三月五日 八点三十分
10月1日-7日 -> 十月一日到七日
周一-周五 -> 周一到周五
1998-2008 -> 一九九八到二零零八
2023-24赛季 -> 二零二三到二四赛季
公元前221年 -> 公元前二二一年
2000年前 -> 两千年前
1980s -> 一九八零年代
2018世界杯 -> 二零一八世界杯
7:30am -> 上午七点三十分
8 p.m. -> 下午八点
5'30" -> 五分三十秒
39°54'20″ -> 三十九度五十四分二十秒
1h30min -> 一小时三十分钟
以3:02击败对手 -> 以三比零二击败对手
中国队2-1 -> 中国队二比一
比例为1:20 -> 比例为一比二十
16:9 -> 十六比九
US$3.50 -> 三点五美元
HK$20 -> 二十港元
₩1000 -> 一千韩元
USD100 -> 一百美元
20EUR -> 二十欧元
RMB500 -> 五百元人民币
¥100-200 -> 一百到两百元
-$5 -> 负五美元
30元/月 -> 三十元每月
9.8m/s² -> 九点八米每二次方秒
35μg/m³ -> 三十五微克每立方米
8L/100km -> 八升每百千米
5000mAh -> 五千毫安时
5km-10km -> 五千米到十千米
-10~-5℃ -> 零下十到零下五摄氏度
±5℃ -> 正负五摄氏度
30°角 -> 三十度角
512GB -> 五百一十二GB
3人/天 -> 三人每天
iPhone 5s -> iPhone 五s
(010)64035547 -> 零幺零六四零三五五四七
+86-10-64035547 -> 八六幺零六四零三五五四七
10086 -> 幺零零八六
110 -> 幺幺零
119报警 -> 幺幺九报警
11010519491231002X -> 一一零一零五一九四九一二三一零零二X
6222 0212 3456 7890 -> 六二二二零二一二三四五六七八九零
京A12345 -> 京A一二三四五
粤B·D12345 -> 粤BD一二三四五
G1234次 -> G一二三四次
MU5101 -> MU五一零一
波音747 -> 波音七四七
歼-20 -> 歼二十
302路公交302室 -> 三零二路公交三零二室
985高校 -> 九八五高校
5·12地震 -> 五一二地震
88888号 -> 八八八八八号
1920×1080 -> 一九二零乘一零八零
图3-1 -> 图三杠一
978-7-111-12345-6 -> 九七八七一一一一二三四五六
B2C -> B to C
10.0.0.1:8080 -> 一零点零点零点一冒号八零八零
https://www.example.com/a_b?x=1 -> www点example点com斜杠a下划线b问号x等于一
li_123@example.com -> li下划线一二三艾特example点com
/home/li/a.txt -> 斜杠home斜杠li斜杠a点txt
报告2023.pdf -> 报告二零二三点pdf
第Ⅲ章 -> 第三章
①② -> 一 二
x² -> x的平方
2³ -> 二的立方
10⁻³ -> 十的负三次方
H₂O -> H二O
3-2=1 -> 三减二等于一
x-1=0 -> x减一等于零
√2≈1.4 -> 根号二约等于一点四
≥18岁 -> 大于等于十八岁
7×24小时 -> 七乘二十四小时
C++ -> C加加
α射线 -> 阿尔法射线
No.1 -> 第一
他说——好 -> 他说—好
好……的 -> 好…的
2两酒 -> 二两酒
60W -> 六十瓦
7.00 -> 七
12-23 -> 十二到二十三
38°C -> 三十八摄氏度
315晚会 -> 三一五晚会
HDR10 -> HDR十
π约3 -> 派约三
1000年 -> 一千年
1500年历史 -> 一千五百年历史
编号27149 -> 编号二七一四九
i7-12700K -> i七一二七零零K
3单元502 -> 三单元五零二
200MB/s -> 两百MB每秒
88年的2月 -> 八八年的二月
"""
CASES = [tuple(line.split(" -> ")) for line in READINGS.strip().splitlines()]


@pytest.mark.parametrize(("written", "spoken"), CASES)
def test_written_forms_are_read(written: str, spoken: str) -> None:
    normalized = normalize(written)
    assert (normalized.text, normalized.warnings) == (spoken, ())


@pytest.mark.parametrize(
    ("digits", "spoken"),
    [("0", "零"), ("2", "二"), ("10", "十"), ("20", "二十"), ("22", "二十二"), ("100", "一百"), ("101", "一百零一"),
     ("110", "一百一十"), ("200", "两百"), ("222", "两百二十二"), ("1000", "一千"), ("1010", "一千零一十"),
     ("1200", "一千二百"), ("2000", "两千"), ("2222", "两千二百二十二"), ("10000", "一万"), ("20000", "两万"),
     ("12000", "一万两千"), ("10500", "一万零五百"), ("100010", "十万零一十"), ("220000", "二十二万"),
     ("10000001", "一千万零一"), ("99999999", "九千九百九十九万九千九百九十九")],
)  # fmt: skip
def test_cardinals(digits: str, spoken: str) -> None:
    assert cardinal(digits) == spoken


def _value(spoken: str) -> int:
    """Parses a cardinal, as an independent check."""
    high, wan, low = spoken.rpartition("万")
    total = _value(high) * 10_000 if wan else 0
    digit = 0
    for char in low.replace("两", "二"):
        if char in "十百千":
            total += (digit or 1) * {"十": 10, "百": 100, "千": 1000}[char]
            digit = 0
        else:
            digit = "零一二三四五六七八九".index(char)
    return total + digit


@given(st.integers(0, 99_999_999))
def test_a_cardinal_has_its_value(value: int) -> None:
    assert _value(cardinal(str(value))) == value


def test_decimals_are_read_digit_by_digit() -> None:
    assert number("10.05") == "十点零五"
    assert number("7.00") == "七"


def test_unreadable_characters_are_listed_once() -> None:
    normalized = normalize("你😀好😀の\x00\ud800の")
    assert normalized.text == "你 好"
    emoji, unknown = normalized.warnings
    assert emoji.endswith(": 😀")
    assert unknown.endswith(": の U+0000 U+D800")


def test_invisible_characters_are_dropped() -> None:
    assert normalize("\ufeff你\u200b好\ufe0f") == NormalizedText("你好", origin=(1, 3), spans=((1, 2), (3, 5)))


@given(st.text())
def test_normalized_text_has_only_characters_that_are_read(text: str) -> None:
    spoken = normalize(text).text
    assert not any(char.isascii() and not (char.isalpha() or char in " '") for char in spoken)
    spoken.encode()  # no surrogate is left
    assert estimated_length(text) >= LENGTH_PER_SYLLABLE * len(spoken)


@given(st.text("0123456789.,:/-%年月日个℃$km ", max_size=30))
def test_every_number_is_read(text: str) -> None:
    spoken = normalize(text).text
    assert not any(char in "0123456789" for char in spoken)
    assert estimated_length(text) >= LENGTH_PER_SYLLABLE * len(spoken.replace(" ", ""))


WRITTEN = st.lists(
    st.sampled_from(
        [
            *"0123456789.,:/%-~+=<>^_@'\"°²½①Ⅳ$¥ 年月日号点分个第，。？—（）“”·abxTVmskgCw京",
            *("km/h", "℃", "kg", "a.m.", "com", "比分", "百分之"),
        ]
    ),
    max_size=24,
).map("".join)
"""Texts in which all rules are combined."""


@given(st.one_of(st.text(), WRITTEN))
def test_normalization_is_idempotent(text: str) -> None:
    once = normalize(text).text
    assert normalize(once).text == once


@given(st.one_of(st.text(), WRITTEN))
def test_every_character_has_its_origin(text: str) -> None:
    normalized = normalize(text)
    assert len(normalized.origin) == len(normalized.text)
    assert list(normalized.origin) == sorted(normalized.origin)
    assert all(0 <= index < len(text) for index in normalized.origin)


@given(st.one_of(st.text(), WRITTEN))
def test_the_estimated_length_is_an_upper_bound(text: str) -> None:
    spoken = normalize(text).text
    assert estimated_length(text) >= LENGTH_PER_SYLLABLE * len(spoken.replace(" ", ""))


@pytest.mark.parametrize(
    ("text", "word", "written"),
    [
        ("今天-5℃吧", "零下五摄氏度", "-5℃"),
        ("在8:30见", "八点三十分", "8:30"),
        ("《书》卖¥20吗", "吗", "吗"),
    ],
)
def test_the_origin_of_a_reading_is_what_it_reads(text: str, word: str, written: str) -> None:
    normalized = normalize(text)
    start = normalized.text.index(word)
    origin = normalized.origin[start : start + len(word)]
    assert origin[0] == text.index(written)
    assert origin[-1] < text.index(written) + len(written)


@pytest.mark.parametrize(
    "pattern",
    ["1", "1,111", "-", "a.", "1-", "1.1", "@a", "1 ", "年-", "京A1", "10:00", "/a", "1/", " ", "+1-1", "$1", "http://a",
     "'1", "..", '"', "①", "²", "_a", "1=", "比分", "(0", "/-", "-百", "百分之1-"],
)  # fmt: skip
def test_no_pattern_makes_a_long_text_slow(pattern: str) -> None:
    """A rule that takes more than linear time would need minutes here."""
    text = pattern * (100_000 // len(pattern))
    assert normalize(text + "完").text.endswith("完")
