#include "lib/expr/bv.h"

#include <assert.h>
#include <string.h>

#include "lib/expr/op.h"

bool bv_is_zero(const uint64_t *a, unsigned width)
{
	uint64_t any = 0;

	for (unsigned i = 0; i < bv_words(width); i++)
		any |= a[i];
	return !any;
}

bool bv_is_ones(const uint64_t *a, unsigned width)
{
	for (unsigned i = 0; i + 1 < bv_words(width); i++)
		if (a[i] != UINT64_MAX)
			return false;
	return a[bv_words(width) - 1] == bv_top_mask(width);
}

bool bv_is_valid(const uint64_t *a, unsigned width)
{
	return !(a[bv_words(width) - 1] & ~bv_top_mask(width));
}

unsigned bv_count(const uint64_t *a, unsigned width)
{
	for (unsigned i = 1; i < bv_words(width); i++)
		if (a[i])
			return UINT16_MAX;
	return a[0] < UINT16_MAX ? (unsigned)a[0] : UINT16_MAX;
}

static void trim(uint64_t *a, unsigned width)
{
	a[bv_words(width) - 1] &= bv_top_mask(width);
}

/* Every operator has the one signature bv_fn; most need only a part of it. */
#define OPERATOR(name) \
	static void name(const struct bv_op *o, uint64_t *ret, const uint64_t *a, const uint64_t *b, const uint64_t *c)
#define UNUSED3 (void)b, (void)c
#define UNUSED2 (void)c

/* ---- Bits ---- */

OPERATOR(op_not)
{
	UNUSED3;
	for (unsigned i = 0; i < bv_words(o->width); i++)
		ret[i] = ~a[i];
	trim(ret, o->width);
}

#define BITWISE(name, operator) \
	OPERATOR(name) \
	{ \
		UNUSED2; \
		for (unsigned i = 0; i < bv_words(o->width); i++) \
			ret[i] = a[i] operator b[i]; \
	}
BITWISE(op_and, &)
BITWISE(op_or, |)
BITWISE(op_xor, ^)

/* ---- Arithmetic ---- */

/* ret = a + (b ^ invert) + carry, modulo 2^width; ret may be a or b. */
static void add_words(uint64_t *ret, const uint64_t *a, const uint64_t *b, uint64_t invert, unsigned carry,
		      unsigned width)
{
	for (unsigned i = 0; i < bv_words(width); i++) {
		bv_u128 sum = (bv_u128)a[i] + (b[i] ^ invert) + carry;

		ret[i] = (uint64_t)sum;
		carry = (unsigned)(sum >> 64);
	}
	trim(ret, width);
}

OPERATOR(op_add)
{
	UNUSED2;
	add_words(ret, a, b, 0, 0, o->width);
}

OPERATOR(op_sub)
{
	UNUSED2;
	add_words(ret, a, b, UINT64_MAX, 1, o->width);
}

static void negate(uint64_t *ret, const uint64_t *a, unsigned width)
{
	static const uint64_t zero[EXPR_MAX_WORDS];

	add_words(ret, zero, a, UINT64_MAX, 1, width);
}

OPERATOR(op_neg)
{
	UNUSED3;
	negate(ret, a, o->width);
}

OPERATOR(op_mul)
{
	UNUSED2;
	unsigned n = bv_words(o->width);

	memset(ret, 0, n * sizeof *ret);
	for (unsigned i = 0; i < n; i++) {
		uint64_t carry = 0;

		for (unsigned j = 0; i + j < n; j++) {
			bv_u128 t = (bv_u128)a[i] * b[j] + ret[i + j] + carry;

			ret[i + j] = (uint64_t)t;
			carry = (uint64_t)(t >> 64);
		}
	}
	trim(ret, o->width);
}

static bool less(const uint64_t *a, const uint64_t *b, unsigned width)
{
	for (unsigned i = bv_words(width); i-- > 0;)
		if (a[i] != b[i])
			return a[i] < b[i];
	return false;
}

static bool negative(const uint64_t *a, unsigned width)
{
	return bv_bit(a, width - 1);
}

/* rem = rem * 2 + bit; a bit that leaves the top of a 512-bit remainder is returned. */
static uint64_t shift_in(uint64_t *rem, unsigned words, uint64_t bit)
{
	for (unsigned i = 0; i < words; i++) {
		uint64_t out = rem[i] >> 63;

		rem[i] = rem[i] << 1 | bit;
		bit = out;
	}
	return bit;
}

/* Long division, bit by bit beyond 64 bits: no instruction divides wider values than 128 bits, and those have their
 * short cut in eval.c. b is not zero. */
static void divide(uint64_t *quo, uint64_t *rem, const uint64_t *a, const uint64_t *b, unsigned width)
{
	unsigned n = bv_words(width);

	if (n == 1) {
		quo[0] = a[0] / b[0];
		rem[0] = a[0] % b[0];
		return;
	}
	memset(quo, 0, n * sizeof *quo);
	memset(rem, 0, n * sizeof *rem);
	for (unsigned i = width; i-- > 0;) {
		/* rem < b <= 2^width - 1, so 2 * rem + 1 may need one bit more than the words have. */
		if (shift_in(rem, n, bv_bit(a, i)) || !less(rem, b, 64 * n)) {
			add_words(rem, rem, b, UINT64_MAX, 1, 64 * n);
			quo[i / 64] |= (uint64_t)1 << i % 64;
		}
	}
}

