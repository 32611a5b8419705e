"""Tables of users and weeks with honest courses and planted changes of groups.

Honest: levels, noise, and neighbors that resemble each other per user; a common course; seasons of segments, trends of
regions, shocks of regions and tariffs in single weeks; joiners, leavers, holes, and whales. Each table may also have a wave
of leavers, a campaign, a migration to a cheaper tariff, and a whale that leaves.
"""

import numpy as np

DIMENSIONS = ("segment", "mobile_type", "age_group", "region", "gender", "brand", "tariff")
VALUES = (4, 2, 7, 9, 3, 20, 8)
SHAPES = ("mild", "mild", "mild", "mild", "flat", "heavy", "mild")

# what the tables of each law change
LAWS = {
    "usual": {},
    "shocks": {"shock": .02},
    "seasons": {"season": .12},
    "trends": {"trend": .004},
    "noisy": {"noise": .6},
    "unequal": {"level": 1.0},
    "all": {"shock": .02, "season": .12, "trend": .004, "noise": .6, "level": 1.0},
    "heavy_tails": {"tails": 3},
    "counts": {"counts": 4},
    "flat_fees": {"noise": .0, "flat": .05},
    "restless": {"neighbors": .7},
    "sparse": {"hole": .25},
}


def shares(n, shape):
    p = {"heavy": 1 / np.arange(1, n + 1) ** 1.3, "mild": np.linspace(1.6, .6, n), "flat": np.ones(n)}[shape]
    return p / p.sum()


def members(dimensions, where):
    found = np.ones(len(dimensions), bool)
    for name, value in where.items():
        found &= dimensions[:, DIMENSIONS.index(name)] == value
    return found


def draw_dimensions(rng, users):
    dimensions = np.column_stack([rng.choice(n, users, p=shares(n, shape)) for n, shape in zip(VALUES, SHAPES)])
    # tariffs lean on segments, brands on mobile types
    lean = rng.random(users) < .4
    dimensions[lean, 6] = dimensions[lean, 0] * 2 + rng.integers(0, 2, lean.sum())
    lean = (dimensions[:, 1] == 1) & (rng.random(users) < .5)
    dimensions[lean, 5] = rng.choice(np.arange(10, 20), lean.sum())
    return dimensions


def draw_noise(rng, users, weeks, law):
    noise, neighbors, tails = law.get("noise", .25), law.get("neighbors", .2), law.get("tails")
    deviation = noise * np.exp(rng.normal(0, .35, users) - .06)
    steps = rng.normal(size=(users, weeks)) if tails is None else rng.standard_t(tails, (users, weeks)) / np.sqrt(3)
    for week in range(1, weeks):
        steps[:, week] = neighbors * steps[:, week - 1] + np.sqrt(1 - neighbors ** 2) * steps[:, week]
    return deviation[:, None] * steps - deviation[:, None] ** 2 / 2


def draw_courses(rng, dimensions, weeks, law):
    week = np.arange(weeks)
    shock, season, trend = law.get("shock", .006), law.get("season", .05), law.get("trend", .0015)
    common = rng.normal(0, .03, weeks) + .02 * np.sin(2 * np.pi * week / 4.3)
    seasons = np.array([rng.normal(0, season) * np.sin(2 * np.pi * (week / 52 + rng.random()))
                        + rng.normal(0, season * .4) * np.sin(2 * np.pi * (week / 26 + rng.random()))
                        for _ in range(VALUES[0])])
    trends = rng.normal(0, trend, VALUES[3])[:, None] * (week - weeks / 2)
    region_shocks = rng.normal(0, shock, (VALUES[3], weeks))
    tariff_shocks = rng.normal(0, shock, (VALUES[6], weeks))
    return (common + seasons[dimensions[:, 0]] + trends[dimensions[:, 3]]
            + region_shocks[dimensions[:, 3]] + tariff_shocks[dimensions[:, 6]])


def draw_honest(rng, weeks):
    """What a table has besides the law, each with a chance of one half."""
    honest = {}
    if rng.random() < .5:
        honest["leavers"] = (int(rng.integers(0, 8)), int(rng.integers(5, weeks - 3)))
    if rng.random() < .5:
        honest["campaign"] = (int(rng.integers(0, 9)), int(rng.integers(3, weeks - 5)))
    if rng.random() < .5:
        tariffs = rng.choice(8, 2, replace=False)
        honest["migration"] = (int(tariffs[0]), int(tariffs[1]), int(rng.integers(5, weeks - 4)))
    if rng.random() < .5:
        honest["whale"] = int(rng.integers(4, weeks - 2))
    return honest


