/*
 * PCMPESTRI, PCMPESTRM, PCMPISTRI, PCMPISTRM (SDM vol. 2, 4.1): two strings of up to 16 bytes or 8 words are compared,
 * every element of one with elements of the other, and the comparisons summed up to a bit for each element of the
 * second string.
 *
 * The comparisons are done in rounds of four: four copies of the strings side by side, in 512 bits, each copy having
 * another element of the first string in all of its lanes.
 */
#include "arch/x86_64/simd.h"

enum { COPIES = 4, ROUND = COPIES * SIMD_BLOCK };

/* Parameter: where the lengths come from and what the result is. */
enum { EXPLICIT = 1, INDEX = 2 };

/* The immediate: element format, aggregation, polarity, output selection (SDM vol. 2, 4.1.1-4.1.6). */
enum { EQUAL_ANY, RANGES, EQUAL_EACH, EQUAL_ORDERED };

struct strings {
	unsigned lane, n;
	bool is_signed;
	expr_id a, b;         /* the strings */
	expr_id len_a, len_b; /* elements, in one lane */
	expr_id in_a, in_b;   /* lanes of ones: within the string */
};

/* ---- Lengths ---- */

/* Up to the first zero. */
static expr_id implicit_length(struct x86_ctx *c, const struct strings *s, expr_id string)
{
	struct expr_pool *p = c->pool;
	expr_id ends = simd_lanes(c, EXPR_VEQ, s->lane, string, expr_const(p, SIMD_BLOCK, 0));
	expr_id bits = simd_lanes(c, EXPR_VMSB, s->lane, ends, EXPR_NONE);

	return expr_fit(p, expr_unary(p, EXPR_CTZ, expr_concat(p, x86_const(c, 1, 1), bits)), s->lane);
}

/* The absolute value in EAX or EDX, with REX.W in RAX or RDX, but at most all elements. */
static expr_id explicit_length(struct x86_ctx *c, const struct strings *s, uint32_t reg)
{
	struct expr_pool *p = c->pool;
	unsigned width = c->raw.w ? 64 : 32;
	expr_id value = x86_gpr(c, reg, width), most = x86_const(c, width, s->n);

	value = expr_ite(p, expr_msb(p, value), expr_neg(p, value), value);
	return expr_fit(p, expr_ite(p, expr_ult(p, most, value), most, value), s->lane);
}

/* Ones in the lanes whose numbers are below the length. */
static expr_id within(struct x86_ctx *c, const struct strings *s, expr_id len)
{
	static const uint8_t first[16] = {0};
	uint64_t numbers[2] = {0};

	for (unsigned i = 0; i < s->n; i++)
		numbers[i * s->lane / 64] |= (uint64_t)i << i * s->lane % 64;
	return simd_lanes(c, EXPR_VGTU, s->lane, simd_permute(c, SIMD_BLOCK, s->lane, len, first),
			  expr_const_wide(c->pool, SIMD_BLOCK, numbers));
}

/* ---- Rounds ---- */

/* Copy k is filled with element first + k * step of a string. */
static expr_id elements(struct x86_ctx *c, const struct strings *s, expr_id string, unsigned first, unsigned step)
{
	uint8_t index[ROUND / 8];

	for (unsigned i = 0; i < COPIES * s->n; i++)
		index[i] = (uint8_t)(first + i / s->n * step);
	return simd_permute(c, ROUND, s->lane, string, index);
}

static expr_id copies(struct x86_ctx *c, expr_id string)
{
	expr_id two = expr_concat(c->pool, string, string);

	return expr_concat(c->pool, two, two);
}

/* The copies of a round, ored. */
static expr_id fold(struct x86_ctx *c, expr_id round)
{
	struct expr_pool *p = c->pool;
	expr_id two = expr_or(p, expr_extract(p, round, 0, 256), expr_extract(p, round, 256, 256));

	return expr_or(p, expr_extract(p, two, 0, SIMD_BLOCK), expr_extract(p, two, SIMD_BLOCK, SIMD_BLOCK));
}

