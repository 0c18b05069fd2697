"""The formulas as they are written on paper: epochs kept apart, nothing additive, nothing remembered."""

from itertools import pairwise
from math import exp, fsum, log, prod

Blocks = list[tuple[int, int, int, int]]


def log_likelihood(blocks: Blocks, rho: float, r0: float) -> float:
    total = []
    for n_c, n_s, e_c, e_s in blocks:
        f = n_c / (n_c + n_s)
        total.append(e_c * log(rho / r0) - (e_c + e_s) * log((f * rho + 1 - f) / (f * r0 + 1 - f)))
    return fsum(total)


def upper(r0: float) -> list[float]:
    exponents = [0.25, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5, 6]
    return [r0 * 2**exponent for exponent in exponents if r0 * 2**exponent < 64.001]


def lower(r1: float) -> list[float]:
    return [r1 * 2**-exponent for exponent in (0.5, 1, 1.5, 2, 2.5) if r1 * 2**-exponent > 0.999 / 64]


def shares(rhos: list[float], r0: float) -> list[float]:
    raw = [(rho / r0) ** -0.5 for rho in rhos]
    return [weight / sum(raw) for weight in raw]


def mass(epoch: int) -> float:
    return 1 / 2 if epoch == 0 else 1 / (2 * epoch * (epoch + 1))


def restarting(epochs: list[list[float]]) -> float:
    """sum_j m_j exp(everything from epoch j on), for one alternative; `epochs` hold each block's l."""
    return fsum(mass(j) * exp(fsum(map(fsum, epochs[j:]))) for j in range(len(epochs)))


def e_rollback(epochs: list[Blocks], r0: float = 1.0) -> float:
    rhos = upper(r0)
    sums = [restarting([[log_likelihood([b], rho, r0) for b in epoch] for epoch in epochs]) for rho in rhos]
    unspent = 1 / (2 * len(epochs))
    return fsum(share * total for share, total in zip(shares(rhos, r0), sums, strict=True)) + unspent


def e_ratio(blocks: Blocks, r1: float) -> float:
    return fsum(exp(log_likelihood(blocks, rho, r1)) for rho in lower(r1)) / len(lower(r1))


def e_floor(errors: int, requests: int, d: float) -> float:
    values = [(q / d) ** errors * ((1 - q) / (1 - d)) ** (requests - errors) for q in (d / 10, d / 4, d / 2)]
    return sum(values) / 3


def e_above(epochs: list[Blocks], d: float) -> float:
    def one(q: float) -> float:
        logs = [
            [e_c * log(q / d) + (n_c - e_c) * log((1 - q) / (1 - d)) for n_c, _, e_c, _ in epoch]
            for epoch in epochs
        ]
        return restarting(logs)

    return fsum(map(one, (2 * d, 4 * d, 8 * d))) / 3 + 1 / (2 * len(epochs))


def beta_ratio(n_c: int, n_s: int, w: float, c: float) -> float:
    """B(cw + n_c, c(1-w) + n_s) / B(cw, c(1-w)) / w^n_c / (1-w)^n_s as a product of single steps, without gammas."""
    a, b = c * w, c * (1 - w)
    terms = [(a + i) / (c + i) / w for i in range(n_c)]
    return prod(terms) * prod((b + i) / (c + n_c + i) / (1 - w) for i in range(n_s))


def rising(values: list[float]) -> bool:
    return all(low <= high for low, high in pairwise(values))
