/* Cases that are run at once end as they do one by one; what cannot be run so is left to oracle_run(). */
#include <string.h>

#include "lib/base/codec.h"
#include "lib/base/rng.h"
#include "lib/oracle/oracle.h"
#include "lib/state/memory.h"
#include "lib/testing/assert.h"
#include "lib/testing/native.h"
#include "lib/testing/regs.h"

enum { NUM = ORACLE_MAX_MANY, DATA_PAGES = 2 };

static const uint64_t code_page = 0x401000, code_at = 0x401800, data_at = 0x7fff12345000;

static const struct isa *isa;
static struct oracle *oracle;
static struct state before[NUM];
static struct oracle_outcome many, one;
static uint8_t code[MEMORY_PAGE], data[NUM][DATA_PAGES][MEMORY_PAGE];
static struct oracle_range ranges[NUM][1 + DATA_PAGES];
static struct oracle_case cases[NUM];
static uint8_t insn[ISA_MAX_INSN_LEN];

static void set(size_t index, const char *name, uint64_t value)
{
	state_set(&before[index], test_reg(isa, name), value);
}

/* Random registers that a process may have, and rdi in the data. */
static void fill(size_t index)
{
	struct rng r = {.state = index + 1};

	oracle_initial_state(oracle, &before[index]);
	for (uint32_t reg = 0; reg < isa->num_regs; reg++) {
		uint64_t value[8];
		for (unsigned i = 0; i < 8; i++)
			value[i] = rng_next(&r);
		if (isa->regs[reg].class == REG_GENERAL || isa->regs[reg].class == REG_VECTOR)
			state_set_words(&before[index], reg, value);
	}
	for (uint32_t i = 0; i < isa->num_flags; i++)
		state_set(&before[index], isa->flag_regs[i], rng_next(&r) & 1);
	set(index, "rip", code_at);
	set(index, "rdi", data_at + 64 * index);
	set(index, "fs_base", index << 20);
	set(index, "gs_base", data_at);
	set(index, "mxcsr", 0x1f80 | (rng_next(&r) & 0x603f));
	for (size_t i = 0; i < sizeof data[index]; i++)
		data[index][i / MEMORY_PAGE][i % MEMORY_PAGE] = (uint8_t)rng_next(&r);
}

static void describe(size_t index, size_t len)
{
	ranges[index][0] = (struct oracle_range){code_page, MEMORY_PAGE, code, false};
	for (size_t i = 0; i < DATA_PAGES; i++)
		ranges[index][1 + i] = (struct oracle_range){data_at + i * MEMORY_PAGE, MEMORY_PAGE, data[index][i],
							     true};
	cases[index] = (struct oracle_case){.way = ORACLE_STRAIGHT,
					    .stop = code_at + len,
					    .pc = code_at,
					    .bytes = insn,
					    .len = len,
					    .before = &before[index],
					    .ranges = ranges[index],
					    .num_ranges = 1 + DATA_PAGES};
}

static void prepare(const char *hex)
{
	size_t len = strlen(hex) / 2;

	ck_assert(codec_decode_hex(hex, 2 * len, insn));
	memset(code, 0x90, sizeof code);
	memcpy(code + (code_at - code_page), insn, len);
	code[code_at - code_page + len] = ORACLE_STOP;
	for (size_t i = 0; i < NUM; i++) {
		fill(i);
		describe(i, len);
	}
}

static void setup(void)
{
	ck_no_error(oracle_create_native(isa, &oracle));
	for (size_t i = 0; i < NUM; i++)
		ck_no_error(state_init(&before[i], isa));
	ck_no_error(oracle_outcome_init(&many, isa));
	ck_no_error(oracle_outcome_init(&one, isa));
}

static void teardown(void)
{
	for (size_t i = 0; i < NUM; i++)
		state_deinit(&before[i]);
	oracle_outcome_deinit(&many);
	oracle_outcome_deinit(&one);
	oracle_destroy(oracle);
}

static size_t run(void)
{
	size_t done;

	ck_no_error(oracle_run_many(oracle, cases, NUM, &done));
	return done;
}

/* ---- Alike ---- */

static void expect_same(size_t index)
{
	ck_assert_int_eq(many.end, ORACLE_STEPPED);
	ck_assert_int_eq(one.end, ORACLE_STEPPED);
	for (uint32_t r = 0; r < isa->num_regs; r++) {
		const struct reg_desc *reg = &isa->regs[r];
		for (unsigned i = 0; i < reg_words(reg); i++) {
			uint64_t unknown = many.after.unknown[reg->word + i];
			ck_assert_msg(unknown == one.after.unknown[reg->word + i] &&
					      !((many.after.value[reg->word + i] ^ one.after.value[reg->word + i]) &
						~unknown),
				      "case %zu: %s", index, reg->name);
		}
	}
	ck_assert_uint_eq(many.memory.len, one.memory.len);
	for (size_t i = 0; i < many.memory.len; i++) {
		ck_assert_uint_eq(many.memory.at[i].address, one.memory.at[i].address);
		ck_assert(memcmp(many.memory.at[i].data, one.memory.at[i].data, MEMORY_PAGE) == 0);
	}
}

