/* What XSAVE and its kin do with components that the model does not have: where CPUID says that they lie. */
#include "arch/x86_64/x86_64.h"
#include "lib/lift/lift.h"
#include "lib/testing/assert.h"

enum { AREA = 0x10000, MPX = 0x18, PKRU = 0x200, AVX512 = 0xe0, AMX = 0x60000 };

static const uint8_t xsave[] = {0x0f, 0xae, 0x27}, xsavec[] = {0x0f, 0xc7, 0x27}, xrstor[] = {0x0f, 0xae, 0x2f};

static struct lift_cache *cache;
static struct eval eval;
static uint64_t *value, *unknown;
static struct {
	uint64_t address;
	unsigned len;
} loads[64];
static size_t num_loads;

static void setup(void)
{
	ck_no_error(lift_cache_create(&isa_x86_64, 0, &cache));
	value = calloc(isa_x86_64.num_words, sizeof *value);
	unknown = calloc(isa_x86_64.num_words, sizeof *unknown);
	ck_assert(value && unknown);
}

static void teardown(void)
{
	eval_deinit(&eval);
	lift_cache_destroy(cache);
	free(value);
	free(unknown);
}

/* CPUID.(EAX=0DH) of processors, a row each: subleaf, EAX, EBX, ECX. */
struct leaf {
	uint32_t subleaf, eax, ebx, ecx;
};

/* QEMU's CPU "max", and one of AMD's without AVX-512, where PKRU comes right behind AVX. */
static const struct leaf qemu[] = {{0, 0x21f, 0xa88, 0xa88},
				   {3, 0x40, 0x3c0, 0},
				   {4, 0x40, 0x400, 0},
				   {9, 8, 0xa80, 0}};
static const struct leaf amd[] = {{0, 0x207, 0x348, 0x348}, {9, 8, 0x340, 0}};
/* AVX-512 and AMX, of which the system has enabled the former alone; the third part of AVX-512 is aligned. */
static const struct leaf intel[] = {{0, 0x600e7, 0xa80, 0x2b00}, {5, 0x40, 0x440, 0},  {6, 0x200, 0x480, 0},
				    {7, 0x400, 0x680, 2},        {17, 0x40, 0xac0, 2}, {18, 0x2000, 0xb00, 6}};
#define TELL(leaves) tell(leaves, sizeof(leaves) / sizeof *(leaves))

static void tell(const struct leaf *leaves, size_t num)
{
	struct isa_cpu cpu = *lift_cache_cpu(cache);

	for (size_t i = 0; i < num; i++) {
		const uint32_t reg[4] = {leaves[i].eax, leaves[i].ebx, leaves[i].ecx, 0};
		ck_assert(x86_cpu_observe(&cpu, 0xd, leaves[i].subleaf, reg));
		ck_assert(!x86_cpu_observe(&cpu, 0xd, leaves[i].subleaf, reg));
	}
	lift_cache_set_cpu(cache, &cpu);
}

static void tell_xcr0(uint64_t enabled)
{
	struct isa_cpu cpu = *lift_cache_cpu(cache);

	ck_assert(!x86_cpu_observe_xcr(&cpu, 1, enabled));
	ck_assert(x86_cpu_observe_xcr(&cpu, 0, enabled));
	ck_assert(!x86_cpu_observe_xcr(&cpu, 0, enabled));
	lift_cache_set_cpu(cache, &cpu);
}

static enum mem_result load(void *ctx, uint64_t address, unsigned len, uint8_t *ret, uint8_t *ret_unknown)
{
	(void)ctx;
	ck_assert_uint_lt(num_loads, sizeof loads / sizeof *loads);
	loads[num_loads].address = address;
	loads[num_loads++].len = len;
	memset(ret, 0, len);
	memset(ret_unknown, 0, len);
	return MEM_OK;
}

/* With the area at `at`, of these components. */
static enum eval_status run(const uint8_t insn[3], uint64_t at, uint64_t asked)
{
	const struct eval_memory memory = {.load = load};
	struct lifted *lifted;

	ck_no_error(lift_cache_get(cache, 0x1000, insn, 3, &lifted));
	ck_assert_ptr_nonnull(lifted->prog);
	value[isa_x86_64.regs[X86_rdi].word] = at;
	value[isa_x86_64.regs[X86_rax].word] = (uint32_t)asked;
	value[isa_x86_64.regs[X86_rdx].word] = asked >> 32;
	num_loads = 0;
	ck_no_error(prog_run(lifted->prog, value, unknown, &memory, &eval));
	return eval.status;
}

