/*
 * Conversions of floating-point scalars: to an integral number, to another format, to and from integers and fixed-point
 * numbers in general registers, and to and from integers of another width in vector registers (Arm ARM C3.4, shared
 * pseudocode FPRoundInt(), FPConvert(), FPToFixed(), FixedToFP()).
 */
#include "arch/aarch64/simd.h"

/* ---- What scalars and vectors share ---- */

expr_id a64_fp_round_integral(struct a64_ctx *c, struct fp_spec s, expr_id a)
{
	uint32_t param = c->row->param;
	bool must_fit = param & (ROUND_FITS_32 | ROUND_FITS_64);

	s.rounding = param & ROUND_FIELD;
	if (must_fit) {
		s.is_signed = true;
		s.integer = param & ROUND_FITS_32 ? 32 : 64;
	} else {
		s.exact = param & ROUND_EXACT;
	}
	return a64_fp(c, must_fit ? EXPR_FRINTFIT : EXPR_FRINT, &s, a, EXPR_NONE, EXPR_NONE);
}

expr_id a64_fp_to_int(struct a64_ctx *c, struct fp_spec s, unsigned width, unsigned fraction, expr_id a)
{
	s.rounding = c->row->param & ROUND_FIELD;
	s.is_signed = c->row->param & SIMD_SIGNED;
	s.integer = (uint8_t)width;
	s.fraction = (uint8_t)fraction;
	return a64_fp(c, EXPR_FTOI, &s, a, EXPR_NONE, EXPR_NONE);
}

expr_id a64_fp_from_int(struct a64_ctx *c, struct fp_spec s, unsigned width, unsigned fraction, expr_id a)
{
	s.is_signed = c->row->param & SIMD_SIGNED;
	s.integer = (uint8_t)width;
	s.fraction = (uint8_t)fraction;
	return a64_fp(c, EXPR_ITOF, &s, a, EXPR_NONE, EXPR_NONE);
}

/* ---- Scalars ---- */

static expr_id operand(struct a64_ctx *c, enum fp_format format)
{
	return a64_v(c, a64_field(c, 'n'), fp_width(format));
}

/* FRINTN, FRINTP, FRINTM, FRINTZ, FRINTA, FRINTX, FRINTI, FRINT32Z .. */
static void build_round(struct a64_ctx *c)
{
	struct fp_spec s;

	if (a64_fp_type(c, &s))
		a64_fp_finish(c, a64_fp_round_integral(c, s, operand(c, s.format)), 'd');
}

/* FCVT to the format that param names. */
static void build_convert(struct a64_ctx *c)
{
	struct fp_spec s;

	if (!a64_fp_type(c, &s))
		return;
	s.from = s.format;
	s.format = (uint8_t)c->row->param;
	if (s.from == s.format)
		a64_undefined(c);
	else
		a64_fp_finish(c, a64_fp(c, EXPR_FCVT, &s, operand(c, s.from), EXPR_NONE, EXPR_NONE), 'd');
}

/* The fraction bits of the integer, 64 less the scale; none in rows without one. False: more than it has bits. */
static bool fraction_bits(struct a64_ctx *c, unsigned *ret)
{
	*ret = a64_has(c, 'i') ? 64 - a64_field(c, 'i') : 0;
	if (*ret > c->width)
		a64_undefined(c);
	return *ret <= c->width;
}

static void build_from_int(struct a64_ctx *c)
{
	struct fp_spec s;
	unsigned fraction;

	if (a64_fp_type(c, &s) && fraction_bits(c, &fraction))
		a64_fp_finish(c, a64_fp_from_int(c, s, c->width, fraction, a64_read(c, 'n')), 'd');
}

static void build_to_int(struct a64_ctx *c)
{
	struct fp_spec s;
	unsigned fraction;

	if (!a64_fp_type(c, &s) || !fraction_bits(c, &fraction))
		return;
	expr_id r = a64_fp_to_int(c, s, c->width, fraction, operand(c, s.format));
	a64_write(c, 'd', expr_fp_value(c->pool, r));
	a64_fp_raise(c, expr_fp_flags(c->pool, r));
}

