"""The notebook as the agent meets it: opened at a reset, used by verbs, tidied at a cut."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from pathlib import Path

from selftrain.envs.context import wording
from selftrain.envs.context.notebook import SCOPES, Notebook, NoteError
from selftrain.envs.context.verbs import Verb
from selftrain.errors import OptionError


class Desk:
    """A notebook, the folder of one that is held from the first reset to `close`, or the lack of one."""

    def __init__(self, notebook: Notebook | Path | str | None, mode: str) -> None:
        self._folder = Path(notebook) if isinstance(notebook, str | Path) else None
        self.notebook = None if isinstance(notebook, str | Path) else notebook
        self._lasts = notebook is not None
        if notebook is None and mode == "notebook":
            self.notebook = Notebook()

    @property
    def exists(self) -> bool:
        """There are files that outlive the context."""
        return self._folder is not None or self.notebook is not None

    def open(self, wanted: str, keys: Mapping[str, str]) -> None:
        """Begin an episode: "keep" what the scopes say, "clear:SCOPE", or go back to the snapshot of this name.

        Raises:
            OptionError: there is no notebook, scope or snapshot of that kind.
            RecordError: the folder cannot be used, or another process holds it.
        """
        if self._folder is not None and self.notebook is None:
            self.notebook = Notebook(self._folder)
        if self.notebook is None:
            if wanted != "keep":
                raise OptionError(f"options notebook={wanted!r} needs an environment with a notebook")
            return
        if wanted != "keep" and not wanted.startswith("clear:"):
            self.notebook.restore(wanted)
        self.notebook.open({"episode": uuid.uuid4().hex, **keys})
        if wanted.startswith("clear:"):
            self.notebook.clear(wanted.removeprefix("clear:"))
        elif wanted == "keep" and not self._lasts:  # nobody asked for files that outlive the episode
            for scope in SCOPES:
                self.notebook.clear(scope)

    def close(self) -> None:
        """Let go of a folder; the next episode takes it again."""
        if self._folder is not None and self.notebook is not None:
            self.notebook.close()
            self.notebook = None

    def cut(self) -> None:
        """The context was cut: what belongs to the segment only is gone."""
        if self.notebook is not None:
            self.notebook.cut()

    def index(self) -> str:
        """The files, one line each."""
        if self.notebook is None:
            return ""
        return wording.index([(file.path, file.size) for file in self.notebook.listing()])

    def use(self, verb: Verb) -> tuple[str, Verb]:
        """Carry out a note or a read: the answer, and the verb, "invalid" where it could not be done."""
        try:
            if self.notebook is None:
                raise NoteError("there is no notebook")
            return self._carry_out(self.notebook, verb), verb
        except NoteError as error:
            return wording.invalid(str(error)), Verb("invalid", str(error))

    def _carry_out(self, notebook: Notebook, verb: Verb) -> str:
        if verb.name == "read":
            return notebook.read(verb.path) if verb.path else self.index() or "[no files]"
        if verb.operation == "write":
            notebook.write(verb.path, verb.text)
        elif verb.operation == "append":
            notebook.append(verb.path, verb.text)
        else:
            notebook.delete(verb.path)
        return f"[{verb.operation}: {verb.path}]"

    def snapshot(self) -> str:
        """The name of a snapshot of all files; "" without a notebook."""
        return self.notebook.snapshot() if self.notebook is not None else ""

    def restore(self, snapshot: str) -> None:
        """Go back to a snapshot."""
        if self.notebook is not None:
            self.notebook.restore(snapshot)
