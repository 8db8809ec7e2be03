/* What identification registers tell of a processor (Arm ARM D24.2), as EL0 reads them. */
#include "arch/aarch64/cpu.h"

#include <string.h>

#include "arch/aarch64/aarch64.h"

/* ID_AA64..._EL1: all have op0 3, op1 0, CRn 0. */
enum id_reg { NONE, PFR0, PFR1, PFR2, ZFR0, SMFR0, FPFR0, ISAR0, ISAR1, ISAR2, ISAR3, MMFR0, MMFR3, NUM_ID_REGS };

enum { ABSENT, NOTHING };

static const struct {
	uint8_t reg, low, least, less;
} places[A64_NUM_FEATURES] = {
#define FEATURE(name, reg, low, least, less) [FEAT_##name] = {reg, low, least, less},
#include "arch/aarch64/feature.def"
#undef FEATURE
};

const struct isa_feature a64_features[A64_NUM_FEATURES] = {
	{"", ""},
#define FEATURE(name, reg, low, least, less) \
	{"FEAT_" #name, (reg) == NONE ? "identification registers" : "ID_AA64" #reg "_EL1, bits from " #low " on"},
#include "arch/aarch64/feature.def"
#undef FEATURE
};

/* ---- Questions ---- */

/* MRS X0, of CRm and op2. Linux emulates these since 4.11 (Documentation/arch/arm64/cpu-feature-registers.rst). */
#define ID_WORD(crm, op2) (0xd5380000u | (crm) << 8 | (op2) << 5)
#define ID_BYTES(crm, op2) \
	{ \
		(uint8_t)((op2) << 5), (crm), 0x38, 0xd5 \
	}

static const uint8_t id_bytes[NUM_ID_REGS][4] = {
	[PFR0] = ID_BYTES(4, 0),  [PFR1] = ID_BYTES(4, 1),  [PFR2] = ID_BYTES(4, 2),  [ZFR0] = ID_BYTES(4, 4),
	[SMFR0] = ID_BYTES(4, 5), [FPFR0] = ID_BYTES(4, 7), [ISAR0] = ID_BYTES(6, 0), [ISAR1] = ID_BYTES(6, 1),
	[ISAR2] = ID_BYTES(6, 2), [ISAR3] = ID_BYTES(6, 3), [MMFR0] = ID_BYTES(7, 0), [MMFR3] = ID_BYTES(7, 3),
};

static const uint8_t xpaclri[4] = {0xff, 0x20, 0x03, 0xd5};
static const uint8_t mrs_dczid[4] = {0xe0, 0x00, 0x3b, 0xd5};

/* Pointers all of whose bits change in which there can be a code. */
static const uint64_t coded[2] = {0xff7fffff00000000, 0x0080000000000000};

#define ASK_ID(reg) \
	{ \
		id_bytes[reg], 4, {{A64_x0, 0}, {A64_x1, 0}}, true \
	}
#define ASK_CODE(half) \
	{ \
		xpaclri, 4, {{A64_x30, half}, {A64_x0, 0}}, true \
	}

const struct isa_question a64_questions[A64_NUM_QUESTIONS] = {
	ASK_ID(PFR0),
	ASK_ID(PFR1),
	ASK_ID(PFR2),
	ASK_ID(ZFR0),
	ASK_ID(SMFR0),
	ASK_ID(FPFR0),
	ASK_ID(ISAR0),
	ASK_ID(ISAR1),
	ASK_ID(ISAR2),
	ASK_ID(ISAR3),
	ASK_ID(MMFR0),
	ASK_ID(MMFR3),
	ASK_CODE(0xff7fffff00000000),
	ASK_CODE(0x0080000000000000),
	/* What DC ZVA clears, which no target shows: see struct insn, reveals. */
	{mrs_dczid, 4, {{A64_x0, 0}, {A64_x1, 0}}, true},
};

/* ---- What was observed ---- */

static unsigned field(uint64_t value, unsigned low)
{
	return value >> low & 15;
}

/* FEAT_FP16 is the value 1 of a field that says 15 where there is no floating point. */
static void observe_fp16(struct isa_cpu *cpu, uint64_t pfr0)
{
	unsigned fp = field(pfr0, 16);

	isa_cpu_set(cpu, FEAT_FP16, fp && fp != 15);
}

/* Instructions of SVE are there with FEAT_SVE, and those that streaming mode has with FEAT_SME. */
static void observe_sve(struct isa_cpu *cpu, enum id_reg reg, uint64_t value)
{
	bool has = reg == PFR0 ? field(value, 32) : field(value, 24);
	bool other = reg == PFR0 ? isa_cpu_knows(cpu, FEAT_SME) : isa_cpu_knows(cpu, FEAT_DIT);

	if (has || (other && !isa_cpu_knows(cpu, FEAT_SVE)))
		isa_cpu_set(cpu, FEAT_SVE, has);
}

/*
 * One field for each algorithm of addresses' codes, APA and API, and APA3 in another register: at most one is not 0,
 * and says how far FEAT_PAuth goes.
 */
static void observe_pauth(struct isa_cpu *cpu, enum id_reg reg, uint64_t value)
{
	static const struct {
		uint8_t feature, least;
	} steps[] = {{FEAT_PAuth, 1}, {FEAT_PAuth2, 3}, {FEAT_FPAC, 4}, {FEAT_FPACCOMBINE, 5}, {FEAT_PAuth_LR, 6}};
	unsigned level = reg == ISAR1 ? field(value, 4) | field(value, 8) : field(value, 12);
	bool other = isa_cpu_knows(cpu, reg == ISAR1 ? FEAT_CSSC : FEAT_JSCVT);

	if (!level && (!other || isa_cpu_knows(cpu, FEAT_PAuth)))
		return;
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
		isa_cpu_set(cpu, steps[i].feature, level >= steps[i].least);
}

static void observe_id(struct isa_cpu *cpu, enum id_reg reg, uint64_t value)
{
	if (reg == PFR0)
		observe_fp16(cpu, value);
	if (reg == PFR0 || reg == PFR1)
		observe_sve(cpu, reg, value);
	if (reg == ISAR1 || reg == ISAR2)
		observe_pauth(cpu, reg, value);
	for (unsigned i = 1; i < A64_NUM_FEATURES; i++) {
		bool has = places[i].reg == reg && field(value, places[i].low) >= places[i].least;
		if (places[i].reg == reg && (has || places[i].less == ABSENT))
			isa_cpu_set(cpu, i, has);
	}
}

/* Where there is no FEAT_PAuth nothing changes, and nothing is told. */
static void observe_code(struct isa_cpu *cpu, uint64_t before, uint64_t after)
{
	for (unsigned half = 0; half < 2; half++)
		if (before == coded[half] && after != before)
			cpu->last[half] = (uint32_t)((before ^ after) >> 32);
}

bool a64_cpu_observe(struct isa_cpu *cpu, uint32_t word, const uint64_t *before, const uint64_t *after)
{
	const uint32_t strip = 0xd50320ff;
	const struct isa_cpu was = *cpu;
	unsigned t = word & 31, lr = isa_aarch64.regs[A64_x30].word;

	if (word == strip)
		observe_code(cpu, before[lr], after[lr]);
	for (unsigned i = 1; i < NUM_ID_REGS && t != 31; i++)
		if ((word & ~31u) == ID_WORD((uint32_t)id_bytes[i][1], (uint32_t)id_bytes[i][0] >> 5))
			observe_id(cpu, i, after[isa_aarch64.regs[A64_x0 + t].word]);
	return memcmp(was.known, cpu->known, sizeof was.known) != 0 || memcmp(was.has, cpu->has, sizeof was.has) != 0 ||
	       memcmp(was.last, cpu->last, sizeof was.last) != 0;
}

/*
 * Linux ignores the upper byte of the lower half (TCR_EL1.TBI0) and, of the upper half, depending on how it was made.
 * Its addresses have 36 bits at least (VA_BITS).
 */
bool a64_code_bits(const struct isa_cpu *cpu, bool upper, uint64_t *ret)
{
	*ret = upper ? 0xff7ffff000000000 : 0x007ffff000000000;
	if (cpu->last[upper])
		*ret = (uint64_t)cpu->last[upper] << 32;
	return cpu->last[upper] != 0;
}
