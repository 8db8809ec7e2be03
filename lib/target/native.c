#include "lib/target/native.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/sys/initial_stack.h"
#include "lib/target/native_private.h"

/* ---- The host: the only place that asks what it is ---- */

#ifdef __x86_64__
#include <cpuid.h>

static const char host_isa[] = "x86_64";
enum {
	HOST_AUDIT_ARCH = (int)AUDIT_ARCH_X86_64,
	HOST_NUMBER_OFFSET = offsetof(struct user_regs_struct, orig_rax), /* in NT_PRSTATUS */
};

/* SYSCALL leaves the next PC in rcx and the flags in r11 (SDM vol. 2); other ways into the kernel leave them as they
 * were. */
static bool host_certain_abi(const void *general)
{
	const struct user_regs_struct *regs = general;

	return regs->rcx == regs->rip && regs->r11 == regs->eflags;
}

/* Family and model have more bits where the family is 15, the model also where it is 6 (SDM vol. 2, CPUID leaf 1). */
bool native_cpu(struct native_cpu *ret)
{
	unsigned a, b, c, d;

	if (!__get_cpuid(0, &a, &b, &c, &d))
		return false;
	memcpy(ret->vendor, (unsigned[]){b, d, c}, 12);
	ret->vendor[12] = '\0';
	if (!__get_cpuid(1, &a, &b, &c, &d))
		return false;
	ret->family = a >> 8 & 15;
	ret->model = a >> 4 & 15;
	if (ret->family == 15 || ret->family == 6)
		ret->model |= a >> 12 & 0xf0;
	if (ret->family == 15)
		ret->family += a >> 20 & 0xff;
	return true;
}
#else
bool native_cpu(struct native_cpu *ret)
{
	(void)ret;
	return false;
}

static const char host_isa[] = "";
enum { HOST_AUDIT_ARCH = 0, HOST_NUMBER_OFFSET = 0 };

static bool host_certain_abi(const void *general)
{
	(void)general;
	return false;
}
#endif

const struct isa *native_isa(void)
{
	return isa_by_name(host_isa);
}

/* ---- Registers ---- */

struct error *native_fetch_regs(struct native *n)
{
	struct iovec iov = {n->regs, sizeof n->regs};

	if (ptrace(PTRACE_GETREGSET, n->pid, (void *)NT_PRSTATUS, &iov) != 0)
		return error_os(errno, "read the program's registers", NULL);
	n->regs_len = iov.iov_len;
	return NULL;
}

struct error *native_store_regs(struct native *n)
{
	struct iovec iov = {n->regs, n->regs_len};

	if (ptrace(PTRACE_SETREGSET, n->pid, (void *)NT_PRSTATUS, &iov) != 0)
		return error_os(errno, "write the program's registers", NULL);
	return NULL;
}

uint64_t native_number(const struct native *n)
{
	uint64_t number;

	memcpy(&number, n->regs + HOST_NUMBER_OFFSET, sizeof number);
	return number;
}

uint64_t native_reg(const struct native *n, uint32_t reg)
{
	const struct reg_desc *desc = &n->isa->regs[reg];
	uint64_t value;

	memcpy(&value, n->regs + desc->native_offset, sizeof value);
	value >>= desc->native_low;
	return desc->width < 64 ? value & ((UINT64_C(1) << desc->width) - 1) : value;
}

void native_set_reg(struct native *n, uint32_t reg, uint64_t value)
{
	memcpy(n->regs + n->isa->regs[reg].native_offset, &value, sizeof value);
}

struct error *native_skip_call(struct native *n, int64_t result)
{
	/* A call number of -1 is skipped by the kernel, and the result register keeps what the tracer put there. */
	const uint64_t none = UINT64_MAX;

	memcpy(n->regs + HOST_NUMBER_OFFSET, &none, sizeof none);
	native_set_reg(n, n->isa->sys.result, (uint64_t)result);
	return native_store_regs(n);
}

struct error *native_deny(struct native *n, int errnum)
{
	return native_skip_call(n, -(int64_t)errnum);
}

/* ---- Stops ---- */

static struct error *wait_by(struct native *n, bool in_turns, int *ret_status)
{
	for (;;) {
		if (n->interrupted && *n->interrupted)
			return error_create(ERROR_INTERRUPTED, "interrupted");
		pid_t pid = waitpid(n->pid, ret_status, __WALL | (in_turns ? WNOHANG : 0));
		if (pid == n->pid)
			return NULL;
		if (pid < 0 && errno != EINTR)
			return error_os(errno, "wait for the program", NULL);
		struct error *err = pid == 0 ? native_hold_tick(n) : NULL;
		if (err)
			return err;
	}
}

