/*
 * The models of x86-64 against this CPU: a table of encodings that must be modelled, each from many states, and a walk
 * over the variants of the opcode table's rows, each from a few.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "lib/base/codec.h"
#include "lib/base/rng.h"
#include "lib/oracle/selftest.h"
#include "lib/testing/assert.h"
#include "lib/testing/native.h"

/* Slices: prime, so that each has a share of all kinds of variants. */
enum { TABLE_CASES = 64, MAX_SEEDS = 4, WALK_CASES = 4, WALK_SLICES = 17, TIMEOUT_S = 120 };

static const uint64_t seed = 1;

static const struct isa *isa;
static struct oracle *oracle;
static struct selftest *test;

/* Of all slices; they run in processes of their own. */
static struct totals {
	unsigned modelled, unmodelled, executed, passed, failed, skipped, left_open, with_memory, faulted;
} * totals;

static void setup(void)
{
	ck_no_error(oracle_create_native(isa, &oracle));
	ck_no_error(selftest_create(isa, oracle, &test));
}

static void teardown(void)
{
	selftest_destroy(test);
	oracle_destroy(oracle);
}

/* Encodings with operands in registers and in memory, by family. */
/* clang-format off */
static const char *const table[] = {
	/* add to cmp: registers of all widths, high bytes, memory, immediates, lock */
	"00d8", "00fc", "4400c0", "6601d8", "01d8", "4c01c0", "0003", "480103", "0303", "480383e8ffffff", "0405",
	"48057fffffff", "10e5", "4811d8", "1903", "4829d8", "664583d8ff", "83d0ff", "4883d8ff", "48813b00000080",
	"38e0", "4839d8", "f0480103", "f0830bff", "20e5", "0903", "4831db", "f7c3000000f0", "85c0", "a8ff", "fec0",
	"48ffc8", "fe03", "66ff0b", "f6db", "48f71b", "f0f613", "f7d0", "f20f38f0c3", "660f38f6c3", "f3480f38f6c3",
	/* shifts and rotates: by 1, by an immediate, by cl; double shifts */
	"d0e0", "d1f8", "48d1e8", "66c1e011", "c0c809", "c0d009", "66c1d811", "48c1e03f", "48d3e0", "66d3c0",
	"d2d8", "d31b", "48d303", "0fa4d805", "480fa5d8", "660facd811", "0fad03", "c4e279f7c1", "c4e2e2f7c1",
	"c4e3fbf0c33f",
	/* multiplication, division */
	"f6e3", "66f7e3", "f7e3", "48f7e3", "f6eb", "48f72b", "0fafc3", "486bc3f0", "6669c334f2", "f6f3", "66f7f3",
	"f7f3", "48f7f3", "f6fb", "f7fb", "48f7fb", "48f73b", "c4e2e3f6c1",
	/* moves, extensions, exchanges, atomics */
	"88e0", "8903", "488b03", "c60312", "48c7c0ffffffff", "48b8f0debc9a78563412", "b4ff", "0fb6c4", "660fbec3",
	"480fb703", "4863c3", "0fbf03", "86e0", "4887d8", "8703", "90", "0fc8", "480fcb", "0f38f003", "660f38f103",
	"0fb0cb", "480fb10b", "f0440fb103", "0fc70b", "480fc70b", "0fc0d8", "f0480fc103", "488d44cb10", "67668d03",
	"98", "4898", "99", "4899",
	/* bits */
	"0fa3d8", "480fab03", "660fb303", "f00fbb03", "480fbae03f", "0fba2b1f", "f00fba3307", "0fbcc3", "660fbdc3",
	"f30fbcc3", "f3480fbd03", "f30fb8c3", "c4e260f2c1", "c4e278f3db", "c4e278f3d3", "c4e278f3cb", "c4e270f7c3",
	"c4e2f0f5c3", "c4e2e3f5c1", "c4e2e2f5c1",
	/* control */
	"eb10", "e900100000", "7410", "0f8f00ffffff", "e310", "67e310", "e2f0", "e1f0", "ffe0", "ff23",
	"e800000000", "ffd0", "c3", "c20800", "c9", "0f94c0", "0f9c03", "480f4ec3", "0f4703",
	/* stack */
	"50", "4154", "6650", "6aff", "6800000080", "ff33", "58", "8f03", "8f0424", "9c", "9d", "669c", "c8100000",
	"c8100003", "54", "5c",
	/* strings */
	"a4", "48a5", "66a5", "aa", "48ab", "ac", "a6", "67a7", "ae", "f3a4", "f348a5", "f3aa", "f3a6", "f2ae",
	"f3ac",
	/* flags */
	"f8", "f9", "f5", "fc", "fd", "9e", "9f",
	/* faults */
	"0f0b", "cc",
	/* vector moves: aligned or not, parts, halves, masks, broadcasts */
	"660f6fc3", "660f6f03", "f30f7f03", "0f2903", "0f2803", "f20ff003", "660fe703", "660f382a03", "480fc303",
	"f30f10c3", "f30f1003", "f20f1103", "0f12c3", "0f16c3", "660f1603", "0f1303", "f20f1203", "f30f16c3",
	"f30f1203", "0f50c3", "660fd7c3", "660f6ec0", "66480f7e03", "660fd603", "660ff7d3", "c5fd6f03", "c5fe7f03",
	"c5f96ec0", "c5ea10c3", "c5e816c3", "c5ff1203", "c5fdd7c3", "c4e27d7803", "c4e27d1a03", "c4e27d5a03", "c4e2658c03",
	"c4e2658e03", "c4e2e18e03", "c5f877", "c5fc77",
	/* vector integers and logic */
	"660fefc3", "660ffcc3", "660fd9c3", "660fd4c3", "660f381cc3", "660f380ac3", "660fdfc3", "660f73d305", "660fe103",
	"660f3817c3", "c5e5fc03", "c5e5e103", "c5e571e303", "c4e27d1703", "c4e27d0e03", "c4e26547c3", "c4e26546c3",
	"660ff4c3", "660f3828c3", "660ff503", "660f3804c3", "660f380b03", "660f3801c3", "660f3807c3", "660ff6c3",
	"660f3841c3", "660f3a42c31d", "c5e5f6c3", "c4e36542c32b", "c4e2650503",
	/* vector shuffles, blends, widths, insertions */
	"660f70c31b", "f20f70c31b", "f30f70031b", "0fc6c3b1", "660fc6c301", "660f60c3", "660f6dc3", "660f3800c3",
	"660f3a0fc305", "660f73fb03", "660f63c3", "660f382b03", "660f67c3", "660f3a0ec3a5", "660f3810c3", "660f381403",
	"660f3830c3", "660f382203", "660f382503", "660f3a21c39d", "660f3a21039d", "660f3a20c005", "660fc4c005",
	"66480f3a220301", "660f3a140303", "660f3a17c002", "660fc5c302", "c5fd70c31b", "c5e5c6c3a5", "c4e3650fc305",
	"c5dd73fb03", "c5e56303", "c4e3650ec3a5", "c4e3654cc340", "c4e3654a0340", "c4e36502c35a", "c4e2650003",
	"c4e27d2103", "c4e36546c331", "c4e365380301", "c4e37d39c301", "c4e3fd00c31b", "c4e26536c3", "c4e37d04c31b",
	"c4e2650dc3", "c4e37d05c30a",
	/* vector strings: each aggregation, polarity, format and result */
	"660f3a63c30c", "660f3a63c300", "660f3a63c314", "660f3a63c34a", "660f3a63c33d", "660f3a62c344", "660f3a620339",
	"660f3a61c30f", "66480f3a61c318", "660f3a61c376", "660f3a60c303", "660f3a600359", "c4e37963c30c", "c4e37960c345",
	/* ciphers and hashes */
	"660f38dcc3", "660f38dd03", "660f38dec3", "660f38df03", "660f38db03", "660f3adfc31b", "660f3a44c310", "660f3a4403ef",
	"c4e261dcc3", "0f38c8c3", "0f38c903", "0f38cac3", "0f3accc300", "0f3accc301", "0f3acc0302", "0f38cbc3", "0f38ccc3",
	"0f38cdc3", "660f38cbc3",
	/* vector state */
	"0fae13", "0fae1b", "0fae03", "0fae0b", "480fae03", "c5f8ae1b", "660fae1b", "66c5f96fc3", "c4e2f978c3",
};
/* clang-format on */

