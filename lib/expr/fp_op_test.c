/* Floating-point operators: their lanes are what lib/fp says, and flags are of all lanes together. */
#include <string.h>

#include "lib/expr/bv.h"
#include "lib/expr/fp_show.h"
#include "lib/expr/mutate.h"
#include "lib/expr/pool.h"
#include "lib/expr/print.h"
#include "lib/expr/taint.h"
#include "lib/testing/assert.h"
#include "lib/testing/random_expr.h"

static struct expr_pool *pool;

static void setup(void)
{
	ck_no_error(expr_pool_create(true, &pool));
}

static void teardown(void)
{
	expr_pool_destroy(pool);
}

static const struct fp_spec f32 = {.format = FP_F32, .rules = FP_SSE}, f64 = {.format = FP_F64, .rules = FP_SSE};

static expr_id constant(unsigned width, uint64_t high, uint64_t low)
{
	return expr_const_wide(pool, width, (const uint64_t[EXPR_MAX_WORDS]){low, high});
}

static uint64_t word_of(expr_id id, unsigned word)
{
	uint64_t words[EXPR_MAX_WORDS] = {0};

	ck_assert(expr_const_words(pool, id, words));
	return words[word];
}

/* MXCSR and the control word as they are initially: rounding to nearest, everything masked; and bits of MXCSR. */
enum { MXCSR_INITIAL = 0x1f80, FCW_INITIAL = 0x37f, MXCSR_DAZ = 1 << 6, MXCSR_UP = 2 << 13 };

static expr_id nearest(void)
{
	return expr_const(pool, FP_CONTROL_WIDTH, MXCSR_INITIAL);
}

/* ---- By hand: folded ---- */

/* 1 + 2^-24 is 1, inexactly; 1 + 2, 2 + 2 and +inf - inf in the other lanes. */
START_TEST(adds_lanes)
{
	expr_id a = constant(128, 0x400000007f800000, 0x3f8000003f800000);
	expr_id b = constant(128, 0x40000000ff800000, 0x4000000033800000);
	expr_id r = expr_fp(pool, EXPR_FADD, &f32, nearest(), a, b, EXPR_NONE);

	ck_assert_uint_eq(expr_width(pool, r), 136);
	ck_assert_uint_eq(word_of(expr_fp_value(pool, r), 0), 0x404000003f800000);
	ck_assert_uint_eq(word_of(expr_fp_value(pool, r), 1), 0x40800000ffc00000);
	ck_assert_uint_eq(word_of(expr_fp_flags(pool, r), 0), 1 << FP_INVALID | 1 << FP_INEXACT);
}
END_TEST

/* ADDSUBPD: 1 - 2 below, 1 + 2 above. */
START_TEST(negates_by_lane)
{
	struct fp_spec s = f64;
	expr_id a = constant(128, 0x3ff0000000000000, 0x3ff0000000000000);
	expr_id b = constant(128, 0x4000000000000000, 0x4000000000000000);

	s.negate[0] = FP_NEGATE_ADDEND;
	expr_id r = expr_fp(pool, EXPR_FADD, &s, nearest(), a, b, EXPR_NONE);
	ck_assert_uint_eq(word_of(r, 0), 0xbff0000000000000);
	ck_assert_uint_eq(word_of(r, 1), 0x4008000000000000);

	/* -(1 * 2) + 2 below, 1 * 2 - 2 above. */
	s.negate[0] = FP_NEGATE_PRODUCT;
	s.negate[1] = FP_NEGATE_ADDEND;
	r = expr_fp(pool, EXPR_FMA, &s, nearest(), a, b, b);
	ck_assert_uint_eq(word_of(r, 0), 0);
	ck_assert_uint_eq(word_of(r, 1), 0);
	ck_assert_uint_eq(word_of(r, 2), 0);
}
END_TEST

