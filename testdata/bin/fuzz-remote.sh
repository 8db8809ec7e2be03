#!/usr/bin/env bash
# A real QEMU's answers, spoilt between it and us: fuzz-remote.sh [RUNS [SEED]]
#
# Each run judges a guest through testdata/helpers/lying_stub, whose seed is the run's: SEED, SEED + 1, ... With FUZZ_SECONDS
# for that long instead of RUNS. A run is to end, with a status of the man page's that is not 70, and to say what is printable.
# Otherwise its seed is printed, what it said is kept in build/fuzz/remote, and the exit status is 1. BUILD has
# the guests and the helper, VALIDATE is the program.
set -euo pipefail

: "${BUILD:?the build folder}" "${VALIDATE:?the program}"
runs=${1:-100} seed=${2:-1}
[ -z "${FUZZ_SECONDS:-}" ] || runs=1000000000
end=$((SECONDS + ${FUZZ_SECONDS:-1000000000}))
kept=$PWD/build/fuzz/remote
helper=$(realpath "$BUILD")/testdata/helpers/lying_stub
guests=$(realpath "$BUILD")/guests
VALIDATE=$(realpath "$VALIDATE")
scratch=$(mktemp -d)
relay=
trap '[ -z "$relay" ] || kill "$relay" 2>/dev/null; rm -rf "$scratch"' EXIT
cd "$scratch"

# The log, the emulator and the program of each kind of guest.
logs=() emulators=() programs=()
add() { # LOG EMULATOR PROGRAM ARG...
	local via=()

	command -v "$2" >/dev/null || return 0
	[[ $2 != *aarch64* ]] || via=(--via qemu)
	env -i PATH="$PATH" "$VALIDATE" record -q "${via[@]}" -o "$1" -- "${@:3}" >/dev/null 2>&1 ||
		return 0
	logs+=("$1") emulators+=("$2") programs+=("$(printf '%q ' "${@:3}")")
}
if [ "$(uname -m)" = x86_64 ]; then
	add hello.json "${VALIDATE_QEMU_X86_64:-qemu-x86_64}" "$guests/hello"
	add handlers.json "${VALIDATE_QEMU_X86_64:-qemu-x86_64}" "$guests/handlers"
	add mappings.json "${VALIDATE_QEMU_X86_64:-qemu-x86_64}" "$guests/mappings"
fi
add loop.json "${VALIDATE_QEMU_AARCH64:-qemu-aarch64}" "$guests/aarch64/loop" 2
if [ ${#logs[@]} = 0 ]; then
	echo "no QEMU, or no log of a guest"
	exit 77
fi

# The log and the command line are good: 2 is for a stub that lacks what is needed. A sanitizer's own status is one of ours.
is_answer() { # STATUS
	(($1 <= 5)) || return 1
	(($1 != 2)) || grep -Eq 'stub has no breakpoints|stub does not show the register' said || return 1
	! grep -Eq 'Sanitizer|runtime error: ' said || return 1
	! cat out said | tr -d '\n\t' | LC_ALL=C grep -q '[[:cntrl:]]'
}

declare -A seen=()
run() { # SEED KIND
	local program options=(--max-instructions 200 --timeout 5) status=0

	eval "program=(${programs[$2]})"
	(($1 % 4)) || options+=(--trace "$scratch/trace" --report "$scratch/report")
	(($1 % 3)) || options+=(--memory-audit 50)
	rm -f socket socket.stub
	"$helper" "$1" socket "${emulators[$2]}" -g @ "${program[@]}" >relay 2>&1 </dev/null &
	relay=$!
	for _ in {1..6000}; do
		[ ! -S socket ] || break
		kill -0 $relay 2>/dev/null || break
		sleep 0.01
	done
	timeout -s KILL 120 "$VALIDATE" run --log "${logs[$2]}" --remote unix:socket "${options[@]}" >out 2>said </dev/null ||
		status=$?
	kill $relay 2>/dev/null || true
	wait $relay 2>/dev/null || true
	relay=
	seen[$status]=$((${seen[$status]:-0} + 1))
	if ! is_answer $status; then
		mkdir -p "$kept"
		cp out "$kept/$1.out"
		cp said "$kept/$1.said"
		echo "seed $1 (${emulators[$2]}, ${logs[$2]}): status $status"
		tail -n 40 said | cat -v
		return 1
	fi
}

failed=0 done=0
for ((; done < runs && SECONDS < end; done++)); do
	run $((seed + done)) $(((seed + done) % ${#logs[@]})) || failed=1
done
statuses=
for status in "${!seen[@]}"; do
	statuses+=", ${seen[$status]} of status $status"
done
echo "$done runs from seed $seed$statuses"
exit $failed
