# shellcheck shell=bash
# Calls of validate batch. A test sources this after cases.sh.

# Leaves the exit status in $status, what was said on standard error in $said, the text in $output.
batch() { # ARGUMENT...
	output=$(timeout -s KILL "$HANG_SECONDS" "$VALIDATE" batch "$@" 2>stderr)
	# shellcheck disable=SC2034 # tests use it
	status=$?
	# shellcheck disable=SC2034 # tests use it
	said=$(<stderr)
}

# A column of the table, of all rows.
outcomes() {
	sed -n '/^row /,/^$/{/^row /d;/^$/d;p}' <<<"$output" | awk '{printf "%s%s=%s", n++ ? " " : "", $1, $2}'
}
