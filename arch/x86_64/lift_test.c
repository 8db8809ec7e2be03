/*
 * Forms, operand sizes, effect rows, statuses. That the transfers compute what the CPU computes is tested where the CPU
 * is asked: lib/oracle.
 */
#include <stdio.h>
#include <stdlib.h>

#include "arch/x86_64/x86_64.h"
#include "lib/testing/assert.h"
#include "lib/testing/regs.h"

enum { PC = 0x401000 };

static struct isa_lifter *lifter;
static struct expr_pool *pool;
static struct transfer transfer;

static void setup(void)
{
	ck_no_error(isa_x86_64.lifter_create(&lifter));
	ck_no_error(expr_pool_create(true, &pool));
	transfer_init(&transfer, pool);
}

static void teardown(void)
{
	transfer_deinit(&transfer);
	expr_pool_destroy(pool);
	isa_x86_64.lifter_destroy(lifter);
}

static struct insn lift(const char *hex)
{
	uint8_t bytes[ISA_MAX_INSN_LEN] = {0};
	size_t len = 0;
	struct insn insn;
	char *end;

	for (; *hex; hex = end)
		bytes[len++] = (uint8_t)strtoul(hex, &end, 16);
	expr_pool_reset(pool);
	transfer_reset(&transfer, pool);
	ck_no_error(isa_x86_64.lift(lifter, PC, bytes, len, &transfer, &insn));
	return insn;
}

/* ---- Forms and rows, by the manual ---- */

