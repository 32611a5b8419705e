#!/bin/bash
# make check: every test on a private server, with a summary at the end. Fails if a test fails, or a kind has none.

. "$(dirname "$0")/lib.sh"

if [ -z "${SERVER_DIR:-}" ]; then
	SERVER_NEEDS=check exec "$top/test/server.sh" run "$0"
fi

quiet_make generator

# a piece of the published files, where it lies beside the checkout: 018_real_sample reads it
sample=$top/../shared/data/real-sample
[ -n "${LEAKAGE_REAL_DATA:-}" ] || [ ! -d "$sample" ] || export LEAKAGE_REAL_DATA=$sample

# The tests run as the server's user, who may not be able to read the checkout: they get a copy of it.
copy=$SERVER_DIR/check
mkdir -p "$copy/build"
cp "$top/build/generate" "$copy/build"
tar -C "$top" -cf - --exclude=./.git --exclude=./build --exclude=node_modules --exclude='*.o' --exclude='*.bc' --exclude='*.csv' . | tar -C "$copy" -xf -
export TMPDIR=$copy/tmp		# what failing TAP tests leave behind goes with it
mkdir "$TMPDIR"
[ -z "$AS_SERVER_USER" ] || chown -R "$($AS_SERVER_USER id -u):$($AS_SERVER_USER id -g)" "$copy"
cd "$copy"
logs=$top/build/check
rm -rf "$logs"
mkdir -p "$logs"

passed=0 failed=0 problems=()

# one kind of test, by the same installcheck that users have: kind NAME VARIABLE...
kind()
{
	local name=$1 log=$logs/$1.log p=0 f=0 status=0
	shift
	say "$name"
	$AS_SERVER_USER timeout 1200 make -s --no-print-directory PG_CONFIG="$PG_CONFIG" "$@" installcheck \
		< /dev/null 2>&1 | tee "$log" || status=$?
	[ "$status" -ne 124 ] || problems+=("$name did not end within 20 minutes")
	case $name in
	tap)
		# prove says Files=2, Tests=31 at the end, and of a file "Failed 3/31 subtests", or that it broke off
		f=$(sed -n 's/.*Failed \([0-9]*\)\/[0-9]* subtests.*/\1/p' "$log" | awk '{ n += $1 } END { print n + 0 }')
		p=$(sed -n 's/^Files=[0-9]*, Tests=\([0-9]*\),.*/\1/p' "$log")
		p=$((${p:-0} - f))
		f=$((f + $(grep -c '^  Parse errors:' "$log" || true)))
		;;
	*)
		# one line a test: "test NAME ... ok", and from PostgreSQL 16 "ok 1 - NAME"
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
