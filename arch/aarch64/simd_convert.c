/*
 * Conversions of floating-point numbers in vector registers: to integral numbers, to longer and narrower formats, to
 * and from integers and fixed-point numbers, of vectors and of scalars (Arm ARM C3.6). Those that involve general
 * registers are in fp_convert.c.
 */
#include "arch/aarch64/simd_fp.h"

/* ---- In lanes of one width ---- */

/* The lanes that the row names; immh:immb, less its leading bit, which is the size, counts down the fraction bits. */
static bool begin_fixed(struct a64_ctx *c, struct asimd *ret, struct fp_spec *ret_spec, unsigned *ret_fraction)
{
	if (!asimd_begin(c, ret))
		return false;
	uint8_t format = ret->lane == 16 ? FP_F16 : ret->lane == 32 ? FP_F32 : FP_F64;
	*ret_spec = (struct fp_spec){.format = format, .rules = FP_ARM};
	*ret_fraction = ret->lane - a64_field(c, 'i');
	return true;
}

/* FRINTN, FRINTP, FRINTM, FRINTZ, FRINTA, FRINTX, FRINTI, FRINT32Z .. */
static void build_round(struct a64_ctx *c)
{
	struct fp_spec spec;
	struct asimd s;

	if (asimd_fp_begin(c, &s, &spec))
		asimd_fp_finish(c, &s, a64_fp_round_integral(c, spec, asimd_read(c, 'n', s.width)), 'd');
}

/* Rows without the fraction bits are of integers. */
static bool begin_int(struct a64_ctx *c, struct asimd *ret, struct fp_spec *ret_spec, unsigned *ret_fraction)
{
	*ret_fraction = 0;
	return a64_has(c, 'i') ? begin_fixed(c, ret, ret_spec, ret_fraction) : asimd_fp_begin(c, ret, ret_spec);
}

static void build_to_int(struct a64_ctx *c)
{
	struct fp_spec spec;
	struct asimd s;
	unsigned fraction;

	if (begin_int(c, &s, &spec, &fraction))
		asimd_fp_finish(c, &s, a64_fp_to_int(c, spec, s.lane, fraction, asimd_read(c, 'n', s.width)), 'd');
}

static void build_from_int(struct a64_ctx *c)
{
	struct fp_spec spec;
	struct asimd s;
	unsigned fraction;

	if (begin_int(c, &s, &spec, &fraction))
		asimd_fp_finish(c, &s, a64_fp_from_int(c, spec, s.lane, fraction, asimd_read(c, 'n', s.width)), 'd');
}

/* ---- To lanes of twice and of half the width: param tells the longer format, and how to round ---- */

enum { LONG_FORMAT = 7, TO_ODD = 8 };

static struct fp_spec between(const struct a64_ctx *c, bool narrows)
{
	uint8_t longer = c->row->param & LONG_FORMAT, shorter = longer == FP_F64 ? FP_F32 : FP_F16;

	return (struct fp_spec){.format = narrows ? shorter : longer,
				.from = narrows ? longer : shorter,
				.rounding = c->row->param & TO_ODD ? FP_STATIC + FP_ODD : 0,
				.rules = FP_ARM};
}

/* FCVTL: of the half of Rn that field Q chooses. */
static void build_long(struct a64_ctx *c)
{
	const struct fp_spec spec = between(c, false);
	const struct asimd from = {fp_width(spec.from), 64}, to = {fp_width(spec.format), 128};
	expr_id r = a64_fp(c, EXPR_FCVT, &spec, asimd_half(c, &from, 'n'), EXPR_NONE, EXPR_NONE);

	asimd_fp_finish(c, &to, r, 'd');
}

/* FCVTN, FCVTXN: to the half of Rd that field Q chooses. */
static void build_narrow(struct a64_ctx *c)
{
	const struct fp_spec spec = between(c, true);
	expr_id r = a64_fp(c, EXPR_FCVT, &spec, asimd_read(c, 'n', 128), EXPR_NONE, EXPR_NONE);

	asimd_finish_narrow(c, expr_fp_value(c->pool, r));
	a64_fp_raise(c, expr_fp_flags(c->pool, r));
}

