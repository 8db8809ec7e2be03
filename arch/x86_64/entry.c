/*
 * The doors to a kernel, by opcode: SYSCALL (0F 05), SYSENTER (0F 34), INT 0x80 (CD 80). An emulator that takes a
 * prefix, or an encoding of AVX and its followers, otherwise than the manuals do may find one of them behind it; what
 * is counted here is whatever any of them could be. And what other instructions do, as far as it can be told by bytes.
 */
#include "arch/x86_64/x86_64.h"

enum { SYSCALL = 0x05, SYSENTER = 0x34, ESCAPE = 0x0f, INT = 0xcd, SYSTEM_CALL = 0x80 };

/* A legacy prefix or REX, in any order and number. */
static bool is_prefix(uint8_t byte)
{
	switch (byte) {
	case 0x26:
	case 0x2e:
	case 0x36:
	case 0x3e:
	case 0x64:
	case 0x65:
	case 0x66:
	case 0x67:
	case 0xf0:
	case 0xf2:
	case 0xf3: return true;
	default: return (byte & 0xf0) == 0x40;
	}
}

static uint8_t byte_at(const uint8_t *bytes, size_t len, size_t i)
{
	return i < len ? bytes[i] : 0;
}

static bool is_door(uint8_t opcode)
{
	return opcode == SYSCALL || opcode == SYSENTER;
}

/* Map 0F by another way than its escape byte: VEX (SDM vol. 2, 2.3.5), EVEX (2.7.1), REX2 (APX, 3.1.1). */
static bool is_encoded_door(const uint8_t *at, size_t len)
{
	uint8_t payload = byte_at(at, len, 1);

	switch (at[0]) {
	case 0xc5: return is_door(byte_at(at, len, 2));
	case 0xc4: return (payload & 31) == 1 && is_door(byte_at(at, len, 3));
	case 0x62: return (payload & 7) == 1 && is_door(byte_at(at, len, 4));
	case 0xd5:
		return payload & 0x80 ? is_door(byte_at(at, len, 2))
				      : byte_at(at, len, 2) == INT && byte_at(at, len, 3) == SYSTEM_CALL;
	default: return false;
	}
}

enum isa_entry x86_entry(const uint8_t *bytes, size_t len)
{
	size_t i = 0;

	while (i < len && is_prefix(bytes[i]))
		i++;
	if (i == len)
		return ISA_ENTRY_NONE;
	uint8_t second = byte_at(bytes, len, i + 1);
	if (bytes[i] == ESCAPE && second == SYSCALL && !i)
		return ISA_ENTRY_CALL;
	if ((bytes[i] == ESCAPE && is_door(second)) || (bytes[i] == INT && second == SYSTEM_CALL))
		return ISA_ENTRY_OTHER;
	return is_encoded_door(bytes + i, len - i) ? ISA_ENTRY_OTHER : ISA_ENTRY_NONE;
}

/* ---- Where instructions lead to ---- */

/* By a register or memory, out of a transaction, or to where 66 decides (near16): nobody can tell. */
static bool leads_anywhere(const struct x86_raw *raw)
{
	uint8_t op = raw->opcode;

	if (raw->vex || raw->evex || raw->map > X86_MAP_0F)
		return false;
	if (raw->map == X86_MAP_0F) /* SYSRET, SYSEXIT, UIRET among the rest of 0F 01, RSM */
		return op == 0x07 || op == 0x35 || op == 0x01 || op == 0xaa || (raw->opsize && x86_is_near_branch(raw));
	switch (op) {
	case 0xc2:
	case 0xc3:
	case 0xca:
	case 0xcb:
	case 0xcf: return true;                     /* RET, IRET */
	case 0xc7: return (raw->reg & 7) == 7;      /* XBEGIN */
	case 0xff: return (raw->reg & 7) - 2u <= 3; /* CALL, JMP by register or memory */
	default: return raw->opsize && x86_is_near_branch(raw);
	}
}

static bool is_conditional(const struct x86_raw *raw)
{
	return raw->map == X86_MAP_0F || (raw->opcode & 0xf0) == 0x70 || raw->opcode - 0xe0u <= 3;
}

/* MOVS, CMPS, STOS, LODS, SCAS, INS, OUTS with REP: one iteration, or to its end. */
static bool repeats(const struct x86_raw *raw)
{
	uint8_t op = raw->opcode;

	return raw->rep && raw->map == X86_MAP_1 && !raw->vex && !raw->evex &&
	       ((op & 0xfc) == 0x6c || (op & 0xfc) == 0xa4 || (op >= 0xaa && op <= 0xaf));
}

