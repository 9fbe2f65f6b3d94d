"""A scripted endpoint in the form of OpenAI's: it stands in for a hosted model, which no test could make fail on cue.

It speaks HTTP over a real socket, so that the official client, its retries and its timeouts are the real ones.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = tuple[int, Any] | None
Script = Callable[[dict[str, Any]], Reply]


class Endpoint(ThreadingHTTPServer):
    """Answers each request with what `script` makes of it; None breaks the connection off."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, script: Script, port: int) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.script = script
        self.requests: list[dict[str, Any]] = []
        self.keys: set[str | None] = set()
        self.models: Any = {"data": [{"id": "only-one"}]}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that give up are what some tests are about."""


class Handler(BaseHTTPRequestHandler):
    server: Endpoint

    def do_GET(self) -> None:
        self.answer(200, self.server.models)

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.requests.append(request)
        self.server.keys.add(self.headers["authorization"])
        reply = self.server.script(request)
        if reply is not None:
            self.answer(*reply)

    def answer(self, status: int, body: Any) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Silence."""


@contextlib.contextmanager
def endpoint(script: Script, port: int = 0) -> Iterator[Endpoint]:
    server = Endpoint(script, port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def says(content: Any, **more: Any) -> tuple[int, Any]:
    """A completion in plain text."""
    choice = {"index": 0, "message": {"role": "assistant", "content": content, **more}, "finish_reason": "stop"}
    return 200, {"model": "scripted", "choices": [choice], "usage": {"prompt_tokens": 7, "completion_tokens": 3}}


def calls(name: str, **arguments: str) -> tuple[int, Any]:
    """A completion that calls a tool."""
    function = {"name": name, "arguments": json.dumps(arguments)}
    return says(None, tool_calls=[{"id": "1", "type": "function", "function": function}])


def refuses(status: int, message: str, **more: Any) -> tuple[int, Any]:
    return status, {"error": {"message": message, **more}}


def in_turn(*replies: Reply) -> Script:
    """One reply after the other, and the last one again and again."""
    left = list(replies)
    return lambda request: left.pop(0) if len(left) > 1 else left[0]
