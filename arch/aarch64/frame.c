/*
 * The frame of a signal on AArch64: struct rt_sigframe (arch/arm64/kernel/signal.c), which is a siginfo_t and a struct
 * ucontext with a struct sigcontext (arch/arm64/include/uapi/asm/sigcontext.h). The latter ends with records: one has
 * the vector registers, others what newer processors have besides. Behind all that is a frame record for unwinding,
 * which nothing takes back.
 */
#include <string.h>

#include "arch/aarch64/aarch64.h"

enum {
	INFO_ADDRESS = 16,
	UCONTEXT = 128,
	LINK = UCONTEXT + 8,
	STACK = UCONTEXT + 16,
	CONTEXT = UCONTEXT + 176, /* behind a signal mask with room for 1024 signals */
	RECORDS = CONTEXT + 288,
	SIZE = RECORDS + 8 + 528, /* with one record: others may be missing */
};

enum { PART_FIXED, PART_FPSIMD, PART_TPIDR2, NUM_PARTS };

static const struct isa_frame_reg regs[] = {
#define GPR(n) \
	{ \
		A64_x##n, CONTEXT + 8 + 8 * n, 0, PART_FIXED \
	}
	GPR(0),
	GPR(1),
	GPR(2),
	GPR(3),
	GPR(4),
	GPR(5),
	GPR(6),
	GPR(7),
	GPR(8),
	GPR(9),
	GPR(10),
	GPR(11),
	GPR(12),
	GPR(13),
	GPR(14),
	GPR(15),
	GPR(16),
	GPR(17),
	GPR(18),
	GPR(19),
	GPR(20),
	GPR(21),
	GPR(22),
	GPR(23),
	GPR(24),
	GPR(25),
	GPR(26),
	GPR(27),
	GPR(28),
	GPR(29),
	GPR(30),
#undef GPR
	{A64_sp, CONTEXT + 8 + 31 * 8, 0, PART_FIXED},
	{A64_pc, CONTEXT + 8 + 32 * 8, 0, PART_FIXED},
#define FLAG(name, low) \
	{ \
		A64_##name, CONTEXT + 8 + 33 * 8, low, PART_FIXED \
	}
	FLAG(nf, 31),
	FLAG(zf, 30),
	FLAG(cf, 29),
	FLAG(vf, 28),
	FLAG(tco, 25),
	FLAG(dit, 24),
	FLAG(ssbs, 12),
#undef FLAG
	{A64_fpsr, 8, 0, PART_FPSIMD},
	{A64_fpcr, 12, 0, PART_FPSIMD},
#define VECTOR(n) \
	{ \
		A64_v##n, 16 + 16 * n, 0, PART_FPSIMD \
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
	VECTOR(16),
	VECTOR(17),
	VECTOR(18),
	VECTOR(19),
	VECTOR(20),
	VECTOR(21),
	VECTOR(22),
	VECTOR(23),
	VECTOR(24),
	VECTOR(25),
	VECTOR(26),
	VECTOR(27),
	VECTOR(28),
	VECTOR(29),
	VECTOR(30),
	VECTOR(31),
#undef VECTOR
	/* FPMR, too, has a record. QEMU's stub does not let it be written: it is what the handler leaves. */
	{A64_tpidr2_el0, 8, 0, PART_TPIDR2},
};

/* setup_return(); and returning from the kernel clears the local monitor (Arm ARM D1.5.6). */
static const uint16_t cleared[] = {A64_tco, A64_monitor};

static const uint16_t addresses[] = {LINK, STACK, CONTEXT};

/* struct _aarch64_ctx, and behind it struct fpsimd_context or tpidr2_context */
enum { RECORD_HEADER = 8 };

static const struct {
	uint32_t magic, len;
} records[NUM_PARTS] = {
	[PART_FPSIMD] = {0x46508001, 528},
	[PART_TPIDR2] = {0x54504902, 16},
};

static bool find_part(uint8_t *frame, size_t len, uint64_t address, unsigned part, bool mark, size_t *ret)
{
	(void)address;
	(void)mark;
	for (size_t at = RECORDS; len - at >= RECORD_HEADER;) {
		uint32_t magic, size;
		memcpy(&magic, frame + at, sizeof magic);
		memcpy(&size, frame + at + sizeof magic, sizeof size);
		if (size < RECORD_HEADER || size > len - at)
			return false;
		*ret = at;
		if (magic == records[part].magic)
			return size >= records[part].len;
		at += size;
	}
	return false;
}

/* __kernel_rt_sigreturn of the vDSO: MOV X8, #139; SVC #0 */
static const uint8_t return_code[] = {0x68, 0x11, 0x80, 0xd2, 0x01, 0x00, 0x00, 0xd4};

const struct isa_frame a64_frame = {
	.size = SIZE,
	.align = 16,
	.fault = INFO_ADDRESS,
	.addresses = addresses,
	.num_addresses = sizeof addresses / sizeof *addresses,
	.regs = regs,
	.num_regs = sizeof regs / sizeof *regs,
	.find_part = find_part,
	.kept = 1u << PART_TPIDR2,
	.cleared = cleared,
	.num_cleared = sizeof cleared / sizeof *cleared,
	.return_code = return_code,
	.return_len = sizeof return_code,
	.link = A64_x30,
};
