"""An agent that is a model on this machine: no endpoint, no key, exact tokens, and weights that can be trained."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from selftrain.agents.models import PACKAGED, LocalModel, library, load_model
from selftrain.errors import ContextError, ModelError, OptionError
from selftrain.tasks import stable_key
from selftrain.tokens import Ids, Sample


class LocalAgent:
    """Samples its messages from a model of transformers, under a context budget.

    What it does is a pure function of the observation, the number of the turn, the seed of `reset` and the weights:
    nothing is carried from one call to the next, so what it knows after a cut is what its notes say. On a CPU with the
    same number of threads, equal arguments give equal tokens.

    The context shows it tokens, and it answers with the tokens that it sampled. A view of messages works too; there it
    renders the chat template itself, and an observation that contains control tokens as text could forge a turn.

    Args:
        model: "smollm2", a folder, a .gguf file or an id on Hugging Face; or weights that are loaded already.
        temperature: of the sampling; 0.0 takes the likeliest token.
        device: of torch, such as "cpu" or "cuda".

    Raises:
        OptionError: there is no such model. ModelError: it cannot be used; says why.

    Attributes:
        weights: the model with its tokenizer.
        policy_version: written into the samples; whoever changes the weights raises it.
    """

    def __init__(self, model: str | LocalModel = PACKAGED, *, temperature: float = 1.0, device: str = "cpu") -> None:
        if not 0.0 <= temperature < float("inf"):
            raise OptionError(f"temperature={temperature} must be 0 or more")
        self.weights = model if isinstance(model, LocalModel) else load_model(model, device)
        self.policy_version = 0
        self._temperature = temperature
        self._sample: Sample | None = None
        self._seed = 0
        self._closed = False

    @property
    def context(self) -> Mapping[str, Any]:
        """The context budget that it plays under when the user asks for none."""
        tokenizer = str(self.weights.folder)
        return {"budget": 2048, "reserve": 64, "notes_budget": 128, "view": "tokens", "tokenizer": tokenizer}

    @property
    def model(self) -> Any:
        """Its torch module, to be trained; agents of the same model and process share it."""
        return self.weights.module

    @property
    def sample(self) -> Sample | None:
        """Tokens and log-probabilities of the last action."""
        return self._sample

    def reset(self, seed: int) -> None:
        """Begin an episode."""
        self._seed, self._sample, self._closed = seed, None, False

    def close(self) -> None:
        """Break off a call of `act` in another thread, within a token; the next `reset` begins again."""
        self._closed = True

    def act(self, observation: Any, info: Mapping[str, Any]) -> Any:
        """The next message: ids padded with -1 in a view of tokens, text in a view of messages.

        Raises:
            OptionError: the environment stands under no context budget.
            ContextError: the model's own context is too short for the prompt.
            ModelError: the model failed.
        """
        self._sample = self._answer(self._prompt(observation), int(info["room"]), int(info["turn"]))
        if "messages" in observation:
            return str(self.weights.tokenizer.decode(self._sample.token_ids, skip_special_tokens=True))
        action = np.full(max(info["reserve"], info["notes_budget"]), -1, np.int32)
        action[: len(self._sample.token_ids)] = self._sample.token_ids
        return action

    def _prompt(self, observation: Any) -> Ids:
        if isinstance(observation, Mapping) and "prompt" in observation:
            return np.array(observation["prompt"][: int(observation["prompt_len"])], np.int32)
        if isinstance(observation, Mapping) and "messages" in observation:
            ids = self.weights.tokenizer.apply_chat_template(
                list(observation["messages"]), add_generation_prompt=True, return_dict=False
            )
            return np.array(ids, np.int32)
        raise OptionError("a local model needs a context budget around the environment, see `selftrain run --budget`")

    def _answer(self, prompt: Ids, limit: int, turn: int) -> Sample:
        weights = self.weights
        if len(prompt) + limit > weights.longest:
            raise ContextError(
                f"{weights.name} takes {weights.longest} tokens, and this turn has {len(prompt)} + {limit}; "
                "choose a smaller budget"
            )
        seeds = np.random.SeedSequence([stable_key("local agent"), self._seed, turn])
        with weights.lock:
            sampled = sample_tokens(
                weights.module,
                prompt.tolist(),
                end_ids=weights.end_ids,
                temperature=self._temperature,
                seed=int(seeds.generate_state(1, np.uint64)[0] >> np.uint64(1)),
            )
            drawn = list(itertools.islice(itertools.takewhile(lambda _: not self._closed, sampled), limit))
        if self._closed:
            raise ModelError("the agent was closed while its model wrote a message")
        ids, logprobs = zip(*drawn, strict=True)
        return Sample(
            prompt_ids=prompt,
            token_ids=np.array(ids, np.int32),
            logprobs=np.array(logprobs, np.float32),
            prompt_tokens=len(prompt),
            completion_tokens=len(ids),
            temperature=self._temperature,
            finish_reason="stop" if ids[-1] in weights.end_ids else "length",
            model=weights.name,
            policy_version=self.policy_version,
        )


def sample_tokens(
    module: Any, prompt_ids: Sequence[int], *, end_ids: Collection[int], temperature: float, seed: int
) -> Iterator[tuple[int, float]]:
    """Ids one by one, up to an end token, each with its log-probability under the distribution it was drawn from.

    Raises:
        ModelError: torch failed, or the weights give no numbers.
    """
    torch = library("torch")
    draw = torch.Generator().manual_seed(seed)
    cache, step, token = None, list(prompt_ids), -1
    while token not in end_ids:
        try:
            with torch.no_grad():
                ids = torch.tensor([step], device=module.device)
                out = module(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=1)
                cache, scores = out.past_key_values, out.logits[0, -1].float().cpu()
                token, logprob = _draw(torch, scores, temperature, draw)
        except (RuntimeError, IndexError) as error:  # so torch reports memory, unknown ids and numbers that are none
            raise ModelError(f"the local model failed: {error}") from error
        step = [token]
        yield token, logprob


def _draw(torch: Any, scores: Any, temperature: float, generator: Any) -> tuple[int, float]:
    if temperature == 0.0:
        return int(scores.argmax()), 0.0
    spread = torch.log_softmax(scores / temperature, -1)
    token = int(torch.multinomial(spread.exp(), 1, generator=generator))
    return token, float(spread[token])


def teacher_forced_logprobs(
    module: Any, prompt_ids: Sequence[int], token_ids: Sequence[int], temperature: float = 1.0
) -> Any:
    """Log-probabilities of recorded tokens after their prompt, in one pass and with gradients: float tensor [m].

    Under the weights that sampled them these are the recorded ones.

    Raises:
        OptionError: the temperature is 0 or less: what is greedy was drawn from no distribution.
    """
    if not temperature > 0.0:
        raise OptionError(f"temperature={temperature} must be above 0: greedy tokens have no log-probabilities")
    torch = library("torch")
    ids = torch.tensor([[*map(int, prompt_ids), *map(int, token_ids)]], device=module.device)
    logits = module(input_ids=ids, use_cache=False, logits_to_keep=len(token_ids) + 1).logits[0, :-1].float()
    spread = torch.log_softmax(logits / temperature, -1)
    return spread.gather(-1, ids[0, -len(token_ids) :, None])[:, 0]
