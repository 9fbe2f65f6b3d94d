"""Pages for who leaves: handing over reports, and disabling the account once nothing hangs on it."""

from __future__ import annotations

from typing import Any

from flask import g, request

from ..base import change, flash, go, needs_role, row_or_404, sent, value
from .common import Ask, Entry, active_user, record, routes, show_form
from .people import LEAVE_REASONS, day


@routes.route("/users/<int:user_id>/handover", methods=["GET", "POST"])
@needs_role("admin")
def handover(user_id: int) -> Any:
    """Give all reports of a person to another manager."""
    found, form = row_or_404("SELECT * FROM users WHERE id = ?", user_id), sent()
    if request.method == "POST":
        manager = active_user(form.text("manager", "New manager"), "New manager", form.errors, "manager")
        if manager == user_id:
            form.errors["manager"] = "The new manager must be somebody else."
        if manager and not form.errors:
            below = value(
                "SELECT COUNT(*) FROM users WHERE manager_id = ? AND status = 'active' AND id = ?", user_id, manager
            )
            if below:
                form.errors["manager"] = "The new manager reports to this person. Give them another manager first."
        if not form.errors:
            change("UPDATE users SET manager_id = ? WHERE manager_id = ? AND status = 'active'", manager, user_id)
            record("user.reports_moved", found["username"], f"to {form.values['manager']}")
            flash(f"The reports of {found['name']} have a new manager.")
            return go("user", user_id=user_id)
    entry = Entry("manager", "New manager's user name", value=form.values.get("manager", ""), suggest="users")
    ask = Ask(f"/users/{user_id}/handover", "Hand over all reports", [entry])
    return show_form(f"Hand over the reports of {found['name']}", ask, f"/users/{user_id}", form.errors)


def _obstacles(user_id: int) -> list[str]:
    """What still hangs on an account, which so cannot be disabled."""
    counted = {
        "people report to this person; hand them over first": "users WHERE status = 'active' AND manager_id = ?",
        "pieces of equipment are assigned": "assets WHERE user_id = ?",
        "groups have this person as a member": "memberships WHERE user_id = ?",
        "groups are owned by this person": "groups WHERE owner_id = ?",
    }
    found = {what: value(f"SELECT COUNT(*) FROM {sql}", user_id) for what, sql in counted.items()}
    return [f"{count} {what}." for what, count in found.items() if count]


@routes.route("/users/<int:user_id>/disable", methods=["GET", "POST"])
@needs_role("admin")
def disable_user(user_id: int) -> Any:
    """Disable an account for good."""
    found, form = row_or_404("SELECT * FROM users WHERE id = ?", user_id), sent()
    if request.method == "POST":
        reason = form.choice("reason", "Reason", LEAVE_REASONS)
        last = day(form, "ends", "Last day")
        if obstacles := _obstacles(user_id):
            form.errors["form"] = "\n".join(obstacles)
        elif user_id == g.user["id"] or found["status"] != "active":
            form.errors["form"] = "This account cannot be disabled by you."
        if not form.errors:
            change(
                "UPDATE users SET status = 'disabled', ends_on = ?, leave_reason = ? WHERE id = ?",
                last,
                reason,
                user_id,
            )
            record("user.disabled", found["username"], reason)
            flash(f"The account of {found['name']} is disabled.")
            return go("user", user_id=user_id)
    entries = [
        Entry("ends", "Last day", "date", form.values.get("ends", found["ends_on"])),
        Entry("reason", "Reason", "choice", form.values.get("reason", ""), [("", "Choose"), *LEAVE_REASONS]),
    ]
    ask = Ask(f"/users/{user_id}/disable", "Disable for good", entries, danger=True)
    text = [f"{found['name']} ({found['username']}) will not be able to sign in any more. This cannot be undone here."]
    return show_form(f"Disable {found['name']}?", ask, f"/users/{user_id}", form.errors, text)