static const struct {
	const char *hex, *form, *flags;
} rows[] = {
	/* bytes              form                      oszapcd */
	{"00 c8", "add r8, r8", "WWWWWW-"},
	{"66 01 c8", "add r16, r16", "WWWWWW-"},
	{"48 83 c0 ff", "add r64, imm8", "WWWWWW-"},
	{"66 f3 01 08", "add m16, r16", "WWWWWW-"},
	{"66 48 01 08", "add m64, r64", "WWWWWW-"},
	{"f0 48 01 08", "lock add m64, r64", "WWWWWW-"},
	{"48 11 c8", "adc r64, r64", "WWWWWM-"},
	{"ff c0", "inc r32", "WWWWW--"},
	{"31 c0", "xor r32, r32", "0WWUW0-"},
	{"f6 c1 01", "test r8, imm8", "0WWUW0-"},
	{"0f b6 c1", "movzx r32, r8", "-------"},
	{"66 0f b6 08", "movzx r16, m8", "-------"},
	{"0f b7 08", "movzx r32, m16", "-------"},
	{"48 0f bf 08", "movsx r64, m16", "-------"},
	{"48 63 c1", "movsxd r64, r32", "-------"},
	{"63 c1", "movsxd r32, r32", "-------"},
	{"66 63 01", "movsxd r16, m16", "-------"},
	{"8c d8", "mov r32, sreg", "-------"},
	{"8e d8", "mov sreg, r32", "-------"},
	{"0f a1", "pop sreg", "-------"},
	{"0f b2 08", "lss r32, m48", "-------"},
	{"ff 18", "lcall m48", "-------"},
	{"48 cb", "retfq", "-------"},
	{"48 cf", "iretq", "WWWWWWW"},
	{"cd 04", "int imm8", "-------"},
	{"66 c8 10 00 02", "enter imm16, imm8", "-------"},
	{"c7 f8 00 01 00 00", "xbegin rel32", "-------"},
	{"0f 01 e8", "serialize", "-------"},
	{"f2 0f 01 e9", "xresldtrk", "-------"},
	{"f3 0f 1e fa", "endbr64", "-------"},
	{"f3 0f 1e f9", "nop r32", "-------"},
	{"f3 48 0f ae e0", "ptwrite r64", "-------"},
	{"66 0f 38 cf c1", "gf2p8mulb xmm, xmm", "-------"},
	{"66 0f 3a ce 08 01", "gf2p8affineqb xmm, m128, imm8", "-------"},
	{"66 0f 38 f8 08", "movdir64b r64, m512", "-------"},
	{"48 0f 38 f9 08", "movdiri m64, r64", "-------"},
	{"66 0f ae 38", "clflushopt m8", "-------"},
	{"0f 00 c0", "sldt r32", "-------"},
	{"f4", "hlt", "-------"},
	{"0f 22 d8", "mov cr, r64", "-------"},
	{"d1 e0", "shl r32, 1", "CCCCCC-"},
	{"d3 e0", "shl r32, r8", "CCCCCC-"},
	{"f3 66 0f b8 c1", "popcnt r16, r16", "00W000-"},
	{"66 f3 0f bc c1", "tzcnt r16, r16", "UUWUUW-"},
	{"f2 0f bc c1", "bsf r32, r32", "UUWUUU-"},
	{"66 4d 0f bd 2e", "bsr r64, m64", "UUWUUU-"},
	{"f2 0f 38 f0 c1", "crc32 r32, r8", "-------"},
	{"66 f2 0f 38 f1 c1", "crc32 r32, r16", "-------"},
	{"66 f2 48 0f 38 f1 c1", "crc32 r64, r64", "-------"},
	{"c4 e2 f8 f3 d8", "blsi r64, r64", "0WWUUW-"},
	{"66 0f 38 f6 c1", "adcx r32, r32", "-----M-"},
	{"f3 0f 38 f6 c1", "adox r32, r32", "M------"},
	{"48 0f ab 08", "bts m64, r64", "UU-UUW-"},
	{"0f c7 08", "cmpxchg8b m64", "--W----"},
	{"f0 48 0f c7 08", "lock cmpxchg16b m128", "--W----"},
	{"f3 a4", "rep movsb", "------R"},
	{"66 f2 ae", "repne scasb", "CCCCCCR"},
	{"0f 85 01 00 00 00", "jne rel32", "--R----"},
	{"66 e8 00 00 00 00", "call rel32", "-------"},
	{"f3 c3", "ret", "-------"},
	{"66 50", "push r16", "-------"},
	{"66 48 ff 30", "push m64", "-------"},
	{"c8 10 00 01", "enter imm16, imm8", "-------"},
	{"0f 1f 84 00 00 00 00 00", "nop m32", "-------"},
	{"f3 0f 1e fa", "endbr64", "-------"},
	{"f3 41 90", "pause", "-------"},
	{"f3 0f c7 f8", "rdpid r64", "-------"},
	{"0f c7 f8", "rdseed r32", "00000W-"},
	{"0f 05", "syscall", "RRRRRRR"},
	{"66 0f fc c1", "paddb xmm, xmm", "-------"},
	{"0f fc c1", "paddb mm, mm", "-------"},
	{"48 0f 7e c8", "movq r64, mm", "-------"},
	{"f3 48 0f 7e c8", "movq xmm, xmm", "-------"},
	{"0f 38 00 08", "pshufb mm, m64", "-------"},
	{"0f f7 c1", "maskmovq mm, mm", "-------"},
	{"0f 77", "emms", "-------"},
	{"66 0f 2d 08", "cvtpd2pi mm, m128", "-------"},
	{"66 0f 38 17 08", "ptest xmm, m128", "00W00W-"},
	{"66 0f 3a 61 c1 00", "pcmpestri xmm, xmm, imm8", "WWW00W-"},
	{"66 0f 3a 62 00 4c", "pcmpistrm xmm, m128, imm8", "WWW00W-"},
	{"66 0f 3a 14 08 03", "pextrb m8, xmm, imm8", "-------"},
	{"c5 f5 fc 08", "vpaddb ymm, ymm, m256", "-------"},
	{"c4 e2 7d 0f c1", "vtestpd ymm, ymm", "00W00W-"},
	{"c4 e2 75 dc c2", "vaesenc ymm, ymm, ymm", "-------"},
	{"c4 e3 75 44 00 11", "vpclmulqdq ymm, ymm, m256, imm8", "-------"},
	{"c4 e2 75 cf c2", "vgf2p8mulb ymm, ymm, ymm", "-------"},
	{"c4 e3 f1 ce c2 01", "vgf2p8affineqb xmm, xmm, xmm, imm8", "-------"},
	{"c4 e2 71 50 c2", "vpdpbusd xmm, xmm, xmm", "-------"},
	{"c4 e2 69 92 04 88", "vgatherdps xmm, m, xmm", "-------"},
	{"66 0f 78 c1 08 10", "extrq xmm, imm8, imm8", "-------"},
	{"f2 0f 78 c1 08 10", "insertq xmm, xmm, imm8, imm8", "-------"},
	{"f3 0f 2b 08", "movntss m32, xmm", "-------"},
	{"c4 e2 7d 5a 08", "vbroadcasti128 ymm, m128", "-------"},
	{"c5 f8 77", "vzeroupper", "-------"},
	{"48 0f ae 00", "fxsave64 m512byte", "-------"},
	{"67 0f ae 00", "fxsave m512byte", "-------"},
	{"0f ae 20", "xsave m832byte", "-------"},
	{"0f c7 20", "xsavec m832byte", "-------"},
	{"48 0f ae 28", "xrstor64 m832byte", "-------"},
	{"66 48 0f ae 30", "clwb m8", "-------"},
	{"2e 2e 2e 2e 2e 2e 2e 2e 2e 81 00 00 00 00 00", "add m32, imm32", "WWWWWW-"},
	{"2e 2e 2e 2e 2e 2e 2e 2e 2e 2e 81 00 00 00 00", "(too long)", "-------"},
};

