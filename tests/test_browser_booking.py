"""The booking site: its routes and rules, its tasks, and their answers found by a second method."""

from __future__ import annotations

import datetime as dt
import re
import sqlite3
from collections.abc import Iterator
from functools import partial
from itertools import product

import pytest

pytest.importorskip("flask")

from browser_play import prove_family
from werkzeug.test import Client, TestResponse

from selftrain.envs.browser.sites import serve
from selftrain.envs.browser.sites.booking.network import SEATS, connections, free_seats
from selftrain.envs.browser.sites.database import hashed, open_database
from selftrain.envs.browser.task import browser_family
from selftrain.envs.browser.tasks.booking import FAMILIES
from selftrain.envs.browser.world import World, databases_of, template

DATE = "2026-03-10"
ROOT = "http://booking.test"
FACTORS = {"Saver": 100, "Flex": 140, "First": 190}


class Browser:
    """A client with a session on one database of the site."""

    def __init__(self) -> None:
        self.database = open_database(template("booking", "test", 3))
        self.client = Client(partial(serve, {"booking": self.database}, False))

    def get(self, path: str, status: int = 200) -> str:
        answer = self.client.get(path, base_url=ROOT)
        assert answer.status_code == status, f"{path}: {answer.status_code} {answer.text[:400]}"
        return answer.text

    def post(self, path: str, status: int = 303, **form: str) -> TestResponse:
        token = re.search(r'csrf_token" value="(\w+)"', self.get("/login"))
        assert token
        answer = self.client.post(path, base_url=ROOT, data={"csrf_token": token[1], **form})
        assert answer.status_code == status, f"{path}: {answer.status_code} {answer.text[:400]}"
        return answer

    def sign_in(self, role: str, nth: int = 0) -> sqlite3.Row:
        user = self.rows("SELECT * FROM users WHERE role = ? ORDER BY id", role)[nth]
        self.database.execute("UPDATE users SET password = ? WHERE id = ?", (hashed("pw"), user["id"]))
        self.post("/login", username=user["username"], password="pw")
        return user

    def rows(self, sql: str, *values: object) -> list[sqlite3.Row]:
        return self.database.execute(sql, values).fetchall()

    def trip(self, changes: int) -> str:
        """The key of a connection with so many changes for which there are seats."""
        ask = self.rows
        for origin, destination in product(range(1, 19), repeat=2):
            for each in connections(ask, origin, destination, DATE) if origin != destination else ():
                if each.changes == changes and all(
                    len(free_seats(ask, leg.train_id, DATE, "Saver")) > 3 for leg in each.legs
                ):
                    return each.key
        raise AssertionError("no such connection")

    def book(self, changes: int = 0) -> str:
        """Book a trip for two on Saver; returns the address of the booking."""
        key = self.trip(changes)
        self.post("/book", legs=key, date=DATE, kinds="adult,child", fare="Saver")
        self.post("/book/passengers", name_1="Ana Lind", name_2="Bo Lind", bags_1="1", bags_2="0", email="a@b.test")
        seats: dict[str, str] = {}
        for leg, part in enumerate(key.split("-"), 1):
            free = free_seats(self.rows, int(part.split(".")[0]), DATE, "Saver")
            seats |= {f"seat_{leg}_1": free[0], f"seat_{leg}_2": free[1]}
        self.post("/book/seats", **seats)
        return self.post("/book/review", accept="1", cost_centre="CC-1", voucher="").headers["Location"]


@pytest.fixture
def browser() -> Iterator[Browser]:
    made = Browser()
    yield made
    made.database.close()


# routes


def test_everybody_can_read_the_public_pages(browser: Browser) -> None:
    (code,) = browser.rows("SELECT code FROM stations WHERE id = 1")[0]
    number = browser.rows("SELECT number FROM trains WHERE id = 1")[0][0].replace(" ", "-").lower()
    paths = ["/", "/stations", f"/stations/{code}", "/trains", "/trains?page=3", f"/trains/{number}", "/fares", "/help"]
    topics = ["baggage", "compensation", "cancelling", "vouchers"]
    for path in (*paths, "/fares/coastway", *(f"/help/{topic}" for topic in topics)):
        assert browser.get(path).count("<h1>") == 1, path


