"""Punctuation of normalized text, and the rules that reduce all other punctuation and symbols to it."""

from server.text.characters import BREAKS, HAN
from server.text.normalization.rewriting import rule

PUNCTUATION = "，。？！；：、…—（）" + BREAKS
"""The punctuation of a normalized text, with the explicit breaks of markup."""

EQUIVALENTS = {
    ",": "，", "､": "、", "?": "？", "!": "！", ";": "；", ":": "：", "(": "（", ")": "）", "[": "（", "]": "）",
    "【": "（", "】": "）", "〔": "（", "〕": "）", "｡": "。", "/": "、", "–": "—", "―": "—", "⋯": "…",
}  # fmt: skip
SYMBOL_NAMES = {
    "&": "和", "@": "艾特", "Ω": "欧米伽",
    "α": "阿尔法", "β": "贝塔", "γ": "伽马", "δ": "德尔塔", "Δ": "德尔塔", "ε": "艾普西龙", "ζ": "泽塔", "η": "伊塔",
    "θ": "西塔", "κ": "卡帕", "λ": "兰布达", "μ": "缪", "ξ": "克西", "π": "派", "ρ": "柔", "σ": "西格玛", "Σ": "西格玛",
    "τ": "陶", "φ": "斐", "χ": "希", "ψ": "普西", "ω": "欧米伽",
}  # fmt: skip
"""With the Greek letters."""

PUNCTUATION_RULES = (
    rule(r"(?<=[A-Za-z0-9零一二三四五六七八九])\.(?=[A-Za-z])", lambda m: "点"),
    rule(r"\.{2,}", lambda m: "…"),
    rule(r"\.", lambda m: "。"),
    rule(f"[{''.join(SYMBOL_NAMES)}]", lambda m: SYMBOL_NAMES[m[0]]),
    rule(r"\"+|(?<![A-Za-z])'|'(?![A-Za-z])", lambda m: ""),
    rule(f"[^{HAN}A-Za-z' {PUNCTUATION}]", lambda m: EQUIVALENTS.get(m[0], " ")),
    rule(
        rf"[ {PUNCTUATION}]{{2,}}", lambda m: next((mark for mark in m[0] if mark in BREAKS), m[0].strip()[:1] or " ")
    ),
    rule(rf" +(?=[{PUNCTUATION}]| |$)", lambda m: ""),
)
"""Chinese punctuation, one mark in place of several; spaces only between two words."""
