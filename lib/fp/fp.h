/*
 * Binary floating point in software: values in, value and exception flags out of one evaluation. Every format goes the
 * same way: unpack, operate, round, pack, with one rounding function for all (IEEE 754-2019, 4.3, 7).
 *
 * A number is its encoding in the low fp_width() bits of an fp_bits. What control registers say at run time is the
 * mode, a bit-field; where architectures depart from each other, or from IEEE 754, is a set of rules with a name.
 *
 * This module knows no instructions and no expressions: lib/expr has an operator for each function here.
 */
#ifndef LIB_FP_FP_H
#define LIB_FP_FP_H

#include <stdbool.h>
#include <stdint.h>

typedef unsigned __int128 fp_bits;

enum fp_format {
	FP_F16,     /* binary16 */
	FP_BF16,    /* bfloat16 */
	FP_F32,     /* binary32 */
	FP_F64,     /* binary64 */
	FP_F80,     /* x87 double extended precision: 80 bits, the integer bit is explicit (SDM vol. 1, 4.2.2) */
	FP_F16_ALT, /* Arm's alternative half precision: no infinities, no NaNs (Arm ARM A1.4.2) */
	FP_NUM_FORMATS
};

/* Exception flags: bits 0-5 of a result's flags are those of MXCSR and of the x87 status word (SDM vol. 1, 8.1.3). */
enum {
	FP_INVALID,
	FP_DENORMAL,
	FP_DIVIDE,
	FP_OVERFLOW,
	FP_UNDERFLOW,
	FP_INEXACT,
	FP_ROUNDED_UP, /* not an exception: the last rounding raised the magnitude (x87's C1) */
	FP_NUM_FLAGS = 8
};

/* How to round; the first four are in the order of MXCSR.RC and FCW.RC. */
enum fp_round { FP_NEAREST, FP_DOWN, FP_UP, FP_TO_ZERO, FP_AWAY /* nearest, ties away */, FP_ODD };

/* The mode: a bit-field, the first bit of each of its parts by name. */
enum {
	FP_MODE_ROUND = 0,          /* 3 bits, enum fp_round */
	FP_MODE_FLUSH_OPERANDS = 3, /* denormal operands are zeroes: MXCSR.DAZ, FPCR.FZ (FZ16 for FP_F16) */
	FP_MODE_FLUSH_RESULTS = 4,  /* tiny results become zeroes: MXCSR.FTZ with UM, FPCR.FZ */
	/* A result of F80 then has a wrapped exponent (SDM vol. 1, 8.5.4, 8.5.5), another is not to be used. */
	FP_MODE_UNMASKED_UNDERFLOW = 5, /* a tiny result is told even if exact */
	FP_MODE_UNMASKED_OVERFLOW = 6,
	FP_MODE_DEFAULT_NAN = 7,       /* every NaN that results is the default one: FPCR.DN */
	FP_MODE_PRECISION = 8,         /* 2 bits, F80 results: FCW.PC, 0: 24, 2: 53, 3: 64 bits of significand */
	FP_MODE_ALTERNATIVE_HALF = 10, /* fp_convert() takes FP_F16 for FP_F16_ALT: FPCR.AHP */
	FP_MODE_FLUSH_SILENTLY = 11,   /* flushed operands raise nothing: FPCR.FIZ */
	FP_MODE_EXTENDED_DOT = 12      /* fp_bf16_dot() rounds as the mode says: FPCR.EBF */
};

/*
 * Where architectures differ: order of NaNs, the default NaN, tininess, what a denormal operand raises, integers that
 * do not fit, minimum and maximum. Each is a row of a table in rules.c which cites its manual.
 */
enum fp_rules_id {
	FP_SSE,           /* SDM vol. 1, 4.8.3.5, 4.9.1.5, 10.2.3, 11.5 */
	FP_X87,           /* SDM vol. 1, 4.8.3.5, 8.5 */
	FP_ARM,           /* Arm ARM, shared pseudocode: FPProcessNaNs(), FPRound(), FPUnpack() */
	FP_ARM_ALTERNATE, /* the same with FPCR.AH: Arm ARM A1.5.2 and the branches of the pseudocode for it */
	FP_NUM_RULES
};

/* The rules under a control register: those of FP_ARM become FP_ARM_ALTERNATE by FPCR.AH (FEAT_AFP). */
enum fp_rules_id fp_rules_under(enum fp_rules_id rules, uint32_t control);

/* Bits of FPCR (Arm ARM C5.2.8); of NEP nothing here depends. */
enum {
	FPCR_FIZ = 0,
	FPCR_AH = 1,
	FPCR_NEP = 2,
	FPCR_EBF = 13,
	FPCR_FZ16 = 19,
	FPCR_RMODE = 22,
	FPCR_FZ = 24,
	FPCR_DN = 25,
	FPCR_AHP = 26
};

/*
 * The mode that a control register says, as it stands: MXCSR (FP_SSE), the x87 control word (FP_X87), FPCR (FP_ARM).
 * half: of operations in half precision other than conversions (FPCR.FZ16 instead of FZ).
 */
