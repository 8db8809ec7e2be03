/*
 * The program, in the order in which it is: start, batch, case, restart, entries, save, handler, done. Its code is
 * position-dependent and written by functions of the instructions' names; what is behind a case's instruction has but
 * TPIDR_EL0 to begin with.
 */
#include "lib/target/vectors_guest.h"

#include <assert.h>
#include <elf.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>

enum {
	CODE_SIZE = 0x10000, /* of the program's code; data follow */
	MAX_WORDS = 1024,
	WINDOW_PAGES = 4, /* one before the window's, and two behind */
	IN_SIZE = VECTORS_GUEST_BATCH * sizeof(struct vectors_guest_input),
	OUT_SIZE = VECTORS_GUEST_BATCH * sizeof(struct vectors_guest_output),
	STACK_SIZE = 0x20000, /* for signals: frames with SVE and SME are large */
};

#define DATA   (VECTORS_GUEST_START + CODE_SIZE)
#define IN     (DATA + 0x1000)
#define OUT    (DATA + 0xa000)
#define STACK  (VECTORS_GUEST_END - STACK_SIZE)
#define WINDOW (VECTORS_WINDOW - VECTORS_GUEST_PAGE) /* the first of its pages */

/* A call of the kernel: number and arguments. */
struct call {
	uint64_t number, arg[6], unused;
};

/* The kernel's struct sigaction of AArch64. */
struct action {
	uint64_t handler, flags, restorer, mask;
};

struct stack {
	uint64_t start;
	uint32_t flags, unused;
	uint64_t size;
};

enum { NUM_SIGNALS = 5, NUM_CALLS = NUM_SIGNALS + 3 };

/* At DATA. */
struct data {
	uint64_t in, out;   /* of the case at hand */
	uint64_t num_pages; /* that appeared for it */
	uint64_t page[VECTORS_GUEST_MAX_PAGES];
	struct action action;
	struct stack stack;
	struct call calls[NUM_CALLS]; /* made at the start */
};

_Static_assert(sizeof(struct data) <= 0x1000 && IN_SIZE <= 0x9000 && OUT_SIZE <= 0x9000, "the data's places");
_Static_assert(offsetof(struct vectors_guest_input, sp) == offsetof(struct vectors_guest_output, sp), "places");
_Static_assert(offsetof(struct vectors_guest_output, v) == 272 && offsetof(struct vectors_guest_input, v) == 256 &&
		       offsetof(struct vectors_guest_input, memory) % 16 == 0 &&
		       offsetof(struct vectors_guest_output, memory) % 16 == 0,
	       "vectors are loaded and stored in pairs");

#define IN_AT(field)   ((unsigned)offsetof(struct vectors_guest_input, field))
#define OUT_AT(field)  ((unsigned)offsetof(struct vectors_guest_output, field))
#define DATA_AT(field) ((unsigned)offsetof(struct data, field))

/* Of Linux: include/uapi/asm-generic/unistd.h, arch/arm64/include/uapi/asm/{ucontext,sigcontext}.h. */
enum {
	CALL_READ = 63,
	CALL_WRITE = 64,
	CALL_EXIT_GROUP = 94,
	CALL_SIGALTSTACK = 132,
	CALL_SIGACTION = 134,
	CALL_MUNMAP = 215,
	CALL_MMAP = 222,
	INFO_CODE = 8,
	INFO_ADDRESS = 16,
	FRAME_X = 184, /* X0-X30, SP, PC, PSTATE */
	FRAME_PC = FRAME_X + 32 * 8,
	FRAME_FPSR = 472, /* of the first record, struct fpsimd_context */
	FRAME_FPCR = 476,
	FRAME_V = 480,
	READ_WRITE = 3,            /* PROT_READ | PROT_WRITE */
	READ_WRITE_EXECUTE = 7,    /* ... | PROT_EXEC */
	FIXED = 0x32,              /* MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS */
	ACTION_FLAGS = 0x48000004, /* SA_SIGINFO | SA_ONSTACK | SA_NODEFER */
	NO_MAPPING = 1,            /* SEGV_MAPERR */
	LOWEST_SHIFT = 16,         /* no page appears below 64 KiB, nor above 4 GiB */
	HIGHEST_SHIFT = 32,
};

