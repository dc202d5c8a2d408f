"""The speed at which a cue fits between its times."""

from collections.abc import Awaitable, Callable

from server.types import STYLE_LIMITS

MAX_SPEED_UP = 1.5
"""Relative to the speed that the job asks for. What is then still too long ends later than its cue."""
_TRIES = 4
_MARGIN = 1.005
"""Durations are whole frames."""


async def fitting_speed(speed: float, slot: float, seconds_at: Callable[[float], Awaitable[float]]) -> float:
    """The lowest speed, of those from `speed` on, at which the speech takes at most `slot` seconds, if there is one.

    `seconds_at` gives the length of the speech at a speed.
    """
    fastest = min(speed * MAX_SPEED_UP, STYLE_LIMITS["speed"][1])
    for _ in range(_TRIES):
        seconds = await seconds_at(speed)
        if seconds <= slot or speed >= fastest:
            break
        speed = min(speed * seconds / slot * _MARGIN, fastest)
    return speed
