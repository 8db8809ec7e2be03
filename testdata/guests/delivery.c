/*
 * delivery MODE...: in which order the kernel delivers signals, under which masks, and what handlers find and leave in
 * their frames; x86-64. Each mode writes a line about what it saw, which is the same on any CPU; those at the end are
 * killed. Modes are functions of their name: see the table.
 * guest-flags: -Wno-unused-parameter -Wno-infinite-recursion
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

/* ---- What all modes use ---- */

typedef void action(int signal, siginfo_t *info, void *context);

static char trail[1024];
static volatile size_t len;
static volatile int count;

static void put(const char *text)
{
	size_t more = strlen(text);

	memcpy(trail + len, text, more);
	len += more;
}

static void put_number(long value)
{
	len += (size_t)sprintf(trail + len, "%ld ", value);
}

static int end(void)
{
	trail[len++] = '\n';
	return write(1, trail, len) != (ssize_t)len;
}

/* masked: a signal that waits while the handler runs; 0: none, -1: all. */
static void handle(int signal, action *handler, int flags, int masked)
{
	struct sigaction a = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags};

	sigemptyset(&a.sa_mask);
	if (masked > 0)
		sigaddset(&a.sa_mask, masked);
	if (masked < 0)
		sigfillset(&a.sa_mask);
	sigaction(signal, &a, NULL);
}

static void mask(int how, int signal)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signal);
	sigprocmask(how, &set, NULL);
}

static void send_value(int signal, void *value)
{
	sigqueue(getpid(), signal, (union sigval){.sival_ptr = value});
}

static void timer_after(long microseconds)
{
	setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {0, microseconds}}, NULL);
}

static void note(int signal, siginfo_t *info, void *context)
{
	count++;
	put("s");
	put_number(signal);
	put_number(info->si_code);
}

/* ---- Order and masks ---- */

static void first(int signal, siginfo_t *info, void *context)
{
	put("a");
	raise(SIGUSR2);
	put("A");
}

static void second(int signal, siginfo_t *info, void *context)
{
	put("b");
	raise(SIGHUP);
	put("B");
}

static void again(int signal, siginfo_t *info, void *context)
{
	put("c");
	if (count++ < 2)
		raise(signal);
	put("C");
}

static int nested(void)
{
	handle(SIGUSR1, first, 0, 0);
	handle(SIGUSR2, second, 0, SIGHUP);
	handle(SIGHUP, again, 0, 0);
	raise(SIGUSR1);
	put(".");
	count = 0;
	handle(SIGHUP, again, SA_NODEFER, 0);
	raise(SIGHUP);
	put(".");
	mask(SIG_BLOCK, SIGUSR1);
	raise(SIGUSR1);
	put("-");
	mask(SIG_UNBLOCK, SIGUSR1);
	return end();
}

static int pending(void)
{
	sigset_t none;

	sigemptyset(&none);
	for (int signal = SIGRTMIN; signal < SIGRTMIN + 3; signal++) {
		handle(signal, note, 0, -1);
		mask(SIG_BLOCK, signal);
	}
	handle(SIGUSR1, note, 0, SIGRTMIN);
	handle(SIGUSR2, note, 0, 0);
	mask(SIG_BLOCK, SIGUSR1);
	mask(SIG_BLOCK, SIGUSR2);
	raise(SIGRTMIN + 2);
	raise(SIGRTMIN);
	raise(SIGRTMIN);
	raise(SIGUSR2);
	raise(SIGUSR1);
	raise(SIGUSR1);
	sigprocmask(SIG_SETMASK, &none, NULL);
	return end();
}

static void value_of(int signal, siginfo_t *info, void *context)
{
	*(int *)info->si_value.sival_ptr += ++count;
}

