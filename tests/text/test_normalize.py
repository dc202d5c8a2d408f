import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.text.normalize import Normalized, normalize, weigh
from server.text.numerals import cardinal, number

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
60km/h -> 六十千米每小时
120m² -> 一百二十平方米
2L -> 两升
13812345678 -> 幺三八幺二三四五六七八
+86 138-1234-5678 -> 幺三八幺二三四五六七八
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
"""
CASES = [tuple(line.split(" -> ")) for line in READINGS.strip().splitlines()]


@pytest.mark.parametrize(("written", "spoken"), CASES)
def test_what_is_written_becomes_what_is_said(written: str, spoken: str) -> None:
    assert normalize(written) == Normalized(spoken)


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
    """Reads a cardinal back, to check it by another road."""
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
def test_a_cardinal_says_its_value(value: int) -> None:
    assert _value(cardinal(str(value))) == value


def test_decimals_are_read_digit_by_digit() -> None:
    assert number("10.05") == "十点零五"
    assert number("7.00") == "七"


def test_what_cannot_be_read_is_named_once() -> None:
    normalized = normalize("你😀好😀の\x00\ud800の")
    assert normalized.text == "你 好"
    emoji, unknown = normalized.warnings
    assert emoji.endswith(": 😀")
    assert unknown.endswith(": の U+0000 U+D800")


def test_invisible_characters_leave_no_trace() -> None:
    assert normalize("\ufeff你\u200b好\ufe0f") == normalize("你好")


@given(st.text())
def test_normalised_text_has_no_digits_and_no_surprises(text: str) -> None:
    spoken = normalize(text).text
    assert not any(char.isascii() and not (char.isalpha() or char == " ") for char in spoken)
    spoken.encode()  # no surrogate is left
    assert sum(map(weigh, text)) >= len(spoken)


@given(st.text("0123456789.,:/-%年月日个℃$km ", max_size=30))
def test_no_number_is_too_odd_to_be_read(text: str) -> None:
    spoken = normalize(text).text
    assert not any(char in "0123456789" for char in spoken)
    assert sum(map(weigh, text)) >= len(spoken.replace(" ", ""))
