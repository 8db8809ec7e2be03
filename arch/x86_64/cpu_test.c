/* The tables of what differs between processors: complete, used, and known from CPUID. */
#include <stdlib.h>
#include <string.h>

#include "arch/x86_64/x86_64.h"
#include "lib/testing/assert.h"

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

static struct insn lift(const char *hex, const struct isa_cpu *cpu)
{
	uint8_t bytes[ISA_MAX_INSN_LEN] = {0};
	size_t len = 0;
	struct insn insn;
	char *end;

	for (; *hex; hex = end)
		bytes[len++] = (uint8_t)strtoul(hex, &end, 16);
	expr_pool_reset(pool);
	transfer_reset(&transfer, pool);
	isa_x86_64.lifter_set_cpu(lifter, cpu);
	ck_no_error(isa_x86_64.lift(lifter, PC, bytes, len, &transfer, &insn));
	return insn;
}

/* What an instruction is and does, as text. */
static char *describe(const char *hex, const struct isa_cpu *cpu, struct insn *ret)
{
	struct strbuf text = {0};

	*ret = lift(hex, cpu);
	strbuf_printf(&text, "%s, %u bytes, status %d, %s\n", ret->form, ret->len, ret->status, ret->flags);
	if (ret->status == LIFT_DONE)
		transfer_print(&text, &transfer, &isa_x86_64.names);
	return strbuf_take(&text);
}

static bool is_undefined(void)
{
	uint64_t always;

	return transfer.faults.len == 1 && transfer.faults.at[0].kind == FAULT_UNDEFINED &&
	       expr_is_const(pool, transfer.faults.at[0].cond, &always) && always;
}

/* ---- Vendors ---- */

/* An instruction for each row. */
static const char *const uses[X86_NUM_VENDOR_ROWS] = {
	[VENDOR_NEAR_BRANCH_66] = "66 e8 12 34 00 00",
	[VENDOR_SCAN_ZERO] = "0f bc c1",
	[VENDOR_BIT_TEST_ZF] = "0f a3 c8",
	[VENDOR_SHIFT_CF] = "d2 e0",
	[VENDOR_FAR_POINTER_64] = "48 0f b4 01",
	[VENDOR_FAR_RETURN] = "cb",
	[VENDOR_NULL_BASE] = "8e e0",
	[VENDOR_SYSENTER] = "0f 34",
	[VENDOR_MOV_CR8] = "f0 0f 20 c0",
	[VENDOR_X87_POINTERS] = "0f ae 08",
	[VENDOR_MISALIGNED_SSE] = "66 0f fe 01",
	[VENDOR_SHA_ALIGNMENT] = "0f 38 c9 01",
	[VENDOR_CVTPI2PS_MEMORY] = "0f 2a 01",
	[VENDOR_PERMQ_W] = "c4 e3 7d 00 c1 1b",
	[VENDOR_PREFETCH_REGISTER] = "0f 0d c0",
	[VENDOR_PAUSE_R8] = "f3 41 90",
	[VENDOR_LOOP_REP] = "f3 e0 10",
	[VENDOR_MOVSXD_16] = "66 63 01",
	[VENDOR_LOCK_VERW] = "f0 0f 00 28",
	[VENDOR_XRSTOR_ENDS] = "0f ae 28",
	[VENDOR_FCOMI_C1] = "db f1",
};

