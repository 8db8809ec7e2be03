/*
 * Of what instructions compute that of which the test vectors have nothing: the exclusive monitor, alignment, system
 * registers, FPCR.AH and NEP, what CPUs lack. Expected values are those of the manual's pseudocode.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "arch/aarch64/aarch64.h"
#include "lib/testing/assert.h"
#include "lib/testing/lifting.h"

enum { MEMORY = 0x20000000, MEMORY_LEN = 4096, MAX_WORDS = 256 };

static struct lifting lifting;

/* The machine that instructions are run on. */
static uint64_t state[MAX_WORDS];
static uint64_t unknown[MAX_WORDS]; /* undefined bits of what was written last */
static uint8_t memory[MEMORY_LEN];
static struct eval eval;

static void setup(void)
{
	lifting_begin(&lifting, &isa_aarch64);
	ck_assert_uint_le(isa_aarch64.num_words, MAX_WORDS);
}

static void teardown(void)
{
	eval_deinit(&eval);
	lifting_end(&lifting);
}

static struct insn lift(uint32_t word)
{
	return lifting_word(&lifting, word);
}

/* ---- Running ---- */

static enum mem_result load(void *ctx, uint64_t address, unsigned len, uint8_t *ret, uint8_t *ret_unknown)
{
	(void)ctx;
	(void)ret_unknown;
	memset(ret, 0, len);
	if (address / 4096 == LIFTING_PC / 4096)
		return MEM_OK;
	if (address < MEMORY || address + len > MEMORY + MEMORY_LEN)
		return MEM_FAULT;
	memcpy(ret, memory + (address - MEMORY), len);
	return MEM_OK;
}

static uint64_t get(uint32_t reg)
{
	return state[isa_aarch64.regs[reg].word];
}

static void set(uint32_t reg, uint64_t value)
{
	state[isa_aarch64.regs[reg].word] = value;
	unknown[isa_aarch64.regs[reg].word] = 0;
}

/* Undefined or outside bits of the low word. */
static uint64_t open_bits(uint32_t reg)
{
	return unknown[isa_aarch64.regs[reg].word];
}

static void clear_machine(void)
{
	memset(state, 0, sizeof state);
	memset(unknown, 0, sizeof unknown);
	memset(memory, 0, sizeof memory);
	set(A64_x1, MEMORY + 64);
}

/* Stored bytes arrive in memory; those that are open become 0xee. */
static void apply_outputs(void)
{
	for (size_t i = 0; i < eval.num_stores; i++) {
		const struct eval_store *s = &eval.stores[i];
		ck_assert_uint_ge(s->address, MEMORY);
		ck_assert_uint_le(s->address + s->len, MEMORY + MEMORY_LEN);
		for (unsigned k = 0; k < s->len; k++)
			memory[s->address - MEMORY + k] = s->masked && s->mask[k] ? 0xee : s->data[k];
	}
	for (size_t i = 0; i < eval.num_regs; i++) {
		const struct eval_reg *r = &eval.regs[i];
		for (unsigned k = 0; k < r->num_words; k++) {
			state[isa_aarch64.regs[r->reg].word + k] = r->value[k];
			unknown[isa_aarch64.regs[r->reg].word + k] = r->mask ? r->mask[k] : 0;
		}
	}
}

static enum eval_status evaluate(uint32_t word)
{
	const struct eval_memory access = {.load = load};
	struct insn insn = lift(word);
	struct prog *prog;

	ck_assert_int_eq(insn.status, LIFT_DONE);
	ck_no_error(prog_compile(&lifting.transfer, &isa_aarch64.layout, &prog));
	ck_no_error(prog_run(prog, state, NULL, &access, &eval));
	prog_destroy(prog);
	return eval.status;
}

/* The fault, FAULT_NONE if the instruction took place. Open bits of the state count as zeros. */
static enum fault_kind run(uint32_t word)
{
	enum eval_status result = evaluate(word);

	if (result == EVAL_FAULT)
		return eval.fault;
	ck_assert_int_eq(result, EVAL_DONE);
	apply_outputs();
	return FAULT_NONE;
}

/* ---- The monitor ---- */