/* Values that are addresses, of the stack and of the program. */
static int values(void)
{
	static int here;
	int local[2] = {0, 0};
	siginfo_t info;
	sigset_t set;
	timer_t timer;
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL,
				 .sigev_signo = SIGRTMIN,
				 .sigev_value = {.sival_ptr = &here}};

	handle(SIGRTMIN, value_of, 0, 0);
	mask(SIG_BLOCK, SIGRTMIN);
	send_value(SIGRTMIN, &local[0]);
	send_value(SIGRTMIN, &local[1]);
	send_value(SIGRTMIN, &here);
	mask(SIG_UNBLOCK, SIGRTMIN);
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	send_value(SIGRTMIN + 1, &local);
	put_number(sigwaitinfo(&set, &info) - SIGRTMIN);
	put_number(info.si_value.sival_ptr == &local);
	timer_create(CLOCK_MONOTONIC, &event, &timer);
	timer_settime(timer, 0, &(struct itimerspec){{0, 0}, {0, 1000000}}, NULL);
	while (count < 4)
		poll(NULL, 0, 1);
	put_number(local[0]);
	put_number(local[1]);
	put_number(here);
	return end();
}

/* Calls that let signals in while they last. */
static int within(void)
{
	const struct timespec second = {1, 0};
	struct epoll_event event;
	sigset_t none;

	sigemptyset(&none);
	handle(SIGUSR1, note, 0, 0);
	mask(SIG_BLOCK, SIGUSR1);
	raise(SIGUSR1);
	put_number(ppoll(NULL, 0, &second, &none));
	raise(SIGUSR1);
	put_number(pselect(0, NULL, NULL, NULL, &second, &none));
	raise(SIGUSR1);
	put_number(epoll_pwait(epoll_create1(0), &event, 1, 1000, &none));
	raise(SIGUSR1);
	put_number(sigsuspend(&none));
	handle(SIGALRM, note, SA_RESTART, 0);
	timer_after(1000);
	put_number(poll(NULL, 0, 1000));
	put_number(errno);
	return end();
}

/* Ignored signals are nothing to the program, and its private calls are found behind them. */
static int ignored(void)
{
	signal(SIGUSR1, SIG_IGN);
	handle(SIGUSR2, note, 0, 0);
	for (int i = 0; i < 12; i++)
		raise(SIGUSR1);
	raise(SIGUSR2);
	raise(SIGCHLD);
	int *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	*page = 5;
	put_number(*page);
	raise(SIGCONT);
	raise(SIGUSR2);
	return end();
}

/* ---- Leaving a handler ---- */

static sigjmp_buf back;

static void leave(int signal, siginfo_t *info, void *context)
{
	put("j");
	siglongjmp(back, signal);
}

static int jump(void)
{
	volatile int round = 0;

	handle(SIGSEGV, leave, 0, 0);
	handle(SIGUSR1, leave, 0, 0);
	put_number(sigsetjmp(back, 1));
	if (round++ < 3) {
		if (round & 1)
			*(volatile int *)16 = 1;
		raise(SIGUSR1);
	}
	return end();
}

static void other_state(int signal, siginfo_t *info, void *context)
{
	ucontext_t *c = context;

	c->uc_mcontext.gregs[REG_RIP] += 2;
	c->uc_mcontext.gregs[REG_EFL] ^= 0xcd5; /* carry, parity, adjust, zero, sign, direction and overflow */
	c->uc_mcontext.gregs[REG_RBX] = 77;
	sigaddset(&c->uc_sigmask, SIGUSR2);
}

static int edit(void)
{
	long flags, rbx;

	handle(SIGILL, other_state, 0, 0);
	handle(SIGUSR2, note, 0, 0);
	__asm__ volatile("movl $1, %%ebx\n xorl %%eax, %%eax\n ud2\n pushfq\n cld\n popq %0\n movq %%rbx, %1\n"
			 : "=r"(flags), "=r"(rbx)
			 :
			 : "rax", "rbx", "cc");
	put_number(flags & 0xcc5); /* XOR leaves the adjust flag undefined */
	put_number(rbx);
	raise(SIGUSR2);
	put("blocked ");
	mask(SIG_UNBLOCK, SIGUSR2);
	return end();
}

static void fault_again(int signal, siginfo_t *info, void *context)
{
	ucontext_t *c = context;

	put_number(signal);
	if (signal == SIGILL)
		__asm__ volatile("movl $8, %%eax\n movq (%%rax), %%rax\n" ::: "rax");
	if (signal == SIGSEGV)
		__asm__ volatile("xorl %%ecx, %%ecx\n xorl %%edx, %%edx\n movl $1, %%eax\n divl %%ecx\n" ::
					 : "rax", "rcx", "rdx", "cc");
	c->uc_mcontext.gregs[REG_RIP] += signal == SIGSEGV ? 3 : 2;
	put_number(-signal);
}