START_TEST(encodings)
{
	struct strbuf text = {0};
	struct selftest_result result;
	uint8_t bytes[ISA_MAX_INSN_LEN];
	char hex[2 * ISA_MAX_INSN_LEN + 1] = "";
	size_t len = 0;

	for (const char *c = table[_i]; *c; c++) {
		if (*c != ' ')
			hex[len++] = *c;
	}
	ck_assert(codec_decode_hex(hex, len, bytes));
	/* By some seeds alignment is checked, which leaves most accesses of vectors open: others follow then. */
	unsigned tries = 0;
	do {
		ck_no_error(selftest_insn(test, bytes, len / 2, TABLE_CASES, seed + (tries << 8), &text, &result));
		ck_assert_msg(result.insn.status == LIFT_DONE, "%s (%s) has no model", hex, result.insn.text);
		ck_assert_uint_eq(result.insn.len, len / 2);
		ck_assert_msg(result.failed == 0, "%u of %u cases fail; the first:\n%s", result.failed, TABLE_CASES,
			      strbuf_text(&text));
	} while (result.skipped > TABLE_CASES / 16 && ++tries < MAX_SEEDS);
	/* Of two operands that both fault the model says not which is the first. */
	ck_assert_uint_eq(result.passed + result.left_open + result.skipped, TABLE_CASES);
	ck_assert_uint_le(result.skipped, TABLE_CASES / 16);
	ck_assert_uint_gt(result.passed, 0);
	strbuf_deinit(&text);
}
END_TEST

