/*
 * Where processors differ: the makers' manuals (vendor.def), and features that they may lack (feature.def).
 */
#ifndef ARCH_X86_64_CPU_H
#define ARCH_X86_64_CPU_H

#include "arch/arch.h"

enum x86_vendor_row {
#define VENDOR(name, ...) VENDOR_##name,
#include "arch/x86_64/vendor.def"
#undef VENDOR
	X86_NUM_VENDOR_ROWS
};

_Static_assert(X86_NUM_VENDOR_ROWS <= 32, "insn.vendor_rows");

enum x86_feature {
	X86_HAS_NOTHING,
#define FEATURE(name, ...) X86_HAS_##name,
#include "arch/x86_64/feature.def"
#undef FEATURE
	X86_NUM_FEATURES
};

_Static_assert(X86_NUM_FEATURES <= 64 * ISA_CPU_WORDS, "struct isa_cpu");

extern const struct isa_vendor_row x86_vendor_rows[X86_NUM_VENDOR_ROWS];
extern const struct isa_feature x86_features[X86_NUM_FEATURES];

enum { X86_NUM_QUESTIONS = 22 };
extern const struct isa_question x86_questions[X86_NUM_QUESTIONS];

/* MXCSR: with MM, if that is known to be there. */
uint64_t x86_control_bits(const struct isa_cpu *cpu, uint32_t reg);

/* CPUID was executed with these EAX and ECX, and left EAX, EBX, ECX, EDX. True: something new is known. */
bool x86_cpu_observe(struct isa_cpu *cpu, uint32_t leaf, uint32_t subleaf, const uint32_t ret[4]);

/* XGETBV was executed with this ECX, and left EDX:EAX. As above. */
bool x86_cpu_observe_xcr(struct isa_cpu *cpu, uint32_t number, uint64_t value);

/* Does the processor do what AMD's do? One that nobody knows is taken for Intel's. */
static inline bool x86_is_by_amd(const struct isa_cpu *cpu, enum x86_vendor_row row)
{
	return (cpu->vendor == CPU_VENDOR_AMD) != (cpu->other_rows >> row & 1);
}

#endif
