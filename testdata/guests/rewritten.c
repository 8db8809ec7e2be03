/*
 * Pages of code that change after the code has run: the kernel writes there (a read from a pipe across two pages, a
 * signal's frame beside it), and so do the program's own stores. Emulators keep translated code, and QEMU
 * write-protects the pages that it came from.
 *
 * guest-flags: -nostdlib -ffreestanding -fno-stack-protector -mgeneral-regs-only -fno-builtin
 */
#include "testdata/guests/call.h"
#include "testdata/guests/signal.h"

enum { PAGE = 4096, ROUNDS = 3 };

/* A function that returns the number, behind six NOPs. */
static size_t make(uint8_t *code, unsigned number)
{
	for (int i = 0; i < 6; i++)
		code[i] = 0x90;
	code[6] = 0xb8; /* mov eax, number */
	code[7] = (uint8_t)number;
	code[8] = code[9] = code[10] = 0;
	code[11] = 0xc3; /* ret */
	return 12;
}

static unsigned run(uint8_t *code)
{
	return ((unsigned (*)(void))code)();
}

/* A loop whose stores change the number that the next instruction adds: 5 + 4 + 3 + 2 + 1. */
static unsigned run_changing_loop(uint8_t *code)
{
	static const uint8_t loop[] = {
		0xb9, 5,    0, 0,    0,       /* mov ecx, 5 */
		0x31, 0xc0,                   /* xor eax, eax */
		0x88, 0x0d, 2, 0,    0, 0,    /* mov [rip + 2], cl: the number below */
		0x83, 0xc0, 0, 0x90,          /* add eax, 0; nop */
		0x48, 0xff, 5, 9,    0, 0, 0, /* inc qword ptr [rip + 9]: beside the code */
		0xff, 0xc9,                   /* dec ecx */
		0x75, 0xeb,                   /* jnz to the store */
		0xc3,                         /* ret */
	};

	for (size_t i = 0; i < sizeof loop; i++)
		code[i] = loop[i];
	return run(code);
}

static volatile unsigned handled;

static void on_usr1(int signal, void *info, void *context)
{
	(void)info;
	(void)context;
	handled += (unsigned)signal;
}

int guest_main(int argc, char **argv)
{
	uint8_t *code = (uint8_t *)call6(SYS_mmap, 0, 16 * PAGE, 7, 0x22, -1, 0);
	uint8_t buffer[32] __attribute__((aligned(8)));
	static struct guest_line line;
	unsigned sum = 0;
	int fds[2];

	(void)argc;
	(void)argv;
	if ((long)code < 0 || guest_syscall(SYS_pipe2, (long)fds, 0, 0))
		return 2;
	/* The kernel writes: across the end of a page. */
	for (unsigned i = 0; i < ROUNDS; i++) {
		long len = (long)make(buffer, 40 + i);
		uint8_t *to = code + PAGE - len / 2;

		guest_syscall(SYS_write, fds[1], (long)buffer, len);
		guest_syscall(SYS_read, fds[0], (long)to, len);
		sum += run(to);
	}
	/* The program writes. */
	for (unsigned i = 0; i < ROUNDS; i++) {
		make(code + 3 * PAGE, 50 + i);
		sum += run(code + 3 * PAGE);
	}
	sum += run_changing_loop(code + 2 * PAGE);
	/* A frame comes to a page from which code has run. */
	struct {
		void *at;
		int flags;
		size_t len;
	} stack = {code + 4 * PAGE, 0, 12 * PAGE};
	for (int i = 0; i < 12; i++) {
		make(code + (4 + i) * PAGE + 256, 1);
		sum += run(code + (4 + i) * PAGE + 256);
	}
	guest_syscall(SYS_sigaltstack, (long)&stack, 0, 0);
	act(USR1, (struct action){.handler = on_usr1, .flags = RESTORER | SIGINFO | ONSTACK, .restorer = restore});
	guest_syscall(SYS_kill, guest_syscall(SYS_getpid, 0, 0, 0), USR1, 0);
	guest_put_hex(&line, sum + handled);
	guest_end_line(&line);
	return sum + handled == 3 * 41 + 3 * 51 + 15 + 12 + USR1 ? 0 : 1;
}
