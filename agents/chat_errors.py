"""What can go wrong between an agent and the endpoint of its model, as errors that say whom to ask and what to do."""

from __future__ import annotations

from selftrain.errors import ContextError, ModelError


class ModelDownError(ModelError):
    """Nothing answers at the address of the model."""


class ModelSlowError(ModelError):
    """The model took longer than the time it was given."""


class ModelBusyError(ModelError):
    """The endpoint turns requests away, because of too many of them or an account that is used up."""


class ModelServerError(ModelError):
    """The endpoint failed, or refused a request that it should have understood."""


class ModelNonsenseError(ModelError):
    """The endpoint answered something that is no completion."""


class PromptTooLongError(ModelError, ContextError):
    """The model's own context is shorter than the budget; the same call can never succeed, so the rollout ends."""
