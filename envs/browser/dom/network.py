"""Requests of the dom engine: straight into the sites' WSGI application, with cookies and redirects."""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes, urlsplit

from werkzeug.datastructures import Headers
from werkzeug.http import parse_options_header
from werkzeug.test import run_wsgi_app

from selftrain.envs.browser.addresses import resolved, without_fragment
from selftrain.envs.browser.engine import ActionError, Wsgi
from selftrain.errors import SandboxError

MOST_REDIRECTS = 20
_AGENT = "Mozilla/5.0 (SelfTrain dom engine)"


@dataclass(frozen=True)
class Body:
    """What a POST carries."""

    data: bytes
    content_type: str


@dataclass(frozen=True)
class Answer:
    """The last response of a request, after all redirects.

    Attributes:
        url: that was answered, with its fragment.
        status, headers, data: of the response.
    """

    url: str
    status: int
    headers: Headers
    data: bytes

    def content_type(self) -> tuple[str, str]:
        """Media type and charset."""
        kind, options = parse_options_header(self.headers.get("Content-Type", ""))
        return kind.lower(), options.get("charset", "utf-8")

    def text(self) -> str:
        """The body as text."""
        try:
            return self.data.decode(self.content_type()[1], "replace")
        except (LookupError, UnicodeError):
            return self.data.decode("utf-8", "replace")

    def is_saved(self, saved_texts: Collection[str]) -> bool:
        """Whether this is a file to save rather than a page to show."""
        kind, _ = self.content_type()
        shown = kind.startswith("text/") or kind in {"", "application/json", "application/xhtml+xml"}
        return self.file_name() is not None or kind in saved_texts or not shown

    def file_name(self) -> str | None:
        """The name under which this is to be saved, or None if it is to be shown."""
        disposition, options = parse_options_header(self.headers.get("Content-Disposition", ""))
        if disposition.lower() != "attachment":
            return None
        return safe_name(options.get("filename", "") or urlsplit(self.url).path)


def safe_name(name: str) -> str:
    """A file name without folders and control characters."""
    last = re.split(r"[/\\]", name.rstrip("/\\"))[-1]
    return re.sub(r"[\x00-\x1f\x7f]", "", last).strip(". ")[:120] or "download"


@dataclass
class _Cookie:
    name: str
    value: str
    host: str
    path: str


@dataclass
class Network:
    """The way to the sites for one episode, with its cookies."""

    sites: Wsgi
    hosts: Sequence[str]
    _cookies: dict[tuple[str, str, str], _Cookie] = field(default_factory=dict)

    def get(self, url: str, referrer: str = "") -> Answer:
        """Fetch a page."""
        return self.send("GET", url, None, referrer)

    def send(self, method: str, url: str, body: Body | None, referrer: str) -> Answer:
        """Send a request and follow redirects.

        Raises:
            ActionError: a redirect leads astray, or there are too many.
            SandboxError: the site failed.
        """
        for _ in range(MOST_REDIRECTS + 1):
            status, headers, data = self._once(method, url, body, referrer)
            location = headers.get("Location")
            if status not in {301, 302, 303, 307, 308} or location is None:
                return Answer(url, status, headers, data)
            if (status == 303 and method != "HEAD") or (status in {301, 302} and method == "POST"):
                method, body = "GET", None
            target = resolved(url, location, self.hosts)
            url = target if "#" in target or "#" not in url else f"{target}#{url.partition('#')[2]}"
        raise ActionError(f"The page redirected more than {MOST_REDIRECTS} times, last to {url}; nothing was opened.")

    def _once(self, method: str, url: str, body: Body | None, referrer: str) -> tuple[int, Headers, bytes]:
        parts = urlsplit(without_fragment(url))
        environ = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(parts.path).decode("latin-1"),
            "QUERY_STRING": parts.query,
            "REQUEST_URI": parts.path + ("?" + parts.query if parts.query else ""),
            "SERVER_NAME": parts.netloc,
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": parts.netloc,
            "HTTP_ACCEPT": "text/html,*/*;q=0.8",
            "HTTP_ACCEPT_LANGUAGE": "en-US,en;q=0.9",
            "HTTP_USER_AGENT": _AGENT,
            "CONTENT_LENGTH": str(len(body.data)) if body else "0",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body.data if body else b""),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        if body:
            environ |= {"CONTENT_TYPE": body.content_type}
        if method == "POST":
            environ["HTTP_ORIGIN"] = f"http://{urlsplit(referrer).netloc or parts.netloc}"
        if referrer:
            same = urlsplit(referrer).netloc == parts.netloc
            environ["HTTP_REFERER"] = without_fragment(referrer) if same else f"http://{urlsplit(referrer).netloc}/"
        if cookies := self._cookies_for(parts.netloc, parts.path):
            environ["HTTP_COOKIE"] = cookies
        try:
            content, status, headers = run_wsgi_app(self.sites, environ, buffered=True)
            data = b"".join(content)
        except Exception as error:
            raise SandboxError(f"The site failed on {method} {url}: {error!r}") from error
        for line in headers.getlist("Set-Cookie"):
            self._keep(line, parts.netloc, parts.path)
        return int(status.split(" ", 1)[0]), headers, data

    def _cookies_for(self, host: str, path: str) -> str:
        fitting = [
            cookie
            for cookie in self._cookies.values()
            if cookie.host == host and (path == cookie.path or path.startswith(cookie.path.rstrip("/") + "/"))
        ]
        fitting.sort(key=lambda cookie: -len(cookie.path))
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in fitting)

    def _keep(self, line: str, host: str, path: str) -> None:
        pair, *rest = line.split(";")
        name, _, value = pair.partition("=")
        options = {key.strip().lower(): given.strip() for key, _, given in (part.partition("=") for part in rest)}
        folder = options.get("path", "")
        if not folder.startswith("/"):
            folder = path.rpartition("/")[0] or "/"
        key = (name.strip(), host, folder)
        age = options.get("max-age", "")
        gone = age.lstrip("-").isdigit() and int(age) <= 0
        if gone or (not age and "1970" in options.get("expires", "")):
            self._cookies.pop(key, None)
        elif "secure" not in options and options.get("domain", host).lstrip(".") == host:
            self._cookies[key] = _Cookie(name.strip(), value.strip(), host, folder)
