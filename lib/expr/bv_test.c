/*
 * Every operator against a reference that shares nothing with it: up to 64 bits the machine's own integers, beyond that
 * numbers as arrays of single bits with schoolbook arithmetic, and lanes as small numbers one by one. Both the words of
 * bv.h and compiled programs are compared.
 */
#include "lib/expr/bv.h"

#include "lib/expr/eval.h"
#include "lib/expr/op.h"
#include "lib/testing/assert.h"
#include "lib/testing/random_expr.h"

/* ---- Numbers as bits, least significant first ---- */

struct bits {
	unsigned width;
	uint8_t at[2 * EXPR_MAX_WIDTH];
};

static struct bits from_words(const uint64_t *words, unsigned width)
{
	struct bits x = {.width = width};

	for (unsigned i = 0; i < width; i++)
		x.at[i] = words[i / 64] >> i % 64 & 1;
	return x;
}

static void to_words(const struct bits *x, uint64_t *ret)
{
	memset(ret, 0, EXPR_MAX_WORDS * sizeof *ret);
	for (unsigned i = 0; i < x->width; i++)
		ret[i / 64] |= (uint64_t)x->at[i] << i % 64;
}

static struct bits number(unsigned width, uint64_t value)
{
	struct bits x = {.width = width};

	for (unsigned i = 0; i < width && i < 64; i++)
		x.at[i] = value >> i & 1;
	return x;
}

/* Beyond 2^32 only "large" matters. */
static uint64_t small(const struct bits *x)
{
	uint64_t value = 0;

	for (unsigned i = x->width; i-- > 0;)
		value = value > UINT32_MAX ? value : value * 2 + x->at[i];
	return value;
}

static bool sign(const struct bits *x)
{
	return x->at[x->width - 1];
}

static struct bits ref_not(struct bits a)
{
	for (unsigned i = 0; i < a.width; i++)
		a.at[i] = !a.at[i];
	return a;
}

static struct bits ref_add(struct bits a, const struct bits *b, unsigned carry)
{
	for (unsigned i = 0; i < a.width; i++) {
		unsigned sum = a.at[i] + b->at[i] + carry;

		a.at[i] = sum & 1;
		carry = sum >> 1;
	}
	return a;
}

static struct bits ref_sub(struct bits a, const struct bits *b)
{
	struct bits inverted = ref_not(*b);

	return ref_add(a, &inverted, 1);
}

static struct bits ref_neg(struct bits a)
{
	struct bits zero = number(a.width, 0);

	return ref_sub(zero, &a);
}

static struct bits ref_shl(struct bits a, uint64_t count)
{
	for (unsigned i = a.width; i-- > 0;)
		a.at[i] = i >= count ? a.at[i - count] : 0;
	return a;
}

static struct bits ref_shr(struct bits a, uint64_t count, unsigned fill)
{
	for (unsigned i = 0; i < a.width; i++)
		a.at[i] = count < a.width - i ? a.at[i + count] : (uint8_t)fill;
	return a;
}

static struct bits ref_mul(const struct bits *a, const struct bits *b)
{
	struct bits sum = number(a->width, 0);

	for (unsigned i = 0; i < a->width; i++) {
		struct bits shifted = ref_shl(*a, i);

		if (b->at[i])
			sum = ref_add(sum, &shifted, 0);
	}
	return sum;
}

static bool ref_less(const struct bits *a, const struct bits *b)
{
	for (unsigned i = a->width; i-- > 0;)
		if (a->at[i] != b->at[i])
			return a->at[i] < b->at[i];
	return false;
}

static bool ref_less_signed(const struct bits *a, const struct bits *b)
{
	return sign(a) != sign(b) ? sign(a) : ref_less(a, b);
}

static bool ref_zero(const struct bits *a)
{
	for (unsigned i = 0; i < a->width; i++)
		if (a->at[i])
			return false;
	return true;
}

