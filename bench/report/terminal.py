"""Sections on standard output: tables for a terminal, Markdown for a pipe or a file."""

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from bench.report.markdown import markdown_section
from bench.report.tables import Section, is_numeric_column


def print_section(section: Section) -> None:
    """Prints a section below an empty line."""
    console = Console(markup=False, highlight=False, emoji=False)
    if not (console.is_terminal and section.rows):
        print(f"\n{markdown_section(section)}", flush=True)
        return
    table = Table(title=section.text, title_justify="left", title_style="bold", box=SIMPLE_HEAD)
    for name in section.rows[0]:
        table.add_column(name, justify="right" if is_numeric_column(section.rows, name) else "left")
    for row in section.rows:
        table.add_row(*row.values())
    console.print()
    console.print(table)
