"""Servers that take notices: an HTTP one and a mail one, on ports of 127.0.0.1, each as bad as a test wants it."""

from __future__ import annotations

import base64
import json
import socketserver
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class WebhookSink:
    """Takes JSON by POST. ``status`` is what it answers, after ``wait`` seconds."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/hook/secret-path"
        self.texts: list[str] = []
        self.paths: list[str] = []
        self.status = 200
        self.wait = 0.0


@contextmanager
def webhook_sink() -> Iterator[WebhookSink]:
    """A webhook that runs for as long as the context."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            sink.paths.append(self.path)
            sink.texts.append(json.loads(body)["text"])
            time.sleep(sink.wait)
            self.send_response(sink.status)
            if sink.status == 302:
                self.send_header("location", "/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        sink = WebhookSink(server.server_address[1])
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield sink
        finally:
            server.shutdown()


class MailSink:
    """Takes mails by SMTP. ``silent``: it never says a word; ``refuse``: it takes no recipient."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.mails: list[str] = []
        self.recipients: list[str] = []
        self.logins: list[str] = []
        self.silent = False
        self.trickle = False
        self.refuse = False


@contextmanager
def mail_sink(tls: ssl.SSLContext | None = None) -> Iterator[MailSink]:
    """A mail server that runs for as long as the context. With ``tls`` it takes logins, after STARTTLS."""

    class Handler(socketserver.StreamRequestHandler):
        def say(self, line: str) -> None:
            self.wfile.write(line.encode() + b"\r\n")

        def handle(self) -> None:
            while sink.silent:
                time.sleep(0.1)
            if sink.trickle:  # a greeting that never ends, though each of its bytes comes soon
                try:
                    while True:
                        self.wfile.write(b"2")
                        time.sleep(0.2)
                except OSError:
                    return
            self.say("220 sink")
            secure = False
            while line := self.rfile.readline().decode().strip():
                command = line.split()[0].upper()
                if command == "EHLO":
                    offers = [] if tls is None else ["STARTTLS"] if not secure else ["AUTH PLAIN"]
                    for offer in ["sink", *offers]:
                        self.say(f"250-{offer}")
                    self.say("250 8BITMIME")
                elif command == "STARTTLS":
                    assert tls is not None
                    self.say("220 go on")
                    self.request = tls.wrap_socket(self.request, server_side=True)
                    self.setup()
                    secure = True
                elif command == "AUTH":
                    assert secure
                    sink.logins.append(base64.b64decode(line.split()[2]).decode().replace("\0", ":"))
                    self.say("235 welcome")
                elif command == "RCPT":
                    sink.recipients.append(line)
                    self.say("550 nobody here" if sink.refuse else "250 ok")
                elif command == "DATA":
                    self.say("354 go on")
                    lines = iter(lambda: self.rfile.readline().decode().rstrip("\r\n"), ".")
                    sink.mails.append("\n".join(lines))
                    self.say("250 taken")
                elif command == "QUIT":
                    self.say("221 bye")
                    return
                else:
                    self.say("250 ok")

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

        def handle_error(self, *_: Any) -> None:
            pass  # of a client that went away, as those of a slow sink do

    with Server(("127.0.0.1", 0), Handler) as server:
        sink = MailSink(server.server_address[1])
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield sink
        finally:
            sink.silent = False
            server.shutdown()
