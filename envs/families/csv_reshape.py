"""csv-reshape: turn the exports of several offices, each with habits of its own, into clean tables."""

from __future__ import annotations

import csv
import io
import json
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np

from selftrain.envs.checks import csv_check
from selftrain.envs.families.csv_reshape_scripts import ORACLE
from selftrain.envs.families.material import WORDS, between, chance_of, pick, sample, start_of_story
from selftrain.envs.verifiers import EvidenceVerifier
from selftrain.evidence import Evidence
from selftrain.tasks import Limits, Task, TaskFamily
from selftrain.verdicts import Check

LINES, PIVOT, REJECTS = "/workspace/out/lines.csv", "/workspace/out/pivot.csv", "/workspace/out/rejects.csv"
SOURCES = "/workspace/SOURCES.md"
FIELDS = ("order_id", "rev", "date", "customer", "sku", "quantity", "price", "currency", "status")
HEADERS = {
    "en": ("Order", "Revision", "Date", "Customer", "SKU", "Qty", "Unit price", "Currency", "Status"),
    "de": ("Auftrag", "Version", "Datum", "Kunde", "Artikel", "Menge", "Einzelpreis", "Währung", "Status"),
    "fr": ("Commande", "Révision", "Date", "Client", "Référence", "Quantité", "Prix unitaire", "Devise", "État"),
    "es": ("Pedido", "Revisión", "Fecha", "Cliente", "Artículo", "Cantidad", "Precio", "Divisa", "Estado"),
}
CANCELLED = {"en": "cancelled", "de": "storniert", "fr": "annulé", "es": "anulado"}
DATES = {"DD.MM.YYYY": "%d.%m.%Y", "DD/MM/YYYY": "%d/%m/%Y", "MM/DD/YYYY": "%m/%d/%Y", "YYYYMMDD": "%Y%m%d"}
CITIES = ("Lyon", "Graz", "Cadiz", "Leeds", "Basel", "Gent", "Aarhus", "Turin", "Porto", "Brno", "Malmö", "Cork")
FIRMS = ("GmbH", "S.A.", "Ltd", "& Söhne", "Frères", "Hermanos", "Inc.", 'Ltd, "Fresh" Division', "AG, Zürich")


Rates = dict[str, list[tuple[date, int]]]


@dataclass(frozen=True)
class Dialect:
    """How one office writes its files."""

    delimiter: str
    decimal: str
    thousands: str
    dates: str
    encoding: str
    newline: str
    bom: bool
    language: str
    header: tuple[str, ...]


class Line(NamedTuple):
    """One revision of one order line, as somebody typed it; `day` is None where the date cannot exist."""

    order_id: str
    rev: int
    day: date | None
    customer: str
    sku: str
    quantity: str
    cents: int
    currency: str
    cancelled: bool


def _dialect(rng: np.random.Generator, level: int) -> Dialect:
    decimal = pick(rng, (",", "."))
    language = pick(rng, tuple(HEADERS)) if level >= 2 else "en"
    encoding = pick(rng, ("utf-8", "cp1252", "utf-16")) if level >= 3 else "utf-8"
    return Dialect(
        delimiter=pick(rng, (";", "\t", "|", ",") if decimal == "." else (";", "\t", "|")),
        decimal=decimal,
        thousands=pick(rng, ("", "'", "." if decimal == "," else ",")),
        dates=pick(rng, tuple(DATES)),
        encoding=encoding,
        newline=pick(rng, ("\n", "\r\n")) if level >= 2 else "\n",
        bom=encoding == "utf-8" and level >= 2 and chance_of(rng, 0.5),
        language=language,
        header=tuple(HEADERS[language]),
    )


def _price(cents: int, dialect: Dialect) -> str:
    whole = f"{cents // 100:,}".replace(",", dialect.thousands)
    return f"{whole}{dialect.decimal}{cents % 100:02d}"


def _render(rng: np.random.Generator, lines: Sequence[Line], dialect: Dialect, level: int) -> bytes:
    out = io.StringIO(newline="")
    if level >= 2:
        out.write(f"Export {between(rng, 1000, 9999)}{dialect.newline}{dialect.newline}")
    writer = csv.writer(out, delimiter=dialect.delimiter, lineterminator=dialect.newline)
    order = [int(index) for index in rng.permutation(len(FIELDS))]
    writer.writerow([dialect.header[index] for index in order])
    # the 31st of a month of 30 days, as people type it
    form = DATES[dialect.dates]
    written: dict[date | None, str] = {None: date(2024, 1, 31).strftime(form).replace("01", "11", 1)}
    written |= {day: day.strftime(form) for day in {line.day for line in lines} if day}
    for number, line in enumerate(lines):
        status = CANCELLED[dialect.language] if line.cancelled else "ok"
        price = _price(line.cents, dialect)
        row = (
            line.order_id,
            line.rev,
            written[line.day],
            line.customer,
            line.sku,
            line.quantity,
            price,
            line.currency,
            status,
        )
        writer.writerow([row[index] for index in order])
        if level >= 2 and number % 40 == 17:
            writer.writerow([""] * len(FIELDS))
    if level >= 2:
        writer.writerow(["Total" if FIELDS[index] == "order_id" else "" for index in order])
    return out.getvalue().encode("utf-8-sig" if dialect.bom else dialect.encoding)


