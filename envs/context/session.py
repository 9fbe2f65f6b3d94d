"""One episode under a context budget: what is in the context, what waits, and what happens at a cut.

No Gymnasium and no views in here: a `Session` is fed messages and answers, and holds the `Window` to be shown next.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from selftrain.envs.context import wording
from selftrain.envs.context.ablations import delivered_notes
from selftrain.envs.context.settings import Settings
from selftrain.envs.context.tokenizers import ChatTokenizer
from selftrain.envs.context.verbs import notes_of
from selftrain.envs.context.window import Message, Window, clipped, left_out
from selftrain.errors import ContextError

ACT, MUST_COMPACT, BRANCH = 0, 1, 2
RETRIES = 2
# an observation is cut down no further than to this many tokens: below it the budget is too small for the task
_LEAST_PENDING = 64


@dataclass(frozen=True)
class Frame:
    """What a branch goes back to."""

    window: Window
    call: Message
    description: str
    segment: int
    parent: int
    acts: int


@dataclass
class Session:
    """The context of one episode.

    Attributes:
        task: the first observation, shown again after each cut.
        index: the notebook's files, which are the notes in mode "notebook".
        window: what the agent sees next.
        phase: `ACT`, `MUST_COMPACT` or `BRANCH`.
        notes: in force, as delivered; "" before the first cut.
        truncation: why the episode cannot go on: "", "context" or "max_compactions".
        trigger, notes_overflow, clipped: of the last turn; see `ContextBudget`.
    """

    settings: Settings
    tokenizer: ChatTokenizer
    system: str
    budget: int
    task: str
    index: str = ""
    window: Window = field(init=False)
    phase: int = ACT
    notes: str = ""
    pending: str = ""
    segment: int = 0
    parent: int = -1
    segments: int = 1
    compactions: int = 0
    acts: int = 0
    retries: int = 0
    frames: tuple[Frame, ...] = ()
    truncation: str = ""
    trigger: str = ""
    notes_overflow: str = ""
    clipped: int = 0
    _full: Window | None = None
    _because: str = ""

    def __post_init__(self) -> None:
        self.window = self._open(None, "")
        if self.settings.mode == "notebook" and self.index:
            self.notes = self._within_lines(self.index)
            self.window = self._open(self.notes, "")
        head = self._open("", "").tokens if self.settings.show_task else self._open(None, "").tokens
        needed = head + self.settings.notes_budget * self._carries_notes + _LEAST_PENDING
        if self.settings.mode != "oracle_full" and max(needed, self.window.tokens) > self.ceiling:
            short = max(needed, self.window.tokens) - self.ceiling
            raise ContextError(
                f"budget={self.budget} is too small: system message, task and an observation take {needed} tokens, and "
                f"reserve={self.settings.reserve} and notes_budget={self.settings.notes_budget} must fit beside them; "
                f"give at least {self.budget + math.ceil(short / self.settings.at)}"
            )

    @property
    def _carries_notes(self) -> bool:
        return self.settings.mode in ("rewrite", "fold", "notebook")

    @property
    def ceiling(self) -> float:
        """The longest prompt after which the agent's next message, and a request for notes after it, still fit."""
        if self.settings.mode == "oracle_full":
            return math.inf
        # the last observation of an episode, all of it left out, must still fit behind the longest message
        ending = len(self.tokenizer.user_ids(left_out(10**9)))
        reserve = self.settings.reserve + 1  # the token that ends the turn
        soft = min(int(self.budget * self.settings.at), self.budget - ending) - reserve
        if not self.settings.asks_for_notes:
            return soft
        limit = self.settings.notes_budget
        longest = (wording.request(limit, in_branch, 10**6) for in_branch in (False, True))
        request = max(len(self.tokenizer.user_ids(text)) for text in longest)
        return min(soft, self.budget - reserve - request - limit - 1)

    @property
    def left(self) -> int:
        """Tokens of the budget that the prompt does not take."""
        return max(0, self.budget - self.window.tokens)

    @property
    def room(self) -> int:
        """Tokens that the agent's next message may have."""
        return self.settings.notes_budget if self.phase == MUST_COMPACT else self.settings.reserve

    @property
    def used_up(self) -> bool:
        """No cut is left."""
        most = self.settings.max_compactions
        return most is not None and self.compactions >= most

    def shortened(self, message: Message) -> Message:
        """The message itself, or as much of one that is too long as later prompts can hold."""
        if message.size <= self.room:
            return message
        return Message.of(self._within(message.text, self.room), self.tokenizer)

    def begin_turn(self) -> None:
        """Forget what the last turn reported."""
        self.trigger = self.notes_overflow = ""
        self.clipped = 0

    def deliver(self, message: Message, text: str, *, acted: bool = False) -> None:
        """Let the answer to a message join the context; where it does not fit, it waits for a cut.

        Args:
            message: what the agent said.
            text: the answer.
            acted: the environment was stepped, which counts for a trigger of every K steps.
        """
        self.acts += acted
        said = self.window.said(message)
        full = said.answered(text, self.tokenizer)
        if full.tokens > self.ceiling:
            self._overflow(said, text, "forced")
        elif self.acts >= self.settings.every:
            self._overflow(said, text, "every")
        else:
            self.window = full
            self.phase = BRANCH if self.frames else ACT

    def finish(self, message: Message, text: str) -> None:
        """Show the last observation of an episode; nobody answers it, so it may fill the whole budget."""
        said = self.window.said(message)
        room = math.inf if self.settings.mode == "oracle_full" else self.budget
        self._show(text, lambda part: said.answered(part, self.tokenizer), room)

    def cut(self, notes: str, trigger: str) -> None:
        """Begin the next segment: system message, task, notes, and what was waiting."""
        self.compactions += 1
        settings = self.settings
        own = delivered_notes(notes, settings.ablation, settings.donor_notes, self.compactions)
        within = self._within_lines if settings.mode == "notebook" else self._within
        self.notes = within(own)
        pending, self.pending = self.pending, ""
        self._show(pending, lambda part: self._open(self.notes, part), self.ceiling)
        self._next_segment(trigger, parent=-1)
        self.acts = self.retries = 0
        self.phase, self._full = ACT, None

    def too_long(self, notes: str) -> int:
        """The tokens of notes that are over their budget, else 0."""
        size = len(self.tokenizer.assistant_ids(notes)) - 1
        return size if size > self.settings.notes_budget else 0

    def cut_at_will(self, notes: str) -> None:
        """A cut that the agent asked for, with notes that fit or are clipped."""
        if self.settings.mode == "notebook":
            notes = self.index
        elif self.too_long(notes):
            notes, self.notes_overflow = self._within(notes), "clipped"
        self.cut(notes, "voluntary")

    def take_notes(self, message: Message) -> None:
        """The answer to a request for notes, in the phase `MUST_COMPACT`."""
        notes = notes_of(message.text)
        if (size := self.too_long(notes)) and self.settings.overflow == "clip":
            notes, self.notes_overflow = self._within(notes), "clipped"
        elif size:
            self.notes_overflow, notes = "rejected", ""
            self.retries += 1
            if self.retries <= RETRIES:
                self._ask(size)
                return
        if self.frames:
            self.leave_branch(notes)
        else:
            self.cut(notes, self._because)

    def has_room_for_branch(self, message: Message, description: str) -> bool:
        """The side context that `message` opens would still leave room for a turn."""
        return self._branched(message, description).tokens <= self.ceiling

    def enter_branch(self, message: Message, description: str) -> None:
        """Open a side context that sees all of this one."""
        begun = self._branched(message, description)
        frame = Frame(self.window, message, description, self.segment, self.parent, self.acts)
        self.frames = (*self.frames, frame)
        self.window, self.phase, self.acts = begun, BRANCH, 0
        self._next_segment("branch", parent=frame.segment)

    def _branched(self, message: Message, description: str) -> Window:
        return self.window.said(message).answered(wording.branch_begins(description), self.tokenizer)

    def leave_branch(self, text: str) -> None:
        """Close the side context: only the call and the message stay."""
        frame, self.frames = self.frames[-1], self.frames[:-1]
        pending, self.pending = self.pending, ""
        self.window, self.segment, self.parent, self.acts = frame.window, frame.segment, frame.parent, frame.acts
        self.trigger, self.retries, self._full = "return", 0, None
        self.deliver(frame.call, wording.branch_returned(frame.description, text, pending))

    def _overflow(self, said: Window, text: str, because: str) -> None:
        mode = self.settings.mode
        if mode in ("none", "oracle_full") or self.settings.trigger == "voluntary":
            self._end(said, text, "context")
        elif not self.frames and self.used_up:
            self._end(said, text, "max_compactions")
        elif mode == "window":
            self._slide(said, text)
        elif mode == "notebook":
            self.pending = text
            self.cut(self.index, because)
        else:
            self.pending, self._full, self._because, self.phase = text, said, because, MUST_COMPACT
            self._ask()

    def _end(self, said: Window, text: str, truncation: str) -> None:
        self.truncation = truncation
        self._show(text, lambda part: said.answered(part, self.tokenizer), self.budget)

    def _ask(self, size: int = 0) -> None:
        assert self._full is not None
        asked = wording.request(self.settings.notes_budget, bool(self.frames), size)
        self.window = self._full.answered(asked, self.tokenizer)

    def _slide(self, said: Window, text: str) -> None:
        while len(said.turns) > 2 and said.answered(text, self.tokenizer).tokens > self.ceiling:
            said = said.without_oldest()
        self._show(text, lambda part: said.answered(part, self.tokenizer), self.ceiling)
        self.compactions += 1
        self.acts = 0
        self._next_segment("window", parent=-1)

    def _show(self, text: str, build: Callable[[str], Window], room: float) -> None:
        self.window, self.clipped = clipped(text, room, build)

    def _open(self, notes: str | None, pending: str) -> Window:
        task = self.task if self.settings.show_task or notes is None else ""
        return Window.opened(self.system, wording.opening(task, notes, pending), self.tokenizer)

    def _within_lines(self, index: str) -> str:
        """As many whole lines of the notebook's list as fit, and how many are left out."""
        lines = index.split("\n")
        for kept in range(len(lines), -1, -1):
            rest = [wording.more_files(len(lines) - kept)] if kept < len(lines) else []
            if not self.too_long("\n".join([*lines[:kept], *rest])):
                self.notes_overflow = "clipped" if rest else ""
                return "\n".join([*lines[:kept], *rest])
        return ""

    def _within(self, text: str, limit: int | None = None) -> str:
        """The beginning of `text` that is at most `limit` tokens long, by default those of the notes."""
        limit = self.settings.notes_budget if limit is None else limit
        low, high = 0, len(text)
        while low < high:
            middle = (low + high + 1) // 2
            if len(self.tokenizer.assistant_ids(text[:middle])) - 1 <= limit:
                low = middle
            else:
                high = middle - 1
        return text[:low]

    def _next_segment(self, trigger: str, parent: int) -> None:
        self.segment, self.parent = self.segments, parent
        self.segments += 1
        self.trigger = trigger