/* FCVTXN of a scalar */
static void build_narrow_one(struct a64_ctx *c)
{
	const struct fp_spec spec = between(c, true);
	const struct asimd to = {fp_width(spec.format), fp_width(spec.format)};
	expr_id n = asimd_read(c, 'n', fp_width(spec.from));

	asimd_fp_finish(c, &to, a64_fp(c, EXPR_FCVT, &spec, n, EXPR_NONE, EXPR_NONE), 'd');
}

/* clang-format off */
static const struct a64_row a64_simd_convert[] = {
	/* To integral numbers */
	{"0 Q 0 01110 0 y 10000 11000 10 nnnnn ddddd", build_round,      ROUND_N,                        "----", "frintn vector"},
	{"0 Q 0 01110 0 1 11100 11000 10 nnnnn ddddd", build_round,      ROUND_N,                        "----", "frintn vector h"},
	{"0 Q 0 01110 1 y 10000 11000 10 nnnnn ddddd", build_round,      ROUND_P,                        "----", "frintp vector"},
	{"0 Q 0 01110 1 1 11100 11000 10 nnnnn ddddd", build_round,      ROUND_P,                        "----", "frintp vector h"},
	{"0 Q 0 01110 0 y 10000 11001 10 nnnnn ddddd", build_round,      ROUND_M,                        "----", "frintm vector"},
	{"0 Q 0 01110 0 1 11100 11001 10 nnnnn ddddd", build_round,      ROUND_M,                        "----", "frintm vector h"},
	{"0 Q 0 01110 1 y 10000 11001 10 nnnnn ddddd", build_round,      ROUND_Z,                        "----", "frintz vector"},
	{"0 Q 0 01110 1 1 11100 11001 10 nnnnn ddddd", build_round,      ROUND_Z,                        "----", "frintz vector h"},
	{"0 Q 1 01110 0 y 10000 11000 10 nnnnn ddddd", build_round,      ROUND_A,                        "----", "frinta vector"},
	{"0 Q 1 01110 0 1 11100 11000 10 nnnnn ddddd", build_round,      ROUND_A,                        "----", "frinta vector h"},
	{"0 Q 1 01110 0 y 10000 11001 10 nnnnn ddddd", build_round,      ROUND_EXACT,                    "----", "frintx vector"},
	{"0 Q 1 01110 0 1 11100 11001 10 nnnnn ddddd", build_round,      ROUND_EXACT,                    "----", "frintx vector h"},
	{"0 Q 1 01110 1 y 10000 11001 10 nnnnn ddddd", build_round,      0,                              "----", "frinti vector"},
	{"0 Q 1 01110 1 1 11100 11001 10 nnnnn ddddd", build_round,      0,                              "----", "frinti vector h"},
	{"0 Q 0 01110 0 y 10000 11110 10 nnnnn ddddd", build_round,      ROUND_Z | ROUND_FITS_32,        "----", "frint32z vector"},
	{"0 Q 1 01110 0 y 10000 11110 10 nnnnn ddddd", build_round,      ROUND_FITS_32,                  "----", "frint32x vector"},
	{"0 Q 0 01110 0 y 10000 11111 10 nnnnn ddddd", build_round,      ROUND_Z | ROUND_FITS_64,        "----", "frint64z vector"},
	{"0 Q 1 01110 0 y 10000 11111 10 nnnnn ddddd", build_round,      ROUND_FITS_64,                  "----", "frint64x vector"},

	/* To and from integers */
	{"0 Q 0 01110 0 y 10000 11010 10 nnnnn ddddd", build_to_int,     ROUND_N | SIMD_SIGNED,          "----", "fcvtns vector"},
	{"0 Q 0 01110 0 1 11100 11010 10 nnnnn ddddd", build_to_int,     ROUND_N | SIMD_SIGNED,          "----", "fcvtns vector h"},
	{"0 Q 1 01110 0 y 10000 11010 10 nnnnn ddddd", build_to_int,     ROUND_N,                        "----", "fcvtnu vector"},
	{"0 Q 1 01110 0 1 11100 11010 10 nnnnn ddddd", build_to_int,     ROUND_N,                        "----", "fcvtnu vector h"},
	{"0 Q 0 01110 1 y 10000 11010 10 nnnnn ddddd", build_to_int,     ROUND_P | SIMD_SIGNED,          "----", "fcvtps vector"},
	{"0 Q 0 01110 1 1 11100 11010 10 nnnnn ddddd", build_to_int,     ROUND_P | SIMD_SIGNED,          "----", "fcvtps vector h"},
	{"0 Q 1 01110 1 y 10000 11010 10 nnnnn ddddd", build_to_int,     ROUND_P,                        "----", "fcvtpu vector"},
	{"0 Q 1 01110 1 1 11100 11010 10 nnnnn ddddd", build_to_int,     ROUND_P,                        "----", "fcvtpu vector h"},
	{"0 Q 0 01110 0 y 10000 11011 10 nnnnn ddddd", build_to_int,     ROUND_M | SIMD_SIGNED,          "----", "fcvtms vector"},
	{"0 Q 0 01110 0 1 11100 11011 10 nnnnn ddddd", build_to_int,     ROUND_M | SIMD_SIGNED,          "----", "fcvtms vector h"},
	{"0 Q 1 01110 0 y 10000 11011 10 nnnnn ddddd", build_to_int,     ROUND_M,                        "----", "fcvtmu vector"},
	{"0 Q 1 01110 0 1 11100 11011 10 nnnnn ddddd", build_to_int,     ROUND_M,                        "----", "fcvtmu vector h"},
	{"0 Q 0 01110 1 y 10000 11011 10 nnnnn ddddd", build_to_int,     ROUND_Z | SIMD_SIGNED,          "----", "fcvtzs vector"},
	{"0 Q 0 01110 1 1 11100 11011 10 nnnnn ddddd", build_to_int,     ROUND_Z | SIMD_SIGNED,          "----", "fcvtzs vector h"},
	{"0 Q 1 01110 1 y 10000 11011 10 nnnnn ddddd", build_to_int,     ROUND_Z,                        "----", "fcvtzu vector"},
	{"0 Q 1 01110 1 1 11100 11011 10 nnnnn ddddd", build_to_int,     ROUND_Z,                        "----", "fcvtzu vector h"},
	{"0 Q 0 01110 0 y 10000 11100 10 nnnnn ddddd", build_to_int,     ROUND_A | SIMD_SIGNED,          "----", "fcvtas vector"},
	{"0 Q 0 01110 0 1 11100 11100 10 nnnnn ddddd", build_to_int,     ROUND_A | SIMD_SIGNED,          "----", "fcvtas vector h"},
	{"0 Q 1 01110 0 y 10000 11100 10 nnnnn ddddd", build_to_int,     ROUND_A,                        "----", "fcvtau vector"},
	{"0 Q 1 01110 0 1 11100 11100 10 nnnnn ddddd", build_to_int,     ROUND_A,                        "----", "fcvtau vector h"},
	{"0 Q 0 01110 0 y 10000 11101 10 nnnnn ddddd", build_from_int,   SIMD_SIGNED,                    "----", "scvtf vector"},
	{"0 Q 0 01110 0 1 11100 11101 10 nnnnn ddddd", build_from_int,   SIMD_SIGNED,                    "----", "scvtf vector h"},
	{"0 Q 1 01110 0 y 10000 11101 10 nnnnn ddddd", build_from_int,   0,                              "----", "ucvtf vector"},
	{"0 Q 1 01110 0 1 11100 11101 10 nnnnn ddddd", build_from_int,   0,                              "----", "ucvtf vector h"},

	/* The same of scalars */
	{"01 0 11110 0 y 10000 11010 10 nnnnn ddddd", build_to_int,     ROUND_N | SIMD_SIGNED,          "----", "fcvtns scalar"},
	{"01 0 11110 0 1 11100 11010 10 nnnnn ddddd", build_to_int,     ROUND_N | SIMD_SIGNED,          "----", "fcvtns scalar h"},
	{"01 1 11110 0 y 10000 11010 10 nnnnn ddddd", build_to_int,     ROUND_N,                        "----", "fcvtnu scalar"},
	{"01 1 11110 0 1 11100 11010 10 nnnnn ddddd", build_to_int,     ROUND_N,                        "----", "fcvtnu scalar h"},
	{"01 0 11110 1 y 10000 11010 10 nnnnn ddddd", build_to_int,     ROUND_P | SIMD_SIGNED,          "----", "fcvtps scalar"},
	{"01 0 11110 1 1 11100 11010 10 nnnnn ddddd", build_to_int,     ROUND_P | SIMD_SIGNED,          "----", "fcvtps scalar h"},
	{"01 1 11110 1 y 10000 11010 10 nnnnn ddddd", build_to_int,     ROUND_P,                        "----", "fcvtpu scalar"},
	{"01 1 11110 1 1 11100 11010 10 nnnnn ddddd", build_to_int,     ROUND_P,                        "----", "fcvtpu scalar h"},
	{"01 0 11110 0 y 10000 11011 10 nnnnn ddddd", build_to_int,     ROUND_M | SIMD_SIGNED,          "----", "fcvtms scalar"},
	{"01 0 11110 0 1 11100 11011 10 nnnnn ddddd", build_to_int,     ROUND_M | SIMD_SIGNED,          "----", "fcvtms scalar h"},
	{"01 1 11110 0 y 10000 11011 10 nnnnn ddddd", build_to_int,     ROUND_M,                        "----", "fcvtmu scalar"},
	{"01 1 11110 0 1 11100 11011 10 nnnnn ddddd", build_to_int,     ROUND_M,                        "----", "fcvtmu scalar h"},
	{"01 0 11110 1 y 10000 11011 10 nnnnn ddddd", build_to_int,     ROUND_Z | SIMD_SIGNED,          "----", "fcvtzs scalar"},
	{"01 0 11110 1 1 11100 11011 10 nnnnn ddddd", build_to_int,     ROUND_Z | SIMD_SIGNED,          "----", "fcvtzs scalar h"},
	{"01 1 11110 1 y 10000 11011 10 nnnnn ddddd", build_to_int,     ROUND_Z,                        "----", "fcvtzu scalar"},
	{"01 1 11110 1 1 11100 11011 10 nnnnn ddddd", build_to_int,     ROUND_Z,                        "----", "fcvtzu scalar h"},
	{"01 0 11110 0 y 10000 11100 10 nnnnn ddddd", build_to_int,     ROUND_A | SIMD_SIGNED,          "----", "fcvtas scalar"},
	{"01 0 11110 0 1 11100 11100 10 nnnnn ddddd", build_to_int,     ROUND_A | SIMD_SIGNED,          "----", "fcvtas scalar h"},
	{"01 1 11110 0 y 10000 11100 10 nnnnn ddddd", build_to_int,     ROUND_A,                        "----", "fcvtau scalar"},
	{"01 1 11110 0 1 11100 11100 10 nnnnn ddddd", build_to_int,     ROUND_A,                        "----", "fcvtau scalar h"},
	{"01 0 11110 0 y 10000 11101 10 nnnnn ddddd", build_from_int,   SIMD_SIGNED,                    "----", "scvtf scalar"},
	{"01 0 11110 0 1 11100 11101 10 nnnnn ddddd", build_from_int,   SIMD_SIGNED,                    "----", "scvtf scalar h"},
	{"01 1 11110 0 y 10000 11101 10 nnnnn ddddd", build_from_int,   0,                              "----", "ucvtf scalar"},
	{"01 1 11110 0 1 11100 11101 10 nnnnn ddddd", build_from_int,   0,                              "----", "ucvtf scalar h"},

	/* To and from fixed point: immh:immb */
	{"0 Q 0 011110 001 iiii 11111 1 nnnnn ddddd", build_to_int,     ROUND_Z | SIMD_SIGNED | SIMD_H, "----", "fcvtzs vector fixed h"},
	{"0 Q 0 011110 01 iiiii 11111 1 nnnnn ddddd", build_to_int,     ROUND_Z | SIMD_SIGNED | SIMD_S, "----", "fcvtzs vector fixed s"},
	{"0 Q 0 011110 1 iiiiii 11111 1 nnnnn ddddd", build_to_int,     ROUND_Z | SIMD_SIGNED | SIMD_D, "----", "fcvtzs vector fixed d"},
	{"0 Q 1 011110 001 iiii 11111 1 nnnnn ddddd", build_to_int,     ROUND_Z | SIMD_H,               "----", "fcvtzu vector fixed h"},
	{"0 Q 1 011110 01 iiiii 11111 1 nnnnn ddddd", build_to_int,     ROUND_Z | SIMD_S,               "----", "fcvtzu vector fixed s"},
	{"0 Q 1 011110 1 iiiiii 11111 1 nnnnn ddddd", build_to_int,     ROUND_Z | SIMD_D,               "----", "fcvtzu vector fixed d"},
	{"0 Q 0 011110 001 iiii 11100 1 nnnnn ddddd", build_from_int,   SIMD_SIGNED | SIMD_H,           "----", "scvtf vector fixed h"},
	{"0 Q 0 011110 01 iiiii 11100 1 nnnnn ddddd", build_from_int,   SIMD_SIGNED | SIMD_S,           "----", "scvtf vector fixed s"},
	{"0 Q 0 011110 1 iiiiii 11100 1 nnnnn ddddd", build_from_int,   SIMD_SIGNED | SIMD_D,           "----", "scvtf vector fixed d"},
	{"0 Q 1 011110 001 iiii 11100 1 nnnnn ddddd", build_from_int,   SIMD_H,                         "----", "ucvtf vector fixed h"},
	{"0 Q 1 011110 01 iiiii 11100 1 nnnnn ddddd", build_from_int,   SIMD_S,                         "----", "ucvtf vector fixed s"},
	{"0 Q 1 011110 1 iiiiii 11100 1 nnnnn ddddd", build_from_int,   SIMD_D,                         "----", "ucvtf vector fixed d"},

	/* The same of scalars */
	{"01 0 111110 001 iiii 11111 1 nnnnn ddddd",  build_to_int,     ROUND_Z | SIMD_SIGNED | SIMD_H, "----", "fcvtzs scalar fixed h"},
	{"01 0 111110 01 iiiii 11111 1 nnnnn ddddd",  build_to_int,     ROUND_Z | SIMD_SIGNED | SIMD_S, "----", "fcvtzs scalar fixed s"},
	{"01 0 111110 1 iiiiii 11111 1 nnnnn ddddd",  build_to_int,     ROUND_Z | SIMD_SIGNED | SIMD_D, "----", "fcvtzs scalar fixed d"},
	{"01 1 111110 001 iiii 11111 1 nnnnn ddddd",  build_to_int,     ROUND_Z | SIMD_H,               "----", "fcvtzu scalar fixed h"},
	{"01 1 111110 01 iiiii 11111 1 nnnnn ddddd",  build_to_int,     ROUND_Z | SIMD_S,               "----", "fcvtzu scalar fixed s"},
	{"01 1 111110 1 iiiiii 11111 1 nnnnn ddddd",  build_to_int,     ROUND_Z | SIMD_D,               "----", "fcvtzu scalar fixed d"},
	{"01 0 111110 001 iiii 11100 1 nnnnn ddddd",  build_from_int,   SIMD_SIGNED | SIMD_H,           "----", "scvtf scalar fixed h"},
	{"01 0 111110 01 iiiii 11100 1 nnnnn ddddd",  build_from_int,   SIMD_SIGNED | SIMD_S,           "----", "scvtf scalar fixed s"},
	{"01 0 111110 1 iiiiii 11100 1 nnnnn ddddd",  build_from_int,   SIMD_SIGNED | SIMD_D,           "----", "scvtf scalar fixed d"},
	{"01 1 111110 001 iiii 11100 1 nnnnn ddddd",  build_from_int,   SIMD_H,                         "----", "ucvtf scalar fixed h"},
	{"01 1 111110 01 iiiii 11100 1 nnnnn ddddd",  build_from_int,   SIMD_S,                         "----", "ucvtf scalar fixed s"},
	{"01 1 111110 1 iiiiii 11100 1 nnnnn ddddd",  build_from_int,   SIMD_D,                         "----", "ucvtf scalar fixed d"},

	/* Between formats */
	{"0 Q 0 01110 00 10000 10111 10 nnnnn ddddd", build_long,       FP_F32,                         "----", "fcvtl s"},
	{"0 Q 0 01110 01 10000 10111 10 nnnnn ddddd", build_long,       FP_F64,                         "----", "fcvtl d"},
	{"0 Q 0 01110 00 10000 10110 10 nnnnn ddddd", build_narrow,     FP_F32,                         "----", "fcvtn s"},
	{"0 Q 0 01110 01 10000 10110 10 nnnnn ddddd", build_narrow,     FP_F64,                         "----", "fcvtn d"},
	{"0 Q 1 01110 01 10000 10110 10 nnnnn ddddd", build_narrow,     FP_F64 | TO_ODD,                "----", "fcvtxn"},
	{"01 1 11110 01 10000 10110 10 nnnnn ddddd",  build_narrow_one, FP_F64 | TO_ODD,                "----", "fcvtxn scalar"},
};
/* clang-format on */

A64_TABLE(a64_simd_convert);
