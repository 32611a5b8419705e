"""Honest users of one kind each, beside ordinary weekly users with planted leaks: the data of the honest bench.

A kind is a function of (users, random generator, weeks) that gives amounts and presence, users x weeks. An absent week
has no row, a present week with amount 0 has a row of 0. KINDS are for development. HELD_OUT are only for judging.
"""

import numpy as np

WEEKS = 16
LEAKS = ("missing_weeks", "zero_weeks", "drop", "underbilled")

KINDS = {}
HELD_OUT = {}


def kind(where, *variants):
    """Registers a kind under its name, or under one name per variant (a tuple of arguments)."""
    def register(function):
        name = function.__name__
        for variant in variants or ((),):
            full_name = " ".join([name] + [str(v) for v in variant]).replace("_", " ")
            where[full_name] = lambda n, rng, weeks, v=variant: function(n, rng, weeks, *v)
        return function
    return register


def ordinary(n, rng, weeks):
    """Weekly users with levels of their own; some join late, and a week in a hundred has no row."""
    level = 10 * np.exp(0.3 * rng.standard_normal((n, 1)))
    amount = level * np.exp(0.35 * rng.standard_normal((n, weeks)))
    start = np.where(rng.random(n) < 0.25, rng.integers(0, weeks // 2, n), 0)
    present = rng.random((n, weeks)) >= 0.01
    present &= np.arange(weeks) >= start[:, None]
    present[np.arange(n), start] = present[:, -1] = True
    return amount, present


def plant(amount, present, share, rng):
    """Plants leaks of four kinds in a share of the users; returns what was planted ("" for none)."""
    planted = np.full(len(amount), "", dtype="U16")
    for u in rng.choice(len(amount), int(len(amount) * share), replace=False):
        weeks = np.flatnonzero(present[u])
        leak = LEAKS[rng.integers(4)]
        if leak == "missing_weeks":
            present[u, rng.choice(weeks[1:-1], rng.integers(3, 8), replace=False) if len(weeks) > 9 else weeks[1:4]] = False
        elif leak == "zero_weeks":
            amount[u, rng.choice(weeks, rng.integers(3, max(4, len(weeks) // 2)), replace=False)] = 0
        elif leak == "drop":
            amount[u, weeks[rng.integers(2, len(weeks) - 2)]:] *= rng.uniform(0.15, 0.5)
        else:
            amount[u] *= rng.uniform(0.15, 0.5)
        planted[u] = leak
    return planted


@kind(KINDS, *[(d, rows) for d in (2, 3, 4, 5) for rows in ("missing", "zero")])
def every(n, rng, weeks, distance, rows):
    """Pays every so many weeks, all users in the same weeks; between the payments no rows, or rows of 0."""
    paid = np.arange(weeks) % distance == 1
    amount = 10 * distance * np.exp(0.25 * rng.standard_normal((n, weeks))) * paid
    return amount, np.broadcast_to(paid, (n, weeks)) | (rows == "zero")


@kind(KINDS, (4, "missing"), (4, "zero"))
def own_phase(n, rng, weeks, distance, rows):
    """The same, each user in weeks of the user's own."""
    paid = np.arange(weeks) % distance == rng.integers(0, distance, (n, 1))
    amount = 10 * distance * np.exp(0.3 * rng.standard_normal((n, 1)) + 0.2 * rng.standard_normal((n, weeks))) * paid
    return amount, paid | (rows == "zero")


@kind(KINDS)
def top_up(n, rng, weeks):
    """Buys 10, 20, or 40 when the last purchase is used up."""
    amount = np.zeros((n, weeks))
    for u in range(n):
        use = 9 * np.exp(0.25 * rng.standard_normal())
        time = rng.uniform(0, 2)
        while time < weeks:
            bought = rng.choice([10, 20, 40])
            amount[u, int(time)] += bought
            time += bought / use * np.exp(0.2 * rng.standard_normal())
    return amount, amount > 0


@kind(KINDS)
def staff(n, rng, weeks):
    """A row of 0 in every week."""
    return np.zeros((n, weeks)), np.ones((n, weeks), dtype=bool)


@kind(KINDS)
def free_weeks(n, rng, weeks):
    """Joins, and pays nothing for four weeks."""
    amount, present = ordinary(n, rng, weeks)
    start = rng.integers(0, weeks - 8, (n, 1))
    week = np.arange(weeks)
    return np.where(week < start + 4, 0, amount), week >= start


@kind(KINDS)
def migration(n, rng, weeks):
    """A new price plan in week 9: half the amounts."""
    amount, present = ordinary(n, rng, weeks)
    amount[:, 9:] *= 0.5
    return amount, present


@kind(KINDS)
def last_week_late(n, rng, weeks):
    """The last two weeks are delivered in part."""
    amount, present = ordinary(n, rng, weeks)
    amount[:, -2:] *= 0.3
    return amount, present


@kind(KINDS)
def dormancy(n, rng, weeks):
    """Away once, for one to five weeks."""
    amount, present = ordinary(n, rng, weeks)
    length = rng.integers(1, 6, n)
    start = rng.integers(1, weeks - length)
    week = np.arange(weeks)
    return amount, present & ~((week >= start[:, None]) & (week < (start + length)[:, None]))


@kind(KINDS, ("missing",), ("zero",))
def catch_up(n, rng, weeks, rows):
    """Misses two to four weeks here and there, and pays for all of them in week 15."""
    amount, present = ordinary(n, rng, weeks)
    present = present.copy()
    for u in range(n):
        missed = rng.choice(np.arange(1, weeks - 2), rng.integers(2, 5), replace=False)
        amount[u, weeks - 2] += amount[u, missed].sum()
        amount[u, missed] = 0
        present[u, missed] = rows == "zero"
    return amount, present


@kind(HELD_OUT, ("missing",), ("zero",))
def calendar_months(n, rng, weeks, rows):
    """Pays once a calendar month: every fourth or fifth week."""
    offset = rng.uniform(0, 30.4, (n, 1))
    day = 7 * np.arange(weeks)
    paid = np.floor((day + 7 + offset) / 30.4) > np.floor((day + offset) / 30.4)
    amount = 40 * np.exp(0.3 * rng.standard_normal((n, 1)) + 0.1 * rng.standard_normal((n, weeks))) * paid
    return amount, paid | (rows == "zero")


@kind(HELD_OUT)
def arrears(n, rng, weeks):
    """Pays every second or third week, for the weeks since the last payment."""
    use = 10 * np.exp(0.25 * rng.standard_normal((n, 1)) + 0.2 * rng.standard_normal((n, weeks)))
    amount = np.zeros((n, weeks))
    for u in range(n):
        last = -1
        while True:
            next_payment = last + rng.integers(2, 4)
            if next_payment >= weeks:
                break
            amount[u, next_payment] = use[u, last + 1:next_payment + 1].sum()
            last = next_payment
    return amount, amount > 0


@kind(HELD_OUT)
def two_on_two_off(n, rng, weeks):
    """Two SIM cards in turn, two weeks each."""
    amount, present = ordinary(n, rng, weeks)
    return amount, (np.arange(weeks) + rng.integers(0, 4, (n, 1))) // 2 % 2 == 0


@kind(HELD_OUT)
def quarter_free(n, rng, weeks):
    """Free until week 3 to 8 of the table, a row of 0 in each week: sold with a handset."""
    amount, present = ordinary(n, rng, weeks)
    return np.where(np.arange(weeks) < rng.integers(3, 9, (n, 1)), 0, amount), np.ones((n, weeks), dtype=bool)


@kind(HELD_OUT)
def blocked_at_the_end(n, rng, weeks):
    """Stops to pay, and has rows of 0 from then on."""
    amount, present = ordinary(n, rng, weeks)
    return np.where(np.arange(weeks) >= rng.integers(weeks // 2, weeks - 1, (n, 1)), 0, amount), present


@kind(HELD_OUT)
def travelers(n, rng, weeks):
    """Abroad twice, for two to four weeks each: no rows."""
    amount, present = ordinary(n, rng, weeks)
    week = np.arange(weeks)
    for low, high in ((1, 4), (8, 11)):
        start = rng.integers(low, high, (n, 1))
        present = present & ~((week >= start) & (week < start + rng.integers(2, 5, (n, 1))))
    return amount, present


@kind(HELD_OUT)
def price_rise(n, rng, weeks):
    """A dearer plan in week 6."""
    amount, present = ordinary(n, rng, weeks)
    amount[:, 6:] *= 1.8
    return amount, present


@kind(HELD_OUT)
def two_payments(n, rng, weeks):
    """Two payments in all, as of a rarely used card."""
    amount = np.zeros((n, weeks))
    for u in range(n):
        amount[u, rng.choice(weeks, 2, replace=False)] = 30
    return amount, np.ones((n, weeks), dtype=bool)



def make_table(kinds, share, users, leaks, seed, weeks=WEEKS):
    """Amounts, presence, kind of each user ("": ordinary), what was planted; share: of each kind in the whole table."""
    rng = np.random.default_rng(seed)
    amount, present = ordinary(users, rng, weeks)
    planted = plant(amount, present, leaks, rng)
    parts = [(amount, present)]
    names = [np.full(users, "", dtype="U32")]
    for name in kinds:
        n = int(round(users * share / (1 - share * len(kinds))))
        parts.append((KINDS | HELD_OUT)[name](n, rng, weeks))
        names.append(np.full(n, name, dtype="U32"))
    amount = np.concatenate([p[0] for p in parts])
    present = np.concatenate([np.broadcast_to(p[1], p[0].shape) for p in parts])
    names = np.concatenate(names)
    return np.round(amount * present, 6), present, names, np.concatenate([planted, np.full(len(names) - users, "")])
