#include "lib/sys/signal.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

/* The kernel's own code, of a fault that it has no other for (siginfo.h). */
static const struct fault_signal faults[FAULT_NUM_KINDS] = {
	[FAULT_NONE] = {"no fault", 0, 0, false},
	[FAULT_DIVIDE] = {"divide error", SIGFPE, FPE_INTDIV, false},
	[FAULT_UNDEFINED] = {"undefined instruction", SIGILL, 0, false},
	[FAULT_BREAKPOINT] = {"breakpoint", SIGTRAP, SI_KERNEL, true},
	[FAULT_DEBUG] = {"debug trap", SIGTRAP, TRAP_BRKPT, true},
	[FAULT_OVERFLOW] = {"overflow", SIGSEGV, SI_KERNEL, true},
	[FAULT_PROTECTION] = {"protection", SIGSEGV, SI_KERNEL, false},
	[FAULT_STACK] = {"stack fault", SIGBUS, SI_KERNEL, false},
	[FAULT_ALIGNMENT] = {"alignment check", SIGBUS, BUS_ADRALN, false},
	[FAULT_FLOAT] = {"float fault", SIGFPE, 0, false},
	[FAULT_PAGE] = {"page fault", SIGSEGV, 0, false},
};

const struct fault_signal *fault_signal(enum fault_kind fault)
{
	return &faults[fault];
}

const char *signal_name(int signal, char buffer[SIGNAL_NAME_LEN])
{
	const char *name = signal > 0 && signal < SIGNAL_FIRST_REALTIME ? sigabbrev_np(signal) : NULL;

	if (name)
		snprintf(buffer, SIGNAL_NAME_LEN, "SIG%s", name);
	else if (signal >= SIGNAL_FIRST_REALTIME && signal <= SIGNAL_LAST)
		snprintf(buffer, SIGNAL_NAME_LEN, "SIGRTMIN+%d", signal - SIGNAL_FIRST_REALTIME);
	else
		snprintf(buffer, SIGNAL_NAME_LEN, "signal %d", signal);
	return buffer;
}

/* SIGSYS comes of a system call that a filter refuses, which is the call instruction's doing. */
bool signal_is_synchronous(int signal)
{
	for (int i = FAULT_NONE + 1; i < FAULT_NUM_KINDS; i++)
		if (faults[i].signal == signal)
			return true;
	return signal == SIGSYS;
}

bool signal_is_fault(int signal, int code)
{
	return code > 0 && signal_is_synchronous(signal);
}
