"""The HTTP plumbing: one request read, one answer written, on a loopback port.

Takes a function that answers requests, gives a server that can be ended, never keeps a socket open after its
end. An answer goes out in one write on a socket without Nagle's delay; only long ranges are streamed, in
chunks.
"""

from __future__ import annotations

import contextlib
import os
import socket
import socketserver
import struct
import threading
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import unquote

from apod_pipeline.simulator.message import Answer, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class _Handler(BaseHTTPRequestHandler):
    """Reads requests, writes answers; knows nothing of APOD."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def _serve(self) -> None:
        path, _, query = self.path.partition("?")
        length = self.headers.get("Content-Length", "")
        body = self.rfile.read(int(length)) if length.isdigit() else b""
        headers = {name.lower(): value for name, value in self.headers.items()}
        # A body of unknown length would be taken for the next request.
        self.close_connection |= "transfer-encoding" in headers
        try:
            self._send(self.server.answer(Request(self.command, unquote(path), query, headers, body)))
        except ConnectionError:
            self.close_connection = True  # the client has left

    def __getattr__(self, name: str) -> Callable[[], None]:
        """Every HTTP method is answered; which ones are refused is for the services to say."""
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def _send(self, answer: Answer) -> None:
        if answer.wait:
            self.server.stopping.wait(answer.wait)
        if answer.hang_up:
            self.close_connection = True
        elif isinstance(answer.body, bytes):
            self._send_whole(answer, answer.body)
        else:
            self._stream(answer, answer.body)

    def _send_whole(self, answer: Answer, body: bytes) -> None:
        if answer.keep < 1:
            self.close_connection = True
        framing = [] if answer.status in {204, 304} else [("Content-Length", str(len(body)))]
        head = self._head(answer, framing)
        if self.command == "HEAD" or answer.status in {204, 304}:
            body = b""
        body = body[: int(len(body) * answer.keep)]
        if answer.drip is None:
            self.wfile.write(head + body)
            if answer.reset:
                self._reset()
            return
        size, pause = answer.drip
        self.wfile.write(head)
        for start in range(0, len(body), size):
            self.wfile.write(body[start : start + size])
            if self.server.stopping.wait(pause):
                self.close_connection = True
                return

    def _stream(self, answer: Answer, pieces: Iterator[bytes]) -> None:
        chunked = answer.chunked and self.request_version != "HTTP/1.0"
        self.close_connection |= not chunked
        self.wfile.write(self._head(answer, [("Transfer-Encoding", "chunked")] if chunked else []))
        if self.command == "HEAD":
            return
        for piece in pieces:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")

    def _reset(self) -> None:
        """Let the other side see a reset: a socket that lingers for no second is not closed in good order."""
        self.close_connection = True
        self.server.stopping.wait(0.05)  # what was written shall arrive first
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())

    def _head(self, answer: Answer, framing: list[tuple[str, str]]) -> bytes:
        known = answer.status in HTTPStatus.__members__.values()
        reason = HTTPStatus(answer.status).phrase if known else "Unknown"
        closing = [("Connection", "close")] if self.close_connection else []
        lines = [("Date", formatdate(usegmt=True)), *answer.headers, *framing, *closing]
        text = "".join(f"{name}: {value}\r\n" for name, value in lines)
        return f"HTTP/1.1 {answer.status} {reason}\r\n{text}\r\n".encode("latin-1")

    def log_message(self, *_: object) -> None:
        """Nothing on standard error: the log is the simulator's own."""


Connection = socket.socket | tuple[bytes, socket.socket]


class Server(ThreadingHTTPServer):
    """A threading server that can end all its connections, so that no socket outlives it."""

    daemon_threads = False
    block_on_close = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], answer: Callable[[Request], Answer]) -> None:
        self.answer = answer
        self.stopping = threading.Event()
        self._open: set[Connection] = set()
        self._open_lock = threading.Lock()
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Bind without asking a name server for this machine's name, as the base class would."""
        socketserver.TCPServer.server_bind(self)

    def process_request(self, request: Connection, client_address: object) -> None:
        """Answer a connection's requests in a thread of its own."""
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Connection) -> None:
        """Close a connection that has come to its end."""
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Connection, client_address: object) -> None:
        """A client that goes away is no error of ours."""

    def end(self) -> None:
        """Stop accepting, end every connection, wait for its thread."""
        self.stopping.set()
        with contextlib.suppress(OSError):  # where a listening socket has no such end, the next poll does
            self.socket.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self.shutdown()
        with self._open_lock:
            for connection in self._open:
                with contextlib.suppress(OSError):  # the client was faster
                    connection.shutdown(socket.SHUT_RDWR)  # type: ignore[union-attr]  # TCP has no datagrams
        self.server_close()
