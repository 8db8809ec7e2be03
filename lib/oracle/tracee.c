#include "lib/oracle/tracee.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/state/memory.h"
#include "lib/state/state.h"
#include "lib/sys/sys.h"

enum { STUB_CODE = 256 };       /* the instruction's place in the stub's page, behind the ELF headers */
enum { STUB_TOUCH = 256 + 32 }; /* the place of those that access memory */
enum { STEP_DEADLINE_S = 20 };  /* a step takes some 30 microseconds, on a machine that has nothing else to do */
enum { STUB_CANDIDATES = 128 }; /* more than a case has pages */

/* No loader and no guest puts anything there; where one does, the stub moves. */
static const uint64_t stub_home = 0x2d5a17c33000;

/* How the process fails before it is traced: its exit status. */
enum { FIRST_EXIT = 100, EXIT_ORPHAN = FIRST_EXIT, EXIT_FILES, EXIT_PTRACE, EXIT_EXEC };

static const char *const exit_reasons[] = {
	[EXIT_ORPHAN - FIRST_EXIT] = "its parent ended",
	[EXIT_FILES - FIRST_EXIT] = "its files could not be arranged",
	[EXIT_PTRACE - FIRST_EXIT] = "ptrace is refused",
	[EXIT_EXEC - FIRST_EXIT] = "executing a file in memory is refused",
};

/* ---- Waiting ---- */

static struct error *tracee_lost(struct tracee *t, struct error *err)
{
	tracee_stop(t);
	return err;
}

/*
 * Waits for the next stop. Polls, because there is no wait for a process with a deadline; the process shares our CPU,
 * so that yielding is what runs it, and a step costs two context switches and no wake-up of another CPU.
 */
static struct error *wait_for_stop(struct tracee *t, int *ret)
{
	enum { SPINS = 1000, CLOCK_EVERY = 64 };
	deadline_t deadline = deadline_after(STEP_DEADLINE_S * CLOCK_S);

	for (unsigned i = 0;; i++) {
		pid_t pid = waitpid(t->pid, ret, WNOHANG);
		if (pid < 0 && errno != EINTR)
			return tracee_lost(t, error_os(errno, "waiting for the oracle's process", NULL));
		if (pid > 0)
			return NULL;
		if (i % CLOCK_EVERY == CLOCK_EVERY - 1 && deadline_passed(deadline))
			return tracee_lost(t, error_create(ERROR_TIMEOUT,
							   "a single step on the CPU did not end within %d s",
							   STEP_DEADLINE_S));
		if (i < SPINS)
			sched_yield();
		else
			nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
	}
}

static struct error *died(struct tracee *t, int status)
{
	bool reason = WIFEXITED(status) && WEXITSTATUS(status) >= FIRST_EXIT && WEXITSTATUS(status) <= EXIT_EXEC;

	t->pid = 0; /* reaped by the wait that told us */
	if (reason)
		return error_create(ERROR_UNSUPPORTED, "no process to run instructions in: %s",
				    exit_reasons[WEXITSTATUS(status) - FIRST_EXIT]);
	return error_create(ERROR_TARGET, "the oracle's process died (wait status 0x%x)", (unsigned)status);
}

void tracee_stop(struct tracee *t)
{
	if (!t->pid)
		return;
	kill(t->pid, SIGKILL);
	while (waitpid(t->pid, NULL, 0) < 0 && errno == EINTR)
		;
	t->pid = 0;
}

/* ---- Registers ---- */

struct error *tracee_get(const struct tracee *t, int set, void *ret, size_t *len)
{
	struct iovec iov = {.iov_base = ret, .iov_len = *len};

	if (ptrace(PTRACE_GETREGSET, t->pid, (void *)(intptr_t)set, &iov) < 0)
		return error_os(errno, "reading the registers of the oracle's process", NULL);
	*len = iov.iov_len;
	return NULL;
}

struct error *tracee_set(const struct tracee *t, int set, const void *data, size_t len)
{
	struct iovec iov = {.iov_base = (void *)(uintptr_t)data, .iov_len = len};

	if (ptrace(PTRACE_SETREGSET, t->pid, (void *)(intptr_t)set, &iov) < 0)
		return error_os(errno, "writing the registers of the oracle's process", NULL);
	return NULL;
}

/* ---- Steps ---- */

