"""Fragments of regular expressions that several rules use."""

NUMBER = r"(?:[0-9]{1,3}(?:,[0-9]{3}){1,8}(?![0-9])|[0-9]{1,24})(?:\.[0-9]{1,24})?"
"""A number without its sign. Longer ones are read digit by digit before these rules."""
RANGE_DASH = r"\s?(?:-{1,2}|~{1,2}|[–—]{1,2}|−{1,2})\s?"
"""Between two quantities it is read as 到. In `5~-3` the hyphen is a sign, so different dashes are not combined."""
CALENDAR_UNITS = "年月日号点分秒时"
"""After one of them, a dash before a number is a range."""
UNATTACHED = r"(?<![0-9A-Za-z.])"
"""Not inside a number or a word."""
LARGE_UNITS = "[百千万亿]{0,2}"
MEASURE_WORD = (
    r"(?:[个只天次条件位名人张本家种块元米千公克斤吨升秒周倍台辆艘架座层间所匹头岁杯瓶碗份篇首句段遍趟场门把套双对群组批株棵颗"
    r"粒片支部节万亿百包箱桶袋盒盘串朵幅枚根栋户口届顿滴圈行列股步笔则项道束袭扇盏眼口封枝顶匙勺副滩堆厘毫英海里尺寸]"
    r"|年(?!级|代)|分钟|小时|星期|礼拜|季度|美元|欧元|英镑|港元|港币|日元|平方|立方|毛|角(?![度落色形])|成(?!立)|刻钟)"
)
"""A measure word or unit: before it a single 2 is 两."""
