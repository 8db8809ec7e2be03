#!/usr/bin/env bash
# Nothing that validate has started outlives it, however it ends: neither the emulator nor what the emulator is a script for.
. testdata/bin/cases.sh

qemu=${VALIDATE_QEMU_X86_64:-qemu-x86_64}
needs x86_64
command -v "$qemu" >/dev/null || skip "there is no $qemu"
enter_scratch
timeout -s KILL "$HANG_SECONDS" "$VALIDATE" record -q -o loop.json -- "$guests/loop" 1000 >/dev/null
sed -i '/^"argv"/s/"1000"/"1000000000000000"/' loop.json

# It writes files, which no sandbox lets it.
cat >emulator <<END
#!/bin/sh
case \$1 in --help | --version) exec "$qemu" "\$@" ;; esac
echo \$\$ >script
sleep 100000 &
echo \$! >child
"$qemu" "\$@"
exit \$?
END
chmod +x emulator

lives() { # FILE-WITH-PID
	[ -s "$1" ] && kill -0 "$(<"$1")" 2>/dev/null && [[ $(</proc/"$(<"$1")"/stat) != *") Z "* ]]
}

# Waits a minute at most.
await_start() { # FILE-WITH-PID
	for _ in {1..600}; do
		! lives "$1" || return
		sleep 0.1
	done
}

await_end() { # FILE-WITH-PID
	for _ in {1..600}; do
		lives "$1" || return
		sleep 0.1
	done
}

for signal in KILL TERM; do
	rm -f script child
	"$VALIDATE" --log loop.json --emulator ./emulator --sandbox off -q 2>/dev/null &
	validate=$!
	await_start child
	same "the emulator runs, and what it has started" "$(lives script && lives child && echo yes)" yes
	kill -$signal $validate
	wait $validate 2>/dev/null
	await_end script
	await_end child
	same "what is left after SIG$signal" "$(lives script && echo script)$(lives child && echo child)" ""
done
finish
