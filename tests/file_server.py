"""A small HTTP server on loopback that serves files as publishers do, and misbehaves on request."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


@dataclass
class Served:
    """What the server offers.

    Attributes:
        files: path -> body.
        ranges: whether a part of a file can be asked for.
        cut: bytes after which the next answers break off; each is used once.
        statuses: of the next answers; those other than 200 come without a body.
        content_type: of every answer.
        moved: path -> address that it redirects to.
        pause: seconds between two pieces of 64 kB.
        asked: path and Range header of every request.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    ranges: bool = True
    cut: list[int] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    content_type: str = "application/octet-stream"
    moved: dict[str, str] = field(default_factory=dict)
    pause: float = 0
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    address: str = ""

    def url(self, path: str) -> str:
        return f"{self.address}/{path}"


@contextmanager
def serving(**files: bytes) -> Iterator[Served]:
    """Serve until the block ends; names may use ``__`` for a dot."""
    served = Served({name.replace("__", "."): body for name, body in files.items()})

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path, wanted = self.path.lstrip("/").partition("?")[0], self.headers.get("Range")
            served.asked.append((path, wanted))
            if path in served.moved:
                self._answer(302, b"", {"Location": served.moved[path]})
                return
            body = served.files.get(path)
            status = served.statuses.pop(0) if served.statuses else 200
            if status != 200 or body is None:
                self._answer(status if body is not None else 404, b"")
                return
            tag = f'"{hash(body)}"'
            match = re.fullmatch(r"bytes=(\d+)-", wanted or "")
            start = int(match[1]) if match and served.ranges and self.headers.get("If-Range", tag) == tag else 0
            if start and start >= len(body):
                self._answer(416, b"")
                return
            headers = {"ETag": tag, "Content-Type": served.content_type}
            if start:
                headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
            self._answer(206 if start else 200, body[start:], headers)

        def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            if body and served.cut:
                self.wfile.write(body[: served.cut.pop(0)])
                self.close_connection = True
                return
            with suppress(ConnectionError):
                for start in range(0, len(body), 65_536):
                    self.wfile.write(body[start : start + 65_536])
                    time.sleep(served.pause)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.address = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
