/*
 * The frame of a signal on x86-64: struct rt_sigframe (arch/x86/include/asm/sigframe.h), which is the return address, a
 * struct ucontext with a struct sigcontext (arch/x86/include/uapi/asm/sigcontext.h), and a siginfo_t. Above it is the
 * floating-point state: an XSAVE area in standard format (SDM vol. 1, 13.4), or where the CPU has none, an FXSAVE area.
 */
#include <string.h>

#include "arch/x86_64/x86_64.h"

enum {
	LINK = 8 + 8,
	STACK = 8 + 16,
	CONTEXT = 8 + 40,
	CR2 = CONTEXT + 22 * 8,
	FPSTATE = CONTEXT + 23 * 8,
	INFO = CONTEXT + 256 + 8, /* behind the signal mask */
	INFO_ADDRESS = INFO + 16,
	SIZE = INFO + 128,
};

/* Parts of the floating-point state. MXCSR is loaded whether there is a state of SSE or not (SDM vol. 1, 13.8). */
enum { PART_FIXED, PART_LEGACY, PART_X87, PART_SSE, PART_AVX };

static const struct isa_frame_reg regs[] = {
#define GPR(name, index) \
	{ \
		X86_##name, CONTEXT + 8 * index, 0, PART_FIXED \
	}
	GPR(r8, 0),
	GPR(r9, 1),
	GPR(r10, 2),
	GPR(r11, 3),
	GPR(r12, 4),
	GPR(r13, 5),
	GPR(r14, 6),
	GPR(r15, 7),
	GPR(rdi, 8),
	GPR(rsi, 9),
	GPR(rbp, 10),
	GPR(rbx, 11),
	GPR(rdx, 12),
	GPR(rax, 13),
	GPR(rcx, 14),
	GPR(rsp, 15),
	GPR(rip, 16),
#undef GPR
/* Those that rt_sigreturn restores: FIX_EFLAGS in arch/x86/kernel/signal_64.c, without what stepping uses. */
#define FLAG(name, low) \
	{ \
		X86_##name, CONTEXT + 8 * 17, low, PART_FIXED \
	}
	FLAG(cf, 0),
	FLAG(pf, 2),
	FLAG(af, 4),
	FLAG(zf, 6),
	FLAG(sf, 7),
	FLAG(df, 10),
	FLAG(of, 11),
	FLAG(ac, 18),
#undef FLAG
	{X86_mxcsr, 24, 0, PART_LEGACY},
	{X86_fctrl, 0, 0, PART_X87},
	{X86_fstat, 2, 0, PART_X87},
#define ST(n) \
	{ \
		X86_st##n, 32 + 16 * n, 0, PART_X87 \
	}
	ST(0),
	ST(1),
	ST(2),
	ST(3),
	ST(4),
	ST(5),
	ST(6),
	ST(7),
#undef ST
#define VECTOR(n) \
	{X86_xmm##n, 160 + 16 * n, 0, PART_SSE}, \
	{ \
		X86_ymm##n##h, 576 + 16 * n, 0, PART_AVX \
	}
	VECTOR(0),
	VECTOR(1),
	VECTOR(2),
	VECTOR(3),
	VECTOR(4),
	VECTOR(5),
	VECTOR(6),
	VECTOR(7),
	VECTOR(8),
	VECTOR(9),
	VECTOR(10),
	VECTOR(11),
	VECTOR(12),
	VECTOR(13),
	VECTOR(14),
	VECTOR(15),
#undef VECTOR
};

static const uint16_t addresses[] = {0, LINK, STACK, CR2, FPSTATE};

/* handle_signal() in arch/x86/kernel/signal.c */
static const uint16_t cleared[] = {X86_df, X86_tf, X86_rf};

/* fpu__clear_user_states(). The x87 stack is not among them: the ABI has it empty where functions are called, and no
 * stub lets its tags be written. */
static const uint16_t fresh[] = {
	X86_mxcsr, X86_fctrl,
#define VECTOR(n) X86_xmm##n, X86_ymm##n##h
	VECTOR(0), VECTOR(1), VECTOR(2),  VECTOR(3),  VECTOR(4),  VECTOR(5),  VECTOR(6),  VECTOR(7),
	VECTOR(8), VECTOR(9), VECTOR(10), VECTOR(11), VECTOR(12), VECTOR(13), VECTOR(14), VECTOR(15),
#undef VECTOR
};

/* struct _fpx_sw_bytes, in the last bytes of the FXSAVE area. */
enum { FXSAVE_LEN = 512, SW_BYTES = 464, HEADER_LEN = 64, AVX_LEN = 256 };
#define SW_MAGIC 0x46505853u

struct sw_bytes {
	uint32_t magic, extended_size;
	uint64_t features;
	uint32_t size;
};

/* Is the part in the XSAVE area, which starts at area and of which room bytes are in the frame? */
static bool in_xsave(uint8_t *area, size_t room, unsigned part, bool mark)
{
	static const unsigned bits[] = {[PART_X87] = 0, [PART_SSE] = 1, [PART_AVX] = 2};
	size_t end = FXSAVE_LEN + HEADER_LEN + (part == PART_AVX ? AVX_LEN : 0);
	struct sw_bytes sw;
	uint64_t present;

	memcpy(&sw, area + SW_BYTES, sizeof sw);
	if (sw.magic != SW_MAGIC || sw.size < FXSAVE_LEN + HEADER_LEN || room < FXSAVE_LEN + HEADER_LEN)
		return part != PART_AVX;
	if (part == PART_LEGACY)
		return true;
	if (!(sw.features >> bits[part] & 1) || sw.size < end || room < end)
		return false;
	memcpy(&present, area + FXSAVE_LEN, sizeof present);
	if (mark)
		present |= UINT64_C(1) << bits[part];
	memcpy(area + FXSAVE_LEN, &present, sizeof present);
	return present >> bits[part] & 1;
}

static bool find_part(uint8_t *frame, size_t len, uint64_t address, unsigned part, bool mark, size_t *ret)
{
	uint64_t pointer;

	memcpy(&pointer, frame + FPSTATE, sizeof pointer);
	uint64_t offset = pointer - address;
	if (!pointer || offset > len || len - offset < FXSAVE_LEN)
		return false;
	*ret = (size_t)offset;
	return in_xsave(frame + offset, len - (size_t)offset, part, mark);
}

const struct isa_frame x86_frame = {
	.size = SIZE,
	.red_zone = 128, /* System V ABI, 3.2.2 */
	.popped = 8,
	.align = 64, /* of the XSAVE area */
	.fault = INFO_ADDRESS,
	.addresses = addresses,
	.num_addresses = sizeof addresses / sizeof *addresses,
	.regs = regs,
	.num_regs = sizeof regs / sizeof *regs,
	.find_part = find_part,
	.cleared = cleared,
	.num_cleared = sizeof cleared / sizeof *cleared,
	.fresh = fresh,
	.num_fresh = sizeof fresh / sizeof *fresh,
};