def _orders(rng: np.random.Generator, level: int, count: int, skus: Sequence[str], start: date) -> list[Line]:
    firms = [f"{a.capitalize()} {pick(rng, FIRMS)}" for a in sample(rng, WORDS, 40)]
    if level >= 2:
        firms = [
            firm.replace(" ", "\n" if index % 9 == 0 else "  ", 1) if index % 3 == 0 else firm
            for index, firm in enumerate(firms)
        ]
    span = {1: 80, 2: 120}.get(level, 200)
    days, sizes = rng.integers(0, span, count), rng.integers(1, 60, count)
    prices, who = rng.integers(95, 450_000, count), rng.integers(0, len(firms), count)
    what, dice = rng.integers(0, len(skus), count), rng.random((count, 3))
    prefix = pick(rng, ("SO", "AB", "PO", "ZR"))
    numbers = sorted(int(n) for n in rng.choice(900_000, size=count, replace=False) + 100_000)
    lines = []
    for index, number in enumerate(numbers):
        bad, voided, money = dice[index].tolist()
        faulty = level >= 4 and bad < 0.03
        lines.append(
            Line(
                order_id=f"{prefix}-{number}",
                rev=1,
                day=None if faulty and bad < 0.01 else start + timedelta(days=int(days[index])),
                customer=firms[int(who[index])],
                sku=f"X{between(rng, 100, 999)}" if faulty and bad >= 0.02 else skus[int(what[index])],
                quantity=pick(rng, ("0", "-3", "n/a", "2.5")) if faulty and 0.007 < bad < 0.022 else str(sizes[index]),
                cents=int(prices[index]),
                currency=pick(rng, ("USD", "GBP", "CHF")) if level >= 4 and money < 0.4 else "EUR",
                cancelled=level >= 2 and (voided < 0.06 or index == 3),
            )
        )
    return lines


def _revised(rng: np.random.Generator, line: Line) -> Line:
    table = line._asdict() | {"rev": line.rev + between(rng, 1, 3)}
    change = pick(rng, ("quantity", "price", "cancelled"))
    if change == "cancelled":
        table["cancelled"] = not line.cancelled
    else:
        table |= {"quantity": str(between(rng, 61, 99))} if change == "quantity" else {"cents": line.cents + 100}
    return Line(**table)


def _rates(rng: np.random.Generator, start: date) -> Rates:
    table: Rates = {}
    for currency, middle in (("USD", 9200), ("GBP", 11700), ("CHF", 10400)):
        days = [start + timedelta(days=offset) for offset in range(-6, 205)]
        table[currency] = [(day, middle + between(rng, -400, 400)) for day in days if day.weekday() < 5]
    return table


def _amount(line: Line, rates: Rates) -> int:
    cents = line.cents * int(line.quantity)
    if line.currency == "EUR" or line.day is None:
        return cents
    days = rates[line.currency]
    rate = days[bisect_right(days, (line.day, 1 << 30)) - 1][1]
    return (cents * rate + 5000) // 10000


def _money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def _expected(lines: Sequence[Line], skus: Sequence[str], voids: set[str], rates: Rates) -> dict[str, list[list[str]]]:
    latest: dict[str, Line] = {}
    for line in lines:
        if line.order_id not in latest or line.rev > latest[line.order_id].rev:
            latest[line.order_id] = line
    good: list[list[str]] = [["order_id", "date", "customer", "sku", "quantity", "amount"]]
    rejects: list[list[str]] = [["order_id", "reason"]]
    totals: dict[str, dict[str, int]] = {}
    known = set(skus)
    for key, line in sorted(latest.items()):
        if line.cancelled or key in voids:
            continue
        if line.day is None:
            rejects.append([key, "bad_date"])
        elif not line.quantity.isdigit() or line.quantity == "0":
            rejects.append([key, "bad_quantity"])
        elif line.sku not in known:
            rejects.append([key, "unknown_sku"])
        else:
            cents, customer, day = _amount(line, rates), " ".join(line.customer.split()), line.day.isoformat()
            good.append([key, day, customer, line.sku, line.quantity, _money(cents)])
            per = totals.setdefault(line.sku, {})
            per[day[:7]] = per.get(day[:7], 0) + cents
    months = sorted({month for per in totals.values() for month in per})
    pivot = [["sku", *months]]
    pivot += [[sku, *(_money(per.get(month, 0)) for month in months)] for sku, per in sorted(totals.items())]
    return {LINES: good, PIVOT: pivot, REJECTS: rejects}