/* The process runs where we run: see wait_for_stop(). Not being allowed to say so costs time only. */
static void follow_cpu(struct tracee *t)
{
	int cpu = sched_getcpu();
	cpu_set_t set;

	if (cpu < 0 || cpu == t->cpu)
		return;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(t->pid, sizeof set, &set) == 0)
		t->cpu = cpu;
}

/* Signals from the CPU have positive codes; anything else was sent by somebody and is not for us. */
static bool raised_by_cpu(const siginfo_t *info)
{
	switch (info->si_signo) {
	case SIGTRAP:
	case SIGSEGV:
	case SIGBUS:
	case SIGFPE:
	case SIGILL: return info->si_code > 0;
	default: return false;
	}
}

/* The kernel reports a step over a system call, which ends inside it, with another code (user_single_step_report()). */
static bool is_end_of_step(const siginfo_t *info, bool let_calls)
{
	return info->si_signo == SIGTRAP && (info->si_code == TRAP_TRACE || (let_calls && info->si_code == TRAP_BRKPT));
}

struct error *tracee_step(struct tracee *t, bool let_calls, enum tracee_stop *ret, siginfo_t *ret_info)
{
	int status;
	struct error *err;

	follow_cpu(t);
	do {
		if (ptrace(let_calls ? PTRACE_SINGLESTEP : PTRACE_SYSEMU_SINGLESTEP, t->pid, NULL, NULL) < 0)
			return tracee_lost(t, error_os(errno, "stepping the oracle's process", NULL));
		err = wait_for_stop(t, &status);
		if (err)
			return err;
		if (!WIFSTOPPED(status))
			return died(t, status);
		if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
			*ret = TRACEE_SYSCALL;
			return NULL;
		}
		if (ptrace(PTRACE_GETSIGINFO, t->pid, NULL, ret_info) < 0)
			return tracee_lost(t, error_os(errno, "asking for a signal of the oracle's process", NULL));
	} while (!raised_by_cpu(ret_info));
	*ret = is_end_of_step(ret_info, let_calls) ? TRACEE_STEPPED : TRACEE_SIGNAL;
	return NULL;
}

/* ---- System calls in the process ---- */

static void put_reg(const struct tracee *t, uint8_t *general, uint32_t reg, uint64_t value)
{
	const struct reg_desc *desc = &t->isa->regs[reg];

	bits_put(general, t->general_len, desc->native_offset * 8u + desc->native_low, desc->width, &value);
}

static uint64_t get_reg(const struct tracee *t, const uint8_t *general, uint32_t reg)
{
	const struct reg_desc *desc = &t->isa->regs[reg];
	uint64_t value;

	bits_get(general, t->general_len, desc->native_offset * 8u + desc->native_low, desc->width, &value);
	return value;
}

/* A system call of the process: its result, or an error with the kernel's errno. */
static struct error *call(struct tracee *t, const char *what, long number, const uint64_t arg[6])
{
	uint8_t general[TRACEE_MAX_GENERAL];
	size_t len = t->general_len;
	enum tracee_stop stop;
	siginfo_t info;

	memcpy(general, t->general, len);
	put_reg(t, general, t->isa->pc, t->stub + STUB_CODE);
	put_reg(t, general, t->isa->sys.number, (uint64_t)number);
	for (unsigned i = 0; i < 6; i++)
		put_reg(t, general, t->isa->sys.arg[i], arg[i]);
	struct error *err = tracee_set(t, NT_PRSTATUS, general, len);
	if (!err)
		err = tracee_step(t, true, &stop, &info);
	if (!err && stop != TRACEE_STEPPED)
		err = error_create(ERROR_BUG, "the oracle's stub raised signal %d", info.si_signo);
	if (!err)
		err = tracee_get(t, NT_PRSTATUS, general, &len);
	if (err)
		return err;
	int64_t result = (int64_t)get_reg(t, general, t->isa->sys.result);
	return sys_failed(result) ? error_os((int)-result, what, NULL) : NULL;
}

/* Instructions that access a byte and leave it as it is; in a page that may be executed they do so from there. */
static const uint8_t touch_code[2][TOUCH_LEN] = {{TOUCH_READ}, {TOUCH_WRITE}};

