"""Bytes as they may be read: opened where they are packed, decoded where they are encoded; and where they come from."""

from __future__ import annotations

import base64
import binascii
import bz2
import io
import lzma
import re
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Literal

from selftrain.evidence import MIB

MOST_BYTES = 8 * MIB
"""Of one file, or of what one packed file holds, that are read."""
DECODED_BYTES = 2 * MIB
"""Of a file, up to which base64 and hexadecimal digits in it are decoded."""
_XZ_MEMORY_BYTES = 128 * MIB  # xz -9 takes 65; a header may ask for 4 GB
_DEEPEST = 3
_MOST_PARTS = 200
_WORD = 64
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{10,}={0,2}(?:\r?\n[A-Za-z0-9+/_-]+={0,2})*")
_HEX = re.compile(rb"(?:[0-9a-fA-F]{2}){8,}(?:\r?\n(?:[0-9a-fA-F]{2})+)*")
_SPACE = b" \t\r\n\v\f"
_URL_SAFE = bytes.maketrans(b"-_", b"+/")

Kind = Literal["instruction", "environment", "file", "image", "history"]


@dataclass(frozen=True)
class Place:
    """Something that an agent can read.

    Attributes:
        name: absolute path of a file, or what else it is.
        data: its bytes.
        kind: "history" is an object of version control, "environment" a variable's value.
    """

    name: str
    data: bytes
    kind: Kind = "file"


def squeezed(data: bytes) -> bytes:
    """`data` without white space, which any tool may lay out anew."""
    return data.translate(None, _SPACE)


def views(data: bytes, depth: int = _DEEPEST, how: str = "") -> Iterator[tuple[str, bytes]]:
    """How it is packed or encoded ("" as it is) → bytes; packed in packed down to `depth`."""
    data = data[:MOST_BYTES]
    yield how, data
    if depth:
        for step, inner in _opened(data):
            yield from views(inner, depth - 1, f"{how}, {step}" if how else step)


def _opened(data: bytes) -> Iterator[tuple[str, bytes]]:
    """What one layer holds; damaged archives hold what can be read of them."""
    with suppress(OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, RuntimeError, NotImplementedError):
        if data.startswith(b"\x1f\x8b"):
            yield "gzip", zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(data, MOST_BYTES)
        elif data.startswith(b"BZh"):
            yield "bzip2", bz2.BZ2Decompressor().decompress(data, MOST_BYTES)
        elif data.startswith(b"\xfd7zXZ\0"):
            yield "xz", lzma.LZMADecompressor(memlimit=_XZ_MEMORY_BYTES).decompress(data, MOST_BYTES)
        elif data.startswith(b"x") and data[1:2] in (b"\x01", b"\x5e", b"\x9c", b"\xda"):
            yield "zlib", zlib.decompressobj().decompress(data, MOST_BYTES)
        elif zipfile.is_zipfile(io.BytesIO(data)):
            yield from _of_zip(data)
        elif data[257:262] == b"ustar":
            yield from _of_tar(data)
        elif len(data) <= DECODED_BYTES:
            yield from _decoded(data)


def _read(stream: IO[bytes]) -> bytes:
    with stream:
        return stream.read(MOST_BYTES)


def _of_zip(data: bytes) -> Iterator[tuple[str, bytes]]:
    with suppress(zipfile.BadZipFile), zipfile.ZipFile(io.BytesIO(data)) as archive:
        for member in archive.infolist()[:_MOST_PARTS]:
            if not member.is_dir() and not member.flag_bits & 1:  # what is locked with a password is read by nobody
                yield f"zip member {member.filename}", _read(archive.open(member))


def _of_tar(data: bytes) -> Iterator[tuple[str, bytes]]:
    with suppress(tarfile.TarError), tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
        for number, member in enumerate(archive):
            if number >= _MOST_PARTS:
                return
            stream = archive.extractfile(member) if member.isreg() else None
            if stream is not None:
                yield f"tar member {member.name}", _read(stream)


def _decoded(data: bytes) -> Iterator[tuple[str, bytes]]:
    for found in sorted(_HEX.findall(data), key=len, reverse=True)[:_MOST_PARTS]:
        with suppress(binascii.Error):
            yield from _sensible("hex", bytes.fromhex(squeezed(found).decode()))
    for found in sorted(_BASE64.findall(data), key=len, reverse=True)[:_MOST_PARTS]:
        text = squeezed(found).rstrip(b"=").translate(_URL_SAFE)
        with suppress(binascii.Error):
            yield from _sensible("base64", base64.b64decode(text + b"=" * (-len(text) % 4)))


def _sensible(how: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    """Leaves out what comes of decoding a mere word: a few bytes that are no text."""
    if len(data) >= _WORD or _is_text(data):
        yield how, data


def _is_text(data: bytes) -> bool:
    try:
        return data.decode().isprintable() or b"\n" in data
    except UnicodeDecodeError:
        return False


def members(data: bytes) -> dict[str, bytes]:
    """The regular files of a tar archive whose end may be missing, by absolute path."""
    found = dict[str, bytes]()
    with suppress(tarfile.TarError, OSError, EOFError), tarfile.open(fileobj=io.BytesIO(data), mode="r|") as archive:
        for member in archive:
            stream = archive.extractfile(member) if member.isreg() else None
            if stream is not None:
                found[f"/{member.name.lstrip('/')}"] = stream.read(MOST_BYTES)
    return found


def git_blobs(data: bytes) -> dict[str, bytes]:
    """The files among the objects that `git cat-file --batch` printed, by hash; the last may be cut."""
    found, place = dict[str, bytes](), 0
    head = re.compile(rb"([0-9a-f]{40,64}) (\w+) ([0-9]+)\n")
    while match := head.match(data, place):
        end = match.end() + int(match[3])
        if match[2] == b"blob":
            found[match[1].decode()] = data[match.end() : end]
        place = end + 1
    return found
