"""What several families need to make files look like those of a real project: people, hosts, words and times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import numpy as np

Item = TypeVar("Item")


def _split(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FIRST_NAMES = _split("""
    Ana Björn Chidi Dana Elif Farid Grace Hana Igor Jonas Kamala Lena Mateus Nadia Olu Priya Quentin Rosa Sven
    Tomoko Ulrike Viktor Wanjiru Xiu Yusuf Zoë
""")
LAST_NAMES = _split("""
    Abara Bianchi Castellanos Dvořák Eriksen Fontaine Goldberg Haddad Ivanova Jansen Kowalski Lindqvist Moreau
    Nakamura Okafor Petrov Quiroga Rossi Schmidt Tanaka Urbina Vasquez Wójcik Yamada Zhang
""")
DOMAINS = ("example.com", "example.org", "corp.example.net", "mail.example.com")
SERVICES = _split("""
    auth billing catalog checkout dispatch events fulfil gateway identity inventory ledger mailer metrics notify
    orders payments pricing profile quota ratings relay reports scheduler search session shipping stock sync
    tickets uploads
""")
SITES = ("ams", "fra", "gru", "iad", "lhr", "nrt", "ord", "sea", "sin", "syd")
WORDS = _split("""
    account alert amount archive batch border branch bridge budget buffer bundle cable cache canal carrier chart
    client cluster column contract copper cursor customer daily delta deposit desk device draft driver engine
    entry field filter folder frame garden glass grain guard harbor header index invoice island journal kernel
    label lake lantern ledger letter limit listing market marker matrix meadow meter mirror module monitor
    mountain number object office orange order packet page panel paper parcel parser partner pattern period
    pillow planet pocket policy portal price printer profile project queue quota record region release report
    return river route sample schema sector sensor server shadow signal silver socket source spring stable
    station stock stream summary supply switch table target template ticket timber token tower track transfer
    tunnel update valley vector vendor version village volume wallet water window winter
""")


@dataclass(frozen=True)
class Person:
    """Somebody who commits, orders or logs in."""

    name: str
    email: str

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>"


def pick(rng: np.random.Generator, items: Sequence[Item]) -> Item:
    """One of `items`, as it is (NumPy's own `choice` would turn it into an array's element)."""
    return items[int(rng.integers(len(items)))]


def sample(rng: np.random.Generator, items: Sequence[Item], count: int) -> list[Item]:
    """`count` different ones of `items`, in random order."""
    return [items[int(index)] for index in rng.permutation(len(items))[:count]]


def between(rng: np.random.Generator, low: int, high: int) -> int:
    """A whole number from `low` to `high`, both included."""
    return int(rng.integers(low, high + 1))


def chance_of(rng: np.random.Generator, probability: float) -> bool:
    """True with this probability."""
    return float(rng.random()) < probability


def people(rng: np.random.Generator, count: int) -> list[Person]:
    """`count` people with different first and last names."""
    domain = pick(rng, DOMAINS)
    pairs = zip(sample(rng, FIRST_NAMES, count), sample(rng, LAST_NAMES, count), strict=True)
    return [Person(f"{first} {last}", f"{_ascii(first)}.{_ascii(last)}@{domain}") for first, last in pairs]


def hosts(rng: np.random.Generator, count: int) -> list[str]:
    """`count` different host names such as `billing-fra-03`."""
    names = [f"{service}-{site}-{number:02d}" for service in SERVICES for site in SITES for number in range(1, 5)]
    return sample(rng, names, count)


def sentence(rng: np.random.Generator, length: int) -> str:
    """`length` plain words with a capital and a full stop."""
    text = " ".join(WORDS[index] for index in rng.integers(len(WORDS), size=length).tolist())
    return text[0].upper() + text[1:] + "."


def start_of_story(rng: np.random.Generator) -> datetime:
    """A moment on a working day between 2022 and 2025, in UTC, to the second."""
    day = datetime(2022, 1, 3, tzinfo=UTC) + timedelta(days=between(rng, 0, 1400))
    day -= timedelta(days=max(0, day.weekday() - 4))
    return day + timedelta(hours=between(rng, 7, 16), seconds=between(rng, 0, 3599))


def later(rng: np.random.Generator, moment: datetime, most_minutes: int) -> datetime:
    """A moment between one second and `most_minutes` minutes after `moment`."""
    return moment + timedelta(seconds=between(rng, 1, most_minutes * 60))


def _ascii(name: str) -> str:
    return name.lower().translate(str.maketrans("öřáóë", "oraoe"))
