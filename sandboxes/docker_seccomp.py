"""The system call filter of a docker sandbox: the refusals of `seccomp`, in docker's own form."""

from __future__ import annotations

import errno
import functools
from typing import Any

from selftrain.sandboxes.seccomp import (
    _INET,
    _INET6,
    _NAMESPACE_FLAGS,
    _NETLINK,
    _TERMINAL_INJECTION,
    _UNIX,
    REFUSED,
)

_Rule = dict[str, Any]
_HIGHEST_FAMILY = 64


@functools.cache
def seccomp_profile() -> _Rule:
    """The profile for `--security-opt seccomp=`."""
    rules = [_refuse(sorted(REFUSED), errno.EPERM)]
    # its flags lie in memory, where a filter cannot look: the C library falls back to clone
    rules.append(_refuse(["clone3"], errno.ENOSYS))
    rules += [
        _refuse(["clone"], errno.EPERM, _argument(0, 1 << bit, "SCMP_CMP_MASKED_EQ", 1 << bit))
        for bit in range(32)
        if _NAMESPACE_FLAGS >> bit & 1
    ]
    rules += [
        _refuse(["ioctl"], errno.EPERM, _argument(1, 0xFFFFFFFF, "SCMP_CMP_MASKED_EQ", code))
        for code in _TERMINAL_INJECTION
    ]
    allowed = (_UNIX, _INET, _INET6, _NETLINK)
    rules += [
        _refuse(["socket"], errno.EAFNOSUPPORT, _argument(0, family, "SCMP_CMP_EQ"))
        for family in range(_HIGHEST_FAMILY)
        if family not in allowed
    ]
    rules.append(_refuse(["socket"], errno.EAFNOSUPPORT, _argument(0, _HIGHEST_FAMILY, "SCMP_CMP_GE")))
    route_only = (_argument(0, _NETLINK, "SCMP_CMP_EQ"), _argument(2, 0, "SCMP_CMP_NE"))
    rules.append(_refuse(["socket"], errno.EPROTONOSUPPORT, *route_only))
    # the machine's own ABI alone, because the numbers of another mean other calls
    return {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": rules}


def _refuse(names: list[str], number: int, *arguments: _Rule) -> _Rule:
    return {"names": names, "action": "SCMP_ACT_ERRNO", "errnoRet": number, "args": list(arguments)}


def _argument(index: int, value: int, comparison: str, second: int = 0) -> _Rule:
    return {"index": index, "value": value, "valueTwo": second, "op": comparison}