struct error *native_wait_status(struct native *n, int *ret)
{
	return wait_by(n, false, ret);
}

static struct error *wait_stop(struct native *n, int *ret_status)
{
	bool have = n->have_status;

	n->have_status = false;
	*ret_status = n->status;
	return have ? NULL : wait_by(n, native_holds(n), ret_status);
}

/* A call through another gate (int 0x80 on x86-64) has other numbers and other registers. Asking costs one more call
 * into the kernel at each stop. */
static struct error *check_abi(struct native *n)
{
	struct __ptrace_syscall_info info = {0};

	if (host_certain_abi(n->regs))
		return NULL;
	if (ptrace(PTRACE_GET_SYSCALL_INFO, n->pid, (void *)sizeof info, &info) < 0)
		return error_os(errno, "ask about the program's system call", NULL);
	if (info.op != PTRACE_SYSCALL_INFO_ENTRY)
		return error_create(ERROR_TARGET, "the kernel reports a system call's end where its start is due");
	if (info.arch != (uint32_t)HOST_AUDIT_ARCH)
		return error_create(
			ERROR_UNSUPPORTED,
			"the program makes a system call of another ABI (int 0x80?) before PC 0x%llx: only the "
			"64-bit ABI is supported",
			(unsigned long long)info.instruction_pointer);
	return NULL;
}

static struct error *syscall_stop(struct native *n, struct native_stop *ret)
{
	uint64_t pc = native_reg(n, n->isa->pc);
	struct error *err = native_fetch_regs(n);

	if (!err && !n->in_call)
		err = check_abi(n);
	if (err)
		return err;
	n->in_call = !n->in_call;
	n->expired = false;
	*ret = (struct native_stop){.kind = n->in_call ? NATIVE_ENTRY : NATIVE_RETURN};
	/* Where a handler returns to, the program may come again without a call. */
	return n->in_call ? NULL : native_settle(n, native_reg(n, n->isa->pc) != pc);
}

