/* The doors to a kernel, and where instructions lead to, by their encodings (Arm ARM C4.1). */
#include "arch/aarch64/aarch64.h"

/*
 * SVC, whatever its immediate. HLT #0xF000 is UNDEFINED for a program on a CPU, and to emulators a call of semihosting,
 * by which a program opens files and runs commands on their host.
 */
enum isa_entry a64_entry(const uint8_t *bytes, size_t len)
{
	const uint32_t svc = 0xd4000001, all_but_immediate = 0xffe0001f, semihosting = 0xd45e0000;

	if (len < 4)
		return ISA_ENTRY_NONE;
	if ((a64_word(bytes) & all_but_immediate) == svc)
		return ISA_ENTRY_CALL;
	return a64_word(bytes) == semihosting ? ISA_ENTRY_OTHER : ISA_ENTRY_NONE;
}

/* Branches with a signed number of words in a field; those with a condition may go straight on. */
static const struct {
	uint32_t mask, value;
	uint8_t low, width;
	bool conditional;
} branches[] = {
	{0x7c000000, 0x14000000, 0, 26, false}, /* B, BL */
	{0xff000000, 0x54000000, 5, 19, true},  /* B.cond, BC.cond */
	{0x7e000000, 0x34000000, 5, 19, true},  /* CBZ, CBNZ */
	{0x7e000000, 0x36000000, 5, 14, true},  /* TBZ, TBNZ */
	{0x7e000000, 0x74000000, 5, 9, true},   /* CB<cc>, CBB<cc>, CBH<cc> (FEAT_CMPBR) */
};

void a64_flow(uint64_t pc, const uint8_t *bytes, size_t len, struct isa_flow *ret)
{
	const uint32_t register_mask = 0xfe000000, register_value = 0xd6000000; /* BR, BLR, RET, ERET */
	const uint32_t return_mask = 0xff000000, return_value = 0x55000000; /* RETAASPPC, RETABSPPC (FEAT_PAuth_LR) */
	const uint32_t mops_mask = 0xfb200c00, mops_value = 0x19000400; /* a part of what CPY and SET do, and others */

	*ret = (struct isa_flow){.len = len < 4 ? 0 : 4};
	if (len < 4)
		return;
	uint32_t word = a64_word(bytes);
	if ((word & register_mask) == register_value || (word & return_mask) == return_value)
		return;
	for (size_t i = 0; i < sizeof branches / sizeof *branches; i++) {
		if ((word & branches[i].mask) != branches[i].value)
			continue;
		uint64_t sign = UINT64_C(1) << (branches[i].width - 1);
		uint64_t words = word >> branches[i].low & (2 * sign - 1);
		ret->next[ret->num_next++] = pc + 4 * ((words ^ sign) - sign);
		if (!branches[i].conditional)
			return;
	}
	ret->next[ret->num_next++] = pc + 4;
	if ((word & mops_mask) == mops_value)
		ret->next[ret->num_next++] = pc;
}

/* ---- What the guest decides ---- */

/* The base is written back and stored as well: what is stored is UNKNOWN (Arm ARM K1.2). */
static bool is_base(uint32_t base, uint32_t reg)
{
	return base == reg && base != 31;
}

/* Store-Exclusive closes what a stop would undo: see isa->undetermined. */
static bool stores_unknown(uint32_t word)
{
	uint32_t t = word & 31, n = word >> 5 & 31, t2 = word >> 10 & 31;

	if ((word & 0x3fe00400) == 0x38000400) /* STR, STRB, STRH (immediate), pre- and post-indexed */
		return is_base(n, t);
	if ((word & 0x7ec00000) == 0x28800000) /* STP, likewise */
		return is_base(n, t) || is_base(n, t2);
	if ((word & 0xff200c00) == 0x19200000) /* LDCLRP, LDSETP, SWPP: one register twice (and others of RCW) */
		return t == (word >> 16 & 31);
	return false;
}

/*
 * MRS of all but what the state has: NZCV, DIT, SSBS, TCO, FPCR, FPSR, FPMR, TPIDR_EL0, TPIDR2_EL0, DCZID_EL0. Pointer
 * authentication is left out: no path depends on a code, and there is hardly a function without one.
 */
static bool takes_input(uint32_t word)
{
	static const uint32_t registers[] = {0xd53b4200, 0xd53b42a0, 0xd53b42c0, 0xd53b42e0, 0xd53b4400,
					     0xd53b4420, 0xd53b4440, 0xd53bd040, 0xd53bd0a0, 0xd53b00e0};
	const uint32_t mrs = 0xd5300000, mrs_mask = 0xfff00000, to = 31;

	if ((word & mrs_mask) != mrs || (word & to) == to)
		return false;
	for (size_t i = 0; i < sizeof registers / sizeof *registers; i++)
		if ((word & ~to) == registers[i])
			return false;
	return true;
}

enum isa_undetermined a64_undetermined(const uint8_t *bytes, size_t len)
{
	if (len < 4)
		return ISA_DETERMINED;
	if (takes_input(a64_word(bytes)))
		return ISA_UNDETERMINED_INPUT;
	return stores_unknown(a64_word(bytes)) ? ISA_UNDETERMINED_STORE : ISA_DETERMINED;
}