/* Bytes of the area that are stored, and all of whose bits are the guest's to decide. */
static unsigned open_from(unsigned from, unsigned to)
{
	unsigned n = 0;

	for (size_t i = 0; i < eval.num_stores; i++) {
		const struct eval_store *s = &eval.stores[i];
		for (unsigned k = 0; k < s->len; k++) {
			uint64_t at = s->address + k - AREA;
			n += s->masked && s->mask[k] == 0xff && at >= from && at < to;
		}
	}
	return n;
}

static uint64_t header_mask(void)
{
	uint64_t ret = 0;

	for (size_t i = 0; i < eval.num_stores; i++)
		if (eval.stores[i].address == AREA + 512)
			memcpy(&ret, eval.stores[i].mask, sizeof ret);
	return ret;
}

static uint64_t end_of_stores(void)
{
	uint64_t end = 0;

	for (size_t i = 0; i < eval.num_stores; i++)
		if (eval.stores[i].address + eval.stores[i].len > end)
			end = eval.stores[i].address + eval.stores[i].len;
	return end - AREA;
}

START_TEST(standard_format)
{
	TELL(qemu);
	ck_assert_int_eq(run(xsave, AREA, 7 | MPX | PKRU), EVAL_DONE);
	ck_assert_uint_eq(open_from(0x340, 0x1000), 0x88);
	ck_assert_uint_eq(open_from(0x3c0, 0x440), 0x80);
	ck_assert_uint_eq(open_from(0xa80, 0xa88), 8);
	ck_assert_uint_eq(end_of_stores(), 0xa88);
	ck_assert_uint_eq(header_mask(), 7 | MPX | PKRU);
	ck_assert_int_eq(run(xsave, AREA, 7 | 8), EVAL_DONE);
	ck_assert_uint_eq(end_of_stores(), 0x400);
	ck_assert_uint_eq(header_mask(), 7 | 8);
	/* What the CPU does not have is not saved. */
	ck_assert_int_eq(run(xsave, AREA, 7 | AVX512), EVAL_DONE);
	ck_assert_uint_eq(end_of_stores(), 0x340);
	ck_assert_uint_eq(header_mask(), 7);
}
END_TEST

START_TEST(offsets_differ)
{
	TELL(amd);
	ck_assert_int_eq(run(xsave, AREA, UINT64_MAX), EVAL_DONE);
	ck_assert_uint_eq(open_from(0x340, 0x348), 8);
	ck_assert_uint_eq(end_of_stores(), 0x348);
	ck_assert_uint_eq(header_mask(), 7 | PKRU);
}
END_TEST

/* Of a CPU that has told nothing, or not where a component lies, nothing is predicted if that is asked for. */
START_TEST(unknown_places)
{
	static const struct leaf alone[] = {{0, 0x21f, 0xa88, 0xa88}};

	ck_assert_int_eq(run(xsave, AREA, 7), EVAL_DONE);
	ck_assert_int_eq(run(xsave, AREA, 7 | MPX), EVAL_UNKNOWN);
	TELL(alone);
	ck_assert_int_eq(run(xsave, AREA, 7 | MPX), EVAL_UNKNOWN);
	ck_assert_int_eq(run(xsave, AREA, 7 | AVX512), EVAL_DONE);
}
END_TEST

/* All of AVX-512 takes more stores than a plan once had reads; AMX lies beyond what the system has enabled. */
START_TEST(enabled_size)
{
	TELL(intel);
	ck_assert_int_eq(run(xsave, AREA, UINT64_MAX), EVAL_DONE);
	ck_assert_uint_eq(end_of_stores(), 0xa80);
	ck_assert_uint_eq(header_mask(), 7 | AVX512);
	ck_assert_uint_le(eval.num_stores, 48);
	tell_xcr0(7 | AVX512 | AMX);
	ck_assert_int_eq(run(xsave, AREA, 7 | AMX), EVAL_UNKNOWN);
	ck_assert_int_eq(run(xsave, AREA, 7 | 0x20000), EVAL_DONE);
	ck_assert_uint_eq(open_from(0xac0, 0xb00), 0x40);
}
END_TEST

