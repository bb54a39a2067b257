"""Shows rendered boards to this machine, and to no other.

Nothing but pages that lie in the folder is shown: no listing, no subfolder, nothing that a link
leads to. A connection that says nothing is closed, and there is a limit to how many are open.
"""

from __future__ import annotations

import os
import re
import socket
import stat
import sys
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from urllib.parse import unquote, urlsplit

from footfall.pages.boards.definitions import BoardError

ADDRESS = "127.0.0.1"
#: How many connections are served at once; more are turned away.
MOST_CONNECTIONS = 32
#: How long a connection may take in all, and how long it may say nothing.
MOST_SECONDS = 30.0
SILENT_SECONDS = 5.0
_PAGE = re.compile(r"/([\w-]+\.html)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class _Handler(BaseHTTPRequestHandler):
    folder = Path()
    first_page = ""
    timeout = SILENT_SECONDS

    def do_GET(self) -> None:
        """Answer with a page."""
        if page := self._page():
            self.wfile.write(page)

    def do_HEAD(self) -> None:
        """Answer as to GET, without the page."""
        self._page()

    def _page(self) -> bytes | None:
        """Send status and headers; return the page, if there is one."""
        # A page elsewhere may call this machine by a name of its own, to read what is served here.
        host = self.headers.get("Host", "").rpartition(":")[0] or self.headers.get("Host", "")
        if host not in (ADDRESS, "localhost"):
            self.send_error(HTTPStatus.FORBIDDEN, "Boards are for this machine only")
            return None
        path = unquote(urlsplit(self.path).path)
        if _CONTROL.search(path):
            self.send_error(HTTPStatus.BAD_REQUEST, "No page has such a name")
            return None
        if path == "/":
            self.send_response(HTTPStatus.FOUND)
            self.send_header("Location", f"/{self.first_page}")
            self.end_headers()
            return None
        named = _PAGE.fullmatch(path)
        page = _read(self.folder / named[1]) if named else None
        if page is None:
            self.send_error(HTTPStatus.NOT_FOUND, "There is no such board")
            return None
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        return page

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the terminal belongs to the user who started it."""


class BoardServer(ThreadingMixIn, HTTPServer):
    """A server that no number of connections and no slow one can tie up."""

    daemon_threads = True
    #: Connections that wait to be taken; with few, readers would be asked to try again in seconds.
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self._free = threading.BoundedSemaphore(MOST_CONNECTIONS)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in a thread of its own, or turn it away where there are too many."""
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve a connection, and end it when its time is over."""
        over = threading.Timer(MOST_SECONDS, _end, [request])
        over.daemon = True
        over.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            over.cancel()
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a reader who went away."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


def server(folder: Path, port: int, first_page: str) -> BoardServer:
    """Return a server of a folder's pages on the loopback address; port 0 takes a free one.

    Raises
    ------
    BoardError
        Nothing was rendered there, or the port is taken.
    """
    if not (folder / first_page).is_file():
        raise BoardError(f"There is no {first_page} in {folder}. Render it: make dashboards")
    handler = type("Handler", (_Handler,), {"folder": folder, "first_page": first_page})
    try:
        return BoardServer((ADDRESS, port), handler)
    except OSError as problem:
        raise BoardError(
            f"Port {port} of {ADDRESS} cannot be used ({problem.strerror}). "
            "Take another one: make serve PORT=8081"
        ) from problem


def _read(file: Path) -> bytes | None:
    """Return what a file holds; nothing where there is none, or something else than a file."""
    try:
        # Without waiting: a pipe of that name would have no end.
        opened = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    # Python opens no folder as a stream.
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        os.close(opened)
        return None
    with os.fdopen(opened, "rb") as stream:
        return stream.read()


def _end(request: socket.socket) -> None:
    try:
        request.shutdown(socket.SHUT_RDWR)
    except OSError:
        # It has ended by itself.
        return
