#include "lib/oracle/runner.h"

#include "lib/base/error.h"

#if defined(__x86_64__)

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <stddef.h>
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
#include "lib/oracle/sets.h"
#include "lib/state/memory.h"
#include "lib/sys/sys.h"

enum { DEADLINE_S = 20, CHECK_CPU_EVERY = 256 };
enum { TRAP_FLAG = 1 << 8 };

/* Away from the tracee's stub, and from where loaders and guests put anything. */
static const uint64_t runner_home = 0x2d5b35a8e000;

enum runner_kind { RUNNER_CALL, RUNNER_RUN, RUNNER_PROBE };

/* Offsets are known to the code below. */
struct runner_control {
	uint32_t turn;    /* 1: the runner's, 0: ours */
	uint32_t kind;    /* enum runner_kind */
	uint64_t call[7]; /* number and arguments; the result in the first */
	uint64_t fs_base, gs_base;
	uint64_t gpr[15];       /* rax rcx rdx rbx rbp rsi rdi r8-r15 */
	uint64_t frame[5];      /* of IRET: rip cs rflags rsp ss */
	uint64_t info, context; /* addresses in the process, of the last signal */
	uint8_t blocked;        /* system calls that are caught: all */
	uint16_t selectors[4];  /* after: ds es fs gs */
	uint64_t touch[2];      /* code to run behind a call that succeeded (0: none), and its RDI */
	uint64_t probe[2];      /* addresses in the process: the next one, the end */
	/* Arguments of calls. */
	stack_t stack;
	uint64_t action[4]; /* the kernel's struct sigaction */
	uint8_t xsave[8192] __attribute__((aligned(64)));
};

/*
 * The code's page, the control's, those of probes: their list, the page they are put in, their data; the stack that is
 * left. The page of probes is mapped a second time, to be executed, where no other is near, and the data where they may
 * access it: so far away that a stack pointer whose low 16 bits change does not come to our own stack, where the kernel
 * would take us to be handling a signal already.
 */
enum {
	CONTROL_AT = MEMORY_PAGE,
	LIST_AT = 4 * MEMORY_PAGE,
	PROBES_AT = 12 * MEMORY_PAGE,
	DATA_AT = 13 * MEMORY_PAGE,
	STACK_AT = 14 * MEMORY_PAGE,
	STACK_SIZE = RUNNER_PAGES * MEMORY_PAGE - STACK_AT,
	PROBES_RUN_AT = 1 << 20,
	DATA_RUN_AT = 2 << 20,
	HOME_END = DATA_RUN_AT + MEMORY_PAGE
};

_Static_assert(CONTROL_AT + sizeof(struct runner_control) <= STACK_AT, "the control's pages");
_Static_assert(offsetof(struct runner_control, call) == 8, "CALL");
_Static_assert(offsetof(struct runner_control, fs_base) == 64, "BASES");
_Static_assert(offsetof(struct runner_control, gpr) == 80, "GPR");
_Static_assert(offsetof(struct runner_control, frame) == 200, "FRAME");
_Static_assert(offsetof(struct runner_control, info) == 240, "INFO");
_Static_assert(offsetof(struct runner_control, selectors) == 258, "SELECTORS");
_Static_assert(offsetof(struct runner_control, touch) == 272, "TOUCH");
_Static_assert(offsetof(struct runner_control, probe) == 288, "PROBE");
_Static_assert(offsetof(struct runner_control, xsave) == 384, "XSAVE");
_Static_assert(LIST_AT + RUNNER_MAX_PROBES * sizeof(struct runner_probe) <= PROBES_AT, "the list's pages");
_Static_assert(offsetof(struct runner_probe, bytes) == 8 && offsetof(struct runner_probe, after) == 24 &&
		       offsetof(struct runner_probe, address) == 32 && offsetof(struct runner_probe, signal) == 40 &&
		       offsetof(struct runner_probe, code) == 44 && sizeof(struct runner_probe) == 48,
	       "probes");