static int faults(void)
{
	handle(SIGILL, fault_again, 0, 0);
	handle(SIGSEGV, fault_again, 0, 0);
	handle(SIGFPE, fault_again, 0, 0);
	__asm__ volatile("ud2");
	return end();
}

/* ---- Stacks ---- */

static char alternate[65536];

static void look_at_stack(int signal, siginfo_t *info, void *context)
{
	stack_t now;
	char here;

	sigaltstack(NULL, &now);
	put_number(&here >= alternate && &here < alternate + sizeof alternate);
	put_number(now.ss_flags);
	put_number(((ucontext_t *)context)->uc_stack.ss_flags);
}

static int stacks(void)
{
	stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};

	handle(SIGUSR1, look_at_stack, SA_ONSTACK, 0);
	handle(SIGUSR2, look_at_stack, 0, 0);
	for (int round = 0; round < 3; round++) {
		stack.ss_flags = round == 0 ? 0 : round == 1 ? (int)(1u << 31) /* SS_AUTODISARM */ : SS_DISABLE;
		sigaltstack(&stack, NULL);
		raise(SIGUSR1);
		raise(SIGUSR2);
	}
	return end();
}

static void end_here(int signal, siginfo_t *info, void *context)
{
	put("last ");
	put_number(signal);
	_exit(end());
}

static void send_without_stack(void)
{
	const long self = getpid();

	__asm__ volatile("movq %%rsp, %%r15\n movl $64, %%esp\n syscall\n movq %%r15, %%rsp\n" ::"a"((long)SYS_kill),
			 "D"(self), "S"((long)SIGUSR1)
			 : "rcx", "r11", "r15", "memory");
}

/* The frame of one signal cannot be written, and another handler has a stack. */
static int frameless(void)
{
	const stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};

	sigaltstack(&stack, NULL);
	handle(SIGSEGV, end_here, SA_ONSTACK, 0);
	handle(SIGUSR1, note, 0, 0);
	send_without_stack();
	return 1;
}

static long deep(long n)
{
	volatile char room[10000];

	room[0] = (char)n;
	return deep(n + 1) + room[0];
}

static int overflow(void)
{
	const stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};

	sigaltstack(&stack, NULL);
	handle(SIGSEGV, end_here, SA_ONSTACK, 0);
	return deep(0) != 0;
}

/* ---- Vectors and x87 ---- */

static unsigned char vectors[64];
static int avx;

/* As at a program's start; what is left here is not the program's. */
static void spoil(int signal, siginfo_t *info, void *context)
{
	memset(vectors, 0xff, sizeof vectors);
	if (avx)
		__asm__ volatile(
			"vmovdqu %%ymm5, %0\n vpcmpeqd %%ymm5, %%ymm5, %%ymm5\n vpcmpeqd %%ymm6, %%ymm6, %%ymm6\n"
			"vzeroupper\n"
			: "=m"(vectors)::"xmm5", "xmm6");
	else
		__asm__ volatile("movdqu %%xmm5, %0\n pcmpeqd %%xmm5, %%xmm5\n" : "=m"(vectors)::"xmm5");
	__asm__ volatile("fninit\n fld1\n fld1\n fld1\n fld1\n");
	put_number(vectors[0]);
	put_number(avx ? vectors[31] : 0);
}

static void change(int signal, siginfo_t *info, void *context)
{
	char *fp = (char *)((ucontext_t *)context)->uc_mcontext.fpregs;

	memset(fp + 160 + 16 * 5, 0x21, 16);
	if (avx) {
		*(uint64_t *)(fp + 512) |= 4;
		memset(fp + 576 + 16 * 5, 0x43, 16);
	}
	fp[32 + 8] = 0; /* the exponent of 2.0 in st0 */
	fp[32 + 9] = 0x40;
	*(uint32_t *)(fp + 24) |= 0x8000;
}

