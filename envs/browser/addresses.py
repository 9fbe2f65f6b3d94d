"""URLs as a browser reads them, and the hosts that an episode is confined to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from selftrain.envs.browser.engine import ActionError

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_IGNORED = str.maketrans("", "", "\t\r\n")
_PATH = "%/:@!$&'()*+,;=~|[]^"
_LONGEST = 100


def whole_url(url: str, hosts: Sequence[str]) -> str:
    """An absolute URL that was typed, in the form that a request has it.

    Raises:
        ActionError: it is none, or leads out of `hosts`.
    """
    url = url.strip().translate(_IGNORED)
    if not _SCHEME.match(url):
        raise ActionError(f"{_shown(url)} is no whole URL; write one such as 'http://{hosts[0]}/'.")
    return resolved("", url, hosts)


def resolved(base: str, reference: str, hosts: Sequence[str]) -> str:
    """The URL that `reference` stands for on the page `base`.

    Raises:
        ActionError: it leads out of `hosts`, or is no page of the web.
    """
    reference = reference.strip().translate(_IGNORED)
    scheme = _SCHEME.match(reference)
    if scheme and scheme[1].lower() != "http":
        raise _refused(reference, f"{scheme[1].lower()}: URLs are not opened", hosts)
    before, _, _ = reference.partition("?")
    before, _, _ = before.partition("#")
    reference = _slashed(before.replace("\\", "/"), bool(base)) + reference[len(before) :]
    try:
        parts = urlsplit(urljoin(base, reference))
        port = parts.port
    except ValueError:
        raise _refused(reference, "it is no URL", hosts) from None
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme != "http" or host not in hosts:
        raise _refused(reference, "it is outside of this task", hosts)
    if "@" in parts.netloc:
        raise _refused(reference, "a URL with a user name is not opened", hosts)
    if port not in {None, 80}:
        raise _refused(reference, f"there is nothing on port {port}", hosts)
    # joining again takes the dots out of an absolute path
    path = urlsplit(urljoin(f"http://{host}/", quote(parts.path or "/", _PATH).replace("//", "/%2F"))).path
    path = path.replace("/%2F", "//")
    return urlunsplit(("http", host, path, quote(parts.query, _PATH + "?"), quote(parts.fragment, _PATH + "?")))


def _slashed(reference: str, has_base: bool) -> str:
    """The same with exactly two slashes before the host, where a browser sees one."""
    start = "http:" if _SCHEME.match(reference) else ""
    rest = reference[len(start) :]
    if rest.startswith("//") or (start and not has_base):
        return f"{start}//{rest.lstrip('/')}"
    return rest


def without_fragment(url: str) -> str:
    """The part of a URL that is asked for."""
    return url.partition("#")[0]


def _shown(url: str) -> str:
    return repr(url if len(url) <= _LONGEST else url[:_LONGEST] + "...")


def _refused(url: str, why: str, hosts: Sequence[str]) -> ActionError:
    return ActionError(
        f"{_shown(url)} was not opened: {why}. Allowed: {', '.join(f'http://{host}/' for host in hosts)}"
    )