/* An element of b that is any of a. */
static expr_id equal_any(struct x86_ctx *c, const struct strings *s, unsigned first)
{
	expr_id equal = simd_lanes(c, EXPR_VEQ, s->lane, elements(c, s, s->a, first, 1), copies(c, s->b));

	return expr_and(c->pool, equal, elements(c, s, s->in_a, first, 1));
}

/* An element of b that is between two of a, which count if the second one does. */
static expr_id in_ranges(struct x86_ctx *c, const struct strings *s, unsigned first)
{
	struct expr_pool *p = c->pool;
	enum expr_op greater = s->is_signed ? EXPR_VGTS : EXPR_VGTU;
	expr_id b = copies(c, s->b), in = elements(c, s, s->in_a, first + 1, 2);
	expr_id below = simd_lanes(c, greater, s->lane, elements(c, s, s->a, first, 2), b);
	expr_id above = simd_lanes(c, greater, s->lane, b, elements(c, s, s->a, first + 1, 2));

	return expr_and(p, in, expr_not(p, expr_or(p, below, above)));
}

/*
 * Where a cannot start in b, because element i of a has not its like i elements further on: what is not equal is moved
 * down to the start. Behind the register nothing is compared.
 */
static expr_id out_of_order(struct x86_ctx *c, const struct strings *s, unsigned first)
{
	struct expr_pool *p = c->pool;
	expr_id equal = simd_lanes(c, EXPR_VEQ, s->lane, elements(c, s, s->a, first, 1), copies(c, s->b));
	expr_id differs = expr_not(p, expr_and(p, equal, copies(c, s->in_b)));
	uint8_t index[ROUND / 8];

	for (unsigned i = 0; i < COPIES * s->n; i++) {
		unsigned copy = i / s->n, from = i % s->n + first + copy;
		index[i] = from < s->n ? (uint8_t)(copy * s->n + from) : SIMD_ZERO;
	}
	differs = expr_and(p, differs, elements(c, s, s->in_a, first, 1));
	return simd_permute(c, ROUND, s->lane, differs, index);
}

typedef expr_id round_fn(struct x86_ctx *c, const struct strings *s, unsigned first);

/* The rounds, ored; a round takes `step` elements of a. */
static expr_id all_rounds(struct x86_ctx *c, const struct strings *s, unsigned step, round_fn *round)
{
	expr_id all = round(c, s, 0);

	for (unsigned first = step; first < s->n; first += step)
		all = expr_or(c->pool, all, round(c, s, first));
	return fold(c, all);
}

/* Elements of one number; those behind both ends are equal. */
static expr_id equal_each(struct x86_ctx *c, const struct strings *s)
{
	struct expr_pool *p = c->pool;
	expr_id equal = simd_lanes(c, EXPR_VEQ, s->lane, s->a, s->b);

	return expr_or(p, expr_and(p, equal, expr_and(p, s->in_a, s->in_b)), expr_not(p, expr_or(p, s->in_a, s->in_b)));
}

/* IntRes1, in lanes of ones. */
static expr_id aggregate(struct x86_ctx *c, const struct strings *s, unsigned how)
{
	struct expr_pool *p = c->pool;

	switch (how) {
	case EQUAL_ANY: return expr_and(p, all_rounds(c, s, COPIES, equal_any), s->in_b);
	case RANGES: return expr_and(p, all_rounds(c, s, 2 * COPIES, in_ranges), s->in_b);
	case EQUAL_EACH: return equal_each(c, s);
	default: return expr_not(p, all_rounds(c, s, COPIES, out_of_order));
	}
}

/* IntRes2: all negated, or only what is within b. */
static expr_id polarize(struct x86_ctx *c, const struct strings *s, unsigned how, expr_id lanes)
{
	if (!(how & 1))
		return lanes;
	return how & 2 ? expr_xor(c->pool, lanes, s->in_b) : expr_not(c->pool, lanes);
}

/* ---- Results ---- */

