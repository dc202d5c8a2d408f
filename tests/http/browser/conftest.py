"""A page of headless Chromium, and a server with the embedded voice that it can reach."""

import pytest

from server.config import Config
from server.synthesis.registry import VoiceRegistry
from tests.conftest import EMBEDDED
from tests.http.browser.chromium import PROGRAM, open_page
from tests.http.dashscope.server_thread import serving_in_thread


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The address of the server."""
    models = tmp_path_factory.mktemp("models")
    (models / "demo").symlink_to(EMBEDDED)
    config = Config.model_validate({"models": {"path": str(models)}, "runtime": {"providers": ["cpu"], "threads": 1}})
    with serving_in_thread(VoiceRegistry(config), config) as address:
        yield f"http://{address}"


@pytest.fixture
async def page(tmp_path):
    if PROGRAM is None:
        pytest.skip("chromium is not installed; on Debian: apt-get install chromium")
    async with open_page(tmp_path) as opened:
        yield opened