enum {
	LDXR_X0_X1 = 0xc85f7c20,       /* ldxr x0, [x1] */
	STXR_W3_X2_X1 = 0xc8037c22,    /* stxr w3, x2, [x1] */
	STXR_W3_W2_X1 = 0x88037c22,    /* stxr w3, w2, [x1] */
	LDXP_X0_X4_X1 = 0xc87f1020,    /* ldxp x0, x4, [x1] */
	STXP_W3_X2_X5_X1 = 0xc8231422, /* stxp w3, x2, x5, [x1] */
	STR_X2_X1 = 0xf9000022,        /* str x2, [x1] */
	CLREX = 0xd5033f5f,
	SVC = 0xd4000001,
};

static void prepare_exclusive(void)
{
	clear_machine();
	memory[64] = 7;
	set(A64_x2, 0x1122334455667788);
	set(A64_x3, 99);
}

START_TEST(exclusive_succeeds)
{
	prepare_exclusive();
	ck_assert_int_eq(run(LDXR_X0_X1), FAULT_NONE);
	ck_assert_uint_eq(get(A64_x0), 7);
	ck_assert_int_eq(run(STXR_W3_X2_X1), FAULT_NONE);
	ck_assert_uint_eq(get(A64_x3), 0);
	ck_assert_uint_eq(open_bits(A64_x3), 0);
	ck_assert_uint_eq(memory[64], 0x88);
	ck_assert_uint_eq(memory[71], 0x11);
	/* The mark is gone. */
	ck_assert_int_eq(run(STXR_W3_X2_X1), FAULT_NONE);
	ck_assert_uint_eq(get(A64_x3), 1);
	ck_assert_uint_eq(eval.num_stores, 0);
}
END_TEST

START_TEST(exclusive_pair_succeeds)
{
	prepare_exclusive();
	memory[72] = 9;
	set(A64_x5, 0x99);
	ck_assert_int_eq(run(LDXP_X0_X4_X1), FAULT_NONE);
	ck_assert_uint_eq(get(A64_x0), 7);
	ck_assert_uint_eq(get(A64_x4), 9);
	ck_assert_int_eq(run(STXP_W3_X2_X5_X1), FAULT_NONE);
	ck_assert_uint_eq(get(A64_x3), 0);
	ck_assert_uint_eq(memory[64], 0x88);
	ck_assert_uint_eq(memory[72], 0x99);
}
END_TEST

/* No mark at all, and what takes a mark away. */
START_TEST(exclusive_fails)
{
	static const uint32_t between[] = {0, CLREX, SVC, STXR_W3_X2_X1};

	for (size_t i = 0; i < sizeof between / sizeof *between; i++) {
		prepare_exclusive();
		if (between[i]) {
			ck_assert_int_eq(run(LDXR_X0_X1), FAULT_NONE);
			ck_assert_int_eq(run(between[i]), FAULT_NONE);
		}
		ck_assert_int_eq(run(STXR_W3_X2_X1), FAULT_NONE);
		ck_assert_uint_eq(get(A64_x3), 1);
		ck_assert_uint_eq(open_bits(A64_x3), 0);
		ck_assert_uint_eq(eval.num_stores, 0);
		/* Nor does it need memory. */
		set(A64_x1, 0);
		ck_assert_int_eq(run(STXR_W3_X2_X1), FAULT_NONE);
		ck_assert_uint_eq(get(A64_x3), 1);
	}
}
END_TEST

/* Other contents: the architecture allows both outcomes. */
START_TEST(exclusive_is_open)
{
	prepare_exclusive();
	ck_assert_int_eq(run(LDXR_X0_X1), FAULT_NONE);
	ck_assert_int_eq(run(STR_X2_X1), FAULT_NONE);
	set(A64_x2, UINT64_MAX);
	ck_assert_int_eq(run(STXR_W3_X2_X1), FAULT_NONE);
	ck_assert_uint_eq(open_bits(A64_x3), 1);
	ck_assert_uint_eq(get(A64_x3) & ~UINT64_C(1), 0);
	ck_assert_uint_eq(eval.num_stores, 1);
	ck_assert(eval.stores[0].masked);
	ck_assert_uint_eq(get(A64_monitor), 0);
}
END_TEST

/* Another address, another size: a fault is allowed as well, and none where there is no memory. */
START_TEST(exclusive_elsewhere_is_open)
{
	static const struct {
		uint64_t address;
		uint32_t word;
	} elsewhere[] = {{MEMORY + 128, STXR_W3_X2_X1}, {0, STXR_W3_X2_X1}, {MEMORY + 64, STXR_W3_W2_X1}};

	prepare_exclusive();
	ck_assert_int_eq(run(LDXR_X0_X1), FAULT_NONE);
	set(A64_x1, elsewhere[_i].address);
	ck_assert_int_eq(evaluate(elsewhere[_i].word), EVAL_UNKNOWN);
}
END_TEST

