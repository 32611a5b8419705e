#!/bin/bash
# make check: runs every test on a private server and prints a summary. Fails if a test fails or a kind has no tests.
# The deeper targets run some tests for longer: CHECK_KINDS says which kinds, PROVE_TESTS which TAP tests, and
# CHECK_TIMEOUT after how many seconds a kind is stopped.

. "$(dirname "$0")/lib.sh"

if [ -z "${SERVER_DIR:-}" ]; then
	SERVER_NEEDS=check exec "$top/test/server.sh" run "$0"
fi

quiet_make generator

# a sample of the published files, if it lies next to the checkout: 018_real_sample reads it
sample=$top/../shared/data/real-sample
[ -n "${LEAKAGE_REAL_DATA:-}" ] || [ ! -d "$sample" ] || export LEAKAGE_REAL_DATA=$sample

# The tests run as the server's user, who may be unable to read the checkout, so they get a copy.
copy=$SERVER_DIR/check
mkdir -p "$copy/build"
cp "$top/build/generate" "$copy/build"
tar -C "$top" -cf - --exclude=./.git --exclude=./build --exclude=node_modules --exclude='*.o' --exclude='*.bc' --exclude='*.csv' . | tar -C "$copy" -xf -
export TMPDIR=$copy/tmp		# removes what failing TAP tests leave behind
mkdir "$TMPDIR"
[ -z "$AS_SERVER_USER" ] || chown -R "$($AS_SERVER_USER id -u):$($AS_SERVER_USER id -g)" "$copy"
cd "$copy"
logs=$top/build/check
rm -rf "$logs"
mkdir -p "$logs"

passed=0 failed=0 problems=()

# runs one kind of test with the installcheck that users have too: kind NAME VARIABLE...
kind()
{
	local name=$1 log=$logs/$1.log p=0 f=0 status=0 limit=${CHECK_TIMEOUT:-1200}
	shift
	[[ " ${CHECK_KINDS:-regress isolation tap} " = *" $name "* ]] || return 0
	say "$name"
	$AS_SERVER_USER timeout "$limit" make -s --no-print-directory PG_CONFIG="$PG_CONFIG" "$@" installcheck \
		< /dev/null 2>&1 | tee "$log" || status=$?
	[ "$status" -ne 124 ] || problems+=("$name did not end within $limit seconds")
	case $name in
	tap)
		# prove ends with "Files=2, Tests=31", and reports "Failed 3/31 subtests" of a file, or a parse error if it died
		f=$(sed -n 's/.*Failed \([0-9]*\)\/[0-9]* subtests.*/\1/p' "$log" | awk '{ n += $1 } END { print n + 0 }')
		p=$(sed -n 's/^Files=[0-9]*, Tests=\([0-9]*\),.*/\1/p' "$log")
		p=$((${p:-0} - f))
		f=$((f + $(grep -c '^  Parse errors:' "$log" || true)))
		;;
	*)
		# one line per test: "test NAME ... ok", and since PostgreSQL 16 "ok 1 - NAME"
		p=$(grep -cE '^(test .* \.\.\. ok|ok [0-9])' "$log" || true)
		f=$(grep -cE '^(test .* \.\.\. FAILED|not ok [0-9])' "$log" || true)
		;;
	esac
	passed=$((passed + p)) failed=$((failed + f))
	results+=("$(printf '%-10s %4d passed, %d failed' "$name" "$p" "$f")")
	[ "$status" -eq 0 ] || [ "$f" -gt 0 ] || problems+=("$name ended with status $status")
	[ "$p" -gt 0 ] || problems+=("$name: no test passed")
}

results=()
kind regress ISOLATION= TAP_TESTS=
[ ! -f regression.diffs ] || { cp regression.diffs "$logs/regress.diffs"; head -n 200 regression.diffs; }
kind isolation REGRESS= TAP_TESTS=
[ ! -f output_iso/regression.diffs ] || { cp output_iso/regression.diffs "$logs/isolation.diffs"; head -n 200 output_iso/regression.diffs; }
kind tap REGRESS= ISOLATION=
[ ! -d tmp_check/log ] || cp -r tmp_check/log "$logs/tap"

# a script without expected output would never run
shopt -s nullglob
for script in sql/*.sql test/specs/*.spec; do
	expected=$(basename "${script%.*}").out
	case $script in
	sql/leakage--*) continue ;;
	sql/*) [ -f "expected/$expected" ] || problems+=("$script has no expected/$expected") ;;
	*) [ -f "test/expected/$expected" ] || problems+=("$script has no test/expected/$expected") ;;
	esac
done

say "summary"
printf '%s\n' "${results[@]}"
[ ${#problems[@]} -eq 0 ] || printf 'problem: %s\n' "${problems[@]}"
failed=$((failed + ${#problems[@]}))
[ "$failed" -eq 0 ] || echo "the logs are in build/check/"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
