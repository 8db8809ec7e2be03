/* Vector integers: products of wide lanes, and sums across lanes (SDM vol. 2). */
#include "arch/x86_64/simd.h"

/* ---- Products ---- */

/* The even lanes of `lane` bits, extended to twice their width: op is EXPR_VLSHR or EXPR_VASHR. */
static expr_id even_lanes(struct x86_ctx *c, enum expr_op op, unsigned lane, expr_id a)
{
	return simd_shift(c, op, 2 * lane, simd_shift(c, EXPR_VSHL, 2 * lane, a, lane), lane);
}

static expr_id odd_lanes(struct x86_ctx *c, enum expr_op op, unsigned lane, expr_id a)
{
	return simd_shift(c, op, 2 * lane, a, lane);
}

/* PMULUDQ, PMULDQ: the even lanes; the operator extends them. */
static void build_multiply_even(struct x86_ctx *c, const struct x86_form *f)
{
	enum expr_op extend = simd_operator(f);
	unsigned lane = simd_lane(f);
	expr_id b = even_lanes(c, extend, lane, simd_b(c)), a = even_lanes(c, extend, lane, simd_a(c));

	x86_write(c, 0, simd_lanes(c, EXPR_VMUL, 2 * lane, a, b));
}

/*
 * PMADDWD, PMADDUBSW: products of even and of odd lanes are added by the operator; bytes of the first source are
 * unsigned.
 */
static void build_multiply_add(struct x86_ctx *c, const struct x86_form *f)
{
	unsigned lane = simd_lane(f);
	enum expr_op extend = lane == 8 ? EXPR_VLSHR : EXPR_VASHR;
	expr_id b = simd_b(c), a = simd_a(c);
	expr_id even = simd_lanes(c, EXPR_VMUL, 2 * lane, even_lanes(c, extend, lane, a),
				  even_lanes(c, EXPR_VASHR, lane, b));
	expr_id odd = simd_lanes(c, EXPR_VMUL, 2 * lane, odd_lanes(c, extend, lane, a),
				 odd_lanes(c, EXPR_VASHR, lane, b));

	x86_write(c, 0, simd_lanes(c, simd_operator(f), 2 * lane, even, odd));
}

/*
 * VPDPBUSD, VPDPBUSDS: products of four unsigned bytes of the first source and signed ones of the second are added to
 * the destination by the operator. The products have 16 bits, and their sums fewer than 32.
 */
static void build_dot_bytes(struct x86_ctx *c, const struct x86_form *f)
{
	expr_id b = simd_b(c), a = simd_a(c), sum = EXPR_NONE;
	expr_id words[2] = {simd_lanes(c, EXPR_VMUL, 16, even_lanes(c, EXPR_VLSHR, 8, a),
				       even_lanes(c, EXPR_VASHR, 8, b)),
			    simd_lanes(c, EXPR_VMUL, 16, odd_lanes(c, EXPR_VLSHR, 8, a),
				       odd_lanes(c, EXPR_VASHR, 8, b))};

	for (unsigned i = 0; i < 2; i++) {
		expr_id pair = simd_lanes(c, EXPR_VADD, 32, even_lanes(c, EXPR_VASHR, 16, words[i]),
					  odd_lanes(c, EXPR_VASHR, 16, words[i]));
		sum = i ? simd_lanes(c, EXPR_VADD, 32, sum, pair) : pair;
	}
	x86_write(c, 0, simd_lanes(c, simd_operator(f), 32, x86_read(c, 0), sum));
}

/*
 * VPDPWSSD, VPDPWSSDS: products of two signed words are added to the destination; param: the sum, of 64 bits, is
 * saturated.
 */
static void build_dot_words(struct x86_ctx *c, const struct x86_form *f)
{
	expr_id b = simd_b(c), a = simd_a(c);
	expr_id terms[3] = {x86_read(c, 0),
			    simd_lanes(c, EXPR_VMUL, 32, even_lanes(c, EXPR_VASHR, 16, a),
				       even_lanes(c, EXPR_VASHR, 16, b)),
			    simd_lanes(c, EXPR_VMUL, 32, odd_lanes(c, EXPR_VASHR, 16, a),
				       odd_lanes(c, EXPR_VASHR, 16, b))};
	unsigned lane = f->param ? 64 : 32;
	expr_id sum = EXPR_NONE;

	for (unsigned i = 0; i < 3; i++) {
		expr_id term = f->param ? simd_lanes(c, EXPR_VWIDENS, 32, terms[i], EXPR_NONE) : terms[i];
		sum = i ? simd_lanes(c, EXPR_VADD, lane, sum, term) : term;
	}
	x86_write(c, 0, f->param ? simd_lanes(c, EXPR_VNARROWSS, 64, sum, EXPR_NONE) : sum);
}

