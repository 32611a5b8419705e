"""The honest bench: how many honest users of one kind at a time are reported. honest.sh calls it.

Each table has ordinary users, some of whom leak, and one honest kind. It goes through expected_profiles, leakage_fit, and
leakage_assess, without a mart, and users are flagged by the mart's rule.
"""

import csv
import io
import os
import sys
import time

import numpy as np

from detection_mart import run_sql
from detection_metrics import flag_by_local_rate
from honest_kinds import HELD_OUT, KINDS, make_table

SCHEMA = "leakage_honest_%d" % os.getpid()
RATE = 0.05
MOST = 0.5


def assess(amount, present, rounds=12):
    """Columns of leakage_assess for each user, by name."""
    users, weeks = np.nonzero(present)
    rows = "\n".join("%d\t%d\t%.6f" % (u, w + 1, amount[u, w]) for u, w in zip(users, weeks))
    answer = run_sql("""
        CREATE EXTENSION IF NOT EXISTS leakage;
        CREATE SCHEMA {s};
        SET search_path = {s}, public;
        CREATE UNLOGGED TABLE paid (u text, w integer, amount numeric);
        COPY paid FROM stdin;
{rows}
\\.
        CREATE UNLOGGED TABLE weeks AS SELECT u, leakage_profile(w, amount, NULL) AS weeks FROM paid GROUP BY u;
        CREATE UNLOGGED TABLE profiles AS
        SELECT entity AS u, profile FROM expected_profiles('weeks', 'u', 'weeks');
        CREATE FUNCTION learned() RETURNS leakage_model LANGUAGE plpgsql AS $$
        DECLARE model leakage_model;
        BEGIN
            FOR round IN 0 .. {rounds} LOOP
                SELECT leakage_fit(profile, model) INTO model FROM profiles;
            END LOOP;
            RETURN model;
        END $$;
        CREATE TABLE answer AS
        SELECT p.u::integer, a.*
        FROM (SELECT learned() AS model OFFSET 0) m, profiles p, leakage_assess(p.profile, m.model) a;
        \\copy (SELECT u, reason, payment_class, round(p_no_leak::numeric, 12) AS p_no_leak, amount, expected_leak FROM answer) to stdout csv header
        DROP SCHEMA {s} CASCADE;
        """.format(s=SCHEMA, rows=rows, rounds=rounds).replace("CREATE UNLOGGED TABLE weeks AS",
                                                             "ANALYZE paid; CREATE UNLOGGED TABLE weeks AS"))
    rows = list(csv.DictReader(io.StringIO(answer)))
    result = {"reason": np.full(len(amount), "none", dtype="U16"), "p_no_leak": np.ones(len(amount))}
    for row in rows:
        result["reason"][int(row["u"])] = row["reason"]
        result["p_no_leak"][int(row["u"])] = float(row["p_no_leak"])
    return result


def grade(names, planted, answer):
    flagged = flag_by_local_rate(answer["p_no_leak"], RATE)
    return {
        "flags": int(flagged.sum()),
        "in kind": int((flagged & (names != "")).sum()),
        "false": int((flagged & (planted == "")).sum()),
        "found": int((flagged & (planted != "")).sum()),
        "planted": int((planted != "").sum()),
        "kind": int((names != "").sum()),
        "reasons": {r: int((flagged & (names != "") & (answer["reason"] == r)).sum())
                    for r in np.unique(answer["reason"][flagged & (names != "")])},
    }


def option(name, default):
    return os.environ.get(name, "").strip() or default


def main():
    seeds = [int(s) for s in option("SEEDS", "1").split()]
    shares = [float(s) / 100 for s in option("SHARES", "0.5 5 50").split()]
    users = int(option("USERS", "2000"))
    leaks = float(option("LEAKS", "1")) / 100
    which = option("KINDS", "development")
    kinds = {"development": list(KINDS), "held-out": list(HELD_OUT), "all": list(KINDS) + list(HELD_OUT)}.get(which)
    kinds = kinds or [k.strip() for k in which.split(",")]
    print("| kind | share, % | users | flags | false | in the kind | FDR | found of planted | reasons in the kind |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name in [""] * ("," not in which) + kinds:
        for share in shares if name else [0.0]:
            for seed in seeds:
                start = time.monotonic()
                amount, present, names, planted = make_table([name] * bool(name), share, users, leaks, seed)
                g = grade(names, planted, assess(amount, present))
                print("| %s | %g | %d | %d | %d | %d | %s | %d of %d | %s |"
                      % (name or "(none)", 100 * share, g["kind"], g["flags"], g["false"], g["in kind"],
                         "%.2f" % (g["false"] / g["flags"]) if g["flags"] else "-", g["found"], g["planted"],
                         ", ".join("%s %d" % r for r in g["reasons"].items())), flush=True)
                print("%.1f s" % (time.monotonic() - start), file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        main()
    finally:
        run_sql("DROP SCHEMA IF EXISTS %s CASCADE" % SCHEMA)