/* ---- Alignment ---- */

static const struct {
	uint32_t word;
	uint64_t address; /* in x1 */
	enum fault_kind fault;
} alignments[] = {
	{0xf9400020, MEMORY + 9, FAULT_NONE}, /* ldr x0, [x1] */
	{LDXR_X0_X1, MEMORY + 8, FAULT_NONE},
	{LDXR_X0_X1, MEMORY + 9, FAULT_ALIGNMENT}, /* crosses 16 bytes */
	{LDXR_X0_X1, MEMORY + 4, FAULT_NONE},      /* does not */
	{LDXP_X0_X4_X1, MEMORY + 8, FAULT_ALIGNMENT},
	{0xf8200020, MEMORY + 9, FAULT_ALIGNMENT},  /* ldadd x0, x0, [x1] */
	{0x38200020, MEMORY + 15, FAULT_NONE},      /* ldaddb w0, w0, [x1] */
	{0x78200020, MEMORY + 15, FAULT_ALIGNMENT}, /* ldaddh */
	{0xc8dffc20, MEMORY + 13, FAULT_ALIGNMENT}, /* ldar x0, [x1] */
	{0x889ffc20, MEMORY + 12, FAULT_NONE},      /* stlr w0, [x1] */
	{0x48207c20, MEMORY + 8, FAULT_ALIGNMENT},  /* casp x0, x1, x0, x1, [x1] */
};

START_TEST(alignment)
{
	clear_machine();
	set(A64_x1, alignments[_i].address);
	ck_assert_int_eq(run(alignments[_i].word), alignments[_i].fault);
	set(A64_naa, 1);
	set(A64_x1, alignments[_i].address);
	ck_assert_int_eq(run(alignments[_i].word), FAULT_NONE);
}
END_TEST

/* Through SP, that has to be a multiple of 16. */
START_TEST(stack_alignment)
{
	clear_machine();
	set(A64_sp, MEMORY + 72);
	ck_assert_int_eq(run(0xf94003e0), FAULT_ALIGNMENT); /* ldr x0, [sp] */
	ck_assert_int_eq(run(0x910043e0), FAULT_NONE);      /* add x0, sp, #16 */
	set(A64_sp, MEMORY + 80);
	ck_assert_int_eq(run(0xf94003e0), FAULT_NONE);
}
END_TEST

/* ---- System ---- */

START_TEST(zero_block)
{
	static const struct {
		unsigned dczid, bytes;
	} sizes[] = {{4, 64}, {5, 128}, {7, 512}, {9, 2048}};

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		clear_machine();
		memset(memory, 0x55, sizeof memory);
		set(A64_x0, MEMORY + 2048 + sizes[i].bytes - 3);
		set(A64_dczid_el0, sizes[i].dczid);
		ck_assert_int_eq(run(0xd50b7420), FAULT_NONE);
		for (unsigned k = 0; k < MEMORY_LEN; k++)
			ck_assert_uint_eq(memory[k], k >= 2048 && k < 2048 + sizes[i].bytes ? 0 : 0x55);
	}
	set(A64_dczid_el0, 0x14); /* prohibited */
	ck_assert_int_eq(run(0xd50b7420), FAULT_UNDEFINED);
}
END_TEST

START_TEST(system_registers)
{
	clear_machine();
	set(A64_x0, 0xa0000000);
	ck_assert_int_eq(run(0xd51b4200), FAULT_NONE); /* msr nzcv, x0 */
	ck_assert_uint_eq(get(A64_nf) << 3 | get(A64_zf) << 2 | get(A64_cf) << 1 | get(A64_vf), 0xa);
	ck_assert_int_eq(run(0xd53b4202), FAULT_NONE); /* mrs x2, nzcv */
	ck_assert_uint_eq(get(A64_x2), 0xa0000000);
	set(A64_x0, UINT64_MAX);
	ck_assert_int_eq(run(0xd51b4400), FAULT_NONE); /* msr fpcr, x0 */
	ck_assert_uint_eq(get(A64_fpcr) & ~open_bits(A64_fpcr), 0x07c00000);
	ck_assert_uint_eq(open_bits(A64_fpcr) & 0x07c00000, 0);
	ck_assert_int_eq(run(0xd51b4420), FAULT_NONE); /* msr fpsr, x0 */
	ck_assert_uint_eq(get(A64_fpsr) & ~open_bits(A64_fpsr), 0x0800009f);
	set(A64_x0, 0x1234);
	ck_assert_int_eq(run(0xd51bd040), FAULT_NONE); /* msr tpidr_el0, x0 */
	ck_assert_int_eq(run(0xd53bd043), FAULT_NONE); /* mrs x3, tpidr_el0 */
	ck_assert_uint_eq(get(A64_x3), 0x1234);
}
END_TEST