START_TEST(compares)
{
	struct fp_spec s = f32;
	/* 1 < 2, 1 = 1, 2 > 1, a quiet NaN and 1. */
	expr_id a = constant(128, 0x7fc0000040000000, 0x3f8000003f800000);
	expr_id b = constant(128, 0x3f8000003f800000, 0x3f80000040000000);

	s.quiet = true;
	s.relations = FP_LESS | FP_UNORDERED;
	expr_id r = expr_fp(pool, EXPR_FCMP, &s, nearest(), a, b, EXPR_NONE);
	ck_assert_uint_eq(word_of(r, 0), 0x00000000ffffffff);
	ck_assert_uint_eq(word_of(r, 1), 0xffffffff00000000);
	ck_assert_uint_eq(word_of(r, 2), 0);
	s.quiet = false;
	r = expr_fp(pool, EXPR_FCMP, &s, nearest(), a, b, EXPR_NONE);
	ck_assert_uint_eq(word_of(r, 2), 1 << FP_INVALID);

	s.relations = 0;
	r = expr_fp(pool, EXPR_FORDER, &s, nearest(), expr_extract(pool, a, 96, 32), expr_extract(pool, b, 96, 32),
		    EXPR_NONE);
	ck_assert_uint_eq(expr_width(pool, r), 12);
	ck_assert_uint_eq(word_of(expr_fp_value(pool, r), 0), FP_UNORDERED);
	ck_assert_uint_eq(word_of(expr_fp_flags(pool, r), 0), 1 << FP_INVALID);
}
END_TEST

/* Lanes of the result are wider or narrower than the operand's. */
START_TEST(converts)
{
	const struct fp_spec narrow = {.format = FP_F32, .from = FP_F64, .rules = FP_SSE};
	const struct fp_spec to_int = {.format = FP_F64, .rules = FP_SSE, .is_signed = true, .integer = 32};
	const struct fp_spec from_int = {.format = FP_F64, .rules = FP_SSE, .is_signed = true, .integer = 32};
	/* -2.5, 1e100 */
	expr_id a = constant(128, 0x54b249ad2594c37d, 0xc004000000000000);

	expr_id r = expr_fp(pool, EXPR_FCVT, &narrow, nearest(), a, EXPR_NONE, EXPR_NONE);
	ck_assert_uint_eq(expr_width(pool, r), 72);
	ck_assert_uint_eq(word_of(r, 0), 0x7f800000c0200000);
	ck_assert_uint_eq(word_of(r, 1), 1 << FP_OVERFLOW | 1 << FP_INEXACT | (word_of(r, 1) & 1 << FP_ROUNDED_UP));
	r = expr_fp(pool, EXPR_FTOI, &to_int, nearest(), a, EXPR_NONE, EXPR_NONE);
	ck_assert_uint_eq(word_of(r, 0), 0x80000000fffffffe);
	ck_assert_uint_eq(word_of(r, 1) & 0x3f, 1 << FP_INVALID | 1 << FP_INEXACT);
	r = expr_fp(pool, EXPR_ITOF, &from_int, nearest(), constant(64, 0, 0x00000003fffffffe), EXPR_NONE, EXPR_NONE);
	ck_assert_uint_eq(word_of(r, 0), 0xc000000000000000);
	ck_assert_uint_eq(word_of(r, 1), 0x4008000000000000);
	ck_assert_uint_eq(word_of(r, 2), 0);
}
END_TEST

/* 7 / 2: the remainder is 1, the quotient 3; rounded to nearest -1 and 4. */
START_TEST(remainders)
{
	struct fp_spec s = {.format = FP_F80, .rules = FP_X87};
	expr_id a = constant(80, 0x4001, 0xe000000000000000), b = constant(80, 0x4000, 0x8000000000000000);

	expr_id control = expr_const(pool, FP_CONTROL_WIDTH, FCW_INITIAL);
	expr_id r = expr_fp(pool, EXPR_FREM, &s, control, a, b, EXPR_NONE);
	ck_assert_uint_eq(expr_width(pool, r), 92);
	ck_assert_uint_eq(expr_width(pool, expr_fp_value(pool, r)), 80);
	ck_assert_uint_eq(word_of(expr_fp_value(pool, r), 0), 0x8000000000000000);
	ck_assert_uint_eq(word_of(expr_fp_value(pool, r), 1), 0x3fff);
	ck_assert_uint_eq(word_of(expr_fp_quotient(pool, r), 0), 3);
	s.nearest = true;
	r = expr_fp(pool, EXPR_FREM, &s, control, a, b, EXPR_NONE);
	ck_assert_uint_eq(word_of(expr_fp_value(pool, r), 1), 0xbfff);
	ck_assert_uint_eq(word_of(expr_fp_quotient(pool, r), 0), 4);
}
END_TEST

