/* Rows of instructions that are named and not modelled: encodings without a builder (named.c, named_avx.c). */
#ifndef ARCH_X86_64_NAMED_H
#define ARCH_X86_64_NAMED_H

#include "arch/x86_64/x86_64.h"

/* clang-format off */
#define NAMED(text, bytes, ops, has) {.name = text, .encoding = bytes, .operands = ops, .feature = X86_HAS_##has}
/* Whether it is there the system decides, which CPUID does not tell: programs may get #UD. */
#define SWITCHED(text, bytes, ops, has) \
	{.name = text, .encoding = bytes, .operands = ops, .feature = X86_HAS_##has, .props = X86_SWITCHED}
#define NAMED_AVX(text, bytes, vex, ops, has, has_256) \
	{.name = text, .encoding = "VEX." vex " " bytes, .operands = ops, .feature = X86_HAS_##has, \
	 .feature_256 = X86_HAS_##has_256}
#define SWITCHED_AVX(text, bytes, vex, ops, has) \
	{.name = text, .encoding = "VEX." vex " " bytes, .operands = ops, .feature = X86_HAS_##has, \
	 .feature_256 = X86_HAS_##has, .props = X86_SWITCHED}
#define NAMED_SIMD(name, bytes, vex, ops, legacy, has, has_256) \
	NAMED(name, bytes, ops, legacy), NAMED_AVX("v" name, bytes, vex, ops, has, has_256)
/* clang-format on */

#endif