START_TEST(rows_decide)
{
	const struct isa_cpu intel = {.vendor = CPU_VENDOR_INTEL}, amd = {.vendor = CPU_VENDOR_AMD};
	const struct isa_cpu flipped = {.vendor = CPU_VENDOR_INTEL, .other_rows = UINT32_C(1) << _i}, nobody = {0};
	struct insn insn;
	char *by_intel = describe(uses[_i], &intel, &insn);

	ck_assert_msg(insn.vendor_rows >> _i & 1, "%s: not used by %s", x86_vendor_rows[_i].name, uses[_i]);
	char *by_amd = describe(uses[_i], &amd, &insn);
	ck_assert_msg(insn.vendor_rows >> _i & 1, "%s: not used by %s", x86_vendor_rows[_i].name, uses[_i]);
	ck_assert_msg(strcmp(by_intel, by_amd) != 0, "%s makes no difference: %s", x86_vendor_rows[_i].name, by_amd);

	char *by_flipped = describe(uses[_i], &flipped, &insn), *by_nobody = describe(uses[_i], &nobody, &insn);
	ck_assert_str_ne(by_intel, by_flipped);
	ck_assert_str_eq(by_intel, by_nobody);
	free(by_intel);
	free(by_amd);
	free(by_flipped);
	free(by_nobody);
}
END_TEST

/* Of each kind, on AMD's CPUs: the length of what follows. */
START_TEST(near_branches_with_66)
{
	const struct isa_cpu amd = {.vendor = CPU_VENDOR_AMD};
	static const struct {
		const char *hex, *form;
		uint8_t len;
	} table[] = {
		{"66 c2 3c 00", "ret imm16", 4},   {"66 c3", "ret", 2},        {"66 e8 3c 00", "call rel16", 4},
		{"66 0f 84 3c 00", "je rel16", 5}, {"66 74 3c", "je rel8", 3},
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct insn insn = lift(table[i].hex, &amd);
		ck_assert_int_eq(insn.status, LIFT_DONE);
		ck_assert_str_eq(insn.form, table[i].form);
		ck_assert_uint_eq(insn.len, table[i].len);
	}
}
END_TEST

START_TEST(rows_say_what_and_where)
{
	const struct isa_vendor_row *row = &x86_vendor_rows[_i];

	ck_assert(row->what && *row->what);
	for (enum cpu_vendor v = CPU_VENDOR_INTEL; v <= CPU_VENDOR_AMD; v++) {
		ck_assert(row->says[v] && *row->says[v]);
		ck_assert_msg(row->ground == VENDOR_SEEN || *row->manual[v], "%s: no manual of %s", row->name,
			      cpu_vendor_name(v));
	}
	ck_assert_msg(row->ground != VENDOR_SEEN || !*row->manual[CPU_VENDOR_INTEL] || !*row->manual[CPU_VENDOR_AMD],
		      "%s: both manuals settle it", row->name);
}
END_TEST

/* Both lengths of a near branch's displacement. */
START_TEST(near_branches)
{
	const struct isa_cpu intel = {.vendor = CPU_VENDOR_INTEL}, amd = {.vendor = CPU_VENDOR_AMD};
	uint64_t next;

	ck_assert_uint_eq(lift("66 e9 00 10 00 00", &intel).len, 6);
	ck_assert(expr_is_const(pool, transfer_get_reg(&transfer, X86_rip), &next) && next == 0x402006);
	ck_assert_uint_eq(lift("66 e9 00 10 00 00", &amd).len, 4);
	ck_assert(expr_is_const(pool, transfer_get_reg(&transfer, X86_rip), &next) && next == 0x2004);
	ck_assert_uint_eq(lift("66 48 e9 00 10 00 00", &amd).len, 7);
	ck_assert(expr_is_const(pool, transfer_get_reg(&transfer, X86_rip), &next) && next == 0x402007);
	ck_assert_str_eq(lift("66 e9 00 f0 00 00", &amd).text, "jmp 0x4");
	ck_assert_int_eq(lift("66 0f 84 00 10", &amd).status, LIFT_DONE);
	ck_assert_int_eq(lift("66 0f 84 00 10", &intel).status, LIFT_TRUNCATED);
}
END_TEST

/* ---- Features ---- */

