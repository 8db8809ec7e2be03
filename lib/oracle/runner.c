#include "lib/oracle/runner.h"

#include "lib/base/error.h"

#if defined(__x86_64__)

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/ucontext.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/oracle/runner_code.h"
#include "lib/oracle/sets.h"
#include "lib/state/memory.h"
#include "lib/sys/sys.h"

enum { DEADLINE_S = 20, CHECK_CPU_EVERY = 256 };
enum { TRAP_FLAG = 1 << 8 };

/* ---- Turns ---- */

/* The runner shares our CPU: then a turn costs two switches and no wake-up of another CPU. */
static void follow_cpu(struct runner *r)
{
	int cpu;
	cpu_set_t set;

	if (r->turns++ % CHECK_CPU_EVERY)
		return;
	cpu = sched_getcpu();
	if (cpu < 0 || cpu == r->process.cpu)
		return;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(r->process.pid, sizeof set, &set) == 0)
		r->process.cpu = cpu;
}

static bool has_ended(struct runner *r)
{
	int status;

	if (waitpid(r->process.pid, &status, WNOHANG) != r->process.pid)
		return false;
	r->process.pid = 0;
	return true;
}

struct error *runner_take_turn(struct runner *r, enum runner_kind kind)
{
	static const struct timespec slice = {.tv_nsec = 100 * CLOCK_MS};
	deadline_t deadline = 0;
	uint32_t *turn = &r->control->turn;

	follow_cpu(r);
	r->control->kind = kind;
	__atomic_store_n(turn, 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, turn, FUTEX_WAKE, 1, NULL, NULL, 0);
	while (__atomic_load_n(turn, __ATOMIC_ACQUIRE)) {
		if (syscall(SYS_futex, turn, FUTEX_WAIT, 1, &slice, NULL, 0) == 0 || errno != ETIMEDOUT)
			continue;
		if (has_ended(r))
			return error_create(ERROR_TARGET, "the oracle's process died");
		if (!deadline)
			deadline = deadline_after(DEADLINE_S * CLOCK_S);
		if (!deadline_passed(deadline))
			continue;
		runner_stop(r);
		return error_create(ERROR_TIMEOUT, "an instruction on the CPU did not end within %d s", DEADLINE_S);
	}
	return NULL;
}

/* A system call of the process: its result, or an error with the kernel's errno. */
static struct error *call(struct runner *r, const char *what, long number, const uint64_t arg[6])
{
	r->control->call[0] = (uint64_t)number;
	for (unsigned i = 0; i < 6; i++)
		r->control->call[1 + i] = arg[i];
	struct error *err = runner_take_turn(r, RUNNER_CALL);
	if (err)
		return err;
	int64_t result = (int64_t)r->control->call[0];
	return sys_failed(result) ? error_os((int)-result, what, NULL) : NULL;
}

struct error *runner_map(void *runner, uint64_t address, size_t index, int prot, uint8_t *data)
{
	struct runner *r = runner;
	uint64_t arg[6] = {address, MEMORY_PAGE,        (uint64_t)prot, MAP_SHARED | MAP_FIXED_NOREPLACE,
			   0,       index * MEMORY_PAGE};
	const uint8_t *code = runner_touch + (prot & PROT_WRITE ? TOUCH_LEN : 0);

	if (data) {
		memcpy(data, code, TOUCH_LEN);
		r->control->touch[0] = prot & PROT_EXEC ? address : RUNNER_HOME + (uint64_t)(code - runner_code);
		r->control->touch[1] = address;
	}
	struct error *err = call(r, "mmap", SYS_mmap, arg);
	r->control->touch[0] = 0;
	return err;
}

struct error *runner_unmap(void *runner, uint64_t address)
{
	return call(runner, "munmap", SYS_munmap, (uint64_t[6]){address, MEMORY_PAGE});
}

bool runner_has(uint64_t page)
{
	return page - RUNNER_HOME < HOME_END;
}

/* ---- Starting ---- */

/* The address in the process of a part of the control. */
static uint64_t there(const struct runner *r, const void *part)
{
	return RUNNER_HOME + CONTROL_AT + (uint64_t)((const uint8_t *)part - (const uint8_t *)r->control);
}

static struct error *handle_signals(struct runner *r)
{
	static const int signals[] = {SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGSYS};
	enum { SA_RESTORER_FLAG = 0x04000000 };
	struct runner_control *c = r->control;
	uint64_t handler = RUNNER_HOME + (uint64_t)(runner_handler - runner_code);
	struct error *err;