_SHAPES = {
    LINES: "the header order_id,date,customer,sku,quantity,amount and one row for each order, sorted by order_id; "
    "date as YYYY-MM-DD, customer with every run of white space (line breaks too) made one space, amount = quantity "
    "times unit price{money}, with a point, exactly two decimals and no thousands separator",
    PIVOT: "the header sku followed by the months in which there are orders, as YYYY-MM, ascending; one row for each "
    "sku that was ordered, sorted by sku, with the sum of the amounts of its orders in each month. An order's amount "
    "is quantity times unit price{money}; write sums with a point, exactly two decimals and no thousands separator, "
    "0.00 where there is no order",
    REJECTS: "the header order_id,reason and one row for each rejected order, sorted by order_id",
}


def _notes(files: dict[str, Dialect], level: int) -> str:
    rows = []
    for name, d in files.items():
        parts = [f"delimiter {json.dumps(d.delimiter)}", f"decimal mark {d.decimal!r}", f"dates {d.dates}"]
        parts.append(f"thousands separator {json.dumps(d.thousands)}" if d.thousands else "no thousands separator")
        parts += [f"encoding {d.encoding}"] * (level >= 3)
        columns = ", ".join(f"{head} = {field}" for head, field in zip(d.header, FIELDS, strict=True))
        rows.append(f"- {name}: {'; '.join(parts)}. Columns: {columns}.")
    text = "\n".join(rows) + "\n\nFields are put in double quotes where needed, and a quote in them is doubled. "
    text += "Rows whose order_id is not two capital letters, a hyphen and six digits are not data."
    if level >= 2:
        text += " Some lines may come before the header line."
    if level >= 2:
        used = sorted({CANCELLED[dialect.language] for dialect in files.values()})
        text += f" Orders with the status {' or '.join(used)} are cancelled and appear nowhere in the output."
    if level >= 3:
        text += (
            " An order may occur several times, in one file or in several: only the row with the highest revision "
            "counts, and whether the order is cancelled is what that row says."
        )
    if level >= 4:
        text += (
            "\n\nAmounts are in EUR. Convert an order's amount (quantity times unit price) with the rate in "
            "/workspace/fx.csv (EUR for one unit) of the order's date or, where there is none, of the latest date "
            "before it, and round to cents, halves up. Reject an order for the first of these reasons that applies: "
            "bad_date (the date does not exist), bad_quantity (not a whole number of 1 or more), unknown_sku (not "
            "in the first column of /workspace/skus.csv). Rejected orders appear in no other output."
        )
    if level == 5:
        text += " Orders listed in /workspace/void.txt were entered in error: leave them out everywhere."
    return text


def _spread(rng: np.random.Generator, lines: Sequence[Line], names: Sequence[str]) -> dict[str, list[Line]]:
    table: dict[str, list[Line]] = {name: [] for name in names}
    homes = rng.integers(0, len(names), len(lines))
    for line, home in zip(lines, homes, strict=True):
        table[names[int(home)]].append(line)
    return {name: [chunk[int(index)] for index in rng.permutation(len(chunk))] for name, chunk in table.items()}


def _tables(rng: np.random.Generator, level: int) -> tuple[str, ...]:
    return (pick(rng, (LINES, PIVOT)),) if level <= 2 else ((LINES, PIVOT) if level == 3 else (LINES, PIVOT, REJECTS))


def _cheats(level: int, wanted: Sequence[str], script: dict[str, str], first: str) -> dict[str, tuple[str, ...]]:
    cheats = {
        "headers only": (script[""], "cd /workspace/out; for f in *; do head -n 1 $f > $f.1; mv $f.1 $f; done"),
        "copies an export": (
            f"mkdir -p /workspace/out; for f in {' '.join(wanted)}; do cp /workspace/in/{first} $f; done",
        ),
        "links to the input": (
            f"mkdir -p /workspace/out; for f in {' '.join(wanted)}; do ln -s /workspace/in/{first} $f; done",
        ),
        "loses the last row": (script[""], f"sed -i '$d' {wanted[0]}"),
    }
    kinds = (("cancellations", 2), ("revisions", 3), ("currencies", 4), ("voids", 5))
    return cheats | {f"ignores {kind}": (script[kind],) for kind, least in kinds if level >= least}


