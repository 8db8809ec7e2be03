/*
 * MMX registers: MMn is the significand of the x87's physical register n (SDM vol. 1, 9.2.2; vol. 3, 12.2). The state
 * names those registers by their place in the stack, so that they are renamed where its top is not register 0.
 */
#ifndef ARCH_X86_64_MMX_H
#define ARCH_X86_64_MMX_H

#include "arch/x86_64/x86_64.h"

static inline bool x86_is_mmx(const struct x86_operand *op)
{
	return op->kind == X86_OPERAND_REG && op->bank == X86_BANK_MMX;
}

/*
 * What every MMX instruction does, to be called before its operands are read: #MF if an exception of the x87 is
 * pending; else the top of the stack becomes register 0, and no register is empty.
 */
void x86_mmx_enter(struct x86_ctx *c);

/* EMMS: likewise, and every register is empty. */
void x86_mmx_leave(struct x86_ctx *c);

/* The value before of MM0-MM7, 64 bits. */
expr_id x86_mmx_read(struct x86_ctx *c, unsigned n);

/* Behind x86_mmx_enter(): the bits above the register's own become ones. */
void x86_mmx_write(struct x86_ctx *c, unsigned n, expr_id value);

#endif
