r"""Which Lean scripts are admitted, decided by their text alone, before Lean reads a word of them.

A submission is the block of tactics after `by`. Lean has no sentences: a command may follow a tactic on the same line,
and Mathlib's tactics are too many to list. So the words are what is decided, in this order:

1. Size: more than 64 KiB, brackets nested deeper than 100.
2. Comments (`--`, `/- -/` nested) are taken out first, and what is judged and compiled is the text without them.
   One that is not closed, and any string or character literal outside them, is refused.
3. Characters: tabs, control characters, and characters outside ASCII other than mathematical symbols, Greek letters
   and those in `SYMBOLS`. `«` and the backquote are not among them: they quote names and syntax.
4. Marks: `@[` (attributes), `#` before a letter (commands), `%` after `eval` (evaluation).
5. Words: all that open a command (`COMMANDS`), so that nothing but tactics is left; what leaves a goal unproven or
   trusts what the kernel does not check (`UNSOUND`), also as a part of a qualified name; and names below `Lean`, `IO`
   and `System`, which are programs rather than proofs.

`open ... in` and `set_option ... in` are refused with the commands that they share their words with. `decide` is
admitted, and its flags `+native` and `+kernel` are not. What Lean itself accepts on top of this is held against the
axioms that a statement admits.
"""

from __future__ import annotations

import re
import textwrap
import unicodedata

MAX_BYTES = 64 * 1024
MAX_DEPTH = 100
SYMBOLS = frozenset("·×÷¬±°′″ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ₀₁₂₃₄₅₆₇₈₉₊₋⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿᵀℕℤℚℝℂℓ𝓝𝔹†‖⌊⌋⌈⌉⟨⟩⟪⟫‹›⦃⦄▸•⇑↥ᶜₙ⁅⁆")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


COMMANDS = _words("""
    abbrev add_decl_doc add_aesop_rules alias assert_exists assert_not_exists assert_not_imported attribute axiom
    builtin_dsimproc builtin_initialize builtin_simproc class coinductive compile_def compile_inductive constant
    declare_aesop_rule_sets declare_config_elab declare_simp_like_tactic declare_syntax_cat decreasing_by def deriving
    dsimproc dsimproc_decl elab elab_rules end erase_aesop_rules example export extend_docs global import in_theory
    include inductive infix infixl infixr init_quot initialize initialize_simps_projections instance irreducible_def
    lemma library_note local macro macro_rules mk_iff_of_inductive_prop mutual namespace noncomputable nonrec notation
    notation3 omit opaque open partial postfix prefix private proof_wanted protected public recall
    register_builtin_option register_label_attr register_option register_simp_attr run_cmd run_elab run_meta scoped
    section seal set_option simproc simproc_decl structure suppress_compilation syntax termination_by theorem unif_hint
    universe universes unlock_limits unseal unsafe unsuppress_compilation variable variables where
""")
UNSOUND = _words("""
    admit bv_decide by_elab cheat csimp dbgTrace dbg_trace elab_as_elim eval_expr extern implemented_by include_str
    kernel lcAny lcProof lcUnreachable native native_decide ofReduceBool ofReduceNat panic reduceBool reduceNat run_tac
    skipKernelTC sorry sorryAx stop trustCompiler unreachable unsafeBaseIO unsafeCast unsafeEIO unsafeIO
""")
_PROGRAMS = _words("Lean IO System EIO BaseIO Elab Meta MetaM TacticM CoreM")
_WORD = re.compile(r"[^\W\d][\w'!?]*(?:\.[^\W\d][\w'!?]*)*")
_OPEN, _CLOSE = "([{⟨", ")]}⟩"
_NEXT = re.compile(r'--|/-|"')
_IN_COMMENT = re.compile(r"/-|-/")
_MARKS = (
    (re.compile(r"@\["), "attributes (@[...]) are not admitted"),
    (re.compile(r"#[^\W\d]"), "commands (#...) are not admitted"),
    (re.compile(r"\beval%"), "eval% is not admitted: it runs programs"),
    (re.compile(r"(?<![\w'!?])'"), "character literals are not admitted"),
)
_GOES_ON = re.compile(r"[|)\]}⟩,]|<;>|(?:with|then|else|at|using|from)\b")