static const char *const insns[] = {
	"4801d8",         /* add rax, rbx */
	"480107",         /* add [rdi], rax */
	"488b9f00100000", /* mov rbx, [rdi + 0x1000] */
	"660ffcc1",       /* paddb xmm0, xmm1 */
	"c5f458c2",       /* vaddps ymm0, ymm1, ymm2 */
	"f30f5807",       /* addss xmm0, [rdi] */
	"4889fc",         /* mov rsp, rdi */
	"f9",             /* stc */
	"fd",             /* std */
	"9c",             /* pushfq, on a wild stack: a fault, below */
	"d9e8",           /* fld1 */
	"dbe3",           /* fninit */
	"f3480faec0",     /* rdfsbase rax */
	"f3480faed7",     /* wrfsbase rdi */
	"c5f877",         /* vzeroupper */
	"0fae17",         /* ldmxcsr [rdi]: mostly a fault */
	"66c707cdab",     /* mov word [rdi], 0xabcd */
	"8ed8",           /* mov ds, eax: mostly a fault */
};

START_TEST(end_as_one_by_one)
{
	prepare(insns[_i]);
	size_t done = run();

	for (size_t i = 0; i < done; i++) {
		ck_no_error(oracle_many_outcome(oracle, &cases[i], i, &many));
		cases[i].way = ORACLE_TRACED;
		ck_no_error(oracle_run(oracle, &cases[i], &one));
		expect_same(i);
	}
	if (done == NUM)
		return;
	cases[done].way = ORACLE_TRACED;
	ck_no_error(oracle_run(oracle, &cases[done], &one));
	ck_assert_int_eq(one.end, ORACLE_SIGNAL);
}
END_TEST

START_TEST(all_come_to_the_end)
{
	prepare("480107");
	ck_assert_uint_eq(run(), NUM);
	prepare("4801d8");
	ck_assert_uint_eq(run(), NUM);
	ck_no_error(oracle_many_outcome(oracle, &cases[3], 3, &many));
	ck_assert_uint_eq(state_get(&many.after, test_reg(isa, "rax")),
			  state_get(&before[3], test_reg(isa, "rax")) + state_get(&before[3], test_reg(isa, "rbx")));
}
END_TEST

START_TEST(a_fault_ends_it)
{
	prepare("488b07");
	set(5, "rdi", 0x1000);
	ck_assert_uint_eq(run(), 5);
	ck_no_error(oracle_many_outcome(oracle, &cases[4], 4, &many));
	uint64_t expected;
	memcpy(&expected, data[4][0] + 4 * 64, sizeof expected);
	ck_assert_uint_eq(state_get(&many.after, test_reg(isa, "rax")), expected);
	ck_no_error(oracle_run(oracle, &cases[5], &one));
	ck_assert_int_eq(one.end, ORACLE_SIGNAL);
	/* And the next ones are as they should be. */
	set(5, "rdi", data_at);
	ck_assert_uint_eq(run(), NUM);
}
END_TEST

/* ---- Not at once ---- */

static void other_way(void)
{
	cases[0].way = ORACLE_STEP;
}

static void code_is_writable(void)
{
	for (size_t i = 0; i < NUM; i++)
		ranges[i][0].writable = true;
}

static void part_of_a_page(void)
{
	ranges[0][1].len = 8;
}

static void other_stop(void)
{
	cases[0].stop++;
}

static const struct {
	void (*change)(void);
} unsuited[] = {{other_way}, {code_is_writable}, {part_of_a_page}, {other_stop}};

START_TEST(not_at_once)
{
	prepare("4801d8");
	unsuited[_i].change();
	ck_assert_uint_eq(run(), 0);
}
END_TEST

START_TEST(only_what_is_alike)
{
	static uint8_t other_code[MEMORY_PAGE];

	prepare("4801d8");
	ranges[4][1].address += 16 * MEMORY_PAGE;
	ck_assert_uint_eq(run(), 4);
	prepare("4801d8");
	memcpy(other_code, code, sizeof code);
	other_code[0] ^= 1;
	ranges[7][0].data = other_code;
	ck_assert_uint_eq(run(), 7);
}
END_TEST

START_TEST(no_room_behind)
{
	prepare("4801d8");
	for (size_t i = 0; i < NUM; i++) {
		cases[i].pc = code_page + MEMORY_PAGE - 8;
		cases[i].stop = cases[i].pc + cases[i].len;
		set(i, "rip", cases[i].pc);
	}
	ck_assert_uint_eq(run(), 0);
}
END_TEST

START_TEST(not_without_a_runner)
{
	oracle_destroy(oracle);
	ck_no_error(oracle_create_forced(isa, ORACLE_FORCE_NO_RUNNER, &oracle));
	prepare("4801d8");
	ck_assert_uint_eq(run(), 0);
}
END_TEST

static Suite *many_suite(void)
{
	Suite *s = suite_create("many cases at once");
	TCase *c = tcase_create("many");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, 60);
	tcase_add_loop_test(c, end_as_one_by_one, 0, sizeof insns / sizeof *insns);
	tcase_add_test(c, all_come_to_the_end);
	tcase_add_test(c, a_fault_ends_it);
	tcase_add_loop_test(c, not_at_once, 0, sizeof unsuited / sizeof *unsuited);
	tcase_add_test(c, only_what_is_alike);
	tcase_add_test(c, no_room_behind);
	tcase_add_test(c, not_without_a_runner);
	suite_add_tcase(s, c);
	return s;
}

int main(void)
{
	int status;

	isa = test_native_isa("x86_64", "many_test", &status);
	if (!isa)
		return status;
	return test_main(many_suite());
}