/* PMULHRSW: bits 15 to 30 of the 32-bit product, rounded by bit 14. */
static void build_multiply_round(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	expr_id b = simd_b(c), a = simd_a(c);
	expr_id high = simd_lanes(c, EXPR_VMULHS, 16, a, b), low = simd_lanes(c, EXPR_VMUL, 16, a, b);
	expr_id bits = expr_or(p, simd_shift(c, EXPR_VSHL, 16, high, 1), simd_shift(c, EXPR_VLSHR, 16, low, 15));
	expr_id round = expr_and(p, simd_shift(c, EXPR_VLSHR, 16, low, 14), simd_splat(c, simd_width(c), 16, 1));

	(void)f;
	x86_write(c, 0, simd_lanes(c, EXPR_VADD, 16, bits, round));
}

/* ---- Sums ---- */

/* PHADD, PHSUB: neighbours are added or subtracted, those of the first source first. */
static void build_horizontal(struct x86_ctx *c, const struct x86_form *f)
{
	unsigned lane = simd_lane(f);
	expr_id b = simd_b(c), a = simd_a(c);
	uint8_t even[8], odd[8];

	for (unsigned i = 0; i < simd_block(c) / lane; i++) {
		even[i] = (uint8_t)(2 * i);
		odd[i] = (uint8_t)(2 * i + 1);
	}
	x86_write(c, 0,
		  simd_lanes(c, simd_operator(f), lane, simd_permute_blocks(c, lane, a, b, even),
			     simd_permute_blocks(c, lane, a, b, odd)));
}

/* PSADBW: differences of bytes are summed to words, and those by a product whose top word is the sum of all four. */
static void build_sum_of_differences(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	unsigned width = simd_width(c);
	expr_id b = simd_b(c), a = simd_a(c);
	expr_id bytes = expr_or(p, simd_lanes(c, EXPR_VSUBUS, 8, a, b), simd_lanes(c, EXPR_VSUBUS, 8, b, a));
	expr_id words = simd_lanes(c, EXPR_VADD, 16, even_lanes(c, EXPR_VLSHR, 8, bytes),
				   odd_lanes(c, EXPR_VLSHR, 8, bytes));
	expr_id sums = simd_lanes(c, EXPR_VMUL, 64, words, simd_splat(c, width, 16, 1));

	(void)f;
	x86_write(c, 0, simd_shift(c, EXPR_VLSHR, 64, sums, 48));
}

/*
 * MPSADBW: in each block, word i is the sum over j of the differences of byte i + j of the first source and byte j of
 * the second, from offsets in 4-byte units: bits 0-1 of the immediate for the second, bit 2 for the first; bits 3-5
 * for the upper block.
 */
static void build_multiple_sums(struct x86_ctx *c, const struct x86_form *f)
{
	unsigned width = simd_width(c);
	expr_id b = simd_b(c), a = simd_a(c), sum = expr_const(c->pool, width, 0);
	uint8_t from_a[32], from_b[32];

	(void)f;
	for (unsigned j = 0; j < 4; j++) {
		for (unsigned i = 0; i < width / 8; i++) {
			unsigned block = i / 16 * 16, control = simd_imm(c) >> (block ? 3 : 0);
			bool high = i % 2;
			from_a[i] = high ? SIMD_ZERO : (uint8_t)(block + (control >> 2 & 1) * 4 + i % 16 / 2 + j);
			from_b[i] = high ? SIMD_ZERO : (uint8_t)(block + (control & 3) * 4 + j);
		}
		expr_id difference = simd_lanes(c, EXPR_VSUB, 16, simd_permute(c, width, 8, a, from_a),
						simd_permute(c, width, 8, b, from_b));
		sum = simd_lanes(c, EXPR_VADD, 16, sum, simd_lanes(c, EXPR_VABS, 16, difference, EXPR_NONE));
	}
	x86_write(c, 0, sum);
}

/* PHMINPOSUW: the least word and the number of the first lane that has it: the least of words with their numbers below.
 */
static void build_horizontal_minimum(struct x86_ctx *c, const struct x86_form *f)
{
	static const uint64_t numbers[4] = {0x100000000, 0x300000002, 0x500000004, 0x700000006};
	struct expr_pool *p = c->pool;
	expr_id words = simd_lanes(c, EXPR_VWIDENU, 16, simd_source(c, 1), EXPR_NONE);
	expr_id least = expr_or(p, simd_shift(c, EXPR_VSHL, 32, words, 16), expr_const_wide(p, 256, numbers));

	(void)f;
	for (unsigned half = 128; half >= 32; half /= 2)
		least = simd_lanes(c, EXPR_VMINU, 32, expr_extract(p, least, 0, half),
				   expr_extract(p, least, half, half));
	x86_write(c, 0, expr_zext(p, expr_rol(p, least, x86_const(c, 8, 16)), SIMD_BLOCK));
}