/* ---- Instructions ---- */

struct program {
	uint32_t word[MAX_WORDS];
	unsigned len;
};

static void put(struct program *p, uint32_t word)
{
	assert(p->len < MAX_WORDS);
	p->word[p->len++] = word;
}

static void ldr(struct program *p, unsigned t, unsigned n, unsigned offset)
{
	put(p, 0xf9400000 | offset / 8 << 10 | n << 5 | t);
}

static void ldr_w(struct program *p, unsigned t, unsigned n, unsigned offset)
{
	put(p, 0xb9400000 | offset / 4 << 10 | n << 5 | t);
}

static void str(struct program *p, unsigned t, unsigned n, unsigned offset)
{
	put(p, 0xf9000000 | offset / 8 << 10 | n << 5 | t);
}

static void ldp(struct program *p, unsigned t, unsigned u, unsigned n, unsigned offset)
{
	put(p, 0xa9400000 | (offset / 8 & 0x7f) << 15 | u << 10 | n << 5 | t);
}

static void stp(struct program *p, unsigned t, unsigned u, unsigned n, unsigned offset)
{
	put(p, 0xa9000000 | (offset / 8 & 0x7f) << 15 | u << 10 | n << 5 | t);
}

static void ldp_q(struct program *p, unsigned t, unsigned u, unsigned n, unsigned offset)
{
	put(p, 0xad400000 | (offset / 16 & 0x7f) << 15 | u << 10 | n << 5 | t);
}

static void stp_q(struct program *p, unsigned t, unsigned u, unsigned n, unsigned offset)
{
	put(p, 0xad000000 | (offset / 16 & 0x7f) << 15 | u << 10 | n << 5 | t);
}

/* SP is 31 here. */
static void add_imm(struct program *p, unsigned d, unsigned n, unsigned imm)
{
	put(p, 0x91000000 | imm << 10 | n << 5 | d);
}

static void add(struct program *p, unsigned d, unsigned n, unsigned m)
{
	put(p, 0x8b000000 | m << 16 | n << 5 | d);
}

static void sub(struct program *p, unsigned d, unsigned n, unsigned m)
{
	put(p, 0xcb000000 | m << 16 | n << 5 | d);
}

static void cmp(struct program *p, unsigned n, unsigned m)
{
	put(p, 0xeb00001f | m << 16 | n << 5);
}

static void cmp_imm(struct program *p, unsigned n, unsigned imm)
{
	put(p, 0xf100001f | imm << 10 | n << 5);
}

static void lsr(struct program *p, unsigned d, unsigned n, unsigned shift)
{
	put(p, 0xd340fc00 | shift << 16 | n << 5 | d);
}

static void lsl(struct program *p, unsigned d, unsigned n, unsigned shift)
{
	put(p, 0xd3400000 | (64 - shift) << 16 | (63 - shift) << 10 | n << 5 | d);
}

/* MOVZ and MOVK: a number of 32 bits. */
static void mov(struct program *p, unsigned d, uint64_t value)
{
	put(p, 0xd2800000 | (uint32_t)(value & 0xffff) << 5 | d);
	put(p, 0xf2a00000 | (uint32_t)(value >> 16 & 0xffff) << 5 | d);
}

/* System registers, with bit 21 of MRS or without that of MSR. */
enum { NZCV = 0xd51b4200, FPCR = 0xd51b4400, FPSR = 0xd51b4420, TPIDR_EL0 = 0xd51bd040, READS = 1 << 21 };

