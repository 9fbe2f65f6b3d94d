r"""Expressions: numbers, variables, operations, functions, in LaTeX or plain text.

What two readers could take for two different things is refused, not guessed: `1/2x`, `\sqrt23`, two numbers side by
side, an improper fraction behind a whole number.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from fractions import Fraction

from selftrain.envs.answers.lexer import Token
from selftrain.envs.answers.nodes import Node, NotReadError, TooLargeError, number
from selftrain.envs.answers.vocabulary import FRACTIONS, VALUES

MAX_DEPTH = 30
MAX_EXPONENT = 2_000
END = Token("end of text", "")
_CALL_NAMES = {"arcsin": "asin", "arccos": "acos", "arctan": "atan"}


class Expressions(ABC):
    """A recursive-descent reader of expressions over tokens."""

    def __init__(self, found: list[Token]) -> None:
        self.found = found
        self.at = 0
        self.depth = 0

    @property
    def next(self) -> Token:
        """The token that comes next."""
        return self.ahead(0)

    def ahead(self, steps: int) -> Token:
        """A token further on."""
        return self.found[self.at + steps] if self.at + steps < len(self.found) else END

    def sees(self, *signs: str) -> bool:
        """Whether one of the signs comes next."""
        return self.next.kind == "sign" and self.next.text in signs

    def take(self) -> Token:
        """Go one token on."""
        token = self.next
        self.at += 1
        return token

    def skip(self, sign: str) -> bool:
        """Go on if that sign comes next."""
        seen = self.sees(sign)
        self.at += seen
        return seen

    def want(self, sign: str) -> None:
        """Go over that sign, which must come next."""
        if not self.skip(sign):
            raise NotReadError("refused: not an answer")

    def sum(self) -> Node:
        """Terms with plus and minus."""
        parts = [self._signed(self.take().text if self.sees("+", "-") else "+")]
        while self.sees("+", "-"):
            parts.append(self._signed(self.take().text))
        return parts[0] if len(parts) == 1 else Node("add", tuple(parts))

    def _signed(self, sign: str) -> Node:
        term = self.term()
        if sign == "+":
            return term
        return number(-_rational(term)) if term.head == "number" else Node("neg", (term,))

    def term(self) -> Node:
        """Factors with signs of multiplication and division, or side by side."""
        value = self.power()
        while True:
            if self.skip("*"):
                value = _product(value, self.power(self.sees("-")))
            elif self.skip("/"):
                plain_number = self.next.kind == "number"
                value = Node("div", (value, self.power(self.sees("-"))))
                if plain_number and self._begins_factor():
                    raise NotReadError("refused: ambiguous")
            elif self._begins_factor():
                value = Node("mul", (value, self.power()))
            elif self.next.kind == "number" or (self.next.kind == "sign" and self.next.text in ("$", "empty")):
                raise NotReadError("refused: ambiguous")
            else:
                return value

    def _begins_factor(self) -> bool:
        """Whether what comes next can stand behind a factor as one more factor."""
        return self.next.kind in ("letter", "constant", "command", "call") or self.sees("(", "{", "floor(", "ceil(")

    def power(self, negative: bool = False) -> Node:
        """A value with what may follow it: factorial, exponent, percent, degrees."""
        if negative:
            self.take()
            return Node("neg", (self.power(),))
        base = self.primary()
        while True:
            if self.skip("!"):
                base = Node("factorial", (base,))
            elif self.skip("%"):
                base = Node("percent", (base,))
            elif self.skip("deg"):
                base = Node("quantity", (base,), "degrees")
            elif self.skip("^"):
                base = self._raised(base)
            else:
                return base

    def _raised(self, base: Node) -> Node:
        if self.skip("deg"):
            return Node("quantity", (base,), "degrees")
        if self.sees("{") and self.ahead(1).text == "deg":
            self.at += 2
            self.want("}")
            return Node("quantity", (base,), "degrees")
        exponent = Node("neg", (self.primary(),)) if self.skip("-") else self.primary()
        if self.sees("^"):
            exponent = self._raised_tower(exponent)
        return Node("pow", (base, exponent))

    def _raised_tower(self, exponent: Node) -> Node:
        self.want("^")
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise TooLargeError("refused: too large")
        raised = self._raised(exponent)
        self.depth -= 1
        return raised

    def primary(self) -> Node:
        """One value without signs around it."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise TooLargeError("refused: too large")
        token = self.take()
        made = self._primary(token)
        self.depth -= 1
        return made

    def _primary(self, token: Token) -> Node:
        if token.kind == "number":
            return self._number(token)
        if token.kind == "letter":
            return self._symbol(token.text)
        if token.kind == "constant":
            return Node("constant", value=token.text)
        if token.kind == "command":
            return self._command(token.text)
        if token.kind == "call":
            return self._call(token.text)
        if token.kind == "begin":
            return self.matrix(token.text)
        if token.kind == "sign":
            return self.bracketed(token.text)
        raise NotReadError("refused: not an answer")

    def _number(self, token: Token) -> Node:
        """A number; with a proper fraction behind it, a mixed number."""
        value = _value(token.text)
        if not token.text.isdigit():
            return number(value)
        if self.skip("_"):
            return self._based(token.text)
        part = None
        if self.next.kind == "command" and self.next.text in FRACTIONS:
            behind = self.at
            self.take()
            part = self._fraction()
            if part.args[0].head != "number" or part.args[1].head != "number":
                self.at, part = behind, None
        elif self.next.kind == "number" and self.next.spaced and self.ahead(1).text == "/":
            part = Node("div", (self._digits(), number(self._divisor())))
        if part is None:
            return number(value)
        above, below = _rational(part.args[0]), _rational(part.args[1])
        if not 0 < above < below or above.denominator != 1 or below.denominator != 1:
            raise NotReadError("refused: ambiguous")
        return number(value + above / below)

    def _based(self, digits: str) -> Node:
        """Digits with the base that they are in: `1011_2`."""
        braced = self.skip("{")
        base = int(_rational(self._digits()))
        if braced:
            self.want("}")
        if not 2 <= base <= 10 or any(int(digit) >= base for digit in digits):
            raise NotReadError("refused: not an answer")
        return Node("based", (number(int(digits, base)), number(base)))

    def _digits(self) -> Node:
        token = self.take()
        if token.kind != "number" or not token.text.isdigit():
            raise NotReadError("refused: ambiguous")
        return number(int(token.text))

    def _divisor(self) -> Fraction:
        self.want("/")
        return _rational(self._digits())

    def _symbol(self, name: str) -> Node:
        if self.skip("_"):
            braced = self.skip("{")
            index = self.take()
            if index.kind not in ("number", "letter"):
                raise NotReadError("refused: not an answer")
            if braced:
                self.want("}")
            return Node("symbol", value=f"{name}_{index.text}")
        return Node("constant", value=name) if name in ("e", "i") else Node("symbol", value=name)

    def _command(self, name: str) -> Node:
        if name in FRACTIONS:
            return self._fraction()
        if name in ("binom", "dbinom", "tbinom"):
            return Node("binomial", (self._argument(), self._argument()))
        if name == "surd":
            return Node("root", (self.primary(), number(2)))
        if name == "sqrt":
            degree = number(2)
            if self.skip("["):
                degree = self.sum()
                self.want("]")
            return Node("root", (self._argument(), degree))
        raise NotReadError("refused: not an answer")

    def _fraction(self) -> Node:
        return Node("div", (self._argument(), self._argument()))

    def _argument(self) -> Node:
        r"""What a command takes: a group in braces or, as TeX has it, one digit or letter."""
        if self.skip("{"):
            made = self.sum()
            self.want("}")
            return made
        token = self.next
        if token.kind == "number" and token.text.isdigit():
            return self._one_digit(token)
        if token.kind in ("letter", "constant"):
            return self.primary()
        raise NotReadError("refused: not an answer")

    def _one_digit(self, token: Token) -> Node:
        r"""The first digit of a number; what remains of it stays the next token, as in `\frac12`."""
        if len(token.text) == 1:
            self.take()
        else:
            self.found[self.at] = Token("number", token.text[1:])
        return number(int(token.text[0]))

    def _call(self, name: str) -> Node:
        name = _CALL_NAMES.get(name, name)
        if name in ("sqrt", "cbrt"):
            return Node("root", (self._group(), number(2 if name == "sqrt" else 3)))
        power = None
        if self.skip("^"):
            power = self._group() if self.sees("{", "(") else self.primary()
            if power.head == "neg" or (power.head == "number" and _rational(power) < 0):
                raise NotReadError("refused: ambiguous")
        base = (self._argument(),) if name == "log" and self.skip("_") else ()
        inside = self._group() if self.sees("(", "{") else self._bare_argument()
        made = _called(name, inside, base)
        return made if power is None else Node("pow", (made, power))

    def _group(self) -> Node:
        """What stands in round brackets or braces; two values in brackets are a tuple."""
        if not self.sees("(", "{"):
            raise NotReadError("refused: not an answer")
        return self.primary()

    def _bare_argument(self) -> Node:
        r"""The argument of a function without brackets: `2x` in `\sin 2x`."""
        made = self.power()
        while self.next.kind in ("letter", "constant", "command"):
            made = Node("mul", (made, self.power()))
        return made

    @abstractmethod
    def bracketed(self, sign: str) -> Node:
        """What stands between brackets of which `sign` is the one that opens."""

    @abstractmethod
    def matrix(self, name: str) -> Node:
        """What stands in an environment for matrices."""


