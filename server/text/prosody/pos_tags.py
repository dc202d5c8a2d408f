"""What kind of word a word is, as far as breaks care.

The part of speech is the one that a word has most often; names are one kind, and the particles of structure are each
their own, for they lean on what stands before them.
"""

from functools import lru_cache

from server.text.normalization.numerals import NUMERALS

_MERGED = {
    "nr": "name", "nrt": "name", "nrfg": "name", "ns": "name", "nt": "name", "nz": "name",
    "uj": "的", "ul": "了", "uz": "着", "ug": "过", "ud": "得", "uv": "地",
    "zg": "d", "df": "d", "ad": "d", "b": "a", "z": "a", "ag": "a", "vg": "v", "l": "v", "tg": "t", "s": "f",
    "ng": "n", "an": "n", "j": "n", "k": "n", "g": "n", "h": "n", "mq": "m", "mg": "m",
}  # fmt: skip
"""Tags of rjieba that behave alike."""


@lru_cache(maxsize=16384)
def kind(word: str) -> str:
    """`n` `v` `d` `p` ... as rjieba tags them, `m` for all numerals, `name`, or a particle itself."""
    if all(char in NUMERALS for char in word):
        return "m"
    import rjieba

    tags = [tag for _, tag in rjieba.tag(word, False)]
    if len(tags) > 1:  # in no dictionary: its last part names what it is, unless it is counted
        return "m" if tags[0] == "m" else tags[-1][0]
    return _MERGED.get(tags[0], tags[0])
