"""Progress bars, on the error output: what is printed stays clean."""

from collections.abc import Iterable
from typing import TypeVar

from tqdm import tqdm

T = TypeVar("T")


def steps(items: Iterable[T], title: str) -> Iterable[T]:
    """`items`, with a bar while a person looks on."""
    shown: Iterable[T] = tqdm(items, desc=title, leave=False, dynamic_ncols=True, disable=None)
    return shown
