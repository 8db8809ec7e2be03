/*
 * Signals and faults: one table of each. Numbers and codes are those of Linux on x86-64 and AArch64
 * (asm-generic/signal.h, siginfo.h), whatever host this runs on.
 *
 * Knows nothing of how a target reports them, nor of what a program does with them.
 */
#ifndef LIB_SYS_SIGNAL_H
#define LIB_SYS_SIGNAL_H

#include <stdbool.h>

#include "lib/expr/transfer.h"

enum { SIGNAL_NAME_LEN = 24, SIGNAL_FIRST_REALTIME = 32, SIGNAL_LAST = 64 };

/* What the kernel makes of a fault. */
struct fault_signal {
	const char *name; /* of the fault: "divide error" */
	int signal;       /* 0: FAULT_NONE */
	int code;         /* si_code on x86-64; 0: more than one is possible */
	bool trap;        /* reported behind the instruction */
};

/* Owned by the table. */
const struct fault_signal *fault_signal(enum fault_kind fault);

/* "SIGSEGV", "SIGRTMIN+3" counted as the kernel does, else "signal N" in buffer. */
const char *signal_name(int signal, char buffer[SIGNAL_NAME_LEN]);

/* Can an instruction raise it? Others come from outside, between instructions. */
bool signal_is_synchronous(int signal);

/* ... and did one? code: its si_code; what was sent by somebody has none above 0 (sigaction(2)). */
bool signal_is_fault(int signal, int code);

#endif
