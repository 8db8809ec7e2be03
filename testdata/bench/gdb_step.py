# What stepping by gdb's own Python API gives: instructions/s of a step and a read of 18 registers. Runs inside gdb:
#
#   qemu-x86_64 -g SOCKET PROGRAM &
#   BENCH_SOCKET=SOCKET [BENCH_SECONDS=3] gdb -batch -nx -x testdata/bench/gdb_step.py PROGRAM
import os
import time

import gdb

REGISTERS = ["rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
             "rip", "eflags"]


def step_and_read():
    gdb.execute("stepi", to_string=True)
    frame = gdb.selected_frame()
    return [int(frame.read_register(name)) for name in REGISTERS]


def main():
    for command in ["set pagination off", "set confirm off", "set print frame-arguments none",
                    "target remote " + os.environ["BENCH_SOCKET"]]:
        gdb.execute(command, to_string=True)
    steps = 0
    start = time.monotonic()
    end = start + float(os.environ.get("BENCH_SECONDS", "3"))
    while time.monotonic() < end:
        step_and_read()
        steps += 1
    print("gdb's Python API, step + %d registers: %.0f instructions/s" % (len(REGISTERS), steps / (time.monotonic() - start)))
    gdb.execute("kill", to_string=True)


main()
