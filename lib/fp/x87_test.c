/*
 * FP_X87 against the x87 of the processor that the test runs on: values, flags and C1, all ways to round, precision
 * control, overflow and underflow masked or not. FNSAVE does not wait, so that no exception is ever delivered.
 */
#include <stdio.h>
#include <string.h>

#include "lib/fp/fp.h"
#include "lib/testing/assert.h"
#include "lib/testing/fp_operands.h"

#ifdef __x86_64__

struct fp_x87_case {
	struct fp_env env;
	fp_bits a, b;
	uint16_t control;
	bool to_memory; /* an unmasked exception leaves no result */
};

/* FNSAVE's image in 32-bit protected mode (SDM vol. 1, 8.1.10). */
struct saved {
	uint32_t control, status, tag, pointers[4];
	uint8_t registers[8][10]; /* ST(0) first */
};

struct outcome {
	fp_bits value;
	unsigned flags;    /* as fp.h has them */
	unsigned quotient; /* or the relation */
};

struct operation {
	const char *name;
	enum fp_format operand, result;
	bool to_memory;
	struct outcome (*ours)(const struct fp_x87_case *);
	struct outcome (*host)(const struct fp_x87_case *);
};

struct operands {
	uint8_t a[16], b[16];
};

static struct operands in_memory(const struct fp_x87_case *c)
{
	struct operands ret;

	memcpy(ret.a, &c->a, sizeof ret.a);
	memcpy(ret.b, &c->b, sizeof ret.b);
	return ret;
}

static struct outcome outcome(const struct saved *s, unsigned reg)
{
	struct outcome ret = {.flags = (s->status & 0x3f) | (s->status >> 9 & 1) << FP_ROUNDED_UP};

	memcpy(&ret.value, s->registers[reg], sizeof s->registers[reg]);
	return ret;
}

/* What is loaded, with all exceptions masked, and one instruction under the control word of the case. */
#define RUN(load, instruction) \
	struct operands m = in_memory(c); \
	struct saved s; \
	uint64_t memory = 0; \
	__asm__ volatile("fninit\n\t" load "\n\tfldcw %[control]\n\t" instruction "\n\tfnsave %[saved]" \
			 : [saved] "=m"(s), [memory] "+m"(memory) \
			 : [a] "m"(m.a), [b] "m"(m.b), [control] "m"(c->control) \
			 : "st", "st(1)", "st(2)", "st(3)", "st(4)", "st(5)", "st(6)", "st(7)")

#define BOTH "fldt %[b]\n\tfldt %[a]"
#define ONE  "fldt %[a]"

/* The result is a register. */
#define REGISTER(name, load, instruction, reg) \
	static struct outcome host_##name(const struct fp_x87_case *c) \
	{ \
		RUN(load, instruction); \
		return outcome(&s, reg); \
	}

#define MEMORY(name, instruction) \
	static struct outcome host_##name(const struct fp_x87_case *c) \
	{ \
		RUN(ONE, instruction " %[memory]"); \
		struct outcome ret = outcome(&s, 0); \
		ret.value = memory; \
		return ret; \
	}

/* The relation is in C3, C2 and C0 (SDM vol. 2, FCOM). */
#define COMPARE(name, instruction) \
	static struct outcome host_##name(const struct fp_x87_case *c) \
	{ \
		RUN(BOTH, instruction); \
		struct outcome ret = outcome(&s, 0); \
		bool c3 = s.status >> 14 & 1, c2 = s.status >> 10 & 1, c0 = s.status >> 8 & 1; \
		ret.value = c2 ? FP_UNORDERED : c3 ? FP_EQUAL : c0 ? FP_LESS : FP_GREATER; \
		return ret; \
	}

