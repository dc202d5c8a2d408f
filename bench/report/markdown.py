"""Results as Markdown, in files and on standard output that is not a terminal.

The table is not rich's: that one has no alignment marks in its Markdown.
"""

from collections.abc import Sequence

from rich.cells import cell_len

from bench.report.tables import Row, Section, is_numeric_column, machine_summary, sections
from bench.results.schema import Results


def markdown_report(results: Results) -> str:
    """Returns the report of a whole run."""
    parts = [machine_summary(results.machine), f"Ran `{results.command}` on {results.date}."]
    for voice in results.voices:
        parts += [f"## {voice.description}", *map(markdown_section, sections(voice))]
    return "\n\n".join(parts) + "\n"


def markdown_section(section: Section) -> str:
    """Returns the text of a section, and its table."""
    return f"{section.text}\n\n{markdown_table(section.rows)}" if section.rows else section.text


def markdown_table(rows: Sequence[Row]) -> str:
    """Returns a table with aligned columns: text to the left, numbers to the right."""
    columns = []
    for name in rows[0]:
        cells = [name, *(row[name] for row in rows)]
        width, numeric = max(map(cell_len, cells)), is_numeric_column(rows, name)
        marks = "-" * (width - 1) + ":" if numeric else "-" * width
        padded = [" " * (width - cell_len(cell)) + cell if numeric else cell + " " * (width - cell_len(cell))
                  for cell in cells]  # fmt: skip
        columns.append([padded[0], marks, *padded[1:]])
    return "\n".join(f"| {' | '.join(line)} |" for line in zip(*columns, strict=True))
