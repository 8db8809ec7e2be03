/*
 * Vector floating point, by what an emulator (QEMU 11.1) makes of it: above all what the test vectors have nothing of,
 * that is FPCR.AH and NEP, and what came after Armv8.6.
 */
#include <string.h>

#include "arch/aarch64/aarch64.h"
#include "lib/expr/eval.h"
#include "lib/testing/assert.h"
#include "lib/testing/lifting.h"

enum { MAX_WORDS = 256 };

static struct lifting lifting;

static void setup(void)
{
	lifting_begin(&lifting, &isa_aarch64);
	ck_assert_uint_le(isa_aarch64.num_words, MAX_WORDS);
}

static void teardown(void)
{
	lifting_end(&lifting);
}

static void lift(uint32_t word)
{
	struct insn insn = lifting_word(&lifting, word);

	ck_assert_msg(insn.status == LIFT_DONE, "%08x: %d", word, (int)insn.status);
}

static void set(uint64_t *state, uint32_t reg, const uint64_t *words, size_t num)
{
	memcpy(state + isa_aarch64.regs[reg].word, words, num * sizeof *words);
}

/* Operands in v1 and v2, the result in v0, which has a value before; FPSR is 0 before. */
/* clang-format off */
static const struct {
	const char *text;
	uint32_t word, fpcr;
	uint64_t n[2], m[2], d[2], result[2]; /* low words first */
	uint32_t fpsr;
	uint64_t fpmr;
} computations[] = {
	{"fadd v0.4s, v1.4s, v2.4s", 0x4e22d420, 0, {0x7fa0000100000001, 0x3f8000007f800000},
	 {0xffc0000200000001, 0x33000000ff800000}, {0, 0},
	 {0x7fe0000100000002, 0x3f8000007fc00000}, 0x11, 0},
	{"fadd s0, s1, s2", 0x1e222820, 0, {0x333333333f800000, 0x1111111122222222},
	 {0x6666666640000000, 0x4444444455555555}, {0x7777777777777777, 0x7777777777777777},
	 {0x0000000040400000, 0}, 0, 0},
	{"fmulx v0.4s, v1.4s, v2.4s", 0x4e22dc20, 0, {0x0000000040000000, 0x7f800000ff800000},
	 {0xff80000040400000, 0}, {0, 0},
	 {0xc000000040c00000, 0x40000000c0000000}, 0, 0},
	{"fmulx v0.2s, v1.2s, v2.2s", 0x0e22dc20, 0x1000000, {0x7f8000003f800000, 0},
	 {0x800000013f800000, 0}, {0, 0},
	 {0xc00000003f800000, 0}, 0x80, 0},
	{"fmulx s0, s1, v2.s[2]", 0x7f829820, 0x4, {0x3333333340000000, 0x1111111122222222},
	 {0, 0x0000000040400000}, {0x7777777777777777, 0x7777777777777777},
	 {0x3333333340c00000, 0x1111111122222222}, 0, 0},
	{"fmla s0, s1, v2.s[3]", 0x5fa21820, 0x4, {0x3333333340000000, 0x1111111122222222},
	 {0, 0x4040000000000000}, {0x666666663f800000, 0x6666666666666666},
	 {0x6666666640e00000, 0x6666666666666666}, 0, 0},
	{"fcmeq s0, s1, s2", 0x5e22e420, 0x4, {0x3333333340000000, 0x1111111122222222},
	 {0x6666666640000000, 0x4444444455555555}, {0x7777777777777777, 0x7777777777777777},
	 {0x66666666ffffffff, 0x4444444455555555}, 0, 0},
	{"fcmge d0, d1, #0.0", 0x7ee0c820, 0x4, {0x3ff0000000000000, 0x1111111122222222},
	 {0, 0}, {0x7777777777777777, 0x7777777777777777},
	 {0xffffffffffffffff, 0}, 0, 0},
	{"faddp s0, v1.2s", 0x7e30d820, 0x4, {0x4000000040400000, 0x1111111122222222},
	 {0, 0}, {0x7777777777777777, 0x7777777777777777},
	 {0x0000000040a00000, 0}, 0, 0},
	{"facgt v0.4s, v1.4s, v2.4s", 0x6ea2ec20, 0, {0x7fc0000080000000, 0xc00000003f800000},
	 {0x3f80000000000000, 0x3f800000c0000000}, {0, 0},
	 {0, 0xffffffff00000000}, 0x1, 0},
	{"fabd v0.4s, v1.4s, v2.4s", 0x6ea2d420, 0, {0xff800000c0000000, 0x3f800000ffc00000},
	 {0x7f80000040000000, 0x400000003f800000}, {0, 0},
	 {0x7f80000040800000, 0x3f8000007fc00000}, 0, 0},
	{"fabd v0.4s, v1.4s, v2.4s", 0x6ea2d420, 0x2, {0xff800000c0000000, 0x3f800000ffc00000},
	 {0x7f80000040000000, 0x400000003f800000}, {0, 0},
	 {0x7f80000040800000, 0x3f800000ffc00000}, 0, 0},
	{"fmls v0.4s, v1.4s, v2.4s", 0x4ea2cc20, 0, {0x7fc00000ff800000, 0xffc0000040000000},
	 {0, 0x3f80000040400000}, {0x3f8000007fc00001, 0x3f8000003f800000},
	 {0xffc000007fc00000, 0x7fc00000c0a00000}, 0x1, 0},
	{"fmls v0.4s, v1.4s, v2.4s", 0x4ea2cc20, 0x2, {0x7fc00000ff800000, 0xffc0000040000000},
	 {0, 0x3f80000040400000}, {0x3f8000007fc00001, 0x3f8000003f800000},
	 {0x7fc000007fc00001, 0xffc00000c0a00000}, 0, 0},
	{"fmaxv s0, v1.4s", 0x6e30f820, 0, {0x7fc000013f800000, 0x7fc000037fa00002},
	 {0, 0}, {0, 0},
	 {0x000000007fc00001, 0}, 0x1, 0},
	{"fmaxnmv s0, v1.4s", 0x6e30c820, 0, {0x7fc000013f800000, 0x7fc0000340000000},
	 {0, 0}, {0, 0},
	 {0x0000000040000000, 0}, 0, 0},
	{"fminv h0, v1.8h", 0x4eb0f820, 0x2, {0x3c00fe0280000000, 0x000080007e010000},
	 {0, 0}, {0, 0},
	 {0, 0}, 0x1, 0},
	{"fmaxp v0.4s, v1.4s, v2.4s", 0x6e22f420, 0, {0x7fc000017fa00002, 0x400000003f800000},
	 {0xff800000c0000000, 0x0000000080000000}, {0, 0},
	 {0x400000007fe00002, 0x00000000c0000000}, 0x1, 0},
	{"fcadd v0.4s, v1.4s, v2.4s, #90", 0x6e82e420, 0, {0x4040000040800000, 0x3f80000040000000},
	 {0x4100000041100000, 0x7fc0000540a00000}, {0, 0},
	 {0x41400000c0800000, 0x40c00000ffc00005}, 0, 0},
	{"fcadd v0.4s, v1.4s, v2.4s, #270", 0x6e82f420, 0x2, {0x4040000040800000, 0x3f80000040000000},
	 {0x4100000041100000, 0x7fc000057fc00006}, {0, 0},
	 {0xc0c0000041400000, 0x7fc000067fc00005}, 0, 0},
	{"fcmla v0.4s, v1.4s, v2.4s, #180", 0x6e82d420, 0, {0x4040000040800000, 0x3f80000040000000},
	 {0x4100000041100000, 0x7fc0000540a00000}, {0x3f8000003f800000, 0x3f8000003f800000},
	 {0xc1f80000c20c0000, 0xffc00005c1100000}, 0, 0},
	{"fcmla v0.4s, v1.4s, v2.4s, #270", 0x6e82dc20, 0x2, {0x4040000040800000, 0x3f80000040000000},
	 {0x4100000041100000, 0x7fc000057fc00006}, {0x3f8000003f800000, 0x3f8000003f800000},
	 {0xc1d0000041c80000, 0x7fc000067fc00005}, 0, 0},
	{"fcmla v0.4h, v1.4h, v2.h[1], #90", 0x2f623020, 0, {0x3c00400042004400, 0},
	 {0x4500460047004800, 0}, {0, 0},
	 {0x4600c5004c80cb80, 0}, 0, 0},
	{"fmlal v0.2s, v1.2h, v2.2h", 0x0e22ec20, 0, {0x000000007d013c01, 0},
	 {0x000000003c003c01, 0}, {0x3f80000033800000, 0},
	 {0x7fe020003f804008, 0}, 0x11, 0},
	{"fmlal2 v0.4s, v1.4h, v2.h[7]", 0x6fb28820, 0x80000, {0, 0x3c00000180017c00},
	 {0, 0x4000000000000000}, {0x80000000ff800000, 0x3f8000003f800000},
	 {0x800000007fc00000, 0x404000003f800000}, 0x1, 0},
	{"fmlsl v0.4s, v1.4h, v2.4h", 0x4ea2ec20, 0, {0x3c000001fe017c00, 0},
	 {0x400000013c000000, 0}, {0x3f8000007fc00000, 0x3f80000000000000},
	 {0x7fc020007fc00000, 0xbf800000a7800000}, 0x1, 0},
	{"fsqrt v0.8h, v1.8h", 0x6ef9f820, 0x80000, {0x7c00fe017d014200, 0x4400bc0080000001},
	 {0, 0}, {0, 0},
	 {0x7c00fe017f013eee, 0x40007e0080000000}, 0x11, 0},
	{"famax v0.4s", 0x4ea2dc20, 0x1000002, {0x8000000180000000, 0xc0000000ffc00001},
	 {0x0000000080000000, 0x3f8000003f800000}, {0, 0},
	 {0x0000000100000000, 0x40000000ffc00001}, 0, 0},
	{"famin v0.8h", 0x6ec21c20, 0x2080000, {0x7d013c00bc00fc00, 0xc000fe0180018000},
	 {0x3c003c003e007c00, 0x3c003c0000008000}, {0, 0},
	 {0x7e003c003c007c00, 0x3c007e0000000000}, 0x1, 0},
	{"fscale v0.4s", 0x6ea2fc20, 0, {0xbf80000000000003, 0x3f8000003f800001},
	 {0x7fffffff00000005, 0x0000007fffffff7f}, {0, 0},
	 {0xff80000000000060, 0x7f00000000100000}, 0x1c, 0},
	{"fscale v0.8h", 0x6ec23c20, 0, {0x7d0100003c007c00, 0x3c003c01bc000003},
	 {0x00010005ffe88000, 0x000ffff07fff8000}, {0, 0},
	 {0x7f01000000017c00, 0x78000100fc000000}, 0x1d, 0},
	{"luti2 v0.16b, v2[1]", 0x4e823020, 0, {0x0706050403020100, 0x0f0e0d0c0b0a0908},
	 {0x1be4c63993939393, 0x1b1b1b1be4e4e4e4}, {0, 0},
	 {0x0300010200030201, 0x0001020303020100}, 0, 0},
	{"luti2 v0.8h, v2[5]", 0x4ec25020, 0, {0x0006000400020000, 0x000e000c000a0008},
	 {0x1be4c63993939393, 0x1b1b1b1be4e41234}, {0, 0},
	 {0x0006000400020000, 0x0006000400020000}, 0, 0},
	{"luti4 v0.16b, v2[1]", 0x4e426020, 0, {0x0706050403020100, 0x0f0e0d0c0b0a0908},
	 {0x0f1e2d3c4b5a6978, 0x0123456789abcdef}, {0, 0},
	 {0x08090a0b0c0d0e0f, 0x0001020304050607}, 0, 0},
	{"luti4 v0.8h, v2[2]", 0x4e425020, 0, {0x0006000400020000, 0x000e000c000a0008},
	 {0x0f1e2d3c4b5a6978, 0x0123456789abcdef}, {0, 0},
	 {0xcdef89ab45670123, 0x69784b5a2d3c0f1e}, 0, 0},
	{"fdot v0.4s, v1.16b, v2.16b", 0x4e02fc20, 0x2, {0x7c00000080808080, 0x3c3c3c3c7e000000},
	 {0x0000000080808080, 0x3c40400000000000}, {0x3f80000080000000, 0x3f8000003f800000},
	 {0x3f80000000000000, 0x411400003f800000}, 0, 0x9},
	{"fdot v0.4h, v1.8b, v2.2b[5]", 0x0f720020, 0, {0x3838387f7e7e0180, 0},
	 {0, 0x0000000038400000}, {0x3c003c007bff8000, 0},
	 {0x3c007e007bff0000, 0}, 0, 0x4009},
	{"fmlalt v0.8h, v1.16b, v2.16b", 0x4ec2fc20, 0, {0x010002007b7bfb7b, 0x3c00bc017c007e01},
	 {0x010001007b7b7b7b, 0x40003c003c003c00}, {0x3c003c003c003c00, 0x3c003c003c003c00},
	 {0x3c003c007c00fc00, 0x400038007c007e00}, 0, 0x10000},
	{"fmlalltb v0.4s, v1.16b, v2.b[9]", 0x6f4a8020, 0, {0x007f000000010000, 0x0038000000b80000},
	 {0, 0x0000000000003c00}, {0x3f8000003f800000, 0x3f8000003f800000},
	 {0x3f8000003f800000, 0x3f8000003f800000}, 0, 0x400001},
	{"fmmla v0.4s, v1.16b, v2.16b", 0x6e82ec20, 0, {0x3c4044484c342c01, 0xbc38443cc0303e7b},
	 {0x7bbc3a3440445038, 0x013c3e4244c834b1}, {0x3f80000040490fdb, 0xc2f6000000000001},
	 {0x42be080247602924, 0xc60de880c6dfa180}, 0, 0x0},
	{"fmmla v0.4s, v1.16b, v2.16b", 0x6e82ec20, 0, {0x3c4044484c342c01, 0xbc38443cc0303e7b},
	 {0x7bbc3a3440445038, 0x013c3e4244c834b1}, {0x3f80000040490fdb, 0xc2f6000000000001},
	 {0x40a621e0428f889f, 0xc3134618c1a12000}, 0, 0x30009},
	{"fmmla v0.8h, v1.16b, v2.16b", 0x6e02ec20, 0, {0x3c4044484c342c01, 0xbc38443cc0303e7b},
	 {0x7bbc3a3440445038, 0x013c3e4244c834b1}, {0x3c004248bc007bff, 0x0001c500123442f6},
	 {0x7b0058897c007c00, 0x48c0ca147c00f061}, 0, 0x0},
	{"fmmla v0.8h, v1.16b, v2.16b", 0x6e02ec20, 0, {0x3c4044484c342c01, 0xbc38443cc0303e7b},
	 {0x7bbc3a3440445038, 0x013c3e4244c834b1}, {0x3c004248bc007bff, 0x0001c500123442f6},
	 {0x55b04b92657f7bff, 0x4120c5a47860efdf}, 0, 0x20008},
	{"fmmla v0.8h, v1.16b, v2.16b", 0x6e02ec20, 0, {0x3c4044484c342c01, 0xbc38443cc0303e7b},
	 {0x7bbc3a3440445038, 0x013c3e4244c834b1}, {0x3c004248bc007bff, 0x0001c500123442f6},
	 {0x602a5104681f7c00, 0x4940ca0c62e8da4a}, 0, 0x9},
	{"f1cvtl v0.8h, v1.8b", 0x2e217820, 0, {0x7c7d7e7f80013cfb, 0},
	 {0, 0}, {0, 0},
	 {0x800000000200bf00, 0x7c007e007e007e00}, 0x19, 0xf0000},
	{"bf2cvtl2 v0.8h, v1.16b", 0x6ee17820, 0x2, {0, 0x7f7eff0180387808},
	 {0, 0}, {0, 0},
	 {0x80003d0041003a00, 0xffc04160ffc03880}, 0x1, 0x500000008},
	{"fcvtn v0.8b, v1.4s, v2.4s", 0x0e02f420, 0, {0x7fa00001477fffff, 0x3f8000007f800000},
	 {0xc78000003f8fffff, 0x3700000080000001}, {0x7777777777777777, 0x7777777777777777},
	 {0x0080fc3c3c7c7e7c, 0}, 0x1d, 0},
	{"fcvtn2 v0.16b, v1.4s, v2.4s", 0x4e02f420, 0x2, {0x7fc0000143e80000, 0x3f8000007f800000},
	 {0xc3e700003b000000, 0x3c7c000080000001}, {0x7777777777777777, 0x7777777777777777},
	 {0x7777777777777777, 0x0880fe01387eff7e}, 0x18, 0x8040},
	{"fcvtn v0.16b, v1.8h, v2.8h", 0x4e42f420, 0, {0x0001840000005fff, 0x3c007c007c017bff},
	 {0x140010018000bc00, 0x3c3f3c41fc007e01}, {0, 0},
	 {0x447c7e7c008c0068, 0x4444fc7e1c1880c4}, 0x1d, 0x2000000},
};
/* clang-format on */

