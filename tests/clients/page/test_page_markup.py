"""The SSML that the page writes is read like the plain text, and the server's marks and the page's are the same."""

import json
import subprocess
from pathlib import Path

from server.text.frontend import FrontEnd
from server.text.markup.parser import parse_markup
from server.text.units.unit_tables import UnitTables
from server.voices.voice import Voice
from tests.clients.conftest import requires
from tests.conftest import EMBEDDED

SCRIPT = Path(__file__).parent / "unit" / "print_sources.js"
COUNT = 300

pytestmark = requires("node")


def test_a_text_is_read_alike_as_ssml() -> None:
    """Each text has a last line with a change, so that the page writes SSML; all other lines are the same as before."""
    front_end = FrontEnd(UnitTables(Voice(EMBEDDED).manifest))

    def units(source: str) -> list[str]:
        return [sentence.symbols for sentence in front_end.analyze(parse_markup(source), speaker="male", emotion="sad")]

    printed = subprocess.run(["node", SCRIPT, str(COUNT)], capture_output=True, text=True, check=True, timeout=60)
    pairs = json.loads(printed.stdout)
    assert len(pairs) == COUNT
    for pair in pairs:
        assert units(pair["source"]) == units(pair["plain"]), pair
