"""How written quantities, dates, codes and addresses are spoken: docs/text.md as regular expressions, one file a kind.

The order matters: a rule sees what the ones before it left, so what is written most specifically comes first (an
address on the web, a telephone number, a date) and the bare number last. Every rule needs a digit or a mark that no
reading has, so that a text that is already spoken stays as it is.
"""

from server.text.normalization.rewriting import Aligned, rewrite
from server.text.normalization.rules import addresses, calendar, codes, mathematics, measures, money, quantities, scores

_ORDER = (
    *addresses.RULES,
    *money.RULES,
    *measures.RANGES,
    *codes.RULES,
    *scores.RULES,
    *calendar.RULES,
    *mathematics.BEFORE_MEASURES,
    *measures.RULES,
    *mathematics.RULES,
    *quantities.RULES,
)


def speak_quantities(text: Aligned) -> Aligned:
    """`text` (half-width, see `normalize`) without a digit left in it."""
    return rewrite(text, _ORDER)