/* Of 1 and 0: eight bits, and twelve where FPCR.AH and the attribute say so; then nothing is raised
 * (FPRecipEstimate()). */
START_TEST(estimates)
{
	struct fp_spec s = {.format = FP_F32, .rules = FP_ARM, .exact = true};
	expr_id a = expr_const(pool, 64, 0x3f800000), alternate = expr_const(pool, FP_CONTROL_WIDTH, 2);

	expr_id r = expr_fp(pool, EXPR_FRECPE, &s, expr_const(pool, FP_CONTROL_WIDTH, 0), a, EXPR_NONE, EXPR_NONE);
	ck_assert_uint_eq(word_of(r, 0), 0x7f8000003f7f8000);
	ck_assert_uint_eq(word_of(r, 1), 1 << FP_DIVIDE);
	r = expr_fp(pool, EXPR_FRECPE, &s, alternate, a, EXPR_NONE, EXPR_NONE);
	ck_assert_uint_eq(word_of(r, 0), 0x7f8000003f7ff000);
	ck_assert_uint_eq(word_of(r, 1), 0);
	s.exact = false;
	r = expr_fp(pool, EXPR_FRECPE, &s, alternate, a, EXPR_NONE, EXPR_NONE);
	ck_assert_uint_eq(word_of(r, 0), 0x7f8000003f7f8000);
}
END_TEST

/* 1 * 3 + 2 * 4 + 5 below; 2^-120 * 2^-20 + 0 above, which is denormal: flushed, but not if FPCR.EBF is set. */
START_TEST(sums_products)
{
	struct fp_spec s = {.format = FP_F32, .rules = FP_ARM};
	expr_id a = expr_const(pool, 64, 0x0380000040003f80), b = expr_const(pool, 64, 0x3580000040804040);
	expr_id sum = expr_const(pool, 64, 0x0000000040a00000);

	expr_id r = expr_fp(pool, EXPR_FBFDOT, &s, expr_const(pool, FP_CONTROL_WIDTH, 0), a, b, sum);
	ck_assert_uint_eq(word_of(r, 0), 0x0000000041800000);
	ck_assert_uint_eq(word_of(r, 1), 0);
	r = expr_fp(pool, EXPR_FBFDOT, &s, expr_const(pool, FP_CONTROL_WIDTH, 1 << 13), a, b, sum);
	ck_assert_uint_eq(word_of(r, 0), 0x0000020041800000);
	ck_assert_uint_eq(word_of(r, 1), 0);
}
END_TEST

/* ---- By chance ---- */

enum { NUM_ROUNDS = 4000 };

/* Three operands of an operator, of as many lanes as it may have. */
static void random_operands(struct rng *rng, enum expr_op op, const struct fp_spec *s, expr_id arg[3])
{
	unsigned lane = fp_operand_lane(op, s), result = fp_result_lane(op, s), lanes = 1;

	if (lane <= 64 && result <= 64 && op != EXPR_FORDER && op != EXPR_FREM)
		lanes = 1 + rng_below(rng, 256 / (lane > result ? lane : result));
	for (unsigned i = 0; i < 3; i++) {
		uint64_t words[EXPR_MAX_WORDS];

		rng_value(rng, lanes * lane, words);
		arg[i] = i + 1 < op_info[op].arity ? expr_const_wide(pool, lanes * lane, words) : EXPR_NONE;
	}
}

static enum expr_op nth_operator(unsigned i)
{
	return EXPR_FADD + i % (EXPR_NUM_OPS - EXPR_FADD);
}

