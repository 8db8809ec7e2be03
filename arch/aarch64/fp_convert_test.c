/*
 * Conversions beyond the test vectors: FJCVTZS by MPFR; what FPCR.NEP merges, by what an emulator (QEMU 11.1) makes of
 * it; encodings that are unallocated.
 */
#include <mpfr.h>
#include <string.h>

#include "arch/aarch64/aarch64.h"
#include "lib/expr/eval.h"
#include "lib/testing/assert.h"
#include "lib/testing/fp_operands.h"
#include "lib/testing/lifting.h"

enum { MAX_WORDS = 256 };
enum { IOC = 1, IXC = 16, IDC = 128 }; /* FPSR (Arm ARM C5.2.10) */

static struct lifting lifting;
static struct prog *prog;
static struct eval eval;
static uint64_t state[MAX_WORDS];

static void setup(void)
{
	lifting_begin(&lifting, &isa_aarch64);
	ck_assert_uint_le(isa_aarch64.num_words, MAX_WORDS);
	memset(state, 0, sizeof state);
	prog = NULL;
	eval = (struct eval){0};
}

static void teardown(void)
{
	eval_deinit(&eval);
	prog_destroy(prog);
	lifting_end(&lifting);
}

static void lift(uint32_t word)
{
	struct insn insn = lifting_word(&lifting, word);

	ck_assert_msg(insn.status == LIFT_DONE, "%08x: %d", word, (int)insn.status);
}

static uint64_t *reg(uint32_t r)
{
	return state + isa_aarch64.regs[r].word;
}

/* From the state to that after what was lifted and compiled. */
static void run(void)
{
	ck_no_error(prog_run(prog, state, NULL, NULL, &eval));
	ck_assert_int_eq(eval.status, EVAL_DONE);
	for (size_t i = 0; i < eval.num_regs; i++)
		memcpy(reg(eval.regs[i].reg), eval.regs[i].value, eval.regs[i].num_words * sizeof(uint64_t));
}

/* ---- FJCVTZS ---- */

struct javascript {
	uint32_t value, fpsr;
	bool exact;
};

/* A number: cut, and taken modulo 2^32 (ECMAScript, ToInt32()). */
static struct javascript of_number(double a)
{
	struct javascript ret = {0};
	mpfr_t n, whole, modulus;

	mpfr_inits2(2048, n, whole, modulus, (mpfr_ptr)0);
	mpfr_set_d(n, a, MPFR_RNDN);
	mpfr_trunc(whole, n);
	bool inexact = mpfr_cmp(n, whole) != 0;
	bool fits = mpfr_cmp_si(whole, INT32_MIN) >= 0 && mpfr_cmp_si(whole, INT32_MAX) <= 0;
	mpfr_set_ui_2exp(modulus, 1, 32, MPFR_RNDN);
	mpfr_fmod(whole, whole, modulus, MPFR_RNDN);
	ret.value = (uint32_t)mpfr_get_si(whole, MPFR_RNDN);
	ret.fpsr = !fits ? IOC : inexact ? IXC : 0;
	ret.exact = fits && !inexact && !(mpfr_zero_p(n) && mpfr_signbit(n));
	mpfr_clears(n, whole, modulus, (mpfr_ptr)0);
	return ret;
}

static struct javascript expected(uint64_t bits, bool flush)
{
	double a;

	memcpy(&a, &bits, sizeof a);
	switch (fp_classify(FP_F64, bits)) {
	case FP_CLASS_ZERO:
	case FP_CLASS_NORMAL: return of_number(a);
	case FP_CLASS_DENORMAL: return flush ? (struct javascript){.fpsr = IDC} : of_number(a);
	default: return (struct javascript){.fpsr = IOC};
	}
}

/* Around and above what a double holds of integers: all that is left of some is above 2^32. */
static uint64_t any_double(struct rng *r)
{
	uint64_t random = rng_next(r);

	if (random & 1)
		return (uint64_t)fp_operand_any(r, FP_F64);
	return (rng_next(r) & ~(UINT64_C(0x7ff) << 52)) | (1023 + (random >> 1) % 90) << 52;
}

START_TEST(javascript)
{
	const uint64_t fz = UINT64_C(1) << 24;
	struct rng r = {1};

	lift(0x1e7e0020); /* fjcvtzs w0, d1 */
	ck_no_error(prog_compile(&lifting.transfer, &isa_aarch64.layout, &prog));
	for (uint64_t i = 0; i < fp_cases(20000); i++) {
		uint64_t a = any_double(&r), flush = rng_below(&r, 2);
		struct javascript want = expected(a, flush);

		reg(A64_v1)[0] = a;
		*reg(A64_fpcr) = flush ? fz : 0;
		*reg(A64_fpsr) = 0;
		run();
		ck_assert_msg(*reg(A64_x0) == want.value && *reg(A64_zf) == want.exact && *reg(A64_fpsr) == want.fpsr,
			      "%#llx flush %u: %#llx z %u fpsr %#x", (unsigned long long)a, (unsigned)flush,
			      (unsigned long long)*reg(A64_x0), (unsigned)*reg(A64_zf), (unsigned)*reg(A64_fpsr));
		ck_assert_uint_eq(*reg(A64_nf) | *reg(A64_cf) | *reg(A64_vf), 0);
	}
	mpfr_free_cache();
}
END_TEST

