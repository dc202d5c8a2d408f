"""What becomes of the times of cues."""

from collections.abc import Iterator

from server.jobs.rendering.timeline import Placed, Timeline

_TOLERANCE = 0.05
"""Seconds that a cue may begin or end later without a warning."""


def cue_warnings(line: Timeline) -> Iterator[str]:
    """Yields a warning for each cue that is spoken faster, begins late, or ends late."""
    for placed in line.placed:
        if deviations := list(_deviations(placed, line.rate)):
            part = placed.recording.part
            yield f"line {part.content.details.get('line', part.index + 1)}: the cue {', and '.join(deviations)}"


def _deviations(placed: Placed, rate: int) -> Iterator[str]:
    part = placed.recording.part
    slot, faster = part.content.slot, part.result.details.get("faster") if part.result else None
    if slot is None:
        return
    if faster:
        yield f"is spoken {faster:g} times as fast"
    if (late := placed.begin / rate - slot.begin) > _TOLERANCE:
        yield f"begins {late:.2f} s late"
    if (longer := placed.end / rate - slot.end) > _TOLERANCE:
        yield f"ends {longer:.2f} s late"
