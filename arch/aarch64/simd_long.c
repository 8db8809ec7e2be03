/*
 * Lanes that become wider or narrower: sums and differences that are long, wide or the high half; absolute differences;
 * extraction.
 */
#include "arch/aarch64/simd.h"

/* SADDL, SSUBL; SADDW, SSUBW, whose first operand is wide already. */
static void build_long(struct a64_ctx *c)
{
	struct asimd s;

	if (!asimd_begin(c, &s))
		return;
	expr_id n = asimd_is(c, SIMD_WIDE) ? asimd_read(c, 'n', 128) : asimd_widen(c, s.lane, asimd_half(c, &s, 'n'));
	expr_id m = asimd_widen(c, s.lane, asimd_half(c, &s, 'm'));
	asimd_finish(c, 2 * s.lane, asimd_binary(c, asimd_op(c), 2 * s.lane, n, m));
}

/* SABDL, SABAL */
static void build_difference(struct a64_ctx *c)
{
	struct asimd s;

	if (!asimd_begin(c, &s))
		return;
	unsigned wide = 2 * s.lane;
	expr_id n = asimd_widen(c, s.lane, asimd_half(c, &s, 'n')), m = asimd_widen(c, s.lane, asimd_half(c, &s, 'm'));
	asimd_finish(c, wide, asimd_unary(c, EXPR_VABS, wide, asimd_binary(c, EXPR_VSUB, wide, n, m)));
}

/* ADDHN, SUBHN, RADDHN, RSUBHN: the upper halves of lanes. */
static void build_high_narrow(struct a64_ctx *c)
{
	struct asimd s;

	if (!asimd_begin(c, &s))
		return;
	unsigned wide = 2 * s.lane;
	expr_id sum = asimd_binary(c, asimd_op(c), wide, asimd_read(c, 'n', 128), asimd_read(c, 'm', 128));
	expr_id high = asimd_shift_rounded(c, wide, sum, s.lane);
	asimd_finish_narrow(c, asimd_narrow(c, wide, high));
}

/* XTN, SQXTN, UQXTN, SQXTUN */
static void build_extract_narrow(struct a64_ctx *c)
{
	struct asimd s;

	if (!asimd_begin(c, &s))
		return;
	expr_id n = asimd_read(c, 'n', a64_has(c, 'Q') ? 128 : 2 * s.width);
	asimd_finish_narrow(c, asimd_narrow(c, 2 * s.lane, n));
}

/* SHLL: by the lane's width. */
static void build_shift_long(struct a64_ctx *c)
{
	struct asimd s;

	if (!asimd_begin(c, &s))
		return;
	expr_id n = asimd_widen(c, s.lane, asimd_half(c, &s, 'n'));
	asimd_finish(c, 2 * s.lane, asimd_shift(c, EXPR_VSHL, 2 * s.lane, n, s.lane));
}

/* SADDLP, UADDLP, SADALP, UADALP: neighbours added, each extended within the room of both. */
static void build_add_pairs(struct a64_ctx *c)
{
	struct asimd s;

	if (!asimd_begin(c, &s))
		return;
	unsigned wide = 2 * s.lane;
	expr_id n = asimd_read(c, 'n', s.width), odd = asimd_shift_right(c, wide, n, s.lane);
	expr_id even = asimd_shift_right(c, wide, asimd_shift(c, EXPR_VSHL, wide, n, s.lane), s.lane);
	asimd_finish(c, wide, asimd_binary(c, EXPR_VADD, wide, even, odd));
}