def _value(text: str) -> Fraction:
    """The number that digits, a point, an exponent of ten or, in brackets, repeating digits stand for."""
    if text.endswith(")"):
        start, _, repeated = text[:-1].partition("(")
        last_place = Fraction(1, 10 ** (len(start) - 1 - start.index(".")))
        return Fraction(start + "0") + last_place * Fraction(int(repeated), 10 ** len(repeated) - 1)
    mantissa, _, exponent = text.lower().partition("e")
    power = int(exponent or 0)
    if abs(power) > MAX_EXPONENT:
        raise TooLargeError("refused: too large")
    return Fraction(mantissa) * Fraction(10) ** power


def _rational(node: Node) -> Fraction:
    assert isinstance(node.value, Fraction)
    return node.value


def _product(left: Node, right: Node) -> Node:
    r"""A product; `a \times 10^n` with a plain number in front is scientific notation, which is one number."""
    scientific = (
        left.head == "number"
        and right.head == "pow"
        and right.args[0] == number(10)
        and right.args[1].head in ("number", "neg")
    )
    return Node("mul", (left, right), "scientific" if scientific else "")


def _called(name: str, inside: Node, base: tuple[Node, ...]) -> Node:
    if name in ("factorial", "binom"):
        arguments = inside.args if inside.head == "tuple" else (inside,)
        if len(arguments) != (2 if name == "binom" else 1):
            raise NotReadError("refused: not an answer")
        return Node("binomial" if name == "binom" else name, arguments)
    if inside.head not in VALUES and inside.head != "quantity":
        raise NotReadError("refused: not an answer")
    if name == "exp":
        return Node("pow", (Node("constant", value="e"), inside))
    return Node("call", (inside, *base), name)