START_TEST(compacted_format)
{
	TELL(intel);
	ck_assert_int_eq(run(xsavec, AREA, 7), EVAL_DONE);
	ck_assert_int_eq(run(xsavec, AREA, 7 | AVX512), EVAL_UNKNOWN); /* are these enabled? */
	tell_xcr0(7 | AVX512);
	ck_assert_int_eq(run(xsavec, AREA, 7 | AVX512), EVAL_DONE);
	ck_assert_uint_eq(end_of_stores(), 576 + 256 + 0x40 + 0x200 + 0x400);
	ck_assert_int_eq(run(xsavec, AREA, 3 | 0xc0), EVAL_DONE);
	ck_assert_uint_eq(end_of_stores(), 576 + 0x200 + 0x400);
	TELL(qemu);
	tell_xcr0(0x21f);
	ck_assert_int_eq(run(xsavec, AREA, 1 | 8 | PKRU), EVAL_DONE);
	ck_assert_uint_eq(open_from(576, 576 + 0x48), 0x48);
	ck_assert_uint_eq(end_of_stores(), 576 + 0x48);
}
END_TEST

/* PKRU, and behind its 8 bytes what is aligned to 64. */
START_TEST(compacted_alignment)
{
	static const struct leaf aligned[] = {{0, 0x20207, 0xac0, 0xac0}, {9, 8, 0x340, 0}, {17, 0x40, 0x380, 2}};

	TELL(aligned);
	tell_xcr0(0x20207);
	ck_assert_int_eq(run(xsavec, AREA, 1 | PKRU | 0x20000), EVAL_DONE);
	ck_assert_uint_eq(open_from(576, 576 + 8), 8);
	ck_assert_uint_eq(open_from(576 + 8, 576 + 64), 0);
	ck_assert_uint_eq(open_from(576 + 64, 576 + 128), 64);
}
END_TEST

/* To restore them changes nothing that the model has; AMD's CPUs read the last byte of what is asked for. */
START_TEST(restoring)
{
	enum { AT_END_OF_PAGE = 0x10fc0 };
	struct isa_cpu cpu;

	TELL(qemu);
	for (enum cpu_vendor vendor = CPU_VENDOR_INTEL; vendor <= CPU_VENDOR_AMD; vendor++) {
		bool last = false, avx = false;
		cpu = *lift_cache_cpu(cache);
		cpu.vendor = vendor;
		lift_cache_set_cpu(cache, &cpu);
		ck_assert_int_eq(run(xrstor, AT_END_OF_PAGE, MPX | PKRU), EVAL_DONE);
		for (size_t i = 0; i < num_loads; i++)
			last |= loads[i].address == AT_END_OF_PAGE + 0xa87 && loads[i].len == 1;
		ck_assert_int_eq(last, vendor == CPU_VENDOR_AMD);
		ck_assert_int_eq(run(xrstor, AT_END_OF_PAGE, 7), EVAL_DONE);
		for (size_t i = 0; i < num_loads; i++)
			avx |= loads[i].address == AT_END_OF_PAGE + 831 && loads[i].len == 1;
		ck_assert_int_eq(avx, vendor == CPU_VENDOR_AMD);
	}
	ck_assert_uint_eq(eval.num_stores, 0);
}
END_TEST

/* XGETBV tells of XCR0, whenever it is executed. */
START_TEST(xgetbv_tells)
{
	static const uint8_t xgetbv[] = {0x0f, 0x01, 0xd0};
	uint64_t *after = calloc(isa_x86_64.num_words, sizeof *after);
	struct lifted *lifted;

	ck_no_error(lift_cache_get(cache, 0x1000, xgetbv, sizeof xgetbv, &lifted));
	ck_assert(lifted->env);
	after[isa_x86_64.regs[X86_rax].word] = 0x21f;
	ck_assert(lift_cache_observe(cache, lifted, value, after));
	ck_assert(!lift_cache_observe(cache, lifted, value, after));
	ck_assert(lift_cache_cpu(cache)->have_enabled);
	ck_assert_uint_eq(lift_cache_cpu(cache)->enabled, 0x21f);
	free(after);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("x86_64 XSAVE");
	TCase *tc = tcase_create("components");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, standard_format);
	tcase_add_test(tc, offsets_differ);
	tcase_add_test(tc, unknown_places);
	tcase_add_test(tc, enabled_size);
	tcase_add_test(tc, compacted_format);
	tcase_add_test(tc, compacted_alignment);
	tcase_add_test(tc, restoring);
	tcase_add_test(tc, xgetbv_tells);
	suite_add_tcase(suite, tc);
	return test_main(suite);
}