	c->stack = (stack_t){.ss_sp = (void *)(uintptr_t)(RUNNER_HOME + STACK_AT), .ss_size = STACK_SIZE - 4096};
	err = call(r, "sigaltstack", SYS_sigaltstack, (uint64_t[6]){there(r, &c->stack)});
	/* The restorer is never called. */
	c->action[0] = handler;
	c->action[1] = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | SA_RESTORER_FLAG;
	c->action[2] = handler;
	c->action[3] = 0;
	for (size_t i = 0; i < sizeof signals / sizeof *signals && !err; i++)
		err = call(r, "rt_sigaction", SYS_rt_sigaction,
			   (uint64_t[6]){(uint64_t)signals[i], there(r, c->action), 0, 8});
	return err;
}

/* From linux/prctl.h of 5.11. */
static struct error *catch_calls(struct runner *r)
{
	enum { SET_SYSCALL_USER_DISPATCH = 59, DISPATCH_ON = 1, DISPATCH_BLOCK = 1 };

	r->control->blocked = DISPATCH_BLOCK;
	return call(r, "prctl", SYS_prctl,
		    (uint64_t[6]){SET_SYSCALL_USER_DISPATCH, DISPATCH_ON, RUNNER_HOME, MEMORY_PAGE,
				  there(r, &r->control->blocked)});
}

/* At once: pages are many. */
static struct error *map_many(struct runner *r, size_t first)
{
	return call(r, "mmap", SYS_mmap,
		    (uint64_t[6]){RUNNER_HOME + ENTRIES_AT, IMAGES_END - ENTRIES_AT, PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_FIXED_NOREPLACE, 0, first * MEMORY_PAGE + ENTRIES_AT});
}

static struct error *launch(struct runner *r, size_t first)
{
	struct error *err = NULL;

	for (size_t i = 0; i < ENTRIES_AT / MEMORY_PAGE && !err; i++)
		err = tracee_map(&r->process, RUNNER_HOME + i * MEMORY_PAGE, first + i,
				 i == 0 ? PROT_READ | PROT_EXEC : PROT_READ | PROT_WRITE, NULL);
	if (!err)
		err = tracee_map(&r->process, RUNNER_HOME + PROBES_RUN_AT, first + PROBES_AT / MEMORY_PAGE,
				 PROT_READ | PROT_EXEC, NULL);
	if (!err)
		err = tracee_map(&r->process, RUNNER_HOME + DATA_RUN_AT, first + DATA_AT / MEMORY_PAGE,
				 PROT_READ | PROT_WRITE, NULL);
	if (!err)
		err = tracee_release(&r->process, RUNNER_HOME);
	if (!err)
		err = runner_unmap(r, r->process.stub);
	if (!err)
		err = map_many(r, first);
	if (!err)
		err = handle_signals(r);
	return err ? err : catch_calls(r);
}

struct error *runner_start(struct runner *r, const struct isa *isa, int pool, size_t first, uint8_t *pages)
{
	void *control = pages + CONTROL_AT;

	*r = (struct runner){.control = control};
	memcpy(pages, runner_code, (size_t)(runner_code_end - runner_code));
	memset(r->control, 0, sizeof *r->control);
	r->control->turn = 1;
	struct error *err = tracee_start(&r->process, isa, pool);
	if (!err)
		err = launch(r, first);
	if (err)
		runner_stop(r);
	return err;
}

void runner_stop(struct runner *r)
{
	tracee_stop(&r->process);
}

/* ---- Running ---- */

void runner_put_registers(struct runner_control *c, const struct user_regs_struct *u, bool step)
{
	const uint64_t gpr[15] = {u->rax, u->rcx, u->rdx, u->rbx, u->rbp, u->rsi, u->rdi, u->r8,
				  u->r9,  u->r10, u->r11, u->r12, u->r13, u->r14, u->r15};
	const uint64_t frame[5] = {u->rip, u->cs, u->eflags | (step ? TRAP_FLAG : 0), u->rsp, u->ss};

	memcpy(c->gpr, gpr, sizeof gpr);
	memcpy(c->frame, frame, sizeof frame);
	c->fs_base = u->fs_base;
	c->gs_base = u->gs_base;
}