static void count(const struct selftest_result *r)
{
	totals->modelled += r->insn.status == LIFT_DONE;
	totals->unmodelled += r->insn.status == LIFT_UNMODELLED;
	totals->executed += r->executes;
	totals->passed += r->passed;
	totals->failed += r->failed;
	totals->skipped += r->skipped;
	totals->left_open += r->left_open;
	totals->with_memory += r->with_memory;
	totals->faulted += r->faulted;
}

START_TEST(variants)
{
	enum { MAX_TEXT = 4096 };
	struct strbuf text = {0};
	unsigned failed = 0;

	for (size_t variant = (size_t)_i; variant < isa->variants->count(); variant += WALK_SLICES) {
		struct rng rng = {.state = hash_u64(seed) + variant};
		uint8_t bytes[ISA_MAX_INSN_LEN];
		struct selftest_result result;

		if (!isa->variants->make(variant, &rng, SELFTEST_LOW_WINDOW, bytes))
			continue;
		ck_no_error(selftest_insn(test, bytes, sizeof bytes, WALK_CASES, rng_next(&rng),
					  text.len < MAX_TEXT ? &text : NULL, &result));
		count(&result);
		failed += result.failed > 0;
	}
	ck_assert_msg(failed == 0, "%u encodings fail; the first:\n%s", failed, strbuf_text(&text));
	strbuf_deinit(&text);
}
END_TEST

static Suite *x86_64_suite(void)
{
	Suite *s = suite_create("x86_64 against this CPU");
	TCase *c = tcase_create("encodings"), *walk = tcase_create("walk");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_loop_test(c, encodings, 0, sizeof table / sizeof *table);
	tcase_add_checked_fixture(walk, setup, teardown);
	tcase_set_timeout(walk, TIMEOUT_S);
	tcase_add_loop_test(walk, variants, 0, WALK_SLICES);
	suite_add_tcase(s, c);
	suite_add_tcase(s, walk);
	return s;
}

/* Is this a CPU with the extensions that the encodings use? Others refuse instructions that are right. */
static bool is_described(const char **ret_missing)
{
	static const char *const words[] = {" sse4_2 ", " popcnt ", " abm ",    " movbe ", " bmi1 ",      " bmi2 ",
					    " adx ",    " avx2 ",   " rdrand ", " aes ",   " pclmulqdq ", " sha_ni "};
	char text[16384];
	FILE *f = fopen("/proc/cpuinfo", "re");
	size_t len = f ? fread(text, 1, sizeof text - 1, f) : 0;

	if (f)
		fclose(f);
	text[len] = '\0';
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		*ret_missing = words[i];
		if (!strstr(text, words[i]))
			return false;
	}
	return true;
}

int main(void)
{
	const char *missing;
	int status;

	isa = test_native_isa("x86_64", "x86_64_test", &status);
	if (!isa)
		return status;
	if (!is_described(&missing)) {
		printf("x86_64_test: the models cannot be held against this CPU: no \"%s\"\n", missing);
		return TEST_SKIP;
	}

	totals = mmap(NULL, sizeof *totals, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (totals == MAP_FAILED)
		return EXIT_FAILURE;
	status = test_main(x86_64_suite());
	printf("walk: %u variants modelled, %u not (the CPU executes %u of them); %u cases passed (%u with memory, %u faults), "
	       "%u failed, %u skipped, %u left open\n",
	       totals->modelled, totals->unmodelled, totals->executed, totals->passed, totals->with_memory,
	       totals->faulted, totals->failed, totals->skipped, totals->left_open);
	return status;
}
