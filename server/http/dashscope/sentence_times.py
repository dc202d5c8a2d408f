"""Placeholder until the times are merged."""

from typing import Any

from server.types import SentenceTiming


def dashscope_sentence(timing: SentenceTiming, *, words: bool, phonemes: bool) -> dict[str, Any]:
    """..."""
    return {}


def dashscope_words(timing: SentenceTiming, *, phonemes: bool) -> list[dict[str, Any]]:
    """..."""
    return []