@pytest.mark.parametrize(
    "path", ["/stations/XXX", "/trains/zz-1", "/fares/none", "/help/none", "/connection?legs=1.2&date=x", "/nothing"]
)
def test_what_is_not_there_is_not_found(browser: Browser, path: str) -> None:
    browser.get(path, 404)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("origin=XXX&destination=YYY&date=2026-03-10", "Choose a station of the list"),
        ("origin={0}&destination={0}&date=2026-03-10", "Choose another station"),
        ("origin={0}&destination={1}&date=2026-02-30", "Choose a date from"),
        ("origin={0}&destination={1}&date=2026-03-01", "Choose a date from"),
    ],
)
def test_a_search_says_what_is_wrong_with_it(browser: Browser, query: str, said: str) -> None:
    codes = [row["code"] for row in browser.rows("SELECT code FROM stations ORDER BY id")]
    assert said in browser.get("/search?" + query.format(*codes), 422)


def test_filters_keep_what_they_say(browser: Browser) -> None:
    codes = [row["code"] for row in browser.rows("SELECT code FROM stations ORDER BY id")]
    plain = f"/search?origin={codes[0]}&destination={codes[1]}&date={DATE}"
    shown = browser.get(plain + "&direct=1&after=12:00&before=18:00&sort=Price")
    times = re.findall(r"<tr>\s*<td>(\d\d:\d\d)</td>", shown)
    assert times and all("12:00" <= time <= "18:00" for time in times)
    assert "1 in " not in shown
    prices = [float(price) for price in re.findall(r'<td class="num">([\d.]+)</td>', shown)][::3]
    assert "sold out" in shown or prices == sorted(prices)


@pytest.mark.parametrize("path", ["/bookings", "/vouchers", "/book/passengers", "/desk", "/company/requests"])
def test_who_is_not_signed_in_is_sent_to_do_so(browser: Browser, path: str) -> None:
    assert "/login" in browser.client.get(path, base_url=ROOT).headers["Location"]


def test_roles_keep_others_out(browser: Browser) -> None:
    browser.sign_in("traveller")
    for path in ("/desk", "/desk/rules", "/desk/report", "/company/requests", "/company/requests/1"):
        browser.get(path, 403)
    browser.sign_in("manager")
    browser.get("/desk", 403)
    browser.get("/company/requests")
    (other,) = browser.rows("SELECT id FROM trip_requests WHERE company = 'Orrin & Vale'")[0]
    browser.get(f"/company/requests/{other}", 404)


def test_forms_without_their_token_are_refused(browser: Browser) -> None:
    browser.sign_in("traveller")
    answer = browser.client.post("/book", base_url=ROOT, data={"fare": "Saver"})
    assert answer.status_code == 400
    assert "expired" in answer.text


def test_a_trip_is_booked_changed_and_cancelled(browser: Browser) -> None:
    user = browser.sign_in("traveller", 20)
    path = browser.book(changes=1)
    code = path.rpartition("/")[2]
    booked = browser.rows("SELECT * FROM bookings WHERE code = ?", code)[0]
    tickets = browser.rows("SELECT * FROM tickets WHERE booking_id = ?", booked["id"])
    assert (booked["user_id"], len(tickets)) == (user["id"], 4)
    assert booked["paid_cents"] == sum(ticket["price_cents"] for ticket in tickets)
    assert f"INVOICE {code}" in browser.get(path + "/invoice.txt")
    assert code in browser.get("/bookings.csv")
    other = next(seat for seat in free_seats(browser.rows, tickets[0]["train_id"], DATE, "Saver"))
    browser.post(f"{path}/seats/1", 422, **{f"seat_{tickets[0]['id']}": "1A", f"seat_{tickets[1]['id']}": "4A"})
    browser.post(
        f"{path}/seats/1",
        **{f"seat_{tickets[0]['id']}": other, f"seat_{tickets[1]['id']}": tickets[1]["seat"]},
    )
    assert browser.rows("SELECT seat FROM tickets WHERE id = ?", tickets[0]["id"])[0]["seat"] == other
    browser.get(f"{path}/claim/1", 409)
    browser.post(f"{path}/cancel")
    browser.post(f"{path}/cancel", 409)
    assert browser.rows("SELECT status FROM bookings WHERE code = ?", code)[0]["status"] == "cancelled"