/* ---- FPCR.NEP ---- */
/* clang-format off */
static const struct {
	const char *text;
	uint32_t word;
	uint64_t result[2]; /* the low half first */
} merged[] = {
	{"fsqrt h0, h3", 0x1ee1c060, {0x7777777777773c00, 0x8888888888888888}},
	{"fsqrt s0, s1", 0x1e21c020, {0x777777773fcadcad, 0x8888888888888888}},
	{"fmadd s0, s1, s2, s3", 0x1f020c20, {0x3ff000004108c1b2, 0x5555555566666666}},
	{"fnmsub h0, h1, h2, h3", 0x1fe28c20, {0x3ff000003f80c840, 0x5555555566666666}},
	{"fmadd d0, d1, d2, d3", 0x1f420c20, {0x402100006030c201, 0x5555555566666666}},
	{"fmax s0, s1, s2", 0x1e224820, {0x4004000040404200, 0x1111111122222222}},
	{"fminnm d0, d1, d2", 0x1e627820, {0x400400004020c100, 0x1111111122222222}},
	{"frintn s0, s1", 0x1e244020, {0x7777777740400000, 0x8888888888888888}},
	{"frinti h0, h1", 0x1ee7c020, {0x777777777777c000, 0x8888888888888888}},
	{"frint32z d0, d1", 0x1e684020, {0x4000000000000000, 0x8888888888888888}},
	{"fcvt d0, s1", 0x1e22c020, {0x4004182000000000, 0x8888888888888888}},
	{"fcvt h0, s1", 0x1e23c020, {0x7777777777774106, 0x8888888888888888}},
	{"scvtf s0, w1", 0x1e220020, {0x777777774e804182, 0x8888888888888888}},
	{"ucvtf h0, x1, #9", 0x9ec3dc20, {0x7777777777777c00, 0x8888888888888888}},
	{"fcvtzs s0, s1", 0x5ea1b820, {0x7777777700000002, 0x8888888888888888}},
	{"fcvtau h0, h1", 0x7e79c820, {0x7777777777770000, 0x8888888888888888}},
	{"fcvtzu d0, d1, #7", 0x7f79fc20, {0x0000000000000140, 0x8888888888888888}},
	{"scvtf d0, d1", 0x5e61d820, {0x43d0010000100830, 0x8888888888888888}},
	{"ucvtf s0, s1, #3", 0x7f3de420, {0x777777774d004182, 0x8888888888888888}},
	{"fcvtxn s0, d1", 0x7e616820, {0x7777777740200003, 0x8888888888888888}},
	{"frintn v0.2s, v1.2s", 0x0e218820, {0x4000000040400000, 0x0000000000000000}},
	{"fcvtn v0.4h, v1.4s", 0x0e216820, {0x0000000040204106, 0x0000000000000000}},
};
/* clang-format on */

/* Operands in v1 to v3 and x1; a result goes into v0, which has a value before. */
START_TEST(merges)
{
	static const uint64_t before[4][2] = {
		{0x7777777777777777, 0x8888888888888888},
		{0x400400004020c100, 0x1111111122222222},
		{0x4008000040404200, 0x3333333344444444},
		{0x3ff000003f803c00, 0x5555555566666666},
	};

	for (unsigned i = 0; i < 4; i++)
		memcpy(reg(A64_v0 + i), before[i], sizeof before[i]);
	*reg(A64_x1) = before[1][0];
	*reg(A64_fpcr) = 1 << 2;
	lift(merged[_i].word);
	ck_no_error(prog_compile(&lifting.transfer, &isa_aarch64.layout, &prog));
	run();
	const uint64_t *v = reg(A64_v0);
	ck_assert_msg(v[0] == merged[_i].result[0] && v[1] == merged[_i].result[1], "%s: %016llx%016llx",
		      merged[_i].text, (unsigned long long)v[1], (unsigned long long)v[0]);
}
END_TEST

/* ---- Unallocated encodings ---- */

static const uint32_t unallocated[] = {
	0x1e027c20, /* scvtf from w with 33 fraction bits */
	0x1e187c20, /* fcvtzs to w with 33 fraction bits */
	0x1e224020, /* fcvt from single to single */
	0x1e62c020, /* fcvt from double to double */
	0x1ea00020, /* fcvtns of ftype 10 */
	0x1ea44020, /* frintn of ftype 10 */
	0x1f820c20, /* fmadd of ftype 10 */
	0x0e618820, /* frintn of one double */
	0x0e61e820, /* frint32z of one double */
	0x0e61d820, /* scvtf of one double */
	0x0f40fc20, /* fcvtzs of one double with fraction bits */
};

START_TEST(is_undefined)
{
	lift(unallocated[_i]);
	ck_assert_uint_eq(lifting.transfer.faults.len, 1);
	ck_assert_int_eq(lifting.transfer.faults.at[0].kind, FAULT_UNDEFINED);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("aarch64 conversions");
	TCase *tcase = tcase_create("conversions");

	tcase_set_timeout(tcase, 3600);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, javascript);
	tcase_add_loop_test(tcase, merges, 0, sizeof merged / sizeof *merged);
	tcase_add_loop_test(tcase, is_undefined, 0, sizeof unallocated / sizeof *unallocated);
	suite_add_tcase(suite, tcase);
	return test_main(suite);
}