_Static_assert(offsetof(ucontext_t, uc_mcontext.gregs[REG_RIP]) == 168 && offsetof(siginfo_t, si_code) == 8 &&
		       offsetof(siginfo_t, si_addr) == 16,
	       "the signal's frame");
_Static_assert(PROBES_AT == 12 * 4096 && (int)RUNNER_PAGES == 30, "the code's pages");

/*
 * The process's code, at any place that has the control a page behind. IRET loads the last registers and the flags
 * (NT and TF as well) in one instruction, behind which the single step begins. The handler never returns: the next
 * instruction starts from it, and the kernel begins the signal stack anew for each signal.
 */
#define BYTES(...)  BYTES_(__VA_ARGS__)
#define BYTES_(...) #__VA_ARGS__
extern const uint8_t runner_code[], runner_handler[], runner_touch[], runner_code_end[];
__asm__(".pushsection .rodata\n"
	".balign 64\n"
	"runner_code:\n"
	"	lea runner_code + 4096(%rip), %rbx\n"
	"	lea runner_code + 30 * 4096 - 64(%rip), %rsp\n"
	"1:\n" /* our turn is over */
	"	movl $0, (%rbx)\n"
	"	mov $202, %eax\n" /* futex */
	"	mov %rbx, %rdi\n"
	"	mov $1, %esi\n" /* FUTEX_WAKE */
	"	mov $1, %edx\n"
	"	syscall\n"
	"2:	cmpl $0, (%rbx)\n"
	"	jne 3f\n"
	"	mov $202, %eax\n"
	"	mov %rbx, %rdi\n"
	"	xor %esi, %esi\n" /* FUTEX_WAIT */
	"	xor %edx, %edx\n"
	"	xor %r10d, %r10d\n"
	"	syscall\n"
	"	jmp 2b\n"
	"3:	cmpl $0, 4(%rbx)\n"
	"	jne 4f\n"
	"	mov 8(%rbx), %rax\n" /* CALL */
	"	mov 16(%rbx), %rdi\n"
	"	mov 24(%rbx), %rsi\n"
	"	mov 32(%rbx), %rdx\n"
	"	mov 40(%rbx), %r10\n"
	"	mov 48(%rbx), %r8\n"
	"	mov 56(%rbx), %r9\n"
	"	syscall\n"
	"	mov %rax, 8(%rbx)\n"
	"	test %rax, %rax\n"
	"	js 1b\n"
	"	cmpq $0, 272(%rbx)\n" /* TOUCH */
	"	je 1b\n"
	"	mov 280(%rbx), %rdi\n"
	"	call *272(%rbx)\n"
	"	jmp 1b\n"
	"4:	cmpl $2, 4(%rbx)\n"
	"	jne 6f\n"
	"5:	mov 288(%rbx), %rbp\n" /* PROBE */
	"	mov (%rbp), %rax\n"
	"	mov %rax, 200(%rbx)\n" /* FRAME */
	"	movdqu 8(%rbp), %xmm0\n"
	"	movdqa %xmm0, runner_code + 13 * 4096 - 16(%rip)\n"
	"6:	mov $7, %eax\n"
	"	xor %edx, %edx\n"
	"	xrstor64 384(%rbx)\n" /* XSAVE */
	"	xor %eax, %eax\n"
	"	mov %eax, %ds\n"
	"	mov %eax, %es\n"
	"	mov %eax, %fs\n"
	"	mov %eax, %gs\n"
	"	mov 64(%rbx), %rax\n" /* BASES */
	"	wrfsbase %rax\n"
	"	mov 72(%rbx), %rax\n"
	"	wrgsbase %rax\n"
	"	lea 200(%rbx), %rsp\n" /* FRAME */
	"	mov 80(%rbx), %rax\n"  /* GPR */
	"	mov 88(%rbx), %rcx\n"
	"	mov 96(%rbx), %rdx\n"
	"	mov 112(%rbx), %rbp\n"
	"	mov 120(%rbx), %rsi\n"
	"	mov 128(%rbx), %rdi\n"
	"	mov 136(%rbx), %r8\n"
	"	mov 144(%rbx), %r9\n"
	"	mov 152(%rbx), %r10\n"
	"	mov 160(%rbx), %r11\n"
	"	mov 168(%rbx), %r12\n"
	"	mov 176(%rbx), %r13\n"
	"	mov 184(%rbx), %r14\n"
	"	mov 192(%rbx), %r15\n"
	"	mov 104(%rbx), %rbx\n"
	"	iretq\n"
	"runner_handler:\n"
	"	lea runner_code + 4096(%rip), %rbx\n"
	"	pushq $2\n"
	"	popfq\n" /* NT would make IRET fault, and AC us */
	"	rdfsbase %rax\n"
	"	mov %rax, 64(%rbx)\n"
	"	rdgsbase %rax\n"
	"	mov %rax, 72(%rbx)\n"
	"	mov %rsi, 240(%rbx)\n" /* INFO */
	"	mov %rdx, 248(%rbx)\n"
	"	mov %ds, 258(%rbx)\n" /* SELECTORS */
	"	mov %es, 260(%rbx)\n"
	"	mov %fs, 262(%rbx)\n"
	"	mov %gs, 264(%rbx)\n"
	"	cmpl $2, 4(%rbx)\n"
	"	jne 1b\n"
	"	mov 288(%rbx), %rbp\n" /* PROBE */
	"	mov (%rsi), %eax\n"
	"	mov %eax, 40(%rbp)\n"
	"	mov 8(%rsi), %eax\n"
	"	mov %eax, 44(%rbp)\n"
	"	mov 16(%rsi), %rax\n"
	"	mov %rax, 32(%rbp)\n"
	"	mov 168(%rdx), %rax\n"
	"	mov %rax, 24(%rbp)\n"
	"	add $48, %rbp\n"
	"	mov %rbp, 288(%rbx)\n"
	"	cmp %rbp, 296(%rbx)\n"
	"	ja 5b\n"
	"	jmp 1b\n"
	"runner_touch:\n"
	"	.byte " BYTES(TOUCH_READ) ", 0, " BYTES(TOUCH_WRITE) "\n"
								     "runner_code_end:\n"
								     ".popsection\n");

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