/* An operator of many lanes is the operator of each; even and odd lanes differ in what they negate. */
START_TEST(lanes_by_themselves)
{
	struct rng rng = {.state = 5};

	for (unsigned i = 0; i < NUM_ROUNDS; i++) {
		enum expr_op op = nth_operator(i);
		struct fp_spec s = random_fp_spec(&rng, op), one = s;
		unsigned lane = fp_operand_lane(op, &s), result = fp_result_lane(op, &s);
		uint32_t word = (uint32_t)rng_next(&rng);
		uint64_t flags = 0;
		expr_id arg[3];

		expr_pool_reset(pool);
		expr_id control = expr_const(pool, FP_CONTROL_WIDTH, word);
		random_operands(&rng, op, &s, arg);
		expr_id all = expr_fp(pool, op, &s, control, arg[0], arg[1], arg[2]);
		for (unsigned k = 0; k < expr_width(pool, arg[0]) / lane; k++) {
			expr_id part[3] = {EXPR_NONE};

			for (unsigned j = 0; j + 1 < op_info[op].arity; j++)
				part[j] = expr_extract(pool, arg[j], k * lane, lane);
			one.negate[0] = s.negate[k % 2];
			expr_id r = expr_fp(pool, op, &one, control, part[0], part[1], part[2]);
			flags |= word_of(expr_fp_flags(pool, r), 0);
			ck_assert_msg(expr_fp_value(pool, r) == expr_extract(pool, all, k * result, result),
				      "round %u, %s, lane %u", i, expr_op_text(op), k);
		}
		ck_assert_uint_eq(word_of(expr_fp_flags(pool, all), 0), fp_told(s.rules, word, (uint8_t)flags));
	}
}
END_TEST

/* What is printed is read again as the same node; value and flags by themselves, too. */
START_TEST(round_trip)
{
	struct rng rng = {.state = 6};

	for (unsigned i = 0; i < NUM_ROUNDS; i++) {
		enum expr_op op = nth_operator(i);
		struct fp_spec s = random_fp_spec(&rng, op);
		unsigned lane = fp_operand_lane(op, &s);
		expr_id a = expr_reg(pool, lane, 1), b = op_info[op].arity > 2 ? expr_reg(pool, lane, 2) : EXPR_NONE;
		expr_id c = op_info[op].arity > 3 ? expr_reg(pool, lane, 3) : EXPR_NONE, again;
		expr_id id = expr_fp(pool, op, &s, expr_reg(pool, FP_CONTROL_WIDTH, 0), a, b, c);
		struct strbuf out = {0};

		if (i % 3)
			id = i % 3 == 1 ? expr_fp_value(pool, id) : expr_fp_flags(pool, id);
		expr_print(&out, pool, id, NULL);
		ck_no_error(expr_parse(pool, strbuf_text(&out), NULL, &again));
		ck_assert_msg(id == again, "%s", strbuf_text(&out));
		ck_assert(i % 3 == 0 || !strchr(strbuf_text(&out), '['));
		strbuf_deinit(&out);
	}
}
END_TEST

/* An instruction's own rounding is a word before the control register, and wins over that: 2.5 to an integer. */
START_TEST(roundings)
{
	static const struct {
		const char *word;
		uint64_t control, expected;
	} cases[] = {
		{"", MXCSR_INITIAL, 2},
		{"", MXCSR_INITIAL | MXCSR_UP, 3},
		{" rn", MXCSR_INITIAL | MXCSR_UP, 2},
		{" rd", MXCSR_INITIAL | MXCSR_UP, 2},
		{" ru", MXCSR_INITIAL, 3},
		{" rz", MXCSR_INITIAL | MXCSR_UP, 2},
		{" ra", MXCSR_INITIAL, 3},
		{" ro", MXCSR_INITIAL, 3},
	};
	struct strbuf text = {0}, again = {0};
	expr_id id, value;

	strbuf_printf(&text, "ftoi(f64 s32 sse%s, 0x%llx:32, r1:64)", cases[_i].word,
		      (unsigned long long)cases[_i].control);
	ck_no_error(expr_parse(pool, strbuf_text(&text), NULL, &id));
	expr_print(&again, pool, id, NULL);
	ck_assert_str_eq(strbuf_text(&again), strbuf_text(&text));
	strbuf_clear(&text);
	strbuf_printf(&text, "ftoi(f64 s32 sse%s, 0x%llx:32, 0x4004000000000000:64)", cases[_i].word,
		      (unsigned long long)cases[_i].control);
	ck_no_error(expr_parse(pool, strbuf_text(&text), NULL, &value));
	ck_assert_uint_eq(word_of(value, 0), cases[_i].expected);
	strbuf_deinit(&text);
	strbuf_deinit(&again);
}
END_TEST

