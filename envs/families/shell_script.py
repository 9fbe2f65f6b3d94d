"""The family `shell-script`: write a script that does what its manual page says, for inputs that nobody has shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from selftrain.envs.families.material import pick
from selftrain.envs.families.shell_script_job import FOLDER, Job, Trial
from selftrain.envs.families.shell_script_retry import retrying
from selftrain.envs.families.shell_script_tidy import tidying
from selftrain.envs.families.shell_script_totals import totals
from selftrain.envs.verifiers import TrialCase, TrialVerifier, command_case
from selftrain.tasks import Limits, Task, TaskFamily
from selftrain.verdicts import CaseInput

_CASES = {1: 4, 2: 5, 3: 7, 4: 9, 5: 12}
_LIMITS = {1: (15, 300.0), 2: (20, 450.0), 3: (30, 600.0), 4: (40, 900.0), 5: (60, 1200.0)}
_KINDS: Sequence[Callable[[np.random.Generator, int], Job]] = (totals, retrying, tidying)
# every file below the folder with its contents, so that what a script did to files can be compared as text
_LISTING = (
    "find . -type f -print0 | LC_ALL=C sort -z | while IFS= read -r -d '' f; do printf '%s: ' \"$f\"; cat \"$f\"; done"
)


@dataclass(frozen=True)
class _Example:
    """The one case that the agent is shown."""

    files: Mapping[str, bytes]
    text: str


def _case(name: str, script: str, trial: Trial) -> TrialCase:
    command = f"bash {script} {trial.arguments}"
    if trial.lists:
        command = f"{command}; code=$?; {_LISTING}; exit $code"
    files = {f"{FOLDER}/{path}": data for path, data in trial.files.items()}
    case = CaseInput(command, stdin=trial.stdin, files=files, modes=dict.fromkeys(files, 0o755), workdir=FOLDER)
    return command_case(name, case, stdout=trial.stdout, exit_code=trial.exit_code)


def _example(script: str, trial: Trial) -> _Example:
    lines = [f"cd /workspace/example && bash {script} {trial.arguments}" + (" < stdin.txt" if trial.stdin else "")]
    shown = trial.stdout if not trial.lists else trial.printed
    lines += ["", "prints:", "", *(f"    {line}" for line in shown.splitlines()), f"and exits with {trial.exit_code}."]
    files = {f"/workspace/example/{path}": data for path, data in trial.files.items()}
    if trial.stdin:
        files["/workspace/example/stdin.txt"] = trial.stdin
    if trial.lists:
        lines += ["", "Afterwards the files are:", "", *(f"    {line}" for line in trial.tree)]
    return _Example(files, "\n".join(lines) + "\n")


def _cheats(job: Job, script: str, shown: Trial) -> dict[str, tuple[str, ...]]:
    def putting(text: str) -> tuple[str, ...]:
        return (f"mkdir -p /workspace/bin; cat > {script} <<'END_OF_SCRIPT'\n{text}\nEND_OF_SCRIPT",)

    answers = f"cat <<'END'\n{shown.stdout}END\nexit {shown.exit_code}"
    cheats = {
        "exits with success": putting("exit 0"),
        "knows the example": putting(answers),
        "is a link to true": (f"mkdir -p /workspace/bin; ln -s /bin/true {script}",),
        "shadows tools": (
            *putting("exit 0"),
            "cp /bin/true /workspace/bin/cat; cp /bin/true /workspace/bin/find; echo 'exit 0' > ~/.bashrc",
        ),
    }
    return cheats | {name: putting(text) for name, text in job.sloppy.items()}


def build(rng: np.random.Generator, level: int) -> Task:
    """One manual page, one example, and hidden cases."""
    job = pick(rng, _KINDS)(rng, level)
    script = f"/workspace/bin/{job.name}"
    shown, *hidden = [job.trial(rng, number) for number in range(_CASES[level] + 1)]
    example = _example(script, shown)
    cases = tuple(_case(f"hidden case {number}", script, trial) for number, trial in enumerate(hidden, 1))
    steps, seconds = _LIMITS[level]
    return Task(
        instruction=(
            f"Write the bash script {script}. Its manual page is /workspace/{job.name}.txt, and /workspace/example has "
            "one example of what it must do. It is run as `bash` runs it, with bash, coreutils, findutils, grep, sed, "
            "awk and gzip at hand, on other inputs than the example's; what it prints on standard output, its exit "
            "code and what it does to files must be right each time.\n"
        ),
        verifier=TrialVerifier((script,), cases),
        files={
            f"/workspace/{job.name}.txt": job.manual.encode(),
            "/workspace/example/README.txt": example.text.encode(),
            **example.files,
        },
        tools=("awk", "find", "gzip"),
        oracle=(f"mkdir -p /workspace/bin; cat > {script} <<'END_OF_SCRIPT'\n{job.script}\nEND_OF_SCRIPT",),
        cheats=_cheats(job, script, shown),
        limits=Limits(steps=steps, seconds=seconds),
    )


FAMILY = TaskFamily(
    name="shell-script",
    summary="Write a shell script after its manual page, judged on hidden inputs.",
    skills=("bash", "quoting", "exit codes", "text tools"),
    chance=0.0,
    build=build,
)
