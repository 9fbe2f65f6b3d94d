"""Matrices: products, equations, powers and determinants."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.wording import NAMES, between, by_level, nonzero, pick, polynomial, several, wrong_answers

Matrix = list[list[int]]


def _latex(matrix: Sequence[Sequence[int]]) -> str:
    rows = " \\\\ ".join(" & ".join(map(str, row)) for row in matrix)
    return f"\\begin{{pmatrix}} {rows} \\end{{pmatrix}}"


def _times(left: Matrix, right: Matrix) -> Matrix:
    columns = list(zip(*right, strict=True))
    return [[sum(a * b for a, b in zip(row, column, strict=True)) for column in columns] for row in left]


def _random_matrix(rng: np.random.Generator, size: int) -> Matrix:
    return [[nonzero(rng, size) for _ in range(2)] for _ in range(2)]


def _product(rng: np.random.Generator) -> Problem:
    """One product and one sum."""
    a, b, c = (_random_matrix(rng, 9) for _ in range(3))
    result = [[x + y for x, y in zip(*rows, strict=True)] for rows in zip(_times(a, b), c, strict=True)]
    swapped = [[x + y for x, y in zip(*rows, strict=True)] for rows in zip(_times(b, a), c, strict=True)]
    single = [[a[i][j] * b[i][j] + c[i][j] for j in range(2)] for i in range(2)]
    given = f"A = {_latex(a)}, \\quad B = {_latex(b)}, \\quad C = {_latex(c)}"
    statement = pick(
        rng,
        (
            f"Let \\[{given}.\\] Compute $AB + C$.",
            f"Evaluate \\[{_latex(a)} {_latex(b)} + {_latex(c)}.\\]",
            f"The matrices \\[{given}\\] are given. For which matrix $X$ is $X - C = AB$?",
        ),
    )
    answer = _latex(result)
    traps = wrong_answers(answer, _latex(swapped), _latex(single))
    return Problem(
        f"{statement} Give your answer as a matrix.", answer, {"kind": "product", "matrices": [a, b, c]}, traps
    )


def _equation(rng: np.random.Generator) -> Problem:
    """Multiply by the inverse from the right side."""
    while True:
        a, x = _random_matrix(rng, 9), _random_matrix(rng, 12)
        if a[0][0] * a[1][1] != a[0][1] * a[1][0]:
            break
    left = bool(rng.integers(2))
    b = _times(a, x) if left else _times(x, a)
    equation = "AX = B" if left else "XA = B"
    shown = f"{_latex(a)} X = {_latex(b)}" if left else f"X {_latex(a)} = {_latex(b)}"
    statement = pick(
        rng,
        (
            f"Find the matrix $X$ with \\[{shown}.\\]",
            f"Let $A = {_latex(a)}$ and $B = {_latex(b)}$. Solve the matrix equation ${equation}$.",
            f"{pick(rng, NAMES)} has multiplied an unknown matrix $X$ by a known one and found that \\[{shown}.\\] "
            "What was $X$?",
        ),
    )
    answer = _latex(x)
    transposed = _latex([list(column) for column in zip(*x, strict=True)])
    traps = wrong_answers(answer, transposed, _latex([[-k for k in row] for row in x]))
    data = {"kind": "equation", "left": left, "a": a, "b": b}
    return Problem(f"{statement} Give your answer as a matrix.", answer, data, traps)


def _cayley_hamilton(rng: np.random.Generator) -> Problem:
    """A power of a matrix as a combination of the matrix and the identity."""
    a = _random_matrix(rng, 25)
    power = between(rng, 3, 5)
    trace, determinant = a[0][0] + a[1][1], a[0][0] * a[1][1] - a[0][1] * a[1][0]
    p, q = 1, 0
    for _ in range(power - 1):
        p, q = p * trace + q, -p * determinant
    statement = pick(
        rng,
        (
            f"Let $A = {_latex(a)}$ and let $I$ be the identity matrix. There are unique numbers $p$ and $q$ such that "
            f"$A^{power} = pA + qI$. Find $(p, q)$.",
            f"The matrix $A = {_latex(a)}$ satisfies $A^{power} = pA + qI$ for exactly one ordered pair $(p, q)$ "
            f"of real numbers, where $I$ is the identity matrix. Determine this pair.",
            f"Every power of $A = {_latex(a)}$ is a combination of $A$ and the identity matrix $I$. If "
            f"$A^{power} = pA + qI$, what is the ordered pair $(p, q)$?",
        ),
    )
    answer = f"({p},{q})"
    traps = wrong_answers(answer, f"({q},{p})", f"({p},{-q})", f"({trace},{-determinant})")
    return Problem(statement, answer, {"kind": "cayley-hamilton", "matrix": a, "power": power}, traps)


def _rank_one(rng: np.random.Generator) -> Problem:
    """A diagonal matrix plus one of rank one."""
    size = between(rng, 4, 6)
    shifts = [between(rng, 1, 15) for _ in range(size)]
    c, d = between(rng, 1, 20), nonzero(rng, 40)
    # Entries i*(c j + d), and a shift on the diagonal.
    rows = [
        [i * (c * j + d) + (shifts[i - 1] if i == j else 0) for j in range(1, size + 1)] for i in range(1, size + 1)
    ]
    whole = prod(shifts)
    value = whole + sum(whole // shift * i * (c * i + d) for i, shift in enumerate(shifts, start=1))
    rule = f"i({polynomial([c, d], 'j')})"
    one, two = several(rng, NAMES, 2)
    statement = pick(
        rng,
        (
            f"Find the determinant of the matrix \\[{_latex(rows)}.\\]",
            f"In a ${size} \\times {size}$ matrix the entry in row $i$ and column $j$ is ${rule}$ when $i \\ne j$. "
            f"On the diagonal, ${rule}$ is increased by $d_i$, where $(d_1, \\dots, d_{size}) = "
            f"({', '.join(map(str, shifts))})$. Find the determinant of the matrix.",
            f"{one} writes the number ${rule}$ in row $i$ and column $j$ of a square with {size} rows and {size} "
            f"columns. {two} then adds ${', '.join(map(str, shifts))}$, in this order, to the entries on the main "
            f"diagonal, from the top left to the bottom right. What is the determinant of the resulting matrix?",
        ),
    )
    diagonal = prod(rows[i][i] for i in range(size))
    traps = wrong_answers(str(value), whole, diagonal, value - whole)
    return Problem(statement, str(value), {"kind": "determinant", "rows": rows}, traps)


def _continuant(rng: np.random.Generator) -> Problem:
    """A large tridiagonal determinant: expand, solve the recurrence, reduce."""
    r, s = several(rng, range(1, 25), 2)
    n = between(rng, 30, 250)
    divisors = [d for d in range(1, r * s + 1) if (r * s) % d == 0]
    above = pick(rng, divisors) * pick(rng, (-1, 1))
    below = r * s // above
    corner = between(rng, 1, 60)
    # D_n = (r+s) D_(n-1) - rs D_(n-2), with closed form; the corner entry changes the first row only.
    prime = 997

    def closed(k: int) -> int:
        return int((r ** (k + 1) - s ** (k + 1)) // (r - s))

    value = corner * closed(n - 1) - above * below * closed(n - 2)
    diagonal = r + s
    band = (
        f"\\begin{{pmatrix}} {corner} & {above} & & & \\\\ {below} & {diagonal} & {above} & & \\\\ & {below} & "
        f"{diagonal} & \\ddots & \\\\ & & \\ddots & \\ddots & {above} \\\\ & & & {below} & {diagonal} \\end{{pmatrix}}"
    )
    rule = (
        f"$a_{{1,1}} = {corner}$, $a_{{i,i}} = {diagonal}$ for $i \\ge 2$, $a_{{i,i+1}} = {above}$ and $a_{{i+1,i}} = "
        f"{below}$, and all other entries are $0$"
    )
    statement = pick(
        rng,
        (
            f"Let $D$ be the determinant of the ${n} \\times {n}$ matrix \\[{band}\\] in which all entries that "
            f"are not shown are $0$. Find the remainder when $D$ is divided by ${prime}$.",
            f"In a square matrix with ${n}$ rows, {rule}. Find the remainder, from $0$ to ${prime - 1}$, that the "
            f"determinant of the matrix leaves on division by the prime ${prime}$.",
            f"The ${n} \\times {n}$ matrix $A = (a_{{i,j}})$ is built as follows: {rule}. The determinant of $A$ is "
            f"written as ${prime}q + t$ with integers $q$ and $0 \\le t < {prime}$. Determine $t$.",
        ),
    )
    answer = str(value % prime)
    wrong = (closed(n), corner * closed(n - 1) + above * below * closed(n - 2), corner * diagonal ** (n - 1))
    traps = wrong_answers(answer, *(each % prime for each in wrong))
    data = {"kind": "tridiagonal", "n": n, "corner": corner, "diagonal": diagonal, "sides": [above, below]}
    return Problem(statement, answer, data, traps)


FAMILIES = (
    ProblemFamily(
        name="matrices",
        area="algebra",
        summary="products, equations, powers and determinants of matrices",
        chance=0.005,
        make=by_level(_product, _equation, _cayley_hamilton, _rank_one, _continuant),
    ),
)
