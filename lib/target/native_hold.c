/*
 * Signals that are kept back until the program makes a system call: where one comes amid other instructions, only a
 * count of them could tell the place; a call can be found again. It is the kernel that keeps them. They are blocked
 * for so long, and the one that is on its way is handed back: the kernel queues a signal again that was blocked while
 * the tracer had it, with all that it says (ptrace_signal() in kernel/signal.c). So what is queued, what merges with
 * what is pending, and the order of delivery are the kernel's own. Before the instruction of the next call the program
 * has its own mask again. A program that makes no call for long gets its signals wherever it is.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>

#include "lib/base/clock.h"
#include "lib/sys/signal.h"
#include "lib/target/native_private.h"

enum {
	KEEP_MS = 100, /* at most */
	TICK_US = 200,
};

static uint64_t bit(int signal)
{
	return UINT64_C(1) << (signal - 1);
}

/* Those that instructions raise are not blocked: a fault whose signal is blocked kills. */
static uint64_t held_back(void)
{
	uint64_t set = UINT64_MAX;

	for (int signal = 1; signal <= SIGNAL_LAST; signal++)
		if (signal_is_synchronous(signal))
			set &= ~bit(signal);
	return set;
}

static struct error *get_mask(struct native *n, uint64_t *ret)
{
	if (ptrace(PTRACE_GETSIGMASK, n->pid, (void *)sizeof *ret, ret) != 0)
		return error_os(errno, "ask for the program's signal mask", NULL);
	return NULL;
}

static struct error *set_mask(struct native *n, uint64_t mask)
{
	/* ESRCH: killed in the meantime, which waiting will tell. */
	if (ptrace(PTRACE_SETSIGMASK, n->pid, (void *)sizeof mask, &mask) != 0 && errno != ESRCH)
		return error_os(errno, "set the program's signal mask", NULL);
	return NULL;
}

/* ---- Where the program stands ---- */

/* Signals that the kernel delivers before the program's next instruction. */
static struct error *deliverable(struct native *n, uint64_t *ret)
{
	uint64_t blocked = 0, set;
	char path[NATIVE_PROC_LEN], line[128];

	*ret = 0;
	native_proc_path(n, "status", path);
	FILE *f = fopen(path, "r");
	if (!f)
		return error_os(errno, "open", path);
	while (fgets(line, sizeof line, f)) {
		if (sscanf(line, "SigPnd: %" SCNx64, &set) == 1 || sscanf(line, "ShdPnd: %" SCNx64, &set) == 1)
			*ret |= set;
		else if (sscanf(line, "SigBlk: %" SCNx64, &set) == 1)
			blocked = set;
	}
	fclose(f);
	*ret &= ~blocked;
	return NULL;
}

struct error *native_settle(struct native *n, bool may_come_again)
{
	uint64_t coming = 1;
	struct error *err = may_come_again ? deliverable(n, &coming) : NULL;

	n->settled = !err && coming;
	n->may_come_again = may_come_again;
	n->place = native_reg(n, n->isa->pc);
	return err;
}

/* ---- Keeping and giving ---- */

bool native_holds(const struct native *n)
{
	return n->holding;
}

struct error *native_release(struct native *n)
{
	if (!n->holding)
		return NULL;
	n->holding = false;
	return set_mask(n, n->mask);
}

static struct error *count_pending(struct native *n, int signal, bool shared, size_t *ret)
{
	enum { AT_ONCE = 16 };
	struct __ptrace_peeksiginfo_args args = {.flags = shared ? PTRACE_PEEKSIGINFO_SHARED : 0, .nr = AT_ONCE};
	siginfo_t infos[AT_ONCE];
	long got;

	do {
		got = ptrace(PTRACE_PEEKSIGINFO, n->pid, &args, infos);
		if (got < 0)
			return error_os(errno, "ask for the program's pending signals", NULL);
		for (long i = 0; i < got; i++)
			*ret += infos[i].si_signo == signal;
		args.off += (uint64_t)got;
	} while (got == AT_ONCE);
	return NULL;
}

/* Resumes; *ret_as_told: the program stopped by `event`, with `signal`. If not, its stop is left to native_wait(). */
static struct error *turn(struct native *n, int with, int event, int signal, bool *ret_as_told)
{
	struct error *err = native_go_by(n, PTRACE_SYSCALL, with);

