/* The floating-point operators: lib/fp lane by lane. */
#include "lib/expr/bv.h"
#include "lib/expr/fp_op.h"
#include "lib/expr/op.h"

#include <string.h>

/* An operator over lanes, of which none crosses words but one of 80 bits. */
struct lanes {
	enum expr_op op;
	struct fp_spec spec;
	struct fp_env env;
	uint32_t control;
	unsigned operand, result; /* widths of lanes */
	const uint64_t *a, *b, *c;
};

static inline fp_bits get_lane(const uint64_t *x, unsigned width, unsigned i)
{
	unsigned low = i * width;

	if (!x)
		return 0;
	if (width > 64)
		return (fp_bits)x[1] << 64 | x[0];
	return x[low / 64] >> low % 64 & bv_ones(width);
}

static struct fp_result compare(const struct lanes *l, fp_bits a, fp_bits b)
{
	struct fp_result r = {0};
	enum fp_relation relation = fp_compare(&l->env, l->spec.quiet, a, b, &r.flags);

	if (l->op == EXPR_FORDER)
		r.value = relation;
	else if (relation & l->spec.relations)
		r.value = bv_ones(l->result);
	return r;
}

static struct fp_result remainder_of(const struct lanes *l, fp_bits a, fp_bits b)
{
	unsigned quotient;
	struct fp_result r = fp_rem(&l->env, l->spec.nearest, a, b, &quotient);

	r.value |= (fp_bits)quotient << l->result;
	return r;
}

static struct fp_result f8_dot(const struct lanes *l, fp_bits a, fp_bits b, fp_bits c)
{
	const unsigned products = l->spec.exact ? 1 : l->operand / 8;

	return (struct fp_result){.value = fp_f8_dot(l->spec.format, l->control, products, a, b, c)};
}

static bool is_precise(const struct lanes *l)
{
	return l->spec.exact && l->spec.format == FP_F32 && l->env.rules == FP_ARM_ALTERNATE;
}

static struct fp_result convert(const struct lanes *l, fp_bits a)
{
	const struct fp_spec *s = &l->spec;

	switch (l->op) {
	case EXPR_FRINT: return fp_round_integral(&l->env, s->exact, a);
	case EXPR_FRINTFIT: return fp_round_to_fit(&l->env, s->integer, a);
	case EXPR_FCVT: return fp_convert(&l->env, s->from, a);
	case EXPR_FTOI: return fp_to_int(&l->env, s->is_signed, s->integer, s->fraction, a);
	case EXPR_ITOF: return fp_from_int(&l->env, s->is_signed, s->integer, s->fraction, (uint64_t)a);
	case EXPR_FGETEXP: return fp_exponent(&l->env, a);
	case EXPR_FRECPE: return fp_recip_estimate(&l->env, is_precise(l), a);
	case EXPR_FRSQRTE: return fp_rsqrt_estimate(&l->env, is_precise(l), a);
	case EXPR_FRECPX: return fp_recip_exponent(&l->env, a);
	default: return fp_significand(&l->env, a);
	}
}

/* Those of two operands that are functions of lib/fp as they stand. */
typedef struct fp_result binary(const struct fp_env *e, fp_bits a, fp_bits b);

static binary *const binaries[EXPR_NUM_OPS] = {
	[EXPR_FADD] = fp_add,          [EXPR_FSUB] = fp_sub,           [EXPR_FMUL] = fp_mul,
	[EXPR_FDIV] = fp_div,          [EXPR_FMIN] = fp_min,           [EXPR_FMAX] = fp_max,
	[EXPR_FMINNUM] = fp_min_num,   [EXPR_FMAXNUM] = fp_max_num,    [EXPR_FSCALE] = fp_scale,
	[EXPR_FRECPS] = fp_recip_step, [EXPR_FRSQRTS] = fp_rsqrt_step, [EXPR_FMULX] = fp_mulx,
};

static struct fp_result apply(const struct lanes *l, unsigned i)
{
	const struct fp_env *e = &l->env;
	unsigned negate = l->spec.negate[i % 2];
	fp_bits a = get_lane(l->a, l->operand, i), b = get_lane(l->b, l->operand, i);

	if (binaries[l->op])
		return (negate ? fp_sub : binaries[l->op])(e, a, b); /* negate: FADD alone */
	switch (l->op) {
	case EXPR_FSQRT: return fp_sqrt(e, a);
	case EXPR_FMA: return fp_fma(e, negate, a, b, get_lane(l->c, l->operand, i));
	case EXPR_F8DOT: return f8_dot(l, a, b, get_lane(l->c, l->operand, i));
	case EXPR_FBFDOT: return fp_bf16_dot(e, a, b, get_lane(l->c, l->operand, i));
	case EXPR_FCMP:
	case EXPR_FORDER: return compare(l, a, b);
	case EXPR_FREM: return remainder_of(l, a, b);
	default: return convert(l, a);
	}
}

void bv_fp(const struct bv_op *o, uint64_t *ret, const uint64_t *const arg[EXPR_MAX_ARGS])
{
	unsigned arity = op_info[o->op].arity, flags = 0;
	const uint32_t control = (uint32_t)arg[arity - 1][0];
	struct lanes l = {.op = o->op, .spec = fp_spec_unpack(o->attr), .result = o->lane, .a = arg[0]};

	l.control = control;
	l.env = fp_env_of(o->op, &l.spec, control);
	l.operand = fp_operand_lane(o->op, &l.spec);
	l.b = arity > 2 ? arg[1] : NULL;
	l.c = arity > 3 ? arg[2] : NULL;
	memset(ret, 0, bv_words(o->width) * sizeof *ret);
	for (unsigned i = 0; i < o->arg_width[0] / l.operand; i++) {
		struct fp_result r = apply(&l, i);
		unsigned low = i * l.result;

		ret[low / 64] |= (uint64_t)r.value << low % 64;
		if (r.value >> 64) /* the one lane of 80 bits, or the quotient beside one of 64 */
			ret[1] |= (uint64_t)(r.value >> 64);
		flags |= r.flags;
	}
	bv_put(ret, o->width - FP_NUM_FLAGS, FP_NUM_FLAGS, fp_flags_told(o->op, &l.spec, control, flags));
}
