"""The context budget: what an agent may see at once, the cut, the notes, and the notebook."""

from __future__ import annotations

if __name__ != "selftrain.envs.context":
    raise ImportError(f"Import selftrain.envs.context, not {__name__}.")

from selftrain.envs.context.budget import ContextBudget, ContextState
from selftrain.envs.context.notebook import Notebook
from selftrain.envs.context.tokenizers import ChatTokenizer, make_tokenizer

__all__ = ["ChatTokenizer", "ContextBudget", "ContextState", "Notebook", "make_tokenizer"]
