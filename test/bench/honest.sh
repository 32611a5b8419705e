#!/bin/bash
# Honest users who pay in other ways than weekly, one kind at a time, on a running server: make bench-honest
#
# From the environment: PGHOST, PGPORT and so on for the server, and
#   SEEDS    seeds, one table per kind, share, and seed ("1")
#   SHARES   shares of the kind in the table, in % ("0.5 5 50")
#   USERS    ordinary users in each table (2000)
#   LEAKS    share of the ordinary users who leak, in % (1)
#   KINDS    development, held-out, all, or names separated by commas (development)
#   PYTHON   an interpreter with numpy and scikit-learn (/usr/bin/python3)
# Prints a table to standard output and times to standard error.

. "$(dirname "$0")/../lib.sh"

export PYTHONDONTWRITEBYTECODE=1
exec "${PYTHON:-/usr/bin/python3}" "$top/test/bench/honest.py"
