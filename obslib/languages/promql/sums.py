"""Sums that keep small terms next to large ones, as Prometheus' do (Kahan, with Neumaier's improvement)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from obslib.languages.promql.values import Bools, Floats


@dataclass
class KahanSum:
    """A running sum for each cell of an array; `total` and `error` have the cells' shape."""

    total: Floats
    error: Floats

    @classmethod
    def zeros(cls, shape: tuple[int, ...]) -> KahanSum:
        """Nothing added yet."""
        return cls(np.zeros(shape), np.zeros(shape))

    def add(self, terms: Floats, where: Bools | None = None) -> None:
        """Add one term to each cell (chosen by `where`). A sum that becomes infinite loses its error term."""
        terms = terms if where is None else np.where(where, terms, 0.0)
        total = self.total + terms
        # Knuth's two-sum: the exact rounding error whichever of the two is larger.
        part = total - self.total
        lost = terms - part
        np.subtract(total, part, out=part)
        lost += np.subtract(self.total, part, out=part)
        self.error += lost
        infinite = np.isinf(total)
        if infinite.any():
            self.error[infinite] = 0.0
        self.total = total

    def result(self) -> Floats:
        """The sums."""
        return np.asarray(np.where(np.isinf(self.total), self.total, self.total + self.error))


SCALE = 2.0**-32
"""Values scaled by this power of two, which loses no digits, add up without overflow."""


def mean(plain: KahanSum, scaled: KahanSum | None, counts: Floats) -> Floats:
    """Sums divided by counts; where the sum overflowed, the sum of the values times `SCALE` stands in."""
    direct = plain.total / counts + plain.error / counts
    if scaled is None:
        return direct
    return np.asarray(np.where(np.isinf(direct), scaled.result() / counts / SCALE, direct))
