/* Memory copies of which a step does as much as a target likes, right and wrong. */
#include <string.h>

#include "lib/run/verdict.h"
#include "lib/testing/assert.h"
#include "lib/testing/fake.h"
#include "lib/testing/logs.h"
#include "lib/testing/regs.h"
#include "lib/testing/scratch.h"

static const uint32_t program[] = {
	0x910003e0, /* 401000  mov x0, sp */
	0xd10403e1, /* 401004  sub x1, sp, #256 */
	0xd2801902, /* 401008  mov x2, #200 */
	0x19010440, /* 40100c  cpyfp [x0]!, [x1]!, x2! */
	0x19410440, /* 401010  cpyfm */
	0x19810440, /* 401014  cpyfe */
	0xd2800000, /* 401018  mov x0, #0 */
	0xd2800bc8, /* 40101c  mov x8, #94 */
	0xd4000001, /* 401020  svc #0: exit_group(0) */
};
enum {
	INSNS = sizeof program / sizeof *program,
	PROLOGUE = 0x40100c,
	MAIN = 0x401010,
	EPILOGUE = 0x401014,
	SIZE = 200
};

static const struct isa *isa;
static char log_path[SCRATCH_PATH_LEN];

static void setup(void)
{
	isa = isa_by_name("aarch64");
	scratch_setup();
	scratch_path("run.json", log_path);
	log_of_exit(log_path, "aarch64", 94, 0x401020);
}

/* How many bytes the prologue and the main part copy; and what a target may do wrong, at one of the three. */
static uint64_t amount[2];
static enum wrong { RIGHT, WRONG_BYTE, WRONG_COUNT, WRONG_ADDRESS, WRONG_OTHER } wrong;
static uint64_t wrong_at;

static void copy_bytes(struct fake *f, uint64_t count)
{
	for (; count; count--) {
		uint64_t left = fake_get(f, "x2");
		uint8_t byte, unknown;
		memory_read(f->memory, fake_get(f, "x1") + left, &byte, &unknown, 1);
		ck_no_error(memory_write(f->memory, fake_get(f, "x0") + left, &byte, NULL, 1));
		fake_set(f, "x2", left + 1);
	}
}

static void go_wrong(struct fake *f)
{
	uint64_t last = fake_get(f, "x0") + fake_get(f, "x2") - 1;
	uint8_t byte = 0xff;

	switch (wrong) {
	case RIGHT: break;
	case WRONG_BYTE: ck_no_error(memory_write(f->memory, last - 7, &byte, NULL, 1)); break;
	case WRONG_COUNT: fake_set(f, "x2", fake_get(f, "x2") - 1); break;
	case WRONG_ADDRESS: fake_set(f, "x1", fake_get(f, "x1") + 1); break;
	case WRONG_OTHER: fake_set(f, "x5", 1); break;
	}
}

/* The model has done what is the least: the main part and the epilogue one byte. */
static int complete(struct fake *f, uint64_t pc)
{
	if (pc < PROLOGUE || pc > EPILOGUE)
		return 0;
	uint64_t done = SIZE + fake_get(f, "x2"), wanted = pc == PROLOGUE ? amount[0] : amount[0] + amount[1];
	copy_bytes(f, (pc == EPILOGUE ? SIZE : wanted) - done);
	fake_set(f, "pc", pc + 4);
	if (pc == wrong_at)
		go_wrong(f);
	return 0;
}

static void run(struct run *ret)
{
	struct lockstep_options options = {.judge.fail_on = SEVERITY_MODEL};
	struct fake *f = fake_create(isa, program, sizeof program, 7);
	uint8_t bytes[SIZE];

	for (unsigned i = 0; i < SIZE; i++)
		bytes[i] = (uint8_t)(3 * i + 1);
	ck_no_error(memory_write(f->memory, FAKE_SP - 256, bytes, NULL, SIZE));
	f->damage = complete;
	log_judge(log_path, &f->base, &f->regs, &options, ret);
	target_destroy(&f->base);
}

static const uint64_t amounts[][2] = {{0, 1}, {0, 199}, {1, 1}, {64, 64}, {13, 100}, {198, 1}};

START_TEST(any_amount_is_right)
{
	struct run r;

	wrong = RIGHT;
	memcpy(amount, amounts[_i], sizeof amount);
	run(&r);
	ck_assert_int_eq(run_verdict(&r), VERDICT_CLEAN);
	ck_assert_uint_eq(r.instructions, INSNS);
	ck_assert_uint_eq(r.checked, INSNS);
	run_deinit(&r);
}
END_TEST

static const struct {
	enum wrong wrong;
	uint64_t at;
	enum location_kind kind;
	const char *reg;
} faults[] = {
	{WRONG_BYTE, PROLOGUE, LOCATION_MEMORY, NULL}, {WRONG_BYTE, MAIN, LOCATION_MEMORY, NULL},
	{WRONG_BYTE, EPILOGUE, LOCATION_MEMORY, NULL}, {WRONG_COUNT, EPILOGUE, LOCATION_REG, "x2"},
	{WRONG_ADDRESS, PROLOGUE, LOCATION_REG, "x1"}, {WRONG_ADDRESS, MAIN, LOCATION_REG, "x1"},
	{WRONG_ADDRESS, EPILOGUE, LOCATION_REG, "x1"}, {WRONG_OTHER, PROLOGUE, LOCATION_REG, "x5"},
	{WRONG_OTHER, MAIN, LOCATION_REG, "x5"},       {WRONG_OTHER, EPILOGUE, LOCATION_REG, "x5"},
};

START_TEST(what_is_wrong_is_found)
{
	bool found = false;
	struct run r;

	wrong = faults[_i].wrong;
	wrong_at = faults[_i].at;
	memcpy(amount, amounts[4], sizeof amount);
	run(&r);
	for (size_t i = 0; i < r.findings.list.len; i++) {
		const struct finding *f = &r.findings.list.at[i];
		bool same = f->kind == faults[_i].kind && f->insn.pc == wrong_at;
		found |= same && (!faults[_i].reg || f->reg == test_reg(isa, faults[_i].reg));
	}
	ck_assert(found);
	run_deinit(&r);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rest");
	TCase *tests = tcase_create("rest");

	tcase_add_checked_fixture(tests, setup, scratch_teardown);
	tcase_add_loop_test(tests, any_amount_is_right, 0, sizeof amounts / sizeof *amounts);
	tcase_add_loop_test(tests, what_is_wrong_is_found, 0, sizeof faults / sizeof *faults);
	suite_add_tcase(suite, tests);
	return test_main(suite);
}
