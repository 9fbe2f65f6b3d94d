"""The rules of the company that differ from world to world and from task to task, and the pages that state them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

TITLES = {
    "expenses": "Expense policy",
    "access": "Access to groups",
    "reviews": "Access reviews",
    "duties": "Separation of duties",
    "invoices": "Approval of invoices",
    "leaving": "When somebody leaves",
    "suppliers": "Supplier records",
    "naming": "User names and accounts",
    "retention": "Security and retention",
}
_WHY = {
    "NO-RECEIPT": "a line of {receipt_from} or more has no receipt",
    "OVER-LIMIT": "a line is above the limit of its category",
    "TOO-LATE": "a line was spent more than {age} days before the report was submitted",
    "NOT-COVERED": "a line is for something that we do not cover",
    "DUPLICATE": "a line was claimed before: same person, date, category and amount in an earlier report",
}


def cash(cents: int) -> str:
    """An amount as policies write it."""
    return f"{cents / 100:,.2f}"


@dataclass(frozen=True)
class ExpenseRules:
    """What an expense report must keep to; amounts in cents.

    Attributes:
        limits: category → most for each person and line.
        receipt_from: lines of this amount or more need a receipt.
        age: most days between spending and submitting.
        barred: words of what is not covered.
        order: reason codes; of those that apply the first is given.
        abroad: purpose's city → what the limit of lodging rises by, in percent.
        senior: job titles whose meals may cost twice the limit.
    """

    limits: Mapping[str, int]
    receipt_from: int
    age: int
    barred: Sequence[str]
    order: Sequence[str]
    abroad: Mapping[str, int]
    senior: Sequence[str] = ()

    def text(self) -> str:
        """The page."""
        limits = "\n".join(f"- {name}: {cash(limit)} for each person" for name, limit in self.limits.items())
        codes = "\n".join(
            f"- {code}: {_WHY[code].format(receipt_from=cash(self.receipt_from), age=self.age)}" for code in self.order
        )
        parts = [
            "Managers decide expense reports. A report is approved as a whole or rejected as a whole.",
            "## Limits",
            "What a line may cost, divided by the number of people it is for:",
            limits,
        ]
        if self.abroad:
            raised = "\n".join(f"- {city}: {more} percent more" for city, more in self.abroad.items())
            parts.append(
                "Hotels cost more in some cities. If the purpose of the report names one, the limit of Lodging rises:"
            )
            parts.append(raised)
        if self.senior:
            parts.append(f"For people with the title {' or '.join(self.senior)}, the limit of Meals is twice as high.")
        parts += [
            "We do not cover, in any category: " + ", ".join(self.barred) + ".",
            "## Reasons to reject",
            "If several reasons apply, give the first of this list:",
            codes,
            "A report with none of these faults is approved, without a reason code.",
        ]
        return "\n\n".join(parts)


@dataclass(frozen=True)
class AccessRules:
    """Who may join which groups.

    Attributes:
        days: sensitivity → most days from submission until the end of access, or 0 for no limit.
        ticket: sensitivities that need a ticket.
        employees: sensitivities that contractors may not have.
        conflicts: pairs of groups that nobody may have both of.
        order: reason codes, the first that applies is given.
        exempt: department whose people need no ticket, or "".
    """

    days: Mapping[str, int]
    ticket: Sequence[str]
    employees: Sequence[str]
    conflicts: Sequence[tuple[str, str]]
    order: Sequence[str]
    exempt: str = ""

    def text(self) -> str:
        """The page."""
        ends = ", ".join(f"{days} days for {name} groups" for name, days in self.days.items() if days)
        why = {
            "NO-TICKET": f"the group is {' or '.join(self.ticket)}, and the request names no ticket"
            + (f" (people of {self.exempt} need none)" if self.exempt else ""),
            "NOT-ELIGIBLE": f"the group is {' or '.join(self.employees)}, and the person is a contractor",
            "CONFLICT": "the person is in a group that may not be combined with it",
            "TOO-LONG": "the request has no end, or one too long after its submission"
            f" (at most {ends}; other groups have no limit)",
            "NO-REASON": "no reason is given",
        }
        return "\n\n".join(
            [
                "The sensitivity of a group is written on its page.",
                "## Reasons to deny",
                "If several reasons apply, give the first of this list:",
                "\n".join(f"- {code}: {why[code]}" for code in self.order),
                "A request to which none applies is approved.",
                "## Groups that may not be combined",
                "\n".join(f"- {one} and {other}" for one, other in self.conflicts),
            ]
        )


@dataclass(frozen=True)
class ReviewRules:
    """Which memberships a review revokes.

    Attributes:
        unused: sensitivity → days without use after which it goes.
        cutoff: date of the review, from which days are counted.
        contractor: sensitivities that contractors may not have.
        homes: group → the departments that may have it; only these groups are bound to departments.
        spared: title of people whose unused memberships are kept, or "".
        order: reason codes, the first that applies is given.
    """

    unused: Mapping[str, int]
    cutoff: str
    contractor: Sequence[str]
    homes: Mapping[str, Sequence[str]]
    spared: str
    order: Sequence[str]

    def text(self) -> str:
        """The page."""
        days = ", ".join(f"{count} days for {name} groups" for name, count in self.unused.items())
        spared = f" (not if the person is a {self.spared})" if self.spared else ""
        why = {
            "UNUSED": f"on {self.cutoff} it had not been used for more than a number of days, or never: {days}{spared}",
            "LEFT": f"the person's last day is before {self.cutoff}",
            "CONTRACTOR": f"the person is a contractor and the group is {' or '.join(self.contractor)}",
            "MOVED": "the group is bound to departments, and the person is in none of them",
        }
        bound = "\n".join(f"- {group}: {', '.join(homes)}" for group, homes in self.homes.items())
        return "\n\n".join(
            [
                "Each quarter every membership under review is kept or revoked, and the review is then completed.",
                "## Reasons to revoke",
                "If several reasons apply, give the first of this list:",
                "\n".join(f"- {code}: {why[code]}" for code in self.order),
                "## Groups bound to departments",
                bound or "None.",
            ]
        )


@dataclass(frozen=True)
class LeavingRules:
    """What becomes of a leaver's reports, equipment and groups.

    Attributes:
        reports_to: "manager" or "head": who takes the reports and the groups that the leaver owns.
        devices: status of laptops, phones and monitors that come back.
        old: those bought before this date are retired instead, or "".
        licences: "stock", or "manager" if the leaver's manager gets them.
    """

    reports_to: str
    old: str
    licences: str

    def text(self) -> str:
        """The page."""
        heir = {"manager": "the leaver's own manager", "head": "the head of the leaver's department"}[self.reports_to]
        licence = {"stock": "in stock, assigned to nobody", "manager": "in use by the leaver's own manager"}
        lines = [
            f"People who report to the leaver report to {heir} from then on.",
            f"Groups that the leaver owns are then owned by {heir} as well.",
            "The leaver is removed from all groups.",
            "Laptops, phones and monitors are returned and are in stock, assigned to nobody."
            + (f" What was bought before {self.old} is retired instead." if self.old else ""),
            f"Licences are {licence[self.licences]}.",
            "At the end the account is disabled, with the last day and the reason that the notice of leaving states.",
        ]
        return "An account can be disabled only when nothing hangs on it any more.\n\n" + "\n".join(
            f"- {x}" for x in lines
        )


@dataclass(frozen=True)
class DutyRules:
    """What one person may not do both of.

    Attributes:
        pairs: descriptions of forbidden pairs of actions, in words.
        exceptions: sentences.
    """

    pairs: Sequence[str]
    exceptions: Sequence[str] = ()

    def text(self) -> str:
        """The page."""
        parts = ["One person may not do both of these:", "\n".join(f"- {pair}" for pair in self.pairs)]
        if self.exceptions:
            parts += ["## Exceptions", "\n".join(f"- {line}" for line in self.exceptions)]
        parts.append("The log and the history on the pages show who did what, and when.")
        return "\n\n".join(parts)


@dataclass(frozen=True)
class SupplierRules:
    """What to do about suppliers that were entered twice, and about new bank details.

    Attributes:
        stays: "oldest" or "busiest": which record stays.
        blocked_note: what the note of a block must hold besides the number of the other record.
    """

    stays: str

    def text(self) -> str:
        """The page."""
        stays = {"oldest": "with the lower supplier number", "busiest": "with more invoices"}[self.stays]
        return "\n\n".join(
            [
                "## Records that were entered twice",
                "Two active records are the same supplier if and only if their tax numbers are the same. Names alone"
                " prove nothing: many companies have similar ones.",
                f"The record {stays} stays; the other one is merged into it.",
                "If the IBANs of the two differ, nothing is merged. The record that would have gone is blocked instead,"
                " with reason code DUPLICATE and the number of the record that stays in the note.",
                "## Bank details",
                "Bank details are changed only after a letter from the supplier that names our supplier number and the"
                " right tax number. If several do, the latest counts. The note must name the document's number.",
            ]
        )


@dataclass(frozen=True)
class InvoiceRules:
    """When an invoice is rejected.

    Attributes:
        order: reason codes, the first that applies is given.
    """

    order: Sequence[str]

    def text(self) -> str:
        """The page."""
        why = {
            "DUPLICATE": "an invoice with a lower number, which was not rejected, has the same supplier, purchase order"
            " and amount, whatever its reference is",
            "NO-ORDER": "it names no purchase order",
            "BLOCKED-SUPPLIER": "the supplier is blocked",
        }
        return "\n\n".join(
            [
                "Who enters an invoice does not decide it. Managers decide, within their approval limits.",
                "## Reasons to reject",
                "If several reasons apply, give the first of this list:",
                "\n".join(f"- {code}: {why[code]}" for code in self.order),
                "An invoice with none of these faults is approved, without a reason code.",
            ]
        )
