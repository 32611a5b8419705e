#!/bin/bash
# Installs what is missing: test/install-missing.sh [build|run|fuzz|check]
#
# build: a C compiler. run: also a PostgreSQL server with its development files. fuzz: also clang with libFuzzer. check: also
# the needs of the TAP tests.
# On Debian and its derivatives, as root or with password-less sudo, the packages are listed and installed. Elsewhere the
# script says what to install and fails. If nothing is missing, it does nothing and prints nothing.

. "$(dirname "$0")/lib.sh"

purpose=${1:-check}
packages=()

# the major version to install: that of an existing server or pg_config, otherwise the distribution's
wanted_version()
{
	local v
	if [ -n "${PG_CONFIG:-}" ]; then
		v=$("$PG_CONFIG" --version 2>/dev/null) || die "PG_CONFIG=$PG_CONFIG does not run"
		v=${v#PostgreSQL }
		echo "${v%%[!0-9]*}"
		return
	fi
	v=$(ls -v /usr/lib/postgresql 2>/dev/null | tail -n 1)
	[ -n "$v" ] ||
		v=$(apt-cache depends postgresql 2>/dev/null | sed -n 's/.*Depends: postgresql-\([0-9]*\)$/\1/p' | head -n 1)
	echo "${v:-15}"
}

look_for_missing()
{
	packages=()
	command -v make > /dev/null || packages+=(make)
	echo '#include <stdio.h>' | cc -E - > /dev/null 2>&1 || packages+=(gcc libc6-dev)
	[ "$purpose" = build ] && return
	if ! find_pg_config > /dev/null; then
		version=$(wanted_version)
		packages+=("postgresql-$version" "postgresql-server-dev-$version")
	fi
	[ "$purpose" = run ] && return
	if [ "$purpose" = fuzz ]; then
		echo 'int LLVMFuzzerTestOneInput(const char *data, unsigned long size) { return 0; }' |
			clang -x c - -fsanitize=fuzzer,address,undefined -o /dev/null 2> /dev/null || packages+=(clang libclang-rt-dev)
		return
	fi
	perl -MTest::More -MIPC::Run -e 1 2> /dev/null && command -v prove > /dev/null || packages+=(perl libipc-run-perl)
}

look_for_missing
[ ${#packages[@]} -gt 0 ] || exit 0

command -v apt-get > /dev/null ||
	die "missing packages, by their Debian names: ${packages[*]}. Install them and try again."

if [ "$(id -u)" -eq 0 ]; then
	as_root=()
elif sudo -n true 2> /dev/null; then
	as_root=(sudo -n)
else
	die "missing: ${packages[*]}. Install them as root and try again:
    apt-get update && apt-get install -y --no-install-recommends ${packages[*]}"
fi

say "installing ${packages[*]} (apt-get${as_root:+, by sudo})"
log=$(mktemp)
no_cluster=/etc/postgresql-common/createcluster.d/leakage-installing.conf
made_no_cluster=

finish()
{
	if [ -n "$made_no_cluster" ]; then
		"${as_root[@]}" rm -f "$no_cluster"
		"${as_root[@]}" rmdir --ignore-fail-on-non-empty "${no_cluster%/*}"
	fi
	rm -f "$log"
}
trap finish EXIT

# Debian's package would create and start a server, which nobody wants here
case " ${packages[*]} " in
*" postgresql-"*)
	made_no_cluster=yes
	"${as_root[@]}" mkdir -p "${no_cluster%/*}"
	echo "create_main_cluster = off" | "${as_root[@]}" tee "$no_cluster" > /dev/null
	;;
esac

apt()
{
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 "$@" \
		< /dev/null >> "$log" 2>&1
}

apt update || true		# the existing lists may be enough
if [ -n "${version:-}" ] && [ -z "${PG_CONFIG:-}" ]; then
	look_for_missing	# the fresh lists may know the distribution's version
fi
if ! apt install --no-install-recommends "${packages[@]}"; then
	tail -n 30 "$log" >&2
	die "apt-get could not install ${packages[*]}"
fi

look_for_missing
[ ${#packages[@]} -eq 0 ] || die "still missing after the installation: ${packages[*]}"