START_TEST(computes)
{
	uint64_t state[MAX_WORDS] = {0}, fpcr = computations[_i].fpcr;
	struct eval eval = {0};
	struct prog *prog;

	set(state, A64_v0, computations[_i].d, 2);
	set(state, A64_v1, computations[_i].n, 2);
	set(state, A64_v2, computations[_i].m, 2);
	set(state, A64_fpcr, &fpcr, 1);
	set(state, A64_fpmr, &computations[_i].fpmr, 1);
	lift(computations[_i].word);
	ck_no_error(prog_compile(&lifting.transfer, &isa_aarch64.layout, &prog));
	ck_no_error(prog_run(prog, state, NULL, NULL, &eval));
	ck_assert_int_eq(eval.status, EVAL_DONE);
	for (size_t i = 0; i < eval.num_regs; i++)
		set(state, eval.regs[i].reg, eval.regs[i].value, eval.regs[i].num_words);
	const uint64_t *v = state + isa_aarch64.regs[A64_v0].word;
	ck_assert_msg(v[0] == computations[_i].result[0] && v[1] == computations[_i].result[1], "%s: %016llx%016llx",
		      computations[_i].text, (unsigned long long)v[1], (unsigned long long)v[0]);
	ck_assert_uint_eq(state[isa_aarch64.regs[A64_fpsr].word], computations[_i].fpsr);
	prog_destroy(prog);
	eval_deinit(&eval);
}
END_TEST

static const uint32_t unallocated[] = {
	0x0e62d420, /* fadd of one double */
	0x2ee1f820, /* fsqrt of one double */
	0x0ee0c820, /* fcmgt #0 of one double */
	0x4fe29020, /* fmul by an element of doubles, L is 1 */
	0x0fc29020, /* fmul of one double by an element */
	0x5fe21020, /* fmla of a scalar double, L is 1 */
	0x6e02e420, /* fcadd of bytes */
	0x2ec2e420, /* fcadd of one double */
	0x2ec2c420, /* fcmla of one double */
	0x2f821020, /* fcmla of one complex single by an element */
	0x2f421820, /* fcmla of halves by an element that lies beyond them */
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
	Suite *suite = suite_create("aarch64 vector floating point");
	TCase *tcase = tcase_create("vector floating point");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, computes, 0, sizeof computations / sizeof *computations);
	tcase_add_loop_test(tcase, is_undefined, 0, sizeof unallocated / sizeof *unallocated);
	suite_add_tcase(suite, tcase);
	return test_main(suite);
}
