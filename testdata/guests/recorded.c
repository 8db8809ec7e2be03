/*
 * recorded MODE [ARG]: a few system calls each, known to the last byte, for the tests of the recorder. No libc, so
 * there are no others. Exit status 0 unless told below.
 *
 *   reads FILE   read 10, pread 6 from 20, readv into 4 + 0 + 100, read at the end; writes all that it got; status 7
 *   auxv         status 1 if the auxiliary vector has AT_SYSINFO_EHDR; writes the stack pointer
 *   rseq         status 0 if registering an area fails with ENOSYS
 *   handler      a handler with its registers and frame; the handler writes the signal's number
 *   altstack     the same on an alternate stack
 *   eintr        an alarm ends a read of standard input: EINTR
 *   restart      the same with SA_RESTART; the handler closes the pipe that is read, so that the read ends
 *   sleep        sleeps for 300 ms, however often it is stopped
 *   fault        reads from address 8: killed by SIGSEGV
 *   killed       kills itself with SIGKILL
 *   maps FILE    maps FILE, from its second page, and a deleted file of its own
 *   fork, exec, int80, x32, seccomp, taken
 *                a call that cannot be recorded, before which "before" is written and after which "after"
 *   unknown      calls that no kernel knows, and what comes of them
 *   watched      is there a filter of calls, may privileges be gained, may they once that is given up?
 *   path         opens a path that is not UTF-8 and one that is at no address
 *   many N       N times getppid
 *   padding DIR  reads the entries of DIR over a pattern made of the stack's address, and tells whether their padding
 *                still has it; status 1 if not
 * guest-flags: -nostdlib -ffreestanding -fno-stack-protector -mgeneral-regs-only -mno-red-zone -fno-builtin
 */
#include <elf.h>

#include "testdata/guests/call.h"

/* ---- Memory and files ---- */

static int reads(char **argv)
{
	static char buffer[200];
	struct {
		void *base;
		size_t len;
	} iov[3] = {{buffer + 16, 4}, {buffer, 0}, {buffer + 20, 100}};
	long fd = guest_syscall(SYS_open, (long)argv[2], 0, 0);
	size_t got = 10 + 6;

	guest_syscall(SYS_read, fd, (long)buffer, 10);
	call6(SYS_pread64, fd, (long)(buffer + 10), 6, 20, 0, 0);
	got += (size_t)guest_syscall(SYS_readv, fd, (long)iov, 3);
	guest_syscall(SYS_read, fd, (long)buffer, 50);
	guest_write(buffer, got);
	return 7;
}