START_TEST(forms)
{
	struct insn insn = lift(rows[_i].hex);

	ck_assert_int_eq(insn.status, LIFT_DONE);
	ck_assert_str_eq(insn.form, rows[_i].form);
	ck_assert_str_eq(insn.flags, rows[_i].flags);
	ck_no_error(transfer_verify(&transfer, NULL));
}
END_TEST

static const struct {
	const char *hex;
	enum lift_status status;
} statuses[] = {
	{"", LIFT_TRUNCATED},
	{"48", LIFT_TRUNCATED},
	{"e8 00 00", LIFT_TRUNCATED},
	{"cd 80", LIFT_UNMODELLED},             /* a 32-bit program's system call */
	{"0f 34", LIFT_UNMODELLED},             /* sysenter, likewise */
	{"62 f1 75 09 fc c2", LIFT_UNMODELLED}, /* vpaddb xmm0 {k1}, xmm1, xmm2 */
};

START_TEST(status)
{
	struct insn insn = lift(statuses[_i].hex);

	ck_assert_int_eq(insn.status, statuses[_i].status);
	ck_assert_uint_eq(transfer.regs.len, 0);
	ck_assert_uint_eq(transfer.stores.len, 0);
	ck_assert_uint_eq(transfer.faults.len, 0);
}
END_TEST

/* What no row is of is #UD, and says why. */
static const struct {
	const char *hex;
	uint8_t len;
	const char *rule;
} undefined[] = {
	{"06", 1, "no instruction has this opcode"},
	{"0f 0c", 2, "no instruction has this opcode"},
	{"d5 00", 1, "no instruction has this opcode"},
	{"ff f8", 2, "no instruction has this digit in ModRM.reg"},
	{"c6 f9", 2, "no instruction has this ModRM byte"},
	{"8d c0", 2, "a register where only memory is allowed"},
	{"66 0f ae 00", 4, "no instruction with these prefixes"},
	{"f3 0f ae 38", 4, "no instruction with these prefixes"},
	{"8e f0", 2, "there is no such segment register"},
	{"c5 f4 77", 3, "VEX.vvvv must be 1111b"},
	{"0f 50 00", 3, "memory where only a register is allowed"},
	{"c4 e2 79 5a 00", 5, "VEX.L must be 1"},
	{"c4 e2 fd 5a 00", 5, "VEX.W must be 0"},
	{"c4 e2 7c f2 c1", 5, "VEX.L must be 0"},
	{"c4 e2 69 92 c0", 5, "a register where only memory is allowed"},
	{"c4 e2 69 92 00", 5, "an instruction with a vector of indices needs a SIB byte"},
	{"66 c5 f8 77", 4, "LOCK, 66, F2, F3 or REX in front of VEX, XOP or EVEX"},
	{"f0 0f 0f c1 bf", 5, "LOCK in front of what it is not allowed with"},
	{"f0 cd 80", 3, "LOCK in front of what it is not allowed with"},
	{"f0 01 c8", 3, "LOCK in front of what it is not allowed with"},
};

START_TEST(undefined_says_why)
{
	struct insn insn = lift(undefined[_i].hex);

	ck_assert_int_eq(insn.status, LIFT_DONE);
	ck_assert_uint_eq(insn.len, undefined[_i].len);
	ck_assert_uint_ge(transfer.faults.len, 1);
	ck_assert_int_eq(transfer.faults.at[0].kind, FAULT_UNDEFINED);
	ck_assert_ptr_nonnull(insn.rule);
	ck_assert_str_eq(insn.rule, undefined[_i].rule);
	ck_no_error(transfer_verify(&transfer, NULL));
}
END_TEST