	if (!err)
		err = native_wait_status(n, &n->status);
	n->have_status = !err;
	*ret_as_told = !err && WIFSTOPPED(n->status) && n->status >> 16 == event && WSTOPSIG(n->status) == signal;
	return err;
}

/* Of several with one number the first must not be queued behind the others: they are handed back, too, each in turn.
 * The program executes nothing on the way. */
static struct error *hand_back_all(struct native *n, int signal, bool *ret)
{
	size_t behind = 0;
	struct error *err = count_pending(n, signal, false, &behind);

	if (!err)
		err = count_pending(n, signal, true, &behind);
	for (*ret = true; !err && *ret && behind; behind--) {
		if (ptrace(PTRACE_INTERRUPT, n->pid, NULL, NULL) != 0)
			return error_os(errno, "stop the program", NULL);
		err = turn(n, signal, PTRACE_EVENT_STOP, SIGTRAP, ret);
		if (!err && *ret)
			err = set_mask(n, held_back() & ~bit(signal));
		if (!err && *ret)
			err = turn(n, 0, 0, signal, ret);
		if (!err && *ret)
			err = set_mask(n, held_back());
		n->have_status = !err && !*ret;
	}
	return err;
}

struct error *native_hold(struct native *n, int signal, bool *ret)
{
	struct error *err = NULL;

	*ret = !n->expired && signal != SIGSTOP && !signal_is_synchronous(signal);
	if (!*ret)
		return NULL;
	if (!n->holding) {
		n->kept_until = clock_now() + KEEP_MS * CLOCK_MS;
		n->interrupting = false;
		err = get_mask(n, &n->mask);
	}
	if (!err)
		err = set_mask(n, held_back());
	if (err)
		return err;
	n->holding = true;
	bool here = true;
	if (signal >= SIGNAL_FIRST_REALTIME)
		err = hand_back_all(n, signal, &here);
	return err || !here ? err : native_go_by(n, PTRACE_SYSCALL, signal);
}

struct error *native_hold_tick(struct native *n)
{
	const struct timespec tick = {.tv_nsec = TICK_US * 1000L};

	if (n->interrupting || clock_now() < n->kept_until) {
		nanosleep(&tick, NULL);
		return NULL;
	}
	n->interrupting = true;
	if (ptrace(PTRACE_INTERRUPT, n->pid, NULL, NULL) != 0 && errno != ESRCH)
		return error_os(errno, "stop the program", NULL);
	return NULL;
}

struct error *native_hold_expire(struct native *n)
{
	if (!n->holding || !n->interrupting)
		return NULL;
	n->expired = true;
	return native_release(n);
}

struct error *native_take_signal(struct native *n, struct native_stop *ret)
{
	siginfo_t info;

	if (ptrace(PTRACE_GETSIGINFO, n->pid, NULL, &info) != 0)
		return error_os(errno, "ask about the program's signal", NULL);
	ret->fault = signal_is_fault(ret->signal, info.si_code);
	ret->at_once = n->settled && native_reg(n, n->isa->pc) == n->place;
	struct error *err = ret->at_once && n->may_come_again ? native_settle(n, true) : NULL;
	/* The frame of a fault's handler has the program's mask. */
	return err || !ret->fault ? err : native_release(n);
}

/* The kernel skips a call without a number. Behind it the registers are made those before it, but for what its
 * instruction destroys. */
struct error *native_step_back(struct native *n)
{
	const struct isa *isa = n->isa;
	uint64_t number = native_number(n);
	struct error *err = native_deny(n, ENOSYS);

	if (!err)
		err = native_go_by(n, PTRACE_SYSCALL, 0);
	if (!err)
		err = native_wait_status(n, &n->status);
	/* Killed, that is: for native_wait() to tell. */
	n->have_status = !err && (!WIFSTOPPED(n->status) || WSTOPSIG(n->status) != (SIGTRAP | 0x80));
	if (err || n->have_status)
		return err;
	err = native_fetch_regs(n);
	if (err)
		return err;
	native_set_reg(n, isa->sys.number, number);
	native_set_reg(n, isa->pc, native_reg(n, isa->pc) - isa->sys.insn_len);
	n->in_call = false;
	err = native_store_regs(n);
	if (!err)
		err = native_settle(n, false);
	return err ? err : native_release(n);
}