void x86_flow(uint64_t pc, const uint8_t *bytes, size_t len, struct isa_flow *ret)
{
	struct x86_raw raw;

	*ret = (struct isa_flow){.len = 0};
	if (x86_parse(bytes, len, 0, &raw) != LIFT_DONE || raw.too_long || raw.evex)
		return;
	ret->len = raw.len;
	if (leads_anywhere(&raw))
		return;
	bool branch = !raw.vex && x86_is_near_branch(&raw);
	if (!branch || is_conditional(&raw))
		ret->next[ret->num_next++] = pc + raw.len;
	if (branch)
		ret->next[ret->num_next++] = pc + raw.len + raw.imm;
	else if (repeats(&raw))
		ret->next[ret->num_next++] = pc;
}

/* ---- What the guest decides ---- */

enum { ALL_DIGITS = 0xff };

/*
 * To memory; digits: bit n stands for /n. SLDT and STR (0F 00) are left out: programs have no use for them, and a C
 * library has more than a thousand such pairs of bytes, in constants and distances.
 */
static const struct {
	uint8_t map, opcode, digits;
	bool double_shift, no_prefix, state;
} undetermined[] = {
	{X86_MAP_1, 0xd9, 1 << 6, false, false, false},                    /* FNSTENV: pointers, reserved bits */
	{X86_MAP_1, 0xdd, 1 << 6, false, false, false},                    /* FNSAVE */
	{X86_MAP_0F, 0x01, 1 << 0 | 1 << 1 | 1 << 4, false, false, false}, /* SGDT, SIDT, SMSW */
	{X86_MAP_0F, 0xa4, ALL_DIGITS, true, false, false},                /* SHLD of 16 bits by more */
	{X86_MAP_0F, 0xa5, ALL_DIGITS, true, false, false},
	{X86_MAP_0F, 0xac, ALL_DIGITS, true, false, false}, /* SHRD */
	{X86_MAP_0F, 0xad, ALL_DIGITS, true, false, false},
	{X86_MAP_0F, 0xae, 1 << 0 | 1 << 4 | 1 << 6, false, true, true}, /* FXSAVE, XSAVE, XSAVEOPT */
	{X86_MAP_0F, 0xc7, 1 << 4, false, true, true},                   /* XSAVEC; XSAVES is the kernel's alone */
};

/* A count in CL may be any. */
static bool shifts_beyond(const struct x86_raw *raw)
{
	return raw->opsize && !raw->w && (!raw->imm_len || (raw->imm & 31) > 16);
}

static enum isa_undetermined store_of(const struct x86_raw *raw)
{
	for (size_t i = 0; i < sizeof undetermined / sizeof *undetermined; i++) {
		if (raw->map != undetermined[i].map || raw->opcode != undetermined[i].opcode)
			continue;
		if (!(undetermined[i].digits >> (raw->reg & 7) & 1) ||
		    (undetermined[i].no_prefix && (raw->opsize || raw->rep)) ||
		    (undetermined[i].double_shift && !shifts_beyond(raw)))
			return ISA_DETERMINED;
		return undetermined[i].state ? ISA_UNDETERMINED_STATE : ISA_UNDETERMINED_STORE;
	}
	return ISA_DETERMINED;
}

/* Most bytes are told apart without parsing them. */
static bool may_be_undetermined(const uint8_t *at, size_t len)
{
	uint8_t opcode = at[0] == ESCAPE ? byte_at(at, len, 1) : at[0];
	uint8_t map = at[0] == ESCAPE ? X86_MAP_0F : X86_MAP_1;

	for (size_t i = 0; i < sizeof undetermined / sizeof *undetermined; i++)
		if (opcode == undetermined[i].opcode && map == undetermined[i].map)
			return true;
	return false;
}

/*
 * CPUID, RDTSC, XGETBV, RDTSCP; RDRAND, RDSEED and RDPID of a register. What depends on the kernel's descriptors (LAR,
 * LSL, VERR) is left out: their bytes are common, and their uses are not.
 */
static bool takes_input(const uint8_t *at, size_t len)
{
	uint8_t opcode = byte_at(at, len, 1), modrm = byte_at(at, len, 2);

	if (len < 2 || at[0] != ESCAPE)
		return false;
	switch (opcode) {
	case 0x31:
	case 0xa2: return true;
	case 0x01: return modrm == 0xd0 || modrm == 0xf9;
	case 0xc7: return modrm >= 0xf0; /* /6 and /7 */
	default: return false;
	}
}

enum isa_undetermined x86_undetermined(const uint8_t *bytes, size_t len)
{
	struct x86_raw raw;
	size_t i = 0;

	while (i < len && is_prefix(bytes[i]))
		i++;
	if (i == len)
		return ISA_DETERMINED;
	if (takes_input(bytes + i, len - i))
		return ISA_UNDETERMINED_INPUT;
	if (!may_be_undetermined(bytes + i, len - i))
		return ISA_DETERMINED;
	if (x86_parse(bytes, len, 0, &raw) != LIFT_DONE || raw.too_long || raw.vex || raw.evex || !raw.is_mem)
		return ISA_DETERMINED;
	return store_of(&raw);
}
