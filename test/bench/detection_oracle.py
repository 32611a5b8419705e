"""The ceiling of the detection benchmark: a detector that knows how the data were generated.

It uses the same kind of likelihood as the extension, but with the true law of the noise, the true levels of weeks,
segments, and contracts, the true spread of users, the true laws of the leaks, and the true rates. It learns nothing. No
method can be expected to rank better. It knows the generator's default noise, holes, and zeros (test/data/distributions.c,
history.c, leaks.c), but not its irregularities.

Logarithms of a week's revenue over its true mean are points of a grid. A user's level and a leak's factor are shifts on
that grid. A user's likelihood is the product over the weeks; weeks without a positive amount count as 1.
"""

import os
import re

import numpy as np
from scipy.stats import binom

from detection_metrics import flag_by_local_rate

SOURCES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data")


def numbers_in(source, start, end):
    """The numbers between two marks in a source file of the generator, so that they are always current."""
    with open(os.path.join(SOURCES, source)) as file:
        text = file.read()
    found = re.search(re.escape(start) + "(.*?)" + re.escape(end), text, re.DOTALL)
    if not found:
        raise RuntimeError("%s: no \"%s\": the oracle must be adapted" % (source, start))
    return np.array([float(number) for number in re.findall(r"[0-9]+(?:\.[0-9]+)?", found.group(1))])


# quantiles of a week's amount, with linear interpolation; the sixth power above the last
QUANTILE_P, QUANTILE_AMOUNT = numbers_in("distributions.c", "quantiles[] =", "};").reshape(-1, 2).T
TAIL_HIGH, = numbers_in("distributions.c", "#define TAIL_HIGH", "\n")
SEGMENT_LEVEL = dict(zip(("Tier_1", "Tier_2", "Tier_3"), numbers_in("distributions.c", "tier_level[3] =", ";")))
POSTPAID_LEVEL, = numbers_in("distributions.c", "#define POSTPAID_LEVEL", "\n")
WEEK_AVERAGE = numbers_in("history.c", "week_average[14] =", ";")
FIRST_WEEK = 22             # first of the generator's default weeks
HOLE_RATE, = numbers_in("generate.c", "opt->hole_rate =", ";")

# leaks.c
MIN_WEEKS, = numbers_in("leaks.c", "#define MIN_WEEKS", "\n")
DROP_FACTOR = (0.1, 0.5)
UNDERBILLED_FACTOR = (0.2, 0.6)

FINE = 16                   # points per step at which the noise law is tabulated
FLOOR = 1e-12               # lower limit of the probability of one week
CHUNK = 1000                # users at a time


def noise_mean():
    tail = TAIL_HIGH - QUANTILE_AMOUNT[-1]
    inside = np.diff(QUANTILE_P) * (QUANTILE_AMOUNT[1:] + QUANTILE_AMOUNT[:-1]) / 2
    return inside.sum() + (1 - QUANTILE_P[-1]) * (QUANTILE_AMOUNT[-1] + tail / 7)


def noise_cdf(amount):
    """Distribution function of a week's amount, in the law's own dollars."""
    last = QUANTILE_AMOUNT[-1]
    above = np.clip((amount - last) / (TAIL_HIGH - last), 0, 1) ** (1 / 6)
    return np.where(amount <= last, np.interp(amount, QUANTILE_AMOUNT, QUANTILE_P),
                    QUANTILE_P[-1] + (1 - QUANTILE_P[-1]) * above)


def normal_grid(spread, step):
    """Shifts (whole steps) of a user's level and their probabilities; the mean level is 1."""
    if spread == 0:
        return np.array([0]), np.array([1.0])
    centre = -0.5 * spread * spread
    shifts = np.arange(int((centre - 4.5 * spread) / step) - 1, int((centre + 4.5 * spread) / step) + 2)
    weight = np.exp(-0.5 * ((shifts * step - centre) / spread) ** 2)
    return shifts, weight / weight.sum()


def factor_grid(limits, step):
    """Downward shifts of a factor that is uniform within the limits, and their probabilities."""
    low, high = limits
    shifts = np.arange(int(round(-np.log(high) / step)), int(round(-np.log(low) / step)) + 1)
    upper = np.minimum(np.exp(-(shifts - 0.5) * step), high)
    lower = np.maximum(np.exp(-(shifts + 0.5) * step), low)
    return shifts, np.maximum(upper - lower, 0) / (high - low)


def missing_law(interior, missing):
    """Probability of this many missing weeks: if none leaked (binomial), and if weeks of the user were removed."""
    honest = binom.pmf(missing, interior, HOLE_RATE)
    removed = np.zeros(len(interior))
    for holes in range(int(missing.max()) + 1):
        present = interior - holes
        most = present // 2                                 # 2 to half of the interior weeks, equally likely
        taken = missing - holes
        possible = (present + 2 >= MIN_WEEKS) & (taken >= 2) & (taken <= most)
        removed += np.where(possible, binom.pmf(holes, interior, HOLE_RATE) / np.maximum(most - 1, 1), 0)
    return honest, removed


