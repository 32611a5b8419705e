# ---- plain CSV of whatever the file is: packed, in UTF-16, or a pipe

# Sets "source_file" to what the command $3... makes of it, in a file of ours. $1: what to call the file; $2: what it is.
convert()
{
	local f=$1 kind=$2 next=$source_file.plain
	shift 2
	type "$1" > /dev/null 2>&1 || fail "$f: is $kind, and there is no $1 on the PATH (on Debian: apt-get install $1)"
	[ "${source_file#"$work"/}" != "$source_file" ] || next=$work/file.$n
	run "$@" < "$source_file" > "$next" 2> "$work/convert" || {
		case $1 in
		iconv) f="$f, line $(($(wc -l < "$next") + 1))" ;;
		esac
		fail "$f: is $kind, but not whole: $(tail -n 1 "$work/convert")"
	}
	case $source_file in
	"$work"/*) rm -f "$source_file" ;;
	esac
	source_file=$next
}

# Sets "source_file" to a file with the text of file $1, the $2-th of the command line, and "file_encoding".
plain_file()
{
	local f=$1 n=$2
	source_file=$f file_encoding=$encoding
	if [ "$f" = - ]; then
		f='standard input'
		source_file=$work/file.$n
		run cat > "$source_file"
	else
		[ -e "$f" ] || fail "$f: no such file"
		[ ! -d "$f" ] || fail "$f: is a directory; name the files in it"
		[ -r "$f" ] || fail "$f: may not be read"
		if [ ! -f "$f" ]; then
			source_file=$work/file.$n
			run cat < "$f" > "$source_file"
		fi
	fi
	while true; do
		case $(head -c 6 -- "$source_file" | od -An -tx1 | tr -d ' \n') in
		1f8b*) convert "$f" "packed with gzip" gzip -dc ;;
		28b52ffd*) convert "$f" "packed with zstd" zstd -dcq ;;
		425a68*) fail "$f: is packed with bzip2; unpack it: bzip2 -dc FILE | leakage-load -" ;;
		fd377a585a00) fail "$f: is packed with xz; unpack it: xz -dc FILE | leakage-load -" ;;
		504b0304*) fail "$f: is a ZIP archive or a spreadsheet; unpack it, or export it as CSV" ;;
		fffe0000* | 0000feff*) convert "$f" "in UTF-32" iconv -f UTF-32 -t UTF-8; file_encoding=UTF8 ;;
		fffe* | feff*) convert "$f" "in UTF-16" iconv -f UTF-16 -t UTF-8; file_encoding=UTF8 ;;
		*)
			# the server knows none of these
			[[ ${file_encoding^^} =~ ^UTF[-_]?(16|32)([BL]E)?$ ]] || return 0
			convert "$f" "not in $file_encoding" iconv -f "${file_encoding//_/-}" -t UTF-8
			file_encoding=UTF8 ;;
		esac
	done
}
