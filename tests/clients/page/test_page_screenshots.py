"""The views as they were looked at: `docs/page/*.png`. SCREENSHOTS=update replaces them.

They are compared as small images: fonts of other machines, and figures of a server, may differ; a layout may not.
"""

import base64
import os
from pathlib import Path

import pytest

from tests.clients.page.conftest import Open

FOLDER = Path(__file__).parents[3] / "docs" / "page"

SIZES = {"wide": (1280, 900), "phone": (390, 844)}

DIFFERENCE = """async (images) => {
  const small = [];
  for (const image of images) {
    const bytes = Uint8Array.from(atob(image), (character) => character.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], {type: "image/png"}));
    const context = new OffscreenCanvas(32, 24).getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(bitmap, 0, 0, 32, 24);
    small.push(context.getImageData(0, 0, 32, 24).data);
  }
  return small[0].reduce((sum, value, index) => sum + Math.abs(value - small[1][index]), 0) / small[0].length / 0.75;
}"""
"""The mean difference of two images in 32 x 24 parts, 0 to 255; the fourth channel is always equal."""

TOLERANCE = 4


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("view", ["speak"])
async def test_a_view_looks_as_it_did(page, open_at: Open, server_url: str, view: str, theme: str, size: str) -> None:
    file = FOLDER / f"{view}-{theme}-{size}.png"
    await page.resize(*SIZES[size])
    await open_at(f"{server_url}/#{view}", theme=theme)
    await page.wait(f"document.querySelector('[data-view={view}]:not([aria-busy])')")
    await page.evaluate("document.fonts.ready.then(() => new Promise((resolve) => setTimeout(resolve, 300)))")
    seen = await page.screenshot()
    if os.environ.get("SCREENSHOTS") == "update":
        FOLDER.mkdir(exist_ok=True)
        file.write_bytes(seen)
    images = [base64.b64encode(image).decode() for image in (file.read_bytes(), seen)]
    difference = await page.evaluate(f"({DIFFERENCE})({images})")
    assert difference < TOLERANCE, f"{file} differs by {difference:.1f}; look at both, then set SCREENSHOTS=update"
