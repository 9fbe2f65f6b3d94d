"""What the agent sees: the opening of an episode, and what each command did, as text."""

from __future__ import annotations

import codecs

from selftrain.sandboxes import Result
from selftrain.tasks import Limits, Task

SUBMIT = "submit"
LONGEST_INSTRUCTION = 65_536
# room for the lines around an output, the directory's name cut as below
STATUS_ROOM = 1_024
_LONGEST_DIRECTORY = 200

# Control characters are shown as their pictures, so that no output can steer a terminal or hide in it.
_PICTURES = {code: 0x2400 + code for code in range(0x20) if chr(code) not in "\n\t"}
_PICTURES |= {0x7F: 0x2421} | dict.fromkeys(range(0x80, 0xA0), 0xFFFD)
_LINE_PICTURES = {ord("\n"): 0x240A, ord("\t"): 0x2409}


def visible(text: str) -> str:
    """The text with control characters other than newline and tab replaced by their pictures, ␀ to ␡."""
    return text.translate(_PICTURES)


def show_bytes(data: bytes, limit: int, cut_before: int = 0) -> tuple[str, int]:
    """Bytes as visible text, at most `limit` of them, half from the start and half from the end.

    Args:
        data: what was printed; bytes that are no UTF-8 are shown as �.
        limit: bytes to show.
        cut_before: bytes that are missing from the middle of `data` already.

    Returns:
        The text, with a line where bytes are missing, and how many are missing.
    """
    if len(data) <= limit:
        return visible(data.decode("utf-8", "replace")), cut_before
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    head = decoder.decode(data[: limit // 2])  # a character that the cut would split stays in the decoder
    tail = data[limit // 2 - limit :]
    for _ in range(3):
        if tail and tail[0] & 0xC0 == 0x80:
            tail = tail[1:]
    missing = cut_before + len(data) - limit // 2 + len(decoder.getstate()[0]) - len(tail)
    shown = f"{head}\n[... {missing} bytes not shown ...]\n{tail.decode('utf-8', 'replace')}"
    return visible(shown), missing


def opening(task: Task, workdir: str, limits: Limits) -> str:
    """The first observation: the instruction, then where the agent is and how it ends the episode."""
    return (
        f"{task.instruction.rstrip()}\n\n"
        f"Each action is run by bash in a sandbox without network; directory and variables are kept. A command is "
        f"stopped after {limits.command_seconds:g} s. You have {limits.steps} steps and {limits.seconds:g} s. "
        f"The action `{SUBMIT}`, alone, ends the episode; the files are then judged as they are.\n"
        f"[in {workdir}, step 0 of {limits.steps}]"
    )


def describe(result: Result, limit: int, step: int, limits: Limits, timeout: float) -> tuple[str, int]:
    """One command's output and, as the last line, how it ended; and how many bytes of output are not shown.

    Args:
        result: what the command did.
        limit: bytes of output to show.
        step: actions so far, this one included.
        limits: of the episode.
        timeout: seconds that the command was given.
    """
    shown, missing = show_bytes(result.output, limit, result.truncated)
    if shown and not shown.endswith("\n"):
        shown += "\n"
    notes = []
    if result.timed_out:
        by = f"after {timeout:g} s" if timeout == limits.command_seconds else "at the time limit of the episode"
        notes.append(f"stopped {by}, ")
    if result.shell_restarted:
        notes.append("the shell ended and was started again, ")
    directory = visible(result.directory.decode("utf-8", "replace")).translate(_LINE_PICTURES)[:_LONGEST_DIRECTORY]
    # when everything inside was killed, nobody knows where the shell was
    place = f" in {directory}" if directory else ""
    status = f"[{''.join(notes)}exit {result.exit_code}{place}, step {step} of {limits.steps}]"
    return shown + status, missing