/* One bit more, so that the doubled remainder fits. */
static void ref_divide(const struct bits *a, const struct bits *b, struct bits *quo, struct bits *rem)
{
	struct bits wide_b = *b, r = number(a->width + 1, 0);

	wide_b.width++;
	*quo = number(a->width, 0);
	for (unsigned i = a->width; i-- > 0;) {
		r = ref_shl(r, 1);
		r.at[0] = a->at[i];
		if (!ref_less(&r, &wide_b)) {
			r = ref_sub(r, &wide_b);
			quo->at[i] = 1;
		}
	}
	r.width--;
	*rem = r;
}

static void ref_divide_any(struct bits a, struct bits b, bool is_signed, struct bits *quo, struct bits *rem)
{
	bool minus_a = is_signed && sign(&a), minus_b = is_signed && sign(&b);

	if (ref_zero(&b)) {
		*quo = ref_not(b);
		*rem = a;
		return;
	}
	a = minus_a ? ref_neg(a) : a;
	b = minus_b ? ref_neg(b) : b;
	ref_divide(&a, &b, quo, rem);
	*quo = minus_a != minus_b ? ref_neg(*quo) : *quo;
	*rem = minus_a ? ref_neg(*rem) : *rem;
}

/* The whole count modulo the width, from the top bit down. */
static struct bits ref_rotate(struct bits a, const struct bits *count, bool left)
{
	struct bits ret = a;
	unsigned n = 0;

	for (unsigned i = count->width; i-- > 0;)
		n = (2 * n + count->at[i]) % a.width;
	for (unsigned i = 0; i < a.width; i++)
		ret.at[left ? (i + n) % a.width : i] = a.at[left ? i : (i + n) % a.width];
	return ret;
}

static struct bits ref_count(enum expr_op op, const struct bits *a)
{
	unsigned n = 0;

	for (unsigned i = 0; i < a->width; i++) {
		if (op == EXPR_POPCNT)
			n += a->at[i];
		else if (a->at[op == EXPR_CTZ ? i : a->width - 1 - i])
			break;
		else
			n++;
	}
	return number(a->width, n);
}

static struct bits ref_reversed(struct bits a, unsigned unit)
{
	struct bits ret = a;

	for (unsigned i = 0; i < a.width; i++)
		ret.at[a.width - unit - i / unit * unit + i % unit] = a.at[i];
	return ret;
}

static struct bits ref_bitwise(enum expr_op op, struct bits a, const struct bits *b)
{
	for (unsigned i = 0; i < a.width; i++)
		a.at[i] = op == EXPR_AND  ? (a.at[i] && b->at[i])
			  : op == EXPR_OR ? (a.at[i] || b->at[i])
					  : a.at[i] != b->at[i];
	return a;
}

/* EXPR_NOT up to EXPR_SLE. */
static struct bits ref_scalar(enum expr_op op, const struct bits *a, const struct bits *b)
{
	struct bits quo, rem;

	switch (op) {
	case EXPR_NOT: return ref_not(*a);
	case EXPR_NEG: return ref_neg(*a);
	case EXPR_AND:
	case EXPR_OR:
	case EXPR_XOR: return ref_bitwise(op, *a, b);
	case EXPR_ADD: return ref_add(*a, b, 0);
	case EXPR_SUB: return ref_sub(*a, b);
	case EXPR_MUL: return ref_mul(a, b);
	case EXPR_SHL: return ref_shl(*a, small(b));
	case EXPR_LSHR: return ref_shr(*a, small(b), 0);
	case EXPR_ASHR: return ref_shr(*a, small(b), sign(a));
	case EXPR_ROL: return ref_rotate(*a, b, true);
	case EXPR_ROR: return ref_rotate(*a, b, false);
	case EXPR_POPCNT:
	case EXPR_CLZ:
	case EXPR_CTZ: return ref_count(op, a);
	case EXPR_BSWAP: return ref_reversed(*a, 8);
	case EXPR_BITREV: return ref_reversed(*a, 1);
	case EXPR_EQ: return number(1, !ref_less(a, b) && !ref_less(b, a));
	case EXPR_ULT: return number(1, ref_less(a, b));
	case EXPR_ULE: return number(1, !ref_less(b, a));
	case EXPR_SLT: return number(1, ref_less_signed(a, b));
	case EXPR_SLE: return number(1, !ref_less_signed(b, a));
	default: ref_divide_any(*a, *b, op == EXPR_SDIV || op == EXPR_SREM, &quo, &rem);
	}
	return op == EXPR_UDIV || op == EXPR_SDIV ? quo : rem;
}

