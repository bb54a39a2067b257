"""What looking every day does to each method: false alarms, power and widths, simulated.

usage: python benchmarks/bench_peeking.py [--simulations 20000] [--seed 1]

Three processes, 20 looks each, a covariate from before the start that CUPED may take off:

    sums     normal outcomes, 200 units of each arm a look, drawn as sums
    orders   units enter daily (Poisson, 200 a day of both arms), and each buys by a Poisson process
             with a rate of its own (gamma); the outcome is the count in its window
    spend    the same units; half of the variance of log amounts lies between units: zero-inflated
             lognormal

Once with no effect, which gives the false alarms, and once (a quarter of the simulations) with an
effect that a single look at the end finds with a chance of .80. `fixed, peeked` is Welch's test at
.05 at each look, `fixed, once` the same at the end only. Widths are those at the last look, as a
part of the fixed interval's. Then the sample ratio, looked at daily, and A/A tests of 2 x 1,000
units of heavy-tailed spend.

Prints tables, and as its last line one JSON object.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable

import numpy as np

from footfall.core.arrays import FloatArray
from footfall.experiments import always_valid, fixed, health, planned_looks
from footfall.experiments.boundaries import bounds
from footfall.experiments.fixed import Comparison, compare
from footfall.experiments.moments import Moments, from_sums

LOOKS = 20
UNITS_A_DAY = 200
ALPHA = 0.05
# z of .975 plus z of .80: what a difference must be in standard errors.
DEVIATES = 1.959964 + 0.841621
CHUNK = 250
SHAPE, SCALE = 0.5, 0.5
LOG_MEAN, LOG_SPREAD = 3.0, 0.8
Arms = tuple[Moments, Moments]
Draw = Callable[[np.random.Generator, int, float], Arms]


def running(sums: dict[str, FloatArray]) -> Arms:
    """Return both arms at each look from the sums of each look, ``[simulations, looks, 2]``."""
    so_far = {name: np.cumsum(values, axis=1) for name, values in sums.items()}
    control, treated = (
        from_sums(**{name: values[..., arm] for name, values in so_far.items()}) for arm in (0, 1)
    )
    return control, treated


def normal_sums(rng: np.random.Generator, simulations: int, effect: float) -> Arms:
    """Draw the sums of normal outcomes with a correlation of .7 to the covariate."""
    shape, count, slope = (simulations, LOOKS, 2), UNITS_A_DAY, 0.7
    x_mean = rng.normal(size=shape) / np.sqrt(count)
    rest_mean = rng.normal(size=shape) / np.sqrt(count)
    # Squares and products about the mean: Bartlett's decomposition of a Wishart matrix.
    first = np.sqrt(rng.chisquare(count - 1, shape))
    cross = rng.normal(size=shape)
    second = rng.chisquare(count - 2, shape)
    own = np.sqrt(1 - slope**2)
    mean = 5 + slope * x_mean + own * rest_mean + effect * np.arange(2)
    xx, xr, rr = first**2, first * cross, cross**2 + second
    return running(
        {
            "units": np.full(shape, float(count)),
            "y": count * mean,
            "yy": slope**2 * xx + 2 * slope * own * xr + own**2 * rr + count * mean**2,
            "x": count * x_mean,
            "xx": xx + count * x_mean**2,
            "xy": slope * xx + own * xr + count * x_mean * mean,
            "nonzero": np.full(shape, float(count)),
        }
    )


def of_units(spends: bool) -> Draw:
    """Return what draws units one by one: their orders, or their spend."""

    def draw(rng: np.random.Generator, simulations: int, effect: float) -> Arms:
        cells = simulations * LOOKS
        entered = rng.poisson(UNITS_A_DAY, cells)
        cell = np.repeat(np.arange(cells), entered)
        treated = rng.random(len(cell)) < 0.5
        y, x = outcomes(rng, treated, effect, spends)
        place = cell * 2 + treated

        def total(values: FloatArray | None) -> FloatArray:
            found = np.bincount(place, weights=values, minlength=cells * 2)
            return found.astype(np.float64).reshape(simulations, LOOKS, 2)

        return running(
            {
                "units": total(None),
                "y": total(y),
                "yy": total(y * y),
                "x": total(x),
                "xx": total(x * x),
                "xy": total(x * y),
                "nonzero": total((y != 0).astype(np.float64)),
            }
        )

    return draw


def outcomes(
    rng: np.random.Generator, treated: FloatArray, effect: float, spends: bool
) -> tuple[FloatArray, FloatArray]:
    """Draw the outcome of each unit, and that of the window before the start."""
    rate = rng.gamma(SHAPE, SCALE, len(treated))
    more = 1 + effect * treated
    if not spends:
        return rng.poisson(rate * more).astype(float), rng.poisson(rate * 3).astype(float)
    level = rng.normal(LOG_MEAN, LOG_SPREAD, len(treated))
    amounts = [np.exp(level + rng.normal(0, LOG_SPREAD, len(treated))) for _ in range(2)]
    after = (rng.poisson(rate * 2) > 0) * amounts[0] * more
    return after, (rng.poisson(rate * 6) > 0) * amounts[1]


def sized_effect(name: str, rng: np.random.Generator) -> float:
    """Return the effect that one look at all planned units finds with a chance of .80."""
    units = LOOKS * UNITS_A_DAY
    if name == "sums":
        return float(DEVIATES * np.sqrt(2 / units))
    effect = 0.0
    arm_units = units / 2
    plain, _ = outcomes(rng, np.zeros(1_000_000), 0.0, name == "spend")
    for _ in range(20):
        # Orders: the mean grows, and the gamma's part of the variance with its square.
        grown = plain.var() * (1 + effect) ** 2
        if name == "orders":
            grown = plain.mean() * (1 + effect) + (plain.var() - plain.mean()) * (1 + effect) ** 2
        effect = DEVIATES * np.sqrt((plain.var() + grown) / arm_units) / plain.mean()
    return float(effect)


def planned_units(name: str) -> int:
    """Return the units of both arms that the experiment was planned for."""
    return LOOKS * UNITS_A_DAY * (2 if name == "sums" else 1)


def rejections(found: Comparison, open_: FloatArray, units: int) -> dict[str, FloatArray]:
    """Return for each method whether it ever found a difference, and its last width."""
    fractions = np.arange(1, LOOKS + 1) / LOOKS
    p = fixed.p_value(found)
    limits = bounds(fractions, planned_looks.information_of(found), ALPHA)
    rho = always_valid.tuned_rho(units, ALPHA)
    sequence = np.where(open_ > 0, always_valid.half_width(found.units, rho, ALPHA), np.inf)
    with np.errstate(invalid="ignore", divide="ignore"):
        t = np.abs(found.difference / found.standard_error)
    once = fixed.half_width(found)[:, -1]
    return {
        "fixed, peeked": (p < ALPHA).any(axis=1),
        "fixed, once": p[:, -1] < ALPHA,
        "planned looks": (np.abs(fixed.z_value(found)) >= limits).any(axis=1),
        "always valid": (t > sequence).any(axis=1),
        "planned looks, width": planned_looks.half_widths(found, limits)[:, -1] / once,
        "always valid, width": sequence[:, -1] / once,
    }


def simulated(
    name: str, draw: Draw, simulations: int, effect: float, rng: np.random.Generator
) -> dict[str, dict[str, float]]:
    """Return adjustment -> method -> share of simulations that found a difference, or width."""
    parts: dict[str, dict[str, list[FloatArray]]] = {"none": {}, "cuped": {}}
    for start in range(0, simulations, CHUNK):
        control, treated = draw(rng, min(CHUNK, simulations - start), effect)
        open_ = always_valid.is_open(control, treated)
        for adjustment, into in parts.items():
            found = compare(control, treated, with_covariate=adjustment == "cuped")
            for method, values in rejections(found, open_, planned_units(name)).items():
                into.setdefault(method, []).append(values)
    return {
        adjustment: {
            method: round(float(np.concatenate(values).mean()), 4)
            for method, values in into.items()
        }
        for adjustment, into in parts.items()
    }


def sample_ratios(simulations: int, rng: np.random.Generator) -> dict[str, float]:
    """Look daily for 30 days at arms of 500 units a day: sound ones, and 52.5 to 47.5."""
    days, a_day, design = 30, 500, [0.5, 0.5]
    found: dict[str, float] = {}
    for name, share in (("sound", 0.5), ("faulty", 0.525)):
        treated = rng.binomial(a_day, share, (simulations, days))
        units = np.cumsum(np.stack([a_day - treated, treated], axis=2), axis=1)
        evidence = health.sample_ratio_log_bayes_factor(units, design)
        alarms = (evidence >= np.log(health.SEQUENTIAL_ALARM)).any(axis=1)
        gap = units[..., 1] - units.sum(axis=2) / 2
        chi_square = gap**2 / units.sum(axis=2) * 4
        found[f"{name}, sequential"] = round(float(alarms.mean()), 4)
        # 6.635 is the quantile of .99.
        found[f"{name}, chi-square at .01 daily"] = round(
            float((chi_square > 6.635).any(axis=1).mean()), 4
        )
    return found


def same_arms(simulations: int, rng: np.random.Generator) -> dict[str, float]:
    """Compare 1,000 with 1,000 units of heavy-tailed spend that do not differ."""
    units = 1_000
    alarms: dict[str, list[FloatArray]] = {"none": [], "cuped": []}
    for start in range(0, simulations, CHUNK):
        count = min(CHUNK, simulations - start)
        shape = (count, 2, units)
        y, x = (
            values.reshape(shape)
            for values in outcomes(rng, np.zeros(count * 2 * units), 0.0, spends=True)
        )
        control, treated = (
            from_sums(
                np.full(count, float(units)),
                y[:, arm].sum(axis=1),
                (y[:, arm] ** 2).sum(axis=1),
                x=x[:, arm].sum(axis=1),
                xx=(x[:, arm] ** 2).sum(axis=1),
                xy=(x[:, arm] * y[:, arm]).sum(axis=1),
            )
            for arm in (0, 1)
        )
        for adjustment, into in alarms.items():
            found = compare(control, treated, with_covariate=adjustment == "cuped")
            into.append(fixed.p_value(found) < ALPHA)
    return {name: round(float(np.concatenate(values).mean()), 4) for name, values in alarms.items()}


def main() -> None:
    """Simulate all, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--simulations", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if options.simulations < 4:
        parser.error("--simulations must be 4 or more")
    used = time.process_time()
    rng = np.random.default_rng(options.seed)
    draws: dict[str, Draw] = {
        "sums": normal_sums, "orders": of_units(spends=False), "spend": of_units(spends=True),
    }  # fmt: skip
    found: dict[str, dict[str, dict[str, dict[str, float]]]] = {}
    methods = ("fixed, peeked", "fixed, once", "planned looks", "always valid")
    print(f"{options.simulations:,} simulations, {LOOKS} looks, alpha {ALPHA}\n")
    print(f"{'process':8s}{'adjustment':12s}{'method':16s}{'false alarms':>14s}{'power':>8s}"
          f"{'width / fixed':>15s}")  # fmt: skip
    for name, draw in draws.items():
        effect = sized_effect(name, rng)
        null = simulated(name, draw, options.simulations, 0.0, rng)
        real = simulated(name, draw, options.simulations // 4, effect, rng)
        found[name] = {}
        for adjustment in ("none", "cuped"):
            rows = found[name][adjustment] = {}
            for method in methods:
                rows[method] = {
                    "false_alarms": null[adjustment][method],
                    "power": real[adjustment][method],
                    "width": null[adjustment].get(f"{method}, width", 1.0),
                }
                print(f"{name:8s}{adjustment:12s}{method:16s}{rows[method]['false_alarms']:14.4f}"
                      f"{rows[method]['power']:8.3f}{rows[method]['width']:15.3f}",
                      flush=True)  # fmt: skip
    ratios = sample_ratios(options.simulations, rng)
    print("\nSample ratio looked at daily for 30 days, 500 units a day: alarms")
    for name, share in ratios.items():
        print(f"  {name:36s}{share:8.4f}")
    alike = same_arms(options.simulations, rng)
    print("\nA/A, 2 x 1,000 units of zero-inflated lognormal spend: p < .05")
    for name, share in alike.items():
        print(f"  {name:36s}{share:8.4f}")
    print(
        json.dumps(
            {
                "simulations": options.simulations,
                "looks": LOOKS,
                "processes": found,
                "sample_ratio": ratios,
                "a_a": alike,
                "cpu_seconds": round(time.process_time() - used, 1),
            }
        )
    )


if __name__ == "__main__":
    main()
