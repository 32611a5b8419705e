"""The honest bench through the mart: many honest kinds at once, and single ones. honest.sh calls it.

Each table is loaded into a mart and refreshed twice: without and with the planted control.
"""

import csv
import io
import os
import sys
import time

import numpy as np

from detection_mart import run_sql
from honest_kinds import WEEKS, ordinary, plant
from honest_own import ALL_KINDS, REGION_OF, TABLES

SCHEMA = "leakage_honest_%d" % os.getpid()
REGIONS = ("North", "South", "East", "West")
FALSE_RATE = 0.10


def make_table(parts, users, leaks, seed):
    """Amounts, presence, kind of each user ("": ordinary), what was planted, money lost, region."""
    rng = np.random.default_rng(seed)
    amount, present = ordinary(users, rng, WEEKS)
    before, present_before = amount.copy(), present.copy()
    planted = plant(amount, present, leaks, rng)
    lost = (before * present_before - amount * present).sum(axis=1)
    amounts, presents, names = [amount], [present], [np.full(users, "", dtype="U32")]
    region = list(rng.choice(REGIONS, users))
    for name, n in parts:
        a, p = ALL_KINDS[name](n, rng, WEEKS)
        amounts.append(a)
        presents.append(np.broadcast_to(p, a.shape))
        names.append(np.full(n, name, dtype="U32"))
        region += [REGION_OF[name]] * n if name in REGION_OF else list(rng.choice(REGIONS, n))
    amount = np.concatenate(amounts)
    present = np.concatenate(presents)
    more = len(amount) - users
    return {"amount": np.round(amount * present, 6), "present": present, "names": np.concatenate(names),
            "planted": np.concatenate([planted, np.full(more, "")]), "lost": np.concatenate([lost, np.zeros(more)]),
            "region": np.array(region)}


def rows_of(answer):
    return list(csv.DictReader(io.StringIO(answer)))


def run_mart(table, options):
    """For each set of options, the users and the reasons that the mart publishes."""
    amount, present = table["amount"], table["present"]
    users, weeks = np.nonzero(present)
    paid = "\n".join("u%06d,%d,%.6f" % (u, w + 20, amount[u, w]) for u, w in zip(users, weeks))
    crm = "\n".join("u%06d,MALE,1990,ACTIVE,Prepaid,Tier_1" % u for u in range(len(amount)))
    attribute = "\n".join("u%06d,%s," % (u, r) for u, r in enumerate(table["region"]))
    run_sql("CREATE EXTENSION IF NOT EXISTS leakage; CALL leakage_create_mart('%s');" % SCHEMA)
    answers = []
    try:
        for name, text in (("revenue", paid), ("crm", crm), ("subscriber_attribute", attribute)):
            run_sql("\\copy %s.%s from stdin csv\n%s\n\\.\n" % (SCHEMA, name, text))
        for option in options:
            answers.append(rows_of_run(option))
    finally:
        run_sql("DROP SCHEMA IF EXISTS %s CASCADE;" % SCHEMA)
    return answers


def rows_of_run(option):
    run_sql("CALL leakage_alter_mart('{s}', '{o}'); CALL leakage_refresh('{s}', true);".format(s=SCHEMA, o=option))
    def rows(query):
        return rows_of(run_sql("\\copy (%s) to stdout csv header" % query.format(s=SCHEMA)))
    return {
        "users": rows("SELECT msisdn, flagged, withheld, reason, leak_probability, leakage FROM {s}.users"),
        "reasons": rows("SELECT reason, state, flagged, withheld FROM {s}.run_reasons "
                        "WHERE run_id = (SELECT max(run_id) FROM {s}.run_log)"),
        "findings": rows("SELECT * FROM {s}.findings"),
        "credible": rows("SELECT fdr_credible FROM {s}.run_log ORDER BY run_id DESC LIMIT 1")[0]["fdr_credible"] == "t",
    }


def average_precision(score, leaks):
    """Area under precision over recall, ties in the order of the users."""
    order = np.argsort(-score, kind="stable")
    hits = leaks[order]
    return float((np.cumsum(hits) / np.arange(1, len(hits) + 1))[hits].mean()) if hits.any() else float("nan")


