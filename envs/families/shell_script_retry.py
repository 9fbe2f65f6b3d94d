"""`shell-script`: a wrapper that runs a command again when it fails."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from selftrain.envs.families.material import WORDS, between, pick, sample
from selftrain.envs.families.shell_script_job import Job, Trial, with_listing

_FLAKY = b"""#!/bin/bash
n=$(( $(cat count 2>/dev/null || echo 0) + 1 ))
echo $n > count
echo "run $n"
for argument; do echo "[$argument]"; done >> arguments
cat > stdin.$n
exit "$(sed -n "${n}p" codes)"
"""


@dataclass(frozen=True)
class _Retry:
    level: int
    times_option: str
    times: int
    stop_option: str
    word: str
    quiet: bool

    def manual(self, name: str) -> str:
        lines = [
            f"{name} [OPTION...] -- COMMAND [ARGUMENT...]",
            "",
            f"Runs COMMAND with its arguments, unchanged, until it exits with 0, at most {self.times} times. After",
            f"each run that failed it prints the line `{self.word} N: exit CODE` on standard output, N counting from",
            "1. It exits with the code of the last run. There is no pause between runs.",
        ]
        if self.level >= 2:
            lines += ["", f"  {self.times_option} N       at most N times"]
        if self.level >= 3:
            lines += [f"  {self.stop_option} CODES   exit codes, separated by commas, after which it is not run again"]
        if self.level >= 4:
            lines += ["", "Each run gets the whole standard input of the script, of any length and content."]
        if self.level >= 5:
            lines += ["", "What a run that failed has printed on standard output is thrown away."]
        return "\n".join(lines) + "\n"

    def script(self, quoted: bool = True, stops: bool = True, keeps: bool = True) -> str:
        command = '"$@"' if quoted else "$*"
        stdin = " < /tmp/.stdin" if keeps else ""
        thrown = self.level >= 5
        run = f"{command}{stdin}" + (" > /tmp/.stdout" if thrown else "")
        return (
            f"times={self.times} stop=\n"
            f'while [ "$1" != -- ]; do case "$1" in\n  {self.times_option}) times=$2 ;;\n'
            f"  {self.stop_option}) stop=$2 ;;\n"
            "esac; shift 2; done\nshift\n"
            + ("cat > /tmp/.stdin\n" if keeps else "")
            + f"for (( n = 1; n <= times; n++ )); do\n  {run}\n  code=$?\n"
            + ("  if [ $code = 0 ]; then cat /tmp/.stdout; exit 0; fi\n" if thrown else "  [ $code = 0 ] && exit 0\n")
            + f'  echo "{self.word} $n: exit $code"\n'
            + ('  case ",$stop," in *",$code,"*) break ;; esac\n' if stops else "")
            + "done\nexit $code"
        )


def retrying(rng: np.random.Generator, level: int) -> Job:
    """A wrapper that runs a command again when it fails."""
    name = f"{pick(rng, ('retry', 'again', 'persist'))}-{pick(rng, WORDS)}"
    options = sample(rng, ("-n", "-t", "--times", "-c", "--stop", "-x", "-s"), 2)
    rules = _Retry(level, options[0], between(rng, 3, 6), options[1], pick(rng, ("attempt", "try", "run")), level >= 5)

    def trial(rng: np.random.Generator, number: int) -> Trial:
        times = between(rng, 1, 8) if level >= 2 and number % 2 else rules.times
        stops = sorted({between(rng, 2, 200) for _ in range(3)}) if level >= 3 and number % 3 != 1 else []
        fails = times if number % 3 == 0 else between(rng, 0, times - 1)
        codes = [between(rng, 201, 250) for _ in range(fails)] + [0] * 9
        if stops and fails:
            codes[between(rng, 0, fails - 1)] = pick(rng, stops)
        arguments = ["'two words'", "'*'", "''", '"it\'s"', "-n", "--", "'$HOME'"][: between(rng, 2, 7)]
        stdin = "".join(f"{pick(rng, WORDS)}\n" for _ in range(between(rng, 1, 9))).encode() if level >= 4 else b""
        given = ([rules.times_option, str(times)] if times != rules.times or (level >= 2 and number % 2) else []) + (
            [rules.stop_option, ",".join(map(str, stops))] if stops else []
        )
        printed, runs, code = "", 0, 0
        while runs < times:
            code, runs = codes[runs], runs + 1
            if code == 0 or not rules.quiet:
                printed += f"run {runs}\n"
            if code:
                printed += f"{rules.word} {runs}: exit {code}\n"
            if code == 0 or code in stops:
                break
        plain = [argument.strip("'\"") if argument != "''" else "" for argument in arguments]
        said = "".join(f"[{argument}]\n" for argument in plain) * runs
        files = {"flaky.sh": _FLAKY, "codes": "".join(f"{code}\n" for code in codes).encode()}
        after = files | {"arguments": said.encode(), "count": f"{runs}\n".encode()}
        after |= {f"stdin.{n}": stdin for n in range(1, runs + 1)}
        words = " ".join([*given, "--", "./flaky.sh", *arguments])
        return with_listing(words, printed, code, stdin, files, after)

    sloppy = {"loses the quotes": rules.script(quoted=False)}
    if level >= 3:
        sloppy["never stops early"] = rules.script(stops=False)
    if level >= 4:
        sloppy["gives the input to the first run only"] = rules.script(keeps=False)
    return Job(name, rules.manual(name), rules.script(), sloppy, trial)
