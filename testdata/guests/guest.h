/*
 * What a guest without libc needs: an entry, system calls, text on standard output. x86-64 and AArch64 Linux.
 *
 * The including file defines guest_main(); its return value is the exit status. It is compiled with
 * "guest-flags: -nostdlib -ffreestanding -fno-stack-protector -mgeneral-regs-only", so that every instruction which the
 * guest executes is either visible in its source or plain integer code. Guests with a line "guest-archs: x86_64
 * aarch64" are made for both, the latter in the folder guests/aarch64.
 */
#ifndef TESTDATA_GUESTS_GUEST_H
#define TESTDATA_GUESTS_GUEST_H

#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

int guest_main(int argc, char **argv);

#ifdef __aarch64__
static inline long guest_syscall(long number, long a, long b, long c)
{
	register long x8 __asm__("x8") = number, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c;

	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
	return x0;
}
#else
static inline long guest_syscall(long number, long a, long b, long c)
{
	long ret;

	__asm__ volatile("syscall" : "=a"(ret) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
	return ret;
}
#endif

static inline void guest_write(const char *text, size_t len)
{
	guest_syscall(SYS_write, 1, (long)text, (long)len);
}

/* A line is put together here and written by one system call. */
struct guest_line {
	char text[512];
	size_t len;
};

static inline void guest_put(struct guest_line *line, const char *text)
{
	while (*text && line->len < sizeof line->text)
		line->text[line->len++] = *text++;
}

static inline void guest_put_hex(struct guest_line *line, uint64_t value)
{
	char digits[19] = "0x";
	int n = 2, shift = 60;

	while (shift && !(value >> shift))
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		digits[n++] = "0123456789abcdef"[value >> shift & 15];
	digits[n] = '\0';
	guest_put(line, digits);
}

static inline void guest_end_line(struct guest_line *line)
{
	guest_put(line, "\n");
	guest_write(line->text, line->len);
	line->len = 0;
}

/* The kernel leaves argc, then argv, on a stack that is aligned to 16 bytes (System V ABI, AMD64 supplement, 3.4.1). */
__attribute__((used, noreturn)) static void guest_start(long *stack)
{
	int status = guest_main((int)stack[0], (char **)(stack + 1));

	for (;;)
		guest_syscall(SYS_exit_group, status, 0, 0);
}

#ifdef __aarch64__
__asm__(".globl _start\n"
	"_start:\n"
	"	mov x29, #0\n"
	"	mov x0, sp\n"
	"	bl guest_start\n");
#else
__asm__(".globl _start\n"
	"_start:\n"
	"	xorl %ebp, %ebp\n"
	"	movq %rsp, %rdi\n"
	"	call guest_start\n");
#endif

#endif
