#!/bin/bash
# Sets whether the report reads live or keeps a copy: powerbi/storage-mode.sh directQuery|import
#
# Sets the mode of every table of the semantic model next to this script. Close Power BI Desktop first, and open the
# project again afterwards. With import, Desktop then asks for a refresh, which loads the data. On Windows, use Git Bash.

set -euo pipefail

case ${1:-} in
directQuery | import) ;;
*)
	echo "usage: powerbi/storage-mode.sh directQuery|import" >&2
	exit 1
	;;
esac

tab=$'\t'
for table in "$(dirname "$0")"/Leakage.SemanticModel/definition/tables/*.tmdl; do
	changed=$(sed "s/^\($tab${tab}mode: \)[A-Za-z]*/\1$1/" "$table" && echo .)
	printf %s "${changed%.}" > "$table"
done
echo "all tables: $1"