/* ---- The machine's integers, for 8 and 64 bits: a check of the reference too ---- */

#define NATIVE(name, type, stype) \
	static bool name(enum expr_op op, type a, type b, uint64_t *ret) \
	{ \
		stype sa = (stype)a, sb = (stype)b; \
		bool overflow = sb == -1; \
		switch (op) { \
		case EXPR_NOT: *ret = (type)~a; break; \
		case EXPR_NEG: *ret = (type)(0 - a); break; \
		case EXPR_AND: *ret = a & b; break; \
		case EXPR_OR: *ret = a | b; break; \
		case EXPR_XOR: *ret = a ^ b; break; \
		case EXPR_ADD: *ret = (type)(a + b); break; \
		case EXPR_SUB: *ret = (type)(a - b); break; \
		case EXPR_MUL: *ret = (type)(a * b); break; \
		case EXPR_UDIV: *ret = b ? (type)(a / b) : (type)-1; break; \
		case EXPR_UREM: *ret = b ? (type)(a % b) : a; break; \
		case EXPR_SDIV: *ret = !b ? (type)-1 : overflow ? (type)(0 - a) : (type)(sa / sb); break; \
		case EXPR_SREM: *ret = !b ? a : overflow ? 0 : (type)(sa % sb); break; \
		case EXPR_SHL: *ret = b < 8 * sizeof(type) ? (type)(a << b) : 0; break; \
		case EXPR_LSHR: *ret = b < 8 * sizeof(type) ? (type)(a >> b) : 0; break; \
		case EXPR_ASHR: *ret = (type)(sa >> (b < 8 * sizeof(type) ? b : 8 * sizeof(type) - 1)); break; \
		case EXPR_EQ: *ret = a == b; break; \
		case EXPR_ULT: *ret = a < b; break; \
		case EXPR_ULE: *ret = a <= b; break; \
		case EXPR_SLT: *ret = sa < sb; break; \
		case EXPR_SLE: *ret = sa <= sb; break; \
		default: return false; \
		} \
		return true; \
	}
NATIVE(native8, uint8_t, int8_t)
NATIVE(native64, uint64_t, int64_t)

/* ---- Comparison ---- */

struct subject {
	struct bv_op o;
	uint64_t arg[3][EXPR_MAX_WORDS];
};

/* Programs are tried with registers made for the operands' widths, in place of a real machine's. */
static void run_program(const struct subject *s, uint64_t *ret)
{
	uint16_t words[4] = {0, 8, 16, 24}, widths[4];
	struct reg_layout layout = {.word = words, .width = widths, .num_regs = 4};
	uint64_t state[32] = {0};
	struct expr n = {.op = s->o.op, .width = s->o.width, .lane = s->o.lane, .attr = s->o.attr};
	struct expr_pool *pool;
	struct transfer t;
	struct prog *prog;
	struct eval e = {0};

	ck_no_error(expr_pool_create(false, &pool));
	transfer_init(&t, pool);
	widths[3] = s->o.width;
	for (unsigned i = 0; i < op_info[s->o.op].arity; i++) {
		widths[i] = s->o.arg_width[i];
		memcpy(state + words[i], s->arg[i], bv_words(widths[i]) * sizeof *state);
		n.arg[i] = expr_reg(pool, widths[i], i);
	}
	ck_assert(!(op_info[n.op].traits & 1) || n.arg[0] < n.arg[1]); /* keep the order of commutative operands */
	expr_id id = op_info[n.op].shape == SHAPE_EXTRACT ? expr_extract(pool, n.arg[0], n.attr, n.width)
		     : op_info[n.op].shape == SHAPE_EXTEND
			     ? (n.op == EXPR_ZEXT ? expr_zext : expr_sext)(pool, n.arg[0], n.width)
		     : n.lane           ? expr_lanes(pool, n.op, n.lane, n.arg[0], n.arg[1], n.arg[2])
		     : n.op == EXPR_ITE ? expr_ite(pool, n.arg[0], n.arg[1], n.arg[2])
		     : n.arg[1]         ? expr_binary(pool, n.op, n.arg[0], n.arg[1])
					: expr_unary(pool, n.op, n.arg[0]);
	transfer_set_reg(&t, 3, id);
	ck_no_error(prog_compile(&t, &layout, &prog));
	ck_no_error(prog_run(prog, state, NULL, NULL, &e));
	ck_assert_int_eq(e.status, EVAL_DONE);
	ck_assert_uint_eq(e.regs[0].width, s->o.width);
	memcpy(ret, e.regs[0].value, bv_words(s->o.width) * sizeof *ret);
	eval_deinit(&e);
	prog_destroy(prog);
	transfer_deinit(&t);
	expr_pool_destroy(pool);
}

