"""Part-of-speech tags for break prediction.

A word gets its most frequent tag, without regard to the sentence. All proper names share a tag, and each structural
particle has a tag of its own, because it is enclitic.
"""

from functools import lru_cache

from server.text.dictionaries import segmenter
from server.text.normalization.numerals import NUMERALS

_MERGED_TAGS = {
    "nr": "name", "nrt": "name", "nrfg": "name", "ns": "name", "nt": "name", "nz": "name",
    "uj": "的", "ul": "了", "uz": "着", "ug": "过", "ud": "得", "uv": "地",
    "zg": "d", "df": "d", "ad": "d", "b": "a", "z": "a", "ag": "a", "vg": "v", "l": "v", "tg": "t", "s": "f",
    "ng": "n", "an": "n", "j": "n", "k": "n", "g": "n", "h": "n", "mq": "m", "mg": "m",
}  # fmt: skip
"""The tag of jieba's dictionary -> the tag that is used in its place."""


@lru_cache(maxsize=16384)
def pos_tag(word: str) -> str:
    """Returns the tag of the dictionary (`n` `v` `d` `p` ...), `m` for numerals, `name`, or the particle itself."""
    if all(char in NUMERALS for char in word):
        return "m"
    tags = segmenter.tags(word)
    if len(tags) > 1:  # not in the dictionary: the head is the last part, unless the word is a quantity
        return "m" if tags[0] == "m" else tags[-1][0]
    return _MERGED_TAGS.get(tags[0], tags[0])
