/*
 * Numbers of eight bits (FEAT_FP8, FEAT_FP8FMA, FEAT_FP8DOT2, FEAT_FP8DOT4, FEAT_F8F16MM, FEAT_F8F32MM): without a
 * model, because their formats and scales are in FPMR, which the model does not have and targets do not show.
 */
#include "arch/aarch64/simd.h"

/* clang-format off */
static const struct a64_row a64_simd_fp8[] = {
	{"0 Q 0 01110 0x 0 mmmmm 111101 nnnnn ddddd",    a64_build_unmodelled, 0, "----", "fcvtn fp8"},
	{"0 Q 1 01110 00 10000 10111 10 nnnnn ddddd",    a64_build_unmodelled, 0, "----", "f1cvtl"},
	{"0 Q 1 01110 01 10000 10111 10 nnnnn ddddd",    a64_build_unmodelled, 0, "----", "f2cvtl"},
	{"0 Q 1 01110 10 10000 10111 10 nnnnn ddddd",    a64_build_unmodelled, 0, "----", "bf1cvtl"},
	{"0 Q 1 01110 11 10000 10111 10 nnnnn ddddd",    a64_build_unmodelled, 0, "----", "bf2cvtl"},
	{"0 Q 0 01110 0x 0 mmmmm 111111 nnnnn ddddd",    a64_build_unmodelled, 0, "----", "fdot fp8 vector"},
	{"0 Q 0 01111 0x L M mmmm 0000 H 0 nnnnn ddddd", a64_build_unmodelled, 0, "----", "fdot fp8 element"},
	{"0 0 0 01110 11 0 mmmmm 111111 nnnnn ddddd",    a64_build_unmodelled, 0, "----", "fmlalb vector"},
	{"0 0 0 01111 11 L M mmmm 0000 H 0 nnnnn ddddd", a64_build_unmodelled, 0, "----", "fmlalb element"},
	{"0 1 0 01110 11 0 mmmmm 111111 nnnnn ddddd",    a64_build_unmodelled, 0, "----", "fmlalt vector"},
	{"0 1 0 01111 11 L M mmmm 0000 H 0 nnnnn ddddd", a64_build_unmodelled, 0, "----", "fmlalt element"},
	{"0 Q 0 01110 0x 0 mmmmm 110001 nnnnn ddddd",    a64_build_unmodelled, 0, "----", "fmlall vector"},
	{"0 Q 1 01111 0x L M mmmm 1000 H 0 nnnnn ddddd", a64_build_unmodelled, 0, "----", "fmlall element"},
	{"0 1 1 01110 x0 0 mmmmm 111011 nnnnn ddddd",    a64_build_unmodelled, 0, "----", "fmmla fp8"},
};
/* clang-format on */

A64_TABLE(a64_simd_fp8);
