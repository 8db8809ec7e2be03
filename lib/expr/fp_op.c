#include "lib/expr/fp_op.h"

#include "lib/expr/bv.h"
#include "lib/expr/pool.h"

/* Fields of the attribute: the first bit, and how many. */
struct field {
	uint8_t at, width;
};

static const struct field FORMAT = {0, 3}, FROM = {3, 3}, RULES = {6, 2}, ROUNDING = {8, 3}, QUIET = {11, 1},
			  EXACT = {12, 1}, NEAREST = {13, 1}, SIGNED = {14, 1}, RELATIONS = {15, 4}, INTEGER = {19, 2},
			  FRACTION = {21, 7}, NEGATE_EVEN = {28, 2}, NEGATE_ODD = {30, 2};

static uint32_t put(struct field f, unsigned value)
{
	return (uint32_t)value << f.at;
}

static uint8_t get(struct field f, uint32_t attr)
{
	return (uint8_t)(attr >> f.at & bv_ones(f.width));
}

/* The integer's width is kept as a power of two, in bytes; of operators without one it is 0. */
uint32_t fp_spec_pack(const struct fp_spec *s)
{
	unsigned integer = s->integer ? (unsigned)__builtin_ctz(s->integer / 8u) : 0;

	return put(FORMAT, s->format) | put(FROM, s->from) | put(RULES, s->rules) | put(ROUNDING, s->rounding) |
	       put(QUIET, s->quiet) | put(EXACT, s->exact) | put(NEAREST, s->nearest) | put(SIGNED, s->is_signed) |
	       put(RELATIONS, s->relations) | put(INTEGER, integer) | put(FRACTION, s->fraction) |
	       put(NEGATE_EVEN, s->negate[0]) | put(NEGATE_ODD, s->negate[1]);
}

struct fp_spec fp_spec_unpack(uint32_t attr)
{
	return (struct fp_spec){
		.format = get(FORMAT, attr),
		.from = get(FROM, attr),
		.rules = get(RULES, attr),
		.rounding = get(ROUNDING, attr),
		.quiet = get(QUIET, attr),
		.exact = get(EXACT, attr),
		.nearest = get(NEAREST, attr),
		.is_signed = get(SIGNED, attr),
		.relations = get(RELATIONS, attr),
		.integer = (uint8_t)(8u << get(INTEGER, attr)),
		.fraction = get(FRACTION, attr),
		.negate = {get(NEGATE_EVEN, attr), get(NEGATE_ODD, attr)},
	};
}

unsigned fp_result_lane(enum expr_op op, const struct fp_spec *s)
{
	switch (op) {
	case EXPR_FORDER: return 4;
	case EXPR_FTOI: return s->integer;
	default: return fp_width(s->format);
	}
}

unsigned fp_operand_lane(enum expr_op op, const struct fp_spec *s)
{
	switch (op) {
	case EXPR_FCVT:
	case EXPR_F8DOT: return fp_width(s->from);
	case EXPR_ITOF: return s->integer;
	default: return fp_width(s->format);
	}
}

/* ---- Control registers ---- */

/* Conversions never flush halves; what they flush, at the other side, is none (Arm ARM, FPUnpackCV()). */
static bool is_half(enum expr_op op, const struct fp_spec *s)
{
	return op != EXPR_FCVT && s->format == FP_F16;
}

/* Those that FPCR.AH makes silent (FPRecipEstimate(), FPRecipStepFused(), FPConvertBF(), BFMulAdd()). */
static bool is_estimate(enum expr_op op, const struct fp_spec *s)
{
	switch (op) {
	case EXPR_FRECPE:
	case EXPR_FRSQRTE:
	case EXPR_FRECPX:
	case EXPR_FRECPS:
	case EXPR_FRSQRTS: return true;
	case EXPR_FCVT: return s->format == FP_BF16;
	case EXPR_FMA: return s->quiet;
	default: return false;
	}
}