/* C2: partial; C0, C3, C1 are bits 2, 1, 0 of the quotient (SDM vol. 2, FPREM). */
#define REMAINDER(name, instruction) \
	static struct outcome host_##name(const struct fp_x87_case *c) \
	{ \
		RUN(BOTH, instruction); \
		struct outcome ret = outcome(&s, 0); \
		ret.quotient = (s.status >> 10 & 1) << 3 | (s.status >> 8 & 1) << 2 | (s.status >> 14 & 1) << 1 | \
			       (s.status >> 9 & 1); \
		ret.flags &= 0x3f; \
		return ret; \
	}

REGISTER(fadd, BOTH, "fadd %%st(1), %%st", 0)
REGISTER(fsub, BOTH, "fsub %%st(1), %%st", 0)
REGISTER(fmul, BOTH, "fmul %%st(1), %%st", 0)
REGISTER(fdiv, BOTH, "fdiv %%st(1), %%st", 0)
REGISTER(fsqrt, ONE, "fsqrt", 0)
REGISTER(fscale, BOTH, "fscale", 0)
REGISTER(fxtract_significand, ONE, "fxtract", 0)
REGISTER(fxtract_exponent, ONE, "fxtract", 1)
REGISTER(frndint, ONE, "frndint", 0)
REGISTER(fadds, "fldt %[b]", "fadds %[a]", 0)
REGISTER(faddl, "fldt %[b]", "faddl %[a]", 0)
REGISTER(fdivs, "fldt %[b]", "fdivs %[a]", 0)
REGISTER(fdivl, "fldt %[b]", "fdivl %[a]", 0)
REGISTER(flds, "", "flds %[a]", 0)
REGISTER(fldl, "", "fldl %[a]", 0)
REGISTER(filds, "", "filds %[a]", 0)
REGISTER(fildl, "", "fildl %[a]", 0)
REGISTER(fildll, "", "fildll %[a]", 0)
MEMORY(fstps, "fstps")
MEMORY(fstpl, "fstpl")
MEMORY(fistps, "fistps")
MEMORY(fistpl, "fistpl")
MEMORY(fistpll, "fistpll")
MEMORY(fisttpll, "fisttpll")
COMPARE(fcom, "fcom %%st(1)")
COMPARE(fucom, "fucom %%st(1)")
REMAINDER(fprem, "fprem")
REMAINDER(fprem1, "fprem1")

#define OURS(name, expression) \
	static struct outcome our_##name(const struct fp_x87_case *c) \
	{ \
		const struct fp_env *e = &c->env; \
		struct fp_result r = expression; \
		return (struct outcome){r.value, r.flags, 0}; \
	}

static struct fp_env truncating(const struct fp_env *e)
{
	struct fp_env ret = *e;

	ret.mode = (e->mode & ~7u) | FP_TO_ZERO;
	return ret;
}

static struct fp_result truncated(const struct fp_env *e, fp_bits a)
{
	struct fp_env truncate = truncating(e);

	return fp_to_int(&truncate, true, 64, 0, a);
}

static struct fp_result compared(const struct fp_env *e, bool quiet, fp_bits a, fp_bits b)
{
	struct fp_result ret;

	ret.value = fp_compare(e, quiet, a, b, &ret.flags);
	return ret;
}

OURS(add, fp_add(e, c->a, c->b))
OURS(sub, fp_sub(e, c->a, c->b))
OURS(mul, fp_mul(e, c->a, c->b))
OURS(div, fp_div(e, c->a, c->b))
OURS(sqrt, fp_sqrt(e, c->a))
OURS(scale, fp_scale(e, c->a, c->b))
OURS(significand, fp_significand(e, c->a))
OURS(exponent, fp_exponent(e, c->a))
OURS(round, fp_round_integral(e, true, c->a))
OURS(from_32, fp_convert(e, FP_F32, c->a))
OURS(from_64, fp_convert(e, FP_F64, c->a))
OURS(from_80, fp_convert(e, FP_F80, c->a))
OURS(from_i16, fp_from_int(e, true, 16, 0, (uint64_t)c->a))
OURS(from_i32, fp_from_int(e, true, 32, 0, (uint64_t)c->a))
OURS(from_i64, fp_from_int(e, true, 64, 0, (uint64_t)c->a))
OURS(to_i16, fp_to_int(e, true, 16, 0, c->a))
OURS(to_i32, fp_to_int(e, true, 32, 0, c->a))
OURS(to_i64, fp_to_int(e, true, 64, 0, c->a))
OURS(truncate, truncated(e, c->a))
OURS(compare, compared(e, false, c->a, c->b))
OURS(compare_quiet, compared(e, true, c->a, c->b))