/* By zero: the quotient is all ones, the remainder the dividend. */
static void divide_any(uint64_t *quo, uint64_t *rem, const uint64_t *a, const uint64_t *b, unsigned width)
{
	if (!bv_is_zero(b, width)) {
		divide(quo, rem, a, b, width);
		return;
	}
	memset(quo, 0xff, bv_words(width) * sizeof *quo);
	trim(quo, width);
	memcpy(rem, a, bv_words(width) * sizeof *rem);
}

static void divide_signed(uint64_t *quo, uint64_t *rem, const uint64_t *a, const uint64_t *b, unsigned width)
{
	uint64_t minus_a[EXPR_MAX_WORDS], minus_b[EXPR_MAX_WORDS];
	bool a_negative = negative(a, width), b_negative = negative(b, width);

	if (bv_is_zero(b, width)) {
		divide_any(quo, rem, a, b, width);
		return;
	}
	negate(minus_a, a, width);
	negate(minus_b, b, width);
	divide(quo, rem, a_negative ? minus_a : a, b_negative ? minus_b : b, width);
	if (a_negative != b_negative)
		negate(quo, quo, width);
	if (a_negative)
		negate(rem, rem, width);
}

#define DIVISION(name, function, quo, rem) \
	OPERATOR(name) \
	{ \
		UNUSED2; \
		uint64_t other[EXPR_MAX_WORDS]; \
		function(quo, rem, a, b, o->width); \
	}
DIVISION(op_udiv, divide_any, ret, other)
DIVISION(op_urem, divide_any, other, ret)
DIVISION(op_sdiv, divide_signed, ret, other)
DIVISION(op_srem, divide_signed, other, ret)

/* ---- Shifts ---- */

/* The bits of ret are zero before. */
static void copy_bits(uint64_t *ret, unsigned to, const uint64_t *a, unsigned from, unsigned num)
{
	unsigned whole = to % 64 || from % 64 ? 0 : num / 64;

	memcpy(ret + to / 64, a + from / 64, whole * sizeof *ret);
	for (unsigned done = 64 * whole; done < num;) {
		unsigned n = num - done < 64 ? num - done : 64;

		bv_put(ret, to + done, n, bv_get(a, from + done, n));
		done += n;
	}
}

static void clear(uint64_t *ret, unsigned width)
{
	memset(ret, 0, bv_words(width) * sizeof *ret);
}

static void set_ones(uint64_t *ret, unsigned low, unsigned num)
{
	for (unsigned done = 0; done < num;) {
		unsigned n = num - done < 64 ? num - done : 64;

		bv_put(ret, low + done, n, bv_ones(n));
		done += n;
	}
}

OPERATOR(op_shl)
{
	UNUSED2;
	unsigned count = bv_count(b, o->arg_width[1]);

	clear(ret, o->width);
	if (count < o->width)
		copy_bits(ret, count, a, 0, o->width - count);
}

OPERATOR(op_lshr)
{
	UNUSED2;
	unsigned count = bv_count(b, o->arg_width[1]);

	clear(ret, o->width);
	if (count < o->width)
		copy_bits(ret, 0, a, count, o->width - count);
}

OPERATOR(op_ashr)
{
	op_lshr(o, ret, a, b, c);
	if (negative(a, o->width)) {
		unsigned count = bv_count(b, o->arg_width[1]);
		unsigned filled = count < o->width ? count : o->width;

		set_ones(ret, o->width - filled, filled);
	}
}

/* The whole count modulo the width, word by word. */
static unsigned rotation(const uint64_t *count, unsigned count_width, unsigned width)
{
	bv_u128 rem = 0;

	for (unsigned i = bv_words(count_width); i-- > 0;)
		rem = (rem << 64 | count[i]) % width;
	return (unsigned)rem;
}

static void rotate_left(uint64_t *ret, const uint64_t *a, unsigned count, unsigned width)
{
	clear(ret, width);
	copy_bits(ret, count, a, 0, width - count);
	copy_bits(ret, 0, a, width - count, count);
}

OPERATOR(op_rol)
{
	UNUSED2;
	rotate_left(ret, a, rotation(b, o->arg_width[1], o->width), o->width);
}

OPERATOR(op_ror)
{
	UNUSED2;
	unsigned count = rotation(b, o->arg_width[1], o->width);

	rotate_left(ret, a, count ? o->width - count : 0, o->width);
}

/* ---- Counts and orders ---- */

/* A count as a value of the width, which may be too narrow for it. */
static void set_count(uint64_t *ret, uint64_t count, unsigned width)
{
	clear(ret, width);
	ret[0] = count;
	trim(ret, width);
}

OPERATOR(op_popcnt)
{
	UNUSED3;
	unsigned count = 0;

	for (unsigned i = 0; i < bv_words(o->width); i++)
		count += (unsigned)__builtin_popcountll(a[i]);
	set_count(ret, count, o->width);
}

