"""schemathesis against the document of a running server: no 5xx, and no answer that the document does not know."""

import asyncio
import sys
from pathlib import Path

from server.config import Config
from server.synthesis.registry import VoiceRegistry
from tests.clients.conftest import serve
from tests.conftest import EMBEDDED

PROGRAM = Path(sys.executable).with_name("schemathesis")

CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance", "negative_data_rejection", "missing_required_header", "unsupported_method",
    "allow_header_conformance",
)  # fmt: skip
"""All that apply, except that valid requests succeed: a schema cannot say which voices exist, what can be spoken, and
which bit rates a format has."""

OPTIONS = (
    "--checks", ",".join(CHECKS), "--phases", "examples,coverage,fuzzing", "--max-examples", "10", "--workers", "2",
    "--request-timeout", "60", "--generation-deterministic", "--continue-on-failure", "--warnings", "off", "--no-color",
)  # fmt: skip

OPERATIONS = 31
MAX_CHARACTERS = 40
"""Long enough for the examples of the document; the coverage of its limits does not take long then."""


async def test_every_answer_is_in_the_document(tmp_path):
    models = tmp_path / "models"
    models.mkdir()
    (models / "demo").symlink_to(EMBEDDED)
    config = Config.model_validate(
        {
            "models": {"path": str(models)},
            "runtime": {"providers": ["cpu"], "threads": 1},
            "synthesis": {"max_characters": MAX_CHARACTERS},
            "storage": {"path": str(tmp_path / "data")},
        }
    )
    with serve(VoiceRegistry(config), config) as url:
        process = await asyncio.create_subprocess_exec(
            PROGRAM, "run", f"{url}/openapi.json", *OPTIONS,
            cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        output = (await process.communicate())[0].decode()
    assert process.returncode == 0, output
    assert f"Tested: {OPERATIONS}" in output
