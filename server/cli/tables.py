"""Prints tables: formatted by rich on a terminal, as plain aligned text in a pipe or file.

rich is imported where a table is printed: it takes 2 MB, and `serve` prints none.
"""

import sys
from collections.abc import Iterable, Sequence

_UNLIMITED_WIDTH = 1_000_000

Row = Sequence[str]


def print_fields(fields: Iterable[tuple[str, str]], *, plain: str, title: str | None = None) -> None:
    """Prints labels with their values, wrapped beside the labels on a terminal.

    `plain` is the format of one line of plain text, such as "{}: {}".
    """
    if not sys.stdout.isatty():
        print(*([title] if title else []), *(plain.format(*field) for field in fields), sep="\n")
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="cyan", no_wrap=True)
    grid.add_column(overflow="fold")
    for field in fields:
        grid.add_row(*map(Text, field))
    console = Console(highlight=False)
    if title:
        console.print(Text(title, style="bold"))
    console.print(grid)


def print_table(header: Row, rows: Iterable[Row], *, indent: int = 0) -> None:
    """Prints rows under a header, in aligned columns."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    terminal = sys.stdout.isatty()
    columns = (Column(Text(name), overflow="fold", no_wrap=not terminal) for name in header)
    box = SIMPLE_HEAD if terminal else None
    table = Table(*columns, box=box, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*map(Text, row))
    if terminal:
        Console(highlight=False).print(table)
        return
    console = Console(highlight=False, width=_UNLIMITED_WIDTH)
    with console.capture() as capture:
        console.print(table)
    for line in capture.get().splitlines():
        print(" " * indent + line.rstrip())
