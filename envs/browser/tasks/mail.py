"""The task families of mail and calendar."""

from __future__ import annotations

from selftrain.envs.browser.family import BrowserFamily
from selftrain.envs.browser.tasks import (
    mail_agenda,
    mail_facts,
    mail_invitations,
    mail_letters,
    mail_meetings,
    mail_upkeep,
)

FAMILIES: tuple[BrowserFamily, ...] = (
    *mail_facts.FAMILIES,
    *mail_letters.FAMILIES,
    *mail_upkeep.FAMILIES,
    *mail_agenda.FAMILIES,
    *mail_meetings.FAMILIES,
    *mail_invitations.FAMILIES,
)
