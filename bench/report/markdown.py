"""Results as Markdown, in files and on standard output; rich renders it if that is a terminal.

The table is not rich's: that one has no alignment marks in its Markdown.
"""

from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.markdown import Markdown

from bench.report.tables import Row, Section, machine_summary, sections
from bench.results.schema import Results


def markdown_report(results: Results) -> str:
    """Returns the report of a whole run."""
    parts = [machine_summary(results.machine), f"Ran `{results.command}` on {results.date}."]
    for voice in results.voices:
        parts += [f"## {voice.description}", *map(markdown_section, sections(voice))]
    return "\n\n".join(parts) + "\n"


def print_section(section: Section) -> None:
    """Prints a section below an empty line: a table is rendered on a terminal, and Markdown in a pipe."""
    console = Console()
    if console.is_terminal and section.rows:
        console.print()
        console.print(Markdown(markdown_section(section)))
    else:  # not rich's: it would break long lines
        print(f"\n{markdown_section(section)}", flush=True)


def markdown_section(section: Section) -> str:
    """Returns the text of a section, and its table."""
    return f"{section.text}\n\n{markdown_table(section.rows)}" if section.rows else section.text


def markdown_table(rows: Sequence[Row]) -> str:
    """Returns a table with aligned columns: text to the left; numbers, and `-` for a missing one, to the right."""
    columns = []
    for name in rows[0]:
        column = [name, *(row[name] for row in rows)]
        width, numeric = max(map(cell_len, column)), column[1] == "-" or column[1][0].isdigit()
        marks = "-" * (width - 1) + ":" if numeric else "-" * width
        padding = [" " * (width - cell_len(cell)) for cell in column]
        padded = [pad + cell if numeric else cell + pad for pad, cell in zip(padding, column, strict=True)]
        columns.append([padded[0], marks, *padded[1:]])
    return "\n".join(f"| {' | '.join(line)} |" for line in zip(*columns, strict=True))