/* ---- FPCR.AH, FIZ, NEP (FEAT_AFP) ---- */

enum { FIZ = 1, AH = 2, NEP = 4, UP = 1 << 22, FZ = 1 << 24 };

/* The low halves of v0 before, of v1 and v2; of v0 afterwards; FPSR: IOC 1, DZC 2, IXC 0x10, IDC 0x80. */
static const struct {
	const char *name;
	uint32_t word, fpcr;
	uint64_t before, n, m, after, open;
	uint32_t fpsr;
} alternates[] = {
	{"fneg v0.4s, v1.4s", 0x6ea0f820, 0, 0, 0x7fc000013f800000, 0, 0xffc00001bf800000, 0, 0},
	{"fneg v0.4s, v1.4s", 0x6ea0f820, AH, 0, 0x7fc000013f800000, 0, 0x7fc00001bf800000, 0, 0},
	{"fabs v0.4s, v1.4s", 0x4ea0f820, AH, 0, 0xff800001ff800000, 0, 0xff8000017f800000, 0, 0},
	{"fabs s0, s1", 0x1e20c020, AH, 0x1111111122222222, 0xffc00000, 0, 0xffc00000, 0, 0},
	{"fabs s0, s1", 0x1e20c020, NEP, 0x1111111122222222, 0xffc00000, 0, 0x111111117fc00000, 0, 0},
	{"fmov s0, s1", 0x1e204020, NEP, 0x1111111122222222, 0xffc00000, 0, 0xffc00000, 0, 0},
	{"fnmul s0, s1, s2", 0x1e228820, 0, 0, 0x7fc00001, 0x3f800000, 0xffc00001, 0, 0},
	{"fnmul s0, s1, s2", 0x1e228820, AH, 0, 0x7fc00001, 0x3f800000, 0x7fc00001, 0, 0},
	{"fadd s0, s1, s2", 0x1e222820, 0, 0, 0x7fc00001, 0x7f800002, 0x7fc00002, 0, 0x01},
	{"fadd s0, s1, s2", 0x1e222820, AH, 0, 0x7fc00001, 0x7f800002, 0x7fc00001, 0, 0x01},
	{"fadd s0, s1, s2", 0x1e222820, FZ, 0, 0x00000001, 0x3f800000, 0x3f800000, 0, 0x80},
	{"fadd s0, s1, s2", 0x1e222820, FIZ, 0, 0x00000001, 0x3f800000, 0x3f800000, 0, 0},
	{"fadd s0, s1, s2", 0x1e222820, AH | FZ, 0, 0x00000001, 0x3f800000, 0x3f800000, 0, 0x90},
	{"fadd s0, s1, s2", 0x1e222820, AH | FIZ, 0, 0x00000001, 0x3f800000, 0x3f800000, 0, 0},
	{"fmin s0, s1, s2", 0x1e225820, AH, 0, 0x7fc00001, 0x3f800000, 0x3f800000, 0, 0x01},
	{"frecpe s0, s1", 0x5ea1d820, 0, 0, 0, 0, 0x7f800000, 0, 0x02},
	{"frecpe s0, s1", 0x5ea1d820, AH, 0, 0, 0, 0x7f800000, 0, 0},
	{"frecpe s0, s1", 0x5ea1d820, 0, 0, 0x3f800000, 0, 0x3f7f8000, 0, 0},
	{"frecpe s0, s1: FEAT_RPRES or not", 0x5ea1d820, AH, 0, 0x3f800000, 0, 0x3f7f8000, 0x7000, 0},
	{"bfcvt h0, s1", 0x1e634020, UP, 0, 0x3f808000, 0, 0x3f81, 0, 0x10},
	{"bfcvt h0, s1", 0x1e634020, UP | AH, 0, 0x3f808000, 0, 0x3f80, 0, 0},
	{"bfmlalb v0.4s, v1.8h, v2.8h", 0x2ec2fc20, 0, 1, 0x3f80, 0x3f80, 0x3f800000, 0, 0x10},
	{"bfmlalb v0.4s, v1.8h, v2.8h", 0x2ec2fc20, AH, 1, 0x3f80, 0x3f80, 0x3f800000, 0, 0},
};