enum { FP_CONTROL_WIDTH = 32 };
unsigned fp_mode(enum fp_rules_id rules, bool half, uint32_t control);
/*
 * Under FPCR.AH estimates, their steps and conversions to BF16 flush denormals, round to nearest, and raise nothing:
 * the control register as it is for them, and whether they are silent (FPRecipEstimate(), FPConvertBF()).
 */
uint32_t fp_estimate_control(enum fp_rules_id rules, uint32_t control);
bool fp_estimate_silent(enum fp_rules_id rules, uint32_t control);
/*
 * What an instruction tells of the exceptions that were raised in any of its lanes. FP_SSE: those that operands raise
 * come before anything is computed: if one of them is not masked, no others are told (SDM vol. 1, 11.5.3.2, 11.5.4; APM
 * vol. 1, 4.10.3).
 */
uint8_t fp_told(enum fp_rules_id rules, uint32_t control, uint8_t flags);
/* The bits of the control register that all these look at; rounding: those for that among them. */
uint32_t fp_control_bits(enum fp_rules_id rules, bool half, bool rounding);

struct fp_env {
	enum fp_format format; /* of operands and result; conversions: of the result, if it is a number */
	enum fp_rules_id rules;
	unsigned mode;
};

struct fp_result {
	fp_bits value;
	uint8_t flags;
};

static inline unsigned fp_width(enum fp_format f)
{
	return f == FP_F80 ? 80 : f == FP_F64 ? 64 : f == FP_F32 ? 32 : 16;
}

/* ---- Arithmetic ---- */

struct fp_result fp_add(const struct fp_env *e, fp_bits a, fp_bits b);
struct fp_result fp_sub(const struct fp_env *e, fp_bits a, fp_bits b);
struct fp_result fp_mul(const struct fp_env *e, fp_bits a, fp_bits b);
/* But infinity * 0 is 2, with the product's sign, and raises nothing (Arm ARM, FPMulX()). */
struct fp_result fp_mulx(const struct fp_env *e, fp_bits a, fp_bits b);
struct fp_result fp_div(const struct fp_env *e, fp_bits a, fp_bits b);
struct fp_result fp_sqrt(const struct fp_env *e, fp_bits a);

/*
 * (+-)(a * b) (+-) c, rounded once. A sign that is changed is that of a number: NaNs keep theirs; but FP_ARM
 * negates a, and c, whatever they are (FPNeg()). Of several NaNs the result is made of a, else b, else c (FP_SSE:
 * VFMADD132's first and third operand are a and b, VFMADD213's second and first, VFMADD231's second and third);
 * FP_ARM: FPProcessNaNs3() with c first.
 */
enum { FP_NEGATE_PRODUCT = 1, FP_NEGATE_ADDEND = 2 };
struct fp_result fp_fma(const struct fp_env *e, unsigned negate, fp_bits a, fp_bits b, fp_bits c);

/*
 * FP_SSE, FP_ARM_ALTERNATE: the second operand wherever the first is not ordered before it (SDM vol. 2, MINPS). FP_ARM:
 * FPMin().
 */
struct fp_result fp_min(const struct fp_env *e, fp_bits a, fp_bits b);
struct fp_result fp_max(const struct fp_env *e, fp_bits a, fp_bits b);
/* minNum and maxNum of IEEE 754-2008: a quiet NaN gives the other operand (Arm ARM FPMinNum()). */
struct fp_result fp_min_num(const struct fp_env *e, fp_bits a, fp_bits b);
struct fp_result fp_max_num(const struct fp_env *e, fp_bits a, fp_bits b);

/*
 * 2 - a * b and (3 - a * b) / 2, rounded once: the steps of Newton's method for a reciprocal and its square root. Zero
 * times infinity counts as zero (FPRecipStepFused(), FPRSqrtStepFused()).
 */
struct fp_result fp_recip_step(const struct fp_env *e, fp_bits a, fp_bits b);
struct fp_result fp_rsqrt_step(const struct fp_env *e, fp_bits a, fp_bits b);
/* What they start from: FPRecipEstimate() and FPRSqrtEstimate(). precise: 12 bits of fraction, not 8 (FEAT_RPRES). */
struct fp_result fp_recip_estimate(const struct fp_env *e, bool precise, fp_bits a);
struct fp_result fp_rsqrt_estimate(const struct fp_env *e, bool precise, fp_bits a);
/* A power of two by which the operand can be scaled before (FPRecpX()). */
struct fp_result fp_recip_exponent(const struct fp_env *e, fp_bits a);

/*
 * addend + a.low * b.low + a.high * b.high of FP_F32: a and b are two FP_BF16 each; no exception is raised
 * (BFDotAdd()).
 */
struct fp_result fp_bf16_dot(const struct fp_env *e, fp_bits a, fp_bits b, fp_bits addend);

/* FPMR (Arm ARM C5.2.9): formats of the two sources and of the destination; overflows saturate; scales. */
enum {
	FPMR_F8S1 = 0,
	FPMR_F8S2 = 3,
	FPMR_F8D = 6,
	FPMR_OSM = 14, /* of sums of products */
	FPMR_OSC = 15, /* of conversions */
	FPMR_LSCALE = 16,
	FPMR_NSCALE = 24,
	FPMR_LSCALE2 = 32,
};
enum fp_f8_format { FP_E5M2, FP_E4M3 }; /* others are reserved */

