"""Evidence in files: what was judged in an episode, kept so that a changed verifier can judge it again.

A file is a zip. Its member `evidence.json` lists paths with modes, times and the sha256 of each file, folders, links
and what was left out, in the order of the export; every other member holds the bytes of that sha256. The file is named
by the sha256 of `evidence.json`, so that equal evidence has one name and damage shows.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

from selftrain.errors import RecordError
from selftrain.evidence import Evidence, EvidenceFile

_LIST = "evidence.json"
_DATE = (1980, 1, 1, 0, 0, 0)  # the same bytes whenever they are written
_TABLES = ("directories", "links", "dropped")
# a file that came from elsewhere must not fill the memory
_MOST_BYTES = 1 << 30


def pack_evidence(evidence: Evidence) -> tuple[str, bytes]:
    """The name of a file with this evidence, and its bytes."""
    contents: dict[str, bytes] = {}
    listed = []
    for path, file in evidence.files.items():
        digest = hashlib.sha256(file.data).hexdigest()
        contents[digest] = file.data
        listed.append([path, file.mode, file.mtime_ns, digest])
    table = {
        "files": listed,
        **{name: list(getattr(evidence, name).items()) for name in _TABLES},
        "overrun": evidence.overrun,
    }
    # ASCII: bytes of a name that are no UTF-8 are lone surrogates, which only escapes keep
    head = json.dumps(table, separators=(",", ":")).encode("ascii")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {_LIST: head, **contents}.items():
            archive.writestr(_member(name), data)
    return f"{hashlib.sha256(head).hexdigest()}.zip", packed.getvalue()


def _member(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, _DATE)
    member.compress_type = zipfile.ZIP_DEFLATED
    member.create_system, member.external_attr = 3, 0o644 << 16  # or else they tell the system that wrote them
    return member


def read_evidence(path: Path) -> Evidence:
    """The evidence in a file of `pack_evidence`.

    Raises:
        RecordError: the file is missing, damaged, too large or none of these.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if (size := sum(member.file_size for member in archive.infolist())) > _MOST_BYTES:
                raise RecordError(f"{path} holds {size} bytes, over {_MOST_BYTES}; it was not written by a journal")
            head = archive.read(_LIST)
            if hashlib.sha256(head).hexdigest() != path.stem:
                raise ValueError("it does not hold what its name says")
            return _unpacked(json.loads(head), archive)
    except FileNotFoundError as error:
        raise RecordError(f"{path} is missing") from error
    except (OSError, EOFError, ValueError, KeyError, TypeError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise RecordError(f"{path} is damaged or no file of evidence: {error}") from error


def _unpacked(table: dict[str, Any], archive: zipfile.ZipFile) -> Evidence:
    contents = {digest: archive.read(digest) for digest in {digest for *_, digest in table["files"]}}
    for digest, data in contents.items():
        if hashlib.sha256(data).hexdigest() != digest:
            raise ValueError(f"{digest} does not hold what its name says")
    return Evidence(
        files={path: EvidenceFile(contents[digest], mode, mtime) for path, mode, mtime, digest in table["files"]},
        **{name: dict(table[name]) for name in _TABLES},
        overrun=table["overrun"],
    )
