# ---- what is asked for

jobs=2 schema=telecom again=no replace=no server_side=no encoding=UTF8 piece_bytes= delimiter=, decimal_comma=no skip_bad_rows= dry_run=no
connection=() files=()

while [ $# -gt 0 ]; do
	case $1 in
	--*=*) set -- "${1%%=*}" "${1#*=}" "${@:2}" ;;
	-[jnhpUd]?*) set -- "${1:0:2}" "${1:2}" "${@:2}" ;;
	esac
	case $1 in
	-j | --jobs | -n | --schema | --encoding | --delimiter | --skip-bad-rows | --piece | -h | --host | -p | --port | -U | --username | -d | --dbname)
		[ $# -gt 1 ] || wrong_usage "$1 needs a value" ;;
	esac
	case $1 in
	-j | --jobs) jobs=$2; shift ;;
	-n | --schema) schema=$2; shift ;;
	--encoding) encoding=$2; shift ;;
	--delimiter) delimiter=$2; shift ;;
	--decimal-comma) decimal_comma=yes ;;
	--skip-bad-rows) skip_bad_rows=$2; shift ;;
	--dry-run) dry_run=yes ;;
	--piece) piece_bytes=$2; shift ;;
	-h | --host | -p | --port | -U | --username | -d | --dbname) connection+=("$1" "$2"); shift ;;
	--again) again=yes ;;
	--replace) replace=yes ;;
	--server-side) server_side=yes ;;
	-q | --quiet) quiet=yes ;;
	--help) usage; exit 0 ;;
	--) files+=("${@:2}"); break ;;
	-?*) wrong_usage "no such option: $1" ;;
	*) files+=("$1") ;;
	esac
	shift
done
[ ${#files[@]} -gt 0 ] || wrong_usage "no file given"
[[ $jobs =~ ^[1-9][0-9]?$ ]] || wrong_usage "-j $jobs is not a number from 1 to 99"
[[ $piece_bytes =~ ^([1-9][0-9]*)?$ ]] || wrong_usage "--piece=$piece_bytes is not a number of bytes above zero"
[[ $skip_bad_rows =~ ^(0|[1-9][0-9]{0,5})?$ ]] || wrong_usage "--skip-bad-rows=$skip_bad_rows is not a number from 0 to 999999"
[[ $encoding =~ ^[A-Za-z0-9_-]+$ ]] || wrong_usage "--encoding=$encoding is not the name of an encoding"
case $delimiter in
tab | '\t') delimiter=$'\t' ;;
[,\;:\|~^#!*/] | $'\t') ;;
*) wrong_usage "--delimiter=$delimiter is not one of: tab , ; : | ~ ^ # ! * /" ;;
esac
[ $replace = no ] && [ $dry_run = no ] || jobs=1		# nobody else can write to a table that a transaction has emptied
type psql > /dev/null 2>&1 || fail "no psql on the PATH (on Debian: apt-get install postgresql-client)"

literal() { printf "'%s'" "${1//\'/\'\'}"; }
mart="\"${schema//\"/\"\"}\""

