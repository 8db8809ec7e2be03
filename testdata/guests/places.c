/*
 * places [SIZE]: does what /proc tells of the program's memory agree with where it is? Reads with buffers of SIZE
 * bytes, 4096 by default, also from the middle of a file. Prints a letter for each question, lower case for yes:
 *
 *   s  of /proc/self/maps one mapping has a local variable, and none ends before it begins
 *   c  another one has the code
 *   h  another one has the heap, which brk() made
 *   m  another one has what mmap() made
 *   t  /proc/self/stat knows the first stack pointer, and where the arguments are
 *   a  /proc/self/auxv is the vector on the stack
 *   d  a duplicate of the descriptor, sought to the file's start, reads the same as before
 *
 * guest-flags: -nostdlib -ffreestanding -fno-stack-protector -mgeneral-regs-only -fno-builtin -static-pie -fPIE
 * guest-archs: x86_64 aarch64
 */
#include "testdata/guests/guest.h"

enum { TEXT = 1 << 16, AT_FDCWD_ = -100, HEAP = 8192, STARTSTACK = 28, ARG_START = 48 };

static char text[TEXT], again[TEXT];

static long open_file(const char *path)
{
	return guest_syscall(SYS_openat, AT_FDCWD_, (long)path, 0);
}

static size_t read_all(long fd, char *to, size_t size)
{
	size_t len = 0;

	for (long got = 1; got > 0 && len + size<TEXT; len += got> 0 ? (size_t)got : 0)
		got = guest_syscall(SYS_read, fd, (long)to + (long)len, (long)size);
	to[len] = '\0';
	return len;
}

static uint64_t number(const char **at, unsigned base)
{
	uint64_t value = 0;

	for (;; ++*at) {
		unsigned digit = (unsigned)(**at >= 'a' ? **at - 'a' + 10 : **at - '0');
		if (digit >= base)
			return value;
		value = value * base + digit;
	}
}

/* In how many lines of maps is the address? 9: some are wrong. */
static int lines_with(uint64_t address)
{
	int num = 0;

	for (const char *at = text; *at; at++) {
		uint64_t start = number(&at, 16), end = *at == '-' ? (at++, number(&at, 16)) : 0;
		if (start >= end || *at != ' ')
			return 9;
		num += address >= start && address < end;
		while (*at != '\n')
			at++;
	}
	return num;
}

static uint64_t stat_field(int wanted)
{
	const char *at = text;

	for (int field = 1; field < wanted; at++)
		field += *at == ' ';
	return number(&at, 10);
}

static void say(char letter, int yes)
{
	char said = (char)(yes ? letter : letter - 'a' + 'A');

	guest_write(&said, 1);
}

/* One page, anonymous and private, to be read. */
static uint64_t map_page(void)
{
	enum { LEN = 4096, READ = 1, PRIVATE_ANONYMOUS = 0x22 };
#ifdef __aarch64__
	register long x8 __asm__("x8") = SYS_mmap, x0 __asm__("x0") = 0, x1 __asm__("x1") = LEN;
	register long x2 __asm__("x2") = READ, x3 __asm__("x3") = PRIVATE_ANONYMOUS, x4 __asm__("x4") = -1;
	register long x5 __asm__("x5") = 0;

	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
	return (uint64_t)x0;
#else
	register long r10 __asm__("r10") = PRIVATE_ANONYMOUS, r8 __asm__("r8") = -1, r9 __asm__("r9") = 0;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(SYS_mmap), "D"(0), "S"(LEN), "d"(READ), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return (uint64_t)ret;
#endif
}

static void ask_maps(size_t size, uint64_t local)
{
	long fd = open_file("/proc/self/maps"), copy = guest_syscall(SYS_dup, fd, 0, 0);
	uint64_t heap = (uint64_t)guest_syscall(SYS_brk, 0, 0, 0), mapped = map_page();
	size_t len, i = 0;

	guest_syscall(SYS_brk, (long)heap + HEAP, 0, 0);
	read_all(fd, text, size);
	say('s', lines_with(local) == 1);
	say('c', lines_with((uint64_t)ask_maps) == 1);
	say('h', lines_with(heap + HEAP - 1) == 1);
	say('m', lines_with(mapped) == 1);
	guest_syscall(SYS_close, fd, 0, 0);
	guest_syscall(SYS_lseek, copy, 0, 0);
	len = read_all(copy, again, 4096);
	while (i < len && text[i] == again[i])
		i++;
	say('d', len && i == len);
	guest_syscall(SYS_close, copy, 0, 0);
}

static void ask_stat(size_t size, const uint64_t *stack)
{
	long fd = open_file("/proc/thread-self/stat");

	read_all(fd, text, size);
	say('t', stat_field(STARTSTACK) == (uint64_t)stack && stat_field(ARG_START) == stack[1]);
	guest_syscall(SYS_close, fd, 0, 0);
}

static void ask_auxv(size_t size, const uint64_t *auxv)
{
	long fd = open_file("/proc/self/auxv");
	size_t len = read_all(fd, text, size), same = 0, i;
	uint64_t word[2] = {1, 0};

	for (i = 0; i + sizeof word <= len && word[0]; i += sizeof word, auxv += 2) {
		for (size_t k = 0; k < sizeof word; k++)
			((char *)word)[k] = text[i + k];
		/* AT_PHDR, AT_BASE, AT_ENTRY, AT_RANDOM, AT_EXECFN: where emulators have others in between, by type. */
		const uint64_t *entry = auxv - i / sizeof word * 2;
		while (entry[0] && entry[0] != word[0])
			entry += 2;
		same += word[0] != 3 && word[0] != 9 && word[0] != 25 && word[0] != 31 ? 0
			: entry[1] == word[1]                                          ? 1
										       : 9;
	}
	say('a', same == 4);
	guest_syscall(SYS_close, fd, 0, 0);
}

int guest_main(int argc, char **argv)
{
	const uint64_t *auxv = (uint64_t *)argv + argc + 1;
	const char *digits = argc > 1 ? argv[1] : "4096";
	size_t size = number(&digits, 10);

	while (*auxv++)
		;
	ask_maps(size, (uint64_t)&size);
	ask_stat(size, (uint64_t *)argv - 1);
	ask_auxv(size, auxv);
	return 0;
}
