/*
 * What guests with modes and longer calls share: calls of six arguments, names that are compared, values that are
 * printed. x86-64 and AArch64 Linux.
 */
#ifndef TESTDATA_GUESTS_CALL_H
#define TESTDATA_GUESTS_CALL_H

#include "testdata/guests/guest.h"

static inline long call6(long number, long a, long b, long c, long d, long e, long f)
{
#ifdef __aarch64__
	register long x8 __asm__("x8") = number, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d, x4 __asm__("x4") = e, x5 __asm__("x5") = f;

	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
	return x0;
#else
	register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
#endif
}

static inline int same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

/* Writes a line "NAME 0xVALUE". */
static inline void show(const char *name, uint64_t value)
{
	struct guest_line line = {.len = 0};

	guest_put(&line, name);
	guest_put(&line, " ");
	guest_put_hex(&line, value);
	guest_end_line(&line);
}

#endif
