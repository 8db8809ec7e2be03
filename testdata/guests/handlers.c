/*
 * handlers MODE: handlers of signals, and what a program relies on them for; x86-64 and AArch64, without libc. Each
 * mode writes a line about what it saw, and ends with status 0 if that is right.
 *
 *   keep     a handler that spoils every register it can: behind the load that faulted they are as before
 *   alt      a handler on an alternate stack
 *   nested   a handler that is interrupted by another
 *   stacked  two signals that are let in at once: the second interrupts the first's handler before it starts
 *   restart  a read from a pipe that is made again behind the handler
 *   eintr    a sleep that an alarm ends
 *   suspend  rt_sigsuspend until the alarm
 *   calls    an alarm amid a loop that makes system calls
 *   amid     an alarm amid slow instructions, with calls now and then
 *   spin     an alarm amid a loop that makes none
 *   faults   SIGILL, SIGTRAP and on x86-64 SIGFPE, with what siginfo_t says of them
 *   leave    a handler that does not return to where it was called
 *   bare     a handler that leaves it to the kernel where to return to, on AArch64
 *   once     a handler that is removed when it is called (SA_RESETHAND): the second signal kills the program
 * guest-archs: x86_64 aarch64
 * guest-flags: -nostdlib -ffreestanding -fno-stack-protector -mgeneral-regs-only -fno-builtin
 */
#include "testdata/guests/call.h"
#include "testdata/guests/signal.h"

enum { BLOCK = 0, UNBLOCK = 1, SETMASK = 2 };

static volatile long handled;
static struct guest_line line;

static void put(const char *name, uint64_t value)
{
	guest_put(&line, name);
	guest_put(&line, "=");
	guest_put_hex(&line, value);
	guest_put(&line, " ");
}

/* Writes the line; the exit status for whether all was well. */
static int end(int well)
{
	guest_put(&line, well ? "fine" : "wrong");
	guest_end_line(&line);
	return !well;
}

static void handle(int signal, unsigned long flags, void (*handler)(int, void *, void *))
{
	act(signal, (struct action){.handler = handler, .flags = RESTORER | SIGINFO | flags, .restorer = restore});
}

static void send(int signal)
{
	guest_syscall(SYS_kill, guest_syscall(SYS_getpid, 0, 0, 0), signal, 0);
}

static void mask(int how, uint64_t set)
{
	call6(SYS_rt_sigprocmask, how, (long)&set, 0, sizeof set, 0, 0);
}

static uint64_t bit(int signal)
{
	return UINT64_C(1) << (signal - 1);
}

/* SIGALRM after so many microseconds. */
static void alarm_after(long microseconds)
{
	const long timer[4] = {0, 0, 0, microseconds};

	guest_syscall(SYS_setitimer, 0, (long)timer, 0);
}

static void count(int signal, void *info, void *context)
{
	(void)signal;
	(void)info;
	(void)context;
	handled++;
}

/* ---- Registers ---- */

static uint64_t expected[80], seen[80];

#ifdef __aarch64__
enum { NUM_KEPT = 66 };

static void spoil(void)
{
	__asm__ volatile("movi v0.16b, #1\n movi v1.16b, #2\n movi v15.16b, #3\n movi v31.16b, #4\n"
			 "mov x9, #0x400000\n msr fpcr, x9\n cmp x9, x9\n"
			 "mov x10, #1\n mov x11, #2\n mov x12, #3\n mov x13, #4\n mov x14, #5\n mov x15, #6\n" ::
				 : "x9", "x10", "x11", "x12", "x13", "x14", "x15", "cc", "memory");
}

