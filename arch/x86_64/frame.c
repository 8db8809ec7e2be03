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
	{X86_fop, 6, 0, PART_X87},
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

/* fpu__clear_user_states(). The x87 stack, which belongs to them, comes with the image: no stub lets its tags be
 * written. */
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

/* ---- The registers as XSAVE64 and XRSTOR64 have them, or FXSAVE64 and FXRSTOR64 ---- */

enum { FCW = 0, FSW = 2, FTW = 4, ST = 32, ST_LEN = 16, XMM = 160, MXCSR = 24, XSTATE_BV = FXSAVE_LEN, AVX = 576 };
enum { IMAGE_LEN = AVX + AVX_LEN };

static void put_16(uint8_t *image, unsigned offset, uint16_t value)
{
	memcpy(image + offset, &value, sizeof value);
}

/* Initial values: SDM vol. 1, 13.6. */
static void complete_image(uint8_t *image, unsigned way)
{
	const uint64_t all = 7;
	uint64_t present;

	memcpy(&present, image + XSTATE_BV, sizeof present);
	if (way > 0)
		present = 3;
	if (!(present & 1)) {
		memset(image, 0, MXCSR);
		put_16(image, FCW, 0x37f);
		memset(image + ST, 0, XMM - ST);
	}
	if (!(present & 2))
		memset(image + XMM, 0, SW_BYTES - XMM);
	if (!(present & 4))
		memset(image + AVX, 0, AVX_LEN);
	memset(image + XSTATE_BV, 0, HEADER_LEN);
	memcpy(image + XSTATE_BV, &all, sizeof all);
}

/* What the kernel takes from the frame: of MXCSR only bits that there are (fpu__restore_sig()). */
static void make_image(uint8_t *frame, size_t len, uint64_t address, uint8_t *ret)
{
	static const unsigned parts[] = {PART_X87, PART_SSE, PART_AVX};
	uint64_t present = 0;
	size_t start = 0;

	memset(ret, 0, IMAGE_LEN);
	put_16(ret, MXCSR, 0x1f80);
	if (frame && find_part(frame, len, address, PART_LEGACY, false, &start)) {
		memcpy(ret, frame + start, SW_BYTES);
		memset(ret + MXCSR + 2, 0, 6);
		for (unsigned i = 0; i < 3; i++)
			present |= (uint64_t)find_part(frame, len, address, parts[i], false, &start) << i;
		if (present & 4)
			memcpy(ret + AVX, frame + start + AVX, AVX_LEN);
	}
	memcpy(ret + XSTATE_BV, &present, sizeof present);
	complete_image(ret, 0);
}

/* The tag of each physical register, of which the image has only whether it is empty (SDM vol. 1, 8.1.7 and 10.5.1.1).
 */
static uint64_t find_tags(const uint8_t *image)
{
	enum { VALID, ZERO, SPECIAL, EMPTY };
	unsigned top = image[FSW + 1] >> 3 & 7;
	uint64_t tags = 0;

	for (unsigned i = 0; i < 8; i++) {
		const uint8_t *st = image + ST + ST_LEN * ((i - top) & 7);
		uint64_t mantissa;
		uint16_t exponent;
		memcpy(&mantissa, st, sizeof mantissa);
		memcpy(&exponent, st + sizeof mantissa, sizeof exponent);
		exponent &= 0x7fff;
		unsigned tag = exponent == 0x7fff || !(mantissa >> 63) ? SPECIAL : VALID;
		if (!exponent)
			tag = mantissa ? SPECIAL : ZERO;
		if (!(image[FTW] >> i & 1))
			tag = EMPTY;
		tags |= (uint64_t)tag << 2 * i;
	}
	return tags;
}

/* Which states: x87, SSE, AVX. */
static const struct reg_value operands[] = {{X86_rax, 7}, {X86_rdx, 0}};

/* [RDI], with REX.W */
static const struct isa_image image = {
	.len = IMAGE_LEN,
	.save = {{0x48, 0x0f, 0xae, 0x27}, {0x48, 0x0f, 0xae, 0x07}},
	.load = {{0x48, 0x0f, 0xae, 0x2f}, {0x48, 0x0f, 0xae, 0x0f}},
	.address = X86_rdi,
	.operands = operands,
	.num_operands = sizeof operands / sizeof *operands,
	.make = make_image,
	.complete = complete_image,
	.tags = X86_ftag,
	.find_tags = find_tags,
};

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
	.image = &image,
};