static void mrs(struct program *p, unsigned t, uint32_t reg)
{
	put(p, reg | READS | t);
}

static void msr(struct program *p, uint32_t reg, unsigned t)
{
	put(p, reg | t);
}

static void call(struct program *p, unsigned number)
{
	mov(p, 8, number);
	put(p, 0xd4000001);
}

/* ---- Branches: to what is behind, or to what is filled in by land() ---- */

enum { NE = 1, HS, LO, GT = 12, ALWAYS = 14 };

static uint32_t branch(uint64_t from, uint64_t to)
{
	return 0x14000000 | ((uint32_t)((to - from) / 4) & 0x3ffffff);
}

/* Words from the program's start. */
static uint64_t address_of(unsigned word)
{
	return VECTORS_GUEST_START + UINT64_C(4) * word;
}

static void b(struct program *p, unsigned to)
{
	put(p, branch(address_of(p->len), address_of(to)));
}

static void b_cond(struct program *p, unsigned cond, unsigned to)
{
	put(p, 0x54000000 | ((to - p->len) & 0x7ffff) << 5 | cond);
}

/* A conditional branch, B.cond or CBZ, to where the program will be when land() is called for it. */
static unsigned take_off(struct program *p, uint32_t branch)
{
	put(p, branch);
	return p->len - 1;
}

static void land(struct program *p, unsigned at)
{
	p->word[at] |= ((p->len - at) & 0x7ffff) << 5;
}

static uint32_t when(unsigned cond)
{
	return 0x54000000 | cond;
}

static uint32_t cbz(unsigned t)
{
	return 0xb4000000 | t;
}

static uint32_t cbnz(unsigned t)
{
	return 0xb5000000 | t;
}

/* ---- The program ---- */

/* Words from the program's start. */
struct places {
	unsigned marks, unmarked, entries, save, handler;
};

enum { ENTRY_WORDS = 3, MARK_WORDS = 2, NUM_MARKS = 5 };

/* The calls of the table; it ends where one fails. */
static void put_start(struct program *p)
{
	mov(p, 19, DATA + DATA_AT(calls));
	mov(p, 20, DATA + DATA_AT(calls) + sizeof(struct call) * NUM_CALLS);
	unsigned again = p->len;
	ldr(p, 8, 19, 0);
	for (unsigned i = 0; i < 6; i += 2)
		ldp(p, i, i + 1, 19, 8 + 8 * i);
	put(p, 0xd4000001);                      /* svc #0 */
	put(p, 0xb13ffc1f);                      /* cmn x0, #4095 */
	unsigned failed = take_off(p, when(LO)); /* no carry: no error */
	mov(p, 0, 1);
	call(p, CALL_EXIT_GROUP);
	land(p, failed);
	add_imm(p, 19, 19, sizeof(struct call));
	cmp(p, 19, 20);
	b_cond(p, NE, again);
}

/* Reads or writes the bytes from X19 to X20; the program ends when there is no more, or nobody who reads. */
static void put_transfer(struct program *p, unsigned number, unsigned fd)
{
	unsigned again = p->len;

	mov(p, 0, fd);
	add_imm(p, 1, 19, 0);
	sub(p, 2, 20, 19);
	call(p, number);
	cmp_imm(p, 0, 0);
	unsigned some = take_off(p, when(GT));
	mov(p, 0, 0);
	call(p, CALL_EXIT_GROUP);
	land(p, some);
	add(p, 19, 19, 0);
	cmp(p, 19, 20);
	b_cond(p, NE, again);
}

