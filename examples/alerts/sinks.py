"""A mailbox and a web address on this machine that take alerts, for demonstrations and tests.

Takes nothing, gives addresses to send to, and what came. Real protocols: SMTP with STARTTLS and login, HTTP.
"""

from __future__ import annotations

import email
import email.policy
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

HOST = "127.0.0.1"


@dataclass
class Mailbox:
    """A mail server.

    Attributes:
        port: where it listens.
        letters: what came.
        login: user and password that it asks for; None for none.
        refuses: recipients that it does not know.
    """

    port: int = 0
    letters: list[EmailMessage] = field(default_factory=list)
    login: tuple[str, str] | None = None
    refuses: set[str] = field(default_factory=set)

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802 - aiosmtpd's
        """Know the recipient, or not."""
        if address in self.refuses:
            return f"550 5.1.1 <{address}>: no such user here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's
        """Take a letter."""
        self.letters.append(email.message_from_bytes(envelope.content, policy=email.policy.default))  # type: ignore[arg-type]
        return "250 OK"

    def authenticate(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> AuthResult:
        """Whether a login is right."""
        well = isinstance(given, LoginPassword) and self.login == (given.login.decode(), given.password.decode())
        return AuthResult(success=well, handled=False)  # handled: nobody would tell the client that it was refused

    @property
    def settings(self) -> dict[str, Any]:
        """The settings, by name, of an archive whose alerts come here."""
        return {
            "extras": ("alerts",),
            "alerts_smtp_host": HOST,
            "alerts_smtp_port": self.port,
            "alerts_smtp_security": "none",
            "alerts_email_to": ("ops@example.com",),
        }

    @property
    def subjects(self) -> list[str]:
        """What the letters are about."""
        return [letter["Subject"] for letter in self.letters]


@contextmanager
def mailbox(
    certificate: str | None = None, key: str | None = None, login: tuple[str, str] | None = None
) -> Iterator[Mailbox]:
    """A mail server for as long as it is wanted; with a certificate it takes letters behind STARTTLS alone."""
    box = Mailbox(login=login)
    options: dict[str, Any] = {}
    if certificate:
        trusted = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        trusted.load_cert_chain(certificate, key)
        options = {"tls_context": trusted, "require_starttls": True}
    if login:
        options |= {"auth_required": True, "authenticator": box.authenticate}
    box.port = _free_port()  # the library tries the port that it was given: 0 would not do
    controller = Controller(box, hostname=HOST, port=box.port, **options)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()


def _free_port() -> int:
    with socket.socket() as trial:
        trial.bind((HOST, 0))
        port: int = trial.getsockname()[1]
        return port


@dataclass
class WebSink:
    """A web address that takes whatever is sent to it.

    Attributes:
        address: where it is.
        requests: method, path and body of each request.
        answers: status and headers of the next answers, in their order; 200 when they are used up.
    """

    address: str = ""
    requests: list[tuple[str, str, str]] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)

    def bodies(self, path: str) -> list[str]:
        """What was sent to a path."""
        return [body for _, at, body in self.requests if at.partition("?")[0] == path]


@contextmanager
def web_sink() -> Iterator[WebSink]:
    """A web address for as long as it is wanted."""
    sink = WebSink()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            sink.requests.append((self.command, self.path, body))
            status, headers = sink.answers.pop(0) if sink.answers else (200, {})
            said = b'{"ok": true}' if "/api/" in self.path else b"ok"
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_GET = do_POST = _answer  # noqa: N815 - the standard library's

        def log_message(self, *_: Any) -> None:
            """Nothing: it is no web server's log that is wanted."""

    server = ThreadingHTTPServer((HOST, 0), Handler)
    sink.address = f"http://{HOST}:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield sink
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