struct fp_env fp_env_of(enum expr_op op, const struct fp_spec *s, uint32_t control)
{
	if (op == EXPR_F8DOT)
		return (struct fp_env){s->format, s->rules, FP_NEAREST};
	if (is_estimate(op, s))
		control = fp_estimate_control(s->rules, control);
	unsigned mode = fp_mode(s->rules, is_half(op, s), control), own = 7u << FP_MODE_ROUND;

	if (s->rounding)
		mode = (mode & ~own) | (s->rounding - (unsigned)FP_STATIC) << FP_MODE_ROUND;
	return (struct fp_env){s->format, fp_rules_under(s->rules, control), mode};
}

uint8_t fp_flags_told(enum expr_op op, const struct fp_spec *s, uint32_t control, unsigned flags)
{
	if (is_estimate(op, s) && fp_estimate_silent(s->rules, control))
		return 0;
	return fp_told(s->rules, control, (uint8_t)flags);
}

uint32_t fp_control_needed(enum expr_op op, const struct fp_spec *s)
{
	if (op == EXPR_F8DOT)
		return FP_F8_CONTROL;
	return fp_control_bits(s->rules, is_half(op, s), fp_op_rounds(op) && !s->rounding);
}

/* ---- Nodes ---- */

static unsigned extra_width(enum expr_op op)
{
	return (op == EXPR_FREM ? FP_REM_QUOTIENT_WIDTH : 0) + FP_NUM_FLAGS;
}

unsigned fp_node_width(const struct expr_pool *pool, const struct expr *n)
{
	const struct fp_spec s = fp_spec_unpack(n->attr);

	return expr_width(pool, n->arg[0]) / fp_operand_lane(n->op, &s) * n->lane + extra_width(n->op);
}

unsigned fp_value_width(const struct expr *n)
{
	return n->width - extra_width(n->op);
}

static uint32_t own_fields(enum expr_op op)
{
	switch (op) {
	case EXPR_FADD: return put(NEGATE_EVEN, FP_NEGATE_ADDEND) | put(NEGATE_ODD, FP_NEGATE_ADDEND);
	case EXPR_FMA: return put(NEGATE_EVEN, 3) | put(NEGATE_ODD, 3) | put(QUIET, 1);
	case EXPR_FCMP: return put(QUIET, 1) | put(RELATIONS, 15);
	case EXPR_FORDER: return put(QUIET, 1);
	case EXPR_FREM: return put(NEAREST, 1);
	case EXPR_FRINT:
	case EXPR_FRECPE:
	case EXPR_FRSQRTE: return put(EXACT, 1);
	case EXPR_F8DOT: return put(EXACT, 1) | put(FROM, 7);
	case EXPR_FRINTFIT: return put(SIGNED, 1) | put(INTEGER, 3);
	case EXPR_FCVT: return put(FROM, 7);
	case EXPR_FTOI:
	case EXPR_ITOF: return put(SIGNED, 1) | put(INTEGER, 3) | put(FRACTION, 127);
	default: return 0;
	}
}

bool fp_op_rounds(enum expr_op op)
{
	switch (op) {
	case EXPR_FADD:
	case EXPR_FSUB:
	case EXPR_FMUL:
	case EXPR_FMULX:
	case EXPR_FDIV:
	case EXPR_FSQRT:
	case EXPR_FMA:
	case EXPR_FRINT:
	case EXPR_FRINTFIT:
	case EXPR_FCVT:
	case EXPR_FTOI:
	case EXPR_ITOF:
	case EXPR_FSCALE:
	case EXPR_FRECPE:
	case EXPR_FRECPS:
	case EXPR_FRSQRTS:
	case EXPR_FBFDOT: return true;
	default: return false;
	}
}

uint32_t fp_op_fields(enum expr_op op)
{
	return put(FORMAT, 7) | put(RULES, 3) | (fp_op_rounds(op) ? put(ROUNDING, 7) : 0) | own_fields(op);
}

