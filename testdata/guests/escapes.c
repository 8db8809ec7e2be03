/*
 * escapes PLACE DOOR CALL STATE [PID]: enters the kernel by DOOR, with the registers of CALL, where PLACE says. STATE
 * "idle" does everything but that. A log of that, made to say "act!", is a stranger's: no event of it is such a call.
 * What the calls would do shows in the current folder ("escaped", "victim"), to PID, or on standard output. Exit status
 * 0, 2 for an unknown word. x86-64, without libc.
 *
 * guest-flags: -nostdlib -ffreestanding -fno-stack-protector -mgeneral-regs-only -mno-red-zone -fno-builtin
 */
#include "testdata/guests/signal.h"

enum { PAGE = 4096 };
enum { R = 1, W = 2, X = 4, SHARED = 1, PRIVATE = 2, FIXED = 0x10, ANON = 0x20, MAYMOVE = 1 };

typedef volatile uint8_t byte;

static long call6(long number, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

static byte *map(uint64_t at, uint64_t len, int prot, int flags, long fd)
{
	return (byte *)call6(SYS_mmap, (long)at, (long)len, prot, flags, fd, 0);
}

static void protect(byte *at, uint64_t len, int prot)
{
	guest_syscall(SYS_mprotect, (long)at, (long)len, prot);
}

static int same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

/* ---- What is asked of the kernel ---- */

static const char *const trap[] = {"./trap", NULL};

static struct call {
	const char *name;
	long number, a, b, c;
} calls[] = {
	{"mkdir", SYS_mkdir, (long)"escaped", 0755, 0},
	{"open", SYS_open, (long)"escaped", 0101, 0644}, /* O_CREAT | O_WRONLY */
	{"openat", SYS_openat, -100, (long)"escaped", 0101},
	{"creat", SYS_creat, (long)"escaped", 0644, 0},
	{"mknod", SYS_mknod, (long)"escaped", 010644, 0}, /* a FIFO */
	{"symlink", SYS_symlink, (long)"victim", (long)"escaped", 0},
	{"link", SYS_link, (long)"victim", (long)"escaped", 0},
	{"rename", SYS_rename, (long)"victim", (long)"escaped", 0},
	{"unlink", SYS_unlink, (long)"victim", 0, 0},
	{"truncate", SYS_truncate, (long)"victim", 0, 0},
	{"chmod", SYS_chmod, (long)"victim", 0, 0},
	{"write", SYS_write, 1, (long)"escaped\n", 8},
	{"execve", SYS_execve, (long)"./trap", (long)trap, 0},
	{"kill", SYS_kill, 0, 9, 0},
	{"tkill", SYS_tkill, 0, 9, 0},
};

/* ---- Doors: bytes that may lead into the kernel ---- */

enum { DOOR_MAX = 20 };

static const struct door {
	const char *name;
	uint8_t len, code[DOOR_MAX];
} doors[] = {
	{"syscall", 2, {0x0f, 0x05}},
	{"syscall-w", 3, {0x48, 0x0f, 0x05}},
	{"syscall-rex", 3, {0x40, 0x0f, 0x05}},
	{"syscall-66", 3, {0x66, 0x0f, 0x05}},
	{"syscall-f2", 3, {0xf2, 0x0f, 0x05}},
	{"syscall-f3", 3, {0xf3, 0x0f, 0x05}},
	{"syscall-lock", 3, {0xf0, 0x0f, 0x05}},
	{"syscall-cs", 3, {0x2e, 0x0f, 0x05}},
	{"syscall-fs", 3, {0x64, 0x0f, 0x05}},
	{"syscall-15", 15, {0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x0f, 0x05}},
	{"syscall-16",
	 16,
	 {0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x0f, 0x05}},
	{"syscall-vex2", 3, {0xc5, 0xf8, 0x05}},
	{"syscall-vex3", 4, {0xc4, 0xe1, 0x78, 0x05}},
	{"syscall-evex", 5, {0x62, 0xf1, 0x7c, 0x08, 0x05}},
	{"syscall-rex2", 3, {0xd5, 0x80, 0x05}},
	{"sysenter", 2, {0x0f, 0x34}},
	{"sysenter-w", 3, {0x48, 0x0f, 0x34}},
	{"int80", 2, {0xcd, 0x80}},
	{"int80-w", 3, {0x48, 0xcd, 0x80}},
	{"int80-66", 3, {0x66, 0xcd, 0x80}},
	{"int80-f2", 3, {0xf2, 0xcd, 0x80}},
	{"int80-f3", 3, {0xf3, 0xcd, 0x80}},
	{"int80-lock", 3, {0xf0, 0xcd, 0x80}},
	{"int80-cs", 3, {0x2e, 0xcd, 0x80}},
	{"int80-rexes", 4, {0x40, 0x4f, 0xcd, 0x80}},
	{"int80-15", 15, {0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0xcd, 0x80}},
	{"int81", 2, {0xcd, 0x81}},
	{"int3", 1, {0xcc}},
	{"int1", 1, {0xf1}},
	{"into", 1, {0xce}},
	{"hlt", 1, {0xf4}},
	{"vmcall", 3, {0x0f, 0x01, 0xc1}},
	{"vmmcall", 3, {0x0f, 0x01, 0xd9}},
	{"load", 3, {0x48, 0x8b, 0x07}},               /* mov rax, [rdi] */
	{"store", 3, {0x48, 0x89, 0x07}},              /* mov [rdi], rax */
	{"fill", 3, {0xf3, 0x48, 0xab}},               /* rep stosq */
	{"state", 3, {0x0f, 0xae, 0x27}},              /* xsave [rdi] */
	{"x87", 2, {0xdf, 0x3f}},                      /* fistp qword [rdi] */
	{"vector", 5, {0xc4, 0xe2, 0x7d, 0x1a, 0x07}}, /* vbroadcastf128 ymm0, [rdi] */
};

/* With the registers of both conventions. */
static void enter(const struct call *c, const byte *code)
{
	register long r10 __asm__("r10") = 0, r8 __asm__("r8") = 0, r9 __asm__("r9") = 0;
	long number = c->number, first = c->a, second = c->b, third = c->c;

	__asm__ volatile("call *%[code]"
			 : "+a"(number), "+b"(first), "+c"(second), "+d"(third), "+r"(r10), "+r"(r8), "+r"(r9)
			 : [code] "r"(code), "D"(c->a), "S"(c->b)
			 : "r11", "memory");
}

/* ---- Places ---- */

static const struct call *call;
static const struct door *door;
static int acts;

static size_t put(byte *to, const uint8_t *from, size_t len)
{
	for (size_t i = 0; i < len; i++)
		to[i] = from[i];
	return len;
}

/* The door and a return, behind len bytes of something else. */
static void put_door(byte *to, const uint8_t *lead, size_t len)
{
	to += put(to, lead, len);
	to += put(to, door->code, door->len);
	*to = 0xc3;
}

static void go(const byte *code)
{
	if (acts)
		enter(call, code);
}

static void lead_to(const uint8_t *lead, size_t len)
{
	byte *page = map(0, PAGE, R | W, PRIVATE | ANON, -1);

	put_door(page, lead, len);
	protect(page, PAGE, R | X);
	go(page);
}

/* Written, and then made executable. */
static void flipped(void)
{
	lead_to(NULL, 0);
}

static void writable(void)
{
	byte *page = map(0, PAGE, R | W | X, PRIVATE | ANON, -1);

	put_door(page, NULL, 0);
	go(page);
}

/* Executable, and nothing else. */
static void unreadable(void)
{
	byte *page = map(0, PAGE, R | W, PRIVATE | ANON, -1);

	put_door(page, NULL, 0);
	protect(page, PAGE, X);
	go(page);
}

/* From one page into the next. */
static void crossing(void)
{
	byte *page = map(0, 2 * PAGE, R | W, PRIVATE | ANON, -1);

	put_door(page + PAGE - 1, NULL, 0);
	protect(page, 2 * PAGE, R | X);
	go(page + PAGE - 1);
}

/* ... which can be executed, and not be read. */
static void crossing_unreadable(void)
{
	byte *page = map(0, 2 * PAGE, R | W, PRIVATE | ANON, -1);

	put_door(page + PAGE - 1, NULL, 0);
	protect(page, PAGE, R | X);
	protect(page + PAGE, PAGE, X);
	go(page + PAGE - 1);
}

/* In the middle of an instruction that has been executed. */
static void middle(void)
{
	static const uint8_t lead[] = {0xb9}; /* mov ecx, imm32 */
	byte *page = map(0, PAGE, R | W, PRIVATE | ANON, -1);

	put_door(page, lead, sizeof lead);
	page[5] = page[6] = 0xc3;
	protect(page, PAGE, R | X);
	((void (*)(void))(uintptr_t)page)();
	go(page + 1);
}

/* A jump into it, just before which the bytes were others. */
static void patched(void)
{
	byte *page = map(0, PAGE, R | W | X, PRIVATE | ANON, -1);

	for (size_t i = 0; i < DOOR_MAX; i++)
		page[i] = 0x90;
	page[DOOR_MAX] = 0xc3;
	((void (*)(void))(uintptr_t)page)();
	put_door(page, NULL, 0);
	go(page);
}

/* One that the code puts before itself. */
static void before_itself(void)
{
	static const uint8_t lead[] = {0x66, 0xc7, 0x05, 0, 0, 0, 0, 0, 0}; /* mov word [rip], imm16 */
	byte *page = map(0, PAGE, R | W | X, PRIVATE | ANON, -1);

	put(page, lead, sizeof lead);
	page[7] = door->code[0];
	page[8] = door->code[1];
	page[9] = page[10] = 0x90;
	page[11] = 0xc3;
	go(page);
}

/* Behind instructions after which emulators run on. */
static void paused(void)
{
	static const uint8_t lead[] = {0xf3, 0x90};

	lead_to(lead, sizeof lead);
}

static void paused_f3_f2(void)
{
	static const uint8_t lead[] = {0xf3, 0xf2, 0x90};

	lead_to(lead, sizeof lead);
}

static void paused_f2_f3(void)
{
	static const uint8_t lead[] = {0xf2, 0xf3, 0x90};

	lead_to(lead, sizeof lead);
}

static void paused_rex(void)
{
	static const uint8_t lead[] = {0xf3, 0x48, 0x90};

	lead_to(lead, sizeof lead);
}

static void paused_far(void)
{
	static const uint8_t lead[] = {0x66, 0xf3, 0x2e, 0x90, 0xf3, 0x90, 0xf3, 0x90};

	lead_to(lead, sizeof lead);
}

static void to_ss(void)
{
	static const uint8_t lead[] = {0x8c, 0xd1, 0x8e, 0xd1}; /* mov ecx, ss; mov ss, ecx */

	lead_to(lead, sizeof lead);
}

/* push; or qword [rsp], TF; popf */
static void trapped(void)
{
	static const uint8_t lead[] = {0x9c, 0x48, 0x81, 0x0c, 0x24, 0, 1, 0, 0, 0x9d};

	lead_to(lead, sizeof lead);
}

static void repeated(void)
{
	static const uint8_t lead[] = {0x31, 0xc9, 0xf3, 0xa4}; /* xor ecx, ecx; rep movsb */

	lead_to(lead, sizeof lead);
}

/* Behind a branch that QEMU 7.2 takes the wrong way: BLSI sets CF if its source is not 0. */
static void mistaken(void)
{
	static const uint8_t lead[] = {
		0x31, 0xc9,                   /* xor ecx, ecx */
		0xc4, 0xe2, 0x70, 0xf3, 0xd9, /* blsi ecx, ecx */
		0x72, 0x01,                   /* jc to the door */
		0xc3,                         /* ret */
	};

	lead_to(lead, sizeof lead);
}

/* ... and by a jump that depends on it: to a table's second entry. */
static void mistaken_jump(void)
{
	static const uint8_t lead[] = {
		0x31, 0xc9,                               /* xor ecx, ecx */
		0xc4, 0xe2, 0x70, 0xf3, 0xd9,             /* blsi ecx, ecx */
		0x0f, 0x92, 0xc1,                         /* setc cl */
		0x4c, 0x8d, 0x1d, 0x06, 0x00, 0x00, 0x00, /* lea r11, [rip + 6]: behind the jump */
		0x49, 0x01, 0xcb,                         /* add r11, rcx */
		0x41, 0xff, 0xe3,                         /* jmp r11 */
		0xc3,                                     /* ret, or the door */
	};

	lead_to(lead, sizeof lead);
}

/* ... and a store that goes wrong for it, into code that can be written to. */
static void mistaken_store(void)
{
	static const uint8_t lead[] = {
		0x31, 0xc9,                               /* xor ecx, ecx */
		0xc4, 0xe2, 0x70, 0xf3, 0xd9,             /* blsi ecx, ecx */
		0x0f, 0x92, 0xc1,                         /* setc cl */
		0xc1, 0xe1, 0x08,                         /* shl ecx, 8 */
		0x4c, 0x8d, 0x1d, 0x07, 0xff, 0xff, 0xff, /* lea r11, [rip - 0xf9]: 0x100 before the NOPs */
		0x66, 0x41, 0xc7, 0x04, 0x0b, 0,    0,    /* mov word [r11 + rcx], the door */
		0x90, 0x90,                               /* nop; nop */
		0xc3,                                     /* ret */
	};
	byte *page = map(0, PAGE, R | W | X, PRIVATE | ANON, -1);

	put(page + 0x200, lead, sizeof lead);
	page[0x200 + 25] = door->code[0];
	page[0x200 + 26] = door->code[1];
	go(page + 0x200);
}

/* In memory that can be written to by another view of it. */
static void alias_of(byte *w, byte *x)
{
	for (size_t i = 0; i < DOOR_MAX; i++)
		w[i] = 0x90;
	w[DOOR_MAX] = 0xc3;
	((void (*)(void))(uintptr_t)x)();
	put_door(w, NULL, 0);
	go(x);
}

static void aliased(void)
{
	long fd = guest_syscall(SYS_memfd_create, (long)"escapes", 0, 0);

	guest_syscall(SYS_ftruncate, fd, PAGE, 0);
	byte *w = map(0, PAGE, R | W, SHARED, fd);
	alias_of(w, map(0, PAGE, R | X, SHARED, fd));
}

/* ... the other way round: a door that was executed, and is none any more for those who look. */
static void aliased_pause(void)
{
	static const uint8_t pause[] = {0xf3, 0x90, 0xc3};
	long fd = guest_syscall(SYS_memfd_create, (long)"escapes", 0, 0);

	guest_syscall(SYS_ftruncate, fd, PAGE, 0);
	byte *w = map(0, PAGE, R | W, SHARED, fd), *x = map(0, PAGE, R | X, SHARED, fd);
	static const struct call yield = {"", SYS_sched_yield, 0, 0, 0};
	put_door(w, NULL, 0);
	enter(&yield, x);
	put(w, pause, sizeof pause);
	go(x);
}

/* mremap() with an old size of 0. */
static void doubled(void)
{
	byte *w = map(0, PAGE, R | W, SHARED | ANON, -1);
	byte *x = (byte *)call6(SYS_mremap, (long)w, 0, PAGE, MAYMOVE, 0, 0);

	protect(x, PAGE, R | X);
	alias_of(w, x);
}

static void from_handler(int signal, void *info, void *context)
{
	(void)signal;
	(void)info;
	((uint64_t *)context)[PC] += INSN;
	lead_to(NULL, 0);
}

static void handler(void)
{
	const struct action handle = {.handler = from_handler, .flags = RESTORER | SIGINFO, .restorer = restore};
	register const long *null __asm__("rax") = NULL;

	act(SEGV, handle);
	__asm__ volatile("movq (%%rax), %%rax" : "+r"(null)); /* INSN bytes */
}

/* By the page of vsyscalls, beside its entries. */
static void beside_entries(void)
{
	go((const byte *)0xffffffffff600402);
}

/* As a 32-bit program: a far jump. */
static void other_mode(void)
{
	static const uint8_t far[] = {0xff, 0x2d, 0, 0, 0, 0, 0, 0, 0, 0, 0x23, 0}; /* jmp far [rip] */
	byte *page = map(0x10000000, PAGE, R | W, PRIVATE | ANON | FIXED, -1);

	put(page, far, sizeof far);
	page[9] = 0x10;
	page[6] = 0x20;
	put_door(page + 0x20, NULL, 0);
	protect(page, PAGE, R | X);
	go(page);
}

/*
 * Memory of the emulator's own: the log says where, in place of PID. A load and a store, with RAX, RDI, RSI and RDX
 * what they are for a call; the instructions are the doors.
 */
static long where;

static void access(void)
{
	struct call c = *call;

	c.a = where;
	call = &c;
	lead_to(NULL, 0);
}

static void unmap(void)
{
	if (acts)
		guest_syscall(SYS_munmap, where, PAGE, 0);
}

static void map_over(void)
{
	if (acts)
		map((uint64_t)where, PAGE, R | W, PRIVATE | ANON | FIXED, -1);
}

static void unprotect(void)
{
	if (acts)
		protect((byte *)where, PAGE, R | W | X);
}

static const struct {
	const char *name;
	void (*run)(void);
} places[] = {
	{"flipped", flipped},
	{"writable", writable},
	{"unreadable", unreadable},
	{"crossing", crossing},
	{"crossing-x", crossing_unreadable},
	{"middle", middle},
	{"patched", patched},
	{"itself", before_itself},
	{"pause", paused},
	{"pause-f3f2", paused_f3_f2},
	{"pause-f2f3", paused_f2_f3},
	{"pause-rex", paused_rex},
	{"pause-far", paused_far},
	{"ss", to_ss},
	{"tf", trapped},
	{"rep", repeated},
	{"branch", mistaken},
	{"jump", mistaken_jump},
	{"store", mistaken_store},
	{"alias", aliased},
	{"alias-pause", aliased_pause},
	{"doubled", doubled},
	{"handler", handler},
	{"vsyscall", beside_entries},
	{"mode", other_mode},
	{"access", access},
	{"unmap", unmap},
	{"map-over", map_over},
	{"unprotect", unprotect},
};

static long number_of(const char *digits)
{
	long n = 0;

	for (; *digits >= '0' && *digits <= '9'; digits++)
		n = 10 * n + *digits - '0';
	return n;
}

int guest_main(int argc, char **argv)
{
	if (argc < 6)
		return 2;
	for (size_t i = 0; i < sizeof doors / sizeof *doors; i++)
		if (same(argv[2], doors[i].name))
			door = &doors[i];
	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
		if (same(argv[3], calls[i].name))
			call = &calls[i];
	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
		if (calls[i].number == SYS_kill || calls[i].number == SYS_tkill)
			calls[i].a = number_of(argv[5]);
	where = number_of(argv[5]);
	acts = argv[4][0] == 'a';
	for (size_t i = 0; call && door && i < sizeof places / sizeof *places; i++) {
		if (!same(argv[1], places[i].name))
			continue;
		places[i].run();
		return 0;
	}
	return 2;
}