OPERATOR(op_clz)
{
	UNUSED3;
	unsigned i = o->width;

	while (i > 0 && !bv_bit(a, i - 1))
		i--;
	set_count(ret, o->width - i, o->width);
}

OPERATOR(op_ctz)
{
	UNUSED3;
	unsigned i = 0;

	while (i < o->width && !bv_bit(a, i))
		i++;
	set_count(ret, i, o->width);
}

OPERATOR(op_bswap)
{
	UNUSED3;
	clear(ret, o->width);
	for (unsigned i = 0; i < o->width; i += 8)
		bv_put(ret, o->width - 8 - i, 8, bv_get(a, i, 8));
}

OPERATOR(op_bitrev)
{
	UNUSED3;
	clear(ret, o->width);
	for (unsigned i = 0; i < o->width; i++)
		bv_put(ret, o->width - 1 - i, 1, bv_bit(a, i));
}

/* ---- Comparisons ---- */

static bool less_signed(const uint64_t *a, const uint64_t *b, unsigned width)
{
	if (negative(a, width) != negative(b, width))
		return negative(a, width);
	return less(a, b, width);
}

#define COMPARISON(name, condition) \
	OPERATOR(name) \
	{ \
		UNUSED2; \
		ret[0] = (condition); \
	}
COMPARISON(op_eq, !memcmp(a, b, bv_words(o->arg_width[0]) * sizeof *a))
COMPARISON(op_ult, less(a, b, o->arg_width[0]))
COMPARISON(op_ule, !less(b, a, o->arg_width[0]))
COMPARISON(op_slt, less_signed(a, b, o->arg_width[0]))
COMPARISON(op_sle, !less_signed(b, a, o->arg_width[0]))

/* ---- Structure ---- */

OPERATOR(op_ite)
{
	memcpy(ret, a[0] ? b : c, bv_words(o->width) * sizeof *ret);
}

OPERATOR(op_concat)
{
	UNUSED2;
	clear(ret, o->width);
	copy_bits(ret, 0, b, 0, o->arg_width[1]);
	copy_bits(ret, o->arg_width[1], a, 0, o->arg_width[0]);
}

OPERATOR(op_extract)
{
	UNUSED3;
	clear(ret, o->width);
	copy_bits(ret, 0, a, o->attr, o->width);
}

OPERATOR(op_zext)
{
	UNUSED3;
	clear(ret, o->width);
	copy_bits(ret, 0, a, 0, o->arg_width[0]);
}

OPERATOR(op_sext)
{
	op_zext(o, ret, a, b, c);
	if (negative(a, o->arg_width[0]))
		set_ones(ret, o->arg_width[0], o->width - o->arg_width[0]);
}

/* ---- All of them ---- */

static bv_fn *const scalar_fn[EXPR_NUM_OPS] = {
	[EXPR_NOT] = op_not,       [EXPR_NEG] = op_neg,         [EXPR_AND] = op_and,   [EXPR_OR] = op_or,
	[EXPR_XOR] = op_xor,       [EXPR_ADD] = op_add,         [EXPR_SUB] = op_sub,   [EXPR_MUL] = op_mul,
	[EXPR_UDIV] = op_udiv,     [EXPR_UREM] = op_urem,       [EXPR_SDIV] = op_sdiv, [EXPR_SREM] = op_srem,
	[EXPR_SHL] = op_shl,       [EXPR_LSHR] = op_lshr,       [EXPR_ASHR] = op_ashr, [EXPR_ROL] = op_rol,
	[EXPR_ROR] = op_ror,       [EXPR_POPCNT] = op_popcnt,   [EXPR_CLZ] = op_clz,   [EXPR_CTZ] = op_ctz,
	[EXPR_BSWAP] = op_bswap,   [EXPR_BITREV] = op_bitrev,   [EXPR_EQ] = op_eq,     [EXPR_ULT] = op_ult,
	[EXPR_ULE] = op_ule,       [EXPR_SLT] = op_slt,         [EXPR_SLE] = op_sle,   [EXPR_ITE] = op_ite,
	[EXPR_CONCAT] = op_concat, [EXPR_EXTRACT] = op_extract, [EXPR_ZEXT] = op_zext, [EXPR_SEXT] = op_sext,
};

static bv_fn *function(enum expr_op op)
{
	return scalar_fn[op] ? scalar_fn[op] : bv_lane_fn[op];
}

bool bv_can(enum expr_op op)
{
	return function(op) || op_info[op].shape == SHAPE_FP;
}

void bv_apply(const struct bv_op *o, uint64_t *ret, const uint64_t *const arg[EXPR_MAX_ARGS])
{
	bv_fn *f = function(o->op);

	for (unsigned i = 0; i < EXPR_MAX_ARGS && o->arg_width[i]; i++)
		assert(bv_is_valid(arg[i], o->arg_width[i]));
	if (f)
		f(o, ret, arg[0], arg[1], arg[2]);
	else
		bv_fp(o, ret, arg);
	assert(bv_is_valid(ret, o->width));
}
