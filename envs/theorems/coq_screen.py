r"""Which Coq scripts are admitted, decided by their text alone, before the prover reads a word of them.

A submission is the body of a proof: tactics, nothing else. The prover's verdict is not enough, for Coq 8.16 accepts a
published proof of `False` without axioms, and its commands read and write files. The rules, in the order of the
checks; each is a way to be refused:

1. Size: more than 64 KiB, more than 20,000 tokens, a token of more than 200 characters (a number of that many digits
   too), brackets nested deeper than 100.
2. Characters: control characters other than tab and line ends, and characters outside ASCII other than the
   mathematical symbols and Greek letters in `SYMBOLS`, comments apart. Look-alikes of letters fall under it.
3. Form: a comment or string that is not closed, any string (tactics take them only to print or to look words up),
   a last sentence without its full stop, a full stop in the middle of nowhere.
4. Marks: `` ` ``, `$`, the casts `<:` and `<<:` (conversion by machines that are not the kernel), `#[` (attributes),
   `@{` (universes).
5. Words that stand nowhere, not even as a part of a qualified name: the table `FORBIDDEN` of `coq_words`, and all that
   ends in `_no_check`. `fix` and `cofix` fall under it as tactics and as terms. `let rec` does too.
6. Heads: each sentence is a bullet, a brace, or starts, after a goal selector (`2:`, `1-3:`, `all:`, `!:`) and opening
   parentheses, with a word of the table `TACTICS`. Commands start with capitals (`infoH` apart) and are none of them;
   so `Proof.` and `Qed.` are refused too. `par:` is refused: it starts other processes.

Admitted on purpose: `match goal with`, `let x := ... in`, `constr:(...)`, `eval`, `repeat` and `do` (the judge's
limits of time and memory stop a loop), `evar`, `instantiate`, `unshelve` (a proof with open evars is not closed),
`idtac` and `fail` without text, `Type` and `Set` (helper lemmas quantify over them, and a hole `_` would stand for them
anyway). Words within a sentence that are not in `FORBIDDEN` are free: they are names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from selftrain.envs.theorems.coq_lexer import Sentence, Token, read_script, sentences
from selftrain.envs.theorems.coq_words import COMMAND_WHY, FORBIDDEN, TACTICS, UNCHECKED_ENDING, UNCHECKED_WHY

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_TOKENS", "MAX_TOKEN_LENGTH", "SYMBOLS", "screen", "sentences"]

MAX_BYTES = 64 * 1024
MAX_TOKENS = 20_000
MAX_TOKEN_LENGTH = 200
MAX_DEPTH = 100
SYMBOLS = frozenset(
    "∀∃∄λΠΣ→←↔⇒⇐⇔↦∧∨¬⊤⊥⊢≡≢≠≤≥≪≫∈∉⊆⊂⊇⊃∪∩∅∖×÷·∘∙±√∞∣∥⟨⟩⌊⌋⌈⌉ℕℤℚℝℂ𝔹′″αβγδεζηθικμνξοπρστυφχψωΓΔΘΛΞΦΨΩ₀₁₂₃₄₅₆₇₈₉⁰¹²³⁴⁵⁶⁷⁸⁹ₙᵢⱼ"
)
_SELECTOR = re.compile(r"(?:all|!|[0-9]+(?: ?[-,] ?[0-9]+)*) ?:(?!=) ?")
_ODD_CHARACTER = re.compile(f"[^ -~{re.escape(''.join(sorted(SYMBOLS)))}]")
_MARKS = {
    "`": "the mark ` is not admitted",
    "$": "the mark $ is not admitted",
    "<:": "a cast by <: or <<: is not checked by the kernel's own rules",
}


def _spoken(sentence: Sentence) -> str:
    text = "".join(character if character.isprintable() else "\ufffd" for character in sentence.text)
    return text if len(text) <= 60 else text[:57] + "..."


def _word_fault(token: Token) -> str:
    for part in token.text.split("."):
        if part in FORBIDDEN:
            return f"the word {part} is not admitted: {FORBIDDEN[part]}"
        if part.endswith(UNCHECKED_ENDING):
            return f"the word {part} is not admitted: {UNCHECKED_WHY}"
    return ""


def _symbol_fault(token: Token, after: Token | None) -> str:
    for mark, why in _MARKS.items():
        if mark in token.text:
            return why
    joined = after.text if after is not None and not after.spaced else ""
    if token.text.endswith("#") and joined == "[":
        return "attributes (#[...]) are not admitted"
    if token.text.endswith("@") and joined == "{":
        return "universes (@{...}) are not named in a script"
    if token.text.startswith(".") and token.text != ".." and not (token.text == "." and joined == "("):
        return "a full stop is followed by white space, or belongs to a name"
    return ""


def _token_faults(sentence: Sentence) -> Iterator[str]:
    tokens, depth = sentence.tokens, 0
    for at, token in enumerate(tokens):
        after = tokens[at + 1] if at + 1 < len(tokens) else None
        if len(token.text) > MAX_TOKEN_LENGTH:
            yield f"a token has {len(token.text)} characters; at most {MAX_TOKEN_LENGTH} are admitted"
        if odd := _ODD_CHARACTER.search(token.text):
            yield f"the character U+{ord(odd.group()):04X} is not admitted"
        if token.kind == "string":
            yield "strings are not admitted"
        elif token.kind == "word":
            yield _word_fault(token)
            if token.text == "let" and after is not None and after.text == "rec":
                yield "let rec is not admitted: repeat and induction do its work"
        elif token.kind == "symbol":
            yield _symbol_fault(token, after)
        depth += (token.text in "([{") - (token.text in ")]}")
        if depth > MAX_DEPTH:
            yield f"brackets are nested deeper than {MAX_DEPTH}"


def _head(sentence: Sentence) -> Token | None:
    """The token that opens a sentence, after its goal selector, parentheses and `[>`."""
    tokens = list(sentence.tokens)
    colon = next((at for at, token in enumerate(tokens) if token.text.endswith(":")), None)
    if colon is not None and _SELECTOR.match(sentence.text):
        tokens = tokens[colon + 1 :]
    return next((token for token in tokens if token.text not in {"(", "[", ">"}), None)


def _head_fault(sentence: Sentence) -> str:
    if sentence.tokens[0].kind in {"bullet", "brace"}:
        return ""
    head = _head(sentence)
    if head is None or head.kind == "brace" or (head.kind == "word" and head.text in TACTICS):
        return ""
    if head.kind == "word" and head.text[0].isupper():
        return f"{head.text} is not a tactic that is admitted: {COMMAND_WHY}"
    return f"it does not start with a tactic that is admitted, but with {head.text}"


def _sentence_fault(sentence: Sentence) -> str:
    fault = next(filter(None, _token_faults(sentence)), "") or _head_fault(sentence)
    if fault or sentence.whole:
        return fault
    return "it does not end with a full stop"


def _size_fault(script: str) -> str:
    size = len(script.encode("utf-8", "surrogatepass"))
    return f"The script has {size} bytes; at most {MAX_BYTES} are admitted" if size > MAX_BYTES else ""


def screen(script: str) -> str:
    """Say why a script is not admitted, in one line that names the sentence; "" when it is."""
    if too_large := _size_fault(script):
        return too_large
    read = read_script(script)
    if sum(len(sentence.tokens) for sentence in read.sentences) > MAX_TOKENS:
        return f"The script has more than {MAX_TOKENS} tokens"
    if read.fault:
        return f"The script is cut short: {read.fault}"
    for number, sentence in enumerate(read.sentences, 1):
        if fault := _sentence_fault(sentence):
            return f"Sentence {number} ({_spoken(sentence)}): {fault}"
    return ""
