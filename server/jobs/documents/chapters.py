"""Headings of chapters in plain text, in Chinese and English books."""

import re

MAX_HEADING = 60
"""Characters; a longer line is text."""
_NUMBER = r"[0-9０-９〇零一二两三四五六七八九十百千]{1,9}"
_HEADING = re.compile(
    rf"\s*(?:第\s?{_NUMBER}\s?[章回卷部集篇](?:\s|[:：、.．]|\S|$)"
    r"|(?:chapter|part|book)\s+(?:[0-9]{1,5}|[ivxlc]{1,9})\b"
    r"|(?:序章|序言|前言|引言|楔子|尾声|后记|终章|番外)(?:\s|[:：]|$)"
    r"|#{1,2}\s)",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[。！!；;，,]\s*$")


def is_heading(line: str) -> bool:
    """Whether a line looks like the heading of a chapter: 第三章 …, Chapter 3, 序言, or # of Markdown."""
    return len(line) <= MAX_HEADING and _HEADING.match(line) is not None and _SENTENCE.search(line) is None
