"""axe-core, which finds what users of screen readers cannot use."""

from pathlib import Path
from typing import Any

import pytest

from tests.clients.chromium import Page

PROGRAM = Path(__file__).parents[1] / "node_modules" / "axe-core" / "axe.min.js"

requires_axe = pytest.mark.skipif(not PROGRAM.exists(), reason="run `npm ci --prefix tests/clients`")

VIOLATIONS = """axe.run(SCOPE).then(({violations}) => violations.map(({id, impact, nodes}) =>
  ({id, impact, where: nodes.map(({html, failureSummary}) => html + failureSummary)})))"""


async def load_axe(page: Page) -> None:
    """Into the page that is shown, whose policy must be bypassed: axe compiles functions."""
    await page.evaluate(PROGRAM.read_text(encoding="utf-8") + "; true")


async def serious_violations(page: Page, scope: str = "html") -> list[dict[str, Any]]:
    """What axe calls serious or critical in the elements of a selector."""
    found = await page.evaluate(VIOLATIONS.replace("SCOPE", repr(scope)))
    return [each for each in found if each["impact"] in ("serious", "critical")]
