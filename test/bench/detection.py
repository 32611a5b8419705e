"""The detection benchmark: see detection.sh, which calls it.

The data sets of each setting go through the whole mart. The published results are graded against the planted truth, next
to other methods (detection_rivals.py) and the best possible method (detection_oracle.py), and compared with bars
(detection_bars.py).
"""

import os
import signal
import sys
import time

import numpy as np

import detection_bars
from detection_bars import mean_figure
from detection_mart import KINDS, drop_mart, make_data_set
from detection_metrics import (amount_figures, decision_figures, false_discovery_rate, ranking_figures, reason_figures,
                               recall)
from detection_oracle import Oracle
from detection_rivals import original_rule, rival_scores

# spread of the users / leak in %: the spread, whether there are tiers, the leak
SETTINGS = {"%s/%d" % (name, leak): (spread, tiers, leak)
            for name, spread, tiers in (("0", 0, False), ("0.3", 0.3, False), ("0.6", 0.6, False), ("tiers", 0.3, True))
            for leak in (0, 1, 5)}

# name, options, leak rates in %: user-sd 0.3 with one option changed, 12,000 users
IRREGULAR = (
    ("nothing", [], (0, 1, 5)),
    ("noise log-normal, same cv", ["--noise", "lognormal"], (0, 1)),
    ("noise gamma, same cv", ["--noise", "gamma"], (0, 1)),
    ("noise cv .2", ["--noise", "cv=0.2"], (1,)),
    ("heavy-tailed user level (t, 4 df)", ["--level-tail", "t4"], (0, 1)),
    ("30 % of users honestly at half level", ["--half-level", "0.3"], (0,)),
    ("holes 5 %, over-dispersed (.1)", ["--holes", "0.05,0.1"], (0, 1)),
    ("natural zero weeks 3 %, over-dispersed (.1)", ["--zeros", "0.03,0.1"], (0, 1)),
    ("weekly autocorrelation .5", ["--autocorrelation", "0.5"], (0, 1)),
    ("5 % of users honestly x .6 to 1.6 from a week on", ["--honest-change", "0.05"], (0, 1)),
    ("10 % of users leave early", ["--leave-early", "0.1"], (1,)),
)
IRREGULAR_SCALE = 12000 / 97351


def say(text):
    print(text, file=sys.stderr, flush=True)


def short(x):
    return ("%.3f" % x).replace("0.", ".", 1) if abs(x) < 1 else "%.3f" % x


def generator_options(spread, leak, tiers=False):
    return ["--user-sd", str(spread), "--leak", str(leak / 100)] + ["--tiers"] * tiers


def option(name, default):
    return os.environ.get(name, "").strip() or default


def grade(data, spread, tiers, leak, seed, with_rivals, with_oracle):
    """The figures of one data set."""
    result = {
        "decision": {"leakage": decision_figures(data, data.flagged), "original rule": decision_figures(data, data.rule)},
        "flagged_money": data.leakage.sum(), "revenue": data.total_revenue.sum(), "reasons": reason_figures(data),
    }
    oracle = Oracle(data, spread, leak / 100, tiers) if with_oracle else None
    if oracle:
        result["decision"]["oracle"] = decision_figures(data, oracle.flagged)
    if leak > 0:
        # the score breaks ties of the probability, which is published with 12 places
        ours = data.leak_probability + 1e-15 * data.leakage_score
        result["amount"] = amount_figures(data)
        result["ranking"] = {"leakage": ranking_figures(data, ours, data.expected_leak),
                             "original rule": ranking_figures(data, original_rule(data))}
        if with_rivals:
            for name, score in rival_scores(data, seed):
                result["ranking"][name] = ranking_figures(data, score)
        if oracle:
            result["ranking"]["oracle"] = ranking_figures(data, -oracle.p_clean, oracle.expected_leak)
    return result


def describe(result):
    """One line per data set, as progress."""
    figures = result["decision"]["leakage"]
    text = "flagged %d, false %d" % (figures["flagged"], figures["false"])
    for method, figures in result.get("ranking", {}).items():
        if method in ("leakage", "oracle"):
            text += ", AP of %s %s" % (method, short(figures["ap"]))
    return text


