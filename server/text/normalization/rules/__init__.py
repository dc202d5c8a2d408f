"""Verbalizes numbers, dates, codes and addresses: docs/text.md as regular expressions, one module per kind.

The order matters, since a rule sees the result of the rules before it: the most specific forms come first (a web
address, a telephone number, a date), the bare number last. Every rule needs a digit or a symbol that no spoken form
contains, so that a text that is already verbalized does not change.
"""

from server.text.normalization.rules import addresses, calendar, codes, mathematics, measures, money, quantities, scores

RULES = (
    *addresses.RULES,
    *money.RULES,
    *measures.RANGE_RULES,
    *codes.RULES,
    *scores.RULES,
    *calendar.RULES,
    *mathematics.RULES_BEFORE_MEASURES,
    *measures.RULES,
    *mathematics.RULES,
    *quantities.RULES,
)
"""They leave no digits in a text in plain character forms, as `filter_characters` returns it."""