/*
 * addend + (a[0] * b[0] + .. a[products - 1] * b[products - 1]) / 2^LSCALE, rounded once to nearest: f is FP_F16 or
 * FP_F32, a and b have `products` (1 to 8) numbers of eight bits, of the formats that FPMR says. It raises nothing,
 * flushes nothing, and a NaN is the default one (Arm ARM, FP8DotAddFP(), FP8MulAddFP()).
 */
enum { FP_F8_CONTROL = 0x007f403f }; /* the bits of FPMR that it looks at, at most */
fp_bits fp_f8_dot(enum fp_format f, uint32_t fpmr, unsigned products, fp_bits a, fp_bits b, fp_bits addend);

/* a * 2^b, b being cut to an integer towards zero (SDM vol. 2, FSCALE). */
struct fp_result fp_scale(const struct fp_env *e, fp_bits a, fp_bits b);
/* The unbiased exponent as a number, and the significand with the exponent 0 (SDM vol. 2, FXTRACT). */
struct fp_result fp_exponent(const struct fp_env *e, fp_bits a);
struct fp_result fp_significand(const struct fp_env *e, fp_bits a);

/*
 * The partial remainder of a / b: quotient rounded towards zero (FPREM) or to nearest (nearest: FPREM1). *ret_quotient:
 * the quotient's low three bits, and FP_REM_PARTIAL if the reduction is incomplete: what is left is of an operand whose
 * exponent was reduced, by how much is the processor's choice (between 32 and 63) if the exponents are 64 or more
 * apart (SDM vol. 2, FPREM); here as Intel's and AMD's processors do.
 */
enum { FP_REM_PARTIAL = 8, FP_REM_QUOTIENT_WIDTH = 4 };
struct fp_result fp_rem(const struct fp_env *e, bool nearest, fp_bits a, fp_bits b, unsigned *ret_quotient);

/* ---- Comparison ---- */

/* Exactly one of these four relations holds. */
enum fp_relation { FP_LESS = 1, FP_EQUAL = 2, FP_GREATER = 4, FP_UNORDERED = 8 };

/* *ret_flags: quiet NaNs raise FP_INVALID unless `quiet`, signalling ones always. */
enum fp_relation fp_compare(const struct fp_env *e, bool quiet, fp_bits a, fp_bits b, uint8_t *ret_flags);

/* ---- Conversion ---- */

/* To an integral number in the same format. exact: FP_INEXACT is told (SDM vol. 2, ROUNDPS; FRINTX). */
struct fp_result fp_round_integral(const struct fp_env *e, bool exact, fp_bits a);

/*
 * To an integral number in the same format that a signed integer of `width` bits holds; inexact is told. What is not,
 * and NaNs, give the lowest of these integers (Arm ARM FPRoundIntN()).
 */
struct fp_result fp_round_to_fit(const struct fp_env *e, unsigned width, fp_bits a);

/* From another format. */
struct fp_result fp_convert(const struct fp_env *e, enum fp_format from, fp_bits a);

/*
 * The same number in a format that holds every one of the other's: nothing is raised, flushed or quieted. How the x87
 * sees an operand in memory: a signalling NaN stays one, and a denormal is to raise FP_DENORMAL though it is none any
 * more.
 */
fp_bits fp_widen(enum fp_format to, enum fp_format from, fp_bits a);

/* From an integer of up to 64 bits divided by 2^fraction. */
struct fp_result fp_from_int(const struct fp_env *e, bool is_signed, unsigned width, unsigned fraction, uint64_t a);

/*
 * a * 2^fraction to an integer of `width` (8-64) bits, rounded as the mode tells. What does not fit, and NaNs: FP_SSE
 * and FP_X87 the top bit alone, all bits if unsigned (SDM vol. 1, 4.9.1.1; vol. 2, VCVTSS2USI); FP_ARM the nearest that
 * fits, 0 for NaNs (FPToFixed()). e->format is the operand's.
 */
struct fp_result fp_to_int(const struct fp_env *e, bool is_signed, unsigned width, unsigned fraction, fp_bits a);

/* ---- Questions ---- */

/* What kind of number an encoding is; flushing is not looked at. */
enum fp_class {
	FP_CLASS_ZERO,
	FP_CLASS_DENORMAL, /* F80: also one with the integer bit set (pseudo-denormal) */
	FP_CLASS_NORMAL,
	FP_CLASS_INFINITE,
	FP_CLASS_QUIET_NAN,
	FP_CLASS_SIGNALLING_NAN,
	FP_CLASS_UNSUPPORTED /* F80: the integer bit is 0 and must not be (SDM vol. 1, 8.2.2) */
};
enum fp_class fp_classify(enum fp_format f, fp_bits a);

/* "0x1.8p+1", "-inf", "qNaN(0x12345)", "sNaN(0x1)", "unsupported(..)": exact, for reports. size: at least 48. */
void fp_print(enum fp_format f, fp_bits a, char *ret, unsigned size);

#endif