static void compare(const struct subject *s, const struct bits *reference)
{
	uint64_t expected[EXPR_MAX_WORDS], actual[EXPR_MAX_WORDS] = {0};

	ck_assert_uint_eq(reference->width, s->o.width);
	to_words(reference, expected);
	bv_apply(&s->o, actual, (const uint64_t *const[EXPR_MAX_ARGS]){s->arg[0], s->arg[1], s->arg[2]});
	ck_assert_msg(!memcmp(actual, expected, bv_words(s->o.width) * sizeof *actual), "bv: %s of %u bits, lane %u",
		      expr_op_text(s->o.op), s->o.arg_width[0], s->o.lane);
	run_program(s, actual);
	ck_assert_msg(!memcmp(actual, expected, bv_words(s->o.width) * sizeof *actual),
		      "program: %s of %u bits, lane %u", expr_op_text(s->o.op), s->o.arg_width[0], s->o.lane);
}

static const unsigned widths_to_test[] = {1, 7, 8, 63, 64, 65, 128, 256, 512, 100, 16, 32};

enum { NUM_WIDTHS = sizeof widths_to_test / sizeof *widths_to_test };

/* Zero, all ones, then random. */
static void operand(struct rng *rng, unsigned round, unsigned width, uint64_t *ret)
{
	if (round >= 2) {
		rng_value(rng, width, ret);
		return;
	}
	memset(ret, round ? 0xff : 0, bv_words(width) * sizeof *ret);
	ret[bv_words(width) - 1] &= bv_top_mask(width);
}

static void check_native(const struct subject *s, const struct bits *reference)
{
	uint64_t expected, actual[EXPR_MAX_WORDS];
	bool has = false;

	if (s->o.arg_width[0] == 8 && s->o.arg_width[1] == 8)
		has = native8(s->o.op, (uint8_t)s->arg[0][0], (uint8_t)s->arg[1][0], &expected);
	if (s->o.arg_width[0] == 64 && s->o.arg_width[1] == 64)
		has = native64(s->o.op, s->arg[0][0], s->arg[1][0], &expected);
	to_words(reference, actual);
	if (has)
		ck_assert_uint_eq(actual[0], expected);
}

/* _i: the operator, by number. */
START_TEST(scalar_operators)
{
	struct rng rng = {.state = (uint64_t)_i};

	for (unsigned k = 0; k < NUM_WIDTHS * 36; k++) {
		unsigned width = widths_to_test[k % NUM_WIDTHS], round = k / NUM_WIDTHS, count_width = width;
		struct subject s = {.o = {.op = (uint8_t)_i, .width = (uint16_t)width}};
		bool two = op_info[_i].arity == 2;

		if (_i == EXPR_BSWAP && width % 8)
			continue;
		if (op_info[_i].shape == SHAPE_COUNT && round % 2)
			count_width = widths_to_test[rng_below(&rng, NUM_WIDTHS)];
		if (op_info[_i].shape == SHAPE_COMPARE)
			s.o.width = 1;
		s.o.arg_width[0] = (uint16_t)width;
		s.o.arg_width[1] = (uint16_t)(two ? count_width : 0);
		operand(&rng, round % 6, width, s.arg[0]);
		operand(&rng, round / 6, count_width, s.arg[1]);

		struct bits a = from_words(s.arg[0], width), b = from_words(s.arg[1], count_width);
		struct bits reference = ref_scalar((enum expr_op)_i, &a, &b);
		compare(&s, &reference);
		check_native(&s, &reference);
	}
}
END_TEST