def print_settings(results):
    print("| setting | AUC | AP | P@100 | P@1000 | dollars in top 5 % | FDR pooled (worst) | recall"
          " | leakage / truth, flagged | expected leak / truth, all | reason right |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for setting, rows in results.items():
        cells = [short(mean_figure(rows, "leakage", f)) for f in ("auc", "ap", "p100", "p1000", "dollars5")]
        pooled, worst = false_discovery_rate([r["decision"]["leakage"] for r in rows])
        cells.append("%s (%s)" % (short(pooled), short(worst)))
        cells.append(short(recall([r["decision"]["leakage"] for r in rows])))
        cells += [short(np.mean([r["amount"][a] for r in rows])) for a in ("dollar_ratio", "all_ratio")]
        cells.append(short(detection_bars.reasons_right(rows)))
        print("| %s | %s |" % (setting, " | ".join(cells)))
    print()


def print_methods(results, figures, title):
    settings = list(results)
    print(title)
    print()
    print("| method | %s |" % " | ".join(settings))
    print("|---|" + "---|" * len(settings))
    for method in results[settings[0]][0]["ranking"]:
        cells = [" / ".join(short(mean_figure(results[s], method, f)) for f in figures) for s in settings]
        print("| %s | %s |" % (method, " | ".join(cells)))
    print()


def print_decisions(results):
    settings = list(results)
    print("Pooled false discovery rate (worst data set) / recall of leaking users, for methods that decide:")
    print()
    print("| method | %s |" % " | ".join(settings))
    print("|---|" + "---|" * len(settings))
    for method in results[settings[0]][0]["decision"]:
        cells = []
        for s in settings:
            figures = [r["decision"][method] for r in results[s]]
            cells.append("%s (%s) / %s" % (*map(short, false_discovery_rate(figures)), short(recall(figures))))
        print("| %s | %s |" % (method, " | ".join(cells)))
    print()


def print_reasons(results):
    print("Planted kinds (users) and the reasons given to flagged users, all seeds:")
    print()
    print("| setting | planted | %s | not flagged |" % " | ".join(KINDS))
    print("|---|---|" + "---|" * (len(KINDS) + 1))
    for setting, rows in results.items():
        for kind in ("",) + KINDS:
            count = {reason: sum(r["reasons"][kind, reason] for r in rows) for reason in KINDS + ("none",)}
            print("| %s | %s (%d) | %s |" % (setting, kind or "nothing", sum(count.values()),
                                            " | ".join(str(count[reason]) for reason in KINDS + ("none",))))
    print()


def print_noise(results):
    """Settings without leaks."""
    print("No leakage: users flagged in each data set, by the mart and by others.")
    print()
    print("| setting | users | flagged | leakage, of revenue | original rule | oracle |")
    print("|---|---|---|---|---|---|")
    for setting, rows in results.items():
        users = sum(r["decision"]["leakage"]["users"] for r in rows)
        rule = sum(r["decision"]["original rule"]["flagged"] for r in rows)
        oracle = " ".join(str(r["decision"]["oracle"]["flagged"]) for r in rows if "oracle" in r["decision"])
        flagged = " ".join(str(r["decision"]["leakage"]["flagged"]) for r in rows)
        money = "%.2f of %.0f" % (sum(r["flagged_money"] for r in rows), sum(r["revenue"] for r in rows))
        print("| %s | %d | %s | %s | %d (%.1f %%) | %s |"
              % (setting, users, flagged, money, rule, 100 * rule / users, oracle or "-"))
    print()


def run_settings(names, seeds, scale, with_rivals, with_oracle):
    results = {}
    for name in names:
        spread, tiers, leak = SETTINGS[name]
        results[name] = []
        for seed in seeds:
            start = time.monotonic()
            data = make_data_set(generator_options(spread, leak, tiers), seed, scale)
            made = time.monotonic() - start
            result = grade(data, spread, tiers, leak, seed, with_rivals, with_oracle)
            results[name].append(result)
            say("%s, seed %d: mart %.0f s, others %.0f s; %s" % (name, seed, made, time.monotonic() - start - made,
                                                              describe(result)))
    return results


def run_irregular(bars, seed):
    print("Irregular data, 12,000 users, seed %d, spread of users 0.3:" % seed)
    print()
    print("| changed | leak | flagged | FDR | recall |")
    print("|---|---|---|---|---|")
    for name, options, leaks in IRREGULAR:
        for leak in leaks:
            data = make_data_set(generator_options(0.3, leak) + options, seed, IRREGULAR_SCALE)
            figures = decision_figures(data, data.flagged)
            rates = (short(false_discovery_rate([figures])[0]), short(recall([figures]))) if leak else ("-", "-")
            print("| %s | %d %% | %d | %s | %s |" % (name, leak, figures["flagged"], *rates), flush=True)
            detection_bars.check_irregular(bars, name, leak, figures)
            say("%s, %d %%: flagged %d, false %d" % (name, leak, figures["flagged"], figures["false"]))
    print()


def main():
    seeds = [int(s) for s in option("SEEDS", "1001 1002 1003").split()]
    scale = float(option("SCALE", "0.2"))
    names = option("SETTINGS", " ".join(SETTINGS)).split()
    names = [] if names == ["none"] else names
    unknown = [name for name in names if name not in SETTINGS]
    if unknown:
        sys.exit("error: SETTINGS: unknown %s; choose from %s, or none" % (" ".join(unknown), " ".join(SETTINGS)))
    with_rivals, with_oracle, with_irregular = (option(name, "1") != "0" for name in ("RIVALS", "ORACLE", "ROBUSTNESS"))

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))     # so that the mart is dropped
    try:
        results = run_settings(names, seeds, scale, with_rivals, with_oracle)
        leaking = {name: rows for name, rows in results.items() if SETTINGS[name][2] > 0}
        clean = {name: rows for name, rows in results.items() if SETTINGS[name][2] == 0}
        bars = detection_bars.Bars()

        if names:
            users = next(iter(results.values()))[0]["decision"]["leakage"]["users"]
            print("%d users per data set, seeds %s. Settings: spread of the users' levels / leaking users in %%.\n"
                  % (users, " ".join(map(str, seeds))))
        if leaking:
            print_settings(leaking)
            print_methods(leaking, ("auc", "ap"), "AUC / average precision:")
            print_methods(leaking, ("p100", "p1000", "dollars5"),
                          "Precision of the first 100 / of the first 1000 / share of leaked dollars in the first 5 %:")
            print_decisions(leaking)
            print_reasons(leaking)
            for name, rows in leaking.items():
                detection_bars.check_setting(bars, name, rows)
        if clean:
            print_noise(clean)
            flags = [r["decision"]["leakage"]["flagged"] * detection_bars.NOISE_USERS / r["decision"]["leakage"]["users"]
                     for rows in clean.values() for r in rows]
            detection_bars.check_noise(bars, flags)
        if with_irregular:
            run_irregular(bars, seeds[0])
    finally:
        drop_mart()

    bars.print_tables()
    sys.exit(1 if bars.failed() else 0)


if __name__ == "__main__":
    main()