/* Accesses the page at address, whose contents are data. However the step ends, the page was entered. */
static struct error *touch(struct tracee *t, uint64_t address, int prot, uint8_t *data)
{
	uint8_t general[TRACEE_MAX_GENERAL];
	uint32_t pointer;
	bool write = prot & PROT_WRITE;
	enum tracee_stop stop;
	siginfo_t info;

	if (strcmp(t->isa->name, "x86_64") != 0 || !isa_find_reg(t->isa, "rdi", 3, &pointer))
		return NULL;
	memcpy(data, touch_code[write], TOUCH_LEN);
	memcpy(general, t->general, t->general_len);
	put_reg(t, general, t->isa->pc, prot & PROT_EXEC ? address : t->stub + STUB_TOUCH + write * TOUCH_LEN);
	put_reg(t, general, pointer, address);
	struct error *err = tracee_set(t, NT_PRSTATUS, general, t->general_len);
	return err ? err : tracee_step(t, false, &stop, &info);
}

struct error *tracee_map(struct tracee *t, uint64_t address, size_t index, int prot, uint8_t *data)
{
	uint64_t arg[6] = {address, MEMORY_PAGE,        (uint64_t)prot, MAP_SHARED | MAP_FIXED_NOREPLACE,
			   0,       index * MEMORY_PAGE};
	struct error *err = call(t, "mmap", SYS_mmap, arg);

	if (!err && data)
		return touch(t, address, prot, data);
	if (!error_is(err, ERROR_OS))
		return err;
	struct error *refused = error_create(ERROR_UNSUPPORTED,
					     "the host's kernel does not map a page at 0x%" PRIx64 ": %s", address,
					     strerror(err->errnum));
	error_destroy(err);
	return refused;
}

struct error *tracee_unmap(struct tracee *t, uint64_t address, uint64_t len)
{
	return call(t, "munmap", SYS_munmap, (uint64_t[6]){address, len});
}

struct error *tracee_release(struct tracee *t, uint64_t pc)
{
	uint8_t general[TRACEE_MAX_GENERAL];

	memcpy(general, t->general, t->general_len);
	put_reg(t, general, t->isa->pc, pc);
	struct error *err = tracee_set(t, NT_PRSTATUS, general, t->general_len);
	if (!err && ptrace(PTRACE_DETACH, t->pid, NULL, NULL) < 0)
		err = error_os(errno, "releasing the oracle's process", NULL);
	return err;
}

struct error *tracee_move_stub(struct tracee *t, bool (*taken)(void *ctx, uint64_t page), void *ctx)
{
	uint64_t old = t->stub;

	for (unsigned i = 0; i < STUB_CANDIDATES; i++) {
		uint64_t to = stub_home + (uint64_t)i * 16 * MEMORY_PAGE;
		if (to == old || taken(ctx, to))
			continue;
		struct error *err = tracee_map(t, to, 0, PROT_READ | PROT_EXEC, NULL);
		if (error_is(err, ERROR_UNSUPPORTED)) {
			error_destroy(err);
			continue;
		}
		if (err)
			return err;
		t->stub = to;
		return tracee_unmap(t, old, MEMORY_PAGE);
	}
	return error_create(ERROR_UNSUPPORTED, "no place for the oracle's own page among the pages of a case");
}

/* ---- Starting ---- */

/* The whole program: one loadable page at stub_home, with a stack that need not be executable. */
static size_t build_image(const struct isa *isa, uint8_t *ret)
{
	Elf64_Ehdr ehdr = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
		.e_type = ET_EXEC,
		.e_machine = isa->elf_machine,
		.e_version = EV_CURRENT,
		.e_entry = stub_home + STUB_CODE,
		.e_phoff = sizeof ehdr,
		.e_ehsize = sizeof ehdr,
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 2,
	};
	size_t len = STUB_TOUCH + sizeof touch_code;
	Elf64_Phdr phdr[] = {
		{.p_type = PT_LOAD,
		 .p_flags = PF_R | PF_X,
		 .p_vaddr = stub_home,
		 .p_filesz = len,
		 .p_memsz = len,
		 .p_align = MEMORY_PAGE},
		{.p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W},
	};

	memset(ret, 0, len);
	memcpy(ret, &ehdr, sizeof ehdr);
	memcpy(ret + sizeof ehdr, phdr, sizeof phdr);
	memcpy(ret + STUB_CODE, isa->sys.insn, isa->sys.insn_len);
	memcpy(ret + STUB_TOUCH, touch_code, sizeof touch_code);
	return len;
}