def draw_plant(rng, dimensions, weeks, depth=None, size=None, share=None):
    """A change of a random group of at least 30 users, and at most half of all."""
    depth = depth or int(rng.integers(1, 4))
    while True:
        columns = sorted(rng.choice(len(DIMENSIONS), depth, replace=False))
        user = rng.integers(0, len(dimensions))
        where = {DIMENSIONS[c]: int(dimensions[user, c]) for c in columns}
        if 30 <= members(dimensions, where).sum() <= len(dimensions) / 2:
            break
    if rng.random() < .5:
        first, end = int(rng.integers(weeks // 3, weeks - 3)), weeks
    else:
        first = int(rng.integers(3, weeks - 6))
        end = first + int(rng.integers(2, 5))
    return {"where": where, "first": first, "end": end, "size": size or float(rng.choice([.05, .1, .2, .4])),
            "share": share or float(rng.choice([1, .5])), "kind": str(rng.choice(["amount", "amount", "rows"]))}


class Table:
    """users x weeks: amount (NaN: no row), loss (what was taken), dimensions and entity of each row."""

    def __init__(self, seed, users, weeks, law=None, plants=(), honest=True, network=None):
        rng = np.random.default_rng(seed)
        law = law or {}
        self.plants, self.weeks = list(plants), weeks
        self.honest = draw_honest(np.random.default_rng(10_000_000 + seed), weeks) if honest else {}
        self.dimensions = draw_dimensions(rng, users)
        week = np.arange(weeks)
        level = 12 * np.exp(rng.normal(0, law.get("level", .3), users))
        level *= np.array([.7, .9, 1.1, 1.5])[self.dimensions[:, 0]] * np.linspace(.8, 1.3, 8)[self.dimensions[:, 6]]
        level[rng.random(users) < .0005] *= 60
        noise = draw_noise(rng, users, weeks, law)
        courses = draw_courses(rng, self.dimensions, weeks, law)
        if network:
            courses = courses + np.log(1 - network[1]) * ((week >= network[0]) & (week < network[2]))
        if "flat" in law:
            changed = rng.random((users, weeks)) < law["flat"]
            self.amount = level[:, None] * np.where(changed, np.exp(rng.normal(0, .5, (users, weeks))), 1)
        elif "counts" in law:
            rate = law["counts"] * np.exp(noise + courses)
            self.amount = level[:, None] * rng.poisson(rate)
        else:
            self.amount = level[:, None] * np.exp(courses + noise)
        first = np.where(rng.random(users) < .1, rng.integers(1, weeks, users), 0)
        last = np.maximum(np.where(rng.random(users) < .1, rng.integers(0, weeks - 1, users), weeks - 1), first)
        self.add_honest(rng, level, first, last)
        hole = rng.random((users, weeks)) < law.get("hole", .012)
        for user in np.where(rng.random(users) < .02)[0]:
            start = rng.integers(0, weeks)
            hole[user, start:start + rng.integers(2, 5)] = True
        self.loss = np.zeros((users, weeks))
        for plant in self.plants:
            self.add_plant(rng, plant, hole)
        present = (week >= first[:, None]) & (week <= last[:, None]) & ~hole
        inside = (week >= first[:, None]) & (week <= last[:, None])
        self.loss[~inside] = 0
        self.amount = np.where(present, np.round(self.amount, 2), np.nan)
        self.entity = np.arange(users)
        self.migrate(rng, first, last)

    def add_honest(self, rng, level, first, last):
        users = len(level)
        if "leavers" in self.honest:
            tariff, week = self.honest["leavers"]
            leave = (self.dimensions[:, 6] == tariff) & (rng.random(users) < .3)
            last[leave] = np.minimum(last[leave], np.maximum(first[leave], week - 1))
        if "campaign" in self.honest:
            region, week = self.honest["campaign"]
            self.amount[np.ix_(self.dimensions[:, 3] == region, np.arange(week, week + 3))] *= 1.15
        if "whale" in self.honest:
            whale = np.argmax(level * (last == self.weeks - 1) * (first == 0))
            last[whale] = self.honest["whale"] - 1

    def add_plant(self, rng, plant, hole):
        weeks = np.arange(plant["first"], plant["end"])
        concerned = members(self.dimensions, plant["where"])
        plant["users"] = int(concerned.sum())
        concerned &= rng.random(len(concerned)) < plant["share"]
        at = np.ix_(concerned, weeks)
        if plant["kind"] == "amount":
            loss = self.amount[at] * plant["size"] * ~hole[at]
            self.amount[at] *= 1 - plant["size"]
        else:
            lost = (rng.random((concerned.sum(), len(weeks))) < plant["size"]) & ~hole[at]
            loss = np.where(lost, self.amount[at], 0)
            hole[at] |= lost
        self.loss[at] += loss
        plant["index"] = self.plants.index(plant)

    def migrate(self, rng, first, last):
        if "migration" not in self.honest:
            return
        source, target, week = self.honest["migration"]
        moved = np.where((self.dimensions[:, 6] == source) & (rng.random(len(first)) < .3) & (first < week) & (last >= week))[0]
        dimensions = self.dimensions[moved].copy()
        dimensions[:, 6] = target
        later = np.arange(self.weeks) >= week
        amount = np.where(later, np.round(self.amount[moved] * .7, 2), np.nan)
        loss = np.where(later, self.loss[moved] * .7, 0)
        self.amount[np.ix_(moved, np.where(later)[0])] = np.nan
        self.loss[np.ix_(moved, np.where(later)[0])] = 0
        self.dimensions = np.vstack([self.dimensions, dimensions])
        self.amount = np.vstack([self.amount, amount])
        self.loss = np.vstack([self.loss, loss])
        self.entity = np.concatenate([self.entity, moved])

    def true_loss(self, plant):
        at = members(self.dimensions, plant["where"])
        return float(self.loss[at][:, plant["first"]:plant["end"]].sum())

    def rows(self):
        """The table as lines for COPY: entity, week, amount, dimensions."""
        users, weeks = np.nonzero(np.isfinite(self.amount))
        labels = ["\t".join("%s%02d" % (name[0].upper(), value) for name, value in zip(DIMENSIONS, row))
                  for row in self.dimensions]
        return "\n".join("%d\t%d\t%.2f\t%s" % (self.entity[u], w + 1, self.amount[u, w], labels[u])
                         for u, w in zip(users, weeks))
