"""The browser environment: web sites whose databases tell what was done, behind two engines."""

from __future__ import annotations

import importlib.util

if missing := [name for name in ("flask", "selectolax") if importlib.util.find_spec(name) is None]:
    raise ImportError(f"The browser environment needs {' and '.join(missing)}: pip install 'selftrain[browser]'")