START_TEST(alternate_floats)
{
	clear_machine();
	set(A64_fpcr, alternates[_i].fpcr);
	set(A64_v0, alternates[_i].before);
	set(A64_v1, alternates[_i].n);
	set(A64_v2, alternates[_i].m);
	ck_assert_int_eq(run(alternates[_i].word), FAULT_NONE);
	ck_assert_msg((get(A64_v0) & ~open_bits(A64_v0)) == (alternates[_i].after & ~open_bits(A64_v0)),
		      "%s: %#" PRIx64, alternates[_i].name, get(A64_v0));
	ck_assert_uint_eq(open_bits(A64_v0), alternates[_i].open);
	ck_assert_uint_eq(get(A64_fpsr), alternates[_i].fpsr);
}
END_TEST

/* A code takes some of the upper bits, never bit 55 or the address. */
START_TEST(pointer_codes)
{
	static const uint32_t words[] = {0xd503233f, 0xd50323bf, 0xdac143fe,
					 0xdac103fe}; /* paciasp autiasp xpaci pacia */

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		clear_machine();
		set(A64_x30, 0x0080000fedcba987);
		ck_assert_int_eq(run(words[i]), FAULT_NONE);
		ck_assert_uint_eq(get(A64_x30) & ~open_bits(A64_x30) & 0x0080000fffffffff, 0x0080000fedcba987);
		ck_assert_uint_eq(open_bits(A64_x30) & 0x0080000fffffffff, 0);
	}
}
END_TEST

/* ---- CPUs ---- */

/* What QEMU's models show in identification registers, and in a pointer behind XPACLRI. */
static const struct cpu_model {
	const char *name;
	uint64_t pfr0, pfr1, isar0, isar1, isar2, isar3;
	bool strips; /* to 48 bits */
} models[] = {
	{"cortex-a57", 0x11, 0, 0x11120, 0, 0, 0, false},
	{"max of 7.2", 0x1000100110011, 0x1000321, 0x1021111110212120, 0x11101101211012, 0, 0, true},
	{"neoverse-v1 of 11.1", 0x1000100110011, 0x20, 0x1011111110212120, 0x11000010211302, 0, 0, true},
	{"max of 11.1", 0x1000100110011, 0x2000321, 0x1021111110312120, 0x11201110211502, 0x20000000110012, 0x10000010,
	 true},
};
enum { A57, MAX_72, V1_111, MAX_111, NO_MODEL };

static void tell(uint32_t word, uint32_t reg, uint64_t before, uint64_t after)
{
	struct insn insn = lift(word);
	uint64_t was[MAX_WORDS] = {0}, is[MAX_WORDS] = {0};

	was[isa_aarch64.regs[reg].word] = before;
	is[isa_aarch64.regs[reg].word] = after;
	isa_aarch64.lifter_observe(lifting.lifter, &insn, was, is);
}

static void be(const struct cpu_model *m)
{
	const struct isa_cpu nothing = {0};

	isa_aarch64.lifter_set_cpu(lifting.lifter, &nothing);
	tell(0xd5380400, A64_x0, 0, m->pfr0);
	tell(0xd5380420, A64_x0, 0, m->pfr1);
	tell(0xd5380600, A64_x0, 0, m->isar0);
	tell(0xd5380620, A64_x0, 0, m->isar1);
	tell(0xd5380640, A64_x0, 0, m->isar2);
	tell(0xd5380660, A64_x0, 0, m->isar3);
	if (!m->strips)
		return;
	tell(0xd50320ff, A64_x30, 0xff7fffff00000000, 0xff00ffff00000000);
	tell(0xd50320ff, A64_x30, 0x0080000000000000, 0xffff000000000000);
}