def test_what_others_booked_is_not_found(browser: Browser) -> None:
    browser.sign_in("traveller", 20)
    path = browser.book()
    browser.sign_in("traveller", 21)
    for page in ("", "/cancel", "/change/1", "/seats/1", "/invoice.txt"):
        browser.get(path + page, 404)
    browser.sign_in("staff")
    browser.get(path)


def test_passengers_seats_and_payment_are_validated(browser: Browser) -> None:
    browser.sign_in("traveller", 20)
    browser.get("/book/passengers", 409)
    key = browser.trip(0)
    browser.post("/book", 400, legs=key, date=DATE, kinds="adult", fare="Gold")
    browser.post("/book", legs=key, date=DATE, kinds="adult,adult", fare="Saver")
    wrong = browser.post("/book/passengers", 422, name_1="A", name_2="", bags_1="9", bags_2="0", email="x").text
    for said in ("takes at least 3", "from 0 to 2", "must be an address"):
        assert said in wrong
    twins = {"name_1": "Ana Lind", "name_2": "ana lind", "bags_1": "0", "bags_2": "0", "email": "a@b.test"}
    assert "the same name" in browser.post("/book/passengers", 422, **twins).text
    browser.post("/book/passengers", **{**twins, "name_2": "Bo Lind"})
    free = free_seats(browser.rows, int(key.split(".")[0]), DATE, "Saver")
    taken = next(seat for seat in SEATS if seat not in free and int(seat[:-1]) > 3)
    for first, second, said in ((taken, free[0], "is taken"), (free[0], free[0], "given twice"), ("1A", "x", "Saver")):
        assert said in browser.post("/book/seats", 422, seat_1_1=first, seat_1_2=second).text
    browser.post("/book/seats", seat_1_1=free[0], seat_1_2=free[1])
    assert "You have no voucher" in browser.post("/book/review", 422, voucher="nope", accept="1").text
    assert "Accept the fare rules" in browser.post("/book/review", 422).text


def test_a_saver_ticket_stays_with_its_operator(browser: Browser) -> None:
    browser.sign_in("traveller", 20)
    path = browser.book()
    old = browser.rows("SELECT * FROM tickets ORDER BY id DESC")[0]
    others = browser.rows(
        "SELECT t.id FROM stops a JOIN stops b ON b.train_id = a.train_id AND b.seq > a.seq JOIN trains t "
        "ON t.id = a.train_id JOIN lines l ON l.id = t.line_id WHERE a.station_id = ? AND b.station_id = ? AND "
        "substr(t.days, 2, 1) = '1' AND l.operator_id != (SELECT l.operator_id FROM trains t JOIN lines l ON "
        "l.id = t.line_id WHERE t.id = ?)",
        *(old["origin_id"], old["destination_id"], old["train_id"]),
    )
    for train in others:
        browser.get(f"{path}/change/1/confirm?date={DATE}&train={train['id']}", 409)
    browser.get(f"{path}/change/1?date=2026-02-01", 422)


def test_the_desk_moves_and_refunds_the_stranded_only(browser: Browser) -> None:
    browser.sign_in("traveller", 20)
    code = browser.book().rpartition("/")[2]
    browser.sign_in("staff")
    browser.post(f"/desk/refund/{code}", 409)
    train = browser.rows(
        "SELECT t.number, t.id FROM tickets k JOIN trains t ON t.id = k.train_id ORDER BY k.id DESC LIMIT 1"
    )[0]
    report = {"number": train["number"], "date": DATE, "kind": "cancelled", "minutes": "0", "cause": "Train fault"}
    assert "There is no train" in browser.post("/desk/report", 422, **{**report, "number": "ZZ 1"}).text
    browser.post("/desk/report", **report)
    assert "has a report" in browser.post("/desk/report", 422, **report).text
    slug = train["number"].replace(" ", "-").lower()
    assert code in browser.get(f"/desk/trains/{slug}/{DATE}")
    browser.post(f"/desk/rebook/{code}", 409, train=str(train["id"]))
    browser.post(f"/desk/refund/{code}")
    booking = browser.rows("SELECT * FROM bookings WHERE code = ?", code)[0]
    assert (booking["status"], booking["refunded_cents"]) == ("refunded", booking["paid_cents"])
    seat = free_seats(browser.rows, train["id"], DATE, "Saver")[0]
    browser.post(f"/desk/trains/{slug}/{DATE}/seats", seat=seat, reason="Broken armrest")
    assert (
        "taken or blocked"
        in browser.post(f"/desk/trains/{slug}/{DATE}/seats", 422, seat=seat, reason="Broken armrest").text
    )