/* LOCK is allowed on some instructions, and on those with a memory destination only (SDM vol. 2, LOCK). */
START_TEST(lock)
{
	static const struct {
		const char *hex;
		bool allowed;
	} cases[] = {
		{"f0 01 08", true},    {"f0 01 c8", false}, {"f0 03 08", false},   {"f0 39 08", false},
		{"f0 89 08", false},   {"f0 87 08", true},  {"f0 0f ab 08", true}, {"f0 0f a3 08", false},
		{"f0 0f c1 08", true}, {"f0 f7 10", true},  {"f0 f7 20", false},   {"f0 90", false},
		{"f0 0f b1 08", true}, {"f0 a4", false},    {"f0 c3", false},      {"f0 d1 20", false},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct insn insn = lift(cases[i].hex);
		ck_assert_int_eq(insn.status, LIFT_DONE);
		ck_assert_msg((transfer.faults.len == 0) == cases[i].allowed, "%s", cases[i].hex);
		if (!cases[i].allowed)
			ck_assert_int_eq(transfer.faults.at[0].kind, FAULT_UNDEFINED);
	}
}
END_TEST

/* What a CPU has by CPUID, and yet refuses where the system has not switched it on. */
START_TEST(what_systems_switch_on)
{
	static const struct {
		const char *hex;
		bool switched;
	} cases[] = {
		{"f3 0f c7 f0", true},     /* senduipi rax */
		{"f3 0f 01 ec", true},     /* uiret */
		{"f3 0f 01 ef", true},     /* stui */
		{"f3 0f 38 dc 00", true},  /* aesenc128kl */
		{"f3 0f 38 fb c0", true},  /* encodekey256 */
		{"c4 e2 78 49 00", true},  /* ldtilecfg */
		{"c4 e2 7b 49 c0", true},  /* tilezero tmm0 */
		{"c4 e2 73 5e c2", true},  /* tdpbssd tmm0, tmm2, tmm1 */
		{"0f 01 c8", true},        /* monitor */
		{"f3 0f ae e8", true},     /* incsspd eax */
		{"66 0f 38 dc c0", false}, /* aesenc */
		{"66 0f ae f1", false},    /* tpause ecx */
		{"c4 e2 71 50 c2", false}, /* vpdpbusd */
		{"90", false},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		ck_assert_msg(lift(cases[i].hex).switched == cases[i].switched, "%s", cases[i].hex);
}
END_TEST

/* CPUs without BMI1 and LZCNT take TZCNT for BSF and LZCNT for BSR: CPUID tells, whenever it is executed. */
START_TEST(zero_counts_follow_cpuid)
{
	static const struct {
		uint32_t leaf, subleaf, rax, rbx, rcx;
		bool changes;
		const char *tzcnt, *lzcnt;
	} steps[] = {
		{1, 0, 0, 0, 0, true, "tzcnt r64, r64", "lzcnt r64, r64"},
		{7, 2, 0, 0, 0, false, "tzcnt r64, r64", "lzcnt r64, r64"},
		{7, 0, 0, ~8U, ~0U, true, "bsf r64, r64", "lzcnt r64, r64"},
		{7, 0, 0, ~8U, ~0U, false, "bsf r64, r64", "lzcnt r64, r64"},
		{0x80000001, 0, ~0U, ~0U, ~0x20U, true, "bsf r64, r64", "bsr r64, r64"},
		{0x80000001, 0, 0, 0, 0x20, true, "bsf r64, r64", "lzcnt r64, r64"},
		{0x80000000, 0, 0x80000000, 0, 0, true, "bsf r64, r64", "bsr r64, r64"},
		{7, 0, 0, 8, 0, true, "tzcnt r64, r64", "bsr r64, r64"},
		{0, 0, 6, 0, 0, true, "bsf r64, r64", "bsr r64, r64"},
	};
	struct insn cpuid = lift("0f a2"), rdtsc = lift("0f 31");
	uint64_t *before = calloc(isa_x86_64.num_words, sizeof *before),
		 *after = calloc(isa_x86_64.num_words, sizeof *after);

	ck_assert(before && after);

	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		before[isa_x86_64.regs[X86_rax].word] = steps[i].leaf;
		before[isa_x86_64.regs[X86_rcx].word] = steps[i].subleaf;
		after[isa_x86_64.regs[X86_rax].word] = steps[i].rax;
		after[isa_x86_64.regs[X86_rbx].word] = steps[i].rbx;
		after[isa_x86_64.regs[X86_rcx].word] = steps[i].rcx;
		ck_assert(!x86_lifter_observe(lifter, &rdtsc, before, after));
		ck_assert_int_eq(x86_lifter_observe(lifter, &cpuid, before, after), steps[i].changes);
		ck_assert_str_eq(lift("f3 48 0f bc d2").form, steps[i].tzcnt);
		ck_assert_str_eq(lift("f3 48 0f bd d2").form, steps[i].lzcnt);
	}
	free(before);
	free(after);
}
END_TEST

