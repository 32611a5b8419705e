# ---- sessions: a psql each, which reads its commands from a pipe of ours, and ends without a commit when we do

piece_of_session=()
mkfifo "$work/replies"
exec {replies}<> "$work/replies"

# for the dd of the sessions
for f in "${!source[@]}"; do
	export "LEAKAGE_LOAD_FILE_$f=${source[f]}"
done

# A session that is done waits for the others in its transaction: no time limit is meant for that. All is set for the
# transaction only, since the connection may be a pooler's, which others get afterwards. (transaction_timeout came with 17.)
begin="BEGIN ISOLATION LEVEL READ COMMITTED;
	SET LOCAL search_path = pg_catalog, pg_temp;
	SET LOCAL standard_conforming_strings = on;
	SET LOCAL client_min_messages = warning;
	DO 'BEGIN
		PERFORM set_config(name, ''0'', true) FROM pg_settings
		WHERE name IN (''statement_timeout'', ''lock_timeout'', ''idle_in_transaction_session_timeout'', ''transaction_timeout'');
	END';"

open_session()
{
	local i=$1 fd
	mkfifo "$work/commands.$i"
	exec {fd}<> "$work/commands.$i"
	command_fd[i]=$fd
	(
		trap '' INT
		exec < "$work/commands.$i" > "$work/replies" 2> "$work/errors.$i"
		# a pipe that a child of ours held open would outlive us
		for fd in "${command_fd[@]}" "$replies"; do
			exec {fd}>&-
		done
		psql -X -q -A -t -v ON_ERROR_STOP=1 "${connection[@]}" <&0 &
		echo $! > "$work/pid.$i"
		status=0
		wait $! || status=$?
		echo "$i end $status"
	) &
}

tell() { printf '%s\n' "${@:2}" >&"${command_fd[$1]}"; }

# The line of file $1 that is line $2 of its copy without the rows that were set aside.
line_in_file()
{
	cut -d , -f 1 "$work/bad.$1" | sort -n | awk -v line="$2" '$1 <= line { line++ } END { print line }'
}

# What psql $1 wrote to stderr, as an error of piece $2 (or of none); does not return.
session_failed()
{
	local i=$1 p=${piece_of_session[$1]:-} text line f at=''
	text=$(sed -E 's/^psql:[^ ]*: //' "$work/errors.$i")
	if [ -n "$p" ]; then
		f=${piece_file[p]}
		at="${path[f]##*/}, bytes ${piece_from[p]} to ${piece_to[p]}"
		line=$(sed -nE 's/^CONTEXT:  COPY [^,]*, line ([0-9]+).*/\1/p' "$work/errors.$i" | head -n 1)
		if [ -n "$line" ]; then
			refuse_zero_bytes "${source[f]}" "${path[f]}"
			! server_opens "$p" || line=$((line - 1))		# it has read the header
			at="${path[f]}, line $((line + $(head -c "$(data_from "$p")" -- "${source[f]}" | wc -l)))"
			if [ -s "$work/bad.$f" ]; then
				at="${path[f]}, line $(line_in_file "$f" "${at##* }")"
			fi
		fi
	fi
	case $text in
	*'invalid byte sequence'*)
		[ -n "${line:-}" ] || fail "$at: $text" "the file's name is not in UTF8, and load_log could not keep it: give the file another name"
		fail "$at: $text" "the file is not in ${source_encoding[f]:-$encoding}: say which encoding it is in with --encoding" ;;
	*'permission denied'*) fail "${at:+$at: }$text" \
		"the loading role needs USAGE on the schema, SELECT and INSERT on the landing tables and on load_log (docs/loading.md)" ;;
	esac
	if [ -n "${line:-}" ]; then
		fail "$at: $text" "correct that line, if it is at fault, and run this again; or set such lines aside with --skip-bad-rows"
	fi
	fail "${at:+$at: }${text:-psql ended without a word}"
}

# The next reply, to session, word and value. Says $1 when it takes long, or how far the load is.
await()
{
	local slow=${1:-} waited=0 reply='' part
	# a read that ends at its time limit may have a part of a line
	while ! IFS= read -r -t 2 -u "$replies" part; do
		reply+=$part
		waited=$((waited + 2))
		if [ -z "$slow" ]; then
			progress
		elif [ $waited -eq 2 ]; then
			say "$slow"
		fi
	done
	read -r session word value <<< "$reply$part"
	[ "$word" != end ] || session_failed "$session"
}

# Runs SQL in session $1: its rows, in the array "rows". $3: what to say when it takes long.
query()
{
	rows=()
	tell "$1" "$2" "\\echo $1 done"
	while
		await "${3:-}"
		[ "$session $word" != "$1 done" ]
	do
		rows+=("$session${word:+ $word}${value:+ $value}")
	done
}

# Sessions work at the same time, each in a transaction. A pooler that gives a server's connection to a transaction may
# have fewer of them, and the sessions would wait for each other. It shows: what is idle between two transactions has no
# server process of its own.
refuse_pooler()
{
	local first second
	query 1 'SELECT pg_catalog.pg_backend_pid();'
	first=${rows[0]}
	open_session 2
	tell 2 "$begin"
	query 2 'SELECT pg_backend_pid();' "waiting for a second connection; a pooler may have no other (-j 1 needs only one)"
	second=${rows[0]}
	[ "$first" = "$second" ] || query 1 'SELECT pg_catalog.pg_backend_pid();'
	if [ "$first" = "$second" ] || [ "$first" != "${rows[0]}" ]; then
		fail "this connection goes through a pooler in transaction mode, where sessions may wait for each other for ever" \
			"connect to the server itself, or to a pool in session mode; or load in one session (-j 1)"
	fi
}

