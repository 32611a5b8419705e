#!/bin/bash
# Fuzzing: gives arbitrary bytes to every parser of bytes, compiled with ASan and UBSan.
#
#   make fuzz [SECONDS=N]		test/fuzz/run.sh N: libFuzzer for N seconds in all (the default is 90)
#   test/fuzz/run.sh replay		the short form, which needs no libFuzzer: the corpus and 400 mutations of each file
#
# Each file of test/fuzz that defines fuzz_one() is a harness. Inputs that reach new code are kept in build/fuzz/corpus,
# where the next run continues. An input that is a finding goes to build/fuzz/findings; to see it again:
#   build/fuzz/NAME build/fuzz/findings/NAME-...
# FUZZ_ONLY=NAME runs one harness.

. "$(dirname "$0")/../lib.sh"
cd "$top"

seconds=${1:-90}
[[ $seconds =~ ^([0-9]+|replay)$ ]] || die "SECONDS must be a number, got \"$seconds\""
mapfile -t harnesses < <(grep -l '^fuzz_one(' test/fuzz/*.c | xargs -n 1 basename -s .c)
[ -z "${FUZZ_ONLY:-}" ] || harnesses=("$FUZZ_ONLY")

sanitize=(-fsanitize=address,undefined -fno-sanitize-recover=all)
if [ "$seconds" = replay ]; then
	compiler=(cc -O0 "${sanitize[@]}") linker=(cc "${sanitize[@]}") driver=(build/fuzz/obj/test_fuzz_replay.c.o)
else
	"$top/test/install-missing.sh" fuzz
	compiler=(clang -O1 -g "${sanitize[@]}" -fsanitize=fuzzer-no-link) linker=(clang "${sanitize[@]}" -fsanitize=fuzzer) driver=()
fi
PG_CONFIG=$(find_pg_config)
work=build/fuzz
mkdir -p $work/obj $work/findings

# ---- the sources as they are, the harnesses, and server.c; what no parser calls stays unresolved, and a call of it crashes

for libpgport in "$("$PG_CONFIG" --pkglibdir)" "$("$PG_CONFIG" --libdir)" "$("$PG_CONFIG" --bindir)/../lib"; do
	libpgport=$libpgport/libpgport.a
	[ ! -f "$libpgport" ] || break
done
[ -f "$libpgport" ] || die "$PG_CONFIG has no libpgport.a"

say "building ${#harnesses[@]} harnesses with $("$PG_CONFIG" --version)"
printf '%s\n' src/*/*.c test/fuzz/server.c test/fuzz/replay.c "${harnesses[@]/%/.c}" | sed 's#^[a-z_]*\.c$#test/fuzz/&#' |
	xargs -P "$(nproc)" -I{} sh -c 'exec "$@" -c {} -o "build/fuzz/obj/$(echo {} | tr / _).o"' sh "${compiler[@]}" \
		-fno-omit-frame-pointer -ffp-contract=off -DUSE_ASSERT_CHECKING=1 -D_GNU_SOURCE -Isrc \
		"-I$("$PG_CONFIG" --includedir-server)" -Wall -Wno-ignored-attributes > $work/build.log 2>&1 ||
	{ tail -n 60 $work/build.log >&2; die "the compiler failed"; }
for name in "${harnesses[@]}"; do
	"${linker[@]}" -no-pie -Wl,--unresolved-symbols=ignore-all -o "$work/$name" "$work/obj/test_fuzz_$name.c.o" \
		"${driver[@]}" $work/obj/test_fuzz_server.c.o $work/obj/src_*.o "$libpgport" -lm
done

# ---- run: a finding of one harness does not keep the others from running

# watching the stack after a return makes each error jump a hundred times slower
export ASAN_OPTIONS=detect_leaks=0:abort_on_error=1:detect_stack_use_after_return=0
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
share=
if [ "$seconds" != replay ]; then
	share=$((seconds / ${#harnesses[@]}))
	[ "$share" -gt 0 ] || share=1
fi
executions=0 findings=()
for name in "${harnesses[@]}"; do
	log=$work/$name.log
	mkdir -p "$work/corpus/$name"
	if [ -z "$share" ]; then
		command=("$work/$name" 400 "test/fuzz/corpus/$name"/*)
	else
		command=("$work/$name" -max_total_time="$share" -max_len=32768 -timeout=20 -rss_limit_mb=2048 -print_final_stats=1
			-artifact_prefix="$work/findings/$name-" "$work/corpus/$name" "test/fuzz/corpus/$name")
	fi
	if ! "${command[@]}" > "$log" 2>&1; then
		findings+=("$name")
		grep -E 'FINDING|runtime error|ERROR: |after the input|Test unit written' "$log" | head -n 5 >&2 || true
	fi
	n=$(sed -n 's/^stat::number_of_executed_units: *//p; s/^\([0-9]*\) executions$/\1/p' "$log" | tail -n 1)
	executions=$((executions + ${n:-0}))
	printf '%-14s %10s executions%s\n' "$name" "${n:-?}" "${share:+ in $share s}"
done
say "$executions executions, ${#findings[@]} harnesses with findings"
[ ${#findings[@]} -eq 0 ] || die "findings in ${findings[*]}: see $work/findings and $work/*.log"