static const struct {
	const char *hex;
	uint8_t feature;
} needs[] = {
	{"f2 0f f0 01", X86_HAS_SSE3},
	{"66 0f 3a 44 c1 00", X86_HAS_PCLMULQDQ},
	{"0f 01 c8", X86_HAS_MONITOR},
	{"66 0f 38 00 c1", X86_HAS_SSSE3},
	{"c4 e2 f1 98 c2", X86_HAS_FMA},
	{"48 0f c7 09", X86_HAS_CMPXCHG16B},
	{"66 0f 38 40 c1", X86_HAS_SSE41},
	{"66 0f 38 37 c1", X86_HAS_SSE42},
	{"f2 0f 38 f1 c1", X86_HAS_SSE42},
	{"0f 38 f0 01", X86_HAS_MOVBE},
	{"f3 0f b8 c1", X86_HAS_POPCNT},
	{"66 0f 38 dc c1", X86_HAS_AES},
	{"0f 01 d0", X86_HAS_OSXSAVE},
	{"c5 f1 fe c2", X86_HAS_AVX},
	{"c4 e2 79 13 c1", X86_HAS_F16C},
	{"0f c7 f0", X86_HAS_RDRAND},
	{"0f ae 38", X86_HAS_CLFSH},
	{"f3 0f ae c0", X86_HAS_FSGSBASE},
	{"c4 e2 78 f3 d9", X86_HAS_BMI1},
	{"c5 f5 fe c2", X86_HAS_AVX2},
	{"c4 e2 78 f5 c1", X86_HAS_BMI2},
	{"66 0f 38 82 01", X86_HAS_INVPCID},
	{"0f 01 d6", X86_HAS_RTM},
	{"c7 f8 00 00 00 00", X86_HAS_RTM},
	{"62 f1 7d 48 ef c0", X86_HAS_AVX512F},
	{"0f c7 f8", X86_HAS_RDSEED},
	{"66 0f 38 f6 c1", X86_HAS_ADX},
	{"66 0f ae 38", X86_HAS_CLFLUSHOPT},
	{"66 0f ae 30", X86_HAS_CLWB},
	{"0f 38 c9 c1", X86_HAS_SHA},
	{"0f 01 ee", X86_HAS_OSPKE},
	{"0f 38 f6 01", X86_HAS_CET_SS},
	{"66 0f 38 cf c1", X86_HAS_GFNI},
	{"f3 0f c7 f8", X86_HAS_RDPID},
	{"c4 e2 75 dc c2", X86_HAS_VAES},
	{"c4 e3 75 44 c2 00", X86_HAS_VPCLMULQDQ},
	{"c4 e2 71 50 c2", X86_HAS_AVX_VNNI},
	{"f3 0f 2b 01", X86_HAS_SSE4A},
	{"0f 38 f9 01", X86_HAS_MOVDIRI},
	{"66 0f 38 f8 01", X86_HAS_MOVDIR64B},
	{"0f 01 e8", X86_HAS_SERIALIZE},
	{"f2 0f 01 e8", X86_HAS_TSXLDTRK},
	{"0f ae 30", X86_HAS_XSAVEOPT},
	{"0f c7 21", X86_HAS_XSAVEC},
	{"0f c7 29", X86_HAS_XSAVES},
	{"f3 0f ae e0", X86_HAS_PTWRITE},
	{"9f", X86_HAS_LAHF64},
	{"66 0f 79 c1", X86_HAS_SSE4A},
	{"c4 e3 71 49 c2 30", X86_HAS_XOP},
	{"c4 e3 f1 69 c2 30", X86_HAS_FMA4},
	{"0f 01 fa", X86_HAS_MONITORX},
	{"0f 01 f9", X86_HAS_RDTSCP},
	{"0f 0e", X86_HAS_NOW3D},
	{"0f 0f c1 bb", X86_HAS_NOW3D_EXT},
	{"0f 01 c2", X86_HAS_VMX},
	{"0f 37", X86_HAS_SMX},
	{"0f 01 d7", X86_HAS_SGX},
	{"0f 01 c5", X86_HAS_PCONFIG},
	{"f2 0f 01 ca", X86_HAS_FRED},
	{"f2 0f 00 f0", X86_HAS_LKGS},
	{"0f 01 c6", X86_HAS_WRMSRNS},
	{"f3 0f 3a f0 c0 00", X86_HAS_HRESET},
	{"f2 0f 01 c6", X86_HAS_MSRLIST},
	{"0f 38 8b 01", X86_HAS_MOVRS},
	{"0f 01 c7", X86_HAS_PBNDKB},
	{"f2 0f 38 f8 c1", X86_HAS_USER_MSR},
	{"f3 0f 01 fa", X86_HAS_MCOMMIT},
	{"0f 01 fc", X86_HAS_CLZERO},
	{"0f 01 fd", X86_HAS_RDPRU},
	{"66 0f ae f1", X86_HAS_WAITPKG},
	{"0f 78 c1", X86_HAS_VMX},             /* vmread */
	{"0f 37", X86_HAS_SMX},                /* getsec */
	{"0f 01 d7", X86_HAS_SGX},             /* enclu */
	{"0f 01 c5", X86_HAS_PCONFIG},         /* pconfig */
	{"0f 01 c6", X86_HAS_WRMSRNS},         /* wrmsrns */
	{"f2 0f 01 c6", X86_HAS_MSRLIST},      /* rdmsrlist */
	{"f3 0f 3a f0 c0 00", X86_HAS_HRESET}, /* hreset */
	{"0f 01 fe", X86_HAS_INVLPGB},         /* invlpgb */
	{"f3 0f 01 ff", X86_HAS_SNP},          /* psmash */
	{"c4 e2 75 dc c2", X86_HAS_VAES},
	{"c4 e3 75 44 c2 00", X86_HAS_VPCLMULQDQ},
	{"f3 0f 38 dc 01", X86_HAS_KL},
	{"f2 0f 38 f8 01", X86_HAS_ENQCMD},
	{"f3 0f 01 ec", X86_HAS_UINTR},
	{"c4 e2 78 49 01", X86_HAS_AMX_TILE},
	{"c4 e2 7f cc c1", X86_HAS_SHA512},
	{"c4 e2 70 da c1", X86_HAS_SM3},
	{"c4 e2 72 da c1", X86_HAS_SM4},
	{"0f 38 fc 01", X86_HAS_RAO_INT},
	{"c4 e2 71 50 c2", X86_HAS_AVX_VNNI},
	{"c4 e2 71 e0 01", X86_HAS_CMPCCXADD},
	{"c4 e2 f1 b4 c2", X86_HAS_AVX_IFMA},
	{"c4 e2 73 50 c2", X86_HAS_AVX_VNNI_INT8},
	{"c4 e2 7a b1 01", X86_HAS_AVX_NE_CONVERT},
	{"c4 e2 71 d2 c2", X86_HAS_AVX_VNNI_INT16},
	{"8f e9 78 12 c0", X86_HAS_LWP},
	{"8f e9 70 01 c8", X86_HAS_TBM},
};