/* The second operand in memory: a denormal there is one, though the register's format has it as a normal number. */
static struct outcome with_memory(const struct fp_x87_case *c, enum fp_format f,
				  struct fp_result (*run)(const struct fp_env *, fp_bits, fp_bits))
{
	fp_bits wide = fp_widen(FP_F80, f, c->a);
	struct fp_result r = run(&c->env, c->b, wide);
	enum fp_class other = fp_classify(FP_F80, c->b);
	bool before = r.flags & (1 << FP_INVALID | 1 << FP_DIVIDE) || other == FP_CLASS_QUIET_NAN;

	if (fp_classify(f, c->a) == FP_CLASS_DENORMAL && !before)
		r.flags |= 1 << FP_DENORMAL;
	return (struct outcome){r.value, r.flags, 0};
}

static struct outcome our_add_32(const struct fp_x87_case *c)
{
	return with_memory(c, FP_F32, fp_add);
}

static struct outcome our_add_64(const struct fp_x87_case *c)
{
	return with_memory(c, FP_F64, fp_add);
}

static struct outcome our_div_32(const struct fp_x87_case *c)
{
	return with_memory(c, FP_F32, fp_div);
}

static struct outcome our_div_64(const struct fp_x87_case *c)
{
	return with_memory(c, FP_F64, fp_div);
}

static struct outcome remainder_of(const struct fp_x87_case *c, bool nearest)
{
	struct outcome ret;
	struct fp_result r = fp_rem(&c->env, nearest, c->a, c->b, &ret.quotient);

	ret.value = r.value;
	ret.flags = r.flags & 0x3f;
	return ret;
}

static struct outcome our_rem(const struct fp_x87_case *c)
{
	return remainder_of(c, false);
}

static struct outcome our_rem_nearest(const struct fp_x87_case *c)
{
	return remainder_of(c, true);
}

static const struct operation operations[] = {
	{"fadd", FP_F80, FP_F80, false, our_add, host_fadd},
	{"fsub", FP_F80, FP_F80, false, our_sub, host_fsub},
	{"fmul", FP_F80, FP_F80, false, our_mul, host_fmul},
	{"fdiv", FP_F80, FP_F80, false, our_div, host_fdiv},
	{"fsqrt", FP_F80, FP_F80, false, our_sqrt, host_fsqrt},
	{"fscale", FP_F80, FP_F80, false, our_scale, host_fscale},
	{"fxtract, significand", FP_F80, FP_F80, false, our_significand, host_fxtract_significand},
	{"fxtract, exponent", FP_F80, FP_F80, false, our_exponent, host_fxtract_exponent},
	{"frndint", FP_F80, FP_F80, false, our_round, host_frndint},
	{"fcom", FP_F80, FP_F80, false, our_compare, host_fcom},
	{"fucom", FP_F80, FP_F80, false, our_compare_quiet, host_fucom},
	{"fprem", FP_F80, FP_F80, false, our_rem, host_fprem},
	{"fprem1", FP_F80, FP_F80, false, our_rem_nearest, host_fprem1},
	{"fadd m32", FP_F32, FP_F80, false, our_add_32, host_fadds},
	{"fadd m64", FP_F64, FP_F80, false, our_add_64, host_faddl},
	{"fdiv m32", FP_F32, FP_F80, false, our_div_32, host_fdivs},
	{"fdiv m64", FP_F64, FP_F80, false, our_div_64, host_fdivl},
	{"fld m32", FP_F32, FP_F80, false, our_from_32, host_flds},
	{"fld m64", FP_F64, FP_F80, false, our_from_64, host_fldl},
	{"fild m16", FP_F16, FP_F80, false, our_from_i16, host_filds},
	{"fild m32", FP_F32, FP_F80, false, our_from_i32, host_fildl},
	{"fild m64", FP_F64, FP_F80, false, our_from_i64, host_fildll},
	{"fstp m32", FP_F80, FP_F32, true, our_from_80, host_fstps},
	{"fstp m64", FP_F80, FP_F64, true, our_from_80, host_fstpl},
	{"fistp m16", FP_F80, FP_F80, true, our_to_i16, host_fistps},
	{"fistp m32", FP_F80, FP_F80, true, our_to_i32, host_fistpl},
	{"fistp m64", FP_F80, FP_F80, true, our_to_i64, host_fistpll},
	{"fisttp m64", FP_F80, FP_F80, true, our_truncate, host_fisttpll},
};

