"""The comparison and the report of make bench.

  main_report.py compare DIR CONTENDER...      checks that DIR/CONTENDER/NAME.csv has the same rows for all contenders;
                                               otherwise shows the differences and exits with 1
  main_report.py report RESULTS CONTENDER...   prints medians, ratios, and memory from the lines "ROUND CONTENDER stage
                                               NAME SECONDS", "ROUND CONTENDER cpu all SECONDS", "ROUND CONTENDER memory
                                               NAME MB"
The others are compared with the first contender. Round 0 is used for memory only.
"""
import collections
import statistics
import sys

OUTPUTS = ["users", "user_weeks", "cells", "cube", "trend", "funnel", "counts"]
STAGES = ["load", "clean", "model", "detector", "datasets"]
SHOWN = 5


# ---- compare


def read_rows(directory, contender, name):
    with open(f"{directory}/{contender}/{name}.csv", encoding="utf-8", newline="") as file:
        header, *rows = file.read().splitlines()
    return header, sorted(rows)


def compare(directory, ours, *rivals):
    faults = []
    for name in OUTPUTS:
        header, rows = read_rows(directory, ours, name)
        if not rows:
            faults.append(f"{name}: no rows")
        for rival in rivals:
            their_header, their_rows = read_rows(directory, rival, name)
            if their_header != header:
                faults.append(f"{name} of {rival}: the columns are {their_header}\n    and of {ours} {header}")
            elif their_rows != rows:
                counted, theirs = collections.Counter(rows), collections.Counter(their_rows)
                only_ours, only_theirs = list((counted - theirs).elements()), list((theirs - counted).elements())
                faults.append("\n    ".join(
                    [f"{name}: {len(only_ours)} rows of {len(rows)} of {ours} differ from {rival}'s, {len(only_theirs)} rows"
                     f" of {len(their_rows)} of {rival} differ from {ours}'; the first of them:", header]
                    + [f"{ours}: {row}" for row in sorted(only_ours)[:SHOWN]]
                    + [f"{rival}: {row}" for row in sorted(only_theirs)[:SHOWN]]))
    if faults:
        sys.exit("error: the contenders disagree\n  " + "\n  ".join(faults))
    print(f"   the outputs agree: {', '.join(OUTPUTS)}")


# ---- report


def read_results(path):
    """seconds[contender][stage] as a list over rounds, and memory[contender][name]."""
    seconds = collections.defaultdict(lambda: collections.defaultdict(dict))
    memory = collections.defaultdict(dict)
    with open(path, encoding="utf-8") as file:
        for line in file:
            round_, contender, kind, name, value = line.split()
            if kind == "memory":
                memory[contender][name] = max(float(value), memory[contender].get(name, 0))
            elif round_ != "0":
                # a stage may have several steps
                stage = seconds[contender][f"{kind} {name}"]
                stage[round_] = stage.get(round_, 0) + float(value)
    return {c: {s: list(rounds.values()) for s, rounds in stages.items()} for c, stages in seconds.items()}, memory


def sum_rounds(stages, names):
    return [sum(values) for values in zip(*(stages[name] for name in names if name in stages))]


def print_row(title, cells):
    print(f"{title:<26}" + "".join(f"{cell:>22}" for cell in cells))


def ratio(ours, theirs):
    """Ratio of the medians, and the lowest and highest ratio of the rounds."""
    rounds = [a / b for a, b in zip(ours, theirs)]
    return f"{statistics.median(ours) / statistics.median(theirs):.2f} ({min(rounds):.2f}-{max(rounds):.2f})"


def report(path, ours, *rivals):
    seconds, memory = read_results(path)
    rows = [(stage, [f"stage {stage}"]) for stage in STAGES]
    rows.append(("all", [f"stage {stage}" for stage in STAGES]))
    rows.append(("all but the detector", [f"stage {stage}" for stage in STAGES if stage != "detector"]))
    rows.append(("CPU, all", ["cpu all"]))
    rows.append(("load by leakage-load", ["stage loader"]))

    print("\nseconds, medians")
    print_row("", [ours, *rivals])
    for title, names in rows:
        sums = [sum_rounds(seconds[contender], names) for contender in (ours, *rivals)]
        print_row(title, [f"{statistics.median(values):.2f}" if values else "-" for values in sums])

    if rivals:
        print(f"\nratios {ours} / theirs of the medians (lowest and highest of the rounds)")
        print_row("", ["", *rivals])
        for title, names in rows:
            if title not in ("detector", "load by leakage-load"):
                own = sum_rounds(seconds[ours], names)
                print_row(title, ["", *(ratio(own, sum_rounds(seconds[rival], names)) for rival in rivals)])

    print("\nMB: peak memory (of the server: all its processes, shared buffers in use included; private: without shared memory),"
          " and what went through temporary files")
    print_row("", [ours, *rivals])
    for name, title in (("peak", "peak"), ("private", "private"), ("files", "temporary files")):
        print_row(title, [f"{memory[c][name]:.0f}" if name in memory[c] else "-" for c in (ours, *rivals)])


{"compare": compare, "report": report}[sys.argv[1]](*sys.argv[2:])
