"""One data set of the detection benchmark: generates it, runs the whole mart on it, and reads the results.

The mart has its own schema, which is dropped after the data set has been read.
"""

import csv
import io
import os
import subprocess
import tempfile

import numpy as np

KINDS = ("missing_weeks", "zero_weeks", "drop", "underbilled")
SCHEMA = "leakage_bench_%d" % os.getpid()


class DataSet:
    """A data set with the mart's answers. Arrays have one element (or row) per user.

    revenue, expected: users x weeks; NaN in revenue: no row; NaN in expected: outside the user's first and last week
    kind, leaked_amount: what was planted (kind "" where nothing was)
    leaks: whether something was planted
    """

    def __init__(self, users, weeks, truth):
        msisdn = users["msisdn"]
        self.users = len(msisdn)
        self.segment = np.array(users["segment"])
        self.mobile_type = np.array(users["mobile_type"])
        self.flagged = np.array(users["leaked"]) == "t"
        self.rule = np.array(users["high_usage_low_revenue"]) == "t"
        self.reason = np.array(users["reason"])
        for column in ("total_revenue", "average_weekly_revenue", "active_weeks", "leak_probability", "leakage_score",
                       "leakage", "expected_leak"):
            setattr(self, column, np.array(users[column], dtype=float))

        number = weeks[:, 0].astype(int)
        week = weeks[:, 1].astype(int)
        self.weeks = np.arange(week.min(), week.max() + 1)
        self.revenue = np.full((self.users, len(self.weeks)), np.nan)
        self.expected = np.full_like(self.revenue, np.nan)
        present = weeks[:, 2] == 1
        self.revenue[number[present], week[present] - self.weeks[0]] = weeks[present, 3]
        self.expected[number, week - self.weeks[0]] = weeks[:, 4]

        place = {m: i for i, m in enumerate(msisdn)}
        kind = [""] * self.users
        self.leaked_amount = np.zeros(self.users)
        for row in truth:
            i = place[row["msisdn"]]
            kind[i] = row["kind"]
            self.leaked_amount[i] = float(row["leaked_amount"])
        self.kind = np.array(kind)
        self.leaks = self.kind != ""


def run_sql(script):
    """The output of psql for a script; raises if a statement fails."""
    environment = dict(os.environ)
    environment["PGOPTIONS"] = "-c client_min_messages=warning " + environment.get("PGOPTIONS", "")
    done = subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-f", "-"], input=script, text=True,
                          capture_output=True, env=environment)
    if done.returncode != 0:
        raise RuntimeError("psql: " + done.stderr.strip())
    return done.stdout


def query_columns(query):
    """The columns of a query's answer, by name, as lists of text."""
    rows = list(csv.reader(io.StringIO(run_sql("\\copy (%s) to stdout csv header" % " ".join(query.split())))))
    return {name: [row[i] for row in rows[1:]] for i, name in enumerate(rows[0])}


def drop_mart():
    run_sql("DROP SCHEMA IF EXISTS %s CASCADE;" % SCHEMA)


def make_data_set(options, seed, scale):
    """Generate data with these options, run the mart, and read its results."""
    with tempfile.TemporaryDirectory(prefix="leakage_bench.", dir=os.environ.get("SERVER_DIR")) as folder:
        subprocess.run([os.environ["GENERATOR"], "--out", folder, "--scale", str(scale), "--seed", str(seed),
                        "--revenue-only", *options], check=True)
        with open(os.path.join(folder, "truth.csv"), newline="") as file:
            truth = list(csv.DictReader(file))
        drop_mart()
        run_sql("""
            CREATE EXTENSION IF NOT EXISTS leakage;
            CALL leakage_create_mart('{schema}', '{{"max_orphan_share": 1}}');
            \\copy {schema}.crm from '{folder}/crm1.csv' csv header
            \\copy {schema}.device from '{folder}/device1.csv' csv header
            \\copy {schema}.revenue from '{folder}/rev1.csv' csv header
            CALL leakage_refresh('{schema}');
            """.format(schema=SCHEMA, folder=folder))
    try:
        users = query_columns("""
            SELECT msisdn, segment, mobile_type, leaked, reason, high_usage_low_revenue, total_revenue,
                average_weekly_revenue, active_weeks, leak_probability, leakage_score, leakage, expected_leak
            FROM %s.users ORDER BY msisdn COLLATE "C" """ % SCHEMA)
        weeks = run_sql("""
            SELECT concat_ws(',', dense_rank() OVER (ORDER BY msisdn COLLATE "C") - 1, week_number, present::int,
                revenue, expected_revenue)
            FROM %s.user_weeks""" % SCHEMA)
    finally:
        drop_mart()
    return DataSet(users, np.loadtxt(io.StringIO(weeks), delimiter=",", ndmin=2), truth)