static bool stops_jobs(int signal)
{
	return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

/* *ret_again: the stop concerns nobody but the kernel, and the program is to be resumed. */
static struct error *classify(struct native *n, int status, struct native_stop *ret, bool *ret_again)
{
	*ret_again = false;
	if (WIFEXITED(status) || WIFSIGNALED(status)) {
		*ret = WIFEXITED(status) ? (struct native_stop){.kind = NATIVE_EXITED, .status = WEXITSTATUS(status)}
					 : (struct native_stop){.kind = NATIVE_KILLED, .signal = WTERMSIG(status)};
		n->pid = 0;
		return NULL;
	}

	int signal = WSTOPSIG(status), event = status >> 16;
	if (signal == (SIGTRAP | 0x80))
		return syscall_stop(n, ret);
	if (event == PTRACE_EVENT_STOP) {
		n->group_stop = stops_jobs(signal);
		*ret_again = true;
		return native_hold_expire(n);
	}
	if (event == PTRACE_EVENT_SECCOMP) {
		*ret = (struct native_stop){.kind = NATIVE_GATE};
		return native_fetch_regs(n);
	}
	if (event != 0)
		return error_create(ERROR_TARGET, "unexpected ptrace event %d of the program", event);
	*ret = (struct native_stop){.kind = NATIVE_SIGNAL, .signal = signal};
	struct error *err = native_fetch_regs(n);
	return err ? err : native_take_signal(n, ret);
}

struct error *native_go_by(struct native *n, int request, int signal)
{
	if (n->group_stop)
		request = PTRACE_LISTEN;
	n->group_stop = false;
	/* ESRCH: killed in the meantime, which waiting will tell. */
	if (ptrace((enum __ptrace_request)request, n->pid, NULL, (void *)(intptr_t)signal) != 0 && errno != ESRCH)
		return error_os(errno, "resume the program", NULL);
	return NULL;
}

struct error *native_go(struct native *n, int signal)
{
	return native_go_by(n, PTRACE_SYSCALL, signal);
}

struct error *native_wait(struct native *n, struct native_stop *ret)
{
	for (;;) {
		bool again;
		int status;
		struct error *err = wait_stop(n, &status);
		if (!err)
			err = classify(n, status, ret, &again);
		if (!err && !again && ret->kind == NATIVE_ENTRY && native_holds(n)) {
			again = true;
			err = native_step_back(n);
		}
		if (err || !again)
			return err;
		err = n->have_status ? NULL : native_go_by(n, PTRACE_SYSCALL, 0);
		if (err)
			return err;
	}
}

struct error *native_resume(struct native *n, int signal, struct native_stop *ret)
{
	struct error *err = native_go(n, signal);

	return err ? err : native_wait(n, ret);
}

struct error *native_deliver(struct native *n, int signal, struct native_stop *ret)
{
	/* With a step requested, the kernel reports SIGTRAP once the handler's frame is there and nothing of the
	 * handler has run (signal_setup_done() in kernel/signal.c). */
	struct error *err = native_go_by(n, PTRACE_SINGLESTEP, signal);

	if (!err)
		err = native_wait(n, ret);
	if (err || ret->kind != NATIVE_SIGNAL || ret->signal != SIGTRAP)
		return err;
	*ret = (struct native_stop){.kind = NATIVE_RETURN};
	return native_settle(n, true);
}

/* ---- Memory ---- */

struct error *native_read_ranges(struct native *n, const struct native_range *ranges, size_t num, void *ret)
{
	enum { BATCH = 64 };
	struct iovec remote[BATCH];
	char *to = ret;

	for (size_t from = 0; from < num; from += BATCH) {
		size_t batch = num - from < BATCH ? num - from : BATCH, len = 0;
		for (size_t i = 0; i < batch; i++) {
			remote[i] = (struct iovec){(void *)ranges[from + i].address, ranges[from + i].len};
			len += ranges[from + i].len;
		}
		struct iovec local = {to, len};
		ssize_t done = len ? process_vm_readv(n->pid, &local, 1, remote, batch, 0) : 0;
		if (done < 0 && errno != EFAULT)
			return error_os(errno, "read the program's memory", NULL);
		size_t got = done < 0 ? 0 : (size_t)done;
		for (size_t i = 0; got < len && i < batch; i++) {
			if (got < remote[i].iov_len)
				return error_fault(ranges[from + i].address + got);
			got -= remote[i].iov_len;
			len -= remote[i].iov_len;
		}
		to += local.iov_len;
	}
	return NULL;
}

struct error *native_read(struct native *n, uint64_t address, void *ret, size_t len)
{
	return native_read_ranges(n, &(struct native_range){address, len}, 1, ret);
}

struct error *native_read_some(struct native *n, uint64_t address, void *ret, size_t len, size_t *ret_len)
{
	struct error *err = native_read(n, address, ret, len);

	if (err && err->code != ERROR_FAULT)
		return err;
	*ret_len = err ? err->address - address : len;
	error_destroy(err);
	return NULL;
}

struct error *native_write(struct native *n, uint64_t address, const void *data, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t more = pwrite(n->mem, (const char *)data + done, len - done, (off_t)(address + done));
		if (more < 0 && errno == EINTR)
			continue;
		if (more <= 0)
			return more < 0 && errno != EIO ? error_os(errno, "write the program's memory", NULL)
							: error_fault(address + done);
		done += (size_t)more;
	}
	return NULL;
}

void native_proc_path(const struct native *n, const char *name, char ret[NATIVE_PROC_LEN])
{
	snprintf(ret, NATIVE_PROC_LEN, "/proc/%d/%s", (int)n->pid, name);
}

/* ---- Starting ---- */

/* What the child could not do. */
struct child_failure {
	int errnum;
	bool in_exec;
};

/* In the child: only calls that are safe after a fork. `go` tells that the tracer has seized us. */
static _Noreturn void run_child(const struct native_options *options, int go, int failed)
{
	struct child_failure failure = {0};
	char byte;

	if (read(go, &byte, 1) == 1) {
		int persona = personality(0xffffffff);
		if (persona == -1 || personality((unsigned long)persona | ADDR_NO_RANDOMIZE) == -1) {
			failure.errnum = errno;
		} else {
			native_watch_gate(native_isa());
			execve(options->path, options->argv, options->env);
			failure = (struct child_failure){errno, true};
		}
		/* If even this fails, the exit status still tells that the program was not started. */
		(void)!write(failed, &failure, sizeof failure);
	}
	_exit(127);
}

/* Why the child ended before it became the program. */
static struct error *start_failure(const struct native_options *options, int failed)
{
	struct child_failure failure;

	if (read(failed, &failure, sizeof failure) != (ssize_t)sizeof failure)
		return error_create(ERROR_TARGET, "%s: killed before its first instruction", options->path);
	if (failure.in_exec)
		return error_os(failure.errnum, "execute", options->path);
	struct error *err = error_os(failure.errnum, "turn address randomisation off (personality)", NULL);
	return error_prefix(err,
			    "%s cannot be started in this container: allow it with --security-opt seccomp=unconfined",
			    options->path);
}

