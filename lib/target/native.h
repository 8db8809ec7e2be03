/*
 * A program running on this machine's own CPU under ptrace(2), stopped at every system call and signal: what the
 * recorder runs on. The program is started as people's tools start it, with three differences that make its run
 * repeatable: address randomisation is off, the vDSO is hidden (AT_SYSINFO_EHDR becomes AT_IGNORE), and nothing of it
 * survives this process.
 *
 * Does not know what the calls mean (lib/sys), nor write logs (lib/record). One process with one thread: whoever uses
 * this looks at each NATIVE_ENTRY and does not let a call through that makes another. The thread that spawned the
 * program makes all calls here: ptrace(2) serves no other.
 */
#ifndef LIB_TARGET_NATIVE_H
#define LIB_TARGET_NATIVE_H

#include <signal.h>
#include <sys/types.h>

#include "arch/arch.h"
#include "lib/base/vec.h"

/* Why the program stands still, and what the caller owes it. */
enum native_stop_kind {
	/*
	 * A system call has been made and the kernel has not begun it: native_number() and the argument registers are
	 * valid. The PC is behind the call's instruction, and the kernel's placeholder is in the result register. Owed:
	 * native_deny(), or nothing; the next stop after native_resume() is NATIVE_RETURN, or the process's end.
	 */
	NATIVE_ENTRY,
	/*
	 * The call has returned: the result register is valid, as the kernel made it. A result of -512 to -516
	 * (ERESTARTSYS and its kin in include/linux/errno.h) never reaches the program: the call has been interrupted,
	 * and the kernel decides after the signal's delivery whether it is made again or fails with EINTR. Nothing is
	 * owed.
	 */
	NATIVE_RETURN,
	/*
	 * The program has jumped to an entry of isa->sys.gate, where the PC is; native_number() and the argument
	 * registers are valid. Owed: native_make_gate_call(), else nobody sees what the kernel makes of it. There is no
	 * NATIVE_RETURN for it.
	 */
	NATIVE_GATE,
	/* A signal is about to be delivered. Owed: its number to native_resume() or native_deliver(), or it is lost. */
	NATIVE_SIGNAL,
	/* The process ended by itself. It is gone: owed is native_destroy(), as after the next. */
	NATIVE_EXITED,
	/* The process was killed by a signal. */
	NATIVE_KILLED,
};

struct native_stop {
	enum native_stop_kind kind;
	int signal; /* NATIVE_SIGNAL, NATIVE_KILLED */
	bool fault; /* NATIVE_SIGNAL: the instruction there has raised it */
	/* NATIVE_SIGNAL: the program has executed nothing since the last NATIVE_RETURN, or it stands before the
	 * instruction of the call that is its next stop */
	bool at_once;
	int status; /* NATIVE_EXITED */
};

struct native_options {
	const char *path;               /* the program; no search in PATH */
	char *const *argv, *const *env; /* NULL-terminated */
	/* Set by a signal handler to make a wait end with ERROR_INTERRUPTED; NULL: never. A signal that comes between
	 * the look at it and the wait is seen when the next one comes. */
	const volatile sig_atomic_t *interrupted;
};

/* The host's CPU, as CPUID leaves 0 and 1 tell it (Intel SDM vol. 2, CPUID); false where there is no such instruction.
 */
struct native_cpu {
	char vendor[13]; /* "AuthenticAMD" */
	unsigned family, model;
};
bool native_cpu(struct native_cpu *ret);

struct native;

/* The ISA of this machine, or NULL if there is no table for it. */
const struct isa *native_isa(void);

/* Starts the program; it stands before its first instruction. ERROR_OS with the path if it cannot be executed,
 * ERROR_UNSUPPORTED if it is not of this machine's ISA. */
struct error *native_spawn(const struct native_options *options, struct native **ret);

/* Kills the program if it is still there, waits for its end, and frees n. NULL is fine. */
void native_destroy(struct native *n);

pid_t native_pid(const struct native *n);

/*
 * Continues to the next stop; signal is that of the last stop, or 0. Job control stops are obeyed on the way: the
 * program stands still until it is continued. ERROR_TARGET if something happens that the kernel does not promise.
 */
struct error *native_resume(struct native *n, int signal, struct native_stop *ret);
/* Its two halves, for work that can be done while the program runs: between them nothing may be asked of n. */
struct error *native_go(struct native *n, int signal);
struct error *native_wait(struct native *n, struct native_stop *ret);

/*
 * At NATIVE_SIGNAL, for a signal that has a handler: delivers it, and stops before the handler's first instruction. The
 * kernel has by then written the signal's frame. *ret is NATIVE_RETURN, or the process's end.
 */
struct error *native_deliver(struct native *n, int signal, struct native_stop *ret);

/*
 * At NATIVE_SIGNAL, for a signal that the program can get as well later: keeps it back, and all that others send it, so
 * that nothing is owed but native_wait(). They come again, as the kernel would have delivered them there, when the
 * program stands before the instruction of its next call, has a fault, or after 100 ms. *ret is false, and all as it
 * was, if that cannot be done.
 */
struct error *native_hold(struct native *n, int signal, bool *ret);

/* At NATIVE_ENTRY and NATIVE_GATE: the kernel will not execute the call, whose result is this. */
struct error *native_skip_call(struct native *n, int64_t result);
/* At NATIVE_ENTRY: such a call fails with -errnum. */
struct error *native_deny(struct native *n, int errnum);

/* At NATIVE_GATE: makes the call in the kernel's place, and writes what it writes. *ret is its result; *ret_made false:
 * the program's memory cannot be written to, for which the kernel will send a signal. */
struct error *native_make_gate_call(struct native *n, int64_t *ret, bool *ret_made);

/* At NATIVE_ENTRY and NATIVE_GATE: the call's number. */
uint64_t native_number(const struct native *n);
/* At any stop: a register of up to 64 bits of the kernel's general set (NATIVE_GENERAL). */
uint64_t native_reg(const struct native *n, uint32_t reg);

/* Reads all len bytes. ERROR_FAULT names the first that cannot be read. */
struct error *native_read(struct native *n, uint64_t address, void *ret, size_t len);
/* As many bytes of the start as can be read, in *ret_len. */
struct error *native_read_some(struct native *n, uint64_t address, void *ret, size_t len, size_t *ret_len);
/* Several ranges, one behind the other in ret, in as few calls as possible. */
struct native_range {
	uint64_t address, len;
};
struct error *native_read_ranges(struct native *n, const struct native_range *ranges, size_t num, void *ret);
/* Writes all len bytes, whatever the page's protection. */
struct error *native_write(struct native *n, uint64_t address, const void *data, size_t len);

/* The path of a file under /proc/PID: "maps", "fd/3". */
enum { NATIVE_PROC_LEN = 64 };
void native_proc_path(const struct native *n, const char *name, char ret[NATIVE_PROC_LEN]);

#endif
