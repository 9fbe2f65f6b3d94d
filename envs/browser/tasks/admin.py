"""The task families of the back office."""

from __future__ import annotations

from selftrain.envs.browser.tasks.admin_access import REQUESTS, REVIEW
from selftrain.envs.browser.tasks.admin_duties import DUTIES
from selftrain.envs.browser.tasks.admin_expenses import EXPENSES
from selftrain.envs.browser.tasks.admin_invoices import INVOICES
from selftrain.envs.browser.tasks.admin_leaving import OFFBOARD
from selftrain.envs.browser.tasks.admin_log import LOG
from selftrain.envs.browser.tasks.admin_settings import SETTINGS
from selftrain.envs.browser.tasks.admin_suppliers import BANK, DUPLICATES
from selftrain.envs.browser.tasks.admin_upload import UPLOAD

FAMILIES = (LOG, DUTIES, EXPENSES, REQUESTS, REVIEW, OFFBOARD, DUPLICATES, INVOICES, BANK, UPLOAD, SETTINGS)
