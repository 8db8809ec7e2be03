#!/usr/bin/env bash
# validate batch --engine slurm, on a Slurm of one machine, which is started and stopped here: munged, slurmctld and slurmd
# on loopback addresses, with keys, configuration and state in a scratch folder. Debian's packages munge, slurmctld, slurmd
# and slurm-client.
# runs alone
. testdata/bin/cases.sh
. testdata/bin/batch.sh

for program in munged slurmctld slurmd sbatch squeue scancel sinfo; do
	command -v $program >/dev/null || skip "there is no $program: install munge, slurmctld, slurmd and slurm-client"
done
needs x86_64
[ "$(id -u)" = 0 ] || skip "only root can start slurmd"

unset SLURM_CONF
scratch=$(mktemp -d)
daemons=()
# shellcheck disable=SC2317 # the trap calls it
stop() {
	local pid

	if [ "${SLURM_CONF:-}" = "$scratch/slurm.conf" ]; then # never another one's jobs
		timeout 5 scancel --user=root 2>/dev/null
		for _ in {1..300}; do
			[ -n "$(timeout 5 squeue -h 2>/dev/null)" ] || break
			sleep 0.2
		done
	fi
	for pid in "${daemons[@]}"; do
		kill "$pid" 2>/dev/null
	done
	for pid in "${daemons[@]}"; do
		for _ in {1..300}; do
			kill -0 "$pid" 2>/dev/null || break
			sleep 0.1
		done
		kill -KILL "$pid" 2>/dev/null
	done
	# A step whose job is just ending would try to tell slurmctld so for a long time.
	for pid in $(pgrep -f '^slurmstepd'); do
		if tr '\0' '\n' <"/proc/$pid/environ" 2>/dev/null | grep -qxF "SLURM_CONF=$scratch/slurm.conf"; then
			kill -KILL "$pid"
		fi
	done
	wait
	rm -rf "$scratch"
}
trap stop EXIT

guests=$(realpath "$BUILD")/guests
VALIDATE=$(realpath "$VALIDATE")
cd "$scratch" || exit 1
chmod 755 .

# Starts a daemon that stays in the foreground; it ends with this script, and after a while in any case.
start() { # NAME COMMAND...
	"${@:2}" >"$1.out" 2>&1 &
	daemons+=($!)
}

# Waits up to two minutes for a command to succeed, as long as the daemon started last runs.
await() { # COMMAND...
	for _ in {1..600}; do
		"$@" >/dev/null 2>&1 && return 0
		kill -0 "${daemons[-1]}" 2>/dev/null || return 1
		sleep 0.2
	done
	return 1
}

# A port of this machine that nobody listens at.
free_port() {
	local port

	for _ in {1..300}; do
		port=$((20000 + RANDOM % 10000))
		(exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
	done
	echo "$port"
}

mkdir -m 755 munge
head -c 128 /dev/urandom >munge/key
chmod 600 munge/key
start munged munged --foreground --force "--socket=$PWD/munge/socket" "--key-file=$PWD/munge/key" \
	"--pid-file=$PWD/munge/pid" "--log-file=$PWD/munge/log" "--seed-file=$PWD/munge/seed"
await test -S munge/socket || skip "munged does not start: $(tail -n 1 munged.out)"

host=$(hostname)
mkdir state spool
cat >slurm.conf <<END
ClusterName=validate
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$(free_port)
SlurmdPort=$(free_port)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$PWD/munge/socket
CredType=cred/munge
StateSaveLocation=$PWD/state
SlurmdSpoolDir=$PWD/spool
SlurmctldPidFile=$PWD/slurmctld.pid
SlurmdPidFile=$PWD/slurmd.pid
SlurmctldLogFile=$PWD/slurmctld.log
SlurmdLogFile=$PWD/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SchedulerType=sched/builtin
SchedulerParameters=sched_min_interval=100000,batch_sched_delay=0
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
KillWait=2
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=main Nodes=$host Default=YES MaxTime=INFINITE State=UP
END
export SLURM_CONF=$scratch/slurm.conf
start slurmctld slurmctld -D
await sinfo || skip "slurmctld does not start: $(tail -n 1 slurmctld.out)"

# Which of them there is depends on Slurm's version and on the machine.
for plugin in disabled cgroup/v1 cgroup/v2 autodetect; do
	echo "CgroupPlugin=$plugin" >cgroup.conf
	start slurmd slurmd -D -N "$host"
	# shellcheck disable=SC2016 # for the inner shell
	await bash -c '[[ $(sinfo -h -o %T) == *idle* ]]' && break
	kill "${daemons[-1]}" 2>/dev/null
done
[[ $(sinfo -h -o %T) == *idle* ]] || skip "slurmd does not start: $(tail -n 1 slurmd.out)"

mkdir logs
seq 1000 >file
for guest in hello bmi; do
	"$VALIDATE" record -q -o "logs/$guest.json" -- "$guests/$guest" >/dev/null 2>&1
done
"$VALIDATE" record -q -o logs/reads.json -- "$guests/recorded" reads file >/dev/null 2>&1
cp logs/hello.json logs/last.json

batch --engine slurm --shards 3 --wait 100 -o array --report array.json logs
same "status of an array" "$status" 1
same "outcomes of an array" "$(outcomes)" "bmi=divergent hello=clean last=clean reads=clean"
matches "what is said of it" "$said" '^validate: job array [0-9]+ of 3 tasks and job [0-9]+ behind it are submitted'
same "shards" "$(cat array/slurm/shards/*/batch.json | grep -o '"shard": ., "shards": .' | tr '\n' ' ')" \
	'"shard": 1, "shards": 3 "shard": 2, "shards": 3 "shard": 3, "shards": 3 '

# The same without Slurm, but for times and memory.
batch -o here --report here.json logs
if command -v python3 >/dev/null; then
	same "what it found is what a batch without Slurm finds" "$(python3 -c '
import json
a, b = (json.load(open(name)) for name in ("array.json", "here.json"))
for s in (a, b):
	for row in s["rows"]:
		row["seconds"] = row["memory"] = 0
print(a == b)' 2>&1)" True
else
	untried "what it found is what a batch without Slurm finds" "there is no python3"
fi

# A row that hangs: waiting ends, and the jobs are cancelled when the user wants that.
printf '#!/bin/sh\nsleep 98763\n' >hang
chmod +x hang
cat >manifest <<'END'
{"format": "validate-manifest", "version": 1}
{"name": "good", "log": "logs/hello.json"}
{"name": "hang", "log": "logs/hello.json", "emulator": "./hang"}
END
"$VALIDATE" batch -q --engine slurm --shards 2 -o cancelled --manifest manifest 2>stderr &
pid=$!
for _ in {1..1200}; do
	pgrep -f "sleep 98763" >/dev/null && [ -e cancelled/slurm/shards/1/batch.json ] && break
	sleep 0.1
done
kill -TERM $pid
wait $pid
same "status after an interrupt" $? 130
matches "what is said then" "$(<stderr)" 'interrupted: jobs [0-9]+ and [0-9]+ of Slurm are cancelled'
for _ in {1..600}; do
	[ -z "$(squeue -h)" ] && ! pgrep -f "sleep 98763" >/dev/null && break
	sleep 0.1
done
same "nothing is left" "$(squeue -h)$(pgrep -f 'sleep 98763')" ""

batch --engine slurm --shards 2 --resume --timeout 1 --wait 100 -o cancelled --manifest manifest
same "gone on with, within limits" "$status $(outcomes)" "5 good=clean hang=timeout"
finish
