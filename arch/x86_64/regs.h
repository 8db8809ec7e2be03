/*
 * Register ids of x86-64, generated from regs.def: X86_rax, X86_cf, X86_xmm0. General registers, XMM registers and the
 * upper YMM halves each stand in the order of their numbers in instructions, so X86_rax + n is register n.
 */
#ifndef ARCH_X86_64_REGS_H
#define ARCH_X86_64_REGS_H

enum x86_reg_id {
#define REG(name, alias, class, width, gdb_name, gdb_low, set, offset, low) X86_##name,
#include "arch/x86_64/regs.def"
#undef REG
	X86_NUM_REGS
};

#endif
