"""Shows rendered boards to this machine, and to no other."""

from __future__ import annotations

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from footfall.pages.boards.definitions import BoardError

ADDRESS = "127.0.0.1"


class _Handler(SimpleHTTPRequestHandler):
    first_page = ""

    def send_head(self):  # type: ignore[no-untyped-def]
        # A page elsewhere may call this machine by a name of its own, to read what is served here.
        host = self.headers.get("Host", "").rpartition(":")[0] or self.headers.get("Host", "")
        if host not in (ADDRESS, "localhost"):
            self.send_error(403, "Boards are for this machine only")
            return None
        if self.path == "/":
            self.send_response(302)
            self.send_header("Location", f"/{self.first_page}")
            self.end_headers()
            return None
        return super().send_head()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the terminal belongs to whoever started it."""


def server(folder: Path, port: int, first_page: str) -> ThreadingHTTPServer:
    """Return a server of a folder's files on the loopback address; port 0 takes a free one.

    Raises
    ------
    BoardError
        Nothing was rendered there, or the port is taken.
    """
    if not (folder / first_page).is_file():
        raise BoardError(f"There is no {first_page} in {folder}. Render it: make dashboards")
    handler = type("Handler", (_Handler,), {"first_page": first_page})
    try:
        return ThreadingHTTPServer((ADDRESS, port), partial(handler, directory=str(folder)))
    except OSError as problem:
        raise BoardError(
            f"Port {port} of {ADDRESS} cannot be used ({problem.strerror}). "
            "Take another one: make serve PORT=8081"
        ) from problem
