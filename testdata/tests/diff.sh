#!/usr/bin/env bash
# validate diff on real traces: of QEMU (the one of VALIDATE_QEMU_X86_64, or qemu-x86_64) and of unicorn. What one of them alone does
# wrong differs, and nothing else.
. testdata/bin/cases.sh

qemu=${VALIDATE_QEMU_X86_64:-qemu-x86_64}
version=$("$qemu" --version 2>/dev/null | sed -n 's/.*version \([0-9.]*\).*/\1/p')
needs bmi jq busybox
make_scratch
: "${scratch:?}"

# What differs from unicorn 2.0.1, which has blsi's carry flag wrong, as QEMU 7.2 has.
blsi=$'blsi r32, r32: cf\nblsi r64, r64: cf'
case $version in
7.2.*) expected=$'adcx r32, r32: cf\nadox r32, r32: of\ncrc32 r64, r64: general register' ;;
10.0.*) expected=$blsi$'\ncrc32 r64, r64: general register' ;;
1[1-9].*) expected=$blsi ;;
*)
	skip "nothing is known of what is wrong in QEMU '$version'"
	;;
esac

trace() { # NAME OPTION...
	local name=$1
	shift
	timeout -s KILL 60 "$VALIDATE" trace -q -o "$scratch/$name.vtrace" "$@"
	same "$name is traced" $? 0
}

compare() { # ARGUMENT...
	output=$(cd "$scratch" && timeout -s KILL 60 "$program" diff --report report.json "$@" 2>stderr)
	status=$?
	said=$(<"$scratch/stderr")
}

field() { # JQ-EXPRESSION
	jq -r "$1" "$scratch/report.json" 2>&1
}

program=$(realpath "$VALIDATE")
timeout -s KILL 60 "$VALIDATE" record -q -o "$scratch/bmi.json" -- "$BUILD/guests/bmi" >/dev/null
timeout -s KILL 60 "$VALIDATE" record -q -o "$scratch/box.json" -- "$(command -v busybox)" true >/dev/null
trace qemu --log "$scratch/bmi.json" --emulator "$qemu" --cpu max --max-instructions 9000
trace unicorn --log "$scratch/bmi.json" --max-instructions 9000
trace again --log "$scratch/bmi.json" --max-instructions 9000
trace shorter --log "$scratch/bmi.json" --max-instructions 4000
trace box-qemu --log "$scratch/box.json" --emulator "$qemu" --cpu qemu64 --max-instructions 15000
trace box-unicorn --log "$scratch/box.json" --cpu qemu64 --max-instructions 15000

compare unicorn.vtrace again.vtrace
same "status of two equal runs" $status 0
same "they are the same" "$(field '[.verdict, .compared, ([.classes[].total] | add), .paths.total] | @json')" '["same",9000,0,0]'
matches "what is said" "$output" $'^verdict      same\n'

compare qemu.vtrace unicorn.vtrace
same "status of QEMU $version and unicorn" $status 1
if [[ $(field .b.emulator) = "unicorn 2.0.1 "* ]]; then
	same "QEMU $version and unicorn differ in" "$(field '.classes[] | select(.class == "independent") | .findings[] |
		.form + ": " + (if .place == "eflags" then .cause else .place end)' | LC_ALL=C sort)" "$expected"
fi
same "their symbols" "$(field '[.classes[].findings[].symbol | select(test("^[a-z0-9_]+(\\+0x[0-9a-f]+)?$") | not)] | @json')" '[]'
same "all else has its reason" "$(field '[(.classes[] | select(.class == "origin unknown").total), .lost, .start] | @json')" '[0,[],[]]'

compare box-qemu.vtrace box-unicorn.vtrace
same "status of busybox" $status 1
same "busybox differs by its paths alone" "$(field '[(.classes[] | select(.class == "independent").total),
	(.classes[] | select(.class == "origin unknown").total), .paths.total > 0, .lost, .start] | @json')" '[0,0,true,[],[]]'

compare unicorn.vtrace shorter.vtrace
same "status of a shorter run" $status 1
matches "which is shorter" "$output" 'B ends, A goes on for 5,000 steps behind .*B was limited'
head -c 2000 "$scratch/unicorn.vtrace" >"$scratch/nothing.vtrace"
compare unicorn.vtrace nothing.vtrace
same "status of a trace that was cut off" $status 1
matches "that it was" "$output" $'\nnot whole    nothing.vtrace: offset '

compare unicorn.vtrace box-unicorn.vtrace
same "status of another program" $status 2
matches "that it is one" "$said" '^validate: box-unicorn.vtrace: is of another program .*--force compares'
compare --force unicorn.vtrace box-unicorn.vtrace
same "status of another program that is compared" $status 3
matches "where they part" "$output" $'\nlost         the paths part for good: A'"'"'s instruction 1, .*pc 0x[0-9a-f]+; B'
compare unicorn.vtrace
same "status without a second trace" $status 2
compare -q unicorn.vtrace again.vtrace
same "nothing is said" "$output$said" ""
finish