START_TEST(missing_features_are_invalid_opcodes)
{
	struct isa_cpu cpu = {.vendor = CPU_VENDOR_INTEL};
	struct insn insn = lift(needs[_i].hex, &cpu);
	unsigned feature = needs[_i].feature;

	ck_assert_msg(insn.feature[0] == feature || insn.feature[1] == feature, "%s needs %s, not %s", needs[_i].hex,
		      x86_features[insn.feature[0]].name, x86_features[feature].name);
	ck_assert(insn.extension);
	ck_assert(!is_undefined());
	isa_cpu_set(&cpu, feature, false);
	insn = lift(needs[_i].hex, &cpu);
	ck_assert_int_eq(insn.status, LIFT_DONE);
	ck_assert(is_undefined());
	isa_cpu_set(&cpu, feature, true);
	lift(needs[_i].hex, &cpu);
	ck_assert(!is_undefined());
}
END_TEST

/* Those that decide within an instruction. */
static bool needs_no_instruction(unsigned feature)
{
	switch (feature) {
	case X86_HAS_LZCNT:    /* lift_test: without it another instruction */
	case X86_HAS_WBNOINVD: /* likewise */
	case X86_HAS_ALT_MOV_CR8:
	case X86_HAS_MISALIGNED_SSE:
	case X86_HAS_X87_POINTERS:
	case X86_HAS_NULL_CLEARS_BASE: return true;
	default: return false;
	}
}

