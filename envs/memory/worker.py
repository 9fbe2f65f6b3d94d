"""The reference player in words: it reads notices, and its memory is what it would carry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from selftrain.envs.memory.game import Game
from selftrain.envs.memory.players import make_player
from selftrain.envs.memory.stories import make_story

GO_ON = "next"
ANSWER = "answer:"
ASKS = "Reply with `answer: X`."


class MemoryWorker:
    """A `Worker`: plays the text view of a game from notices alone.

    Its memory is {"kept": items to carry}, and {"reply": ...} when it was asked.

    Args:
        game: which.
    """

    def __init__(self, game: Game) -> None:
        self._player, self._story = make_player(game), make_story(game)

    def command(self, memory: Mapping[str, Any]) -> str:
        """`next`, or the answer."""
        return f"{ANSWER} {memory['reply']}" if "reply" in memory else GO_ON

    def learn(self, memory: Mapping[str, Any], command: str, output: str) -> dict[str, Any]:
        """The memory after reading a notice."""
        carried = [tuple(item) for item in memory.get("kept", [])]
        seen = self._story.items(output)
        if ASKS in output:
            return {**memory, "reply": self._story.reply(self._player.reply(seen, carried))}
        return {"kept": [list(item) for item in self._player.keep(seen, carried)]}
