"""Matrices of exact numbers, for eigenvalue arguments that the generators do not use."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from math_second_methods.exact import solve

Matrix = list[list[Fraction]]


def exact(rows: Sequence[Sequence[Fraction | int]]) -> Matrix:
    return [[Fraction(value) for value in row] for row in rows]


def identity(size: int, factor: Fraction | int = 1) -> Matrix:
    return [[Fraction(factor if i == j else 0) for j in range(size)] for i in range(size)]


def add(left: Matrix, right: Matrix) -> Matrix:
    return [[a + b for a, b in zip(*rows, strict=True)] for rows in zip(left, right, strict=True)]


def times(left: Matrix, right: Matrix) -> Matrix:
    columns = list(zip(*right, strict=True))
    return [[sum((a * b for a, b in zip(row, col, strict=True)), Fraction(0)) for col in columns] for row in left]


def power(matrix: Matrix, exponent: int) -> Matrix:
    result = identity(len(matrix))
    for bit in bin(exponent)[2:]:
        result = times(result, result)
        if bit == "1":
            result = times(result, matrix)
    return result


def trace(matrix: Matrix) -> Fraction:
    return sum((matrix[i][i] for i in range(len(matrix))), Fraction(0))


def inverse(matrix: Matrix) -> Matrix:
    size = len(matrix)
    unit = identity(size)
    columns = [solve([[*row, unit[i][j]] for i, row in enumerate(matrix)]) for j in range(size)]
    return [list(row) for row in zip(*columns, strict=True)]


def characteristic(matrix: Matrix) -> list[Fraction]:
    """The coefficients of det(xI - M), the highest first, by Faddeev and LeVerrier."""
    size = len(matrix)
    coefficients, current = [Fraction(1)], identity(size)
    for k in range(1, size + 1):
        product = times(matrix, current)
        coefficients.append(-trace(product) / k)
        current = add(product, identity(size, coefficients[-1]))
    return coefficients


def determinant(matrix: Matrix) -> Fraction:
    return characteristic(matrix)[-1] * (-1) ** len(matrix)


def companion(coefficients: Sequence[int]) -> Matrix:
    """The matrix whose eigenvalues are the roots of the polynomial, the highest power first."""
    size = len(coefficients) - 1
    rows = [[Fraction(int(j == i + 1)) for j in range(size)] for i in range(size)]
    rows[-1] = [-Fraction(value, coefficients[0]) for value in reversed(coefficients[1:])]
    return rows
