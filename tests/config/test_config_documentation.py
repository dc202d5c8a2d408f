"""docs/configuration.md lists every key, and whether SIGHUP changes it."""

from pathlib import Path

from server.config.environment import OTHER_VARIABLES
from server.config.keys import keys, sections

DOCS = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text("utf-8")


def rows() -> list[str]:
    """The table as it must be."""
    found = []
    for section in sections():
        of_section = [key for key in keys().values() if key.section == section]
        reloaded, restarted = (
            ", ".join(f"`{key.name}`" for key in of_section if key.is_reloadable is wanted) for wanted in (True, False)
        )
        found.append(" | ".join([f"| `{section}`", reloaded, f"{restarted} |"]))
    return found


def test_the_table_has_every_key() -> None:
    table = [line for line in DOCS.splitlines() if line.startswith("| `")]
    assert table == rows(), "the table of docs/configuration.md must be:\n" + "\n".join(rows())


def test_every_variable_that_is_no_key_is_described() -> None:
    assert not [name for name in OTHER_VARIABLES if f"`{name}`" not in DOCS]
