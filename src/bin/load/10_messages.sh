#!/bin/bash
# leakage-load: CSV files into the landing tables of a leakage mart, in parallel, each row once. See usage() and
# docs/loading.md.
#
# Each session is a psql with an open transaction: it copies pieces of the files, and notes each in the mart's load_log
# in the same transaction. All commit when every piece of every file has been copied and its rows counted; until then a
# failure of any kind leaves nothing. What is left between two commits is in load_log: the next run loads the rest.
# Needs bash 4.4, psql 11, GNU coreutils, grep and awk; gzip, zstd and iconv for files
# that need them.

set -euo pipefail
unset LANGUAGE
export LC_ALL=C PGCLIENTENCODING=UTF8 PGAPPNAME="leakage-load $$"

usage()
{
	cat <<-'USAGE'
		usage: leakage-load [OPTION...] FILE...

		Loads CSV files into the landing tables of a leakage mart. A file is known by the columns in its header line, in any
		order: crm, device, revenue, subscriber_attribute, usage, exclusion or known_event. All files of a call are loaded,
		or none. Files packed with gzip or zstd and files in UTF-16 are known by their first bytes. The file - is standard
		input.

		  -j, --jobs=N         sessions that load at the same time (2)
		  -n, --schema=NAME    schema of the mart (telecom)
		      --again          load a file also if load_log says that it is loaded already
		      --replace        empty the landing tables of these files first, in the same transaction (one session)
		      --server-side    let the server read the files, which must have the same path there
		                       (role pg_read_server_files, and to cut files pg_execute_server_program)
		      --encoding=NAME  of the files (UTF8)
		      --delimiter=C    what separates the columns, such as ';' or tab (,)
		      --decimal-comma  numbers are written 1.025,50 and mean 1025.50
		      --skip-bad-rows=N  set aside up to N rows of each file that cannot be loaded, in the mart's table skipped_row
		      --dry-run        load nothing; print how many rows of each file would be refused, by reason
		      --piece=BYTES    cut files into pieces of about this size (the whole, divided by four a session)
		  -q, --quiet          no progress
		      --help           this

		Connection: -h HOST, -p PORT, -U USER, -d DBNAME or connection string, as of psql; or PGHOST, PGSERVICE and so on.
		Passwords come from ~/.pgpass or PGPASSWORD.

		Exit status: 0 all is loaded; 1 nothing was loaded; 2 wrong usage; 3 loaded in part: run the same again.
	USAGE
}

quiet=no
say() { [ "$quiet" = yes ] || printf 'leakage-load: %s\n' "$*" >&2; }
warn() { printf 'leakage-load: warning: %s\n' "$*" >&2; }
fail() { printf 'leakage-load: error: %s\n' "$@" >&2; exit 1; }
wrong_usage() { printf 'leakage-load: %s\nTry "leakage-load --help".\n' "$*" >&2; exit 2; }