/* ---- The effect row against the transfer ---- */

/* R and M read their flag, W does not; - neither reads nor writes it, U leaves nothing but an undefined bit. */
static void check_letter(const struct insn *insn, unsigned i, const bool *reads)
{
	uint32_t flag = isa_x86_64.flag_regs[i];
	expr_id after = transfer_get_reg(&transfer, flag);
	char letter = insn->flags[i];

	ck_assert_msg(letter && strchr("-RWM01UC", letter), "%s", insn->form);
	if (strchr("RM", letter))
		ck_assert_msg(reads[flag], "%s: flag %u is not read", insn->form, i);
	if (strchr("-W01U", letter))
		ck_assert_msg(!reads[flag], "%s: flag %u is read", insn->form, i);
	if (strchr("-R", letter))
		ck_assert_msg(after == EXPR_NONE, "%s: flag %u is written", insn->form, i);
	if (letter == 'U')
		ck_assert_int_eq(expr_get(pool, after)->op, EXPR_UNDEF);
}

START_TEST(effect_row)
{
	struct insn insn = lift(rows[_i].hex);
	bool reads[X86_NUM_REGS] = {false};

	test_reads(&transfer, reads);
	for (unsigned i = 0; i < isa_x86_64.num_flags; i++)
		check_letter(&insn, i, reads);
}
END_TEST

/* Capstone 4 has "zmm0 , zmm0" and "zmm0 {k1} , zmm0". */
START_TEST(no_blank_stands_before_a_comma)
{
	ck_assert_str_eq(lift("62 f1 7d 48 ef c0").text, "vpxord zmm0, zmm0, zmm0");
	ck_assert_str_eq(lift("0f af c1").text, "imul eax, ecx");
	ck_assert_ptr_null(strstr(lift("62 f1 7c c9 58 c1").text, " ,"));
}
END_TEST

/* The memory that an operand names, for what has no transfer. */
START_TEST(operands)
{
	struct insn_operand store = lift("64 db 7c 8f f8").operand, image = lift("0f ae 80 00 01 00 00").operand;

	ck_assert_uint_eq(store.len, 10);
	ck_assert_uint_eq(store.num_terms, 3);
	ck_assert_uint_eq(store.term[0].reg, X86_rdi);
	ck_assert_uint_eq(store.term[1].reg, X86_rcx);
	ck_assert_uint_eq(store.term[1].scale, 4);
	ck_assert_uint_eq(store.term[2].reg, X86_fs_base);
	ck_assert_uint_eq(store.offset, (uint64_t)-8);
	ck_assert_uint_eq(image.len, 512);
	ck_assert_uint_eq(image.offset, 0x100);
	ck_assert_uint_eq(lift("d9 30").operand.len,
			  28); /* FNSTENV, FNSAVE: half-size fields with 66, REX.W before it */
	ck_assert_uint_eq(lift("66 d9 30").operand.len, 14);
	ck_assert_uint_eq(lift("66 48 dd 30").operand.len, 108);
	ck_assert_uint_eq(lift("67 db 38").operand.len, 0); /* a 32-bit address is no sum of registers */
	ck_assert_uint_eq(lift("d9 c0").operand.len, 0);
}
END_TEST

/* ---- Without a transfer ---- */