/* The batch's instructions to their slots (Arm ARM B2.7.4). */
static void put_slots(struct program *p)
{
	mov(p, 19, IN);
	mov(p, 20, IN + IN_SIZE);
	unsigned again = p->len;
	ldr(p, 0, 19, IN_AT(code));
	ldr(p, 1, 19, IN_AT(slot));
	str(p, 0, 1, 0);
	put(p, 0xd50b7b21); /* dc cvau, x1 */
	put(p, 0xd5033b9f); /* dsb ish */
	put(p, 0xd50b7521); /* ic ivau, x1 */
	add_imm(p, 19, 19, sizeof(struct vectors_guest_input));
	cmp(p, 19, 20);
	b_cond(p, NE, again);
	put(p, 0xd5033b9f); /* dsb ish */
	put(p, 0xd5033fdf); /* isb */
}

/* 256 bytes from X1 to X2. */
static void put_copy(struct program *p)
{
	for (unsigned i = 0; i < VECTOR_WINDOW; i += 32) {
		ldp_q(p, 0, 1, 1, i);
		stp_q(p, 0, 1, 2, i);
	}
}

/* All zeros but for the window. */
static void put_memory(struct program *p)
{
	mov(p, 0, WINDOW);
	mov(p, 1, WINDOW + (uint64_t)WINDOW_PAGES * VECTORS_GUEST_PAGE);
	unsigned again = p->len;
	for (unsigned i = 0; i < 128; i += 16)
		stp(p, 31, 31, 0, i);
	add_imm(p, 0, 0, 128);
	cmp(p, 0, 1);
	b_cond(p, NE, again);
	add_imm(p, 1, 30, IN_AT(memory));
	mov(p, 2, VECTORS_WINDOW);
	put_copy(p);
}

/* The exclusive monitor: a load-exclusive and a branch for each size, and behind them what marks nothing. */
static void put_monitor(struct program *p, struct places *ret)
{
	static const uint32_t loads[NUM_MARKS] = {
		0x085f7c22, /* ldxrb w2, [x1] */
		0x485f7c22, /* ldxrh w2, [x1] */
		0x885f7c22, /* ldxr w2, [x1] */
		0xc85f7c22, /* ldxr x2, [x1] */
		0xc87f0c22, /* ldxp x2, x3, [x1] */
	};

	put(p, 0xd5033f5f); /* clrex */
	ldr(p, 0, 30, IN_AT(mark));
	ldr(p, 1, 30, IN_AT(marked));
	put(p, 0xd61f0000); /* br x0 */
	ret->marks = p->len;
	ret->unmarked = ret->marks + MARK_WORDS * NUM_MARKS;
	for (unsigned i = 0; i < NUM_MARKS; i++) {
		put(p, loads[i]);
		b(p, ret->unmarked);
	}
}

/* The registers, but for X0, which is the entry, and X30, the case. */
static void put_registers(struct program *p, struct places *ret)
{
	ldr(p, 0, 30, IN_AT(fpcr));
	msr(p, FPCR, 0);
	mrs(p, 0, FPCR);
	str(p, 0, 1, OUT_AT(kept_fpcr));
	ldr(p, 0, 30, IN_AT(fpsr));
	msr(p, FPSR, 0);
	for (unsigned i = 0; i < 32; i += 2)
		ldp_q(p, i, i + 1, 30, IN_AT(v) + 16 * i);
	ldr(p, 0, 30, IN_AT(sp));
	add_imm(p, 31, 0, 0);
	ldr(p, 0, 30, IN_AT(nzcv));
	msr(p, NZCV, 0);
	put_monitor(p, ret);
	ldr(p, 0, 30, IN_AT(entry));
	ldr(p, 29, 30, 29 * 8);
	for (unsigned i = 1; i < 29; i += 2)
		ldp(p, i, i + 1, 30, 8 * i);
	put(p, 0xd61f0000); /* br x0 */
}

static void put_entries(struct program *p)
{
	for (unsigned i = 0; i < VECTORS_GUEST_SLOTS; i++) {
		ldr(p, 0, 30, 0);
		ldr(p, 30, 30, 30 * 8);
		put(p, branch(address_of(p->len), vectors_guest_slot(i)));
	}
}

