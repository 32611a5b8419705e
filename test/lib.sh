# Shared by the scripts: the place of the checkout, messages, and the choice of PostgreSQL. Sourced by bash.

set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# a calling make must not pass its variables to the makes that we call
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES

# a locale that exists: the user's may be missing, or may translate messages
unset LANGUAGE "${!LC_@}"
LANG=C
[ "$(env LC_ALL=C.UTF-8 locale charmap 2> /dev/null)" != UTF-8 ] || LANG=C.UTF-8
export LANG LC_ALL=$LANG

say() { printf '%s\n' "== $*"; }
die() { printf '%s\n' "error: $*" >&2; exit 1; }

# Finds a pg_config whose installation has a server, PGXS, and the headers. (Debian's client package brings PGXS without
# headers, and libpq-dev brings a pg_config.) Looks at $PG_CONFIG only, if it is set; otherwise at the PATH, then at
# Debian's and PGDG's packages, newest first. Prints nothing and fails if it finds none.
find_pg_config()
{
	local candidates=("${PG_CONFIG:-pg_config}") c
	[ -n "${PG_CONFIG:-}" ] ||
		mapfile -t -O1 candidates < <(ls -rv /usr/lib/postgresql/*/bin/pg_config /usr/pgsql-*/bin/pg_config 2>/dev/null)
	for c in "${candidates[@]}"; do
		if [ -x "$("$c" --bindir 2>/dev/null)/initdb" ] && [ -f "$("$c" --pgxs 2>/dev/null)" ] &&
			[ -f "$("$c" --includedir-server 2>/dev/null)/postgres.h" ]; then
			command -v "$c"
			return
		fi
	done
	return 1
}

# generate_files DIRECTORY OPTION...: generates files that a server running as another user can read
generate_files()
{
	local dir=$1
	shift
	quiet_make generator
	mkdir "$dir"
	"$top/build/generate" "$@" --out "$dir"
	chmod -R a+rX "$dir"
}

# line_end FILE BYTE: prints the byte after the line that contains BYTE; a file without quoted line ends can be cut there
line_end()
{
	echo $(($2 + $(set +o pipefail; tail -c +$(($2 + 1)) "$1" | head -n 1 | wc -c)))
}

# runs make in the checkout; shows its output only if it fails or warns
quiet_make()
{
	local log=$top/build/make.log
	mkdir -p "$top/build"
	[ -w "$top/build" ] || die "$top/build belongs to another user who built here before: remove it (as root)"
	if ! make -C "$top" --no-print-directory "$@" > "$log" 2>&1; then
		tail -n 60 "$log" >&2
		die "make $* failed"
	fi
	grep -E 'warning:' "$log" >&2 || true
}
