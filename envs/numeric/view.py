"""Any environment of texts and images as one of numbers, for libraries that know nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import gymnasium as gym
import numpy as np

from selftrain.envs.numeric.images import image_size, is_image, resized
from selftrain.envs.numeric.menu import Bools, Menu, MenuSource
from selftrain.envs.numeric.windows import make_window
from selftrain.errors import OptionError


class NumericView(gym.Wrapper[Any, Any, Any, Any], gym.utils.RecordConstructorArgs):
    """The same task, reward and verifier behind numbers: a menu as `Discrete`, texts as windows, images resized.

    ## Action Space
    With a `menu`, `Discrete`: the number of a command. `action_masks()` tells which numbers have one, as
    sb3-contrib's MaskablePPO asks. Without a menu, the actions are those of the wrapped environment.

    ## Observation Space
    A `Text` becomes its last bytes (`Box(0, 255, (window,), uint8)`), its last words (`MultiDiscrete([tokens] *
    window)`) or how often each of these occurs (`Box(0, window, (tokens,), float32)`). An image (`Box` of uint8, height
    x width x 3) is resized where `image` says so. In a `Dict` this happens to every entry, and entries that are numbers
    already stay; where one entry is left, it is the observation itself.

    Args:
        env: an environment whose observation is a `Text`, numbers, or a `Dict` of these.
        menu: commands; or a function of text and info that returns those that can be sent now.
        slots: with a function, how many numbers there are; see `Menu`.
        text: "bytes", "tokens", "counts", or None to leave texts out.
        window: bytes or words of it.
        tokens: how many numbers words are mapped to; see `TokenWindow`.
        transcript: the window runs over all of the episode so far, commands included, instead of the last text:
            for learners without a memory.
        image: height and width of images; None keeps theirs.

    Raises:
        OptionError, UnknownNameError: an argument makes no sense, or not with this environment.
    """

    # Gymnasium's annotation gives the inner environment the outer one's types
    env: gym.Env[Any, Any]

    def __init__(
        self,
        env: gym.Env[Any, Any],
        menu: MenuSource | None = None,
        *,
        slots: int | None = None,
        text: str | None = "bytes",
        window: int = 256,
        tokens: int = 256,
        transcript: bool = False,
        image: tuple[int, int] | None = None,
    ) -> None:
        gym.utils.RecordConstructorArgs.__init__(
            self, menu=menu, slots=slots, text=text, window=window, tokens=tokens, transcript=transcript, image=image
        )
        super().__init__(env)
        if menu is None and slots is not None:
            raise OptionError(f"slots={slots!r} needs a menu that is a function")
        if menu is not None and not isinstance(env.action_space, gym.spaces.Text):
            raise OptionError(f"menu= is for environments whose actions are texts, not {env.action_space}")
        self._menu = None if menu is None else Menu(menu, slots)
        self._window = None if text is None else make_window(text, window, tokens)
        self._transcript, self._texts = transcript, list[str]()
        self._size = None if image is None else image_size(image)
        if self._menu is not None:
            self.action_space = cast("Any", gym.spaces.Discrete(self._menu.slots))
        if self._size and not _has_image(env.observation_space):
            raise OptionError(f"image={image!r} needs images, which {env.observation_space} does not hold")
        self.observation_space = self._space(env.observation_space)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Start an episode; see the wrapped environment."""
        observation, info = self.env.reset(seed=seed, options=options)
        self._texts = []
        return self._view(observation, info), info

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Send the command of this number; see the wrapped environment.

        Raises:
            TypeError, OptionError: the action is no number of the menu; the episode goes on.
        """
        sent = action if self._menu is None else self._menu.command(action)
        observation, reward, terminated, truncated, info = self.env.step(sent)
        if self._transcript and isinstance(sent, str):
            self._texts.append(sent)
        return self._view(observation, info), float(reward), terminated, truncated, info

    def action_masks(self) -> Bools:
        """bool[n]: which of the n actions can be taken now.

        Raises:
            OptionError: there is neither a menu nor a wrapped environment that tells.
        """
        if self._menu is not None:
            return self._menu.masks()
        try:
            return cast("Bools", self.env.get_wrapper_attr("action_masks")())
        except AttributeError as error:
            raise OptionError("action_masks() needs a menu: give one to NumericView") from error

    def _view(self, observation: Any, info: Mapping[str, Any]) -> Any:
        texts = _texts(self.env.observation_space, observation)
        if self._menu is not None:
            self._menu.look("\n".join(texts), info)
        if self._transcript:
            self._texts += texts
        return self._numbers(self.env.observation_space, observation)

    def _numbers(self, space: gym.Space[Any], observation: Any) -> Any:
        if isinstance(space, gym.spaces.Dict):
            parts = {
                name: self._numbers(part, observation[name]) for name, part in space.items() if not self._left_out(part)
            }
            return parts if len(parts) > 1 else next(iter(parts.values()))
        if isinstance(space, gym.spaces.Text):
            assert self._window is not None  # else it is left out
            return self._window.read(self._texts if self._transcript else [observation])
        return resized(observation, self._size) if self._size and is_image(space) else observation

    def _space(self, space: gym.Space[Any]) -> gym.Space[Any]:
        """The space of what `_numbers` makes of members of `space`."""
        if isinstance(space, gym.spaces.Dict):
            parts = {name: self._space(part) for name, part in space.items() if not self._left_out(part)}
            if not parts:
                raise OptionError(f"text=None leaves nothing of {space}")
            return gym.spaces.Dict(parts) if len(parts) > 1 else next(iter(parts.values()))
        if isinstance(space, gym.spaces.Text):
            if self._window is None:
                raise OptionError(f"text=None leaves nothing of {space}")
            return self._window.space
        if not isinstance(space, _NUMBERS):
            raise OptionError(f"{space} cannot be seen as numbers: NumericView knows Text, Dict, images and numbers")
        if self._size and is_image(space):
            return gym.spaces.Box(0, 255, (*self._size, 3), np.uint8)
        return space

    def _left_out(self, space: gym.Space[Any]) -> bool:
        return self._window is None and isinstance(space, gym.spaces.Text)


_NUMBERS = (gym.spaces.Box, gym.spaces.Discrete, gym.spaces.MultiDiscrete, gym.spaces.MultiBinary)


def _texts(space: gym.Space[Any], observation: Any) -> list[str]:
    if isinstance(space, gym.spaces.Dict):
        return [text for name, part in space.items() for text in _texts(part, observation[name])]
    return [observation] if isinstance(space, gym.spaces.Text) else []


def _has_image(space: gym.Space[Any]) -> bool:
    return any(map(_has_image, space.values())) if isinstance(space, gym.spaces.Dict) else is_image(space)