static const struct {
	const char *text, *error;
} wrong[] = {
	{"fadd(f32 sse, r0:16, r1:32, r2:32)", "control register"},
	{"fadd(f32 sse, r0:32, r1:32, r2:64)", "different widths"},
	{"fadd(f32 sse, r0:32, r1:33, r2:33)", "whole lanes"},
	{"fadd(f32 sse, r0:32, r1:32)", "expected"},
	{"fadd(f32 sse quiet, r0:32, r1:32, r2:32)", "word"},
	{"fmin(f32 sse rz, r0:32, r1:32, r2:32)", "word"},
	{"fadd(f32 sse rx, r0:32, r1:32, r2:32)", "word"},
	{"fadd(f32 sse rn ra ro, r0:32, r1:32, r2:32)", "rounding"},
	{"fadd(f32 f99, r0:32, r1:32, r2:32)", "word"},
	{"fadd.more(f32 sse, r0:32, r1:32, r2:32)", "expected"},
	{"fadd(, r0:32, r1:32, r2:32)", "word"},
	{"fadd(f80 x87, r0:32, r1:160, r2:160)", "lanes"},
	{"forder(f32 sse, r0:32, r1:64, r2:64)", "lanes"},
	{"ftoi(f64 s64 arm fraction65, r0:32, r1:64)", "integer"},
	{"itof(f64 s32 arm, r0:32, r1:16)", "whole lanes"},
	{"frintfit(f64 u32 arm, r0:32, r1:64)", "unsigned"},
	{"itof(f64 arm s32, r0:32, r1:512)", "width"},
	{"fadd32#7(r1:32, r2:32)", "register or function"},
};

START_TEST(wrong_text)
{
	expr_id id;
	struct error *err = expr_parse(pool, wrong[_i].text, NULL, &id);

	ck_assert_msg(err, "%s", wrong[_i].text);
	ck_assert_msg(strstr(err->message, wrong[_i].error), "%s: %s", wrong[_i].text, err->message);
	error_destroy(err);
}
END_TEST

/* ---- Masks ---- */

/* A lane with an undefined bit is undefined as a whole, and so are the flags. */
START_TEST(undefined_lanes)
{
	const struct fp_spec widen = {.format = FP_F64, .from = FP_F32, .rules = FP_SSE};
	expr_id control = expr_reg(pool, FP_CONTROL_WIDTH, 0), known = expr_reg(pool, 96, 1),
		other = expr_reg(pool, 128, 2);
	expr_id a = expr_concat(pool, known, expr_concat(pool, expr_undef(pool, 1), expr_reg(pool, 31, 3)));

	expr_id mask = expr_taint(pool, expr_fp(pool, EXPR_FADD, &f32, control, other, a, EXPR_NONE), TAINT_UNDEF);
	ck_assert_uint_eq(word_of(mask, 0), 0x00000000ffffffff);
	ck_assert_uint_eq(word_of(mask, 1), 0);
	ck_assert_uint_eq(word_of(mask, 2), 0xff);

	mask = expr_taint(pool, expr_fp(pool, EXPR_FCVT, &widen, control, a, EXPR_NONE, EXPR_NONE), TAINT_UNDEF);
	ck_assert_uint_eq(word_of(mask, 0), UINT64_MAX);
	ck_assert_uint_eq(word_of(mask, 1), 0);
	ck_assert_uint_eq(word_of(mask, 4), 0xff);

	mask = expr_taint(pool, expr_fp(pool, EXPR_FADD, &f32, expr_undef(pool, 32), other, other, EXPR_NONE),
			  TAINT_UNDEF);
	ck_assert_uint_eq(word_of(mask, 1), UINT64_MAX);
	ck_assert_uint_eq(word_of(mask, 2), 0xff);
}
END_TEST

