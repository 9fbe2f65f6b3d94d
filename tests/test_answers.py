"""The answer verifier: pairs that must pass and fail, properties over many notations, hostile text, bad golds."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import time
from fractions import Fraction

import pytest
from answer_hostile import HOSTILE
from answer_pairs_accept import ACCEPT
from answer_pairs_reject import REJECT
from hypothesis import given, settings
from hypothesis import strategies as st

from selftrain.envs import check_answer
from selftrain.envs.answers.extraction import MAX_RESPONSE, final_answer
from selftrain.envs.answers.verifier import RESPONSE, AnswerVerifier
from selftrain.errors import OptionError
from selftrain.evidence import Evidence, EvidenceFile
from selftrain.verdicts import CleanRoom, Verdict

CLASSES = ("no answer found", "hedged", "wrong", "refused")
WHOLE = st.integers(-(10**12), 10**12)
RATIONAL = st.fractions(max_denominator=10_000)


def count(pairs: dict[str, dict[str, tuple[str, ...]]]) -> int:
    return sum(len(set(responses)) for golds in pairs.values() for responses in golds.values())


def latex(value: Fraction) -> str:
    sign = "-" if value < 0 else ""
    return rf"{sign}\frac{{{abs(value.numerator)}}}{{{value.denominator}}}"


@pytest.mark.parametrize("rule", ACCEPT)
def test_equal_answers_pass(rule: str) -> None:
    refused = [
        (gold, response, verdict.why)
        for gold, responses in ACCEPT[rule].items()
        for response in responses
        if not (verdict := check_answer(gold, response)).passed
    ]
    assert refused == []


@pytest.mark.parametrize("rule", REJECT)
def test_other_answers_fail(rule: str) -> None:
    for gold, responses in REJECT[rule].items():
        for response in responses:
            verdict = check_answer(gold, response)
            assert not verdict.passed, (gold, response)
            assert verdict.why.removeprefix("answer: ").startswith(CLASSES), (gold, response, verdict.why)


def test_there_are_enough_pairs_and_none_is_in_both() -> None:
    assert count(ACCEPT) >= 350 and count(REJECT) >= 350
    both = [
        (gold, response)
        for golds in ACCEPT.values()
        for gold, responses in golds.items()
        for response in responses
        if any(response in others.get(gold, ()) for others in REJECT.values())
    ]
    assert both == []


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_responses_fail_in_bounded_time(name: str) -> None:
    gold, response = HOSTILE[name]
    began = time.monotonic()
    verdict = check_answer(gold, response)
    # 1.5 s is what the benchmark holds it to on a quiet machine; this one may be shared
    assert not verdict.passed and time.monotonic() - began < 6
    assert check_answer(r"\sqrt{8}", r"2\sqrt{2}").passed


@given(RATIONAL, st.integers(1, 30))
def test_a_rational_number_is_the_same_in_every_notation(value: Fraction, factor: int) -> None:
    above, below = value.numerator, value.denominator
    notations = [
        latex(value),
        f"{above}/{below}",
        rf"\frac{{{above * factor}}}{{{below * factor}}}",
        f"x = {above}/{below}",
    ]
    notations += [rf"\dfrac{{{-above}}}{{{-below}}}", rf"({latex(value)})", rf"{{{above}}}/{{{below}}}"]
    if below == 1:
        notations += [f"{above}", f"{above:,}", f"{above}.0", f"{above:,}".replace(",", "{,}"), f"{above}e0"]
    percent = value * 100
    if percent.denominator == 1:
        notations.append(rf"{percent}\%")
    whole, rest = divmod(abs(value), 1)
    if whole and rest:
        sign = "-" if value < 0 else ""
        notations += [rf"{sign}{whole}\frac{{{rest.numerator}}}{{{rest.denominator}}}", f"{sign}{whole} {rest}"]
    for gold in (latex(value), f"{above}/{below}"):
        assert [text for text in notations if not check_answer(gold, rf"\boxed{{{text}}}").passed] == []


@given(WHOLE, st.sampled_from((-1000, -10, -1, 1, 10, 1000)))
def test_a_neighbour_is_not_the_answer(value: int, step: int) -> None:
    assert check_answer(str(value), rf"\boxed{{{value}}}").passed
    assert not check_answer(str(value), rf"\boxed{{{value + step}}}").passed
    assert not check_answer(str(value), rf"\boxed{{{value} \text{{ or }} {value + step}}}").passed
    assert not check_answer(str(value), rf"\boxed{{{value + step}={value}}}").passed
    assert not check_answer(str(value), f"{value}.{'0' * 30}1").passed


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-1000, max_value=1000))
def test_a_decimal_is_exactly_its_fraction(value: object) -> None:
    exact = Fraction(str(value))
    assert check_answer(latex(exact), f"{value}").passed
    assert check_answer(f"{value}", latex(exact)).passed
    assert not check_answer(latex(exact + Fraction(1, 10**9)), f"{value}").passed


@given(st.sets(WHOLE, min_size=2, max_size=6), st.randoms(use_true_random=False))
def test_sets_have_no_order_and_tuples_do(members: set[int], random: object) -> None:
    order = sorted(members)
    turned = order[1:] + order[:1]
    listed = ", ".join(map(str, turned))
    gold = ", ".join(map(str, order))
    assert check_answer(rf"\{{{gold}\}}", rf"\boxed{{\{{{listed}\}}}}").passed
    assert not check_answer(rf"\{{{gold}\}}", rf"\boxed{{({gold})}}").passed
    assert check_answer(f"({gold})", rf"\boxed{{({gold})}}").passed
    assert not check_answer(f"({gold})", rf"\boxed{{({listed})}}").passed
    assert not check_answer(rf"\{{{gold}\}}", rf"\boxed{{\{{{listed}, {order[0]}\}}}}").passed


@given(st.integers(2, 60), st.integers(1, 40), st.integers(-30, 30))
@settings(max_examples=40)
def test_radicals_agree_however_they_are_simplified(inside: int, factor: int, plus: int) -> None:
    gold = rf"{plus}+{factor}\sqrt{{{inside}}}"
    assert check_answer(gold, rf"\boxed{{\sqrt{{{inside * factor * factor}}}+({plus})}}").passed
    assert not check_answer(gold, rf"\boxed{{\sqrt{{{inside * factor * factor + 1}}}+({plus})}}").passed
    assert not check_answer(gold, rf"\boxed{{{plus}-{factor}\sqrt{{{inside}}}}}").passed


@given(st.lists(st.integers(-9, 9), min_size=2, max_size=5), st.integers(-9, 9))
@settings(max_examples=40)
def test_polynomials_are_equal_multiplied_out_or_not(roots: list[int], at: int) -> None:
    product = "".join(f"(x-({root}))" for root in roots)
    spread = [1]
    for root in roots:
        spread = [a - root * b for a, b in zip([*spread, 0], [0, *spread], strict=True)]
    text = "+".join(f"({c})x^{{{power}}}" for power, c in zip(range(len(roots), -1, -1), spread, strict=True))
    assert check_answer(text, rf"\boxed{{{product}}}").passed
    assert not check_answer(text, rf"\boxed{{{product}+1}}").passed
    assert check_answer(f"{text}=0", rf"\boxed{{2{product}=0}}").passed
    assert not check_answer(f"{text}=0", rf"\boxed{{{product}={abs(at) + 1}}}").passed


GOLDS = st.sampled_from(
    ("42", r"\frac{1}{2}", "yes", "A", r"\{1,2\}", "(1,2)", "[1,2)", "x^2+1", r"\sqrt{2}", "y=2x+1", "5 cm")
)
PIECES = st.sampled_from(
    (
        r"\boxed{", "}", "{", "42", "41", r"\frac", "1", "2", r"\sqrt", "x", "^", "(", ")", "[", "]", ",", "=", "<",
        "-", "%", r"\text{", "or", "and", "\n", "Answer:", "<answer>", "</answer>", "<think>", "</think>", "#### ",
        "!", "_", "&", r"\begin{pmatrix}", r"\end{pmatrix}", r"\\", r"\{", r"\}", "cm", "^\\circ", "e", "i", r"\pi",
        "|", "$", ".", "...", "?", r"\cup", r"\infty", r"\in", r"\sin", r"\log", "\u00b2", "\uff14", "0.",
        r"\overline{", "1e9", ":", "'", r"\pm", r"\mathbf{", r"\textbf{(A) }", "f(", "AB", "|S|", "~", "**",
        "\n## Answer\n", r"\mid", r"\vec", "apples", r"\\[4pt]",
    )
)  # fmt: skip


@given(GOLDS, st.one_of(st.text(), st.lists(PIECES, max_size=25).map("".join)))
@settings(max_examples=400)
def test_no_text_raises(gold: str, response: str) -> None:
    verdict = check_answer(gold, response)
    assert isinstance(verdict, Verdict) and verdict.passed == (verdict.why == "")
    assert verdict == check_answer(gold, response)


@given(GOLDS, st.lists(PIECES, max_size=12).map("".join))
@settings(max_examples=200)
def test_no_boxed_text_raises(gold: str, inside: str) -> None:
    assert isinstance(check_answer(gold, rf"\boxed{{{inside}}}"), Verdict)


@given(GOLDS, st.binary())
def test_no_bytes_raise_and_the_verifier_reads_them(gold: str, data: bytes) -> None:
    evidence = Evidence({RESPONSE: EvidenceFile(data)})
    assert isinstance(verify(gold, evidence), Verdict)


def verify(gold: str, evidence: Evidence) -> Verdict:
    from selftrain.tasks import Task

    verifier = AnswerVerifier(gold)
    room: CleanRoom = None  # type: ignore[assignment]  # the verifier does not use it
    return verifier.verify(evidence, Task("Say it.", verifier), room)


def test_the_verifier_judges_the_last_message() -> None:
    assert AnswerVerifier("42").exports == (RESPONSE,)
    assert verify("42", Evidence({RESPONSE: EvidenceFile(rb"It is \boxed{42}")})).passed
    assert not verify("42", Evidence({RESPONSE: EvidenceFile(rb"It is \boxed{41}")})).passed
    assert verify("42", Evidence({})).why == "answer: no answer found"
    assert verify("42", Evidence({RESPONSE: EvidenceFile(b"42")}, overrun="bytes")).why == "export: too large: bytes"


@pytest.mark.parametrize(
    "gold",
    [
        "",
        "  ",
        r"\frac{1}{0}",
        "5=6",
        "((",
        r"\boxed{",
        "1/2x",
        "4２",
        "9^{9^{9}}",
        r"\sqrt{",
        "42 or",
        "x" * 501,
        "1 3/2",
        "{",
        r"\foo",
    ],
)
def test_a_gold_that_cannot_be_compared_is_named(gold: str) -> None:
    with pytest.raises(OptionError) as caught:
        check_answer(gold, "42")
    assert repr(gold) in str(caught.value)


def test_a_gold_must_be_text() -> None:
    with pytest.raises(OptionError, match="42"):
        check_answer(42, "42")  # type: ignore[arg-type]


def test_why_never_tells_the_gold() -> None:
    for responses in REJECT.values():
        for gold, texts in responses.items():
            if len(gold) > 3:
                assert all(gold not in check_answer(gold, text).why for text in texts[:3])


def test_reasons_name_their_class() -> None:
    reasons = {
        "nothing": "no answer found",
        "42 or 41": "hedged: several values",
        r"\boxed{41}\boxed{42}": "hedged: several answers",
        "41": "wrong",
        "9^{9^9}": "refused: too large",
        "42?": "hedged",
        "6*7": "wrong: a calculation left undone",
        "４２": "refused: a character that looks like another or has no meaning here",
        r"\boxed{42": "refused: a box that does not close",
    }
    assert {text: check_answer("42", text).why.removeprefix("answer: ") for text in reasons} == reasons


def test_answers_are_found_where_they_stand() -> None:
    assert final_answer(r"a \boxed{\frac{1}{2}} b").answers == (r"\frac{1}{2}",)
    assert final_answer("Answer: $x$.\n<answer>y</answer>").answers == ("y", "x")
    assert final_answer("just words").answers == ("just words",) and not final_answer("just words").marked
    assert final_answer("word " * 200).answers == ()


def test_a_long_answer_is_refused_even_if_it_is_right() -> None:
    assert check_answer("4", r"\boxed{4." + "0" * 400 + "}").passed
    assert check_answer("4", r"\boxed{4." + "0" * 600 + "}").why == "answer: refused: too large"


def test_scanning_is_linear() -> None:
    """Twice the text takes about twice the processor time, whatever it is made of."""
    for unit in ("<think>", "Answer: 4\n", "x answer ", "{", "\n", "####  \n", "*", r"\boxe{"):
        times = []
        for size in (MAX_RESPONSE // 4, MAX_RESPONSE - 100):
            text = unit * (size // len(unit))
            began = time.process_time()
            check_answer("42", text)
            times.append(time.process_time() - began)
        assert times[1] < 0.25 + 10 * times[0] and times[1] < 5


def test_without_the_extra_the_fast_path_works_and_the_rest_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sympy", None)
    assert importlib.util.find_spec("sympy") is None
    assert check_answer("42", r"\boxed{42}").passed and not check_answer("42", r"\boxed{41}").passed
    assert check_answer(r"\sqrt{2}", r"\boxed{\sqrt{2}}").passed
    with pytest.raises(OptionError, match=r"pip install 'selftrain\[math\]'"):
        check_answer(r"\sqrt{8}", r"\boxed{2\sqrt{2}}")


def test_nothing_symbolic_is_imported_into_the_caller() -> None:
    code = (
        "import sys; from selftrain.envs import check_answer\n"
        r"assert check_answer('\\sqrt{8}', r'\boxed{2\sqrt{2}}').passed" + "\n"
        "assert not {'sympy', 'math_verify', 'latex2sympy2_extended'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
