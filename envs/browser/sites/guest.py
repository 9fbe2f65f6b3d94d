"""The program that serves sites inside a sandbox: asked on standard input, it reads and writes files beside it.

    python3 guest.py FOLDER      FOLDER holds `<site>.db` files, and `javascript` if pages are to load their widgets

Each line of standard input is a mark and a verb. "request" answers what the file `request` holds, "keep" writes what
the databases have come to, and answers with the log. The answer is written to the file `reply`, and then the mark to
descriptor 3. A request and a reply are a line of JSON and then bytes.
"""

from __future__ import annotations

import io
import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any

from .server import Served


def split(data: bytes) -> tuple[Any, bytes]:
    """The JSON and the bytes of a request or reply."""
    head, _, body = data.partition(b"\n")
    return json.loads(head), body


def joined(head: Any, body: bytes) -> bytes:
    """A request or reply."""
    return json.dumps(head).encode() + b"\n" + body


def _answered(served: Served, folder: Path) -> bytes:
    environ, body = split((folder / "request").read_bytes())
    said: list[Any] = []
    environ |= {"wsgi.input": io.BytesIO(body), "wsgi.errors": sys.stderr, "wsgi.version": (1, 0)}
    answer = b"".join(served(environ, lambda *started: said.extend(started)))
    return joined({"status": said[0], "headers": said[1]}, answer)


def _kept(served: Served, folder: Path) -> bytes:
    for name, data in served.databases().items():
        (folder / f"{name}.db").write_bytes(data)
    return joined({}, json.dumps(served.log).encode())


def main(folder: Path) -> None:
    """Serve until standard input ends."""
    databases = {path.stem: path.read_bytes() for path in folder.glob("*.db")}
    served = Served(databases, (folder / "javascript").exists())
    for line in sys.stdin:
        mark, verb = line.split()
        try:
            reply = _answered(served, folder) if verb == "request" else _kept(served, folder)
        except Exception:  # told to the host, which makes a fault of it
            reply = joined({"failed": traceback.format_exc()[-2000:]}, b"")
        (folder / "reply").write_bytes(reply)
        os.write(3, f"{mark}\n".encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