enum { NUM_OPERATIONS = sizeof operations / sizeof *operations };

static struct fp_x87_case any_case(struct rng *r, const struct operation *o)
{
	static const uint8_t precisions[] = {0, 1, 2, 3};
	struct fp_x87_case c = {.env = {.format = o->result, .rules = FP_X87}};
	uint32_t random = (uint32_t)rng_next(r), round = random & 3, precision = precisions[random >> 2 & 3];
	uint32_t overflow = (random >> 4 & 3) == 0, underflow = (random >> 6 & 3) == 0;

	c.env.mode = round << FP_MODE_ROUND | precision << FP_MODE_PRECISION | overflow << FP_MODE_UNMASKED_OVERFLOW |
		     underflow << FP_MODE_UNMASKED_UNDERFLOW;
	c.control = (uint16_t)(0x7f & ~(overflow << 3 | underflow << 4)) | (uint16_t)(precision << 8 | round << 10);
	c.a = fp_operand_any(r, o->operand);
	fp_bits wide = o->operand == FP_F80 || o->operand == FP_F16 ? c.a : fp_widen(FP_F80, o->operand, c.a);
	c.b = fp_operand_second(r, FP_F80, wide);
	return c;
}

static void text_of(char *ret, unsigned size, fp_bits a)
{
	snprintf(ret, size, "%04x:%016llx", (unsigned)(a >> 64), (unsigned long long)a);
}

static void compare_outcomes(const struct operation *o, const struct fp_x87_case *c)
{
	struct outcome ours = o->ours(c), host = o->host(c);
	unsigned untold = ~c->control & 0x18 & host.flags;
	char a[32], b[32], mine[32], theirs[32];

	/* No result is stored; C1 is left. */
	if (o->to_memory && untold) {
		ours.value = host.value;
	}
	if (ours.value == host.value && ours.flags == host.flags && ours.quotient == host.quotient)
		return;
	text_of(a, sizeof a, c->a);
	text_of(b, sizeof b, c->b);
	text_of(mine, sizeof mine, ours.value);
	text_of(theirs, sizeof theirs, host.value);
	ck_abort_msg("%s %s %s mode %#x: %s flags %#x quotient %u, the processor %s flags %#x quotient %u", o->name, a,
		     b, c->env.mode, mine, ours.flags, ours.quotient, theirs, host.flags, host.quotient);
}

START_TEST(like_the_processor)
{
	const struct operation *o = &operations[_i];
	struct rng r = {(uint64_t)_i};

	for (uint64_t i = 0; i < fp_cases(30000); i++) {
		struct fp_x87_case c = any_case(&r, o);
		compare_outcomes(o, &c);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("fp like the x87");
	TCase *tcase = tcase_create("operations");

	tcase_set_timeout(tcase, 3600);
	tcase_add_loop_test(tcase, like_the_processor, 0, NUM_OPERATIONS);
	suite_add_tcase(suite, tcase);
	return test_main(suite);
}

#else

int main(void)
{
	puts("no x87 on this machine");
	return TEST_SKIP;
}

#endif