/* Gives the runner its turn, and waits until it is ours again. */
static struct error *take_turn(struct runner *r, enum runner_kind kind)
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
	struct error *err = take_turn(r, RUNNER_CALL);
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
		r->control->touch[0] = prot & PROT_EXEC ? address : runner_home + (uint64_t)(code - runner_code);
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
	return page - runner_home < HOME_END;
}

/* ---- Starting ---- */

/* The address in the process of a part of the control. */
static uint64_t there(const struct runner *r, const void *part)
{
	return runner_home + CONTROL_AT + (uint64_t)((const uint8_t *)part - (const uint8_t *)r->control);
}

static struct error *handle_signals(struct runner *r)
{
	static const int signals[] = {SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGSYS};
	enum { SA_RESTORER_FLAG = 0x04000000 };
	struct runner_control *c = r->control;
	uint64_t handler = runner_home + (uint64_t)(runner_handler - runner_code);
	struct error *err;

	c->stack = (stack_t){.ss_sp = (void *)(uintptr_t)(runner_home + STACK_AT), .ss_size = STACK_SIZE - 4096};
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
		    (uint64_t[6]){SET_SYSCALL_USER_DISPATCH, DISPATCH_ON, runner_home, MEMORY_PAGE,
				  there(r, &r->control->blocked)});
}

static struct error *launch(struct runner *r, size_t first)
{
	struct error *err = NULL;

