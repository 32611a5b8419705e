#!/bin/bash
# make strict: compiles the extension outside the checkout, with many warnings as errors. The shipped Makefile has none of
# these, because a warning of a future compiler must not stop a user's build.

. "$(dirname "$0")/lib.sh"

"$top/test/install-missing.sh" run
PG_CONFIG=$(find_pg_config)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

cp -r "$top/Makefile" "$top/leakage.control" "$top/src" "$top/sql" "$dir"
find "$dir/src" -name '*.o' -delete -o -name '*.bc' -delete
make -C "$dir" -s -j"$(nproc)" PG_CONFIG="$PG_CONFIG" with_llvm=no all \
	COPT="-Wall -Wextra -Wshadow -Werror -Wno-unused-parameter -isystem $("$PG_CONFIG" --includedir-server)"
echo "no warnings: $(find "$dir/src" -name '*.o' | wc -l) files"
