#!/bin/bash
# make indent: lays out the C files as PostgreSQL lays out its own, with PostgreSQL's pgindent.
#
# The names of types are those of PostgreSQL's typedefs.list and of ours, which test/typedefs.pl finds.

. "$(dirname "$0")/lib.sh"

# the programs are on the PATH, or with a server's
for dir in '' "$("${PG_CONFIG:-pg_config}" --bindir 2> /dev/null || true)" $(ls -dv /usr/lib/postgresql/*/bin 2> /dev/null | tac); do
	pgindent=$(PATH=${dir:-$PATH} type -P pgindent) && pg_bsd_indent=$(PATH=${dir:-$PATH} type -P pg_bsd_indent) && break
done
[ -n "${pg_bsd_indent:-}" ] ||
	die "pgindent and pg_bsd_indent are not here. They come with PostgreSQL 16 and later:
    with the package postgresql-server-dev-18, or
    from PostgreSQL's source: make -C src/tools/pg_bsd_indent install, and put src/tools/pgindent on the PATH"

# PostgreSQL's types are listed beside pgindent in the source, and in the share directory of an installation
for typedefs in "${pgindent%/*}/typedefs.list" "$("${pgindent%/*}/pg_config" --sharedir 2> /dev/null || true)/typedefs.list"; do
	[ ! -f "$typedefs" ] || break
done
[ -f "$typedefs" ] || die "PostgreSQL's typedefs.list is not where $pgindent is"

mkdir -p "$top/build"
cat "$typedefs" "$top/typedefs.list" > "$top/build/typedefs.list"
cd "$top"
"$pgindent" --indent="$pg_bsd_indent" --typedefs=build/typedefs.list src test/data