static int maps(char **argv)
{
	enum { PROT_READ = 1, PROT_WRITE = 2, MAP_PRIVATE = 2, O_RDWR = 2, O_CREAT = 0100 };
	static const char name[] = "/tmp/recorded.deleted";
	long fd = guest_syscall(SYS_open, (long)argv[2], 0, 0);

	call6(SYS_mmap, 0, 8192, PROT_READ, MAP_PRIVATE, fd, 4096);
	call6(SYS_mmap, 0, 4096, 0, MAP_PRIVATE, fd, 0);
	fd = guest_syscall(SYS_open, (long)name, O_RDWR | O_CREAT, 0600);
	guest_syscall(SYS_write, fd, (long)"contents", 8);
	guest_syscall(SYS_unlink, (long)name, 0, 0);
	call6(SYS_mmap, 0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	return 0;
}

static int path(void)
{
	guest_syscall(SYS_open, (long)"/nonexistent/\xff\xfe", 0, 0);
	guest_syscall(SYS_open, 8, 0, 0);
	return 0;
}

/* The kernel aligns entries to 8 bytes and stores nothing in between. */
static int padding(char **argv)
{
	enum { O_DIRECTORY = 0200000, RECLEN = 16, NAME = 19 };
	static char buffer[4096];
	const char *pattern = (const char *)&argv;
	long fd = guest_syscall(SYS_open, (long)argv[2], O_DIRECTORY, 0), len, at, i, seen = 0, damaged = 0;

	for (i = 0; i < (long)sizeof buffer; i++)
		buffer[i] = pattern[i % 8];
	len = guest_syscall(SYS_getdents64, fd, (long)buffer, sizeof buffer);
	for (at = 0; at < len; at += *(unsigned short *)(buffer + at + RECLEN)) {
		for (i = at + NAME; buffer[i]; i++)
			;
		for (i++; i % 8; i++, seen++)
			damaged += buffer[i] != pattern[i % 8];
	}
	if (damaged || !seen)
		guest_write("broken\n", 7);
	else
		guest_write("intact\n", 7);
	return damaged || !seen;
}

/* ---- The start ---- */

static int auxv(char **argv)
{
	struct guest_line line = {.len = 0};
	long *word = (long *)argv;

	guest_put_hex(&line, (uint64_t)argv);
	guest_end_line(&line);
	while (*word++)
		;
	while (*word++)
		;
	for (; *word != AT_NULL; word += 2) {
		if (*word == AT_SYSINFO_EHDR)
			return 1;
	}
	return 0;
}

static int rseq(void)
{
	static char area[32] __attribute__((aligned(32)));

	return call6(SYS_rseq, (long)area, sizeof area, 0, 0x53053053, 0, 0) != -38;
}

/* ---- Signals ---- */

struct action {
	void (*handler)(int);
	unsigned long flags;
	void (*restorer)(void);
	unsigned long mask;
};

__asm__("restore:\n"
	"	movl $15, %eax\n"
	"	syscall\n");
void restore(void);

enum { SIGUSR1 = 10, SIGALRM = 14, SA_ONSTACK = 0x08000000, SA_RESTART = 0x10000000, SA_RESTORER = 0x04000000 };

static void on_signal(int signal, void (*handler)(int), unsigned long flags)
{
	struct action action = {handler, SA_RESTORER | flags, restore, 0};

	call6(SYS_rt_sigaction, signal, (long)&action, 0, 8, 0, 0);
}

static void say_signal(int signal)
{
	struct guest_line line = {.len = 0};

	guest_put_hex(&line, (uint64_t)signal);
	guest_end_line(&line);
}

static void raise_signal(int signal)
{
	guest_syscall(SYS_kill, guest_syscall(SYS_getpid, 0, 0, 0), signal, 0);
}

static int handler(unsigned long flags)
{
	on_signal(SIGUSR1, say_signal, flags);
	raise_signal(SIGUSR1);
	guest_write("done\n", 5);
	return 0;
}

static int altstack(void)
{
	static char memory[16384] __attribute__((aligned(16)));
	struct {
		void *sp;
		int flags;
		size_t size;
	} stack = {memory, 0, sizeof memory};

	guest_syscall(SYS_sigaltstack, (long)&stack, 0, 0);
	return handler(SA_ONSTACK);
}

static int pipes[2];

static void do_nothing(int signal)
{
	(void)signal;
}

static void close_pipe(int signal)
{
	(void)signal;
	guest_syscall(SYS_close, pipes[1], 0, 0);
}

/* The read's result is the status. */
static int interrupted(void (*handler_function)(int), unsigned long flags)
{
	long timer[4] = {0, 0, 0, 50000};
	char byte;

	guest_syscall(SYS_pipe, (long)pipes, 0, 0);
	on_signal(SIGALRM, handler_function, flags);
	guest_syscall(SYS_setitimer, 0, (long)timer, 0);
	return (int)-guest_syscall(SYS_read, pipes[0], (long)&byte, 1);
}

static int sleep_300(void)
{
	long time[2] = {0, 300000000};

	return (int)-guest_syscall(SYS_nanosleep, (long)time, 0, 0);
}

/* ---- What cannot be recorded ---- */

static int refused(const char *mode)
{
	static const char *const args[] = {"/bin/true", 0};

	guest_write("before\n", 7);
	if (same(mode, "fork") && guest_syscall(SYS_fork, 0, 0, 0) == 0)
		guest_syscall(SYS_exit, 0, 0, 0);
	if (same(mode, "exec"))
		guest_syscall(SYS_execve, (long)args[0], (long)args, 0);
	if (same(mode, "x32"))
		guest_syscall(0x40000000 + SYS_getpid, 0, 0, 0);
	if (same(mode, "seccomp"))
		guest_syscall(SYS_prctl, 22, 2, 0);
	/* FIGETBSZ of the program's folder, which kernels know. */
	if (same(mode, "taken"))
		guest_syscall(SYS_ioctl, guest_syscall(SYS_open, (long)".", 0, 0), 2, (long)&args);
	if (same(mode, "int80"))
		__asm__ volatile("int $0x80" : : "a"(20) : "memory");
	guest_write("after\n", 6);
	return 0;
}

/* What stands in registers that such calls do not use differs from run to run, as the stack's address does. */
static int unknown(char **argv)
{
	struct guest_line line = {.len = 0};
	static char buffer[8] = "as it is";
	const long other = (long)argv >> 46 ? (long)argv : 0; /* 0 in QEMU 7.2 */
	const long results[] = {
		guest_syscall(9999, other, 2, 3),
		guest_syscall(SYS_ioctl, 0, 0x12345678, other),
		guest_syscall(SYS_ioctl, 0, 0x80085678, (long)buffer),
		guest_syscall(SYS_ioctl, -1, 0x12345678, other),
		guest_syscall(SYS_prctl, 12345, other, 3),
		guest_syscall(SYS_fcntl, 0, 999, other),
	};

	for (size_t i = 0; i < sizeof results / sizeof *results; i++) {
		guest_put_hex(&line, (uint64_t)-results[i]);
		guest_put(&line, " ");
	}
	for (size_t i = 0; i < sizeof buffer; i++)
		line.text[line.len++] = buffer[i];
	guest_end_line(&line);
	return 0;
}

static int watched(void)
{
	enum { GET_SECCOMP = 21, SET_NO_NEW_PRIVS = 38, GET_NO_NEW_PRIVS = 39 };
	struct guest_line line = {.len = 0};
	const long results[] = {
		call6(SYS_prctl, GET_SECCOMP, 0, 0, 0, 0, 0),      call6(SYS_prctl, GET_NO_NEW_PRIVS, 0, 0, 0, 0, 0),
		call6(SYS_prctl, GET_NO_NEW_PRIVS, 0, 0, 0, 1, 0), call6(SYS_prctl, SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0),
		call6(SYS_prctl, GET_NO_NEW_PRIVS, 0, 0, 0, 0, 0),
	};

	for (size_t i = 0; i < sizeof results / sizeof *results; i++) {
		guest_put_hex(&line, (uint64_t)results[i]);
		guest_put(&line, " ");
	}
	guest_end_line(&line);
	return 0;
}

static int many(const char *digits)
{
	long n = 0;

	while (*digits)
		n = 10 * n + *digits++ - '0';
	while (n--)
		guest_syscall(SYS_getppid, 0, 0, 0);
	return 0;
}

static int signals(const char *mode)
{
	if (same(mode, "handler"))
		return handler(0);
	if (same(mode, "altstack"))
		return altstack();
	if (same(mode, "eintr"))
		return interrupted(do_nothing, 0);
	if (same(mode, "restart"))
		return interrupted(close_pipe, SA_RESTART);
	if (same(mode, "sleep"))
		return sleep_300();
	if (same(mode, "killed"))
		raise_signal(9);
	if (same(mode, "fault"))
		return *(volatile int *)8;
	return refused(mode);
}

int guest_main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	if (same(mode, "reads"))
		return reads(argv);
	if (same(mode, "maps"))
		return maps(argv);
	if (same(mode, "path"))
		return path();
	if (same(mode, "auxv"))
		return auxv(argv);
	if (same(mode, "rseq"))
		return rseq();
	if (same(mode, "padding"))
		return padding(argv);
	if (same(mode, "unknown"))
		return unknown(argv);
	if (same(mode, "watched"))
		return watched();
	if (same(mode, "many"))
		return many(argv[2]);
	return signals(mode);
}
