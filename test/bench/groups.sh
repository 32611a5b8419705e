#!/bin/bash
# group_leakage on tables with and without planted changes, on a running server: make bench-groups
#
# From the environment: PGHOST, PGPORT and so on for the server, and
#   SEEDS      one table per size, law, and number of plants for each ("1001 1002 1003")
#   SIZES      users x weeks ("5000x26")
#   LAWS       of the honest users, see groups_tables.py ("usual all")
#   PLANTS     planted changes per table; 0: none, so that every finding is false ("0 1")
#   ARGUMENTS  further arguments of group_leakage, such as ", depth => 2"
#   VERBOSE    if set, prints every finding to standard error
#   PYTHON     an interpreter with numpy (/usr/bin/python3)
# Prints a line per size, law, and number of plants.

. "$(dirname "$0")/../lib.sh"

export PYTHONDONTWRITEBYTECODE=1
exec "${PYTHON:-/usr/bin/python3}" "$top/test/bench/groups.py"
