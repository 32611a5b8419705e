#!/bin/bash
# Honest users who pay in other ways than weekly, on a running server: make bench-honest
#
# One kind at a time through the functions (honest.py), or with MIXED through a mart, without and with the planted control
# (honest_mixed.py).
#
# From the environment: PGHOST, PGPORT and so on for the server, and
#   SEEDS    seeds, one table per kind, share, and seed ("1")
#   SHARES   shares of the kind in the table, in % ("0.5 5 50")
#   USERS    ordinary users in each table (2000)
#   LEAKS    share of the ordinary users who leak, in % (1)
#   KINDS    development, held-out, all, or names separated by commas (development)
#   MIXED    tables: tables of many kinds at once; kinds or own: one kind at a time, of all or of honest_own.py; none: no
#            kind; or names of tables separated by semicolons (not set: honest.py)
#   PYTHON   an interpreter with numpy and scikit-learn (/usr/bin/python3)
# Prints a table to standard output and times to standard error.

. "$(dirname "$0")/../lib.sh"

export PYTHONDONTWRITEBYTECODE=1
script=honest.py
[ -z "${MIXED:-}" ] || script=honest_mixed.py
exec "${PYTHON:-/usr/bin/python3}" "$top/test/bench/$script"