/* clang-format off */
static const struct x86_form x86_sse_arith[] = {
	/*       name  encoding  VEX  operands  CPUID: legacy, VEX, with 256 bits */
	SIMD_ROW("pmuludq",    "66 0F F4 /r",    "WIG",     "Vx Hx Wx",    SSE2,  AVX, AVX2, build_multiply_even,      LANES(VLSHR, 32)),
	SIMD_ROW("pmuldq",     "66 0F 38 28 /r", "WIG",     "Vx Hx Wx",    SSE41, AVX, AVX2, build_multiply_even,      LANES(VASHR, 32)),
	SIMD_ROW("pmaddwd",    "66 0F F5 /r",    "WIG",     "Vx Hx Wx",    SSE2,  AVX, AVX2, build_multiply_add,       LANES(VADD, 16)),
	SIMD_ROW("pmaddubsw",  "66 0F 38 04 /r", "WIG",     "Vx Hx Wx",    SSSE3, AVX, AVX2, build_multiply_add,       LANES(VADDSS, 8)),
	SIMD_ROW("pmulhrsw",   "66 0F 38 0B /r", "WIG",     "Vx Hx Wx",    SSSE3, AVX, AVX2, build_multiply_round,     0),
	SIMD_ROW("phaddw",     "66 0F 38 01 /r", "WIG",     "Vx Hx Wx",    SSSE3, AVX, AVX2, build_horizontal,         LANES(VADD, 16)),
	SIMD_ROW("phaddd",     "66 0F 38 02 /r", "WIG",     "Vx Hx Wx",    SSSE3, AVX, AVX2, build_horizontal,         LANES(VADD, 32)),
	SIMD_ROW("phaddsw",    "66 0F 38 03 /r", "WIG",     "Vx Hx Wx",    SSSE3, AVX, AVX2, build_horizontal,         LANES(VADDSS, 16)),
	SIMD_ROW("phsubw",     "66 0F 38 05 /r", "WIG",     "Vx Hx Wx",    SSSE3, AVX, AVX2, build_horizontal,         LANES(VSUB, 16)),
	SIMD_ROW("phsubd",     "66 0F 38 06 /r", "WIG",     "Vx Hx Wx",    SSSE3, AVX, AVX2, build_horizontal,         LANES(VSUB, 32)),
	SIMD_ROW("phsubsw",    "66 0F 38 07 /r", "WIG",     "Vx Hx Wx",    SSSE3, AVX, AVX2, build_horizontal,         LANES(VSUBSS, 16)),
	SIMD_ROW("psadbw",     "66 0F F6 /r",    "WIG",     "Vx Hx Wx",    SSE2,  AVX, AVX2, build_sum_of_differences, 0),
	SIMD_ROW("mpsadbw",    "66 0F 3A 42 /r", "WIG",     "Vx Hx Wx Ib", SSE41, AVX, AVX2, build_multiple_sums,      0),
	SIMD_ROW("phminposuw", "66 0F 38 41 /r", "128.WIG", "Vdq Wdq",     SSE41, AVX, AVX,  build_horizontal_minimum, 0),
	AVX_ROW("vpdpbusd",  "66 0F 38 50 /r", "W0", "Vx Hx Wx", AVX_VNNI, AVX_VNNI, build_dot_bytes, LANES(VADD, 32)),
	AVX_ROW("vpdpbusds", "66 0F 38 51 /r", "W0", "Vx Hx Wx", AVX_VNNI, AVX_VNNI, build_dot_bytes, LANES(VADDSS, 32)),
	AVX_ROW("vpdpwssd",  "66 0F 38 52 /r", "W0", "Vx Hx Wx", AVX_VNNI, AVX_VNNI, build_dot_words, false),
	AVX_ROW("vpdpwssds", "66 0F 38 53 /r", "W0", "Vx Hx Wx", AVX_VNNI, AVX_VNNI, build_dot_words, true),

	/* MMX */
	SSE_ROW("pmuludq", "NP 0F F4 /r", "Pq Qq", SSE2, build_multiply_even, LANES(VLSHR, 32)),
	SSE_ROW("pmaddwd", "NP 0F F5 /r", "Pq Qq", MMX, build_multiply_add, LANES(VADD, 16)),
	SSE_ROW("pmaddubsw", "NP 0F 38 04 /r", "Pq Qq", SSSE3, build_multiply_add, LANES(VADDSS, 8)),
	SSE_ROW("pmulhrsw", "NP 0F 38 0B /r", "Pq Qq", SSSE3, build_multiply_round, 0),
	SSE_ROW("phaddw", "NP 0F 38 01 /r", "Pq Qq", SSSE3, build_horizontal, LANES(VADD, 16)),
	SSE_ROW("phaddd", "NP 0F 38 02 /r", "Pq Qq", SSSE3, build_horizontal, LANES(VADD, 32)),
	SSE_ROW("phaddsw", "NP 0F 38 03 /r", "Pq Qq", SSSE3, build_horizontal, LANES(VADDSS, 16)),
	SSE_ROW("phsubw", "NP 0F 38 05 /r", "Pq Qq", SSSE3, build_horizontal, LANES(VSUB, 16)),
	SSE_ROW("phsubd", "NP 0F 38 06 /r", "Pq Qq", SSSE3, build_horizontal, LANES(VSUB, 32)),
	SSE_ROW("phsubsw", "NP 0F 38 07 /r", "Pq Qq", SSSE3, build_horizontal, LANES(VSUBSS, 16)),
	SSE_ROW("psadbw", "NP 0F F6 /r", "Pq Qq", SSE, build_sum_of_differences, 0),
};
/* clang-format on */

X86_TABLE(x86_sse_arith);
