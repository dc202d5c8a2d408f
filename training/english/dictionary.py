"""Packs the CMU pronouncing dictionary for the server.

    python -m training.english.dictionary cmudict.dict server/text/english/cmudict.zlib

It omits alternative readings, words with characters other than letters and apostrophes, secondary stress, and the
possessives that the server derives.
"""

import sys
from pathlib import Path

from server.text.english.dictionary import pack
from server.text.english.word_pronunciation import add_s
from training.english import cmudict


def main(source: Path, target: Path) -> None:
    """Writes the packed dictionary."""
    words = cmudict.read(source)
    kept = {
        word: phones
        for word, phones in words.items()
        if not (word.endswith("'s") and (stem := words.get(word[:-2])) and add_s(stem) == phones)
    }
    target.write_bytes(pack(kept))
    print(f"{len(kept)} words, {target.stat().st_size} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