/* An undefined bit of the control register makes the result so if the operator depends on that bit. */
START_TEST(undefined_control)
{
	static const struct {
		const char *text; /* r1 and r2 are known */
		bool undefined;
	} cases[] = {
		{"fadd(f64 sse, (r0:26 : undef6#1), r1:64, r2:64)", false}, /* MXCSR's flags */
		{"fadd(f64 sse, (undef16#1 : r0:16), r1:64, r2:64)", false},
		{"fadd(f64 sse, (r0:25 : (undef1#1 : r3:6)), r1:64, r2:64)", true},   /* DAZ */
		{"fadd(f64 sse, (r0:24 : (undef1#1 : r3:7)), r1:64, r2:64)", true},   /* IM */
		{"fadd(f64 sse, (r0:20 : (undef1#1 : r3:11)), r1:64, r2:64)", true},  /* UM */
		{"fadd(f64 sse, (r0:19 : (undef1#1 : r3:12)), r1:64, r2:64)", false}, /* PM */
		{"fadd(f64 sse, (r0:17 : (undef2#1 : r3:13)), r1:64, r2:64)", true},  /* RC */
		{"fadd(f64 sse rz, (r0:17 : (undef2#1 : r3:13)), r1:64, r2:64)", false},
		{"fmin(f64 sse, (r0:17 : (undef2#1 : r3:13)), r1:64, r2:64)", false},
		{"fadd(f64 arm, (undef5#1 : (r0:19 : (undef6#2 : r3:2))), r1:64, r2:64)", false},
		{"fadd(f64 arm, (r0:30 : (undef1#1 : r3:1)), r1:64, r2:64)", true}, /* AH */
		{"fadd(f64 arm, (r0:31 : undef1#1), r1:64, r2:64)", true},          /* FIZ */
		{"fadd(f16 arm, (r0:31 : undef1#1), r1:16, r2:16)", false},
		{"fadd(f64 arm, (r0:6 : (undef1#1 : r3:25)), r1:64, r2:64)", true},   /* DN */
		{"fadd(f64 arm, (r0:12 : (undef1#1 : r3:19)), r1:64, r2:64)", false}, /* FZ16 */
		{"fadd(f16 arm, (r0:12 : (undef1#1 : r3:19)), r1:16, r2:16)", true},
		{"fadd(f80 x87, (r0:22 : (undef2#1 : r3:8)), r1:80, r2:80)", true}, /* PC */
		{"fadd(f80 x87, (r0:24 : (undef2#1 : r3:6)), r1:80, r2:80)", false},
	};
	expr_id id;

	ck_no_error(expr_parse(pool, cases[_i].text, NULL, &id));
	expr_id mask = expr_taint(pool, id, TAINT_UNDEF);
	ck_assert_msg((word_of(mask, 0) != 0) == cases[_i].undefined, "%s", cases[_i].text);
	ck_assert_uint_eq(word_of(mask, 0),
			  cases[_i].undefined ? bv_ones(expr_width(pool, id) < 64 ? expr_width(pool, id) : 64) : 0);
}
END_TEST

/* ---- Numbers for reports ---- */

static void shows(const char *text, const char *expected)
{
	const uint16_t words[] = {0, 1}, widths[] = {FP_CONTROL_WIDTH, 128};
	const struct reg_layout layout = {.word = words, .width = widths, .num_regs = 2};
	const uint64_t state[] = {MXCSR_INITIAL | MXCSR_UP | MXCSR_DAZ, 0x7f80000140400000, 0xc08000003f800000};
	struct strbuf out = {0};
	expr_id id;

	ck_no_error(expr_parse(pool, text, NULL, &id));
	ck_no_error(fp_show(&out, pool, id, state, &layout, NULL));
	ck_assert_str_eq(strbuf_text(&out), expected);
	strbuf_deinit(&out);
}