class Oracle:
    """p_clean and expected_leak, one element per user; flagged at the given rate."""

    def __init__(self, data, spread, leak_rate, tiers, rate=0.05):
        self.step = np.log(2) / (16 if spread > 0 else 32)
        self.levels, self.level_weight = normal_grid(spread, self.step)
        self.drops, self.drop_weight = factor_grid(DROP_FACTOR, self.step)
        self.unders, self.under_weight = factor_grid(UNDERBILLED_FACTOR, self.step)
        deepest = max(self.drops[-1], self.unders[-1])
        self.grid = np.arange(self.levels[0] - deepest, self.levels[-1] + 1)
        self.leak_rate = leak_rate
        self.tabulate_noise()

        mean = WEEK_AVERAGE[(data.weeks - FIRST_WEEK) % 14][None, :]
        mean = mean * np.where(data.mobile_type == "Postpaid", POSTPAID_LEVEL, 1)[:, None]
        if tiers:
            mean = mean * np.array([SEGMENT_LEVEL[s] for s in data.segment])[:, None]
        self.p_clean = np.empty(data.users)
        self.expected_leak = np.empty(data.users)
        for first in range(0, data.users, CHUNK):
            part = slice(first, first + CHUNK)
            self.p_clean[part], self.expected_leak[part] = self.assess(
                data.revenue[part], ~np.isnan(data.expected[part]), mean[part])
        self.flagged = flag_by_local_rate(self.p_clean, rate)

    def tabulate_noise(self):
        """Probability of a log ratio within half a step of each point of the fine grid."""
        step, mean = self.step, noise_mean()
        self.table_first = int(np.floor(np.log(QUANTILE_AMOUNT[0] / mean / 2) / step)) * FINE
        last = int(np.ceil(np.log(TAIL_HIGH / mean * 2) / step)) * FINE
        point = np.arange(self.table_first, last + 1) * (step / FINE)
        self.table = FLOOR + (noise_cdf(mean * np.exp(point + step / 2)) - noise_cdf(mean * np.exp(point - step / 2)))

    def week_likelihoods(self, revenue, mean):
        """users x weeks x grid: probability of the week's amount at each shift."""
        positive = np.nan_to_num(revenue) > 0
        ratio = np.log(np.where(positive, revenue, 1) / mean)
        place = np.rint(ratio / (self.step / FINE)).astype(int) - self.table_first
        place = np.clip(place[:, :, None] - FINE * self.grid, 0, len(self.table) - 1)
        return np.where(positive[:, :, None], self.table[place], 1.0)

    def shift_down(self, shifts, weight):
        """The matrix that maps a function on the grid to its mean over a leak's factor, at each level."""
        matrix = np.zeros((len(self.grid), len(self.levels)))
        for j, w in zip(shifts, weight):
            row = self.levels - j - self.grid[0]
            matrix[row, np.arange(len(self.levels))] += w
        return matrix

    def assess(self, revenue, inside, mean):
        amount = np.nan_to_num(revenue)
        present = ~np.isnan(revenue)
        n = present.sum(axis=1)
        zeros = (revenue == 0).sum(axis=1)
        interior = np.maximum(inside.sum(axis=1) - 2, 0)
        missing = inside.sum(axis=1) - n
        level_place = self.levels - self.grid[0]

        weeks = self.week_likelihoods(revenue, mean)
        after = np.empty((revenue.shape[1] + 1,) + weeks[:, 0].shape)
        after[-1] = 1
        for w in range(revenue.shape[1] - 1, -1, -1):
            after[w] = after[w + 1] * weeks[:, w]
        whole = after[0]

        none = whole[:, level_place] @ self.level_weight
        growth = np.exp(self.levels * self.step)
        level = (whole[:, level_place] @ (self.level_weight * growth)) / none

        # weight / factor - weight: money lost per dollar billed
        lost = self.under_weight * (np.exp(self.unders * self.step) - 1)
        under = whole @ self.shift_down(self.unders, self.under_weight) @ self.level_weight
        under_lost = whole @ self.shift_down(self.unders, lost) @ self.level_weight * amount.sum(axis=1)

        fall = self.shift_down(self.drops, self.drop_weight)
        fall_lost = self.shift_down(self.drops, self.drop_weight * (np.exp(self.drops * self.step) - 1))
        drop = np.zeros(len(n))
        drop_lost = np.zeros(len(n))
        before = np.ones((len(n), len(self.levels)))
        for w in range(1, revenue.shape[1]):
            before = before * weeks[:, w - 1, level_place]
            earlier = present[:, :w].sum(axis=1)
            possible = present[:, w] & (earlier >= 2) & (n - earlier >= 2)
            weight = np.where(possible, 1 / np.maximum(n - 3, 1), 0)
            drop += weight * ((before * (after[w] @ fall)) @ self.level_weight)
            drop_lost += (weight * ((before * (after[w] @ fall_lost)) @ self.level_weight)
                          * amount[:, w:].sum(axis=1))

        honest, removed = missing_law(interior, missing)
        each = self.leak_rate / 4
        eligible = (n >= MIN_WEEKS) & (zeros == 0)
        weight_none = np.where(n >= MIN_WEEKS, 1 - self.leak_rate, 1) * none * honest * (zeros == 0)
        weight_missing = each * none * removed * (zeros == 0)
        weight_drop = np.where(eligible, each * drop * honest, 0)
        weight_under = np.where(eligible, each * under * honest, 0)
        weight_zero = np.where(zeros > 0, 1.0, 0)           # no honest week is zero
        total = weight_none + weight_missing + weight_drop + weight_under + weight_zero

        lost_mean = np.where(inside & ~present, mean, 0).sum(axis=1) * level
        zero_mean = np.where(revenue == 0, mean, 0).sum(axis=1) * level
        with np.errstate(divide="ignore", invalid="ignore"):
            expected = (weight_missing * lost_mean + weight_zero * zero_mean
                        + weight_drop * np.where(drop > 0, drop_lost / drop, 0)
                        + weight_under * np.where(under > 0, under_lost / under, 0)) / total
        return weight_none / total, expected
