"""Tokenizers of conversations: the one way in which messages become tokens, and the one count of them.

The prompt of a conversation is a concatenation: `user_ids` of the first message, then `assistant_ids` and `user_ids` in
turn. A model that is given such a prompt and goes on from it sees every earlier token again exactly as it was, so the
tokens it sampled need not be tokenised again.

No content can forge a turn: what separates turns are control tokens, and a control token that stands in a content as
text is encoded as the letters it is written with.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, Protocol

from selftrain.errors import ContextError, OptionError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_Messages = list[dict[str, str]]
_Render = Callable[[_Messages], str]

# the control tokens of the byte form, above all bytes
_END, _SYSTEM, _USER, _ASSISTANT = range(256, 260)


class ChatTokenizer(Protocol):
    """Turns messages into tokens.

    Attributes:
        name: what `make_tokenizer` was given.
        vocabulary: number of ids; they are 0 to `vocabulary` - 1.
    """

    @property
    def name(self) -> str: ...

    @property
    def vocabulary(self) -> int: ...

    def user_ids(self, content: str, system: str = "", first: bool = False) -> list[int]:
        """A whole user message, up to and with the header under which the assistant answers.

        Args:
            content: of the message.
            system: the system message before it, "" for none; only with `first`.
            first: the message opens the conversation. Otherwise the ids begin with whatever stands between the end
                token of the assistant's message and this one.
        """
        ...

    def assistant_ids(self, content: str) -> list[int]:
        """A message as if the model had written it: the content, and the token that ends the turn."""
        ...

    def decode(self, ids: Sequence[int]) -> str:
        """The text of a sampled message up to its end token; control tokens before that are left out.

        It takes every sequence of ids of the vocabulary; those that make no text become the replacement character.
        """
        ...


class ByteTokenizer:
    """One token for each byte of UTF-8, and one for each of the four marks around messages.

    Ids below 256 are bytes; 256 ends a turn, and 257, 258 and 259 open one of the system, user and assistant.
    """

    name = "bytes"
    vocabulary = 260

    def user_ids(self, content: str, system: str = "", first: bool = False) -> list[int]:
        before = [_SYSTEM, *_encoded(system), _END] if first and system else []
        return [*before, _USER, *_encoded(content), _END, _ASSISTANT]

    def assistant_ids(self, content: str) -> list[int]:
        return [*_encoded(content), _END]

    def decode(self, ids: Sequence[int]) -> str:
        return bytes(i for i in _until(ids, _END) if i < _END).decode("utf-8", "replace")


def make_tokenizer(name: str | ChatTokenizer) -> ChatTokenizer:
    """The tokenizer of this name; the same object each time.

    Args:
        name: "bytes", the path of a `tokenizer.json`, which then speaks ChatML, or a folder with a tokenizer of
            transformers that has a chat template. A tokenizer that is made already is returned as it is.

    Raises:
        OptionError: nothing of this name can be loaded.
        ContextError: the chat template cannot be used in pieces, or contents could forge a turn; says why.
    """
    if not isinstance(name, str):
        return name
    if name == ByteTokenizer.name:
        return _BYTES
    path = Path(name).resolve()
    if not path.exists():
        raise OptionError(
            f"tokenizer={name!r} is neither 'bytes', nor a tokenizer.json, nor the folder of a transformers tokenizer"
        )
    return _loaded(name, path)


_BYTES = ByteTokenizer()


@functools.cache
def _loaded(name: str, path: Path) -> ChatTokenizer:
    try:
        core, render = _from_folder(name, path) if path.is_dir() else _from_file(path)
    except ImportError as error:
        raise OptionError(f"tokenizer={name!r} needs a package that is missing: pip install {error.name}") from error
    return _TemplateTokenizer(name, core, render)


def _from_file(path: Path) -> tuple[Tokenizer, _Render]:
    from tokenizers import Tokenizer

    try:
        core = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises bare Exception
        raise OptionError(f"tokenizer={str(path)!r} cannot be loaded: {error}") from error
    core.add_special_tokens(["<|im_start|>", "<|im_end|>"])  # those that it has already keep their ids
    return core, _chatml


def _chatml(messages: _Messages) -> str:
    turns = [f"<|im_start|>{message['role']}\n{message['content']}<|im_end|>\n" for message in messages]
    return "".join(turns) + "<|im_start|>assistant\n"


def _from_folder(name: str, path: Path) -> tuple[Tokenizer, _Render]:
    import jinja2
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(str(path), local_files_only=True)
    except (OSError, ValueError) as error:
        raise OptionError(f"tokenizer={name!r} cannot be loaded: {error}") from error
    if not tokenizer.is_fast:
        raise ContextError(f"tokenizer={name!r} must be one of the tokenizers library, with a tokenizer.json")
    if not tokenizer.chat_template:
        raise ContextError(f"tokenizer={name!r} has no chat template")

    def render(messages: _Messages) -> str:
        try:
            return str(tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True))
        except jinja2.TemplateError as error:
            raise ContextError(f"tokenizer={name!r}: its chat template cannot be rendered: {error}") from error

    return tokenizer.backend_tokenizer, render


@dataclass(frozen=True)
class _Pieces:
    """The texts that a chat template puts around contents.

    Attributes:
        opening: before the first user message of a conversation without a system message.
        header: after a user message, up to the assistant's answer.
        between: after an assistant message, up to the next user message; begins with the end token.
        system: before the system message, and between it and the first user message; None where the template has none.
    """

    opening: str
    header: str
    between: str
    system: tuple[str, str] | None


_S, _Q, _A = "Walrus", ("Heron", "Badger", "Ocelot"), ("Lizard", "Magpie")


def _dialogue(turns: int, system: bool = False) -> _Messages:
    """A conversation that ends in a user message, the number `turns` of them."""
    contents = [text for pair in zip(_Q, (*_A, ""), strict=True) for text in pair][: 2 * turns - 1]
    roles = ("user", "assistant") * turns
    messages = [{"role": role, "content": text} for role, text in zip(roles, contents, strict=False)]
    return [{"role": "system", "content": _S}, *messages] if system else messages


def _pieces_of(name: str, render: _Render) -> _Pieces:
    """What stands around the contents, found in renderings of dummies and checked against longer ones."""
    first, second = render(_dialogue(1)), render(_dialogue(2))
    opening, header = _split(name, first, _Q[0])
    if not second.startswith(first + _A[0]):
        _refuse(name, "a conversation does not begin as it did before its last turns")
    between, tail = _split(name, second[len(first + _A[0]) :], _Q[1])
    if tail != header or render(_dialogue(3)) != f"{second}{_A[1]}{between}{_Q[2]}{header}":
        _refuse(name, "later turns are rendered differently from the first")
    return _Pieces(opening, header, between, _system_of(name, render, header, between))


def _system_of(name: str, render: _Render, header: str, between: str) -> tuple[str, str] | None:
    try:
        first = render(_dialogue(1, system=True))
    except ContextError:  # many templates say so that they know no system message
        return None
    if _S not in first:
        return None
    before, rest = _split(name, first, _S)
    after, tail = _split(name, rest, _Q[0])
    if tail != header or render(_dialogue(2, system=True)) != f"{first}{_A[0]}{between}{_Q[1]}{header}":
        _refuse(name, "turns after a system message are rendered differently")
    return before, after


def _split(name: str, text: str, content: str) -> tuple[str, str]:
    if text.count(content) != 1:
        _refuse(name, f"the content {content!r} stands {text.count(content)} times in its rendering, not once")
    before, _, after = text.partition(content)
    return before, after


def _refuse(name: str, why: str) -> NoReturn:
    raise ContextError(
        f"tokenizer={name!r}: its chat template is not prefix-preserving: {why}. "
        "Use a template that only ever appends to what it has rendered"
    )


class _TemplateTokenizer:
    """A tokenizer of the tokenizers library with the pieces of a chat template.

    Templates that rewrite some contents in later renderings, such as those that drop earlier reasoning, are fine: a
    content is rendered once, and stays as it was.

    Args:
        name: as given by the user.
        core: of the tokenizers library.
        render: conversation → text that ends in the header of the assistant's turn.

    Raises:
        ContextError: the template is not prefix-preserving, or a content could forge a turn.
    """

    def __init__(self, name: str, core: Tokenizer, render: _Render) -> None:
        self.name = name
        self.vocabulary = max(core.get_vocab(with_added_tokens=True).values()) + 1
        # setting `encode_special_tokens` on the tokenizer in use would race with other threads
        self._core, marked = _plain_copy(core), _plain_copy(core)
        self._core.encode_special_tokens = True
        pieces = _pieces_of(name, render)

        def ids(text: str) -> list[int]:
            return list(marked.encode(text, add_special_tokens=False).ids)

        self._opening, self._header, between = ids(pieces.opening), ids(pieces.header), ids(pieces.between)
        self._end, self._between = between[0] if between else -1, between[1:]
        self._system = None if pieces.system is None else (ids(pieces.system[0]), ids(pieces.system[1]))
        self._check_controls()
        self._check_joints(ids(render(_dialogue(2))))

    def user_ids(self, content: str, system: str = "", first: bool = False) -> list[int]:
        return [*self._before(system, first), *self._text(content), *self._header]

    def _before(self, system: str, first: bool) -> list[int]:
        if not first:
            return self._between
        if not system:
            return self._opening
        if self._system is None:
            raise ContextError(f"tokenizer={self.name!r}: its chat template has no system message; use system=''")
        return [*self._system[0], *self._text(system), *self._system[1]]

    def assistant_ids(self, content: str) -> list[int]:
        return [*self._text(content), self._end]

    def decode(self, ids: Sequence[int]) -> str:
        return str(self._core.decode(_until(ids, self._end), skip_special_tokens=True))

    def _text(self, content: str) -> list[int]:
        # the library takes no lone surrogates
        return list(self._core.encode(_encoded(content).decode(), add_special_tokens=False).ids)

    def _check_controls(self) -> None:
        """Turns must be ended by control tokens, and no text may encode to one."""
        added = self._core.get_added_tokens_decoder()
        if self._end not in added or not any(i in added for i in self._header):
            raise ContextError(
                f"tokenizer={self.name!r}: its chat template ends turns with plain text, which any observation could "
                "forge; use a template whose turns end with a special token"
            )
        for control in {self._end, *self._header, *self._between} & set(added):
            content = added[control].content
            if any(control in self._text(text) for text in (content, f"a{content}b", f"\n{content}\n")):
                raise ContextError(f"tokenizer={self.name!r}: the text {content!r} encodes to the token that it names")

    def _check_joints(self, whole: list[int]) -> None:
        """Tokenising piece by piece must give what tokenising the whole gives."""
        joined = [*self.user_ids(_Q[0], first=True), *self.assistant_ids(_A[0]), *self.user_ids(_Q[1])]
        if joined != whole:
            _refuse(self.name, "its text is tokenised differently as a whole than message by message")


def _plain_copy(core: Tokenizer) -> Tokenizer:
    copy = type(core).from_str(core.to_str())
    copy.no_truncation()  # files often carry the limits of their training
    copy.no_padding()
    return copy


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _until(ids: Sequence[int], end: int) -> list[int]:
    found = [int(i) for i in ids]
    return found[: found.index(end)] if end in found else found