/* clang-format off */
static const struct a64_row a64_simd_long[] = {
	/* Wider */
	{"0 Q 0 01110 zz 1 mmmmm 0000 00 nnnnn ddddd", build_long,       EXPR_VADD | SIMD_SIGNED | SIMD_BHS,             "----", "saddl"},
	{"0 Q 0 01110 zz 1 mmmmm 0001 00 nnnnn ddddd", build_long,       EXPR_VADD | SIMD_WIDE | SIMD_SIGNED | SIMD_BHS, "----", "saddw"},
	{"0 Q 0 01110 zz 1 mmmmm 0010 00 nnnnn ddddd", build_long,       EXPR_VSUB | SIMD_SIGNED | SIMD_BHS,             "----", "ssubl"},
	{"0 Q 0 01110 zz 1 mmmmm 0011 00 nnnnn ddddd", build_long,       EXPR_VSUB | SIMD_WIDE | SIMD_SIGNED | SIMD_BHS, "----", "ssubw"},
	{"0 Q 0 01110 zz 1 mmmmm 0101 00 nnnnn ddddd", build_difference, SIMD_ADD | SIMD_SIGNED | SIMD_BHS,              "----", "sabal"},
	{"0 Q 0 01110 zz 1 mmmmm 0111 00 nnnnn ddddd", build_difference, SIMD_SIGNED | SIMD_BHS,                         "----", "sabdl"},
	{"0 Q 0 01110 zz 10000 00010 10 nnnnn ddddd",  build_add_pairs,  SIMD_SIGNED | SIMD_BHS,                         "----", "saddlp"},
	{"0 Q 0 01110 zz 10000 00110 10 nnnnn ddddd",  build_add_pairs,  SIMD_ADD | SIMD_SIGNED | SIMD_BHS,              "----", "sadalp"},
	{"0 Q 1 01110 zz 1 mmmmm 0000 00 nnnnn ddddd", build_long,       EXPR_VADD | SIMD_BHS,                           "----", "uaddl"},
	{"0 Q 1 01110 zz 1 mmmmm 0001 00 nnnnn ddddd", build_long,       EXPR_VADD | SIMD_WIDE | SIMD_BHS,               "----", "uaddw"},
	{"0 Q 1 01110 zz 1 mmmmm 0010 00 nnnnn ddddd", build_long,       EXPR_VSUB | SIMD_BHS,                           "----", "usubl"},
	{"0 Q 1 01110 zz 1 mmmmm 0011 00 nnnnn ddddd", build_long,       EXPR_VSUB | SIMD_WIDE | SIMD_BHS,               "----", "usubw"},
	{"0 Q 1 01110 zz 1 mmmmm 0101 00 nnnnn ddddd", build_difference, SIMD_ADD | SIMD_BHS,                            "----", "uabal"},
	{"0 Q 1 01110 zz 1 mmmmm 0111 00 nnnnn ddddd", build_difference, SIMD_BHS,                                       "----", "uabdl"},
	{"0 Q 1 01110 zz 10000 00010 10 nnnnn ddddd",  build_add_pairs,  SIMD_BHS,                                       "----", "uaddlp"},
	{"0 Q 1 01110 zz 10000 00110 10 nnnnn ddddd",  build_add_pairs,  SIMD_ADD | SIMD_BHS,                            "----", "uadalp"},
	{"0 Q 1 01110 zz 10000 10011 10 nnnnn ddddd",  build_shift_long, SIMD_BHS,                                       "----", "shll"},

	/* Narrower */
	{"0 Q 0 01110 zz 1 mmmmm 0100 00 nnnnn ddddd", build_high_narrow,    EXPR_VADD | SIMD_BHS,              "----", "addhn"},
	{"0 Q 1 01110 zz 1 mmmmm 0100 00 nnnnn ddddd", build_high_narrow,    EXPR_VADD | SIMD_ROUND | SIMD_BHS, "----", "raddhn"},
	{"0 Q 0 01110 zz 1 mmmmm 0110 00 nnnnn ddddd", build_high_narrow,    EXPR_VSUB | SIMD_BHS,              "----", "subhn"},
	{"0 Q 1 01110 zz 1 mmmmm 0110 00 nnnnn ddddd", build_high_narrow,    EXPR_VSUB | SIMD_ROUND | SIMD_BHS, "----", "rsubhn"},
	{"0 Q 0 01110 zz 10000 10010 10 nnnnn ddddd",  build_extract_narrow, SIMD_BHS,                          "----", "xtn"},
	{"0 Q 0 01110 zz 10000 10100 10 nnnnn ddddd",  build_extract_narrow, SIMD_SQ | SIMD_BHS,                "----", "sqxtn"},
	{"0 Q 1 01110 zz 10000 10100 10 nnnnn ddddd",  build_extract_narrow, SIMD_UQ | SIMD_BHS,                "----", "uqxtn"},
	{"0 Q 1 01110 zz 10000 10010 10 nnnnn ddddd",  build_extract_narrow, SIMD_SQU | SIMD_BHS,               "----", "sqxtun"},

	/* Scalars */
	{"01 0 11110 zz 10000 10100 10 nnnnn ddddd", build_extract_narrow, SIMD_SQ | SIMD_BHS,  "----", "sqxtn scalar"},
	{"01 1 11110 zz 10000 10100 10 nnnnn ddddd", build_extract_narrow, SIMD_UQ | SIMD_BHS,  "----", "uqxtn scalar"},
	{"01 1 11110 zz 10000 10010 10 nnnnn ddddd", build_extract_narrow, SIMD_SQU | SIMD_BHS, "----", "sqxtun scalar"},
};
/* clang-format on */

A64_TABLE(a64_simd_long);