/* Behind an instruction: with all registers but TPIDR_EL0 to be kept. */
static void put_save(struct program *p)
{
	msr(p, TPIDR_EL0, 0);
	mov(p, 0, DATA);
	ldr(p, 0, 0, DATA_AT(out));
	for (unsigned i = 1; i < 31; i += 2)
		stp(p, i, i + 1, 0, 8 * i);
	mrs(p, 1, TPIDR_EL0);
	str(p, 1, 0, 0);
	add_imm(p, 1, 31, 0);
	str(p, 1, 0, OUT_AT(sp));
	mrs(p, 1, NZCV);
	str(p, 1, 0, OUT_AT(pstate));
	mrs(p, 1, FPSR);
	str(p, 1, 0, OUT_AT(fpsr));
	mrs(p, 1, FPCR);
	str(p, 1, 0, OUT_AT(fpcr));
	for (unsigned i = 0; i < 32; i += 2)
		stp_q(p, i, i + 1, 0, OUT_AT(v) + 16 * i);
	str(p, 31, 0, OUT_AT(pc));
	str(p, 31, 0, OUT_AT(signal));
}

/* Where the case's instruction lacks a page there is one, and it starts over. Else it goes on behind this. */
static void put_page(struct program *p, unsigned restart)
{
	unsigned out[7], n = 0;

	ldr(p, 5, 3, DATA_AT(in));
	ldr(p, 9, 5, IN_AT(slot));
	cmp_imm(p, 0, SIGSEGV);
	out[n++] = take_off(p, when(NE));
	cmp(p, 7, 9);
	out[n++] = take_off(p, when(NE));
	cmp_imm(p, 8, NO_MAPPING);
	out[n++] = take_off(p, when(NE));
	lsr(p, 9, 6, HIGHEST_SHIFT);
	out[n++] = take_off(p, cbnz(9));
	lsr(p, 9, 6, LOWEST_SHIFT);
	out[n++] = take_off(p, cbz(9));
	ldr(p, 9, 3, DATA_AT(num_pages));
	cmp_imm(p, 9, VECTORS_GUEST_MAX_PAGES);
	out[n++] = take_off(p, when(HS));

	lsl(p, 10, 9, 3);
	add(p, 10, 10, 3);
	add_imm(p, 9, 9, 1);
	str(p, 9, 3, DATA_AT(num_pages));
	lsr(p, 0, 6, 12);
	lsl(p, 0, 0, 12);
	str(p, 0, 10, DATA_AT(page));
	mov(p, 1, VECTORS_GUEST_PAGE);
	mov(p, 2, READ_WRITE);
	mov(p, 3, FIXED);
	put(p, 0x92800004); /* mov x4, #-1 */
	mov(p, 5, 0);
	call(p, CALL_MMAP);
	b(p, restart);
	for (unsigned i = 0; i < n; i++)
		land(p, out[i]);
}

/* The signal's handler, with X0 to X2: number, siginfo_t, ucontext_t. It never returns: none is held off meanwhile. */
static void put_handler(struct program *p, unsigned restart)
{
	mov(p, 3, DATA);
	ldr(p, 4, 3, DATA_AT(out));
	ldr(p, 6, 1, INFO_ADDRESS);
	ldr(p, 7, 2, FRAME_PC);
	ldr_w(p, 8, 1, INFO_CODE);
	put_page(p, restart);
	str(p, 0, 4, OUT_AT(signal));
	for (unsigned i = 0; i < 34; i += 2) {
		ldp(p, 10, 11, 2, FRAME_X + 8 * i);
		stp(p, 10, 11, 4, 8 * i);
	}
	ldr_w(p, 10, 2, FRAME_FPSR);
	str(p, 10, 4, OUT_AT(fpsr));
	ldr_w(p, 10, 2, FRAME_FPCR);
	str(p, 10, 4, OUT_AT(fpcr));
	for (unsigned i = 0; i < 32; i += 2) {
		ldp_q(p, 0, 1, 2, FRAME_V + 16 * i);
		stp_q(p, 0, 1, 4, OUT_AT(v) + 16 * i);
	}
}

