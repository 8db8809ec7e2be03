/* Encodings of the opcode table's rows for self-tests, and what is special about an encoding: isa->variants. */
#ifndef ARCH_X86_64_VARIANTS_H
#define ARCH_X86_64_VARIANTS_H

#include "arch/arch.h"

extern const struct isa_variants x86_variants;

/* What is special about an encoding: bit n of struct isa_variants.traits. */
enum x86_trait {
	X86_TRAIT_REDUNDANT,   /* a prefix twice */
	X86_TRAIT_CONFLICTING, /* prefixes of which one overrules the other */
	X86_TRAIT_LOCK,        /* LOCK, wherever it stands */
	X86_TRAIT_TOO_LONG,    /* more than 15 bytes */
	X86_TRAIT_STRING,      /* a string instruction */
	X86_TRAIT_STRING_67,   /* with 32-bit addresses */
	X86_TRAIT_COUNT_67,    /* LOOP or JrCXZ with a 32-bit count */
	X86_TRAIT_BIT_STRING,  /* BT and its like, of memory by a register */
	X86_NUM_TRAITS
};

/* By enum x86_trait (traits.c). */
extern const char *const x86_trait_names[X86_NUM_TRAITS];
unsigned x86_traits(const uint8_t bytes[ISA_MAX_INSN_LEN]);

#endif
