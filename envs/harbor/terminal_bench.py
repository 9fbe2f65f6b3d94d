"""Terminal-Bench 1's layout of a task, converted into a folder in Harbor's format.

    task.yaml · Dockerfile · docker-compose.yaml · run-tests.sh · tests/ · solution.sh or solution.yaml · other files

The other files are the Dockerfile's context. The verdict is what Terminal-Bench's pytest parser makes of the output of
`run-tests.sh`, but stricter, for its own pays where nothing was tested: the summary must be there, hold a test that
passed and none that failed, and the script must end well. Without a summary there is no reward, so that a runner that
cannot start here (most fetch pytest from the network) is an error and never a 0.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from selftrain.envs.harbor.config import read_config
from selftrain.envs.harbor.fields import Fields
from selftrain.envs.harbor.folders import files_below, read_text
from selftrain.errors import TaskError

_ABOUT = (
    *("author_name", "author_email", "difficulty", "category", "tags", "estimated_duration_sec"),
    *("expert_time_estimate_min", "junior_time_estimate_min"),
)
_NOT_CONTEXT = ("task.yaml", "run-tests.sh", "tests", "solution.sh", "solution.yaml", "docker-compose.yaml", ".git")
# what a container does that only waits for its agent
_IDLE = (["sh", "-c", "sleep infinity"], ["sleep", "infinity"], "sleep infinity", "tail -f /dev/null")
_MARKED = re.compile(r"\$\{?T_BENCH_[A-Z_]+\}?")
_TEST = r"""#!/bin/bash
export TEST_DIR=/tests T_BENCH_TEST_DIR=/tests
said=/logs/verifier/run-tests.txt
bash /tests/run-tests.sh > "$said" 2>&1
code=$?
# the last summary: what the submission printed while it was tested comes before it
summary=$(awk 'tolower($0) ~ /=+ *short test summary info *=+/ { text = ""; on = 1; next } on { text = text $0 "\n" }
  END { printf "%s", text }' "$said")
[ -n "$summary" ] || exit 1
if [ "$code" = 0 ] && grep -q '^PASSED ' <<< "$summary" && ! grep -Eq '^(FAILED|ERROR|XPASS) ' <<< "$summary"; then
  echo 1 > /logs/verifier/reward.txt
else
  echo 0 > /logs/verifier/reward.txt
fi
"""


def convert_terminal_bench(folder: Path | str, out: Path | str) -> Path:
    """Write the task in `folder` to the folder `out`, in Harbor's format; gives `out`.

    Args:
        folder: in Terminal-Bench 1's layout.
        out: must not exist, or be empty.

    Raises:
        TaskError: a file or field that is missing, wrong or not supported, by name; or PyYAML is not installed.
    """
    folder, out = Path(folder), Path(out)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise TaskError(f"{out} exists already: name a folder that does not exist")
    task = _table(folder, "task.yaml")
    toml, instruction = _config(folder, task), task.text("instruction")
    if not instruction.strip():
        raise task.wrong("instruction", "is missing or empty")
    solution = _solution(folder)
    files: dict[str, tuple[bytes, int]] = {
        "task.toml": (toml.encode(), 0o644),
        "instruction.md": (instruction.encode(), 0o644),
        "tests/test.sh": (_TEST.encode(), 0o755),
        "tests/run-tests.sh": (read_text(folder, "run-tests.sh").encode(), 0o755),
        "solution/solve.sh": (solution.encode(), 0o755),
    }
    if not (folder / "Dockerfile").is_file():
        raise TaskError(f"{folder}/Dockerfile is missing")
    for name, file in files_below(folder / "tests", folder).items():
        if f"tests/{name}" in files:
            raise TaskError(f"{folder}/tests/{name} has a name that Harbor's format gives to another file: rename it")
        files[f"tests/{name}"] = file
    for name, file in files_below(folder, folder).items():
        if name.partition("/")[0] not in _NOT_CONTEXT:
            files[f"environment/{name}"] = file
    return _written(files, out)


def _written(files: Mapping[str, tuple[bytes, int]], out: Path) -> Path:
    try:
        for name, (data, mode) in files.items():
            path = out / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            path.chmod(mode)
        read_config(out)
    except BaseException as error:
        shutil.rmtree(out, ignore_errors=True)  # no half of a task stays
        if isinstance(error, OSError):
            raise TaskError(f"{out} cannot be written: {error.strerror}; name another folder") from error
        raise
    return out


def _yaml(folder: Path, name: str) -> Any:
    try:
        import yaml
    except ImportError:
        raise TaskError(f"{folder}/{name} needs PyYAML to be read. Get it: pip install 'selftrain[packs]'") from None
    text = read_text(folder, name)
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise TaskError(f"{folder}/{name} is not YAML: {' '.join(str(error).split())}") from error


def _table(folder: Path, name: str) -> Fields:
    found = _yaml(folder, name)
    if not isinstance(found, dict):
        raise TaskError(f"{folder}/{name} must hold a table of fields")
    return Fields(found, f"{folder}/{name}")


def _config(folder: Path, task: Fields) -> str:
    """The text of `task.toml`."""
    task.allow(
        (
            *("instruction", "parser_name", "max_agent_timeout_sec", "max_test_timeout_sec", "disable_asciinema"),
            *("run_tests_in_same_shell", *_ABOUT),
        )
    )
    task.text("parser_name", "pytest", ("pytest",))
    task.flag("disable_asciinema")
    task.refuse("run_tests_in_same_shell", "tests run in a pristine sandbox, where the agent's shell never was")
    workdir, variables = _compose(folder)
    metadata = {name: task.values[name] for name in _ABOUT if task.values.get(name) is not None}
    for name, value in metadata.items():
        try:
            json.dumps(value, ensure_ascii=False, default=str).encode()
        except (ValueError, TypeError, RecursionError) as error:
            raise task.wrong(name, f"cannot be written: {error}") from error
    sections: list[tuple[str, Mapping[str, Any]]] = [
        ("metadata", metadata),
        ("agent", {"timeout_sec": task.number("max_agent_timeout_sec", 360.0)}),
        ("verifier", {"timeout_sec": task.number("max_test_timeout_sec", 60.0)}),
        ("environment", {"workdir": workdir} if workdir else {}),
        ("environment.env", variables),
    ]
    lines = ['schema_version = "1.4"', *(line for name, values in sections for line in _section(name, values))]
    return "\n".join(lines) + "\n"


def _section(name: str, values: Mapping[str, Any]) -> list[str]:
    if not values:
        return []
    return ["", f"[{name}]", *(f"{_toml(str(key))} = {_toml(value)}" for key, value in values.items())]


def _toml(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_toml(one) for one in value)}]"
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    return json.dumps(str(value)).replace("\x7f", "\\u007f")  # JSON's strings are TOML's but for this character


def _compose(folder: Path) -> tuple[str, dict[str, str]]:
    """Work folder and variables of the one service; everything else must be as the template has it."""
    if not (folder / "docker-compose.yaml").exists():
        return "", {}
    whole = _table(folder, "docker-compose.yaml")
    whole.allow(("services", "version"))
    services = whole.table("services")
    if len(services.values) != 1:
        raise whole.wrong("services", f"has {len(services.values)} services; there is one sandbox")
    service = services.table(next(iter(services.values)))
    service.allow(("build", "image", "container_name", "command", "environment", "volumes", "working_dir"))
    build = service.values.get("build", {})
    build = {"context": build} if isinstance(build, str) else build
    if not isinstance(build, dict) or not build.items() <= {"context": ".", "dockerfile": "Dockerfile"}.items():
        raise service.wrong("build", f"= {build!r} is not supported: the Dockerfile and its files lie beside task.yaml")
    if service.values.get("command", _IDLE[0]) not in _IDLE:
        raise service.wrong("command", "is not supported: a sandbox starts no service")
    for volume in service.texts("volumes"):
        if not re.fullmatch(rf"{_MARKED.pattern}:{_MARKED.pattern}", volume):
            raise service.wrong("volumes", f"= {volume!r} is not supported: nothing of this machine is in a sandbox")
    workdir = service.text("working_dir")
    return workdir, _variables(service)


def _variables(service: Fields) -> dict[str, str]:
    listed = service.values.get("environment", {})
    pairs = dict(one.partition("=")[::2] for one in service.texts("environment")) if isinstance(listed, list) else None
    table = service.table("environment").values if pairs is None else pairs
    found = {str(name): str(value) for name, value in table.items() if name != "TEST_DIR"}
    Fields({"environment": found}, service.file, service.name).variables("environment")
    return found


def _solution(folder: Path) -> str:
    """`solution.sh`, or the commands of `solution.yaml` as a script."""
    if (folder / "solution.sh").exists():
        return read_text(folder, "solution.sh")
    if not (folder / "solution.yaml").exists():
        raise TaskError(f"{folder}/solution.sh is missing, and so is solution.yaml")
    listed = _yaml(folder, "solution.yaml")
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise TaskError(f"{folder}/solution.yaml must be a list of commands")
    return "#!/bin/bash\n" + "".join(_command(folder, index, one) for index, one in enumerate(listed))


def _command(folder: Path, index: int, values: Mapping[str, Any]) -> str:
    entry = Fields(values, f"{folder}/solution.yaml", f"[{index}]")
    entry.allow(("command", "min_timeout_sec", "max_timeout_sec", "block", "append_enter"))
    if not entry.text("command").strip():
        raise entry.wrong("command", "is missing or empty")
    if "append_enter" in values and not entry.flag("append_enter"):
        raise entry.wrong("append_enter", "= false is not supported: keys for a program that waits cannot be a script")
    return entry.text("command").rstrip("\n") + "\n"
