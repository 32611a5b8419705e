"""The bench of group_leakage: false findings on tables without any, and plants that are found. groups.sh calls it."""

import csv
import io
import os
import sys

import numpy as np

from detection_mart import run_sql
from groups_tables import DIMENSIONS, LAWS, Table, draw_dimensions, draw_plant

SCHEMA = "leakage_groups_%d" % os.getpid()
FALLS = ("level_fall", "temporary_fall", "lost_rows")


def find(table, arguments=""):
    """Rows of group_leakage, and the CPU seconds of reading and of everything."""
    answer = run_sql("""
        CREATE EXTENSION IF NOT EXISTS leakage;
        CREATE SCHEMA {s};
        SET search_path = {s}, public;
        SET max_parallel_workers_per_gather = 0;
        CREATE UNLOGGED TABLE paid (entity integer, week integer, amount numeric, {columns});
        COPY paid FROM stdin;
{rows}
\\.
        ANALYZE paid;
        CREATE FUNCTION cpu() RETURNS numeric LANGUAGE sql VOLATILE AS
            $$ SELECT split_part(pg_read_file('/proc/self/stat'), ' ', 14)::numeric / 100 $$;
        SELECT cpu() AS before \\gset
        CREATE TABLE spells AS SELECT entity, {names}, leakage_profile(week, amount, NULL) AS p FROM paid
        GROUP BY entity, {names};
        SELECT cpu() AS read \\gset
        CREATE TABLE answer AS
        SELECT * FROM group_leakage('paid', 'entity', 'week', 'amount', '{{{names}}}' {arguments});
        SELECT cpu() AS after \\gset
        \\copy (SELECT * FROM answer ORDER BY finding) to stdout csv header
        SELECT 'cpu', :read - :before, :after - :read;
        DROP SCHEMA {s} CASCADE;
        """.format(s=SCHEMA, columns=", ".join("%s text" % name for name in DIMENSIONS), names=", ".join(DIMENSIONS),
                   rows=table.rows(), arguments=arguments))
    lines = answer.splitlines()
    cpu = [line for line in lines if line.startswith("cpu")][-1].replace(",", "|").split("|")
    rows = list(csv.DictReader(io.StringIO("\n".join(line for line in lines if not line.startswith("cpu")))))
    for row in rows:
        where = dict(part.split("=") for part in row["group_name"].split(", ")) if "=" in row["group_name"] else {}
        row["where"] = {name: int(value[1:]) for name, value in where.items()}
        if row["from_period"]:
            row["first"], row["end"] = int(row["from_period"]) - 1, int(row["to_period"])
    return rows, float(cpu[1]), float(cpu[2])


def related(a, b):
    return a.items() <= b.items() or b.items() <= a.items()


def is_campaign(table, row):
    """A rise that really was: the campaign of the table."""
    if "campaign" not in table.honest:
        return False
    region, week = table.honest["campaign"]
    return related(row["where"], {"region": region}) and row["first"] < week + 3 and row["end"] > week


class Score:
    """Counts over tables."""

    def __init__(self):
        self.tables = self.tables_false = self.findings = self.false = self.rises_false = self.network = 0
        self.plants = self.seen = self.exact = self.window = 0
        self.money = self.money_true = self.money_all = 0.0
        self.read = self.cpu = 0.0

    def add(self, table, rows, read, cpu):
        falls = [row for row in rows if row["kind"] in FALLS]
        used = set()
        for plant in table.plants:
            overlap = [i for i, row in enumerate(falls) if row["first"] < plant["end"] and row["end"] > plant["first"]]
            near = [i for i in overlap if related(falls[i]["where"], plant["where"])]
            exact = [i for i in near if falls[i]["where"] == plant["where"]]
            true = table.true_loss(plant)
            self.plants += 1
            self.seen += bool(near)
            self.exact += bool(exact)
            self.window += any(abs(falls[i]["first"] - plant["first"]) <= 1 and abs(falls[i]["end"] - plant["end"]) <= 1
                               for i in exact)
            self.money_all += true
            if near:
                self.money_true += true
                self.money += sum(float(falls[i]["leakage"]) for i in (exact or near))
            used.update(near)
        false = len(falls) - len(used)
        self.tables += 1
        self.tables_false += false > 0
        self.findings += len(falls)
        self.false += false
        self.rises_false += sum(row["kind"] == "rise" and not is_campaign(table, row) for row in rows)
        self.network += sum(row["kind"] == "whole_network" for row in rows)
        self.read += read
        self.cpu += cpu

    def f1(self):
        return 2 * self.exact / max(self.plants + self.findings, 1)

    def line(self, name):
        text = "%-28s %4d tables, %3d findings, %2d false in %2d tables, %2d false rises, %2d remarks" % (
            name, self.tables, self.findings, self.false, self.tables_false, self.rises_false, self.network)
        if self.plants:
            text += "; %d plants, %d seen, %d exact (F1 %.2f), window %d, money %.2f of seen, %.2f of all" % (
                self.plants, self.seen, self.exact, self.f1(), self.window,
                self.money / max(self.money_true, 1), self.money / max(self.money_all, 1))
        return text + "; CPU %.2f s a table, reading %.2f" % (self.cpu / self.tables, self.read / self.tables)


def make(seed, users, weeks, law, nplants):
    if not nplants:
        return Table(seed, users, weeks, LAWS[law])
    rng = np.random.default_rng(20_000_000 + seed)
    dimensions = draw_dimensions(np.random.default_rng(seed), users)
    plants = []
    while len(plants) < nplants:
        plant = draw_plant(rng, dimensions, weeks)
        if all(plant["where"] != other["where"] for other in plants):
            plants.append(plant)
    return Table(seed, users, weeks, LAWS[law], plants)


def main():
    seeds = [int(seed) for seed in os.environ.get("SEEDS", "1001 1002 1003").split()]
    verbose = os.environ.get("VERBOSE", "") != ""
    arguments = os.environ.get("ARGUMENTS", "")
    for size in os.environ.get("SIZES", "5000x26").split():
        users, weeks = (int(part) for part in size.split("x"))
        for law in os.environ.get("LAWS", "usual all").split():
            for nplants in (int(part) for part in os.environ.get("PLANTS", "0 1").split()):
                score = Score()
                for seed in seeds:
                    table = make(seed, users, weeks, law, nplants)
                    rows, read, cpu = find(table, arguments)
                    score.add(table, rows, read, cpu)
                    if verbose:
                        print(seed, table.honest, [{k: v for k, v in plant.items()} for plant in table.plants],
                              [round(table.true_loss(plant)) for plant in table.plants], file=sys.stderr)
                        for row in rows:
                            print("   ", row["kind"], row["leakage"], row["evidence"], file=sys.stderr)
                print(score.line("%s %s %s" % (size, law, "null" if not nplants else "%d planted" % nplants)), flush=True)


if __name__ == "__main__":
    main()