	for (size_t i = 0; i < RUNNER_PAGES && !err; i++)
		err = tracee_map(&r->process, runner_home + i * MEMORY_PAGE, first + i,
				 i == 0 ? PROT_READ | PROT_EXEC : PROT_READ | PROT_WRITE, NULL);
	if (!err)
		err = tracee_map(&r->process, runner_home + PROBES_RUN_AT, first + PROBES_AT / MEMORY_PAGE,
				 PROT_READ | PROT_EXEC, NULL);
	if (!err)
		err = tracee_map(&r->process, runner_home + DATA_RUN_AT, first + DATA_AT / MEMORY_PAGE,
				 PROT_READ | PROT_WRITE, NULL);
	if (!err)
		err = tracee_release(&r->process, runner_home);
	if (!err)
		err = runner_unmap(r, r->process.stub);
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

static void put_registers(struct runner_control *c, const struct user_regs_struct *u, bool step)
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
	uint64_t at = address - (runner_home + STACK_AT);

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
	put_registers(c, &u, step);
	memcpy(c->xsave, xsave, xsave_len);
	sets_use_all(c->xsave);
	err = take_turn(r, RUNNER_RUN);
	if (!err)
		err = read_frame(r, &u, xsave, xsave_len, ret_info);
	memcpy(general, &u, sizeof u);
	if (err || ret_info->si_code > 0)
		return err;
	/* Nobody knows how far the instruction had come. */
	runner_stop(r);
	return error_create(ERROR_TARGET, "somebody sent signal %d to the oracle's process", ret_info->si_signo);
}

/* ---- Probes ---- */

uint64_t runner_probe_end(void)
{
	return runner_home + PROBES_RUN_AT + MEMORY_PAGE;
}

uint64_t runner_probe_data(void)
{
	return runner_home + DATA_RUN_AT + MEMORY_PAGE / 2;
}

struct error *runner_probe(struct runner *r, const uint8_t *general, const uint8_t *xsave, size_t xsave_len,
			   struct runner_probe *probes, size_t num, size_t *ret_done)
{
	struct runner_control *c = r->control;
	uint8_t *home = (uint8_t *)c - CONTROL_AT;
	struct user_regs_struct u;

	if (xsave_len > sizeof c->xsave || num > RUNNER_MAX_PROBES)
		return error_create(ERROR_BUG, "%zu probes, an XSAVE area of %zu bytes", num, xsave_len);
	memcpy(&u, general, sizeof u);
	put_registers(c, &u, true);
	memcpy(c->xsave, xsave, xsave_len);
	sets_use_all(c->xsave);
	memset(home + DATA_AT, 0, MEMORY_PAGE);
	memcpy(home + LIST_AT, probes, num * sizeof *probes);
	c->probe[0] = runner_home + LIST_AT;
	c->probe[1] = c->probe[0] + num * sizeof *probes;
	struct error *err = take_turn(r, RUNNER_PROBE);
	/* It may have been written to by a probe, if only by one that meant to. */
	size_t done = (c->probe[0] - (runner_home + LIST_AT)) / sizeof *probes;
	if (error_is(err, ERROR_TARGET) || error_is(err, ERROR_TIMEOUT)) {
		error_destroy(err);
		err = NULL;
	}
	if (err)
		return err;
	*ret_done = done < num ? done : num;
	memcpy(probes, home + LIST_AT, *ret_done * sizeof *probes);
	return NULL;
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

uint64_t runner_probe_end(void)
{
	return 0;
}

uint64_t runner_probe_data(void)
{
	return 0;
}

struct error *runner_probe(struct runner *r, const uint8_t *general, const uint8_t *xsave, size_t xsave_len,
			   struct runner_probe *probes, size_t num, size_t *ret_done)
{
	(void)r, (void)general, (void)xsave, (void)xsave_len, (void)probes, (void)num, (void)ret_done;
	return error_create(ERROR_BUG, "no runner");
}

#endif