static void get_registers(const struct runner_control *c, const mcontext_t *m, struct user_regs_struct *u)
{
	const greg_t *g = m->gregs;

#define GET(name, REG) u->name = (unsigned long long)g[REG_##REG]
	GET(rax, RAX), GET(rcx, RCX), GET(rdx, RDX), GET(rbx, RBX), GET(rsp, RSP), GET(rbp, RBP);
	GET(rsi, RSI), GET(rdi, RDI), GET(r8, R8), GET(r9, R9), GET(r10, R10), GET(r11, R11);
	GET(r12, R12), GET(r13, R13), GET(r14, R14), GET(r15, R15), GET(rip, RIP), GET(eflags, EFL);
#undef GET
	u->cs = (unsigned long long)g[REG_CSGSFS] & 0xffff;
	u->ss = (unsigned long long)g[REG_CSGSFS] >> 48;
	u->ds = c->selectors[0];
	u->es = c->selectors[1];
	u->fs = c->selectors[2];
	u->gs = c->selectors[3];
	u->fs_base = c->fs_base;
	u->gs_base = c->gs_base;
}

/* Where something of the process's stack is here; NULL if it is not of a stack frame. */
static const void *on_stack(const struct runner *r, uint64_t address, size_t len)
{
	uint64_t at = address - (RUNNER_HOME + STACK_AT);

	return at < STACK_SIZE && len <= STACK_SIZE - at ? (const uint8_t *)r->control + STACK_AT - CONTROL_AT + at
							 : NULL;
}

static struct error *read_frame(struct runner *r, struct user_regs_struct *general, uint8_t *xsave, size_t xsave_len,
				siginfo_t *ret_info)
{
	struct runner_control *c = r->control;
	const siginfo_t *info = on_stack(r, c->info, sizeof *info);
	const ucontext_t *context = on_stack(r, c->context, sizeof *context);
	const void *image = context ? on_stack(r, (uint64_t)(uintptr_t)context->uc_mcontext.fpregs, xsave_len) : NULL;

	if (!info || !image) {
		runner_stop(r);
		return error_create(ERROR_TARGET, "the oracle's process has no signal frame");
	}
	memcpy(ret_info, info, sizeof *info);
	get_registers(r->control, &context->uc_mcontext, general);
	memcpy(xsave, image, xsave_len);
	return NULL;
}

struct error *runner_run(struct runner *r, uint8_t *general, uint8_t *xsave, size_t xsave_len, bool step,
			 siginfo_t *ret_info)
{
	struct runner_control *c = r->control;
	struct user_regs_struct u;
	struct error *err;

	if (xsave_len > sizeof c->xsave)
		return error_create(ERROR_BUG, "an XSAVE area of %zu bytes", xsave_len);
	memcpy(&u, general, sizeof u);
	runner_put_registers(c, &u, step);
	memcpy(c->xsave, xsave, xsave_len);
	sets_use_all(c->xsave);
	err = runner_take_turn(r, RUNNER_RUN);
	if (!err)
		err = read_frame(r, &u, xsave, xsave_len, ret_info);
	memcpy(general, &u, sizeof u);
	if (err || ret_info->si_code > 0)
		return err;
	/* Nobody knows how far the instruction had come. */
	runner_stop(r);
	return error_create(ERROR_TARGET, "somebody sent signal %d to the oracle's process", ret_info->si_signo);
}

#else

struct error *runner_start(struct runner *r, const struct isa *isa, int pool, size_t first, uint8_t *pages)
{
	(void)isa, (void)pool, (void)first, (void)pages;
	*r = (struct runner){0};
	return error_create(ERROR_UNSUPPORTED, "instructions run traced on this machine");
}

void runner_stop(struct runner *r)
{
	(void)r;
}

struct error *runner_map(void *runner, uint64_t address, size_t index, int prot, uint8_t *data)
{
	(void)runner, (void)address, (void)index, (void)prot, (void)data;
	return error_create(ERROR_BUG, "no runner");
}

struct error *runner_unmap(void *runner, uint64_t address)
{
	(void)runner, (void)address;
	return error_create(ERROR_BUG, "no runner");
}

bool runner_has(uint64_t page)
{
	(void)page;
	return false;
}

struct error *runner_run(struct runner *r, uint8_t *general, uint8_t *xsave, size_t xsave_len, bool step,
			 siginfo_t *ret_info)
{
	(void)r, (void)general, (void)xsave, (void)xsave_len, (void)step, (void)ret_info;
	return error_create(ERROR_BUG, "no runner");
}

#endif
