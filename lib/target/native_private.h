/* What the files of the native target share. Private to this folder. */
#ifndef LIB_TARGET_NATIVE_PRIVATE_H
#define LIB_TARGET_NATIVE_PRIVATE_H

#include "lib/target/native.h"

enum { NATIVE_REGS_MAX = 512 };

struct native {
	const struct isa *isa;
	pid_t pid; /* 0: gone */
	int mem;   /* /proc/PID/mem */
	const volatile sig_atomic_t *interrupted;
	bool in_call;    /* between NATIVE_ENTRY and NATIVE_RETURN */
	bool group_stop; /* stopped by job control */
	size_t regs_len;
	_Alignas(8) uint8_t regs[NATIVE_REGS_MAX]; /* the general set at the last stop */

	bool have_status; /* of a stop that native_wait() has still to tell */
	int status;

	/* Where the program stood when it went on, and whether it is certain that it has executed nothing as long as it
	 * stands there. */
	uint64_t place;
	bool settled, may_come_again;

	bool holding;        /* signals are kept back */
	uint64_t mask;       /* ... and this is the program's own mask: of the signals that it blocks */
	uint64_t kept_until; /* clock_now(), then they come wherever the program is */
	bool interrupting;   /* it is on its way to the stop where that is done */
	bool expired;        /* it was, since the last call: nothing is kept back before the next */
};

struct error *native_fetch_regs(struct native *n);
struct error *native_store_regs(struct native *n);
/* In n->regs: a register of 64 bits. */
void native_set_reg(struct native *n, uint32_t reg, uint64_t value);
/* request: PTRACE_SYSCALL or PTRACE_SINGLESTEP. */
struct error *native_go_by(struct native *n, int request, int signal);

/* native_gate.c: in the child, before it becomes the program: calls into the gate's page will stop it. */
void native_watch_gate(const struct isa *isa);

/* Waits for the program's next change of state, whatever it is. */
struct error *native_wait_status(struct native *n, int *ret);

/*
 * native_hold.c. The program stands still and is about to go on: notes where. may_come_again: it may come to the same
 * place by itself, so that only what the kernel has pending tells whether a signal comes before the next instruction.
 */
struct error *native_settle(struct native *n, bool may_come_again);
/* Is a signal kept back? Then waiting is done in turns, with the second after each. */
bool native_holds(const struct native *n);
struct error *native_hold_tick(struct native *n);
/* At a stop of no other meaning: if signals have been kept back for too long, they are not any more. */
struct error *native_hold_expire(struct native *n);
/* At any stop: the program has its own mask again, and what is kept back comes when it goes on. */
struct error *native_release(struct native *n);
/* At a signal's stop: tells the rest of it. */
struct error *native_take_signal(struct native *n, struct native_stop *ret);
/* At a call's entry: the program stands before its instruction again, and nothing is kept back. */
struct error *native_step_back(struct native *n);

#endif
