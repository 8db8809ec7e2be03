/* Fused multiply-add (SDM vol. 2, VFMADD132PD and on): +-(a * b) +- c, rounded once. */
#include "arch/x86_64/sse_fp.h"

/* Which operands are multiplied, and which is added: the digits of the name. */
enum { ORDER_132, ORDER_213, ORDER_231 };
static const uint8_t orders[3][3] = {{0, 2, 1}, {1, 0, 2}, {1, 2, 0}};

/* Parameter: format and lanes, then the order, and what is negated in even and odd lanes. */
enum { ORDER_AT = 4, EVEN_AT = 6, ODD_AT = 8 };
enum { PRODUCT = FP_NEGATE_PRODUCT, ADDEND = FP_NEGATE_ADDEND };
#define FMA_PARAM(order, even, odd, flags) ((order) << ORDER_AT | (even) << EVEN_AT | (odd) << ODD_AT | (flags))

static void build_fma(struct x86_ctx *c, const struct x86_form *f)
{
	const uint8_t *order = orders[f->param >> ORDER_AT & 3];
	struct fp_spec s = sse_spec(f);
	expr_id op[3];

	s.negate[0] = f->param >> EVEN_AT & 3;
	s.negate[1] = f->param >> ODD_AT & 3;
	for (unsigned i = 3; i-- > 0;)
		op[i] = simd_fp_operand(c, i, sse_is_packed(f), sse_lane(f));
	sse_finish(c, f, simd_fp(c, EXPR_FMA, &s, op[order[0]], op[order[1]], op[order[2]]), 0);
}

/* In single and in double precision. */
#define FMA_PAIR(name, bytes, l, single_ops, double_ops, param) \
	AVX_ROW(name "s", bytes " /r", l "W0", single_ops, FMA, FMA, build_fma, param), \
		AVX_ROW(name "d", bytes " /r", l "W1", double_ops, FMA, FMA, build_fma, (param) | DOUBLE)
#define FMA_PAIR_PACKED(name, bytes, order, even, odd) \
	FMA_PAIR(name "p", bytes, "", "Vps Hps Wps", "Vpd Hpd Wpd", FMA_PARAM(order, even, odd, PACKED))
#define FMA_PAIR_SCALAR(name, bytes, order, negate) \
	FMA_PAIR(name "s", bytes, "LIG.", "Vss Hss Wss", "Vsd Hsd Wsd", FMA_PARAM(order, negate, negate, SINGLE))

/* In each order: by the low digit of the opcode, of which the high one tells the order. */
#define FMA_PACKED(name, digit, even, odd) \
	FMA_PAIR_PACKED(name "132", "66 0F 38 9" digit, ORDER_132, even, odd), \
		FMA_PAIR_PACKED(name "213", "66 0F 38 A" digit, ORDER_213, even, odd), \
		FMA_PAIR_PACKED(name "231", "66 0F 38 B" digit, ORDER_231, even, odd)
#define FMA_SCALAR(name, digit, negate) \
	FMA_PAIR_SCALAR(name "132", "66 0F 38 9" digit, ORDER_132, negate), \
		FMA_PAIR_SCALAR(name "213", "66 0F 38 A" digit, ORDER_213, negate), \
		FMA_PAIR_SCALAR(name "231", "66 0F 38 B" digit, ORDER_231, negate)

/* clang-format off */
static const struct x86_form x86_fma[] = {
	/*         name         opcode  negated in even lanes, odd lanes */
	FMA_PACKED("vfmaddsub", "6", ADDEND, 0),
	FMA_PACKED("vfmsubadd", "7", 0, ADDEND),
	FMA_PACKED("vfmadd",    "8", 0, 0),
	FMA_SCALAR("vfmadd",    "9", 0),
	FMA_PACKED("vfmsub",    "A", ADDEND, ADDEND),
	FMA_SCALAR("vfmsub",    "B", ADDEND),
	FMA_PACKED("vfnmadd",   "C", PRODUCT, PRODUCT),
	FMA_SCALAR("vfnmadd",   "D", PRODUCT),
	FMA_PACKED("vfnmsub",   "E", PRODUCT | ADDEND, PRODUCT | ADDEND),
	FMA_SCALAR("vfnmsub",   "F", PRODUCT | ADDEND),
};
/* clang-format on */

X86_TABLE(x86_fma);