/* ---- Structure ---- */

static struct bits ref_part(const struct bits *a, unsigned low, unsigned width, unsigned fill)
{
	struct bits ret = {.width = width};

	for (unsigned i = 0; i < width; i++)
		ret.at[i] = low + i < a->width ? a->at[low + i] : (uint8_t)fill;
	return ret;
}

static unsigned any_width(struct rng *rng, unsigned min, unsigned max)
{
	for (unsigned tries = 0; tries < 8; tries++) {
		unsigned width = widths_to_test[rng_below(rng, NUM_WIDTHS)];

		if (width >= min && width <= max)
			return width;
	}
	return min + rng_below(rng, max - min + 1);
}

static struct bits ref_concat(const struct bits *high, const struct bits *low)
{
	struct bits ret = *low;

	memcpy(ret.at + low->width, high->at, high->width);
	ret.width += high->width;
	return ret;
}

START_TEST(structure)
{
	static const uint8_t ops[] = {EXPR_ITE, EXPR_CONCAT, EXPR_EXTRACT, EXPR_ZEXT, EXPR_SEXT};
	struct rng rng = {.state = 99};

	for (unsigned k = 0; k < 6000; k++) {
		enum expr_op op = ops[k % 5];
		unsigned width = any_width(&rng, 1, op == EXPR_CONCAT ? 511 : 512), low = rng_below(&rng, width);
		struct subject s = {.o = {.op = (uint8_t)op, .arg_width = {(uint16_t)width}}};
		struct bits a, b, reference;

		operand(&rng, rng_below(&rng, 6), width, s.arg[0]);
		a = from_words(s.arg[0], width);
		if (op == EXPR_ITE) {
			s.o.arg_width[0] = 1;
			s.arg[0][0] = rng_below(&rng, 2);
			s.o.width = s.o.arg_width[1] = s.o.arg_width[2] = (uint16_t)width;
			operand(&rng, 2, width, s.arg[1]);
			operand(&rng, 2, width, s.arg[2]);
			reference = from_words(s.arg[s.arg[0][0] ? 1 : 2], width);
		} else if (op == EXPR_CONCAT) {
			s.o.arg_width[1] = (uint16_t)any_width(&rng, 1, 512 - width);
			operand(&rng, rng_below(&rng, 6), s.o.arg_width[1], s.arg[1]);
			b = from_words(s.arg[1], s.o.arg_width[1]);
			reference = ref_concat(&a, &b);
		} else if (op == EXPR_EXTRACT) {
			s.o.attr = rng_below(&rng, 2) ? low / 64 * 64 : low;
			reference = ref_part(&a, s.o.attr, any_width(&rng, 1, width - s.o.attr), 0);
		} else {
			reference = ref_part(&a, 0, any_width(&rng, width, 512), op == EXPR_SEXT && sign(&a));
		}
		s.o.width = (uint16_t)reference.width;
		compare(&s, &reference);
	}
}
END_TEST

/* ---- Lanes: plain C on small numbers, or on 128 bits where 64 do not suffice ---- */

struct lane {
	unsigned n;
	bv_u128 x, y;
	bv_s128 sx, sy;
};

static bv_u128 pow2(unsigned n)
{
	return (bv_u128)1 << n;
}

static bv_s128 clamp(bv_s128 x, bv_s128 min, bv_s128 max)
{
	return x < min ? min : x > max ? max : x;
}

static bv_u128 floor_shift(bv_s128 x, bv_u128 count)
{
	for (bv_u128 i = 0; i < count && i < 130; i++)
		x = x < 0 ? (x - 1) / 2 : x / 2;
	return (bv_u128)x;
}

static unsigned popcount(bv_u128 x)
{
	unsigned n = 0;

	for (; x; x /= 2)
		n += x % 2;
	return n;
}

static unsigned bit_length(bv_u128 x)
{
	unsigned n = 0;

	for (; x; x /= 2)
		n++;
	return n;
}