/* ---- Integers in vector registers, of another width than the number (FEAT_FPRCVT) ---- */

/* False if the widths are the same: unallocated, for simd_convert.c has those conversions. */
static bool begin_other_width(struct a64_ctx *c, struct fp_spec *ret)
{
	if (!a64_fp_type(c, ret))
		return false;
	if (fp_width(ret->format) == c->width)
		a64_undefined(c);
	return fp_width(ret->format) != c->width;
}

static void build_to_vector(struct a64_ctx *c)
{
	struct fp_spec s;

	if (begin_other_width(c, &s))
		a64_fp_finish(c, a64_fp_to_int(c, s, c->width, 0, operand(c, s.format)), 'd');
}

static void build_from_vector(struct a64_ctx *c)
{
	struct fp_spec s;

	if (begin_other_width(c, &s))
		a64_fp_finish(c, a64_fp_from_int(c, s, c->width, 0, asimd_read(c, 'n', c->width)), 'd');
}

/* ---- FJCVTZS ---- */

/* A double is its significand, as an integer of 53 bits, times 2^(exponent field - 1075). */
enum { FRACTION = 52, EXPONENT = 11, UNSCALED = 1075 };

/* A double cut to an integer, modulo 2^64; shifts by too much give 0, as do infinities, NaNs and what is below 1. */
static expr_id integer_of(struct a64_ctx *c, expr_id a)
{
	struct expr_pool *p = c->pool;
	expr_id exponent = expr_zext(p, expr_extract(p, a, FRACTION, EXPONENT), 64);
	expr_id significand = expr_concat(p, a64_const(c, 64 - FRACTION, 1), expr_extract(p, a, 0, FRACTION));
	expr_id left = expr_sub(p, exponent, a64_const(c, 64, UNSCALED));
	expr_id magnitude = expr_or(p, expr_shl(p, significand, left), expr_lshr(p, significand, expr_neg(p, left)));

	return expr_ite(p, expr_msb(p, a), expr_neg(p, magnitude), magnitude);
}

/*
 * FPToFixedJS(): what does not fit is invalid and taken modulo 2^32. Z: exact. Of zeroes that is +0 alone, neither -0
 * nor what was flushed; a denormal that was not is inexact.
 */
static void build_javascript(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	const struct fp_spec s = {.format = FP_F64, .rules = FP_ARM};
	expr_id a = operand(c, FP_F64), flags = expr_fp_flags(p, a64_fp_to_int(c, s, 32, 0, a));
	expr_id raised = expr_or(p, expr_bit(p, flags, FP_INVALID), expr_bit(p, flags, FP_INEXACT));
	expr_id normal = expr_ne(p, expr_extract(p, a, FRACTION, EXPONENT), a64_const(c, EXPONENT, 0));
	expr_id exact = expr_and(p, expr_not(p, raised), expr_or(p, normal, expr_is_zero(p, a)));

	a64_write(c, 'd', expr_extract(p, integer_of(c, a), 0, 32));
	a64_set_flag(c, A64_zf, exact);
	a64_fp_raise(c, flags);
}

/* All conversions to and from integers: the bits rmode and opcode. */
#define TO_INT(opcode, build, param, name) \
	{ \
		"s 00 11110 yy 1 " opcode " 000000 nnnnn ddddd", build, param, "----", name \
	}
#define TO_INTS(rmode, opcode, rounding, name) \
	TO_INT(rmode " " opcode "0", build_to_int, (rounding) | SIMD_SIGNED, name "s"), \
		TO_INT(rmode " " opcode "1", build_to_int, rounding, name "u")
#define TO_VECTOR(rmode, opcode, rounding, name) \
	TO_INT(rmode " " opcode "0", build_to_vector, (rounding) | SIMD_SIGNED, name "s to vector"), \
		TO_INT(rmode " " opcode "1", build_to_vector, rounding, name "u to vector")

