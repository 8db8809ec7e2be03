/* Targets that do what CPUs of one maker or the other do, judged as either's and as nobody's. */
#include <signal.h>

#include "lib/lockstep/lockstep.h"
#include "lib/testing/assert.h"
#include "lib/testing/fake.h"
#include "lib/testing/logs.h"
#include "lib/testing/scratch.h"

/*
 * 401000  mov rax, 0x1122334455667788
 * 40100a  xor ecx, ecx
 * 40100c  bsf eax, ecx                     AMD: rax stays
 * 40100f  mov dword [rsp - 16], 0x12345678
 * 401017  mov word [rsp - 12], 0x2b
 * 40101e  mov word [rsp - 10], 0x1abc
 * 401025  mov word [rsp - 8], 0x2b
 * 40102c  lfs rax, [rsp - 16], REX.W       AMD: 32 bits of offset
 * 401032  popcnt eax, ecx
 * 401036  mov edi, 0
 * 40103b  mov eax, 231
 * 401040  syscall                          exit_group(0)
 */
static const uint8_t program[] = {
	0x48, 0xb8, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 0x31, 0xc9, 0x0f, 0xbc, 0xc1, 0xc7, 0x44,
	0x24, 0xf0, 0x78, 0x56, 0x34, 0x12, 0x66, 0xc7, 0x44, 0x24, 0xf4, 0x2b, 0x00, 0x66, 0xc7, 0x44, 0x24,
	0xf6, 0xbc, 0x1a, 0x66, 0xc7, 0x44, 0x24, 0xf8, 0x2b, 0x00, 0x48, 0x0f, 0xb4, 0x44, 0x24, 0xf0, 0xf3,
	0x0f, 0xb8, 0xc1, 0xbf, 0x00, 0x00, 0x00, 0x00, 0xb8, 0xe7, 0x00, 0x00, 0x00, 0x0f, 0x05,
};
enum { PC_BSF = 0x40100c, PC_POPCNT = 0x401032, PC_SYSCALL = 0x401040 };

static char log_path[SCRATCH_PATH_LEN];
static const struct isa *isa;

static void setup(void)
{
	isa = isa_by_name("x86_64");
	scratch_setup();
	scratch_path("run.json", log_path);
	log_of_exit(log_path, "x86_64", 231, PC_SYSCALL);
}

static void judge(const struct isa_cpu *cpu, int (*damage)(struct fake *, uint64_t), enum cpu_vendor told, size_t ahead,
		  struct run *ret)
{
	struct fake *f = fake_create(isa, program, sizeof program, ahead);
	const struct lockstep_options options = {.judge.vendor = told, .judge.fail_on = SEVERITY_MODEL};

	lift_cache_set_cpu(f->cache, cpu);
	f->damage = damage;
	log_judge(log_path, &f->base, &f->regs, &options, ret);
	target_destroy(&f->base);
}

static size_t of_severity(const struct run *r, enum severity severity)
{
	size_t n = 0;

	for (size_t i = 0; i < r->findings.list.len; i++)
		n += r->findings.list.at[i].severity == severity;
	return n;
}

static const size_t aheads[] = {1, 4, 64};
enum { NUM_AHEADS = sizeof aheads / sizeof *aheads };

/* ---- Makers ---- */

static const struct {
	enum cpu_vendor is, told;
	size_t findings;
	uint64_t either;
} makers[] = {
	{CPU_VENDOR_INTEL, CPU_VENDOR_INTEL, 0, 0},
	{CPU_VENDOR_AMD, CPU_VENDOR_AMD, 0, 0},
	{CPU_VENDOR_INTEL, CPU_VENDOR_AMD, 2, 0},
	{CPU_VENDOR_AMD, CPU_VENDOR_INTEL, 1, 0}, /* of BSF, Intel's manual leaves all open */
	{CPU_VENDOR_INTEL, CPU_VENDOR_UNKNOWN, 0, 0},
	{CPU_VENDOR_AMD, CPU_VENDOR_UNKNOWN, 0, 1},
};

