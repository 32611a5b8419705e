"""The bars of the detection benchmark, and a table of the results against them.

They apply to the mean of at least three seeds, at a scale of at least 0.2, with defaults (false discovery rate 0.05).
"""

import numpy as np

from detection_mart import KINDS
from detection_metrics import false_discovery_rate, recall

LEAKING = ("0/1", "0/5", "0.3/1", "0.3/5", "0.6/1", "0.6/5", "tiers/1", "tiers/5")

# bar: the measure, and its lower limit in each of these settings
AT_LEAST = {
    "average precision": ("ap", (.85, .94, .73, .86, .62, .75, .73, .85)),
    "AUC": ("auc", (.99, .993, .96, .975, .92, .925, .965, .97)),
    "precision of first 100": ("p100", (.99, 1, .99, 1, .99, 1, .99, 1)),
    "precision of first 1000": ("p1000", (.74, .99, .64, .99, .57, .99, .64, .99)),
    "dollars in first 5 %": ("dollars5", (.96, .92, .80, .77, .60, .58, .82, .76)),
    "recall": ("recall", (.68, .80, .51, .62, .44, .53, .54, .63)),
}

POOLED_FDR = 0.05
WORST_FDR = 0.08
ORACLE_SHARE = 0.95
RIVAL_FACTOR = 1.25
DOLLAR_ERROR = 0.08
REASON_RIGHT = 0.96
NOISE_USERS = 19470             # number of users that the next three limits refer to
NOISE_MEAN = 0.5
NOISE_WORST = 2
NOISE_MEDIAN = 0
IRREGULAR_FDR = 0.12


def figure_text(x):
    return ("%.3f" % x).replace("0.", ".", 1) if 0 < abs(x) < 1 else "%.3g" % x


class Bars:
    """Rows of (bar, setting, limit, seen, held)."""

    def __init__(self):
        self.rows = []

    def least(self, bar, setting, limit, seen):
        self.rows.append((bar, setting, ">= " + figure_text(limit), seen, seen >= limit))

    def most(self, bar, setting, limit, seen):
        self.rows.append((bar, setting, "<= " + figure_text(limit), seen, seen <= limit))

    def failed(self):
        return [row for row in self.rows if not row[4]]

    def print_tables(self):
        """The bars of the settings with leaks, one column per setting; then the others."""
        settings = [s for s in LEAKING if any(row[1] == s for row in self.rows)]
        if settings:
            print("Bars: seen, limit.\n")
            print("| bar | %s | ok |" % " | ".join(settings))
            print("|---|" + "---|" * (len(settings) + 1))
            for bar in dict.fromkeys(row[0] for row in self.rows if row[1] in settings):
                rows = {row[1]: row for row in self.rows if row[0] == bar}
                cells = ["%s%s %s%s" % ("" if held else "**", figure_text(seen), limit, "" if held else "**")
                         for _, _, limit, seen, held in (rows[s] for s in settings if s in rows)]
                held = all(row[4] for row in rows.values())
                print("| %s | %s | %s |" % (bar, " | ".join(cells), "yes" if held else "**NO**"))
            print()
        others = [row for row in self.rows if row[1] not in settings]
        if others:
            print("| bar | data | limit | seen | ok |")
            print("|---|---|---|---|---|")
            for bar, setting, limit, seen, held in others:
                print("| %s | %s | %s | %s | %s |"
                      % (bar, setting, limit, figure_text(seen), "yes" if held else "**NO**"))
            print()
        print("%d bars, %d failed" % (len(self.rows), len(self.failed())))


def reasons_right(results):
    """Share of the correctly flagged users with the planted reason, pooled."""
    counts = [r["reasons"] for r in results]
    right = sum(c[kind, kind] for c in counts for kind in KINDS)
    found = sum(n for c in counts for (kind, reason), n in c.items() if kind and reason != "none")
    return right / found if found else 1.0


def mean_figure(results, method, figure):
    return float(np.mean([r["ranking"][method][figure] for r in results]))


def best_rival(results):
    """The generic detector with the highest mean average precision, or None if none was run."""
    names = [m for m in results[0]["ranking"] if m not in ("leakage", "original rule", "oracle")]
    if not names:
        return None
    return max((mean_figure(results, m, "ap"), m) for m in names)


def check_setting(bars, setting, results):
    """The bars of one setting with leaks; results has one element per seed."""
    for bar, (figure, limits) in AT_LEAST.items():
        if figure == "recall":
            seen = recall([r["decision"]["leakage"] for r in results])
        else:
            seen = mean_figure(results, "leakage", figure)
        bars.least(bar, setting, limits[LEAKING.index(setting)], seen)
    pooled, worst = false_discovery_rate([r["decision"]["leakage"] for r in results])
    bars.most("false discovery rate, pooled", setting, POOLED_FDR, pooled)
    bars.most("false discovery rate, worst data set", setting, WORST_FDR, worst)
    error = abs(np.mean([r["amount"]["dollar_ratio"] for r in results]) - 1)
    bars.most("leakage of flagged users off the truth", setting, DOLLAR_ERROR, error)
    bars.least("reason right", setting, REASON_RIGHT, reasons_right(results))
    ours = mean_figure(results, "leakage", "ap")
    if "oracle" in results[0]["ranking"]:
        bars.least("share of the oracle's average precision", setting, ORACLE_SHARE,
                   ours / mean_figure(results, "oracle", "ap"))
    rival = best_rival(results)
    if rival:
        bars.least("average precision over best generic detector's", setting, RIVAL_FACTOR, ours / rival[0])


def check_noise(bars, flags):
    """flags: users flagged in each data set without leaks, for NOISE_USERS users."""
    bars.most("flags a clean data set, mean", "all without leaks", NOISE_MEAN, float(np.mean(flags)))
    bars.most("flags a clean data set, median", "all without leaks", NOISE_MEDIAN, float(np.median(flags)))
    bars.most("flags a clean data set, most", "all without leaks", NOISE_WORST, float(np.max(flags)))


def check_irregular(bars, name, leak, figures):
    """One irregular data set; leak in percent."""
    if leak == 0:
        bars.most("flags of an irregular data set", name, 0, figures["flagged"])
    elif leak == 1:
        bars.most("false discovery rate, irregular, 1 % leak", name, IRREGULAR_FDR, false_discovery_rate([figures])[0])
