"""The blueprint that all pages of the shop hang on."""

from __future__ import annotations

from flask import Blueprint

routes = Blueprint("shop", __name__)
