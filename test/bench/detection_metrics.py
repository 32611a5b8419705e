"""Figures of merit of the detection benchmark.

A ranking is an array of scores; a higher score is more suspicious. Users with equal scores are ordered by their (random)
identifier. "Top 100" and "top 1000" refer to 97,351 users, and to the same share of a smaller data set.
"""

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

from detection_mart import KINDS

ALL_USERS = 97351


def top(score, count):
    """The first users of a ranking."""
    return np.argsort(-score, kind="stable")[:max(1, int(round(count)))]


def ranking_figures(data, score, dollar_score=None):
    """AUC, average precision (ap), precision at the top (p100, p1000), share of the leaked dollars in the top 5 %."""
    if dollar_score is None:
        dollar_score = score
    per_user = data.users / ALL_USERS
    in_top = top(dollar_score, 0.05 * data.users)
    return {
        "auc": roc_auc_score(data.leaks, score),
        "ap": average_precision_score(data.leaks, score),
        "p100": data.leaks[top(score, 100 * per_user)].mean(),
        "p1000": data.leaks[top(score, 1000 * per_user)].mean(),
        "dollars5": data.leaked_amount[in_top].sum() / data.leaked_amount.sum(),
    }


def decision_figures(data, flagged):
    """Counts of a decision; rates are computed after pooling data sets."""
    return {
        "users": data.users,
        "flagged": int(flagged.sum()),
        "false": int((flagged & ~data.leaks).sum()),
        "leaks": int(data.leaks.sum()),
        "found": int((flagged & data.leaks).sum()),
    }


def amount_figures(data):
    """The mart's money against the truth: for flagged users and for all users."""
    leaked = data.leaked_amount[data.flagged].sum()
    return {
        "dollar_ratio": data.leakage[data.flagged].sum() / leaked if leaked > 0 else np.nan,
        "dollars_found": leaked / data.leaked_amount.sum(),
        "all_ratio": data.expected_leak.sum() / data.leaked_amount.sum(),
    }


def reason_figures(data):
    """Counts of users by planted kind ("" for none) and reason given ("none" if not flagged)."""
    return {(kind, reason): int(((data.kind == kind) & (data.reason == reason)).sum())
            for kind in ("",) + KINDS for reason in ("none",) + KINDS}


def false_discovery_rate(figures):
    """Pooled over data sets, and in the worst data set."""
    flagged = sum(f["flagged"] for f in figures)
    pooled = sum(f["false"] for f in figures) / flagged if flagged else 0.0
    return pooled, max(f["false"] / f["flagged"] if f["flagged"] else 0.0 for f in figures)


def recall(figures):
    """Share of the leaking users that were flagged, averaged over the data sets."""
    return float(np.mean([f["found"] / f["leaks"] if f["leaks"] else np.nan for f in figures]))


def flag_by_local_rate(p_clean, rate):
    """The longest list of users whose mean probability of being clean is within the rate, and none above one half."""
    order = np.argsort(p_clean, kind="stable")
    mean = np.cumsum(p_clean[order]) / np.arange(1, len(order) + 1)
    passing = np.nonzero((mean <= rate) & (p_clean[order] <= 0.5))[0]
    flagged = np.zeros(len(order), dtype=bool)
    if len(passing):
        flagged[order[:passing[-1] + 1]] = True
    return flagged