/* ECX: the number of the least or the most significant bit; of all elements, if there is none. */
static void set_index(struct x86_ctx *c, const struct strings *s, expr_id bits, bool most)
{
	struct expr_pool *p = c->pool;
	expr_id guarded = expr_concat(p, x86_const(c, 1, 1), bits), index = expr_unary(p, EXPR_CTZ, guarded);

	if (most) {
		expr_id last = expr_sub(p, x86_const(c, s->n, s->n - 1), expr_unary(p, EXPR_CLZ, bits));
		index = expr_ite(p, expr_is_zero(p, bits), x86_const(c, s->n, s->n), last);
	}
	x86_set_gpr(c, X86_rcx, expr_fit(p, index, 32));
}

/* XMM0, as a VEX instruction with its upper half. */
static void set_mask(struct x86_ctx *c, expr_id mask)
{
	transfer_set_reg(c->t, X86_xmm0, mask);
	if (c->raw.vex)
		transfer_set_reg(c->t, X86_ymm0h, expr_const(c->pool, SIMD_BLOCK, 0));
}

static void set_flags(struct x86_ctx *c, const struct strings *s, expr_id bits)
{
	struct expr_pool *p = c->pool;
	expr_id all = x86_const(c, s->lane, s->n);

	x86_set_flag(c, X86_cf, expr_not(p, expr_is_zero(p, bits)));
	x86_set_flag(c, X86_zf, expr_ult(p, s->len_b, all));
	x86_set_flag(c, X86_sf, expr_ult(p, s->len_a, all));
	x86_set_flag(c, X86_of, expr_bit(p, bits, 0));
}

static void build_compare_strings(struct x86_ctx *c, const struct x86_form *f)
{
	unsigned imm = simd_imm(c);
	bool words = imm & 1;
	/* Memory may have any alignment. */
	struct strings s = {.lane = words ? 16 : 8,
			    .n = words ? 8 : 16,
			    .is_signed = imm & 2,
			    .a = simd_read(c, 0, SIMD_BLOCK),
			    .b = simd_read(c, 1, SIMD_BLOCK)};

	s.len_a = f->param & EXPLICIT ? explicit_length(c, &s, X86_rax) : implicit_length(c, &s, s.a);
	s.len_b = f->param & EXPLICIT ? explicit_length(c, &s, X86_rdx) : implicit_length(c, &s, s.b);
	s.in_a = within(c, &s, s.len_a);
	s.in_b = within(c, &s, s.len_b);
	expr_id lanes = polarize(c, &s, imm >> 4 & 3, aggregate(c, &s, imm >> 2 & 3));
	expr_id bits = simd_lanes(c, EXPR_VMSB, s.lane, lanes, EXPR_NONE);

	set_flags(c, &s, bits);
	if (f->param & INDEX)
		set_index(c, &s, bits, imm & 0x40);
	else
		set_mask(c, imm & 0x40 ? lanes : expr_zext(c->pool, bits, SIMD_BLOCK));
}

/* clang-format off */
static const struct x86_form x86_sse_string[] = {
	/*       name  encoding  VEX  operands  CPUID: legacy, VEX, with 256 bits */
	SIMD_ROW_FLAGS("pcmpestri", "66 0F 3A 61 /r", "128.WIG", "Vdq Wdq Ib", SSE42, AVX, AVX, "WWW00W-", build_compare_strings, EXPLICIT | INDEX),
	SIMD_ROW_FLAGS("pcmpestrm", "66 0F 3A 60 /r", "128.WIG", "Vdq Wdq Ib", SSE42, AVX, AVX, "WWW00W-", build_compare_strings, EXPLICIT),
	SIMD_ROW_FLAGS("pcmpistri", "66 0F 3A 63 /r", "128.WIG", "Vdq Wdq Ib", SSE42, AVX, AVX, "WWW00W-", build_compare_strings, INDEX),
	SIMD_ROW_FLAGS("pcmpistrm", "66 0F 3A 62 /r", "128.WIG", "Vdq Wdq Ib", SSE42, AVX, AVX, "WWW00W-", build_compare_strings, 0),
};
/* clang-format on */

X86_TABLE(x86_sse_string);
