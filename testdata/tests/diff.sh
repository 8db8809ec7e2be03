#!/usr/bin/env bash
# validate diff on real traces: of QEMU (the one of VALIDATE_QEMU_X86_64, or qemu-x86_64) and of unicorn. What one of them alone does
# wrong differs, and nothing else.
. testdata/bin/cases.sh

schema=lib/report/diff.schema.json
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
	timeout -s KILL "$HANG_SECONDS" "$VALIDATE" trace -q -o "$scratch/$name.vtrace" "$@"
	same "$name is traced" $? 0
}

compare() { # ARGUMENT...
	output=$(cd "$scratch" && timeout -s KILL "$HANG_SECONDS" "$program" diff --report report.json "$@" 2>stderr)
	status=$?
	said=$(<"$scratch/stderr")
}

conforms_report() { # NAME
	conforms "$1" "$scratch/report.json" $schema
}

# The schema notices what is wrong in the report.
rejects() { # NAME JQ-EXPRESSION
	rejects_json "$1" "$scratch/report.json" $schema "$2"
}

field() { # JQ-EXPRESSION
	jq -r "$1" "$scratch/report.json" 2>&1
}

program=$(realpath "$VALIDATE")
timeout -s KILL "$HANG_SECONDS" "$VALIDATE" record -q -o "$scratch/bmi.json" -- "$BUILD/guests/bmi" >/dev/null
timeout -s KILL "$HANG_SECONDS" "$VALIDATE" record -q -o "$scratch/box.json" -- "$(command -v busybox)" true >/dev/null
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
conforms_report "no difference"
rejects "the same, with paths of their own" '.paths.total = 1'

compare qemu.vtrace unicorn.vtrace
same "status of QEMU $version and unicorn" $status 1
if [[ $(field .b.emulator) = "unicorn 2.0.1 "* ]]; then
	same "QEMU $version and unicorn differ in" "$(field '.classes[] | select(.class == "independent") | .findings[] |
		.form + ": " + (if .place == "eflags" then .cause else .place end)' | LC_ALL=C sort)" "$expected"
fi
same "their symbols" "$(field '[.classes[].findings[].symbol | select(test("^[a-z0-9_]+(\\+0x[0-9a-f]+)?$") | not)] | @json')" '[]'
conforms_report "a difference"
rejects "a class that is none" '.classes[0].class = "dependent"'
rejects "a class less" 'del(.classes[0])'
rejects "a finding without a value" 'del(.classes[0].findings[0].a, .classes[1].findings[0].a, .classes[5].findings[0].a)'
rejects "a PC that is a number" '.classes[].findings[].pc_b = 4198400'
rejects "an address without digits" '.classes[].findings[].address_a = "0x"'
rejects "a verdict of another name" '.verdict = "equal"'
rejects "steps that are fewer than none" '.a.steps = -1'
rejects "a field that is not described" '.surprise = 1'
same "all else has its reason" "$(field '[(.classes[] | select(.class == "origin unknown").total), .lost, .start] | @json')" '[0,[],[]]'

compare box-qemu.vtrace box-unicorn.vtrace
same "status of busybox" $status 1
same "busybox differs by its paths alone" "$(field '[(.classes[] | select(.class == "independent").total),
	(.classes[] | select(.class == "origin unknown").total), .paths.total > 0, .lost, .start] | @json')" '[0,0,true,[],[]]'

conforms_report "paths of their own"
rejects "a path from nowhere" 'del(.paths.list[0].from_a)'

compare unicorn.vtrace shorter.vtrace
same "status of a shorter run" $status 1
matches "which is shorter" "$output" 'B ends, A goes on for 5,000 steps behind .*B was limited'
conforms_report "an end"
head -c 2000 "$scratch/unicorn.vtrace" >"$scratch/nothing.vtrace"
compare unicorn.vtrace nothing.vtrace
same "status of a trace that was cut off" $status 1
matches "that it was" "$output" $'\nnot whole    nothing.vtrace: offset '
conforms_report "a trace that was cut off"

compare unicorn.vtrace box-unicorn.vtrace
same "status of another program" $status 2
matches "that it is one" "$said" '^validate: box-unicorn.vtrace: is of another program .*--force compares'
compare --force unicorn.vtrace box-unicorn.vtrace
same "status of another program that is compared" $status 3
matches "where they part" "$output" $'\nlost         the paths part for good: A'"'"'s instruction 1, .*pc 0x[0-9a-f]+; B'
conforms_report "what was lost"
rejects "nothing lost" '.lost = []'
compare unicorn.vtrace
same "status without a second trace" $status 2
compare -q unicorn.vtrace again.vtrace
same "nothing is said" "$output$said" ""
finish
