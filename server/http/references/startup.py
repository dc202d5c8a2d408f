"""What runs for references beside the requests."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from server.references.reference_service import ReferenceService


async def sweeping(references: ReferenceService) -> AsyncIterator[None]:
    """For `app.cleanup_ctx`: deletes what is too old."""
    task = asyncio.create_task(references.sweep())
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    references.close()