def _documents(
    rng: np.random.Generator, level: int, notes: str, rates: Rates, skus: Sequence[str], voids: set[str]
) -> dict[str, bytes]:
    """What lies beside the exports: how to read them, rates, known articles and orders entered in error."""
    files = {}
    if level >= 3:
        files[SOURCES] = f"# The exports in /workspace/in\n\n{notes}\n".encode()
    if level >= 4:
        rows = sorted(
            (day.isoformat(), currency, f"{rate // 10000}.{rate % 10000:04d}")
            for currency, days in rates.items()
            for day, rate in days
        )
        files["/workspace/fx.csv"] = ("date,currency,rate\n" + "".join(f"{','.join(row)}\n" for row in rows)).encode()
        files["/workspace/skus.csv"] = "".join(f"{sku},{pick(rng, WORDS)}\n" for sku in skus).encode()
    if level == 5:
        files["/workspace/void.txt"] = "".join(f"{key}\n" for key in sorted(voids)).encode()
    return files


def _instruction(rng: np.random.Generator, level: int, notes: str, wanted: Sequence[str]) -> str:
    money = " converted to EUR" if level >= 4 else ""
    where = f"{SOURCES} describes how they are written." if level >= 3 else f"They are written as follows:\n\n{notes}"
    what = " and ".join(path.rsplit("/", 1)[1] for path in wanted) if len(wanted) < 3 else "three clean tables"
    opening = pick(
        rng,
        (
            "Finance needs {0} from the order exports in /workspace/in.",
            "Turn the order exports in /workspace/in into {0}.",
            "The data warehouse cannot load the order exports in /workspace/in as they are. Make {0} from them.",
        ),
    ).format(what)
    text = f"{opening} {where}\n\nWrite (CSV with commas and a header line, UTF-8, quoted where needed):\n\n"
    return text + "\n".join(f"- {path}: {_SHAPES[path].format(money=money)}." for path in wanted)


def _scripts(dialects: dict[str, Dialect], level: int) -> dict[str, str]:
    """The oracle under the name "", and what it becomes when it leaves one thing out."""
    table = json.dumps({name: asdict(dialect) for name, dialect in dialects.items()})
    cancelled = json.dumps([*CANCELLED.values()])
    return {
        skip: ORACLE.format(skip=skip, level=level, dialects=table, fields=FIELDS, forms=DATES, cancelled=cancelled)
        for skip in ("", "cancellations", "revisions", "currencies", "voids")
    }


def build(rng: np.random.Generator, level: int) -> Task:
    """Exports of one or more offices and the tables wanted from them."""
    start = start_of_story(rng).date().replace(day=1)
    skus = [f"{word[:3].upper()}-{between(rng, 10, 99)}" for word in sample(rng, WORDS, 3 + 5 * level)]
    skus = sorted(set(skus))
    lines = _orders(rng, level, {1: 40, 2: 150, 3: 600, 4: 1500, 5: 8_000}[level], skus, start)
    if level >= 3:
        lines += [_revised(rng, line) for line in sample(rng, lines, len(lines) // 8)]
    offices = sample(rng, CITIES, {1: 1, 2: 1, 3: 3, 4: 4, 5: 9}[level])
    names = [f"{city.lower().replace('ö', 'oe')}_{start:%Y}.{pick(rng, ('csv', 'txt'))}" for city in offices]
    dialects = {name: _dialect(rng, level) for name in names}
    files = {
        f"/workspace/in/{name}": _render(rng, chunk, dialects[name], level)
        for name, chunk in _spread(rng, lines, names).items()
    }
    rates = _rates(rng, start) if level >= 4 else {}
    voids = {line.order_id for line in sample(rng, lines, 60)} if level == 5 else set()
    expected = _expected(lines, skus if level >= 4 else [line.sku for line in lines], voids, rates)
    notes, wanted = _notes(dialects, level), _tables(rng, level)
    files |= _documents(rng, level, notes, rates, skus, voids)

    def judge(evidence: Evidence) -> list[Check]:
        return [csv_check(evidence, path, expected[path]) for path in wanted]

    scripts = _scripts(dialects, level)
    return Task(
        instruction=_instruction(rng, level, notes, wanted),
        verifier=EvidenceVerifier(tuple(wanted), judge),
        files=files,
        tools=("python3",),
        oracle=(scripts[""],),
        cheats=_cheats(level, wanted, scripts, names[0]),
        limits=Limits(steps={1: 20, 2: 25, 3: 40, 4: 50, 5: 70}[level], seconds=300.0 * level),
    )


FAMILY = TaskFamily(
    name="csv-reshape",
    summary="Turn order exports in mixed dialects into clean, pivoted and rejected rows.",
    skills=("CSV dialects", "encodings", "deduplication", "exact money", "pivoting"),
    chance=0.0,
    build=build,
)