def without_comments(script: str) -> tuple[str, str]:
    """The script with white space in place of its comments, and what is wrong with its outer form ("" for nothing)."""
    kept: list[str] = []
    at = 0
    while found := _NEXT.search(script, at):
        kept.append(script[at : found.start()])
        if found.group() == '"':
            return script, "strings are not admitted"
        end = _after_line(script, found.end()) if found.group() == "--" else _after_block(script, found.start())
        if end < 0:
            return script, "a comment is not closed"
        kept.append(" " + re.sub(r"[^\n]", "", script[found.start() : end]))
        at = end
    return "".join([*kept, script[at:]]), ""


def _after_line(script: str, start: int) -> int:
    end = script.find("\n", start)
    return len(script) if end < 0 else end


def _after_block(script: str, start: int) -> int:
    depth, at = 0, start
    while mark := _IN_COMMENT.search(script, at):
        depth, at = depth + (1 if mark.group() == "/-" else -1), mark.end()
        if depth == 0:
            return at
    return -1


def _odd_character(character: str) -> bool:
    if character.isascii():
        return not (character == "\n" or " " <= character <= "~") or character == "`"
    greek = "GREEK" in unicodedata.name(character, "")
    return not (greek or character in SYMBOLS or unicodedata.category(character) == "Sm")


def _word_fault(word: str) -> str:
    if word in COMMANDS:
        return f"the word {word} is not admitted: a script holds tactics only"
    parts = word.split(".")
    if wrong := next((part for part in parts if part in UNSOUND), ""):
        return f"the word {wrong} is not admitted: it proves nothing that the kernel checks"
    if parts[0] in _PROGRAMS or parts[:2] == ["_root_", "Lean"]:
        return f"the name {word} is not admitted: it belongs to programs, not to proofs"
    return ""


def _line_fault(line: str) -> str:
    if odd := next((character for character in line if _odd_character(character)), ""):
        return f"the character U+{ord(odd):04X} is not admitted"
    for mark, why in _MARKS:
        if mark.search(line):
            return why
    return next(filter(None, (_word_fault(word) for word in _WORD.findall(line))), "")


def _depth(text: str) -> int:
    depth = deepest = 0
    for mark in text:
        depth += (mark in _OPEN) - (mark in _CLOSE)
        deepest = max(deepest, depth)
    return deepest


def screen(script: str) -> str:
    """Say why a script is not admitted, in one line that names the line; "" when it is."""
    size = len(script.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        return f"The script has {size} bytes; at most {MAX_BYTES} are admitted"
    text, fault = without_comments(script.replace("\r\n", "\n"))
    if fault:
        return f"The script is cut short or quotes: {fault}"
    if _depth(text) > MAX_DEPTH:
        return f"Brackets are nested deeper than {MAX_DEPTH}"
    for number, line in enumerate(text.split("\n"), 1):
        if why := _line_fault(line):
            return f"Line {number}: {why}"
    return ""


def blocks(script: str) -> tuple[str, ...]:
    """The tactics of a script, each with the lines that belong to it, without comments and common indentation.

    A line without indentation begins a tactic, unless a bracket is open or it goes on with the one before (`| case`,
    `<;>`); blank lines are dropped.
    """
    text, _ = without_comments(script.replace("\r\n", "\n"))
    lines = [line.rstrip() for line in textwrap.dedent(text).split("\n") if line.strip()]
    found: list[list[str]] = []
    depth = 0
    for line in lines:
        if found and (depth > 0 or line[0] == " " or _GOES_ON.match(line)):
            found[-1].append(line)
        else:
            found.append([line])
        depth += sum((mark in _OPEN) - (mark in _CLOSE) for mark in line)
    return tuple("\n".join(block) for block in found)