/* Loads the vectors from `from`, faults, stores them to `to`, with FPCR and the flags behind. */
static void fault_with(const uint64_t *from, uint64_t *to)
{
	register const uint64_t *x1 __asm__("x1") = from;
	register uint64_t *x2 __asm__("x2") = to;

	__asm__ volatile(
#define PAIRS(op, at) \
	op " q0, q1, [" at ", #0]\n" op " q2, q3, [" at ", #32]\n" op " q4, q5, [" at ", #64]\n" op " q6, q7, [" at \
	   ", #96]\n" op " q8, q9, [" at ", #128]\n" op " q10, q11, [" at ", #160]\n" op " q12, q13, [" at \
	   ", #192]\n" op " q14, q15, [" at ", #224]\n" op " q16, q17, [" at ", #256]\n" op " q18, q19, [" at \
	   ", #288]\n" op " q20, q21, [" at ", #320]\n" op " q22, q23, [" at ", #352]\n" op " q24, q25, [" at \
	   ", #384]\n" op " q26, q27, [" at ", #416]\n" op " q28, q29, [" at ", #448]\n" op " q30, q31, [" at \
	   ", #480]\n"
		PAIRS("ldp", "x1") "ldr x9, [x1, #512]\n msr fpcr, x9\n"
				   "mov x9, #0x80000000\n msr nzcv, x9\n"
				   "mov x9, #8\n"
				   "ldr x9, [x9]\n" PAIRS("stp", "x2") "mrs x9, fpcr\n str x9, [x2, #512]\n"
								       "mrs x9, nzcv\n str x9, [x2, #520]\n"
								       "msr fpcr, xzr\n"
		: "+r"(x1), "+r"(x2)
		:
		: "x9", "cc", "memory");
}
enum { CONTROL_WORD = 0x800000, FLAGS_WORD = 0x80000000 };
#else
enum { NUM_KEPT = 34 };

static void spoil(void)
{
	static const uint32_t control = 0x3f80;

	__asm__ volatile("pcmpeqb %%xmm0, %%xmm0\n pcmpeqb %%xmm1, %%xmm1\n pcmpeqb %%xmm15, %%xmm15\n"
			 "ldmxcsr %0\n std\n cld\n xorl %%r8d, %%r8d\n xorl %%r9d, %%r9d\n xorl %%r10d, %%r10d\n"
			 "xorl %%r11d, %%r11d\n"
			 :
			 : "m"(control)
			 : "r8", "r9", "r10", "r11", "cc", "memory");
}

/* Loads the vectors from `from`, faults, stores them to `to`, with MXCSR and the flags behind. */
static void fault_with(const uint64_t *from, uint64_t *to)
{
	__asm__ volatile(
#define EACH(op) op(0) op(1) op(2) op(3) op(4) op(5) op(6) op(7) op(8) op(9) op(10) op(11) op(12) op(13) op(14) op(15)
#define LOAD(n)  "movdqu 16*" #n "(%0), %%xmm" #n "\n"
#define STORE(n) "movdqu %%xmm" #n ", 16*" #n "(%1)\n"
		EACH(LOAD) "ldmxcsr 256(%0)\n"
			   "movl $8, %%eax\n"
			   "cmpl $9, %%eax\n" /* carry, sign and adjust */
			   "movq (%%rax), %%rax\n"
			   "pushfq\n"
			   "popq 264(%1)\n" EACH(STORE) "stmxcsr 256(%1)\n"
							"andq $0x8d5, 264(%1)\n"
		:
		: "r"(from), "r"(to)
		: "rax", "cc", "memory");
}
enum { CONTROL_WORD = 0x5f80, FLAGS_WORD = 0x95 };
#endif

static void skip_and_spoil(int signal, void *info, void *context)
{
	(void)signal;
	(void)info;
	handled++;
	((uint64_t *)context)[PC] += INSN;
	spoil();
}

static int keep(void)
{
	int well;

	for (int i = 0; i < NUM_KEPT; i++)
		expected[i] = UINT64_C(0x0123456789abcdef) * (uint64_t)(2 * i + 1);
	expected[NUM_KEPT - 2] = CONTROL_WORD;
	expected[NUM_KEPT - 1] = FLAGS_WORD;
	handle(SEGV, 0, skip_and_spoil);
	fault_with(expected, seen);
	well = handled == 1;
	for (int i = 0; i < NUM_KEPT; i++) {
		if (seen[i] == expected[i])
			continue;
		well = 0;
		put("at", (uint64_t)i);
		put("is", seen[i]);
		break;
	}
	return end(well);
}

/* ---- Stacks ---- */

static char alternate[32768];
static volatile uint64_t stack_seen, stack_told;

