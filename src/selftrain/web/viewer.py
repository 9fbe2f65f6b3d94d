"""The viewer of episodes: a server for this machine only, or the same pages in a folder."""

from __future__ import annotations

import socket
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from selftrain.errors import OptionError
from selftrain.web.pages import episode_page, list_page, page_name
from selftrain.web.runs import RunFolder

HOST = "127.0.0.1"
INDEX = "index.html"
# the pages carry their whole policy; framing can only be forbidden by a header
HEADERS = {
    "Content-Security-Policy": "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def application(run: RunFolder) -> Starlette:
    """The pages of a run as a web application, read again at each request."""

    def home(request: Request) -> Response:
        return RedirectResponse(f"/{INDEX}")

    def index(request: Request) -> Response:
        return HTMLResponse(list_page(run), headers=HEADERS)

    def episode(request: Request) -> Response:
        try:
            return HTMLResponse(episode_page(run, request.path_params["key"]), headers=HEADERS)
        except KeyError:
            return PlainTextResponse("There is no such episode in this run.", 404, headers=HEADERS)

    def broken(request: Request, error: Exception) -> Response:
        return PlainTextResponse(f"error: {error}", 500, headers=HEADERS)

    routes = [Route("/", home), Route(f"/{INDEX}", index), Route("/episode-{key}.html", episode)]
    # another site's name that resolves to this machine must not read the records through somebody's browser
    hosts = Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])
    return Starlette(routes=routes, middleware=[hosts], exception_handlers={OptionError: broken})


def bind(port: int) -> socket.socket:
    """A socket of this machine only; port 0 takes any free one.

    Raises:
        OptionError: the port cannot be had.
    """
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((HOST, port))
        bound.listen()  # from here on nobody is refused, whoever reads the address first
    except OSError as error:
        bound.close()
        raise OptionError(f"port {port} cannot be used: {error.strerror}; choose another with --port") from error
    return bound


def serve(run: RunFolder, bound: socket.socket) -> None:
    """Serve the pages until the process is interrupted."""
    uvicorn.Server(uvicorn.Config(application(run), log_level="warning")).run(sockets=[bound])


def export(run: RunFolder, folder: Path) -> int:
    """Write every page to `folder`, where a browser opens them without a server; returns their number.

    Raises:
        OptionError: the folder cannot be written.
    """
    rows = run.summaries()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / INDEX).write_text(list_page(run), encoding="utf-8")
        for row in rows:
            (folder / page_name(row)).write_text(episode_page(run, row.key), encoding="utf-8")
    except OSError as error:
        raise OptionError(f"{folder} cannot be written: {error.strerror}") from error
    return len(rows) + 1
