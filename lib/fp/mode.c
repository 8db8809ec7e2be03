/* What control registers say of floating point, as the mode. */
#include "lib/fp/fp.h"

/* MXCSR: SDM vol. 1, 10.2.3. */
enum { MXCSR_DAZ = 6, MXCSR_MASKS = 7, MXCSR_RC = 13, MXCSR_FTZ = 15 };
/* The x87 control word, with the masks in bits 0-5: SDM vol. 1, 8.1.5. */
enum { FCW_PC = 8, FCW_RC = 10 };

static inline unsigned move(uint32_t control, unsigned from, unsigned to)
{
	return (control >> from & 1) << to;
}

static inline unsigned unmasked(uint32_t control, unsigned masks)
{
	return move(~control, masks + FP_UNDERFLOW, FP_MODE_UNMASKED_UNDERFLOW) |
	       move(~control, masks + FP_OVERFLOW, FP_MODE_UNMASKED_OVERFLOW);
}

/* An underflow that is not masked is never flushed (10.2.3.3). */
static unsigned of_mxcsr(uint32_t control)
{
	uint32_t masked = control >> (MXCSR_MASKS + FP_UNDERFLOW) << MXCSR_FTZ;

	return (control >> MXCSR_RC & 3) | move(control, MXCSR_DAZ, FP_MODE_FLUSH_OPERANDS) |
	       move(control & masked, MXCSR_FTZ, FP_MODE_FLUSH_RESULTS) | unmasked(control, MXCSR_MASKS);
}

static unsigned of_fcw(uint32_t control)
{
	return (control >> FCW_RC & 3) | (control >> FCW_PC & 3) << FP_MODE_PRECISION | unmasked(control, 0);
}

/* RMode: 0 to nearest, 1 up, 2 down, 3 towards zero: its bits exchanged are the first four of enum fp_round. */
static unsigned of_fpcr(uint32_t control)
{
	return move(control, FPCR_RMODE, 1) | move(control, FPCR_RMODE + 1, 0) |
	       move(control, FPCR_DN, FP_MODE_DEFAULT_NAN) | move(control, FPCR_AHP, FP_MODE_ALTERNATIVE_HALF) |
	       move(control, FPCR_EBF, FP_MODE_EXTENDED_DOT);
}

/*
 * FPUnpackBase(): FZ is of operands, too, unless AH is set; FIZ is of operands alone, and what it alone flushes raises
 * nothing. Halves have FZ16.
 */
static unsigned flushing(uint32_t control, bool half, bool alternate)
{
	bool silently = control >> FPCR_FIZ & 1, results = control >> FPCR_FZ & 1, operands = results && !alternate;

	if (half)
		return move(control, FPCR_FZ16, FP_MODE_FLUSH_OPERANDS) |
		       move(control, FPCR_FZ16, FP_MODE_FLUSH_RESULTS);
	return (unsigned)(operands || silently) << FP_MODE_FLUSH_OPERANDS |
	       (unsigned)(silently && !operands) << FP_MODE_FLUSH_SILENTLY | (unsigned)results << FP_MODE_FLUSH_RESULTS;
}

enum fp_rules_id fp_rules_under(enum fp_rules_id rules, uint32_t control)
{
	return rules == FP_ARM && control >> FPCR_AH & 1 ? FP_ARM_ALTERNATE : rules;
}

bool fp_estimate_silent(enum fp_rules_id rules, uint32_t control)
{
	return fp_rules_under(rules, control) == FP_ARM_ALTERNATE;
}

uint32_t fp_estimate_control(enum fp_rules_id rules, uint32_t control)
{
	const uint32_t round = UINT32_C(3) << FPCR_RMODE, flush = UINT32_C(1) << FPCR_FZ | UINT32_C(1) << FPCR_FIZ;

	return fp_estimate_silent(rules, control) ? (control & ~round) | flush : control;
}

unsigned fp_mode(enum fp_rules_id rules, bool half, uint32_t control)
{
	switch (rules) {
	case FP_SSE: return of_mxcsr(control);
	case FP_X87: return of_fcw(control);
	case FP_ARM:
	case FP_ARM_ALTERNATE:
		return of_fpcr(control) | flushing(control, half, fp_rules_under(rules, control) == FP_ARM_ALTERNATE);
	case FP_NUM_RULES:
	default: return 0;
	}
}

uint8_t fp_told(enum fp_rules_id rules, uint32_t control, uint8_t flags)
{
	const unsigned before = flags & (1 << FP_INVALID | 1 << FP_DENORMAL | 1 << FP_DIVIDE);

	return (uint8_t)(rules == FP_SSE && before & ~(control >> MXCSR_MASKS) ? before : flags);
}

uint32_t fp_control_bits(enum fp_rules_id rules, bool half, bool rounding)
{
	static const uint32_t masks = 1 << FP_UNDERFLOW | 1 << FP_OVERFLOW, but_inexact = (1 << FP_INEXACT) - 1,
			      two = 3;

	switch (rules) {
	case FP_SSE:
		return but_inexact << MXCSR_MASKS | 1 << MXCSR_DAZ | 1 << MXCSR_FTZ | (rounding ? two << MXCSR_RC : 0);
	case FP_X87: return masks | two << FCW_PC | (rounding ? two << FCW_RC : 0);
	case FP_ARM:
	case FP_ARM_ALTERNATE:
		return (half ? 1 << FPCR_FZ16 : 1 << FPCR_FZ | 1 << FPCR_FIZ) | (rules == FP_ARM) << FPCR_AH |
		       1 << FPCR_EBF | 1 << FPCR_DN | 1 << FPCR_AHP | (rounding ? two << FPCR_RMODE : 0);
	case FP_NUM_RULES:
	default: return 0;
	}
}
