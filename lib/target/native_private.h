/* What the files of the native target share. Private to this folder. */
#ifndef LIB_TARGET_NATIVE_PRIVATE_H
#define LIB_TARGET_NATIVE_PRIVATE_H

#include "lib/target/native.h"

enum { NATIVE_REGS_MAX = 512, NATIVE_SIGNALS = 65 };

/* A signal that is kept back. */
struct native_held {
	bool kept;   /* it is not with the kernel */
	bool resent; /* it is, and comes again */
	siginfo_t info;
};

struct native {
	const struct isa *isa;
	pid_t pid; /* 0: gone */
	int mem;   /* /proc/PID/mem */
	const volatile sig_atomic_t *interrupted;
	bool in_call;    /* between NATIVE_ENTRY and NATIVE_RETURN */
	bool group_stop; /* stopped by job control */
	size_t regs_len;
	_Alignas(8) uint8_t regs[NATIVE_REGS_MAX]; /* the general set at the last stop */

	unsigned num_kept;   /* of held */
	uint64_t kept_until; /* clock_now(), then they are sent wherever the program is */
	struct native_held held[NATIVE_SIGNALS];
};

struct error *native_fetch_regs(struct native *n);
struct error *native_store_regs(struct native *n);
/* In n->regs: a register of 64 bits. */
void native_set_reg(struct native *n, uint32_t reg, uint64_t value);
/* request: PTRACE_SYSCALL or PTRACE_SINGLESTEP. */
struct error *native_go_by(struct native *n, int request, int signal);

/* native_hold.c: is a signal kept back? Then waiting is done in turns, with this after each. */
bool native_holds(const struct native *n);
void native_hold_tick(struct native *n);
/* At a signal's stop: tells the rest of it; *ret_again, which was false: the same signal is kept back, and the two are
 * one. */
struct error *native_take_signal(struct native *n, struct native_stop *ret, bool *ret_again);
/* At a call's entry: the program stands before its instruction again, and what is kept back is sent. *ret_again: true.
 */
struct error *native_step_back(struct native *n, bool *ret_again);

#endif