/* Sends itself the signal with all eight x87 registers and a vector in use, and tells what is there behind it. */
static void send_with_registers(int signal)
{
	const long self = getpid();
	long double sum;
	uint32_t mxcsr = 0x1f80;

	memset(vectors + 32, 0x5a, 32);
	if (avx)
		__asm__ volatile("vmovdqu %0, %%ymm5" ::"m"(vectors[32]), "m"(vectors) : "xmm5");
	else
		__asm__ volatile("movdqu %0, %%xmm5" ::"m"(vectors[32]), "m"(vectors) : "xmm5");
	__asm__ volatile("fldz\n fld1\n fldz\n fld1\n fldz\n fld1\n fldz\n fld1\n"
			 "syscall\n"
			 "faddp\n faddp\n faddp\n faddp\n faddp\n faddp\n faddp\n"
			 "stmxcsr %1\n"
			 : "=t"(sum), "+m"(mxcsr)
			 : "a"((long)SYS_kill), "D"(self), "S"((long)signal)
			 : "rcx", "r11", "memory");
	if (avx)
		__asm__ volatile("vmovdqu %%ymm5, %0\n vzeroupper" : "=m"(vectors));
	else
		__asm__ volatile("movdqu %%xmm5, %0" : "=m"(vectors));
	put_number((long)(1000 * sum));
	put_number(mxcsr & 0x8000);
	put_number(vectors[0]);
	put_number(avx ? vectors[31] - vectors[0] : signal == SIGUSR2 ? 0x22 : 0);
	__asm__ volatile("ldmxcsr %0" ::"m"((uint32_t){0x1f80}));
}

static int registers(void)
{
	avx = __builtin_cpu_supports("avx");
	handle(SIGUSR1, spoil, 0, 0);
	handle(SIGUSR2, change, 0, 0);
	send_with_registers(SIGUSR1);
	send_with_registers(SIGUSR2);
	return end();
}

/* ---- Killed ---- */

static int by_overflow(void)
{
	handle(SIGSEGV, note, 0, 0);
	return deep(0) != 0;
}

static int by_fault(void)
{
	handle(SIGSEGV, note, 0, 0);
	mask(SIG_BLOCK, SIGSEGV);
	*(volatile int *)16 = 1;
	return 1;
}

static int by_frame(void)
{
	handle(SIGUSR1, note, 0, 0);
	send_without_stack();
	return 1;
}

static int by_pipe(void)
{
	int ends[2];

	if (pipe(ends) == 0 && close(ends[0]) == 0)
		return write(ends[1], "x", 1) != 1;
	return 2;
}

static int by_alarm(void)
{
	timer_after(1000);
	pause();
	return 1;
}

static int by_alarm_amid_calls(void)
{
	timer_after(1000);
	while (getppid() >= 0)
		continue;
	return 1;
}

static int by_mask(void)
{
	mask(SIG_BLOCK, SIGUSR1);
	raise(SIGUSR1);
	mask(SIG_UNBLOCK, SIGUSR1);
	return 1;
}

static int by_kill(void)
{
	kill(getpid(), SIGKILL);
	return 1;
}

static void end_in_handler(int signal, siginfo_t *info, void *context)
{
	abort();
}

static int by_handler(void)
{
	handle(SIGUSR1, end_in_handler, 0, 0);
	raise(SIGUSR1);
	return 1;
}

#define MODE(name) \
	{ \
#name, name \
	}
static const struct {
	const char *name;
	int (*run)(void);
} modes[] = {
	MODE(nested),   MODE(pending),     MODE(values),     MODE(within),    MODE(ignored),  MODE(jump),
	MODE(edit),     MODE(faults),      MODE(stacks),     MODE(frameless), MODE(overflow), MODE(registers),
	MODE(by_fault), MODE(by_overflow), MODE(by_frame),   MODE(by_pipe),   MODE(by_alarm), MODE(by_alarm_amid_calls),
	MODE(by_mask),  MODE(by_kill),     MODE(by_handler),
};

static int run(const char *name)
{
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
		if (!strcmp(modes[i].name, name))
			return modes[i].run();
	return 9;
}

int main(int argc, char **argv)
{
	int failed = argc < 2;
	sigset_t none;

	sigemptyset(&none);
	for (int i = 1; i < argc && !failed; i++) {
		sigprocmask(SIG_SETMASK, &none, NULL);
		len = 0;
		count = 0;
		failed = run(argv[i]);
	}
	return failed;
}