/* Takes the pages away that appeared. */
static void put_unmapping(struct program *p)
{
	mov(p, 21, DATA);
	ldr(p, 22, 21, DATA_AT(num_pages));
	unsigned again = p->len, none = take_off(p, cbz(22));
	put(p, 0xd10006d6); /* sub x22, x22, #1 */
	lsl(p, 10, 22, 3);
	add(p, 10, 10, 21);
	ldr(p, 0, 10, DATA_AT(page));
	mov(p, 1, VECTORS_GUEST_PAGE);
	call(p, CALL_MUNMAP);
	b(p, again);
	land(p, none);
}

/* Whatever has written the output: the window, and on to the next case. */
static void put_done(struct program *p, unsigned again)
{
	mov(p, 3, DATA);
	ldr(p, 2, 3, DATA_AT(out));
	add_imm(p, 2, 2, OUT_AT(memory));
	mov(p, 1, VECTORS_WINDOW);
	put_copy(p);
	put_unmapping(p);
	mov(p, 3, DATA);
	ldr(p, 0, 3, DATA_AT(in));
	add_imm(p, 0, 0, sizeof(struct vectors_guest_input));
	str(p, 0, 3, DATA_AT(in));
	ldr(p, 1, 3, DATA_AT(out));
	add_imm(p, 1, 1, sizeof(struct vectors_guest_output));
	str(p, 1, 3, DATA_AT(out));
	mov(p, 1, IN + IN_SIZE);
	cmp(p, 0, 1);
	b_cond(p, NE, again);
}

static void put_batch(struct program *p)
{
	mov(p, 19, IN);
	mov(p, 20, IN + IN_SIZE);
	put_transfer(p, CALL_READ, 0);
	put_slots(p);
	mov(p, 3, DATA);
	mov(p, 0, IN);
	str(p, 0, 3, DATA_AT(in));
	mov(p, 0, OUT);
	str(p, 0, 3, DATA_AT(out));
}

static void put_program(struct program *p, struct places *ret)
{
	put_start(p);
	unsigned batch = p->len;
	put_batch(p);
	unsigned one_case = p->len;
	mov(p, 3, DATA);
	str(p, 31, 3, DATA_AT(num_pages));
	unsigned restart = p->len;
	mov(p, 3, DATA);
	ldr(p, 30, 3, DATA_AT(in));
	put_memory(p);
	mov(p, 1, DATA);
	ldr(p, 1, 1, DATA_AT(out));
	put_registers(p, ret);
	ret->entries = p->len;
	put_entries(p);
	ret->save = p->len;
	put_save(p);
	unsigned saved = take_off(p, when(ALWAYS));
	ret->handler = p->len;
	put_handler(p, restart);
	land(p, saved);
	put_done(p, one_case);
	mov(p, 19, OUT);
	mov(p, 20, OUT + OUT_SIZE);
	put_transfer(p, CALL_WRITE, 1);
	b(p, batch);
}

/* ---- The file ---- */

static struct call map_call(uint64_t start, uint64_t len, uint64_t prot)
{
	return (struct call){CALL_MMAP, {start, len, prot, FIXED, UINT64_MAX, 0}, 0};
}

static void make_data(const struct places *places, struct data *ret)
{
	static const uint8_t signals[NUM_SIGNALS] = {SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV};
	unsigned n = 0;

	*ret = (struct data){.action = {.handler = address_of(places->handler), .flags = ACTION_FLAGS},
			     .stack = {.start = STACK, .size = STACK_SIZE}};
	ret->calls[n++] = map_call(VECTORS_CODE, VECTORS_GUEST_PAGE, READ_WRITE_EXECUTE);
	ret->calls[n++] = map_call(WINDOW, (uint64_t)WINDOW_PAGES * VECTORS_GUEST_PAGE, READ_WRITE);
	ret->calls[n++] = (struct call){CALL_SIGALTSTACK, {DATA + DATA_AT(stack)}, 0};
	for (unsigned i = 0; i < NUM_SIGNALS; i++)
		ret->calls[n++] = (struct call){CALL_SIGACTION, {signals[i], DATA + DATA_AT(action), 0, 8}, 0};
}

