"""Settings for every test."""

from __future__ import annotations

from hypothesis import settings

# how long an example takes says more about the machine's load than about the code
settings.register_profile("selftrain", deadline=None)
settings.load_profile("selftrain")
