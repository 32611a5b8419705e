# ---- the end, in good order or not

work=$(mktemp -d)
command_fd=() helper= committing=no
started=$SECONDS

# whatever happens: no session is left, and what has not been committed is gone
stop()
{
	local status=$? fd i
	trap '' INT TERM HUP
	set +e
	[ -z "$helper" ] || kill "$helper" 2> /dev/null
	for i in "${!command_fd[@]}"; do
		[ ! -s "$work/pid.$i" ] || kill -INT "$(< "$work/pid.$i")" 2> /dev/null		# psql cancels its query
		fd=${command_fd[i]}
		exec {fd}>&-
	done
	for ((i = 0; i < 500; i++)); do
		[ -n "$(jobs -rp)" ] || break
		sleep 0.02
	done
	if [ -n "$(jobs -rp)" ]; then
		for i in "${!command_fd[@]}"; do
			kill -TERM "$(< "$work/pid.$i")" 2> /dev/null
		done
	fi
	rm -rf "$work"
	if [ "$status" -ne 0 ] && [ $committing = yes ]; then
		printf 'leakage-load: %s\n' "this happened while the sessions committed: a part may be loaded, and load_log knows which" \
			"run the same command again: it loads the rest" >&2
		exit 3
	fi
	[ "$status" -eq 0 ] || [ $committing = done ] || printf 'leakage-load: nothing was loaded\n' >&2
	exit "$status"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# Runs a command that may take long, so that a signal ends it too. (bash handles one when a command in the foreground ends.)
run()
{
	local status=0
	"$@" <&0 &
	helper=$!
	wait "$helper" || status=$?
	helper=
	return "$status"
}

