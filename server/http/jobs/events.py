"""GET /v1/audio/jobs/{id}/events: the changes of a job as server-sent events, which a client resumes where it was."""

import logging
import time
from contextlib import suppress

from aiohttp import web

from server.errors import RequestError, StalledError, StoreError
from server.http.connections.cutting import cut
from server.http.connections.timed_writer import TimedWriter
from server.http.jobs.objects import JobEventObject, JobObject
from server.jobs.job import Job
from server.jobs.job_service import JobService

_log = logging.getLogger(__name__)

_LOOK_SECONDS = 1.0
"""Between two looks at the store: another process may compute the job."""
_COMMENT_SECONDS = 15.0
"""Of silence, after which a comment shows proxies and clients that the connection lives."""
_RETRY_MILLISECONDS = 3000

_HEADERS = {"Content-Type": "text/event-stream", "Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
LAST_EVENT_ID = "Last-Event-ID"


async def send_events(
    request: web.Request, service: JobService, job: Job, stall_limit: float | None = None
) -> web.StreamResponse:
    """Sends the events after `Last-Event-ID`, then the next ones until the job has ended.

    204, which tells a browser not to come again, where the job has ended and nothing is left to send. A client that
    reads nothing for `stall_limit` seconds is cut off.
    """
    after = _last_event_id(request)
    if job.is_final and after >= job.events:
        return web.Response(status=204)
    response = web.StreamResponse(headers=_HEADERS)
    await response.prepare(request)
    writer = TimedWriter(response, stall_limit)
    with suppress(ConnectionError):
        try:
            await writer.write(f"retry: {_RETRY_MILLISECONDS}\n\n".encode())
            await _send_until_end(writer, service, job.id, after)
            await writer.write_eof()
        except StalledError as error:
            _log.warning("the events of job %s were cut off: %s", job.id, error)
            cut(request, reset=True)
    return response


async def _send_until_end(writer: TimedWriter, service: JobService, job_id: str, after: int) -> None:
    """The stream also ends when the job is deleted, and when the server stops: then the client comes again."""
    sent_at = time.monotonic()
    while not service.is_closed:
        try:
            events, job = await service.events_after(job_id, after)
        except StoreError:  # the client comes again
            return
        if job is None:
            return
        current = JobObject.of(job, await service.expected_end(job))
        for event in events:
            data = JobEventObject.of(event, current).model_dump_json()
            await writer.write(f"id: {event.number}\nevent: {event.type}\ndata: {data}\n\n".encode())
            after, sent_at = event.number, time.monotonic()
        if job.is_final:
            if after >= job.events:
                return
            continue  # it has ended between the two looks
        if time.monotonic() - sent_at > _COMMENT_SECONDS:
            await writer.write(b": waiting\n\n")
            sent_at = time.monotonic()
        await service.wait_for_change(_LOOK_SECONDS)


def _last_event_id(request: web.Request) -> int:
    text = request.headers.get(LAST_EVENT_ID, "0")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise RequestError(f"{LAST_EVENT_ID} must be the id of an event, a whole number", param=LAST_EVENT_ID)
    return int(text)
