"""What the ids of the memory games make: one function for each game, and one for each in arrays."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from selftrain.envs.memory.courier import Courier
from selftrain.envs.memory.game import Game, Notes, one_of
from selftrain.envs.memory.keyring import KeyRing
from selftrain.envs.memory.numeric import NumericEnv
from selftrain.envs.memory.relay import Relay
from selftrain.envs.memory.rulebook import Rulebook
from selftrain.envs.memory.text import TextEnv
from selftrain.envs.memory.vector import NumericVectorEnv
from selftrain.errors import OptionError


def courier(**arguments: Any) -> NumericEnv | TextEnv:
    """The game of `Courier`; its arguments, and those of `make_view`."""
    return make_view(Courier, **arguments)


def courier_vector(**arguments: Any) -> NumericVectorEnv:
    """The game of `Courier` in arrays."""
    return make_vector(Courier, **arguments)


def keyring(**arguments: Any) -> NumericEnv | TextEnv:
    """The game of `KeyRing`; its arguments, and those of `make_view`."""
    return make_view(KeyRing, **arguments)


def keyring_vector(**arguments: Any) -> NumericVectorEnv:
    """The game of `KeyRing` in arrays."""
    return make_vector(KeyRing, **arguments)


def relay(**arguments: Any) -> NumericEnv | TextEnv:
    """The game of `Relay`; its arguments, and those of `make_view`."""
    return make_view(Relay, **arguments)


def relay_vector(**arguments: Any) -> NumericVectorEnv:
    """The game of `Relay` in arrays."""
    return make_vector(Relay, **arguments)


def rulebook(**arguments: Any) -> NumericEnv | TextEnv:
    """The game of `Rulebook`; its arguments, and those of `make_view`."""
    return make_view(Rulebook, **arguments)


def rulebook_vector(**arguments: Any) -> NumericVectorEnv:
    """The game of `Rulebook` in arrays."""
    return make_vector(Rulebook, **arguments)


def make_view(
    game_type: type[Game],
    *,
    view: str = "numeric",
    notes: str = "pointer",
    slots: int | None = None,
    symbols: int | None = None,
    ablation: str = "own",
    render_mode: str | None = None,
    **arguments: Any,
) -> NumericEnv | TextEnv:
    """One player's view of a game.

    Args:
        game_type: which game.
        view: "numeric", or "text", which has no notes of its own: the context budget around it carries them.
        notes: "pointer" or "free".
        slots: of notes; None takes what the game suggests.
        symbols: of free notes; None takes what the game suggests.
        ablation: "own", "wiped" or "shuffled": what is delivered after a cut.
        render_mode: "ansi", "rgb_array" or None.
        arguments: of the game.

    Raises:
        OptionError: an argument is unknown or makes no sense.
    """
    one_of(("numeric", "text"), view=view)
    game = _game(game_type, arguments)
    if view == "text":
        _refuse_notes(notes, slots, symbols, ablation)
        return TextEnv(game, render_mode=render_mode)
    return NumericEnv(game, _notes(game, notes, slots, symbols), ablation=ablation, render_mode=render_mode)


def make_vector(
    game_type: type[Game],
    *,
    num_envs: int = 1,
    view: str = "numeric",
    notes: str = "pointer",
    slots: int | None = None,
    symbols: int | None = None,
    ablation: str = "own",
    **arguments: Any,
) -> NumericVectorEnv:
    """The numeric view of a game for `num_envs` players; the other arguments are those of `make_view`."""
    if view != "numeric":
        raise OptionError(f"view={view!r} has no form in arrays: use gym.make_vec(..., vectorization_mode='sync')")
    game = _game(game_type, arguments)
    return NumericVectorEnv(game, _notes(game, notes, slots, symbols), num_envs=num_envs, ablation=ablation)


def _game(game_type: type[Game], arguments: dict[str, Any]) -> Game:
    known = [field.name for field in fields(game_type)]
    for name, value in arguments.items():
        if name not in known:
            raise OptionError(f"{name}={value!r} is no argument of {game_type.name}; it takes {', '.join(known)}")
    return game_type(**arguments)


def _refuse_notes(notes: str, slots: int | None, symbols: int | None, ablation: str) -> None:
    given = {
        "notes": (notes, "pointer"),
        "slots": (slots, None),
        "symbols": (symbols, None),
        "ablation": (ablation, "own"),
    }
    for name, (value, default) in given.items():
        if value != default:
            raise OptionError(
                f"{name}={value!r} is for view='numeric'; in words, give it to the ContextBudget around it"
            )


def _notes(game: Game, kind: str, slots: int | None, symbols: int | None) -> Notes:
    return Notes(kind, game.slots if slots is None else slots, game.symbols if symbols is None else symbols)
