"""Saving the state of a shell as bash, and loading it into another shell."""

from __future__ import annotations

STATE_FILE = "/tmp/.selftrain-shell-state"
_END = b"# the end\n"

# Builtins alone, called as such: the state may hold functions of any name and no PATH. Options come last, because they
# may forbid what comes before.
SAVE_BLOCK = r"""{
    builtin printf 'builtin cd -- %q\nset --' "$PWD"; builtin printf ' %q' "$@"; builtin echo
    builtin declare -p; builtin declare -f; builtin declare -Fx
    builtin alias -p; builtin trap -p; builtin umask -p; builtin shopt -p; builtin set +o
    builtin printf '# the end\n'
} >|FILE 2>/dev/null || :""".replace("FILE", STATE_FILE)
# leaves `$?` as it was
SAVE = f"""__k=$?
{SAVE_BLOCK}
[[ $__k == 0 || $- == *e* ]] || (exit "$__k")
"""
# Succeeds if the state was there and whole. Variables that bash lets nobody set are complained about and passed over.
LOAD = r"""[[ -s FILE && $(<FILE) == *'# the end' ]] && {
    builtin . FILE 2>/dev/null || :
    /bin/rm -f FILE || :
}""".replace("FILE", STATE_FILE)


def state_or_directory(saved: bytes, directory: bytes) -> bytes:
    """The saved state if it is whole (the shell may be stuck and the disk full), else one with the directory alone."""
    if saved.endswith(_END):
        return saved
    return b"builtin cd -- '%b'\n" % directory.replace(b"'", b"'\\''") + _END