START_TEST(each_feature_is_needed)
{
	for (unsigned f = 1; f < X86_NUM_FEATURES; f++) {
		bool needed = needs_no_instruction(f);
		for (size_t i = 0; i < sizeof needs / sizeof *needs; i++)
			needed |= needs[i].feature == f;
		ck_assert_msg(needed, "nothing needs %s", x86_features[f].name);
	}
}
END_TEST

/* ---- CPUID ---- */

static const uint32_t intel_name[4] = {0xd, 0x756e6547, 0x6c65746e, 0x49656e69};
static const uint32_t amd_name[4] = {0xd, 0x68747541, 0x444d4163, 0x69746e65};

START_TEST(cpuid_names_the_vendor)
{
	struct isa_cpu cpu = {0};

	ck_assert(x86_cpu_observe(&cpu, 0, 0, amd_name));
	ck_assert_int_eq(cpu.vendor, CPU_VENDOR_AMD);
	ck_assert(!x86_cpu_observe(&cpu, 0, 0, amd_name));
	ck_assert(x86_cpu_observe(&cpu, 0, 0, intel_name));
	ck_assert_int_eq(cpu.vendor, CPU_VENDOR_INTEL);
	cpu = (struct isa_cpu){.vendor = CPU_VENDOR_AMD, .told = true};
	x86_cpu_observe(&cpu, 0, 0, intel_name);
	ck_assert_int_eq(cpu.vendor, CPU_VENDOR_AMD);
}
END_TEST

/* What is beyond the last leaf is not there, whatever CPUID answers. */
START_TEST(leaves_end)
{
	const uint32_t ones[4] = {UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX};
	struct isa_cpu cpu = {0};

	ck_assert(!isa_cpu_knows(&cpu, X86_HAS_PTWRITE) && isa_cpu_has(&cpu, X86_HAS_PTWRITE));
	x86_cpu_observe(&cpu, 0, 0, intel_name);
	ck_assert(isa_cpu_knows(&cpu, X86_HAS_PTWRITE) && !isa_cpu_has(&cpu, X86_HAS_PTWRITE));
	ck_assert(!isa_cpu_knows(&cpu, X86_HAS_AVX2));
	ck_assert(!x86_cpu_observe(&cpu, 0x14, 0, ones));
	ck_assert(!isa_cpu_has(&cpu, X86_HAS_PTWRITE));
	ck_assert(x86_cpu_observe(&cpu, 7, 0, ones));
	ck_assert(isa_cpu_knows(&cpu, X86_HAS_AVX2) && isa_cpu_has(&cpu, X86_HAS_AVX2));
	ck_assert(!x86_cpu_observe(&cpu, 7, 2, ones));
}
END_TEST

static Suite *cpu_suite(void)
{
	Suite *suite = suite_create("x86_64 processors");
	TCase *tables = tcase_create("tables");

	tcase_add_checked_fixture(tables, setup, teardown);
	tcase_add_loop_test(tables, rows_decide, 0, X86_NUM_VENDOR_ROWS);
	tcase_add_test(tables, near_branches_with_66);
	tcase_add_loop_test(tables, rows_say_what_and_where, 0, X86_NUM_VENDOR_ROWS);
	tcase_add_test(tables, near_branches);
	tcase_add_loop_test(tables, missing_features_are_invalid_opcodes, 0, sizeof needs / sizeof *needs);
	tcase_add_test(tables, each_feature_is_needed);
	tcase_add_test(tables, cpuid_names_the_vendor);
	tcase_add_test(tables, leaves_end);
	suite_add_tcase(suite, tables);
	return suite;
}

int main(void)
{
	return test_main(cpu_suite());
}
