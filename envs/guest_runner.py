"""The trusted side: runs a test module whose imports of the submission are proxies, and reports each test.

Runs inside a sandbox of its own that the submission never enters, sent there as a file; it imports the standard
library and `guest_values` only. Plain values come over by value, so that a comparison never runs the submission's
`__eq__`; anything else is a proxy that refuses to be compared.
"""

from __future__ import annotations

import builtins
import importlib.abc
import importlib.machinery
import json
import os
import sys
import types
import unittest
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from guest_values import decode, encode  # type: ignore[import-not-found]  # lies beside this file in the sandbox

wire = os.fdopen(os.dup(1), "w", encoding="utf-8")
local_errors: dict[str, type[BaseException]] = {}


def local_error(name: str) -> type[BaseException]:
    """An exception class for what the submission raised: the built-in of that name, or one of our own."""
    found = getattr(builtins, name, None)
    if isinstance(found, type) and issubclass(found, Exception):
        return found
    return local_errors.setdefault(name, type(name, (Exception,), {}))


def ask(request: dict[str, Any]) -> Any:
    """Send one request and return its value, or raise what it raised."""
    wire.write(json.dumps(request) + "\n")
    wire.flush()
    reply = json.loads(sys.stdin.readline())
    if "raised" in reply:
        raise local_error(str(reply["raised"]))(reply.get("said", ""))
    return decode(reply["value"], resolve)


def resolve(reference: Any) -> Any:
    """What a reference stands for here: a class of exceptions, or a proxy."""
    return local_error(reference[1]) if reference[1] else Remote(reference)


def own_reference(value: Any) -> Any:
    """The reference that a proxy stands for; anything else of ours cannot cross."""
    if isinstance(value, Remote):
        return object.__getattribute__(value, "_reference")
    raise TypeError(f"{type(value).__name__} cannot be passed to the submission; pass plain values")


class Remote:
    """A proxy for an object of the submission."""

    def __init__(self, reference: Any) -> None:
        object.__setattr__(self, "_reference", reference)

    def __getattr__(self, name: str) -> Any:
        return ask({"op": "get", "target": own_reference(self), "name": name})

    def __setattr__(self, name: str, value: Any) -> None:
        ask({"op": "set", "target": own_reference(self), "name": name, "value": encode(value, own_reference)})

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        sent = [encode(argument, own_reference) for argument in args]
        named = {name: encode(value, own_reference) for name, value in kwargs.items()}
        return ask({"op": "call", "target": own_reference(self), "args": sent, "kwargs": named})

    def __eq__(self, other: object) -> bool:
        raise TypeError("an object of the submission cannot be compared; compare plain values that it returns")

    __hash__ = None  # type: ignore[assignment]  # as unequal to anything, it is no key either

    def __len__(self) -> int:
        return int(self.__getattr__("__len__")())

    def __getitem__(self, key: Any) -> Any:
        return self.__getattr__("__getitem__")(key)

    def __setitem__(self, key: Any, value: Any) -> None:
        self.__getattr__("__setitem__")(key, value)

    def __contains__(self, key: Any) -> bool:
        return self.__getattr__("__contains__")(key) is True

    def __iter__(self) -> Iterator[Any]:
        step = self.__getattr__("__iter__")().__getattr__("__next__")
        while True:
            try:
                yield step()
            except StopIteration:
                return


class ForwardingFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Answers imports of the submission's modules with a proxy."""

    def __init__(self, names: list[str]) -> None:
        self.names = names

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        """Claim the submission's top-level names and whatever lies below them."""
        if fullname.split(".", maxsplit=1)[0] not in self.names:
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> Any:
        """A module whose attributes are asked for when they are used."""
        remote = ask({"op": "import", "name": spec.name})
        module = types.ModuleType(spec.name)
        module.__getattr__ = lambda name: getattr(remote, name)  # type: ignore[method-assign]
        return module

    def exec_module(self, module: types.ModuleType) -> None:
        """Nothing of the submission runs here."""


def tests_of(module: types.ModuleType) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Functions named `test_*` and the methods of `unittest.TestCase` classes, in the order of the file."""
    for name, value in list(vars(module).items()):
        if name.startswith("test_") and isinstance(value, types.FunctionType):
            yield name, value
        elif isinstance(value, type) and issubclass(value, unittest.TestCase):
            for method in unittest.TestLoader().getTestCaseNames(value):
                yield f"{name}.{method}", value(method).debug


def main() -> None:
    """Run `suite.py` beside this file and report [name, passed, why] for each test."""
    sys.meta_path.insert(0, ForwardingFinder(sys.argv[1:]))
    module = types.ModuleType("suite")
    source = Path(__file__).with_name("suite.py").read_text(encoding="utf-8")
    outcomes = []
    try:
        exec(compile(source, "suite.py", "exec"), vars(module))
        for name, test in tests_of(module):
            try:
                test()
                outcomes.append([name, True, ""])
            except Exception as error:  # a failed assertion or a fault of the submission: the test has failed
                outcomes.append([name, False, type(error).__name__])
    except Exception as error:  # the submission could not be imported, or the suite itself is broken
        outcomes.append(["import", False, type(error).__name__])
    wire.write(json.dumps({"done": outcomes}) + "\n")
    wire.flush()


if __name__ == "__main__":
    main()
