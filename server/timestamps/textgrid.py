"""Times as a TextGrid of Praat, in its long text form: tiers of sentences, words, syllables (pinyin) and phones.

Source: Praat's manual, "TextGrid file formats". A tier has no gaps, and no interval is empty.
"""

from collections.abc import Iterable, Iterator

from server.types import SpeechTiming

Interval = tuple[int, int, str]
"""Begin and end, samples, and the label."""

_HEADER = 'File type = "ooTextFile"\nObject class = "TextGrid"\n\n'


def to_textgrid(timing: SpeechTiming) -> str:
    """The tiers of a text. A phone without any sample is left out."""
    words = [word for sentence in timing.sentences for word in sentence.words]
    syllables = [syllable for word in words for syllable in word.syllables]
    tiers: dict[str, Iterable[Interval]] = {
        "sentences": ((sentence.begin, sentence.end, sentence.text) for sentence in timing.sentences),
        "words": ((word.begin, word.end, word.text) for word in words),
        "syllables": ((syllable.begin, syllable.end, syllable.pinyin or syllable.text) for syllable in syllables),
        "phones": ((phone.begin, phone.end, phone.phone) for syllable in syllables for phone in syllable.phones),
    }
    samples = max(1, timing.samples)  # Praat reads no TextGrid of zero length
    end = _seconds(samples, timing.rate)
    lines = ["xmin = 0", f"xmax = {end}", "tiers? <exists>", f"size = {len(tiers)}", "item []:"]
    for number, (name, intervals) in enumerate(tiers.items(), 1):
        filled = list(_filled(intervals, samples))
        lines += [f"    item [{number}]:", '        class = "IntervalTier"', f"        name = {_quoted(name)}"]
        lines += ["        xmin = 0", f"        xmax = {end}", f"        intervals: size = {len(filled)}"]
        lines += [line for index, interval in enumerate(filled, 1) for line in _interval(index, interval, timing.rate)]
    return _HEADER + "\n".join(lines) + "\n"


def _filled(intervals: Iterable[Interval], samples: int) -> Iterator[Interval]:
    """Yields the intervals, and unlabeled ones where there is none."""
    position = 0
    for begin, end, label in intervals:
        if position < begin:
            yield position, begin, ""
        if begin < end:
            yield begin, end, label
        position = end
    if position < samples:
        yield position, samples, ""


def _interval(index: int, interval: Interval, rate: int) -> Iterator[str]:
    begin, end, label = interval
    yield f"        intervals [{index}]:"
    yield f"            xmin = {_seconds(begin, rate)}"
    yield f"            xmax = {_seconds(end, rate)}"
    yield f"            text = {_quoted(label)}"


def _seconds(samples: int, rate: int) -> str:
    """Praat's own files have as many digits as a number needs."""
    return f"{samples / rate:.9f}".rstrip("0").rstrip(".")


def _quoted(text: str) -> str:
    """In Praat's quotes, on one line: a quote is written twice."""
    return '"' + " ".join(text.split()).replace('"', '""') + '"'
