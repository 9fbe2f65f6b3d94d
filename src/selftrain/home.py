"""Where SelfTrain keeps what it builds once and uses again: images and converted weights."""

from __future__ import annotations

import os
from pathlib import Path


def home_folder() -> Path:
    """SELFTRAIN_HOME, or else XDG_DATA_HOME/selftrain, or else the user's own data folder.

    Root's own default is /var/lib/selftrain, because sandboxes of root run as users who may not look into /root.
    """
    if home := os.environ.get("SELFTRAIN_HOME"):
        return Path(home)
    if data := os.environ.get("XDG_DATA_HOME"):
        return Path(data) / "selftrain"
    return Path("/var/lib" if os.geteuid() == 0 else Path.home() / ".local" / "share") / "selftrain"
