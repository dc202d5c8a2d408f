"""Progress bars on standard error."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from rich.console import Console
from rich.progress import Progress

T = TypeVar("T")


def track(items: Sequence[T], title: str) -> Iterator[T]:
    """Yields `items`, with a progress bar if standard error is a terminal."""
    console = Console(stderr=True)
    # Without a refresh thread: its CPU time would count as that of the synthesis.
    with Progress(
        console=console, auto_refresh=False, transient=True, redirect_stdout=False, disable=not console.is_terminal
    ) as progress:
        yield from progress.track(items, description=title)
