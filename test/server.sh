#!/bin/bash
# A private, throw-away PostgreSQL server with the extension: test/server.sh run COMMAND [ARGUMENT...]
#
# Builds the checkout, starts the server, and runs COMMAND with PGHOST, PGPORT, PGUSER, PGDATABASE, PG_CONFIG, and PATH
# set for it. Then stops the server, removes all its files, and exits with COMMAND's status. COMMAND also gets
#   SERVER_DIR        a directory that exists during the run
#   AS_SERVER_USER    a command prefix: the rest of the command runs as the server's user, who is never root
# Reads from the environment: PG_CONFIG; TMPDIR; SERVER_SETTINGS=machine to size the server for the machine and large
# data, or =stock for PostgreSQL's defaults (without it: the defaults, and no care for what a crash may lose); SERVER_PORT
# to listen on that port of 127.0.0.1, too.
#
# The server listens on a Unix socket that only its user (and root) can open. A port asks for a password. The server runs
# from a copy of the installed server's tree, which finds its share directory relative to its bin directory. So anyone can
# install the extension there, and the machine's own PostgreSQL does not change.

. "$(dirname "$0")/lib.sh"

[ "${1:-}" = run ] && [ $# -gt 1 ] || die "usage: test/server.sh run COMMAND [ARGUMENT...]"
shift

"$top/test/install-missing.sh" "${SERVER_NEEDS:-run}"
PG_CONFIG=$(find_pg_config)

# ---- who runs it, and where

as_server_user=()
if [ "$(id -u)" -eq 0 ]; then
	user=postgres
	id "$user" > /dev/null 2>&1 || user=nobody
	as_server_user=(setpriv "--reuid=$user" "--regid=$(id -g "$user")" --init-groups env HOME=/tmp)
fi

server=
command_group=
dir=

stop()
{
	local pid pids=() i
	trap '' INT TERM HUP
	[ -z "$command_group" ] || kill -TERM -- "-$command_group" 2> /dev/null || true
	[ -n "$dir" ] || return 0
	# our server, and servers of TAP tests that were killed before they could stop them
	mapfile -t pids < <(find "$dir" -name postmaster.pid -exec head -n 1 {} \; 2> /dev/null)
	pids+=(${server:+"$server"})
	for pid in "${pids[@]}"; do
		kill -QUIT "$pid" 2> /dev/null || true
	done
	for ((i = 0; i < 100; i++)); do
		kill -0 "${pids[@]}" 2> /dev/null || break
		sleep 0.1
	done
	rm -rf "$dir" 2> /dev/null || { sleep 1; rm -rf "$dir"; }
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# a directory that the server's user can reach and run programs from (/tmp may forbid both)
for base in "${TMPDIR:-/tmp}" /tmp /var/tmp "$top/build"; do
	mkdir -p "$base" 2> /dev/null && dir=$(mktemp -d "$base/leakage.XXXXXX") || continue
	chmod 711 "$dir"
	cp "$(type -P true)" "$dir/probe"
	if [ ${#dir} -lt 80 ] && "${as_server_user[@]}" "$dir/probe" 2> /dev/null; then
		rm "$dir/probe"
		break
	fi
	rm -rf "$dir"
	dir=
done
[ -n "$dir" ] || die "no usable directory for a temporary server among ${TMPDIR:-/tmp}, /tmp, and /var/tmp: set TMPDIR"

# ---- the extension, built in the checkout and installed in a copy of the server's tree

say "building with $("$PG_CONFIG" --version)"
quiet_make -j"$(nproc)" PG_CONFIG="$PG_CONFIG" all

tree=$dir/tree
place() { echo "$tree$("$PG_CONFIG" "--$1")"; }
mkdir -p "$(place bindir)" "$(place pkglibdir)" "$(place sharedir)"
cp -r "$("$PG_CONFIG" --bindir)/." "$(place bindir)"			# programs locate their files by their real path,
cp -rs "$("$PG_CONFIG" --pkglibdir)/." "$(place pkglibdir)"		# files that they load can be links
cp -rs "$("$PG_CONFIG" --sharedir)/." "$(place sharedir)"
for include in pkgincludedir includedir-server; do
	[ -e "$(place $include)" ] || { mkdir -p "$(dirname "$(place $include)")"; ln -s "$("$PG_CONFIG" --$include)" "$(place $include)"; }
done

# what the fuzzers link with; Debian has it in the directory of the modules
libpgport=$("$PG_CONFIG" --libdir)/libpgport.a
[ ! -f "$libpgport" ] || { mkdir -p "$(place libdir)"; ln -sf "$libpgport" "$(place libdir)"; }

private=$(place bindir)/pg_config
if [ "$("$private" --sharedir)" = "$(place sharedir)" ] && [ "$("$private" --pkglibdir)" = "$(place pkglibdir)" ]; then
	quiet_make PG_CONFIG="$private" install
	PG_CONFIG=$private
	# tests install scripts of other versions
	[ ${#as_server_user[@]} -eq 0 ] || chown "$user" "$("$PG_CONFIG" --sharedir)/extension"
else
	say "this PostgreSQL cannot be copied: installing the extension into it"
	if [ -w "$("$PG_CONFIG" --pkglibdir)" ]; then
		quiet_make PG_CONFIG="$PG_CONFIG" install
	else
		sudo -n make -C "$top" -s PG_CONFIG="$PG_CONFIG" install ||
			die "run this first: sudo make install PG_CONFIG=$PG_CONFIG"
	fi
fi
bindir=$("$PG_CONFIG" --bindir)

# ---- the server

# the machine's memory in MB, or the limit of its control group if that is less
memory()
{
	local mb limit
	mb=$(awk '/^MemTotal:/ { print int($2 / 1024) }' /proc/meminfo)
	limit=$(cat /sys/fs/cgroup/memory.max 2> /dev/null || echo max)
	if [ "$limit" != max ] && [ $((limit / 1048576)) -lt "$mb" ]; then
		mb=$((limit / 1048576))
	fi
	echo "$mb"
}

settings()
{
	local mb=$(memory) shm
	cat <<-SETTINGS
		listen_addresses = '${SERVER_PORT:+127.0.0.1}'
		port = $port
		unix_socket_directories = '$dir/socket'
		unix_socket_permissions = 0700
		log_line_prefix = '%m [%p] '
		max_prepared_transactions = 2
	SETTINGS
	# parallel queries keep shared memory in /dev/shm, which is very small in some containers
	shm=$(df -Pm /dev/shm 2> /dev/null | awk 'NR == 2 { print $4 }')
	[ "${shm:-0}" -ge $((mb / 8)) ] || echo "dynamic_shared_memory_type = mmap"
	case ${SERVER_SETTINGS:-} in
	stock) return ;;
	'')
		# these data need not survive a crash; measurements use a server that keeps its data
		cat <<-SETTINGS
			fsync = off
			full_page_writes = off
			synchronous_commit = off
		SETTINGS
		return ;;
	esac
	cat <<-SETTINGS
		# a table larger than a quarter of it is read through a small ring, which is cheaper here than
		# mapping the whole table in each process (docs/performance.md)
		shared_buffers = $((mb / 24 + 16))MB
		effective_cache_size = $((mb / 2))MB
		work_mem = $((mb / 48 + 4))MB
		maintenance_work_mem = $((mb / 16 + 16))MB
		max_wal_size = 32GB
		checkpoint_timeout = 1h
		wal_level = minimal
		max_wal_senders = 0
		max_worker_processes = $(($(nproc) + 4))
		max_parallel_workers = $(nproc)
		jit = off
	SETTINGS
}

port=${SERVER_PORT:-5432}
mkdir "$dir/socket" "$dir/data"
[ ${#as_server_user[@]} -eq 0 ] || chown "$user" "$dir/socket" "$dir/data"
cd "$dir"
"${as_server_user[@]}" "$bindir/initdb" --pgdata="$dir/data" --username=postgres --auth-local=trust --auth-host=scram-sha-256 \
	--encoding=UTF8 --locale="$LANG" --no-sync > "$dir/initdb.log" 2>&1 || { cat "$dir/initdb.log" >&2; die "initdb failed"; }
settings | "${as_server_user[@]}" tee -a "$dir/data/postgresql.conf" > /dev/null

# in its own session, out of reach of the terminal's Ctrl-C; the kernel ends it if this script is killed
"${as_server_user[@]}" setsid setpriv --pdeathsig INT "$bindir/postgres" -D "$dir/data" < /dev/null > "$dir/server.log" 2>&1 &
server=$!

export PG_CONFIG PATH="$bindir:$PATH"
export PGHOST=$dir/socket PGPORT=$port PGUSER=postgres PGDATABASE=postgres
export SERVER_DIR=$dir AS_SERVER_USER="${as_server_user[*]}"
unset PGSERVICE PGSERVICEFILE PGHOSTADDR PGPASSFILE PGPASSWORD PGOPTIONS PGSSLMODE PGCLIENTENCODING PSQLRC

for ((i = 0; ; i++)); do
	pg_isready -q && break
	kill -0 "$server" 2> /dev/null && [ $i -lt 600 ] || { cat "$dir/server.log" >&2; die "the server did not start"; }
	sleep 0.1
done

# ---- the command runs in the background so that this script reacts to signals at once

cd "$OLDPWD"
setsid "$@" <&0 &
command_group=$!
status=0
wait "$command_group" || status=$?
command_group=
if [ "$status" -ne 0 ] && ! pg_isready -q; then
	say "the server is gone; its log ends with:"
	tail -n 30 "$dir/server.log"
fi >&2
exit "$status"
