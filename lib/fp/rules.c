#include "lib/fp/number.h"

const struct fp_layout fp_layouts[FP_NUM_FORMATS] = {
	[FP_F16] = {5, 10, 11},  [FP_BF16] = {8, 7, 8},   [FP_F32] = {8, 23, 24},
	[FP_F64] = {11, 52, 53}, [FP_F80] = {15, 64, 64}, [FP_F16_ALT] = {5, 10, 11},
};

const struct fp_rules fp_rules[FP_NUM_RULES] = {
	[FP_SSE] =
		{
			.nan_order = NAN_FIRST,        /* SDM vol. 1, table 4-7 */
			.negative_nan = true,          /* SDM vol. 1, 4.8.3.7 */
			.tiny_before = false,          /* SDM vol. 1, 4.9.1.5 */
			.flushed_is_exact = false,     /* SDM vol. 1, 10.2.3.3 */
			.flushing_raises = false,      /* SDM vol. 1, 4.9.1.2, 10.2.3.4 */
			.integral_denormal = false,    /* SDM vol. 2, ROUNDPS */
			.trapped = TRAPPED_UNBOUNDED,  /* SDM vol. 1, 4.9.1.4, 4.9.1.5, as AMD's processors do it */
			.half_unflushed = true,        /* SDM vol. 2, VCVTPH2PS, VCVTPS2PH */
			.saturates = false,            /* SDM vol. 1, 4.9.1.1, table 4-1 */
			.invalid_product_wins = false, /* SDM vol. 1, table 14-17 */
			.ordered_minimum = false,      /* SDM vol. 2, MINPS */
		},
	[FP_X87] =
		{
			.nan_order = NAN_LARGER,   /* SDM vol. 1, table 4-7 */
			.negative_nan = true,      /* SDM vol. 1, 4.8.3.7 */
			.tiny_before = false,      /* SDM vol. 1, 4.9.1.5 */
			.flushing_raises = false,  /* SDM vol. 1, 8.5.2 */
			.integral_denormal = true, /* SDM vol. 2, FRNDINT */
			.trapped = TRAPPED_ALONE,  /* stores; SDM vol. 1, 8.5.4, 8.5.5, as AMD's processors do it */
			.saturates = false,        /* SDM vol. 2, FIST */
		},
	[FP_ARM] =
		{
			.nan_order = NAN_SIGNALLING_FIRST, /* FPProcessNaNs() */
			.negative_nan = false,             /* FPDefaultNaN() */
			.tiny_before = true,               /* FPRound() */
			.flushed_is_exact = true,          /* FPRound() */
			.flushing_raises = true,           /* FPUnpack() */
			.integral_denormal = true,         /* FPRoundInt(), FPRoundIntN() */
			.half_unflushed = true,            /* FPUnpackCV(), FPRoundCV() */
			.half_silent = true,               /* FPUnpackBase() */
			.saturates = true,                 /* FPToFixed() */
			.invalid_product_wins = true,      /* FPMulAdd() */
			.negates_nans = true,              /* FPNeg(), as FMSUB calls it */
			.ordered_minimum = true,           /* FPMin() */
		},
	[FP_ARM_ALTERNATE] =
		{
			.nan_order = NAN_FIRST,        /* FPProcessNaNs(), FPProcessNaNs3() */
			.negative_nan = true,          /* FPDefaultNaN() */
			.tiny_before = false,          /* FPRoundBase() */
			.flushed_is_exact = false,     /* FPRoundBase() */
			.flushing_raises = false,      /* FPUnpackBase(), FPProcessDenorms() */
			.integral_denormal = false,    /* FPRoundInt(), FPRoundIntN() */
			.half_unflushed = true,        /* FPUnpackCV(), FPRoundCV() */
			.half_silent = true,           /* FPProcessDenorm() */
			.saturates = true,             /* FPToFixed() */
			.invalid_product_wins = false, /* FPMulAdd() */
			.negates_nans = false,         /* FPNeg() */
			.ordered_minimum = false,      /* FPMin() */
		},
};
