"""The largest number of clients that a server has on time."""

from collections.abc import Callable

_GROWTH = 1.25
"""From one level to the next while all are on time."""


def largest_level(is_on_time: Callable[[int], bool], guess: int, limit: int) -> int:
    """Returns the largest level of 1 to `limit` for which `is_on_time`, 0 if there is none.

    It starts at `guess`, grows while levels are on time, and bisects. Above a level that is not on time, none is.
    """
    good, bad, level = 0, limit + 1, max(1, min(guess, limit))
    while bad - good > 1:
        if is_on_time(level):
            good = level
        else:
            bad = level
        grown = max(good + 1, int(good * _GROWTH))
        level = min(grown, limit) if bad > limit else (good + bad) // 2
    return good
