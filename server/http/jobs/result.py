"""GET /v1/audio/jobs/{id}/result: the file of a job."""

from pathlib import Path
from urllib.parse import quote

from aiohttp import web

from server.http.errors import ErrorReport
from server.jobs.job import Job, JobResult


def result_response(request: web.Request, job: Job, path: Path) -> web.StreamResponse:
    """The file, or the part of it that the client asks for; 409 before its end, 410 after its time.

    `path` is where the file of a job that is done lies.
    """
    result = job.result
    if job.state == "expired":
        message = f"the result of {job.id} was deleted after its time; make the job again"
        return ErrorReport(410, message, "result_expired").response()
    if result is None or job.state != "done":
        reason = f": {job.error}" if job.error else ""
        return ErrorReport(409, f"{job.id} has no result, it is {job.state}{reason}", "job_has_no_result").response()
    if not path.is_file():
        message = f"the file of {job.id} is no longer there; make the job again"
        return ErrorReport(410, message, "result_expired").response()
    if problem := _range_problem(request, result):
        return problem
    headers = {
        "Content-Type": result.media_type,
        "Content-Disposition": _disposition(result.name),
        "Cache-Control": "private, no-cache",
    }
    return web.FileResponse(path, headers=headers)


def _disposition(name: str) -> str:
    """The name twice: in UTF-8, and for clients that know only ASCII, with _ for every other character."""
    plain = "".join(character if " " <= character <= "~" and character not in '"\\' else "_" for character in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _range_problem(request: web.Request, result: JobResult) -> web.Response | None:
    """416 for a range outside of the file; other ranges are the business of FileResponse."""
    try:
        wanted = request.http_range
    except ValueError:
        first, stop = 0, 0
    else:
        first, stop, _ = wanted.indices(result.size)
    if first < stop:
        return None
    message = f"the file has {result.size} bytes; Range: {request.headers['Range']} is outside of it"
    headers = {"Content-Range": f"bytes */{result.size}"}
    return ErrorReport(416, message, "range_not_satisfiable", headers=headers).response()
