"""Every error that SelfTrain raises on purpose.

    SelfTrainError
    ├── UnknownNameError (KeyError)     a name that is not in the table; lists the near ones
    ├── TaskError (ValueError)          a task or task folder that is broken, with file and field
    ├── OptionError (ValueError)        an argument of the wrong kind or range
    ├── SandboxError                    the backend failed; never an observation, never a reward
    │   ├── BackendUnavailableError     no backend can start here; says what to install
    │   ├── ImageMissingError           the image is not built; says the command that builds it
    │   └── MissingToolError            the sandbox lacks a tool that the task names
    ├── VerifierError                   the verifier itself failed; no verdict exists
    ├── ContextError (ValueError)       a context budget that cannot hold what must be shown
    ├── ModelError                      a model or its endpoint failed; never an action, never a reward
    └── RecordError                     a journal or record that cannot be written or read

What a command in a sandbox does wrong (a non-zero exit, a timeout, a missing file) is data, not one of these.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_MOST_LISTED = 40  # names that a message holds where none is near


class SelfTrainError(Exception):
    """Base of all errors that SelfTrain raises on purpose."""


class UnknownNameError(SelfTrainError, KeyError):
    """A name that is not known, with the names that are near it."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        self.kind, self.name = kind, name
        self.known = sorted(known)
        near = difflib.get_close_matches(name, self.known, n=3, cutoff=0.5)
        listed = ", ".join(self.known[:_MOST_LISTED]) or "none"
        more = f" and {len(self.known) - _MOST_LISTED} more" if len(self.known) > _MOST_LISTED else ""
        hint = f"Did you mean {' or '.join(near)}?" if near else f"Known: {listed}{more}."
        super().__init__(f"No {kind} is named {name!r}. {hint}")

    def __str__(self) -> str:  # KeyError would print the repr
        return str(self.args[0])


class TaskError(SelfTrainError, ValueError):
    """A task, task id or task folder that is broken."""


class OptionError(SelfTrainError, ValueError):
    """An argument of the wrong kind or out of range."""


class SandboxError(SelfTrainError):
    """The backend of a sandbox failed. Never shown to an agent and never paid as a reward."""


class BackendUnavailableError(SandboxError):
    """No backend, or not the one asked for, can start on this machine."""


class ImageMissingError(SandboxError):
    """The image is not built here."""

    def __init__(self, image: str, backend: str) -> None:
        fix = f"Build it: selftrain images build {image}"
        if ":" in image:  # one of docker's own; ours have no tag
            get = f"docker pull {image}" if backend == "docker" else f"use --backend docker (docker pull {image})"
            fix = f"Get it: {get}; or let one of ours stand for it: --base {image}=terminal"
        super().__init__(
            f"Image {image!r} is not {'here' if ':' in image else 'built'} for the {backend} backend. {fix}"
        )


class MissingToolError(SandboxError):
    """The sandbox lacks tools that the task names."""


class VerifierError(SelfTrainError):
    """The verifier failed, so there is no verdict."""


class ContextError(SelfTrainError, ValueError):
    """A context budget that cannot hold what must be shown; says what is needed."""


class ModelError(SelfTrainError):
    """A model or its endpoint failed. The episode is not valid; no action was taken in its place."""


class RecordError(SelfTrainError):
    """A journal or episode record that cannot be written or read."""