static void look_at_stack(int signal, void *info, void *context)
{
	char here;

	(void)signal;
	(void)info;
	handled++;
	stack_seen = (uint64_t)&here - (uint64_t)alternate;
	stack_told = ((uint64_t *)context)[2] - (uint64_t)alternate; /* uc_stack.ss_sp */
	if (signal == SEGV)
		((uint64_t *)context)[PC] += INSN;
}

static void load_from_8(void)
{
#ifdef __aarch64__
	__asm__ volatile("mov x9, #8\n ldr x9, [x9]\n" ::: "x9", "memory");
#else
	__asm__ volatile("movl $8, %%eax\n movq (%%rax), %%rax\n" ::: "rax", "memory");
#endif
}

static int alt(void)
{
	const struct {
		void *address;
		long flags;
		uint64_t size;
	} stack = {alternate, 0, sizeof alternate};
	int well;

	guest_syscall(SYS_sigaltstack, (long)&stack, 0, 0);
	handle(SEGV, ONSTACK, look_at_stack);
	load_from_8();
	well = stack_seen < sizeof alternate && stack_told == 0;
	handle(USR1, ONSTACK, look_at_stack);
	send(USR1);
	return end(well && handled == 2 && stack_seen < sizeof alternate);
}

/* ---- Several ---- */

static void order(int signal, void *info, void *context)
{
	(void)info;
	(void)context;
	handled = 16 * handled + signal;
	if (signal == USR1)
		send(USR2);
	handled = 16 * handled + signal;
}

static void order_alone(int signal, void *info, void *context)
{
	(void)info;
	(void)context;
	handled = 16 * handled + signal;
}

static int nested(void)
{
	handle(USR1, 0, order);
	handle(USR2, 0, order);
	send(USR1);
	put("order", (uint64_t)handled);
	return end(handled == 0xacca);
}

static int stacked(void)
{
	handle(USR1, 0, order_alone);
	handle(USR2, 0, order_alone);
	mask(BLOCK, bit(USR1) | bit(USR2));
	send(USR1);
	send(USR2);
	put("before", (uint64_t)handled);
	mask(UNBLOCK, bit(USR1) | bit(USR2));
	put("order", (uint64_t)handled);
	return end(handled == 0xca || handled == 0xac);
}

/* ---- Calls that are interrupted ---- */

static int pipe_ends[2];

static void write_to_pipe(int signal, void *info, void *context)
{
	(void)signal;
	(void)info;
	(void)context;
	handled++;
	guest_syscall(SYS_write, pipe_ends[1], (long)"x", 1);
}

static int restart(void)
{
	char byte = 0;

	guest_syscall(SYS_pipe2, (long)pipe_ends, 0, 0);
	handle(ALRM, RESTART, write_to_pipe);
	alarm_after(20000);
	put("read", (uint64_t)guest_syscall(SYS_read, pipe_ends[0], (long)&byte, 1));
	return end(handled == 1 && byte == 'x');
}

static int eintr(void)
{
	const long second[2] = {5, 0};
	long left[2] = {0, 0}, result;

	handle(ALRM, RESTART, count);
	alarm_after(20000);
	result = guest_syscall(SYS_nanosleep, (long)second, (long)left, 0);
	put("result", (uint64_t)-result);
	return end(result == -4 && handled == 1 && left[0] == 4);
}

static int suspend(void)
{
	const uint64_t none = 0;
	long result;

	handle(ALRM, 0, count);
	mask(BLOCK, bit(ALRM));
	alarm_after(1000);
	result = guest_syscall(SYS_rt_sigsuspend, (long)&none, sizeof none, 0);
	put("result", (uint64_t)-result);
	return end(result == -4 && handled == 1);
}

static int calls(void)
{
	long rounds = 0;

	handle(ALRM, 0, count);
	alarm_after(3000);
	while (!handled && ++rounds < 1000000)
		for (volatile int i = 0; i < 100 && rounds; i++)
			guest_syscall(SYS_getpid, 0, 0, 0);
	return end(handled == 1);
}

/* Some tens of microseconds on a CPU. */
static void pass_time(void)
{
	for (int i = 0; i < 50; i++)
#ifdef __aarch64__
		__asm__ volatile(".rept 50\n yield\n .endr\n" ::: "memory");
#else
		__asm__ volatile(".rept 50\n lock addq $0, (%%rsp)\n .endr\n" ::: "cc", "memory");
#endif
}