/* clang-format off */
static const struct a64_row a64_fp_convert[] = {
	{"000 11110 yy 1 001 000 10000 nnnnn ddddd",    build_round,       ROUND_N,                    "----", "frintn"},
	{"000 11110 yy 1 001 001 10000 nnnnn ddddd",    build_round,       ROUND_P,                    "----", "frintp"},
	{"000 11110 yy 1 001 010 10000 nnnnn ddddd",    build_round,       ROUND_M,                    "----", "frintm"},
	{"000 11110 yy 1 001 011 10000 nnnnn ddddd",    build_round,       ROUND_Z,                    "----", "frintz"},
	{"000 11110 yy 1 001 100 10000 nnnnn ddddd",    build_round,       ROUND_A,                    "----", "frinta"},
	{"000 11110 yy 1 001 110 10000 nnnnn ddddd",    build_round,       ROUND_EXACT,                "----", "frintx"},
	{"000 11110 yy 1 001 111 10000 nnnnn ddddd",    build_round,       0,                          "----", "frinti"},
	{"000 11110 0y 1 010 000 10000 nnnnn ddddd",    build_round,       ROUND_Z | ROUND_FITS_32,    "----", "frint32z"},
	{"000 11110 0y 1 010 001 10000 nnnnn ddddd",    build_round,       ROUND_FITS_32,              "----", "frint32x"},
	{"000 11110 0y 1 010 010 10000 nnnnn ddddd",    build_round,       ROUND_Z | ROUND_FITS_64,    "----", "frint64z"},
	{"000 11110 0y 1 010 011 10000 nnnnn ddddd",    build_round,       ROUND_FITS_64,              "----", "frint64x"},

	{"000 11110 yy 1 0001 00 10000 nnnnn ddddd",    build_convert,     FP_F32,                     "----", "fcvt to single"},
	{"000 11110 yy 1 0001 01 10000 nnnnn ddddd",    build_convert,     FP_F64,                     "----", "fcvt to double"},
	{"000 11110 yy 1 0001 11 10000 nnnnn ddddd",    build_convert,     FP_F16,                     "----", "fcvt to half"},

	TO_INTS("00", "00", ROUND_N, "fcvtn"),
	TO_INTS("01", "00", ROUND_P, "fcvtp"),
	TO_INTS("10", "00", ROUND_M, "fcvtm"),
	TO_INTS("11", "00", ROUND_Z, "fcvtz"),
	TO_INTS("00", "10", ROUND_A, "fcvta"),
	{"0 00 11110 01 1 11 110 000000 nnnnn ddddd",   build_javascript,  ROUND_Z | SIMD_SIGNED,      "0W00", "fjcvtzs"},
	{"s 00 11110 yy 1 00 010 000000 nnnnn ddddd",   build_from_int,    SIMD_SIGNED,                "----", "scvtf"},
	{"s 00 11110 yy 1 00 011 000000 nnnnn ddddd",   build_from_int,    0,                          "----", "ucvtf"},

	TO_VECTOR("01", "01", ROUND_N, "fcvtn"),
	TO_VECTOR("10", "01", ROUND_P, "fcvtp"),
	TO_VECTOR("10", "10", ROUND_M, "fcvtm"),
	TO_VECTOR("10", "11", ROUND_Z, "fcvtz"),
	TO_VECTOR("11", "01", ROUND_A, "fcvta"),
	{"s 00 11110 yy 1 11 100 000000 nnnnn ddddd",   build_from_vector, SIMD_SIGNED,                "----", "scvtf from vector"},
	{"s 00 11110 yy 1 11 101 000000 nnnnn ddddd",   build_from_vector, 0,                          "----", "ucvtf from vector"},

	{"s 00 11110 yy 0 11 000 iiiiii nnnnn ddddd",   build_to_int,      ROUND_Z | SIMD_SIGNED,      "----", "fcvtzs fixed"},
	{"s 00 11110 yy 0 11 001 iiiiii nnnnn ddddd",   build_to_int,      ROUND_Z,                    "----", "fcvtzu fixed"},
	{"s 00 11110 yy 0 00 010 iiiiii nnnnn ddddd",   build_from_int,    SIMD_SIGNED,                "----", "scvtf fixed"},
	{"s 00 11110 yy 0 00 011 iiiiii nnnnn ddddd",   build_from_int,    0,                          "----", "ucvtf fixed"},
};
/* clang-format on */

A64_TABLE(a64_fp_convert);
