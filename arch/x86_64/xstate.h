/*
 * The memory image of the x87 and SSE state, which FXSAVE and XSAVE share (SDM
 * vol. 1, 10.5.1, 13.4.1).
 */
#ifndef ARCH_X86_64_XSTATE_H
#define ARCH_X86_64_XSTATE_H

#include "arch/x86_64/x86_64.h"

/* The image, in bytes; what is not named is reserved, and the last bytes of
 * FXSAVE's are the program's own. */
enum {
	IMAGE_FCW = 0,
	IMAGE_FSW = 2,
	IMAGE_FTW = 4,
	IMAGE_FOP = 6,
	IMAGE_MXCSR = 24,
	IMAGE_ST = 32,
	IMAGE_XMM = 160,
	IMAGE_REST = 416,
	IMAGE_END = 512,
	IMAGE_CHUNK = 64,
};

/* Bits of MXCSR that may be set. Some of AMD's processors have another: bit 17.
 */
enum { MXCSR_MASK = 0xffff, MXCSR_MISALIGNED = 1 << 17, MXCSR_INITIAL = 0x1f80 };

/* Bits of MXCSR that may be set on this CPU; where nobody knows, those that may be on some. */
uint32_t x86_mxcsr_mask(struct x86_ctx *c);
/* Nothing is predicted where cond holds and the value has a bit that nobody knows to be reserved. */
void x86_open_mxcsr(struct x86_ctx *c, expr_id cond, expr_id value);

/* What is at `at` bytes in the image at the memory operand, if cond holds. */
expr_id x86_image_get(struct x86_ctx *c, expr_id cond, unsigned at, unsigned width);

/* The first 32 bytes of the image, of the state before. */
expr_id x86_image_control(struct x86_ctx *c);

/* The two bits of the tag word for a register (80 bits) that is not empty: 0 valid, 1 zero, 2 special (SDM vol. 1,
 * 8.1.7). */
expr_id x86_x87_tag(struct x86_ctx *c, expr_id st);

/* The x87's registers as an image restores them. */
struct x86_x87 {
	expr_id fctrl, fstat, ftag, fop, st[8];
};

struct x86_x87 x86_image_x87(struct x86_ctx *c, expr_id cond);

#endif