static int amid(void)
{
	handle(ALRM, 0, count);
	alarm_after(150);
	for (int i = 0; i < 10000 && !handled; i++) {
		pass_time();
		guest_syscall(SYS_getpid, 0, 0, 0);
	}
	return end(handled == 1);
}

static int spin(void)
{
	handle(ALRM, 0, count);
	alarm_after(50000);
	while (!handled)
		continue;
	return end(handled == 1);
}

/* ---- Faults ---- */

static volatile uint64_t fault_code, fault_address, fault_pc;

static void note_fault(int signal, void *info, void *context)
{
	(void)signal;
	handled++;
	fault_code = ((const uint32_t *)info)[2];
	fault_address = ((const uint64_t *)info)[2];
	fault_pc = ((uint64_t *)context)[PC];
}

#ifdef __aarch64__
enum { UNDEFINED_LEN = 4, TRAP_LEN = 4 };
#else
enum { UNDEFINED_LEN = 2, TRAP_LEN = 0, DIVIDE_LEN = 2 };
#endif
static volatile int fault_len;

static void note_and_skip(int signal, void *info, void *context)
{
	note_fault(signal, info, context);
	((uint64_t *)context)[PC] += (uint64_t)fault_len;
}

static void raise_fault(int signal)
{
	switch (signal) {
#ifdef __aarch64__
	case ILL:
		fault_len = UNDEFINED_LEN;
		__asm__ volatile("udf #0" ::: "memory");
		break;
	case TRAP:
		fault_len = TRAP_LEN;
		__asm__ volatile("brk #0" ::: "memory");
		break;
#else
	case ILL:
		fault_len = UNDEFINED_LEN;
		__asm__ volatile("ud2" ::: "memory");
		break;
	case TRAP:
		fault_len = TRAP_LEN;
		__asm__ volatile("int3" ::: "memory");
		break;
	case FPE:
		fault_len = DIVIDE_LEN;
		__asm__ volatile("xorl %%edx, %%edx\n movl $1, %%eax\n xorl %%ecx, %%ecx\n divl %%ecx\n" ::
					 : "rax", "rcx", "rdx", "cc", "memory");
		break;
#endif
	default: break;
	}
}

static int faults(void)
{
	static const int signals[] = {ILL, TRAP, FPE};
	int well = 1;

	for (int i = 0; i < 3; i++) {
		long before = handled;
		handle(signals[i], 0, note_and_skip);
		raise_fault(signals[i]);
		if (handled == before)
			continue;
		put("signal", (uint64_t)signals[i]);
		put("code", fault_code);
		well &= fault_address == fault_pc || signals[i] == TRAP;
	}
	return end(well);
}

/* ---- Leaving ---- */

__attribute__((noreturn)) static void land(void)
{
	guest_syscall(SYS_exit_group, end(handled == 1), 0, 0);
	for (;;)
		continue;
}

static void leave(int signal, void *info, void *context)
{
	(void)signal;
	(void)info;
	handled++;
	((uint64_t *)context)[PC] = (uint64_t)(uintptr_t)land;
}

static int leave_it(void)
{
	handle(USR1, 0, leave);
	send(USR1);
	return 3;
}

static int bare(void)
{
#ifdef __aarch64__
	act(USR1, (struct action){.handler = count, .flags = SIGINFO});
#else
	handle(USR1, 0, count);
#endif
	send(USR1);
	send(USR1);
	return end(handled == 2);
}

static int once(void)
{
	handle(USR1, RESETHAND, count);
	send(USR1);
	guest_write("first\n", 6);
	send(USR1);
	return 3;
}

int guest_main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(void);
	} modes[] = {
		{"keep", keep},       {"alt", alt},     {"nested", nested},   {"stacked", stacked},
		{"restart", restart}, {"eintr", eintr}, {"suspend", suspend}, {"calls", calls},
		{"amid", amid},       {"spin", spin},   {"faults", faults},   {"leave", leave_it},
		{"bare", bare},       {"once", once},
	};

	for (unsigned i = 0; argc > 1 && i < sizeof modes / sizeof *modes; i++)
		if (same(argv[1], modes[i].name))
			return modes[i].run();
	return 2;
}
