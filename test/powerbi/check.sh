#!/bin/bash
# make powerbi-check NODE_MODULES=dir [SCHEMAS=dir] [VALIDATORS="report schemas model"]
#
# Checks powerbi/ with three external validators. Each must also find a mistake planted in a copy.
#   report    powerbi-report-author of @microsoft/powerbi-report-authoring-cli: roles, visuals, theme
#   schemas   ajv and ajv-formats with Microsoft's JSON schemas in SCHEMAS: the structure of every JSON file
#   model     the TMDL reader in @microsoft/powerbi-modeling-mcp: the semantic model, read by Power BI's own library
# NODE_MODULES is the node_modules directory with the validators. A missing validator is skipped with a message, but it is
# an error if VALIDATORS names it, if SCHEMAS is given (for schemas), or if all are missing. Nothing is installed, and no
# server is needed; test/t/030_powerbi_model.pl has the checks that need one.

. "$(dirname "$0")/../lib.sh"

: "${NODE_MODULES:=}" "${SCHEMAS:=}" "${VALIDATORS:=}"

declare -A package=(
	[report]=@microsoft/powerbi-report-authoring-cli
	[schemas]=ajv
	[model]=@microsoft/powerbi-modeling-mcp)

here=$top/test/powerbi
install="npm install --prefix DIR @microsoft/powerbi-report-authoring-cli@0.1.4 ajv@8 ajv-formats@3 @microsoft/powerbi-modeling-mcp@0.5.0-beta.13"

for name in $VALIDATORS; do
	[ -n "${package[$name]:-}" ] || die "VALIDATORS: no validator $name; there are report, schemas, model"
done
[ -n "$NODE_MODULES" ] || die "NODE_MODULES is not set. To install the validators: $install
    then: make powerbi-check NODE_MODULES=DIR/node_modules"
NODE_MODULES=$(cd "$NODE_MODULES" 2> /dev/null && pwd) || die "NODE_MODULES: no such directory"
[ -z "$SCHEMAS" ] || SCHEMAS=$(cd "$SCHEMAS" 2> /dev/null && pwd) || die "SCHEMAS: no such directory"
command -v node > /dev/null || die "node is missing (on Debian: apt-get install nodejs)"

report() { "$NODE_MODULES/.bin/powerbi-report-author" validate "$1/Leakage.pbip" --no-schema --format text; }
schemas() { node "$here/schemas.mjs" "$NODE_MODULES" "$SCHEMAS" "$1"; }
model() { node "$here/tmdl_reader.mjs" "$NODE_MODULES" "$1/Leakage.SemanticModel/definition"; }

# prints why a validator cannot run, or nothing
missing()
{
	[ -d "$NODE_MODULES/${package[$1]}" ] || { echo "${package[$1]} is not in $NODE_MODULES"; return; }
	[ "$1" != schemas ] || [ -d "$NODE_MODULES/ajv-formats" ] || { echo "ajv-formats is not in $NODE_MODULES"; return; }
	[ "$1" != schemas ] || [ -n "$SCHEMAS" ] || echo "SCHEMAS is not set to a copy of https://github.com/microsoft/json-schemas"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# a mistake that the validator must find: file, original text, replacement
page=Leakage.Report/definition/pages/overview
mistake()
{
	case $1 in
	report) echo "$page/visuals/overview-age/visual.json" '"Category"' '"Axis"' ;;
	schemas) echo "$page/page.json" FitToPage FitToPaper ;;
	model) echo Leakage.SemanticModel/definition/relationships.tmdl Segment.Segment Segment.Name ;;
	esac
}

# SCHEMAS implies the validator schemas
[ -z "$SCHEMAS" ] || wanted=" schemas"
wanted=" $VALIDATORS${wanted:-} "

ran=0 failed=0
for name in report schemas model; do
	[ -z "$VALIDATORS" ] || [[ $wanted == *" $name "* ]] || continue
	reason=$(missing "$name")
	if [ -n "$reason" ]; then
		[[ $wanted != *" $name "* ]] || die "$name cannot run: $reason"
		say "skipping $name: $reason"
		continue
	fi

	say "$name"
	ran=$((ran + 1))
	"$name" "$top/powerbi" || failed=$((failed + 1))

	rm -rf "$work/powerbi"
	cp -r "$top/powerbi" "$work"
	read -r file find replace <<< "$(mistake "$name")"
	grep -qF "$find" "$work/powerbi/$file" || die "cannot plant a mistake: no $find in $file"
	sed -i "s/$find/$replace/" "$work/powerbi/$file"
	if "$name" "$work/powerbi" > "$work/log" 2>&1; then
		echo "$name misses a planted mistake: $replace in $file"
		failed=$((failed + 1))
	else
		echo "finds a planted mistake: $(head -n 2 "$work/log" | tr -s ' \n' ' ' | cut -c 1-200)"
	fi
done

[ "$ran" -gt 0 ] || die "no validator could run. To install them: $install"
say "validators: $ran, failures: $failed"
[ "$failed" -eq 0 ]
