"""Signed report cards: an Ed25519 signature (RFC 8032) over the card, by the library `cryptography`.

A card's file is JSON: `card`, `signer` (the public key and its fingerprint, both in hexadecimal) and `signature`, over
the JSON of the other two in their order, without spaces. The file itself is held to the one form that `sealed` writes,
so that a change of any byte shows, a space too.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from selftrain.errors import OptionError, SelfTrainError
from selftrain.home import home_folder

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_MOST_BYTES = 1 << 30


@dataclass(frozen=True)
class SignedCard:
    """What a file says whose signature is right.

    Attributes:
        card: JSON types; see `selftrain.envs.gate.card.read_card`.
        fingerprint: sha256 of the signer's public key. Who that is, a card cannot say.
    """

    card: Mapping[str, Any]
    fingerprint: str


def default_key() -> Path:
    """The file of this user's key for signing."""
    return home_folder() / "keys" / "report-cards.pem"


def load_key(file: Path | None = None) -> Ed25519PrivateKey:
    """The key in `file`, or this user's own, which is made where it is missing and is readable for the user alone.

    Raises:
        OptionError: `file` holds no Ed25519 key, or cannot be read.
        SelfTrainError: the library is missing.
    """
    _need_library()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    place = file or default_key()
    if file is None and not place.exists():
        _make_key(place)
    how = f"make one: openssl genpkey -algorithm ed25519 -out {place}"
    try:
        key = load_pem_private_key(place.read_bytes(), password=None)
    except OSError as error:
        raise OptionError(f"the key {place} cannot be read ({error.strerror}); {how}") from error
    except (ValueError, TypeError) as error:
        raise OptionError(f"{place} holds no private key without a password ({error}); {how}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise OptionError(f"{place} holds a key of another kind than Ed25519; {how}")
    return key


def _make_key(place: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    text = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    part = place.with_name(f".{place.name}.{os.getpid()}")
    try:
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
            opened.write(text)
        try:
            os.link(part, place)  # two processes at once: the first key stays
        except FileExistsError:
            pass
        finally:
            part.unlink()
    except OSError as error:
        raise OptionError(f"no key can be made at {place} ({error.strerror}); give one with --key FILE") from error


def fingerprint_of(key: Ed25519PrivateKey) -> str:
    """sha256 of the public key, in hexadecimal."""
    return hashlib.sha256(key.public_key().public_bytes_raw()).hexdigest()


def sealed(card: Mapping[str, Any], key: Ed25519PrivateKey) -> bytes:
    """The file of a signed card."""
    public = key.public_key().public_bytes_raw()
    signer = {"algorithm": "ed25519", "public_key": public.hex(), "fingerprint": hashlib.sha256(public).hexdigest()}
    content = {"card": dict(card), "signer": signer}
    return _rendered({**content, "signature": key.sign(_signed(content)).hex()})


def opened(file: Path) -> SignedCard:
    """The card in `file`, whose signature is right; whose it is, the caller has to ask.

    Raises:
        OptionError: the file cannot be read, is no signed card, or is not as it was signed.
        SelfTrainError: the library is missing.
    """
    _need_library()
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    table, data = _read(file)
    try:
        content = {"card": table["card"], "signer": table["signer"]}
        public, signature = bytes.fromhex(table["signer"]["public_key"]), bytes.fromhex(table["signature"])
        Ed25519PublicKey.from_public_bytes(public).verify(signature, _signed(content))
        # nothing beside what was signed, and no second way to write the signature
        as_sealed = _rendered({**content, "signature": signature.hex()})
        fingerprint = hashlib.sha256(public).hexdigest()
        is_whole = table["signer"]["fingerprint"] == fingerprint and as_sealed == data
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise OptionError(f"{file} is no signed report card ({type(error).__name__}: {error})") from error
    except InvalidSignature:
        raise OptionError(f"{file} was changed after it was signed: its signature does not fit") from None
    if not is_whole:
        raise OptionError(f"{file} was changed after it was signed: it is not in the form in which cards are written")
    return SignedCard(table["card"], fingerprint)


def _read(file: Path) -> tuple[dict[str, Any], bytes]:
    try:
        with file.open("rb") as stream:
            data = stream.read(_MOST_BYTES)
        table = json.loads(data)
    except OSError as error:
        raise OptionError(f"{file} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise OptionError(f"{file} is no signed report card, for it is no JSON: {error}") from error
    if not isinstance(table, dict) or not isinstance(table.get("card"), dict):
        raise OptionError(f"{file} is no signed report card: it has no table `card`")
    return table, data


def _signed(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, separators=(",", ":"), allow_nan=False).encode()


def _rendered(value: Any) -> bytes:
    return json.dumps(value, indent=1, allow_nan=False).encode() + b"\n"


def _need_library() -> None:
    try:
        import cryptography  # noqa: F401
    except ImportError:
        raise SelfTrainError(
            "report cards are signed by the library cryptography: pip install 'selftrain[packs]'"
        ) from None
