"""Punctuation of normalized text, and the rules that reduce all other punctuation and symbols to it."""

from server.text.characters import BREAKS, HAN
from server.text.normalization.greek import GREEK_LETTER_NAMES
from server.text.normalization.rewriting import rule

PUNCTUATION = "，。？！；：、…—（）" + BREAKS
"""The punctuation of a normalized text, with the explicit breaks of markup."""

EQUIVALENTS = {
    ",": "，", "､": "、", "?": "？", "!": "！", ";": "；", ":": "：", "(": "（", ")": "）", "[": "（", "]": "）",
    "【": "（", "】": "）", "〔": "（", "〕": "）", "｡": "。", "/": "、", "–": "—", "―": "—", "⋯": "…",
}  # fmt: skip
SYMBOL_NAMES = {"&": "和", "@": "艾特", "Ω": "欧米伽"} | GREEK_LETTER_NAMES

PUNCTUATION_RULES = (
    rule(r"(?<=[A-Za-z0-9零一二三四五六七八九])\.(?=[A-Za-z])", lambda m: "点"),
    rule(r"\.{2,}", lambda m: "…"),
    rule(r"\.", lambda m: "。"),
    rule(f"[{''.join(SYMBOL_NAMES)}]", lambda m: SYMBOL_NAMES[m[0]]),
    rule(r"\"+|(?<![A-Za-z])'|'(?![A-Za-z])", lambda m: ""),
    rule(f"[^{HAN}A-Za-z' {PUNCTUATION}]", lambda m: EQUIVALENTS.get(m[0], " ")),
    rule(
        rf"[ {PUNCTUATION}]{{2,}}",
        lambda m: next((mark for mark in m[0] if mark in BREAKS), m[0].strip()[:1] or " "),
    ),
    rule(rf" +(?=[{PUNCTUATION}]| |$)", lambda m: ""),
)
"""Chinese punctuation, one mark in place of several; spaces only between two words."""
