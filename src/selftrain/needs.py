"""What some environments need besides a sandbox, whether it is here, and the command that gets it."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess

_SYSTEM_PYTHON = "/usr/bin/python3"
# ends with 1 where a Python has no sympy
FIND_SYMPY = "import importlib.util as u, sys; sys.exit(u.find_spec('sympy') is None)"
_FIND_PICTURES = "import importlib.util as u, sys; sys.exit(not all(map(u.find_spec, ('numpy', 'PIL'))))"


def needs() -> dict[str, str]:
    """For each thing: "" when it is here, else the command that gets it."""
    return {
        "answers beyond numbers": "" if importlib.util.find_spec("math_verify") else "pip install 'selftrain[math]'",
        "sympy for code in math": "" if _system_python_says(FIND_SYMPY) else "apt-get install python3-sympy",
        "numpy and Pillow for the lab's bench": ""
        if _system_python_says(_FIND_PICTURES)
        else "apt-get install python3-numpy python3-pil",
        "coq for proofs": "" if shutil.which("coqc") else "apt-get install coq",
        "chromium for the browser": _missing_chromium(),
    }


def _missing_chromium() -> str:
    found = any(shutil.which(name) for name in ("chromium-headless-shell", "chromium", "google-chrome"))
    return "" if found else "apt-get install chromium-headless-shell"


def _system_python_says(code: str) -> bool:
    """Whether `code` ends well in the Python that sandboxes on this machine's own system have."""
    if shutil.which(_SYSTEM_PYTHON) is None:
        return False
    done = subprocess.run([_SYSTEM_PYTHON, "-I", "-c", code], check=False, capture_output=True)
    return done.returncode == 0