/* What these models execute, by trying: bit i is models[i]. */
static const struct {
	uint32_t word;
	unsigned executed;
} presence[] = {
	{0xf8200022, 0xe}, /* ldadd x0, x2, [x1] */
	{0x1e7e0003, 0xe}, /* fjcvtzs w3, d0 */
	{0x4e829420, 0xe}, /* sdot v0.4s, v1.16b, v2.16b */
	{0xdac10841, 0xe}, /* pacda x1, x2 */
	{0xd503309f, 0xf}, /* ssbb */
	{0x1ee22820, 0xe}, /* fadd h0, h1, h2 */
	{0x04200020, 0xe}, /* add z0.b, z1.b, z0.b */
	{0x6e828420, 0xe}, /* sqrdmlah v0.4s, v1.4s, v2.4s */
	{0x9ac00c20, 0xf}, /* sdiv */
	{0x9ac04c20, 0xf}, /* crc32x */
	{0xd51b42a0, 0xe}, /* msr dit, x0: not there without FEAT_DIT */
	{0xd503233f, 0xf}, /* paciasp: a hint */
	{0x9ac06020, 0x8}, /* smax x0, x1, x0 */
	{0x74c00000, 0x8}, /* cbhi w0, w0 */
	{0xd53be0c0, 0x8}, /* mrs x0, cntvctss_el0, with MMFR0 as below */
};

/* FPCR.FZ16 is RES0 without FEAT_FP16, and so are Len and Stride without AArch32: Arm ARM C5.2.8. */
START_TEST(written_control)
{
	const uint64_t half = 1 << 19, vectors = 0x370000;

	be(&models[_i]);
	clear_machine();
	set(A64_x0, UINT64_MAX);
	ck_assert_int_eq(run(0xd51b4400), FAULT_NONE); /* msr fpcr, x0 */
	ck_assert_uint_eq(open_bits(A64_fpcr) & (half | vectors), _i == A57 ? half | vectors : vectors);
	ck_assert_uint_eq(get(A64_fpcr) & ~open_bits(A64_fpcr), _i == A57 ? 0x07c00000 : 0x07c80000);
}
END_TEST

START_TEST(what_the_cpu_lacks)
{
	bool executed = presence[_i / NO_MODEL].executed >> _i % NO_MODEL & 1;
	uint32_t word = presence[_i / NO_MODEL].word;

	be(&models[_i % NO_MODEL]);
	tell(0xd5380700, A64_x0, 0, _i % NO_MODEL == MAX_111 ? 0x20000000ff000000 : 0xff000000);
	struct insn insn = lift(word);
	bool faults = lifting.transfer.faults.len && lifting.transfer.faults.at[0].kind == FAULT_UNDEFINED;
	ck_assert_msg(faults == !executed, "%08x on %s", word, models[_i % NO_MODEL].name);
	ck_assert_msg(executed || insn.rule, "%08x on %s", word, models[_i % NO_MODEL].name);
}
END_TEST

/* What QEMU's models made of X0, and which of its bits are the keys' affair. */
static const struct {
	uint32_t word;
	int model;
	uint64_t before, after, open;
	bool may_fault;
} pointers[] = {
	/* pacia x0, x1 */
	{0xdac10020, MAX_72, 0x1200123456789abc, 0x120a123456789abc, 0x007f000000000000, false},
	{0xdac10020, MAX_111, 0x92f0123456789abc, 0x0080123456789abc, 0xff7f000000000000, false}, /* manual */
	/* autia x0, x1, which fails; autib */
	{0xdac11020, MAX_72, 0x1200123456789abc, 0x1220123456789abc, 0x0020000000000000, false},
	{0xdac11420, MAX_72, 0x1200123456789abc, 0x1240123456789abc, 0x0040000000000000, false},
	{0xdac11020, MAX_72, 0x3480123456789abc, 0xbfff123456789abc, 0x4000000000000000, false},
	{0xdac11420, MAX_72, 0x3480123456789abc, 0xdfff123456789abc, 0x2000000000000000, false},
	{0xdac11020, V1_111, 0x1200123456789abc, 0x1270123456789abc, 0x007f000000000000, false},
	{0xdac11420, V1_111, 0x3480123456789abc, 0xc192123456789abc, 0xff7f000000000000, false},
	{0xdac11020, MAX_111, 0x1200123456789abc, 0x1200123456789abc, 0, true},
	/* xpaci x0 */
	{0xdac143e0, MAX_72, 0x127fffff56789abc, 0x1200ffff56789abc, 0, false},
	{0xdac143e0, MAX_111, 0x3480000056789abc, 0xffff000056789abc, 0, false},
};

