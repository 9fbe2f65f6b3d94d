"""The system call filter of a sandbox, as a BPF program for `bwrap --seccomp`.

It is a list of refusals: whatever widens the kernel's surface without being of use to programs that do honest work.
Calls of other ABIs of the processor are refused whole, because their numbers mean other calls.
"""

from __future__ import annotations

import errno
import functools
import platform
import struct

# name → number on x86-64, number on arm64; None where the architecture has no such call
REFUSED: dict[str, tuple[int | None, int | None]] = {
    "acct": (163, 89),
    "add_key": (248, 217),
    "adjtimex": (159, 171),
    "bpf": (321, 280),
    "chroot": (161, 51),
    "clock_adjtime": (305, 266),
    "clock_settime": (227, 112),
    "delete_module": (176, 106),
    "fanotify_init": (300, 262),
    "finit_module": (313, 273),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fsopen": (430, 430),
    "fspick": (433, 433),
    "init_module": (175, 105),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "io_uring_setup": (425, 425),
    "ioperm": (173, None),
    "iopl": (172, None),
    "kcmp": (312, 272),
    "kexec_file_load": (320, 294),
    "kexec_load": (246, 104),
    "keyctl": (250, 219),
    "lookup_dcookie": (212, 18),
    "migrate_pages": (256, 238),
    "modify_ldt": (154, None),
    "mount": (165, 40),
    "mount_setattr": (442, 442),
    "move_mount": (429, 429),
    "move_pages": (279, 239),
    "name_to_handle_at": (303, 264),
    "nfsservctl": (180, 42),
    "open_by_handle_at": (304, 265),
    "open_tree": (428, 428),
    "open_tree_attr": (467, 467),
    "perf_event_open": (298, 241),
    "pidfd_getfd": (438, 438),
    "pivot_root": (155, 41),
    "process_madvise": (440, 440),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "ptrace": (101, 117),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "reboot": (169, 142),
    "request_key": (249, 218),
    "setns": (308, 268),
    "settimeofday": (164, 170),
    "swapoff": (168, 225),
    "swapon": (167, 224),
    "syslog": (103, 116),
    "umount2": (166, 39),
    "unshare": (272, 97),
    "userfaultfd": (323, 282),
    "uselib": (134, None),
    "vhangup": (153, 58),
}
_CLONE, _CLONE3, _SOCKET, _IOCTL = (56, 220), (435, 435), (41, 198), (16, 29)
# audit architecture by machine, and its column in the tables
_MACHINES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
_X32 = 0x40000000
_NAMESPACE_FLAGS = 0x7E020080  # NEWTIME, NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
_TERMINAL_INJECTION = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX
_UNIX, _INET, _INET6, _NETLINK = 1, 2, 10, 16

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FIRST, _SECOND, _THIRD = 0, 4, 16, 24, 32
_ALLOW, _ERROR = 0x7FFF0000, 0x00050000

Instruction = tuple[int, int, int, int]


def _load(offset: int) -> Instruction:
    return (_LOAD, 0, 0, offset)


def _error(number: int) -> Instruction:
    return (_RETURN, 0, 0, _ERROR | number)


def _when(test: int, value: int, body: list[Instruction]) -> list[Instruction]:
    """Run `body`, which returns, when the test of the loaded value against `value` holds."""
    return [(test, 0, len(body), value), *body]


def _socket_rules() -> list[Instruction]:
    """Local and internet sockets, and of the kernel's own the one that name lookups use (route)."""
    allow: list[Instruction] = [(_RETURN, 0, 0, _ALLOW)]
    route = [_load(_THIRD), *_when(_EQUAL, 0, allow), _error(errno.EPROTONOSUPPORT)]
    families = [rule for family in (_UNIX, _INET, _INET6) for rule in _when(_EQUAL, family, allow)]
    return [_load(_FIRST), *families, *_when(_EQUAL, _NETLINK, route), _error(errno.EAFNOSUPPORT)]


def _clone_rules() -> list[Instruction]:
    refuse = [_error(errno.EPERM)]
    return [_load(_FIRST), *_when(_ANY_BIT, _NAMESPACE_FLAGS, refuse), (_RETURN, 0, 0, _ALLOW)]


def _ioctl_rules() -> list[Instruction]:
    refusals = [rule for code in _TERMINAL_INJECTION for rule in _when(_EQUAL, code, [_error(errno.EPERM)])]
    return [_load(_SECOND), *refusals, (_RETURN, 0, 0, _ALLOW)]


@functools.cache
def seccomp_program(machine: str = "") -> bytes:
    """The filter for `machine` (this one by default), b"" where the machine's calls are not known."""
    known = _MACHINES.get(machine or platform.machine())
    if known is None:
        return b""
    architecture, column = known
    unknown = [_error(errno.ENOSYS)]
    program: list[Instruction] = [_load(_ARCHITECTURE), (_EQUAL, 1, 0, architecture), *unknown, _load(_NUMBER)]
    program += _when(_AT_LEAST, _X32, unknown)
    program += _when(_EQUAL, _IOCTL[column], _ioctl_rules())
    program += _when(_EQUAL, _CLONE[column], _clone_rules())
    # its flags lie in memory, where a filter cannot look: the C library falls back to clone
    program += _when(_EQUAL, _CLONE3[column], unknown)
    program += _when(_EQUAL, _SOCKET[column], _socket_rules())
    for numbers in REFUSED.values():
        number = numbers[column]
        if number is not None:
            program += _when(_EQUAL, number, [_error(errno.EPERM)])
    program.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)
