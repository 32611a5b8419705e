# What the scripts here share: where the checkout is, how they speak, which PostgreSQL they use. Sourced by bash.

set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# a make that called us must not hand its variables to the makes that we call
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES

# a locale that the machine has: the user's may not be installed, or may translate messages
unset LANGUAGE "${!LC_@}"
LANG=C
[ "$(env LC_ALL=C.UTF-8 locale charmap 2> /dev/null)" != UTF-8 ] || LANG=C.UTF-8
export LANG LC_ALL=$LANG

say() { printf '%s\n' "== $*"; }
die() { printf '%s\n' "error: $*" >&2; exit 1; }

# The pg_config whose installation has a server, PGXS and the headers (Debian's client package brings PGXS without
# them, and libpq-dev brings a pg_config): $PG_CONFIG alone if it is set, else the one on the
# PATH, else the newest that Debian's or PGDG's packages installed. Prints nothing and fails if there is none.
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

# generate_files DIRECTORY OPTION...: the generator's files, which a server of another user can read
generate_files()
{
	local dir=$1
	shift
	quiet_make generator
	mkdir "$dir"
	"$top/build/generate" "$@" --out "$dir"
	chmod -R a+rX "$dir"
}

# line_end FILE BYTE: the byte after the line that BYTE is in, to cut a file there that has no line ends in quotes
line_end()
{
	echo $(($2 + $(set +o pipefail; tail -c +$(($2 + 1)) "$1" | head -n 1 | wc -c)))
}

# make in the checkout; what it says is shown only when it fails or warns
quiet_make()
{
	local log=$top/build/make.log
	mkdir -p "$top/build"
	[ -w "$top/build" ] || die "$top/build belongs to another user, who built here before: remove it (as root)"
	if ! make -C "$top" --no-print-directory "$@" > "$log" 2>&1; then
		tail -n 60 "$log" >&2
		die "make $* failed"
	fi
	grep -E 'warning:' "$log" >&2 || true
}
