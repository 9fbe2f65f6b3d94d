"""The task families of the back office."""

from __future__ import annotations

from selftrain.envs.browser.tasks.admin_access import REQUESTS, REVIEW
from selftrain.envs.browser.tasks.admin_expenses import EXPENSES
from selftrain.envs.browser.tasks.admin_leaving import OFFBOARD
from selftrain.envs.browser.tasks.admin_suppliers import BANK, DUPLICATES

FAMILIES = (EXPENSES, REQUESTS, REVIEW, OFFBOARD, DUPLICATES, BANK)
