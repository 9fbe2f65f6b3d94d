"""Invitations that wait for an answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from selftrain.envs.browser.family import BrowserFamily, Draft
from selftrain.envs.browser.goals import Goal, Inserted
from selftrain.envs.browser.script import Do
from selftrain.envs.browser.sites.mail.agenda import SLOTS
from selftrain.envs.browser.tasks.mail_base import (
    ANY_TEXT,
    SUBMIT,
    Rng,
    Says,
    colleagues,
    login,
    one,
    owner,
    pick,
    sign_in,
    steps_for,
    write_guide,
)
from selftrain.envs.browser.tasks.mail_calendar import (
    Meeting,
    answer_invitation,
    empty_calendar,
    later,
    put_meeting,
    titles_for,
    weekdays,
)
from selftrain.envs.browser.world import World

_ASK_ANSWER = (
    "{login} Please answer the invitations that wait under Invitations. {rule}",
    "I have not looked at my invitations for a while. {login} Answer every one that is open: {rule}",
    "{login} Go through all open invitations and send an answer to each, for me. {rule}",
)
_PLAIN = {
    1: "Accept '{accept}' and decline '{decline}', the latter with a note that holds the word 'travelling'.",
    2: "Decline what begins before 09:00 or ends after 17:00, and what overlaps with a meeting that is in my calendar "
    "already and that I called or accepted; in the latter case the note must hold the title of that meeting. Accept "
    "all others.",
}
_ANSWER_BY_GUIDE = (
    "The 'Guide for assistants' (under Guides) says what I want; its lines are tried from the top, and the first one "
    "that fits decides."
)


@dataclass(frozen=True)
class _Invitation:
    """An invitation of a sort, and the answer that it gets: the choice, what its note holds, day and time proposed."""

    meeting: Meeting
    choice: str
    note: str = ""
    proposed: tuple[str, str] = ("", "")

    def change(self, user_id: int) -> Inserted:
        """The row of the answer."""
        said = {"Accept": "accepted", "Decline": "declined", "Propose another time": "proposed"}[self.choice]
        note = Says((), (), (self.note,)) if self.note else ANY_TEXT
        values = {"event_id": self.meeting.id, "user_id": user_id, "answer": said, "note": note}
        if self.choice.startswith("Propose"):
            values["proposed"] = " ".join(self.proposed)
        return Inserted("mail", "answers", values)

    def doing(self) -> list[Do]:
        """What the oracle does."""
        return answer_invitation(self.meeting.id, self.choice, self.note, *self.proposed)


_SORTS = {
    2: ("plain", "early", "clash", "plain"),
    3: ("plain", "early", "clash", "interview clash", "plain", "late"),
    4: ("plain", "early", "clash", "interview clash", "head early", "head clash", "plain", "late", "clash"),
    5: (
        *("plain", "early", "clash", "interview clash", "head early", "head clash", "plain", "late", "clash"),
        *("long", "long", "head long", "interview late", "crowd", "plain"),
    ),
}


def _answer_all(rng: Rng, level: int, world: World) -> Draft:
    empty_calendar(world)
    who, halves = owner(world), int(rng.integers(2, 5))
    crowd = int(rng.integers(4, 6))
    write_guide(world, "assistant", _assistant_guide(level, halves, crowd))
    sorts = _SORTS.get(level, ("plain", "plain"))
    titles = titles_for(rng, 2 * len(sorts) + 2)
    # one a day, so that they overlap with nothing but what is meant
    days = iter(pick(rng, weekdays(date(2026, 3, 4), 18), len(sorts)))
    found = []
    for n, sort in enumerate(pick(rng, sorts, len(sorts))):
        found.append(_put_invitation(rng, world, sort, (titles[2 * n], titles[2 * n + 1]), next(days), (halves, crowd)))
    if level == 1:
        found = [found[0], _Invitation(found[1].meeting, "Decline", "travelling")]
    rule = _ANSWER_BY_GUIDE
    if level <= 2:
        rule = _PLAIN[level].format(accept=found[0].meeting.title, decline=found[-1].meeting.title)
    oracle = [*sign_in(who), *(do for each in found for do in each.doing()), SUBMIT]
    accepting = [do for each in found for do in answer_invitation(each.meeting.id, "Accept", "")]
    changed = [*answer_invitation(found[0].meeting.id, "Decline" if found[0].choice == "Accept" else "Accept", "")]
    cheats = {
        "accepts all": [*sign_in(who), *accepting, SUBMIT],
        "one left out": [*sign_in(who), *(do for each in found[1:] for do in each.doing()), SUBMIT],
        "no notes": [
            *sign_in(who),
            *(do for each in found for do in answer_invitation(each.meeting.id, each.choice, "", *each.proposed)),
            SUBMIT,
        ],
        "one turned round": [*oracle[:-1], *changed, SUBMIT],
    }
    goal = Goal([each.change(who["id"]) for each in found], {"mail": who["username"]})
    instruction = str(one(rng, *_ASK_ANSWER)).format(login=login(who), rule=rule)
    return Draft(instruction, world, goal, oracle, cheats, steps=steps_for(oracle, 60))


def _assistant_guide(level: int, halves: int, crowd: int) -> str:
    lines = ["Accept meetings of the kind 'Interview'."]
    if level >= 4:
        lines.append("Accept what the head of a department called ('Head of ...' is the job in the profile).")
    lines += [
        "Decline what begins before 09:00 or ends after 17:00.",
        "Decline what overlaps with a meeting that is in the calendar already, called or accepted by me; the note "
        "holds the title of that meeting.",
    ]
    if level == 5:
        lines += [
            f"Decline what has more than {crowd} attendees; the note holds the word 'minutes'.",
            f"For what is longer than {30 * halves} minutes, propose the same time on the next working day (Monday "
            "after a Friday).",
        ]
    return "How I want invitations to be answered.\n\n# Lines\n\n" + "\n".join(
        f"- {line}" for line in [*lines, "Accept all others."]
    )


def _put_invitation(
    rng: Rng, world: World, sort: str, titles: tuple[str, str], day: str, limits: tuple[int, int]
) -> _Invitation:
    """One open invitation, with the meeting that it overlaps with if it is of that sort; `limits` as in the guide."""
    halves, crowd = limits
    length = halves + int(rng.integers(1, 3)) if "long" in sort else int(rng.integers(1, halves + 1))
    at = "08:00" if "early" in sort else SLOTS[2 + int(rng.integers(10))]
    if "late" in sort:
        at = later("17:30", -length + int(rng.integers(0, 2)))
    (caller,) = colleagues(world, rng, 1, "title LIKE 'Head of %'" if "head" in sort else "title NOT LIKE 'Head of %'")
    size = crowd + 1 if sort == "crowd" else int(rng.integers(0, 3))
    others = [str(each["username"]) for each in colleagues(world, rng, size, f"id <> {caller['id']}")]
    kind = "interview" if "interview" in sort else str(one(rng, "internal", "customer"))
    span = (at, later(at, length))
    meeting = put_meeting(
        rng, world, titles[0], day, span, kind=kind, by=caller["username"], others=others, pending=True
    )
    if "clash" in sort:
        by = "" if rng.integers(2) else str(colleagues(world, rng, 1)[0]["username"])
        put_meeting(rng, world, titles[1], day, (later(at, length - 1), later(at, length + 1)), by=by)
    if sort in ("early", "late"):
        return _Invitation(meeting, "Decline")
    if sort == "clash":
        return _Invitation(meeting, "Decline", titles[1])
    if sort == "crowd":
        return _Invitation(meeting, "Decline", "minutes")
    if sort == "long":
        ahead = weekdays(date.fromisoformat(day), 2)[1]
        return _Invitation(meeting, "Propose another time", "", (ahead, at))
    return _Invitation(meeting, "Accept")


FAMILIES = (
    BrowserFamily(
        "mail-answer-invitations",
        "Answer all open invitations by the guide for assistants",
        ("calendars", "policy with exceptions"),
        0.0,
        ("mail",),
        _answer_all,
    ),
)