/* r1 has 3, a signalling NaN, 1 and -4. */
START_TEST(numbers)
{
	shows("fadd(f32 sse, r0:32, r1:128[63:0], r1:128[127:64])",
	      "fadd(f32 sse)[0]: 0x1.8p+1, 0x1p+0 -> 0x1p+2\n"
	      "fadd(f32 sse)[1]: sNaN(0x1), -0x1p+2 -> qNaN(0x1)\n"
	      "fadd(f32 sse): round up, flush operands: raises invalid\n");
	shows("forder(f32 sse quiet, r0:32, r1:128[127:96], r1:128[31:0])",
	      "forder(f32 sse quiet): -0x1p+2, 0x1.8p+1 -> less\n"
	      "forder(f32 sse quiet): round up, flush operands: raises nothing\n");
	shows("itof(f32 s32 sse, 0x1f80:32, ftoi(f32 s32 sse, r0:32, r1:128[127:96]))",
	      "ftoi(f32 s32 sse): -0x1p+2 -> -4\n"
	      "ftoi(f32 s32 sse): round up, flush operands: raises nothing\n"
	      "itof(f32 s32 sse): -4 -> -0x1p+2\n"
	      "itof(f32 s32 sse): round nearest: raises nothing\n");
	shows("fbfdot(f32 arm, 0x2:32, r1:128[63:32], r1:128[63:32], r1:128[31:0])",
	      "fbfdot(f32 arm): {0x1p-133, inf}, {0x1p-133, inf}, 0x1.8p+1 -> inf\n"
	      "fbfdot(f32 arm): round nearest, FPCR.AH: raises nothing\n");
	shows("r1:128", "");
}
END_TEST

/* ---- Mutations ---- */

START_TEST(mutations)
{
	static const char *const parts[] = {
		"fadd becomes fsub",  "another rounding of fadd", "forder raises no invalid",    "operands of forder",
		"attributes of fadd", "fmin becomes fmax",        "of the attributes of forder",
	};
	bool met[sizeof parts / sizeof *parts] = {false};
	expr_id control = expr_reg(pool, FP_CONTROL_WIDTH, 0), a = expr_reg(pool, 64, 1), b = expr_reg(pool, 64, 2);
	struct transfer t, mutant;

	transfer_init(&t, pool);
	transfer_init(&mutant, pool);
	transfer_set_reg(&t, 1, expr_fp_value(pool, expr_fp(pool, EXPR_FADD, &f64, control, a, b, EXPR_NONE)));
	transfer_set_reg(&t, 2, expr_fp_value(pool, expr_fp(pool, EXPR_FMIN, &f64, control, a, b, EXPR_NONE)));
	transfer_set_reg(&t, 3, expr_fp(pool, EXPR_FORDER, &f64, control, a, b, EXPR_NONE));
	for (uint64_t seed = 0; seed < 2000; seed++) {
		char text[MUTATION_TEXT_LEN] = "";
		struct rng rng = {.state = seed};
		bool found;

		ck_no_error(transfer_mutate(&t, &rng, &mutant, text, &found));
		ck_assert(found);
		ck_no_error(transfer_verify(&mutant, NULL));
		for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
			met[i] |= strstr(text, parts[i]) != NULL;
	}
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		ck_assert_msg(met[i], "no mutation with '%s'", parts[i]);
	transfer_deinit(&t);
	transfer_deinit(&mutant);
}
END_TEST

static Suite *fp_op_suite(void)
{
	Suite *s = suite_create("fp_op");
	TCase *c = tcase_create("fp_op");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, adds_lanes);
	tcase_add_test(c, negates_by_lane);
	tcase_add_test(c, compares);
	tcase_add_test(c, converts);
	tcase_add_test(c, remainders);
	tcase_add_test(c, estimates);
	tcase_add_test(c, sums_products);
	tcase_add_test(c, lanes_by_themselves);
	tcase_add_test(c, round_trip);
	tcase_add_loop_test(c, roundings, 0, 8);
	tcase_add_loop_test(c, wrong_text, 0, sizeof wrong / sizeof *wrong);
	tcase_add_test(c, undefined_lanes);
	tcase_add_loop_test(c, undefined_control, 0, 15);
	tcase_add_test(c, numbers);
	tcase_add_test(c, mutations);
	suite_add_tcase(s, c);
	return s;
}

int main(void)
{
	return test_main(fp_op_suite());
}
