/*
 * Where processors differ: features that they may lack (feature.def), and where pointers hold codes.
 */
#ifndef ARCH_AARCH64_CPU_H
#define ARCH_AARCH64_CPU_H

#include "arch/arch.h"

enum a64_feature {
	FEAT_NONE,
#define FEATURE(name, ...) FEAT_##name,
#include "arch/aarch64/feature.def"
#undef FEATURE
	A64_NUM_FEATURES
};

_Static_assert(A64_NUM_FEATURES <= 64 * ISA_CPU_WORDS, "struct isa_cpu");

extern const struct isa_feature a64_features[A64_NUM_FEATURES];

enum { A64_NUM_QUESTIONS = 15 };
extern const struct isa_question a64_questions[A64_NUM_QUESTIONS];

/*
 * The instruction was executed, with the state's words before and after it: MRS of an identification register, or
 * XPACLRI. True: something new is known.
 */
bool a64_cpu_observe(struct isa_cpu *cpu, uint32_t word, const uint64_t *before, const uint64_t *after);

/*
 * The bits of a pointer of the lower half (bit 55 is 0) or the upper one that a code takes (Arm ARM D8.10.1): those
 * above the address and, where they are not ignored, 63:56. False: *ret has all that may be among them.
 */
bool a64_code_bits(const struct isa_cpu *cpu, bool upper, uint64_t *ret);

#endif