START_TEST(pointers_of_a_cpu)
{
	be(&models[pointers[_i].model]);
	clear_machine();
	set(A64_x0, pointers[_i].before);
	ck_assert_int_eq(run(pointers[_i].word), FAULT_NONE);
	ck_assert_uint_eq(open_bits(A64_x0), pointers[_i].open);
	ck_assert_uint_eq(get(A64_x0) & ~pointers[_i].open, pointers[_i].after & ~pointers[_i].open);
	ck_assert(lift(pointers[_i].word).may_fault >> FAULT_UNDEFINED == pointers[_i].may_fault);
}
END_TEST

/* Of a program that has not asked for tags, as QEMU 7.2 and 11.1 execute them. */
START_TEST(tags)
{
	clear_machine();
	set(A64_x0, 0x0f00123400000010);
	ck_assert_int_eq(run(0x9ac01001), FAULT_NONE); /* irg x1, x0 */
	ck_assert_uint_eq(get(A64_x1), 0x123400000010);
	ck_assert_int_eq(run(0x91820401), FAULT_NONE); /* addg x1, x0, #32, #1 */
	ck_assert_uint_eq(get(A64_x1), 0x123400000030);
	ck_assert_int_eq(run(0xd1820401), FAULT_NONE); /* subg */
	ck_assert_uint_eq(get(A64_x1), 0x1233fffffff0);
	set(A64_x1, MEMORY + 24);
	ck_assert_int_eq(run(0xd9200820), FAULT_ALIGNMENT); /* stg x0, [x1] */
	set(A64_x1, MEMORY + 32);
	memset(memory, 0x55, sizeof memory);
	ck_assert_int_eq(run(0xd9600c20), FAULT_NONE); /* stzg x0, [x1, #0]! */
	ck_assert_uint_eq(memory[31] << 16 | memory[32] << 8 | memory[47], 0x550000);
	ck_assert_uint_eq(memory[48], 0x55);
	ck_assert_int_eq(run(0xd9e00420), FAULT_NONE); /* stz2g x0, [x1], #0 */
	ck_assert_uint_eq(memory[63] << 8 | memory[64], 0x55);
}
END_TEST

/* The base is loaded too: what is left in it is open (Arm ARM K1.2). */
START_TEST(base_overlap)
{
	clear_machine();
	ck_assert_int_eq(run(0xf8408421), FAULT_NONE); /* ldr x1, [x1], #8 */
	ck_assert_uint_eq(open_bits(A64_x1), UINT64_MAX);
	clear_machine();
	ck_assert_int_eq(run(0xf8008421), FAULT_NONE); /* str x1, [x1], #8 */
	ck_assert_uint_eq(get(A64_x1), MEMORY + 72);
	ck_assert_uint_eq(open_bits(A64_x1), 0);
	ck_assert(eval.stores[0].masked);
	clear_machine();
	ck_assert_int_eq(run(0xa9400420), FAULT_NONE); /* ldp x0, x1, [x1]: no write-back */
	ck_assert_uint_eq(open_bits(A64_x1), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("aarch64 running");
	TCase *runs = tcase_create("runs");

	tcase_add_checked_fixture(runs, setup, teardown);
	tcase_add_test(runs, exclusive_succeeds);
	tcase_add_test(runs, exclusive_pair_succeeds);
	tcase_add_test(runs, exclusive_fails);
	tcase_add_test(runs, exclusive_is_open);
	tcase_add_loop_test(runs, exclusive_elsewhere_is_open, 0, 3);
	tcase_add_loop_test(runs, alignment, 0, sizeof alignments / sizeof *alignments);
	tcase_add_test(runs, stack_alignment);
	tcase_add_test(runs, zero_block);
	tcase_add_test(runs, system_registers);
	tcase_add_loop_test(runs, alternate_floats, 0, sizeof alternates / sizeof *alternates);
	tcase_add_test(runs, pointer_codes);
	tcase_add_test(runs, base_overlap);
	tcase_add_loop_test(runs, written_control, 0, NO_MODEL);
	tcase_add_loop_test(runs, what_the_cpu_lacks, 0, NO_MODEL * (int)(sizeof presence / sizeof *presence));
	tcase_add_loop_test(runs, pointers_of_a_cpu, 0, sizeof pointers / sizeof *pointers);
	tcase_add_test(runs, tags);
	suite_add_tcase(suite, runs);
	return test_main(suite);
}
