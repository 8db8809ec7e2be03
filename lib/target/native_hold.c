/*
 * Signals that are kept back until the program makes a system call: where one comes amid other instructions, only a
 * count of them could tell the place; a call can be found again. The kernel gets them back when the program is about to
 * make its next call, before the call's instruction, and they come again with what they said the first time. A program
 * that makes no call for long gets them wherever it is.
 */
#include <errno.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/target/native_private.h"

enum {
	KEEP_MS = 100, /* at most */
	TICK_US = 200,
	FIRST_REALTIME = 32,
};

bool native_holds(const struct native *n)
{
	return n->num_kept > 0;
}

static struct error *fetch_info(struct native *n, siginfo_t *ret)
{
	if (ptrace(PTRACE_GETSIGINFO, n->pid, NULL, ret) != 0)
		return error_os(errno, "ask about the program's signal", NULL);
	return NULL;
}

struct error *native_hold(struct native *n, int signal, bool *ret)
{
	*ret = signal > 0 && signal < NATIVE_SIGNALS && !n->held[signal].kept && !n->held[signal].resent;
	if (!*ret)
		return NULL;
	struct error *err = fetch_info(n, &n->held[signal].info);
	if (err)
		return err;
	if (!n->num_kept++)
		n->kept_until = clock_now() + KEEP_MS * CLOCK_MS;
	n->held[signal].kept = true;
	return NULL;
}

/* Gives the kernel what is kept back. A program that is gone by now needs none. */
static void send_kept(struct native *n)
{
	for (int signal = 1; signal < NATIVE_SIGNALS; signal++) {
		if (!n->held[signal].kept)
			continue;
		n->held[signal].kept = false;
		n->held[signal].resent = syscall(SYS_tgkill, n->pid, n->pid, signal) == 0;
	}
	n->num_kept = 0;
}

void native_hold_tick(struct native *n)
{
	const struct timespec tick = {.tv_nsec = TICK_US * 1000L};

	if (clock_now() >= n->kept_until)
		send_kept(n);
	else
		nanosleep(&tick, NULL);
}

static bool is_fault(int signal, const siginfo_t *info)
{
	bool may_be = signal == SIGSEGV || signal == SIGBUS || signal == SIGILL || signal == SIGFPE ||
		      signal == SIGTRAP || signal == SIGSYS;

	return may_be && info->si_code > 0;
}

struct error *native_take_signal(struct native *n, struct native_stop *ret, bool *ret_again)
{
	struct native_held *held = ret->signal < NATIVE_SIGNALS ? &n->held[ret->signal] : NULL;
	siginfo_t info;
	struct error *err = fetch_info(n, &info);

	if (err)
		return err;
	ret->fault = is_fault(ret->signal, &info);
	if (!held || ret->fault)
		return NULL;
	/* One that is pending is not sent twice (signal(7)); those of real time are. */
	*ret_again = held->kept && ret->signal < FIRST_REALTIME;
	ret->late = held->resent;
	if (!held->resent)
		return NULL;
	held->resent = false;
	if (ptrace(PTRACE_SETSIGINFO, n->pid, NULL, &held->info) != 0)
		return error_os(errno, "restore the program's signal", NULL);
	return NULL;
}

/* The kernel skips a call without a number. Behind it the registers are made those before it, but for what its
 * instruction destroys. */
struct error *native_step_back(struct native *n, bool *ret_again)
{
	const struct isa *isa = n->isa;
	uint64_t number = native_number(n);
	int status;
	struct error *err = native_deny(n, ENOSYS);

	if (!err)
		err = native_go_by(n, PTRACE_SYSCALL, 0);
	if (err)
		return err;
	while (waitpid(n->pid, &status, __WALL) < 0)
		if (errno != EINTR)
			return error_os(errno, "wait for the program", NULL);
	if (!WIFSTOPPED(status) || WSTOPSIG(status) != (SIGTRAP | 0x80))
		return error_create(ERROR_TARGET, "the program has not come back from a call that was taken back");
	err = native_fetch_regs(n);
	if (err)
		return err;
	native_set_reg(n, isa->sys.number, number);
	native_set_reg(n, isa->pc, native_reg(n, isa->pc) - isa->sys.insn_len);
	n->in_call = false;
	err = native_store_regs(n);
	if (!err)
		send_kept(n);
	*ret_again = !err;
	return err;
}
