"""The design, held against the code: one-way imports, what ships, what import does, and the sizes."""

from __future__ import annotations

import ast
import fnmatch
import importlib.metadata
import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import selftrain

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = {
    "selftrain": ROOT / "src" / "selftrain",
    "selftrain.sandboxes": ROOT / "sandboxes",
    "selftrain.envs": ROOT / "envs",
    "selftrain.agents": ROOT / "agents",
}
# layer → layers it may import; the front may import all
ALLOWED = {
    "selftrain": {"selftrain"},
    "selftrain.sandboxes": {"selftrain", "selftrain.sandboxes"},
    "selftrain.envs": {"selftrain", "selftrain.sandboxes", "selftrain.envs"},
    "selftrain.agents": {"selftrain", "selftrain.agents"},
}
FRONT = ("cli.py", "*_commands.py", "integrations", "web")


def layer_of(module: str) -> str:
    return next((name for name in list(FOLDERS)[1:] if module == name or module.startswith(name + ".")), "selftrain")


def imported_layers(source: str) -> set[str]:
    modules: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return {layer_of(module) for module in modules if module.split(".")[0] == "selftrain"}


def sources() -> list[tuple[str, Path]]:
    found = []
    for layer, folder in FOLDERS.items():
        for path in sorted(folder.rglob("*.py")):
            top = path.relative_to(folder).parts[0]
            if layer != "selftrain" or not any(fnmatch.fnmatch(top, pattern) for pattern in FRONT):
                found.append((layer, path))
    return found


def test_imports_go_one_way() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {used}"
        for layer, path in sources()
        for used in sorted(imported_layers(path.read_text()) - ALLOWED[layer])
    ]
    assert wrong == []


def test_the_import_rule_can_fail() -> None:
    assert imported_layers("from selftrain import envs") - ALLOWED["selftrain.agents"] == {"selftrain.envs"}
    assert imported_layers("import selftrain.sandboxes.base") - ALLOWED["selftrain"] == {"selftrain.sandboxes"}


def test_every_python_package_is_shipped() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())
    shipped = set(config["tool"]["setuptools"]["packages"])
    found = set()
    for name, folder in FOLDERS.items():
        for init in folder.rglob("__init__.py"):
            found.add(".".join([name, *init.parent.relative_to(folder).parts]))
    assert found == shipped


@pytest.mark.parametrize("name", ["envs", "sandboxes", "agents"])
def test_folders_refuse_their_bare_names(name: str) -> None:
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import {name}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert f"Import selftrain.{name}, not {name}." in done.stderr


def test_nothing_imports_a_folder_by_its_bare_name() -> None:
    wrong = []
    for path in [p for p in ROOT.rglob("*.py") if ".venv" not in p.parts and "typings" not in p.parts]:
        for node in ast.walk(ast.parse(path.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            wrong += [f"{path}: {name}" for name in names if name.split(".")[0] in ("envs", "sandboxes", "agents")]
    assert wrong == []


def test_importing_registers_ids_and_nothing_else(tmp_path: Path) -> None:
    code = (
        "import sys, json; before = set(sys.modules); import selftrain, gymnasium\n"
        "heavy = [m for m in ('torch', 'docker', 'rich', 'typer', 'stable_baselines3') if m in sys.modules]\n"
        "ids = [i for i in gymnasium.registry if i.startswith('SelfTrain')]\n"
        "print(json.dumps([heavy, ids, [m for m in sys.modules if m.startswith('selftrain.sandboxes')]]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    heavy, ids, ours = json.loads(done.stdout)
    assert heavy == [] and ours == [] and "SelfTrain-Terminal-v0" in ids
    assert done.stderr == "" and list(tmp_path.iterdir()) == []


def test_version_is_the_distribution_s() -> None:
    assert importlib.metadata.version("selftrain") == selftrain.__version__


def test_files_and_functions_stay_small() -> None:
    long_files = [f"{path}: {n}" for _, path in sources() if (n := path.read_text().count("\n")) > 400]
    long_functions = [
        f"{path}:{node.lineno} {node.name}"
        for _, path in sources()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno + 1 > 60
    ]
    assert long_files == [] and long_functions == []