static const struct {
	const char *hex;
	const char *mnemonic;
	uint16_t len; /* of the operand */
} others[] = {
	{"62 f1 7c 48 58 c1", "vaddps", 0}, /* of zmm */
	{"c5 f8 44 c9", "knotw", 0},        {"c4 e1 f8 91 0f", "kmovq", 8},
	{"c4 e2 78 50 00", "vpdpbuud", 16}, {"0f 01 db", "vmsave", 0},
};

/* It has a name, and may do anything to memory. */
START_TEST(without_a_transfer)
{
	struct insn insn = lift(others[_i].hex);

	ck_assert_int_eq(insn.status, LIFT_UNMODELLED);
	ck_assert_str_eq(insn.mnemonic, others[_i].mnemonic);
	ck_assert(insn.may_store);
	ck_assert_uint_eq(insn.operand.len, others[_i].len);
	ck_assert_str_eq(insn.flags, "");
}
END_TEST

/* ---- Alignment: SDM vol. 3, 6.15, table 6-7 ---- */

/* Faults by #AC, and what is left to the processor; of the first, how many faults come before it. */
static const struct {
	const char *hex;
	unsigned faults, open, before;
} alignments[] = {
	{"8b 03", 1, 0, 0},       /* mov eax, [rbx] */
	{"8a 03", 0, 0, 0},       /* mov al, [rbx] */
	{"48 01 45 00", 2, 0, 1}, /* add [rbp], rax: loaded and stored; behind #SS */
	{"48 8d 03", 0, 0, 0},    /* lea rax, [rbx] */
	{"f7 33", 1, 0, 0},       /* div dword ptr [rbx]: in front of what was loaded */
	{"0f 10 03", 0, 1, 0},    /* movups xmm0, [rbx] */
	{"66 a5", 1, 1, 0},       /* movsw: the second place */
	{"ff 2b", 0, 1, 0},       /* jmp far [rbx] */
	{"0f 01 0b", 0, 0, 0},    /* sidt [rbx]: whatever the kernel makes of it */
};

static unsigned count_faults(enum fault_kind kind, unsigned *before)
{
	unsigned n = 0;

	*before = 0;
	for (size_t i = 0; i < transfer.faults.len; i++) {
		if (transfer.faults.at[i].kind == kind && n++ == 0)
			*before = (unsigned)i;
	}
	return n;
}

START_TEST(alignment)
{
	unsigned before, opened, ignored;

	lift(alignments[_i].hex);
	ck_assert_uint_eq(count_faults(FAULT_ALIGNMENT, &ignored), 0);
	opened = count_faults(FAULT_PROTECTION, &ignored);
	isa_x86_64.lifter_set_checks(lifter, true);
	lift(alignments[_i].hex);
	ck_assert_uint_eq(count_faults(FAULT_ALIGNMENT, &before), alignments[_i].faults);
	ck_assert_uint_eq(before, alignments[_i].before);
	opened = count_faults(FAULT_PROTECTION, &ignored) - opened;
	ck_assert_msg(alignments[_i].open ? opened > 0 : alignments[_i].faults == 0 || opened == 0, "%s",
		      alignments[_i].hex);
	isa_x86_64.lifter_set_checks(lifter, false);
	lift(alignments[_i].hex);
	ck_assert_uint_eq(count_faults(FAULT_ALIGNMENT, &ignored), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("x86_64 lifting");
	TCase *tables = tcase_create("tables");

	tcase_add_checked_fixture(tables, setup, teardown);
	tcase_add_loop_test(tables, forms, 0, sizeof rows / sizeof *rows);
	tcase_add_loop_test(tables, effect_row, 0, sizeof rows / sizeof *rows);
	tcase_add_loop_test(tables, without_a_transfer, 0, sizeof others / sizeof *others);
	tcase_add_loop_test(tables, status, 0, sizeof statuses / sizeof *statuses);
	tcase_add_loop_test(tables, undefined_says_why, 0, sizeof undefined / sizeof *undefined);
	tcase_add_test(tables, lock);
	tcase_add_test(tables, no_blank_stands_before_a_comma);
	tcase_add_test(tables, operands);
	tcase_add_loop_test(tables, alignment, 0, sizeof alignments / sizeof *alignments);
	tcase_add_test(tables, what_systems_switch_on);
	tcase_add_test(tables, zero_counts_follow_cpuid);
	suite_add_tcase(suite, tables);
	return test_main(suite);
}