/* In the child: keeps only the pool (file 0) and the image (1), and becomes the image. */
static void become_image(int pool, int image, pid_t parent)
{
	enum { ASIDE = 64 };
	static char *const empty[] = {NULL};
	sigset_t none;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		_exit(EXIT_ORPHAN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid(); /* signals from a terminal are for our user's process */
	pool = fcntl(pool, F_DUPFD, ASIDE);
	image = fcntl(image, F_DUPFD, ASIDE);
	if (pool < 0 || image < 0 || dup2(pool, 0) < 0 || dup2(image, 1) < 0 || close_range(2, ~0U, 0) < 0)
		_exit(EXIT_FILES);
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		_exit(EXIT_PTRACE);
	fexecve(1, empty, empty);
	_exit(EXIT_EXEC);
}

static struct error *fork_image(struct tracee *t, const uint8_t *bytes, size_t len)
{
	int status;
	int image = memfd_create("validate-oracle", MFD_CLOEXEC);

	if (image < 0 || write(image, bytes, len) != (ssize_t)len) {
		struct error *err = error_os(errno, "making the oracle's program", NULL);
		if (image >= 0)
			close(image);
		return err;
	}
	pid_t parent = getpid();
	t->cpu = -1;
	t->pid = fork();
	if (t->pid == 0)
		become_image(t->pool, image, parent);
	int errnum = errno;
	close(image);
	if (t->pid < 0) {
		t->pid = 0;
		return error_os(errnum, "forking the oracle's process", NULL);
	}
	struct error *err = wait_for_stop(t, &status);
	if (!err && !WIFSTOPPED(status))
		err = died(t, status);
	return err;
}

/* The addresses of everything mapped except the stub. The page that the kernel keeps for vsyscall cannot be unmapped.
 */
static struct error *list_mappings(const struct tracee *t, uint64_t (*ret)[2], size_t max, size_t *ret_len)
{
	char path[32], line[256];
	size_t len = 0;

	snprintf(path, sizeof path, "/proc/%d/maps", (int)t->pid);
	FILE *f = fopen(path, "re");
	if (!f)
		return error_os(errno, "opening", path);
	while (fgets(line, sizeof line, f) && len < max) {
		uint64_t from, to;
		if (sscanf(line, "%" SCNx64 "-%" SCNx64, &from, &to) != 2 || from == t->stub ||
		    strstr(line, "[vsyscall]"))
			continue;
		ret[len][0] = from;
		ret[len++][1] = to - from;
	}
	fclose(f);
	*ret_len = len;
	return NULL;
}

static struct error *unmap_all(struct tracee *t)
{
	uint64_t mapping[16][2];
	size_t len = 0;
	struct error *err = list_mappings(t, mapping, 16, &len);

	for (size_t i = 0; i < len && !err; i++)
		err = tracee_unmap(t, mapping[i][0], mapping[i][1]);
	return err;
}

static struct error *prepare(struct tracee *t)
{
	if (ptrace(PTRACE_SETOPTIONS, t->pid, NULL, (void *)(PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD)) < 0)
		return error_os(errno, "tracing the oracle's process", NULL);
	t->general_len = sizeof t->general;
	struct error *err = tracee_get(t, NT_PRSTATUS, t->general, &t->general_len);
	if (err)
		return err;
#if defined(__x86_64__)
	/* Else the kernel takes a result register of -ERESTARTSYS for a call to be restarted, and moves the PC. */
	struct user_regs_struct regs;
	memcpy(&regs, t->general, sizeof regs);
	regs.orig_rax = (unsigned long long)-1;
	memcpy(t->general, &regs, sizeof regs);
#endif
	return unmap_all(t);
}

struct error *tracee_start(struct tracee *t, const struct isa *isa, int pool)
{
	uint8_t image[STUB_TOUCH + sizeof touch_code];
	size_t len = build_image(isa, image);

	*t = (struct tracee){.isa = isa, .pool = pool, .stub = stub_home};
	/* The stub's copy, for when it moves. */
	if (pwrite(pool, image, len, 0) != (ssize_t)len)
		return error_os(errno, "writing the oracle's pages", NULL);
	struct error *err = fork_image(t, image, len);
	if (!err)
		err = prepare(t);
	if (err)
		tracee_stop(t);
	return err;
}