const char *fp_spec_check(enum expr_op op, uint32_t attr)
{
	const struct fp_spec s = fp_spec_unpack(attr);

	if (attr & ~fp_op_fields(op))
		return "attributes that the floating-point operator does not have";
	if (s.format >= FP_NUM_FORMATS || s.from >= FP_NUM_FORMATS || s.rules >= FP_NUM_RULES)
		return "no such floating-point format or rules";
	if (s.rounding > FP_STATIC + FP_ODD)
		return "no such rounding";
	if (s.fraction > 64)
		return "an integer with more than 64 fraction bits";
	if (op == EXPR_F8DOT && s.format != FP_F32 && s.format != FP_F16)
		return "a sum of products of eight-bit numbers that has another format";
	if (op == EXPR_F8DOT && s.from != FP_F16 && s.from != FP_F32 && s.from != FP_F64)
		return "a sum of products of eight-bit numbers in lanes of no such width";
	if (op == EXPR_F8DOT && fp_width(s.from) < fp_width(s.format))
		return "a sum of products of eight-bit numbers that is wider than they are";
	if (op == EXPR_FBFDOT && s.format != FP_F32)
		return "a sum of products that is not of single precision";
	if (op == EXPR_FRINTFIT && !s.is_signed)
		return "an integral number that fits an unsigned integer";
	return NULL;
}

const char *fp_node_check(const struct expr_pool *pool, const struct expr *n)
{
	const struct fp_spec s = fp_spec_unpack(n->attr);
	unsigned last = op_info[n->op].arity - 1u, a = expr_width(pool, n->arg[0]);
	unsigned lane = fp_operand_lane(n->op, &s);
	const char *wrong = fp_spec_check(n->op, n->attr);

	if (wrong)
		return wrong;
	if (n->lane != fp_result_lane(n->op, &s))
		return "a lane width that is not the format's";
	if (a % lane)
		return "operands that are not of whole lanes";
	if (a > lane && (lane > 64 || n->lane > 64 || n->op == EXPR_FORDER || n->op == EXPR_FREM))
		return "lanes of an operator that has one";
	for (unsigned i = 1; i < last; i++)
		if (expr_width(pool, n->arg[i]) != a)
			return "operands of different widths";
	return expr_width(pool, n->arg[last]) == FP_CONTROL_WIDTH ? NULL : "a control register of another width";
}

expr_id expr_fp(struct expr_pool *pool, enum expr_op op, const struct fp_spec *s, expr_id control, expr_id a, expr_id b,
		expr_id c)
{
	struct expr n = {.op = op,
			 .lane = (uint16_t)fp_result_lane(op, s),
			 .attr = fp_spec_pack(s),
			 .arg = {a, b, c, EXPR_NONE}};

	n.arg[op_info[op].arity - 1] = control;
	return expr_make(pool, n);
}

expr_id expr_fp_value(struct expr_pool *pool, expr_id id)
{
	if (!id)
		return EXPR_NONE;
	/* By the width alone, because a folded node is a constant: FREM's quotient is what is beside whole bytes. */
	unsigned width = expr_width(pool, id) - FP_NUM_FLAGS;
	return expr_extract(pool, id, 0, width < 8 ? width : width - width % 8);
}

expr_id expr_fp_quotient(struct expr_pool *pool, expr_id id)
{
	unsigned low = id ? expr_width(pool, id) - FP_NUM_FLAGS - FP_REM_QUOTIENT_WIDTH : 0;

	return id ? expr_extract(pool, id, low, FP_REM_QUOTIENT_WIDTH) : EXPR_NONE;
}

expr_id expr_fp_flags(struct expr_pool *pool, expr_id id)
{
	return id ? expr_extract(pool, id, expr_width(pool, id) - FP_NUM_FLAGS, FP_NUM_FLAGS) : EXPR_NONE;
}
