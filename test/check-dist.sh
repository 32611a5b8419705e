#!/bin/bash
# make check-dist: the archive that make dist makes builds, installs, and passes installcheck, on a private server.
# The TAP tests are left to make check.

. "$(dirname "$0")/lib.sh"

if [ -z "${SERVER_DIR:-}" ]; then
	SERVER_NEEDS=check exec "$top/test/server.sh" run "$0"
fi

git -C "$top" archive --prefix=archive/ HEAD | tar -C "$SERVER_DIR" -xf -
archive=$SERVER_DIR/archive
[ -z "$AS_SERVER_USER" ] || chown -R "$($AS_SERVER_USER id -u):$($AS_SERVER_USER id -g)" "$archive"

$AS_SERVER_USER make -C "$archive" -s -j"$(nproc)" PG_CONFIG="$PG_CONFIG"
make -C "$archive" -s PG_CONFIG="$PG_CONFIG" install
cd "$archive"
$AS_SERVER_USER make -s PG_CONFIG="$PG_CONFIG" TAP_TESTS= installcheck < /dev/null
