"""A fake ModelScope hub on the loopback interface: file lists and files of models, with byte ranges."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


@dataclass
class Hub:
    """The content of the hub, its simulated failures, and the requests received."""

    models: dict[str, dict[str, bytes]]
    cut_after: dict[str, int] = field(default_factory=dict)
    """File -> bytes after which the connection is closed."""
    status: int | None = None
    """The status of all responses, if set."""
    downloads: list[tuple[str, str | None]] = field(default_factory=list)
    """(file, Range header) of each download."""
    requests: int = 0
    url: str = ""

    def downloaded_files(self) -> list[str]:
        return sorted(file for file, _ in self.downloads)


class _Handler(BaseHTTPRequestHandler):
    hub: Hub

    def do_GET(self) -> None:
        self.hub.requests += 1
        url = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        parts = url.path.removeprefix("/api/v1/models/").split("/")
        files = self.hub.models.get("/".join(parts[:2]))
        if self.hub.status is not None:
            return self._json(self.hub.status, {"Code": self.hub.status, "Message": "simulated failure"})
        if files is None or not url.path.startswith("/api/v1/models/") or query.get("Revision", "master") != "master":
            return self._json(404, {"Code": 10010205001, "Message": "record not found", "Success": False})
        if parts[2:] == ["repo", "files"]:
            return self._json(200, {"Code": 200, "Data": {"Files": [_entry(*item) for item in files.items()]}})
        if parts[2:] == ["repo"] and query.get("FilePath") in files:
            return self._file(query["FilePath"], files[query["FilePath"]])
        return self._json(404, {"Code": 404, "Message": f"not served: {self.path}"})

    def _json(self, status: int, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _file(self, name: str, content: bytes) -> None:
        byte_range = self.headers.get("Range")
        self.hub.downloads.append((name, byte_range))
        start = int(byte_range.removeprefix("bytes=").split("-")[0]) if byte_range else 0
        self.send_response(206 if byte_range else 200)
        if byte_range:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        self.wfile.write(content[start : self.hub.cut_after.get(name, len(content))])
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


def _entry(path: str, content: bytes) -> dict[str, object]:
    digest = hashlib.sha256(content).hexdigest()
    return {"Path": path, "Name": path.split("/")[-1], "Type": "blob", "Size": len(content), "Sha256": digest}


@contextmanager
def running(hub: Hub) -> Iterator[Hub]:
    """Serves the hub on a free port and sets its `url`."""
    handler = type("Handler", (_Handler,), {"hub": hub})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        hub.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield hub
        finally:
            server.shutdown()
            thread.join()