/* The result before it is cut to the lane (or half of the lane). */
static bv_u128 ref_lane(enum expr_op op, const struct lane *l)
{
	bv_s128 max = (bv_s128)pow2(l->n - 1) - 1, min = -max - 1, top = (bv_s128)pow2(l->n) - 1;
	bv_s128 half_max = l->n > 1 ? (bv_s128)pow2(l->n / 2 - 1) - 1 : 0, half_top = (bv_s128)pow2(l->n / 2) - 1;
	bv_s128 ux = (bv_s128)l->x, uy = (bv_s128)l->y;

	switch (op) {
	case EXPR_VADD: return l->x + l->y;
	case EXPR_VSUB: return l->x - l->y;
	case EXPR_VNEG: return 0 - l->x;
	case EXPR_VABS: return (bv_u128)(l->sx < 0 ? -l->sx : l->sx);
	case EXPR_VMUL: return l->x * l->y;
	case EXPR_VMULHU: return l->x * l->y / pow2(l->n);
	case EXPR_VMULHS: return floor_shift(l->sx * l->sy, l->n);
	case EXPR_VADDUS: return (bv_u128)clamp(ux + uy, 0, top);
	case EXPR_VADDSS: return (bv_u128)clamp(l->sx + l->sy, min, max);
	case EXPR_VSUBUS: return (bv_u128)clamp(ux - uy, 0, top);
	case EXPR_VSUBSS: return (bv_u128)clamp(l->sx - l->sy, min, max);
	case EXPR_VAVGU: return (l->x + l->y + 1) / 2;
	case EXPR_VMINU: return l->x < l->y ? l->x : l->y;
	case EXPR_VMINS: return (bv_u128)(l->sx < l->sy ? l->sx : l->sy);
	case EXPR_VMAXU: return l->x > l->y ? l->x : l->y;
	case EXPR_VMAXS: return (bv_u128)(l->sx > l->sy ? l->sx : l->sy);
	case EXPR_VEQ: return l->x == l->y ? ~(bv_u128)0 : 0;
	case EXPR_VGTU: return l->x > l->y ? ~(bv_u128)0 : 0;
	case EXPR_VGTS: return l->sx > l->sy ? ~(bv_u128)0 : 0;
	case EXPR_VPOPCNT: return popcount(l->x);
	case EXPR_VCLZ: return l->n - bit_length(l->x);
	case EXPR_VSHL:
	case EXPR_VSHLV: return l->y < l->n ? l->x * pow2((unsigned)l->y) : 0;
	case EXPR_VLSHR:
	case EXPR_VLSHRV: return l->y < l->n ? l->x / pow2((unsigned)l->y) : 0;
	case EXPR_VASHR:
	case EXPR_VASHRV: return floor_shift(l->sx, l->y);
	case EXPR_VNARROWSS: return (bv_u128)clamp(l->sx, -half_max - 1, half_max);
	case EXPR_VNARROWSU: return (bv_u128)clamp(l->sx, 0, half_top);
	case EXPR_VNARROWUU: return (bv_u128)clamp(ux, 0, half_top);
	case EXPR_VMSB: return l->sx < 0;
	case EXPR_VWIDENS: return (bv_u128)l->sx;
	default: return l->x; /* VWIDENU, VNARROW, VSUM */
	}
}

static bv_u128 lane_of(const struct bits *a, unsigned low, unsigned n)
{
	bv_u128 x = 0;

	for (unsigned i = n; i-- > 0;)
		x = x * 2 + a->at[low + i];
	return x;
}

static void set_lane(struct bits *ret, unsigned low, unsigned n, bv_u128 x)
{
	for (unsigned i = 0; i < n; i++, x /= 2)
		ret->at[low + i] = x % 2;
}

/* Lane i of the operands gives lane i of the result; a sum adds up in lane 0. */
static struct bits ref_lanes(const struct subject *s, const struct bits *a, const struct bits *b)
{
	enum expr_op op = s->o.op;
	unsigned n = s->o.lane, num = a->width / n;
	struct bits ret = {.width = s->o.width};
	bv_u128 sum = 0;

