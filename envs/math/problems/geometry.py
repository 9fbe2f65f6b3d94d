"""Geometry: polygons, triangles, circles, reflections, solids."""

from __future__ import annotations

from selftrain.envs.math.problem import ProblemFamily
from selftrain.envs.math.problems import (
    geometry_circles,
    geometry_cyclic,
    geometry_lattice,
    geometry_paths,
    geometry_ratios,
    geometry_solids,
    geometry_triangles,
)

FAMILIES: tuple[ProblemFamily, ...] = (
    geometry_lattice.FAMILY,
    geometry_triangles.FAMILY,
    geometry_circles.FAMILY,
    geometry_cyclic.FAMILY,
    geometry_paths.FAMILY,
    geometry_solids.FAMILY,
    geometry_ratios.FAMILY,
)