def test_every_world_is_small_and_quick() -> None:
    for number in range(3):
        assert len(template("booking", "dev", number)) < 700_000


# tasks


@pytest.mark.parametrize("family", [family.name for family in FAMILIES])
@pytest.mark.parametrize("level", [1, 2, 3, 4, 5])
def test_families(family: str, level: int) -> None:
    # the survey of level 5 reads a hundred pages, several times
    prove_family(family, levels=[level], seeds=(0, 1) if (family, level) != ("booking-survey-fares", 5) else (0,))


def test_a_survey_leaves_room_to_fill_in_each_date() -> None:
    task = browser_family("booking-survey-fares").task(0, 5)
    searches = sum(action.startswith("goto") for action in task.oracle)  # by the form: a date and a button, each time
    assert task.limits.steps >= 2.5 * searches


# the same by a second method


def minutes(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])


def plain_rides(database: sqlite3.Connection, origin: str, destination: str, date: str) -> list[dict[str, object]]:
    """Direct rides of a day, from the tables read one by one."""
    day = dt.date.fromisoformat(date)
    station = {row["name"]: row["id"] for row in database.execute("SELECT * FROM stations")}
    lines = {row["id"]: row for row in database.execute("SELECT * FROM lines")}
    rates = {row["id"]: row["rate"] for row in database.execute("SELECT * FROM operators")}
    reports = database.execute("SELECT * FROM disruptions WHERE date = ?", [date])
    gone = {row["train_id"] for row in reports if row["kind"] == "cancelled"}
    found = []
    for train in database.execute("SELECT * FROM trains").fetchall():
        stops = {
            row["station_id"]: row for row in database.execute("SELECT * FROM stops WHERE train_id = ?", [train["id"]])
        }
        a, b = stops.get(station[origin]), stops.get(station[destination])
        if train["days"][day.weekday()] == "0" or train["id"] in gone or not a or not b or a["seq"] >= b["seq"]:
            continue
        line = lines[train["line_id"]]
        level = int(line["demand"][(day - dt.date(2026, 1, 1)).days])
        base = (300 + (b["arrives"] - a["departs"]) * rates[line["operator_id"]]) * (88 + 6 * level)
        found.append({"train": train["id"], "departs": a["departs"], "base": base})
    return found


