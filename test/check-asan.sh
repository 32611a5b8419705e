#!/bin/bash
# make check-asan [PG_CONFIG=...] [PROVE_TESTS='test/t/NNN.pl ...']: regress, isolation, and the hostile TAP tests on an
# extension that is built with ASan and UBSan
#
# Only the extension is instrumented; the server is the installed one, with the sanitizers' libraries preloaded. This
# works with a server built from source, but not with Debian's packages. One with assertions sees more (configure
# --enable-cassert). A backend dies of a report, so a test fails. Takes 5 to 15 minutes.

. "$(dirname "$0")/lib.sh"

# under test/server.sh: what the sanitizers wrote into the server's log, which is removed with the server
if [ "${1:-}" = inside ]; then
	status=0
	test/check.sh || status=$?
	grep -hE -A 30 'runtime error|ERROR: AddressSanitizer|TRAP: |terminated by signal (6|11)' "$SERVER_DIR/server.log" |
		head -n 200 > "$REPORTS/server.log" || true
	rm -rf "$RESULTS"
	cp -r build/check "$RESULTS"
	exit "$status"
fi

"$top/test/install-missing.sh" check
PG_CONFIG=$(find_pg_config)
export PG_CONFIG
runtime=()
for library in libasan.so libubsan.so; do
	runtime+=("$(${CC:-gcc} -print-file-name=$library)")
	[ -f "${runtime[-1]}" ] || die "${CC:-gcc} has no $library"
done
timeout 20 env LD_PRELOAD="${runtime[*]}" ASAN_OPTIONS=detect_leaks=0 "$("$PG_CONFIG" --bindir)/postgres" -V > /dev/null 2>&1 ||
	die "$("$PG_CONFIG" --version) does not start with the sanitizers (Debian's do not): give PG_CONFIG of one built from source"
grep -q 'define USE_ASSERT_CHECKING 1' "$("$PG_CONFIG" --includedir-server)"/pg_config*.h ||
	say "note: $("$PG_CONFIG" --version) has no assertions"

# objects of two kinds must not meet: build in a copy. It lies beside a sample of the published files, if there is one.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 711 "$work"
export REPORTS=$work/reports RESULTS=$top/build/check-asan
mkdir -p "$work/source" "$REPORTS" "$top/build"
chmod 1777 "$REPORTS"
tar -C "$top" -cf - --exclude=./.git --exclude=./build --exclude=node_modules --exclude='*.o' --exclude='*.bc' --exclude='*.so' . |
	tar -C "$work/source" -xf -

: "${PROVE_TESTS=$(cd "$top" && echo test/t/003_*.pl test/t/*hostile*.pl)}"
export PROVE_TESTS
export COPT="-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer"
export ASAN_OPTIONS=detect_leaks=0:abort_on_error=1:detect_stack_use_after_return=0:log_path=$REPORTS/asan
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1:abort_on_error=1
status=0
(
	cd "$work/source"
	# not under the preloaded libraries, which make a compiler slow
	make -s -j"$(nproc)" PG_CONFIG="$PG_CONFIG" all > "$work/make.log" 2>&1 || { tail -n 60 "$work/make.log" >&2; die "make failed"; }
	make -s generator
	LD_PRELOAD=${runtime[*]} SERVER_NEEDS=check test/server.sh run test/check-asan.sh inside
) || status=$?

nm -D "$work/source/leakage.so" | grep -q __asan_report || die "the extension was built without ASan"
find "$REPORTS" -type f -size +0 -exec head -n 60 {} + >&2
[ -z "$(find "$REPORTS" -type f -size +0)" ] || die "the sanitizers reported something (above)"
exit $status
