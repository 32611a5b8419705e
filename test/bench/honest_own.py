"""Further honest kinds and the tables of many kinds at once: the data of honest_mixed.py.

A kind is as in honest_kinds.py. A table is a list of (kind, number of users).
"""

import numpy as np

from honest_kinds import HELD_OUT, KINDS, kind, ordinary

OWN = {}


@kind(OWN)
def cheaper_plan(n, rng, weeks):
    """A cheaper plan from a week of the user's own."""
    amount, present = ordinary(n, rng, weeks)
    change = rng.integers(3, weeks - 2, (n, 1))
    return np.where(np.arange(weeks) >= change, amount * rng.uniform(0.35, 0.65, (n, 1)), amount), present


@kind(OWN)
def end_of_season(n, rng, weeks):
    """From a week of the user's own, each week is a third less."""
    amount, present = ordinary(n, rng, weeks)
    since = np.maximum(np.arange(weeks) - rng.integers(weeks // 2, weeks - 3, (n, 1)), 0)
    return amount * 0.67 ** since, present


@kind(OWN)
def summer_pause(n, rng, weeks):
    """Two or three rows of 0 in the six weeks of summer."""
    amount, present = ordinary(n, rng, weeks)
    for u in range(n):
        amount[u, rng.choice(np.arange(6, 12), rng.integers(2, 4), replace=False)] = 0
    return amount, present


@kind(OWN)
def minimum_payment(n, rng, weeks):
    """A small fixed amount, and a large payment now and then."""
    large = rng.random((n, weeks)) < 0.12
    return np.where(large, 45 * np.exp(0.2 * rng.standard_normal((n, weeks))), 2.5), np.ones((n, weeks), dtype=bool)


@kind(OWN)
def abroad(n, rng, weeks):
    """Away in two to four weeks of no pattern."""
    amount, present = ordinary(n, rng, weeks)
    for u in range(n):
        present[u, rng.choice(np.arange(1, weeks - 1), rng.integers(2, 5), replace=False)] = False
    return amount, present


@kind(OWN)
def discount_region(n, rng, weeks):
    """A region with a price of its own: see REGION_OF."""
    amount, present = ordinary(n, rng, weeks)
    return 0.4 * amount, present


@kind(OWN)
def meters(n, rng, weeks):
    """Machines: a quarter of the amounts, and nothing in a fifth of the weeks."""
    amount, present = ordinary(n, rng, weeks)
    return np.where(rng.random((n, weeks)) < 0.2, 0, 0.25 * amount), np.ones((n, weeks), dtype=bool)


@kind(OWN)
def slow_leavers(n, rng, weeks):
    """Less each week for a month, and then gone."""
    amount, present = ordinary(n, rng, weeks)
    end = rng.integers(weeks - 5, weeks + 1, (n, 1))
    left = end - np.arange(weeks)
    return amount * np.clip(left / 5, 0.1, 1), present & (left > 0)


@kind(OWN)
def bill_shock(n, rng, weeks):
    """One week five times as dear, and rows of 0 in the two or three weeks after it."""
    amount, present = ordinary(n, rng, weeks)
    shock = rng.integers(2, weeks - 4, n)
    for u in range(n):
        amount[u, shock[u]] *= 2.5
        amount[u, shock[u] + 1:shock[u] + 1 + rng.integers(2, 4)] = 0
    return amount, present


@kind(OWN)
def out_of_money(n, rng, weeks):
    """A row of 0 in the last week of most months."""
    amount, present = ordinary(n, rng, weeks)
    return np.where((np.arange(weeks) % 4 == 3) & (rng.random((n, weeks)) < 0.7), 0, amount), present


@kind(OWN)
def growing_gaps(n, rng, weeks):
    """Pays every week, then every second, third, and fourth."""
    amount, present = ordinary(n, rng, weeks)
    present = np.zeros((n, weeks), dtype=bool)
    for u in range(n):
        week, step = rng.integers(0, 3), 1.0
        while week < weeks:
            present[u, int(week)] = True
            week += max(1, int(step))
            step += rng.uniform(0.2, 0.6)
    return amount, present


@kind(OWN)
def night_tariff(n, rng, weeks):
    """A quarter of the amounts, which vary much."""
    amount, present = ordinary(n, rng, weeks)
    return 0.25 * amount * np.exp(0.6 * rng.standard_normal((n, weeks))), present


@kind(OWN)
def shifts(n, rng, weeks):
    """Three weeks as usual, one week with a fifth of it."""
    amount, present = ordinary(n, rng, weeks)
    return np.where((np.arange(weeks) + rng.integers(0, 4, (n, 1))) % 4 == 0, 0.2 * amount, amount), present


@kind(OWN)
def random_payers(n, rng, weeks):
    """Pays in two thirds of the weeks, in no order."""
    amount, present = ordinary(n, rng, weeks)
    return amount, rng.random((n, weeks)) < 0.67


@kind(OWN)
def temporary_cut(n, rng, weeks):
    """Half of the amounts for three to six weeks."""
    amount, present = ordinary(n, rng, weeks)
    start = rng.integers(3, weeks - 6, (n, 1))
    week = np.arange(weeks)
    cut = (week >= start) & (week < start + rng.integers(3, 7, (n, 1)))
    return np.where(cut, 0.45 * amount, amount), present


@kind(OWN)
def shrinking(n, rng, weeks):
    """Some percent less each week."""
    amount, present = ordinary(n, rng, weeks)
    return amount * np.exp(-rng.uniform(0.04, 0.12, (n, 1)) * (np.arange(weeks) - weeks / 2)), present


@kind(OWN)
def yearly_fee(n, rng, weeks):
    """A third of the amounts, and a large fee once."""
    amount, present = ordinary(n, rng, weeks)
    amount *= 0.35
    amount[np.arange(n), rng.integers(0, weeks, n)] = 90
    return amount, present


@kind(OWN)
def zero_clusters(n, rng, weeks):
    """Once or twice, rows of 0 for one to four weeks."""
    amount, present = ordinary(n, rng, weeks)
    for u in range(n):
        for _ in range(rng.integers(1, 3)):
            start = rng.integers(0, weeks - 3)
            amount[u, start:start + rng.integers(1, 5)] = 0
    return amount, present


# kinds whose users are all in one region
REGION_OF = {"discount region": "Coast"}

OWN_NAMES = list(OWN)
TABLES = {
    "A": [("own phase 4 missing", 1500), ("top up", 400), ("staff", 60), ("free weeks", 150), ("dormancy", 150),
          ("migration", 200), ("last week late", 150), ("temporary cut", 80), ("shrinking", 80)],
    "B": [("own phase 4 zero", 2500), ("top up", 1500), ("two on two off", 200), ("dormancy", 200), ("summer pause", 100),
          ("end of season", 60), ("yearly fee", 60), ("staff", 40)],
    "C": [(name, 90) for name in ("top up", "random payers", "two on two off", "summer pause", "shifts", "cheaper plan",
                                  "end of season", "yearly fee", "night tariff", "travelers")],
    "own, 15 each": [(name, 15) for name in OWN_NAMES],
    "own, 60 each": [(name, 60) for name in OWN_NAMES],
    "own, odd, 120 each": [(name, 120) for name in OWN_NAMES[::2]],
    "own, even, 30 each": [(name, 30) for name in OWN_NAMES[1::2]],
    "all, 30 each": [(name, 30) for name in list(KINDS) + list(HELD_OUT) + OWN_NAMES],
}
ALL_KINDS = {**KINDS, **HELD_OUT, **OWN}