/* From the seized child to the program's first instruction. */
static struct error *run_to_start(struct native *n, const struct native_options *options, int failed)
{
	int status, signal = 0;
	bool exec = false;

	for (;;) {
		struct error *err = wait_stop(n, &status);
		if (err)
			return err;
		if (WIFEXITED(status) || WIFSIGNALED(status)) {
			n->pid = 0;
			return start_failure(options, failed);
		}
		/* The end of the call that replaced the child is the program's start. */
		if (exec && WSTOPSIG(status) == (SIGTRAP | 0x80))
			return native_fetch_regs(n);
		exec = exec || status >> 16 == PTRACE_EVENT_EXEC;
		signal = status >> 16 ? 0 : WSTOPSIG(status);
		if (ptrace(exec ? PTRACE_SYSCALL : PTRACE_CONT, n->pid, NULL, (void *)(intptr_t)signal) != 0 &&
		    errno != ESRCH)
			return error_os(errno, "resume the program", NULL);
	}
}

static struct error *seize(struct native *n, const struct native_options *options, int go, int failed)
{
	const long flags = PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_TRACESECCOMP;
	char path[NATIVE_PROC_LEN];

	if (ptrace(PTRACE_SEIZE, n->pid, NULL, (void *)flags) != 0)
		return error_os(errno, "trace the program (ptrace)", options->path);
	if (write(go, "", 1) != 1)
		return error_os(errno, "start the program", options->path);
	struct error *err = run_to_start(n, options, failed);
	if (err)
		return err;
	native_proc_path(n, "mem", path);
	n->mem = open(path, O_RDWR | O_CLOEXEC);
	return n->mem < 0 ? error_os(errno, "open", path) : NULL;
}

/* Forks, with a pipe to the child and one from it. */
static struct error *start(struct native *n, const struct native_options *options)
{
	int go[2], failed[2];

	if (pipe2(go, O_CLOEXEC) != 0)
		return error_os(errno, "make a pipe", NULL);
	if (pipe2(failed, O_CLOEXEC) != 0) {
		close(go[0]);
		close(go[1]);
		return error_os(errno, "make a pipe", NULL);
	}
	n->pid = fork();
	if (n->pid == 0) {
		close(go[1]);
		run_child(options, go[0], failed[1]);
	}
	close(go[0]);
	close(failed[1]);
	struct error *err;
	if (n->pid < 0) {
		err = error_os(errno, "fork", NULL);
		n->pid = 0;
	} else {
		err = seize(n, options, go[1], failed[0]);
	}
	close(go[1]);
	close(failed[0]);
	return err;
}

/* ---- The vDSO ---- */

static struct error *read_stack(void *ctx, uint64_t address, void *ret, size_t len)
{
	return native_read(ctx, address, ret, len);
}

/* The vDSO answers calls without any; a program that is told of none makes them. */
static struct error *hide_vdso(struct native *n)
{
	static const uint64_t ignored[2] = {AT_IGNORE, 0};
	struct initial_stack s;
	struct error *err = initial_stack_read(read_stack, n, native_reg(n, n->isa->sp), &s);

	if (err)
		return error_prefix(err, "the program");
	const struct auxv_entry *vdso = initial_stack_auxv(&s, AT_SYSINFO_EHDR);
	if (vdso)
		err = native_write(n, vdso->address, ignored, sizeof ignored);
	initial_stack_deinit(&s);
	return err;
}

struct error *native_spawn(const struct native_options *options, struct native **ret)
{
	const struct isa *isa = native_isa();

	if (!isa)
		return error_create(ERROR_UNSUPPORTED,
				    "programs cannot be recorded on this machine: not an x86-64 host");
	struct native *n = calloc(1, sizeof *n);
	if (!n)
		return &error_no_memory;
	n->isa = isa;
	n->mem = -1;
	n->interrupted = options->interrupted;
	struct error *err = start(n, options);
	if (!err)
		err = hide_vdso(n);
	if (err) {
		native_destroy(n);
		return err;
	}
	*ret = n;
	return NULL;
}

void native_destroy(struct native *n)
{
	if (!n)
		return;
	if (n->pid > 0) {
		int status;
		kill(n->pid, SIGKILL);
		/* A stop may still be reported before the end. */
		while (waitpid(n->pid, &status, __WALL) == n->pid ? WIFSTOPPED(status) : errno == EINTR)
			continue;
	}
	if (n->mem >= 0)
		close(n->mem);
	free(n);
}

pid_t native_pid(const struct native *n)
{
	return n->pid;
}
