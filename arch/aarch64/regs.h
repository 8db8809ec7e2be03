/*
 * Register ids of AArch64, generated from regs.def: A64_x0, A64_nf, A64_v0. General and vector registers each stand in
 * the order of their numbers in instructions, so A64_x0 + n is register n.
 */
#ifndef ARCH_AARCH64_REGS_H
#define ARCH_AARCH64_REGS_H

enum a64_reg_id {
#define REG(name, alias, class, width, gdb_name, gdb_other, gdb_low) A64_##name,
#include "arch/aarch64/regs.def"
#undef REG
	A64_NUM_REGS
};

#endif
