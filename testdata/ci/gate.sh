#!/usr/bin/env bash
# A regression gate for an emulator: gate.sh [OPTION...] -- LOG...
#
# Replays every event log (validate record makes them) and fails if an instruction is wrong that was not known to be. The
# options are those of validate: --emulator PATH, --cpu MODEL, --fail-on SEVERITY for how sure a finding has to be (model if not
# given: what is only possible is shown, and fails nothing), --strict to fail as well where a log executes what the baseline says
# is wrong and it is not. That is a matter of each log: `validate batch --strict` asks whether any log still sees it.
#
#   VALIDATE   the program; validate on PATH if not set
#   BASELINE   the file of known findings, which belongs under version control; known-findings.json if not set
#   OUT        the folder for the reports of this run; gate if not set
#
# Each log leaves NAME.json, NAME.xml (JUnit), NAME.sarif and NAME.html there. On GitHub Actions what is new is annotated.
#
# Exit status: 0 nothing new, 1 something new, otherwise the highest of validate's, which its manual page explains.
set -uo pipefail

validate=${VALIDATE:-validate}
baseline=${BASELINE:-known-findings.json}
out=${OUT:-gate}

options=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
	options+=("$1")
	shift
done
if [ $# -lt 2 ]; then
	echo "usage: gate.sh [OPTION...] -- LOG..." >&2
	exit 2
fi
shift
if ! command -v "$validate" >/dev/null; then
	echo "gate.sh: no program $validate: set VALIDATE to the path of validate" >&2
	exit 2
fi
[ ! -e "$baseline" ] || options+=(--baseline "$baseline")
[ "${GITHUB_ACTIONS:-}" != true ] || options+=(--annotate github)
mkdir -p "$out" || exit 2

new=0 worst=0 reports=() failed=()
for log; do
	name=$(basename "$log" .json)
	echo "==== $name"
	rm -f "$out/$name".{json,xml,sarif,html} # of an earlier run
	"$validate" --log "$log" --report "$out/$name.json" --junit "$out/$name.xml" --sarif "$out/$name.sarif" \
		--html "$out/$name.html" ${options[@]+"${options[@]}"}
	status=$?
	[ ! -e "$out/$name.json" ] || reports+=("$out/$name.json")
	if [ $status = 1 ]; then
		new=1
	elif [ $status != 0 ]; then
		failed+=("$name: exit status $status")
		[ $status -le $worst ] || worst=$status
	fi
done

if [ ${#reports[@]} != 0 ]; then
	echo "==== coverage"
	"$validate" coverage "${reports[@]}"
fi
if [ $new = 1 ]; then
	echo
	echo "There are new findings. If they are known, say so, and commit $baseline:"
	echo "    $validate baseline update --baseline $baseline --note 'WHY' --link 'URL' ${reports[*]}"
fi
if [ $worst != 0 ]; then
	echo
	echo "Not judged at all or not to the end, or with --strict not in full:"
	printf '    %s\n' "${failed[@]}"
	exit $worst
fi
exit $new
