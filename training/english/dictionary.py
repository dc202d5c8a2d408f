"""Packs the CMU pronouncing dictionary for the server.

    python -m training.english.dictionary cmudict.dict server/text/english/cmudict.zlib

Left out are other readings of a word, words with marks other than an apostrophe, secondary stress, and possessives
that the server makes itself.
"""

import sys
from pathlib import Path

from server.text.english.dictionary import pack
from server.text.english.words import with_s
from training.english import cmudict


def main(source: Path, target: Path) -> None:
    words = cmudict.read(source)
    kept = {
        word: phones
        for word, phones in words.items()
        if not (word.endswith("'s") and (stem := words.get(word[:-2])) and with_s(stem) == phones)
    }
    target.write_bytes(pack(kept))
    print(f"{len(kept)} words, {target.stat().st_size} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