def plain_price(base: int, fare: str, kinds: dict[str, int]) -> int:
    shares = {"adult": 100, "child": 50, "senior": 75}
    return sum(base * FACTORS[fare] * shares[kind] // 10_000_000 * 10 * count for kind, count in kinds.items())


@pytest.mark.parametrize("level", [1, 3, 5])
@pytest.mark.parametrize("seed", range(2))
def test_the_cheapest_day_by_reading_tables(level: int, seed: int) -> None:
    task = browser_family("booking-survey-fares").task(seed, level)
    database = open_database(databases_of(task.setup_files)["booking"])
    text = task.instruction
    first, last = re.findall(r"from (2026-\d\d-\d\d) to (2026-\d\d-\d\d)", text)[0]
    origin, destination = re.findall(r"direct train from (.+?) to (.+?) that", text)[0]
    hours = [minutes(each) for each in re.findall(r"leaves at (\d\d:\d\d) or later", text)]
    fare = re.findall(r"Saver|Flex|First", text)[0]
    kinds = {kind: int(n) for n, kind in re.findall(r"(\d) (adult|child|senior)", text)}
    totals = {}
    for n in range((dt.date.fromisoformat(last) - dt.date.fromisoformat(first)).days + 1):
        date = (dt.date.fromisoformat(first) + dt.timedelta(n)).isoformat()
        ways = [(origin, destination), (destination, origin)][: len(hours)]
        least = []
        for (start, end), after in zip(ways, hours, strict=True):
            least.append(
                min(
                    (
                        plain_price(int(str(ride["base"])), fare, kinds)
                        for ride in plain_rides(database, start, end, date)
                        if int(str(ride["departs"])) >= after
                        and len(free_seats(partial(_ask, database), int(str(ride["train"])), date, fare))
                        >= sum(kinds.values())
                    ),
                    default=None,
                )
            )
        if None not in least:
            totals[date] = sum(each for each in least if each is not None)
    best = min(sorted(totals), key=lambda date: totals[date])
    assert task.verifier.goal.answer == f"{best}, {totals[best] / 100:.2f}"


def _ask(database: sqlite3.Connection, sql: str, *values: object) -> list[sqlite3.Row]:
    return database.execute(sql, values).fetchall()


@pytest.mark.parametrize("seed", range(4))
def test_refunds_in_full_by_the_cancel_pages(seed: int) -> None:
    """What the site's own confirm pages call a fee of 0 is what the task wants cancelled, no more and no less."""
    task = browser_family("booking-cancel-refundable").task(seed, 3)
    database = open_database(databases_of(task.setup_files)["booking"])
    client = Client(partial(serve, {"booking": database}, False))
    name, password = re.findall(r"(\w+\.\w+)\b(?: with the password|, its password| /) ([\w-]+)", task.instruction)[0]
    token = re.search(r'csrf_token" value="(\w+)"', client.get("/login", base_url=ROOT).text)
    assert token
    client.post("/login", base_url=ROOT, data={"csrf_token": token[1], "username": name, "password": password})
    wanted = {change.id for change in task.verifier.goal.changes}
    owner = database.execute("SELECT id FROM users WHERE username = ?", [name]).fetchone()["id"]
    for booking in database.execute("SELECT * FROM bookings WHERE user_id = ?", [owner]).fetchall():
        answer = client.get(f"/bookings/{booking['code']}/cancel", base_url=ROOT)
        free = answer.status_code == 200 and "Cancellation fee</dt><dd>$ 0.00<" in answer.text
        assert free == (booking["id"] in wanted), booking["code"]


@pytest.mark.parametrize("level", [2, 4, 5])
def test_claims_by_the_rules_as_they_are_written(level: int) -> None:
    """The amounts of claims from the text of the help page and the running reports."""
    task = browser_family("booking-claim-delays").task(1, level)
    database = open_database(databases_of(task.setup_files)["booking"])
    client = Client(partial(serve, {"booking": database}, False))
    text = client.get("/help/compensation", base_url=ROOT).text
    bands = [(int(a), int(b)) for a, b in re.findall(r"(\d+) minutes or more</td><td[^>]*>(\d+) %", text)]
    excluded = re.findall(r"the cause was: ([a-z ]+)\.", text)[0]
    limit, least = int(re.findall(r"until (\d+) days", text)[0]), float(re.findall(r"below \$ ([\d.]+) are", text)[0])
    name = task.verifier.goal.actors["booking"]
    found = set()
    legs = database.execute(
        "SELECT k.booking_id, k.leg, k.date, SUM(k.price_cents) AS paid, d.kind, d.minutes, d.cause FROM tickets k "
        "JOIN bookings b ON b.id = k.booking_id JOIN users u ON u.id = b.user_id JOIN disruptions d "
        "ON d.train_id = k.train_id AND d.date = k.date WHERE u.username = ? AND b.status = 'confirmed' "
        "AND k.date <= '2026-03-02' "
        "AND NOT EXISTS (SELECT 1 FROM claims c WHERE c.booking_id = b.id AND c.leg = k.leg) "
        "GROUP BY k.booking_id, k.leg",
        [name],
    ).fetchall()
    for leg in legs:
        shares = [share for minute, share in bands if leg["minutes"] >= minute]
        share = 100 if leg["kind"] == "cancelled" else max(shares, default=0)
        cents = leg["paid"] * share // 100
        late = (dt.date(2026, 3, 2) - dt.date.fromisoformat(leg["date"])).days > limit
        if leg["cause"].lower() != excluded and not late and cents >= least * 100 and cents:
            found.add((leg["booking_id"], leg["leg"], cents))
    goal = task.verifier.goal.changes
    assert found == {(each.values["booking_id"], each.values["leg"], each.values["amount_cents"]) for each in goal}


def test_worlds_of_one_number_are_the_same() -> None:
    assert World(("booking",), "train", 5).databases() == World(("booking",), "train", 5).databases()
