"""The blueprint that all pages of the tracker hang on."""

from __future__ import annotations

from flask import Blueprint

routes = Blueprint("tracker", __name__)
