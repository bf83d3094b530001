"""Numbers between 0 and 1 by their index: a piece of a sequence is the same however the sequence is cut into pieces.

Nothing is kept between calls, so that a million points of a hundred factors take the memory of the piece asked for.
The draws of a factor in a Latin hypercube or a Monte Carlo sample depend on its name, the seed and the index alone:
further factors change nothing (common random numbers).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

SOBOL_BITS = 30
"""A Sobol sequence has 2^30 points."""
_ROUNDS = 8
_SMALLEST, _LARGEST = 2.0**-54, 1.0 - 2.0**-53
"""Distributions without ends have no value at 0 and 1."""


def monte_carlo(name: str, seed: int, start: int, stop: int) -> Array:
    """(stop - start) independent uniform numbers of a factor."""
    return _clipped(_uniform(_entropy("monte-carlo", name, seed), start, stop))


def latin_hypercube(name: str, seed: int, size: int, start: int, stop: int) -> Array:
    """(stop - start) numbers of a factor; of all `size`, one lies in each of `size` equal parts, in random order."""
    entropy = _entropy("latin-hypercube", name, seed)
    keys = np.asarray(entropy.generate_state(_ROUNDS, np.uint64), dtype=np.uint64)
    parts = permuted(np.arange(start, stop, dtype=np.uint64), size, keys)
    return _clipped((parts + _uniform(entropy, start, stop)) / size)


def sobol(dimensions: int, seed: int, start: int, stop: int) -> Array:
    """(stop - start, dimensions) points of a scrambled Sobol sequence."""
    from scipy.stats import qmc

    count = stop - start
    if count <= 0:
        return np.empty((0, dimensions))
    engine = qmc.Sobol(dimensions, bits=SOBOL_BITS, seed=np.random.default_rng(_entropy("sobol", "", seed)))
    if start:
        engine.fast_forward(start)
    # From its start, the engine warns of numbers that are no power of two.
    drawn = engine.random(count if start else 1 << (count - 1).bit_length())[:count]
    return np.asarray(drawn, dtype=float) + 2.0 ** -(SOBOL_BITS + 1)  # middle of a cell, never 0


def permuted(index: NDArray[np.uint64], size: int, keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Places of some indices in a random order of `range(size)`, found without making the whole order.

    A Feistel network permutes the cells of the smallest rectangle about as wide as high; from the few cells beyond
    `size` it is walked on until one within is met.
    """
    rows = math.isqrt(size - 1) + 1
    shape = np.uint64(rows), np.uint64(-(-size // rows))
    places = _feistel(index, shape, keys)
    while (outside := places >= size).any():
        places[outside] = _feistel(places[outside], shape, keys)
    return places


def _feistel(
    index: NDArray[np.uint64], shape: tuple[np.uint64, np.uint64], keys: NDArray[np.uint64]
) -> NDArray[np.uint64]:
    rows, columns = shape
    row, column = index // columns, index % columns
    for one, other in keys.reshape(-1, 2):
        row = (row + _mixed(column ^ one) % rows) % rows
        column = (column + _mixed(row ^ other) % columns) % columns
    return row * columns + column


def _mixed(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of SplitMix64: every bit of the input turns half of the output's."""
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return numbers ^ (numbers >> np.uint64(31))


def correlation_matrix(names: Sequence[str], correlations: Mapping[tuple[str, str], float]) -> Array:
    """(K, K) correlations of some factors; zero where a pair has none."""
    at = {name: number for number, name in enumerate(names)}
    matrix = np.eye(len(names))
    for (one, other), rho in correlations.items():
        if one in at and other in at:
            matrix[at[one], at[other]] = matrix[at[other], at[one]] = rho
    return matrix


def factor_of_correlations(matrix: Array) -> Array:
    """(K, K) lower triangular matrix whose product with its transpose is a correlation matrix.

    The matrix may be singular, which a Cholesky decomposition does not take. Raises ValueError where it is not
    positive semidefinite.
    """
    values, vectors = np.linalg.eigh(matrix)
    if values[0] < -1e-9:
        raise ValueError("not positive semidefinite")
    root = np.transpose(vectors * np.sqrt(np.maximum(values, 0.0)))
    upper = np.linalg.qr(root).R
    signs = np.where(np.diag(upper) < 0, -1.0, 1.0)
    return np.asarray(np.transpose(upper * signs[:, None]))


def correlated(levels: Array, lower: Array) -> Array:
    """(n, K) uniform numbers with a Gaussian copula, from independent ones and a factor of the correlation matrix."""
    from scipy.special import ndtr, ndtri

    scores = ndtri(levels)
    # Column by column: a matrix product may round differently for pieces of different length.
    columns = [sum(weight * scores[:, j] for j, weight in enumerate(row) if weight) for row in lower]
    return _clipped(np.asarray(ndtr(np.stack(columns, axis=1))))


def order(points: Mapping[str, NDArray[Any] | Sequence[Any]], chunk: int = 1024) -> NDArray[np.int64]:
    """(n) an order of points in which neighbours are similar, for a solver that starts from the plan before.

    Points that differ in anything but numbers stay apart. The others are sorted along a space-filling curve, and
    within pieces of it each point is followed by the nearest one that is left.

    Args:
        points: (n) values of each lever; each lever's numbers count relative to their spread.
        chunk: points among which the nearest one is looked for.
    """
    columns = {path: np.asarray(values) for path, values in points.items() if _is_numeric(values)}
    others = [[repr(value) for value in values] for path, values in points.items() if path not in columns]
    size = len(next(iter(points.values()), ()))
    scaled = np.zeros((size, len(columns)))
    for j, values in enumerate(columns.values()):
        spread = np.ptp(values) if size else 0.0
        scaled[:, j] = (values - values.min()) / spread if spread > 0 else 0.0
    groups: dict[tuple[str, ...], list[int]] = {}
    for i in range(size):
        groups.setdefault(tuple(texts[i] for texts in others), []).append(i)
    found: list[NDArray[np.int64]] = []
    last: Array | None = None
    for members in groups.values():
        along = np.asarray(members)[np.argsort(_curve(scaled[members]), kind="stable")]
        for first in range(0, len(along), chunk):
            piece = along[first : first + chunk]
            found.append(piece[_nearest(scaled[piece], last)])
            last = scaled[found[-1][-1]]
    return np.concatenate(found) if found else np.empty(0, dtype=np.int64)


def _is_numeric(values: NDArray[Any] | Sequence[Any]) -> bool:
    return isinstance(values, np.ndarray) and values.dtype.kind in "fiu"


def _curve(scaled: NDArray[Any]) -> NDArray[np.uint64]:
    """(n) places along a Morton curve."""
    scaled = scaled[:, :62]
    bits = 62 // max(scaled.shape[1], 1)
    cells = np.asarray(scaled * (2.0**bits - 1), dtype=np.uint64)
    places = np.zeros(len(scaled), dtype=np.uint64)
    for bit in reversed(range(bits)):
        for j in range(cells.shape[1]):
            places = (places << np.uint64(1)) | ((cells[:, j] >> np.uint64(bit)) & np.uint64(1))
    return places


def _nearest(scaled: Array, last: Array | None) -> NDArray[np.int64]:
    """(n) order in which each point is the nearest to the one before, beginning nearest to `last`."""
    here = 0 if last is None else int(np.argmin(((scaled - last) ** 2).sum(axis=1)))
    left = np.ones(len(scaled), dtype=bool)
    found = np.empty(len(scaled), dtype=np.int64)
    for step in range(len(scaled)):
        found[step] = here
        left[here] = False
        distance = ((scaled - scaled[here]) ** 2).sum(axis=1)
        here = int(np.argmin(np.where(left, distance, np.inf)))
    return found


def _entropy(method: str, name: str, seed: int) -> np.random.SeedSequence:
    # A digest of 128 bits: two names of one study never share it.
    digest = blake2b(f"{method}\0{name}".encode(), digest_size=16).digest()
    return np.random.SeedSequence([seed, *np.frombuffer(digest, dtype="<u4").tolist()])


def _uniform(entropy: np.random.SeedSequence, start: int, stop: int) -> Array:
    """Numbers of a counter-based generator, which begins at any place at once; it makes four at a time."""
    bits = np.random.Philox(entropy)
    bits.advance(start // 4)
    return np.random.Generator(bits).random(start % 4 + stop - start)[start % 4 :]


def _clipped(levels: Array) -> Array:
    return np.clip(levels, _SMALLEST, _LARGEST)