START_TEST(makers_are_told_apart)
{
	const struct isa_cpu cpu = {.vendor = makers[_i].is};

	for (size_t i = 0; i < NUM_AHEADS; i++) {
		struct run r = {0};
		judge(&cpu, NULL, makers[_i].told, aheads[i], &r);
		ck_assert_uint_eq(r.findings.list.len, makers[_i].findings);
		ck_assert_uint_eq(of_severity(&r, SEVERITY_VENDOR), makers[_i].findings);
		ck_assert_uint_eq(r.either, makers[_i].either);
		ck_assert_int_eq(r.vendor, makers[_i].told);
		ck_assert(r.exited && !r.error);
		run_deinit(&r);
	}
}
END_TEST

START_TEST(a_finding_names_the_row)
{
	const struct isa_cpu cpu = {.vendor = CPU_VENDOR_INTEL};
	struct run r = {0};

	judge(&cpu, NULL, CPU_VENDOR_AMD, 1, &r);
	ck_assert_str_eq(
		r.findings.list.at[1].opinion,
		"does what Intel's manual allows (far pointer in memory with REX.W: the offset has 64 bits; SDM "
		"vol. 2, CALL, JMP, LDS/LES/LFS/LGS/LSS); the guest's CPU is AMD's, as --vendor says");
	run_deinit(&r);
}
END_TEST

static int wrong_scan(struct fake *f, uint64_t pc)
{
	if (pc == PC_BSF)
		fake_set(f, "rax", 5);
	if (pc == PC_BSF + 3)
		fake_set(f, "rbx", 5);
	return 0;
}

/* What no maker's CPU does is wrong by any manual; where one leaves all open, nothing is. */
START_TEST(what_no_cpu_does_is_wrong)
{
	const struct isa_cpu cpu = {.vendor = CPU_VENDOR_AMD};
	struct run r = {0};

	judge(&cpu, wrong_scan, CPU_VENDOR_AMD, aheads[_i], &r);
	ck_assert_uint_eq(r.findings.list.len, 2);
	ck_assert_int_eq(r.findings.list.at[0].severity, SEVERITY_VENDOR);
	ck_assert_int_eq(r.findings.list.at[1].severity, SEVERITY_MODEL);
	run_deinit(&r);
}
END_TEST

/* ---- Features ---- */

static int refuse_popcnt(struct fake *f, uint64_t pc)
{
	if (pc != PC_POPCNT)
		return 0;
	fake_set(f, "rip", PC_POPCNT);
	return SIGILL;
}

/* Nobody knows whether the CPU has it: to refuse it is right, and so is to execute it. */
START_TEST(unknown_features_may_be_missing)
{
	const struct isa_cpu cpu = {.vendor = CPU_VENDOR_INTEL};
	struct run r = {0};

	judge(&cpu, refuse_popcnt, CPU_VENDOR_INTEL, aheads[_i], &r);
	ck_assert_uint_eq(r.findings.list.len, 0);
	ck_assert_uint_eq(r.either, 1);
	ck_assert(error_is(r.error, ERROR_LOST_SYNC));
	run_deinit(&r);
}
END_TEST

static Suite *othercpu_suite(void)
{
	Suite *s = suite_create("other CPUs");
	TCase *c = tcase_create("fake");

	tcase_add_checked_fixture(c, setup, scratch_teardown);
	tcase_add_loop_test(c, makers_are_told_apart, 0, sizeof makers / sizeof *makers);
	tcase_add_test(c, a_finding_names_the_row);
	tcase_add_loop_test(c, what_no_cpu_does_is_wrong, 0, NUM_AHEADS);
	tcase_add_loop_test(c, unknown_features_may_be_missing, 0, NUM_AHEADS);
	suite_add_tcase(s, c);
	return s;
}

int main(void)
{
	return test_main(othercpu_suite());
}