	for (unsigned i = 0; i < num; i++) {
		struct lane l = {.n = n, .x = lane_of(a, i * n, n)};

		l.sx = (bv_s128)l.x - (l.x >= pow2(n - 1) ? (bv_s128)pow2(n) : 0);
		if (op_info[op].shape == SHAPE_LCOUNT)
			l.y = small(b);
		else if (b->width)
			l.y = lane_of(b, i * n, n), l.sy = (bv_s128)l.y - (l.y >= pow2(n - 1) ? (bv_s128)pow2(n) : 0);
		sum += l.x;
		if (op != EXPR_VSUM)
			set_lane(&ret, i * (ret.width / num), ret.width / num, ref_lane(op, &l));
	}
	if (op == EXPR_VSUM)
		set_lane(&ret, 0, n, sum);
	return ret;
}

static struct bits ref_perm(const struct subject *s, const struct bits *a, const struct bits *b)
{
	struct bits ret = {.width = s->o.width};
	unsigned n = s->o.lane;

	for (unsigned i = 0; i < ret.width; i += n) {
		struct bits index = ref_part(b, i, n, 0);
		uint64_t from = small(&index);

		for (unsigned k = 0; k < n && from < a->width / n; k++)
			ret.at[i + k] = a->at[from * n + k];
	}
	return ret;
}

static unsigned result_width(enum expr_op op, unsigned width, unsigned lane)
{
	switch (op_info[op].shape) {
	case SHAPE_GATHER: return width / lane;
	case SHAPE_WIDEN: return 2 * width;
	case SHAPE_NARROW: return width / 2;
	case SHAPE_REDUCE: return lane;
	default: return width;
	}
}

static void second_operand(struct rng *rng, struct subject *s, unsigned width, unsigned round)
{
	enum expr_shape shape = op_info[s->o.op].shape;

	if (op_info[s->o.op].arity < 2)
		return;
	s->o.arg_width[1] = (uint16_t)(shape == SHAPE_LCOUNT ? any_width(rng, 1, 128) : width);
	operand(rng, round, s->o.arg_width[1], s->arg[1]);
	if (shape != SHAPE_PERMUTE)
		return;
	s->o.arg_width[0] = (uint16_t)(s->o.lane * (1 + rng_below(rng, EXPR_MAX_WIDTH / s->o.lane)));
	operand(rng, 2, s->o.arg_width[0], s->arg[0]);
	for (unsigned i = 0; i < width && round >= 2; i += s->o.lane) /* indices that mostly exist */
		for (unsigned k = 5; k < s->o.lane; k++)
			s->arg[1][(i + k) / 64] &= ~((uint64_t)1 << (i + k) % 64);
}

/* _i: the operator, by number. */
START_TEST(lane_operators)
{
	static const unsigned lanes[] = {8, 16, 32, 64, 4, 10}, totals[] = {64, 128, 256, 512, 40, 80};
	struct rng rng = {.state = (uint64_t)_i};

	for (unsigned k = 0; k < 36 * 12; k++) {
		unsigned lane = lanes[k % 6], width = totals[k / 6 % 6], round = k / 36;
		struct subject s = {.o = {.op = (uint8_t)_i, .lane = (uint16_t)lane}};

		if (width % lane || 2 * width > (op_info[_i].shape == SHAPE_WIDEN ? 512 : 1024))
			continue;
		if (_i == EXPR_VPERM && round % 3 == 2 && width % 128 == 0)
			s.o.lane = 128;
		s.o.width = (uint16_t)result_width((enum expr_op)_i, width, lane);
		s.o.arg_width[0] = (uint16_t)width;
		operand(&rng, round % 4, width, s.arg[0]);
		second_operand(&rng, &s, width, round / 4 + round % 2);

		struct bits a = from_words(s.arg[0], s.o.arg_width[0]), b = from_words(s.arg[1], s.o.arg_width[1]);
		struct bits reference = _i == EXPR_VPERM ? ref_perm(&s, &a, &b) : ref_lanes(&s, &a, &b);
		compare(&s, &reference);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bv");
	TCase *all = tcase_create("operators");

	tcase_add_loop_test(all, scalar_operators, EXPR_NOT, EXPR_SLE + 1);
	tcase_add_test(all, structure);
	tcase_add_loop_test(all, lane_operators, EXPR_VADD, EXPR_VSUM + 1);
	tcase_set_timeout(all, 60);
	suite_add_tcase(suite, all);
	return test_main(suite);
}
