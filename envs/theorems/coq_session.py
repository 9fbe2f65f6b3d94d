"""A Coq that stays: takes a proof sentence by sentence, shows its goals, and goes back where it is told to."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import NamedTuple

from selftrain.envs.console import Console, Program
from selftrain.envs.theorems.coq_lexer import read_script
from selftrain.envs.theorems.prover import Answer
from selftrain.envs.theorems.theorem import Statement
from selftrain.errors import SandboxError, TaskError
from selftrain.sandboxes import Sandbox

# a sandbox has no /etc/ocamlfind.conf, which Coq asks for and can do without; and its own choice for the collector, 256
# MiB for young values alone, leaves no room within a sandbox's limit of memory
SETTINGS = "OCAMLFIND_CONF=/dev/null OCAMLRUNPARAM=s=4M,o=1000"
FLAGS = "-q -w none -native-compiler no -bytecode-compiler no"
# prompts and errors come on standard error, goals on standard output; in this mode a prompt tells the state's number
_PROGRAM = Program(
    command=f"{SETTINGS} coqtop {FLAGS} -emacs -color no 2>&3",
    # the complaint of a name that does not exist, which begins with this line, comes when everything before it is done
    question=lambda text, mark: f"{text}\nCheck {mark}.\n",
    ending=lambda mark: f"> Check {mark}.",
    # an interrupt drops a comment that is not closed, and with it the first
    reminder=lambda mark: f"\nCheck {mark}.\n",
)
_PROMPT = re.compile(r"<prompt>\S* < (\d+) \|[^|]*\| \d+ < </prompt>")
_NOISE = re.compile(r"</?(?:infomsg|warning)>\n?|^Toplevel input, characters \d+-\d+:\n", re.MULTILINE)
_GOAL_NUMBER = re.compile(r" \(ID \d+\)")
_QUESTION = re.compile(r"(?:Search|SearchPattern|SearchRewrite|Check|About|Print|Locate)\b")
_NO_GOALS = "No more goals."
_OPENING_SECONDS = 60.0
_SHOW_SECONDS = 10.0
_LATE = "[the goals take too long to print]"


class Step(NamedTuple):
    """An accepted sentence, and the state before it."""

    sentence: str
    before: int


@dataclass(frozen=True)
class Said:
    """What Coq said to one question: remarks, complaints, and the states before and after."""

    remarks: str
    complaints: str
    before: int
    after: int
    timed_out: bool
    ended: bool

    @property
    def moved(self) -> bool:
        """Whether something went through."""
        return self.after != self.before and not self.ended


class CoqSession:
    """See `Session`.

    Args:
        sandbox: where Coq runs.
        statement: what is proven; trusted.

    Raises:
        TaskError: Coq refuses the statement.
        SandboxError: the sandbox failed.
    """

    def __init__(self, sandbox: Sandbox, statement: Statement) -> None:
        self._statement = statement
        self._console = Console(sandbox, _PROGRAM)
        self._steps: list[Step] = []
        self._goals, self._done = "", False
        self._state(TaskError)
        self._look()

    @property
    def goals(self) -> str:
        """See `Session`."""
        return self._goals

    @property
    def done(self) -> bool:
        """See `Session`."""
        return self._done

    def run(self, script: str, seconds: float) -> Answer:
        """See `Session`."""
        deadline = time.monotonic() + seconds
        accepted: list[str] = []
        messages: list[str] = []
        failed = False
        read = read_script(script)
        for sentence in (one.text for one in read.sentences if one.whole):
            left = deadline - time.monotonic()
            if left <= 0:
                messages.append(f"{sentence}\nError: not begun, for {seconds:g} s are over.")
                failed = True
                break
            said = self._ask(sentence, left)
            messages += [said.remarks] if said.remarks else []
            if not said.moved:
                messages.append(self._why(sentence, said, seconds))
                failed = True
                break
            self._steps.append(Step(sentence, said.before))
            accepted.append(sentence)
        else:
            if read.fault or not all(one.whole for one in read.sentences):
                messages.append(f"Error: {read.fault or 'the last sentence does not end with a full stop'}.")
                failed = True
        if accepted or failed:
            messages += self._look()
        return Answer(tuple(accepted), "\n".join(messages), self._goals, self._done, failed)

    def ask(self, script: str, seconds: float) -> Answer | None:
        """See `Session`: `Search`, `Check`, `About`, `Print` and `Locate`."""
        read = read_script(script)
        texts = [one.text for one in read.sentences if _QUESTION.match(one.text)]
        if not texts:
            return None
        if read.fault or len(texts) < len(read.sentences) or not read.sentences[-1].whole:
            return self._told("Error: questions stand in a message of their own, each with its full stop.", True)
        # Print writes to the file that a string names
        if any('"' in text and text.startswith("Print") for text in texts):
            return self._told("Error: Print takes no strings.", True)
        said = self._ask("\n".join(texts), seconds)
        if said.ended:
            self._replay()
        late = f"Error: stopped after {seconds:g} s." if said.timed_out else ""
        told = "\n".join(part for part in (said.remarks, said.complaints, late) if part)
        return self._told(told, bool(said.complaints or late or said.ended))

    def _told(self, message: str, failed: bool) -> Answer:
        return Answer((), message, self._goals, self._done, failed)

    def undo(self, sentences: int) -> None:
        """See `Session`."""
        count = min(sentences, len(self._steps))
        if count <= 0:
            return
        state = self._steps[-count].before
        del self._steps[-count:]
        if self._ask(f"BackTo {state}.", _OPENING_SECONDS).after != state:
            self._console.close()
            self._replay()
        self._look()

    def close(self) -> None:
        """See `Session`."""
        self._console.close()

    def _why(self, sentence: str, said: Said, seconds: float) -> str:
        if said.ended:
            self._replay()
            cause = f"it took more than {seconds:g} s" if said.timed_out else "it ended by itself"
            return f"{sentence}\nError: Coq had to be started again: {cause}. The proof is as it was before."
        if said.timed_out:
            return f"{sentence}\nError: stopped after {seconds:g} s."
        return said.complaints or f"{sentence}\nError: Coq did nothing."

    def _look(self) -> list[str]:
        """Have the goals shown; returns what the kernel has against a proof without any."""
        said = self._ask("Show.", _SHOW_SECONDS)
        if said.ended:
            self._replay()
        self._goals = _LATE if said.ended or said.timed_out else _GOAL_NUMBER.sub("", said.remarks)
        self._done = False
        if self._goals != _NO_GOALS:
            return []
        # goes through when Qed would, and leaves the proof open
        self._done = self._ask("Fail Fail Qed.", _OPENING_SECONDS).moved
        return [] if self._done else [self._ask("Qed.", _OPENING_SECONDS).complaints]

    def _state(self, fault: type[TaskError] | type[SandboxError]) -> None:
        """Begin the proof of the statement."""
        statement = self._statement
        for text in ("Set Silent.", statement.preamble, f"Theorem {statement.name} : {statement.proposition}."):
            said = self._ask(text, _OPENING_SECONDS)
            if said.ended or said.timed_out or re.search(r"^Error", said.complaints, re.MULTILINE):
                self.close()
                why = said.complaints or "it takes too long"
                raise fault(f"Coq refuses the statement {statement.name!r}:\n{why}")
        if not self._ask("Proof.", _OPENING_SECONDS).moved:
            self.close()
            raise fault(f"{statement.proposition!r} does not open a proof in Coq")

    def _replay(self) -> None:
        """Bring a fresh Coq to where the last one was."""
        self._state(SandboxError)
        steps, self._steps = self._steps, []
        for step in steps:
            said = self._ask(step.sentence, _OPENING_SECONDS)
            if not said.moved:
                raise SandboxError(f"Coq does not accept again what it had accepted: {step.sentence}")
            self._steps.append(Step(step.sentence, said.before))

    def _ask(self, text: str, seconds: float) -> Said:
        reply = self._console.ask(text, seconds)
        states = [int(number) for number in _PROMPT.findall(reply.said)]
        # before the first prompt is the end of the last answer, after the last one the answer to the name
        complaints = "".join(_PROMPT.split(reply.said)[2:-1:2])
        before, after = (states[0], states[-1]) if states else (0, 0)
        return Said(_tidy(reply.output), _tidy(complaints), before, after, reply.timed_out, reply.ended)


def _tidy(text: str) -> str:
    return _NOISE.sub("", text).strip()
