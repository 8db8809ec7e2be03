# shellcheck shell=bash disable=SC2154 # a test sets $guest, $arguments, $findings
# What tests of AArch64 in QEMU share. A test sources this behind cases.sh.

# Each qemu-aarch64 that is there: on PATH, of VALIDATE_QEMU_AARCH64, of QEMUS.
arm_qemus=()
for qemu in qemu-aarch64 "${VALIDATE_QEMU_AARCH64:-}" ${QEMUS:-}; do
	qemu=$(command -v "$qemu") && [[ ${qemu##*/} == *aarch64* ]] && arm_qemus+=("$qemu")
done

# Judges $guest with an argument: exactly the findings that findings_of VERSION ARGUMENT prints, as the jq filter $findings makes
# lines of them.
judge_argument() { # QEMU VERSION ARGUMENT
	local what="$guest $3 in QEMU $2" expected

	expected=$(findings_of "$2" "$3")
	timeout -s KILL "$HANG_SECONDS" "$VALIDATE" record -q --via qemu -e "$1" --cpu max -o run.json -- "$guests/aarch64/$guest" "$3"
	same "$what: recorded" $? 0
	timeout -s KILL "$HANG_SECONDS" "$VALIDATE" -q --log run.json --emulator "$1" --cpu max --report report.json
	same "$what: status" $? "$([ -n "$expected" ] && echo 1 || echo 0)"
	same "$what: findings" "$(jq -r "$findings" report.json | LC_ALL=C sort)" "$expected"
	same "$what: all was judged" "$(jq -c '[.unmodelled, .unseen, .guest.exit_status]' report.json)" "[[],0,0]"
	matches "$what: instructions" "$(jq .instructions report.json)" '^[0-9]{5,}$'
}

# Judges $guest with each of $arguments: low bits of FPCR, of which 7.2 has none (FEAT_AFP).
judge_arguments() { # QEMU
	local version argument

	version=$("$1" --version | sed -n 's/.*version \([0-9.]*\).*/\1/p')
	case $version in
	7.2.*) judge_argument "$1" "$version" 0 ;;
	1[01].*) for argument in $arguments; do judge_argument "$1" "$version" "$argument"; done ;;
	*) untried "$guest" "nothing is known of what is wrong in QEMU '$version'" ;;
	esac
}
