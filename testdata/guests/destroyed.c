/*
 * destroyed: what system calls that the guest's own kernel makes leave in RCX and R11: the address behind SYSCALL, and
 * the flags (Intel SDM vol. 2B, SYSCALL). Prints a line for each; exit status: calls that left something else.
 * guest-flags: -nostdlib -ffreestanding -fno-stack-protector -mgeneral-regs-only -mno-red-zone -fno-builtin
 */
#include "testdata/guests/guest.h"

static int check(const char *name, long number, long a, long b, long c)
{
	const uint64_t FLAGS = 0x8d5; /* CF, PF, AF, ZF, SF, OF */
	register uint64_t r11 __asm__("r11") = 0;
	uint64_t rcx = 0, flags, behind;
	struct guest_line line = {.len = 0};
	long ret = number;

	__asm__ volatile("leaq 1f(%%rip), %[behind]\n\t"
			 "stc\n\t"
			 "pushfq\n\t"
			 "popq %[flags]\n\t"
			 "syscall\n"
			 "1:"
			 : "+a"(ret), "+c"(rcx), "+r"(r11), [behind] "=&r"(behind), [flags] "=&r"(flags)
			 : "D"(a), "S"(b), "d"(c)
			 : "memory", "cc");
	/* Before another call takes the register. */
	uint64_t saved = r11;
	guest_put(&line, name);
	guest_put(&line, rcx == behind ? " RCX" : " another RCX");
	guest_put(&line, (saved & FLAGS) == (flags & FLAGS) ? " R11" : " another R11");
	guest_end_line(&line);
	return rcx != behind || (saved & FLAGS) != (flags & FLAGS);
}

int guest_main(int argc, char **argv)
{
	const long at = 0x20000000;
	int wrong = 0;

	(void)argc;
	(void)argv;
	wrong += check("getpid", SYS_getpid, 0, 0, 0);
	wrong += check("brk", SYS_brk, 0, 0, 0);
	wrong += check("brk", SYS_brk, 0, 0, 0);
	wrong += check("munmap", SYS_munmap, at, 4096, 0);
	wrong += check("mprotect", SYS_mprotect, at, 0, 3);
	wrong += check("set_tid_address", SYS_set_tid_address, 0, 0, 0);
	return wrong;
}