struct file {
	Elf64_Ehdr header;
	Elf64_Phdr segment[2];
	uint8_t unused[0x1000 - sizeof(Elf64_Ehdr) - 2 * sizeof(Elf64_Phdr)];
	uint32_t code[MAX_WORDS];
	struct data data;
};

_Static_assert(offsetof(struct file, code) == 0x1000 && offsetof(struct file, data) == 0x2000, "pages");

static void make_headers(struct file *ret)
{
	const uint64_t data_size = VECTORS_GUEST_END - DATA;

	ret->header = (Elf64_Ehdr){.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
				   .e_type = ET_EXEC,
				   .e_machine = EM_AARCH64,
				   .e_version = EV_CURRENT,
				   .e_entry = VECTORS_GUEST_START,
				   .e_phoff = offsetof(struct file, segment),
				   .e_ehsize = sizeof(Elf64_Ehdr),
				   .e_phentsize = sizeof(Elf64_Phdr),
				   .e_phnum = 2};
	ret->segment[0] = (Elf64_Phdr){.p_type = PT_LOAD,
				       .p_flags = PF_R | PF_X,
				       .p_offset = offsetof(struct file, code),
				       .p_vaddr = VECTORS_GUEST_START,
				       .p_filesz = sizeof ret->code,
				       .p_memsz = sizeof ret->code,
				       .p_align = VECTORS_GUEST_PAGE};
	ret->segment[1] = (Elf64_Phdr){.p_type = PT_LOAD,
				       .p_flags = PF_R | PF_W,
				       .p_offset = offsetof(struct file, data),
				       .p_vaddr = DATA,
				       .p_filesz = sizeof ret->data,
				       .p_memsz = data_size,
				       .p_align = VECTORS_GUEST_PAGE};
}

struct error *vectors_guest_make(struct strbuf *image, struct vectors_guest *ret)
{
	struct file file = {.segment = {{0}}};
	struct program program = {.len = 0};
	struct places places;

	put_program(&program, &places);
	make_headers(&file);
	memcpy(file.code, program.word, sizeof file.code);
	make_data(&places, &file.data);
	strbuf_append_bytes(image, &file, sizeof file);
	*ret = (struct vectors_guest){.marks = address_of(places.marks),
				      .unmarked = address_of(places.unmarked),
				      .entries = address_of(places.entries),
				      .save = address_of(places.save)};
	return strbuf_failed(image) ? &error_no_memory : NULL;
}

uint64_t vectors_guest_slot(unsigned slot)
{
	return VECTORS_CODE + (uint64_t)slot * VECTORS_GUEST_SLOT;
}

void vectors_guest_mark(const struct vectors_guest *guest, uint64_t address, unsigned bytes,
			struct vectors_guest_input *ret)
{
	unsigned log = 0;

	while (bytes >> log > 1)
		log++;
	ret->marked = address;
	ret->mark = bytes ? guest->marks + sizeof(uint32_t) * MARK_WORDS * log : guest->unmarked;
}

void vectors_guest_aim(const struct vectors_guest *guest, unsigned slot, uint32_t word, struct vectors_guest_input *ret)
{
	uint64_t at = vectors_guest_slot(slot);
	uint32_t back = branch(at + sizeof word, guest->save);

	ret->code = (uint64_t)back << 32 | word;
	ret->slot = at;
	ret->entry = guest->entries + sizeof(uint32_t) * ENTRY_WORDS * slot;
}