def grade(table, answer):
    number = np.array([int(row["msisdn"][1:]) for row in answer["users"]])
    flagged = np.zeros(len(table["amount"]), dtype=bool)
    score = np.zeros(len(flagged))
    flagged[number] = [row["flagged"] == "t" for row in answer["users"]]
    score[number] = [float(row["leak_probability"]) for row in answer["users"]]
    leaks = table["planted"] != ""
    names, count = np.unique(table["names"][flagged & ~leaks], return_counts=True)
    return {
        "flags": int(flagged.sum()), "false": int((flagged & ~leaks).sum()), "found": int((flagged & leaks).sum()),
        "leaks": int(leaks.sum()), "ap": average_precision(score, leaks),
        "money": sum(float(row["leakage"]) for row in answer["users"]) / max(table["lost"].sum(), 1e-9),
        "withheld": sum(row["withheld"] == "t" for row in answer["users"]),
        "credible": answer["credible"], "states": " ".join(r["state"] for r in answer["reasons"]),
        "kinds": ", ".join("%s %d" % (n or "ordinary", c) for n, c in zip(names, count)),
    }


def option(name, default):
    return os.environ.get(name, "").strip() or default


def tables():
    """(label, parts) of the tables to run."""
    which = option("MIXED", "tables")
    users = int(option("USERS", "4000"))
    if which == "tables":
        return list(TABLES.items())
    if which in ("none", "kinds", "own"):
        shares = [float(s) / 100 for s in option("SHARES", "0.5 5 50").split()]
        names = {"none": [], "kinds": list(ALL_KINDS), "own": [n for n in ALL_KINDS if n in dict(TABLES["own, 15 each"])]}[which]
        return [("(none)", [])] + [("%s, %g %%" % (n, 100 * s), [(n, int(round(users * s / (1 - s))))]) for n in names for s in shares]
    return [(name.strip(), TABLES[name.strip()]) for name in which.split(";")]


def main():
    seeds = [int(s) for s in option("SEEDS", "1").split()]
    users = int(option("USERS", "4000"))
    leaks = float(option("LEAKS", "2")) / 100
    totals = {}
    falsely = runs = 0
    print("| table | seed | users | without: flags | false | FDR | recall | AP | with: flags | false | FDR | recall | AP | money "
          "| withheld | credible | states | false kinds |")
    print("|---" * 18 + "|")
    for label, parts in tables():
        for seed in seeds:
            start = time.monotonic()
            table = make_table(parts, users, leaks, seed)
            grades = [grade(table, a) for a in run_mart(table, ['{"planted_control": false}', '{"planted_control": true}'])]
            cells = []
            for g in grades:
                cells += ["%d" % g["flags"], "%d" % g["false"], "%.2f" % (g["false"] / g["flags"]) if g["flags"] else "-",
                          "%.2f" % (g["found"] / g["leaks"]) if g["leaks"] else "-", "%.3f" % g["ap"]]
            g = grades[1]
            print("| %s | %d | %d | %s | %.2f | %d | %s | %s | %s |"
                  % (label, seed, len(table["amount"]), " | ".join(cells), g["money"], g["withheld"],
                     "yes" if g["credible"] else "no", g["states"], g["kinds"]), flush=True)
            print("%.1f s" % (time.monotonic() - start), file=sys.stderr, flush=True)
            runs += 1
            falsely += g["credible"] and g["false"] > FALSE_RATE * max(g["flags"], 1)
            for which, g in zip(("without", "with"), grades):
                t = totals.setdefault(which, {"flags": 0, "false": 0, "found": 0, "leaks": 0})
                for key in t:
                    t[key] += g[key]
    for which, t in totals.items():
        print("%s the control: %d flags, %d false (FDR %.3f), %d of %d leaks found"
              % (which, t["flags"], t["false"], t["false"] / max(t["flags"], 1), t["found"], t["leaks"]))
    print("falsely credible: %d of %d runs" % (falsely, runs))


if __name__ == "__main__":
    try:
        main()
    finally:
        run_sql("DROP SCHEMA IF EXISTS %s CASCADE;" % SCHEMA)
