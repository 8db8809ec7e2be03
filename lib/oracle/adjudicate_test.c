/* A finding's instruction on this CPU, with pages that are asked for as it touches them. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/codec.h"
#include "lib/oracle/oracle.h"
#include "lib/state/memory.h"
#include "lib/testing/assert.h"
#include "lib/testing/native.h"
#include "lib/testing/regs.h"

/* The guest has these pages; each byte is the low byte of its address, exclusive-or the page's number. */
static const uint64_t pages[] = {0x401000, 0x7ffe00000000, 0x7ffe00001000, 0x7ffe00009000};
static const uint64_t read_only_page = 0x7ffe00009000, code = 0x401234, data = 0x7ffe00000800;

static const struct isa *isa;
static struct oracle *oracle;
static struct state before;
static struct oracle_outcome out;
static unsigned asked;
static bool broken;

/* Each test runs on hosts of these kinds. */
static const char *const kinds[] = {
	"", "no-runner", "lose-step-touch", "lose-step-some", "no-fsgsbase,no-wild-stack,no-nt,no-calls-32",
};

enum { NUM_KINDS = sizeof kinds / sizeof *kinds };

static uint8_t content(uint64_t address)
{
	return (uint8_t)(address ^ address >> 12);
}

static struct error *read_page(void *ctx, uint64_t address, uint8_t *ret, bool *ret_writable)
{
	(void)ctx;
	asked++;
	ck_assert_uint_eq(address % MEMORY_PAGE, 0);
	if (broken && address != 0x401000)
		return error_create(ERROR_TARGET, "the target is gone");
	for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
		if (pages[i] != address)
			continue;
		for (unsigned k = 0; k < MEMORY_PAGE; k++)
			ret[k] = content(address + k);
		*ret_writable = address != read_only_page;
		return NULL;
	}
	return error_fault(address);
}

static void set(const char *name, uint64_t value)
{
	state_set(&before, test_reg(isa, name), value);
}

static uint64_t after(const char *name)
{
	return state_get(&out.after, test_reg(isa, name));
}

static void force(const char *kind)
{
	unsigned bits = 0;

	oracle_destroy(oracle);
	ck_no_error(oracle_force_parse(kind, &bits));
	ck_no_error(oracle_create_forced(isa, bits, &oracle));
}

static void setup(void)
{
	asked = 0;
	broken = false;
	oracle = NULL;
	force("");
	ck_no_error(state_init(&before, isa));
	ck_no_error(oracle_outcome_init(&out, isa));
	oracle_initial_state(oracle, &before);
	for (uint32_t r = 0; r < isa->num_regs; r++) {
		if (isa->regs[r].class == REG_GENERAL)
			state_set(&before, r, 0);
	}
}

static void teardown(void)
{
	oracle_outcome_deinit(&out);
	state_deinit(&before);
	oracle_destroy(oracle);
}

static struct error *try(const char *hex)
{
	struct oracle_pages reader = {.read = read_page};
	struct insn insn = {.pc = code, .len = (uint8_t)(strlen(hex) / 2)};

	ck_assert(codec_decode_hex(hex, strlen(hex), insn.bytes));
	set("rip", code);
	return oracle_adjudicate(oracle, &insn, &before, &reader, &out);
}

static uint64_t expected(uint64_t address, unsigned len)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < len; i++)
		value |= (uint64_t)content(address + i) << 8 * i;
	return value;
}

START_TEST(loads)
{
	force(kinds[_i]);
	set("rbx", data);
	ck_no_error(try("488b03"));
	ck_assert_int_eq(out.end, ORACLE_STEPPED);
	ck_assert_uint_eq(after("rax"), expected(data, 8));
	ck_assert_uint_eq(after("rip"), code + 3);
	ck_assert_uint_eq(asked, 2);

	set("rbx", 0x7ffe00000ffd); /* in two pages */
	ck_no_error(try("488b03"));
	ck_assert_uint_eq(after("rax"), expected(0x7ffe00000ffd, 8));

	ck_no_error(try("8b0540000000")); /* mov eax, [rip + 64]: the page of the instruction itself */
	ck_assert_uint_eq(after("rax"), expected(code + 6 + 64, 4));
}
END_TEST

START_TEST(stores)
{
	uint8_t bytes[8];

	force(kinds[_i]);
	set("rax", 0x1122334455667788);
	set("rdi", data + 1);
	ck_no_error(try("488907"));
	ck_assert_int_eq(out.end, ORACLE_STEPPED);
	ck_assert(oracle_outcome_read(&out, data + 1, bytes, sizeof bytes));
	ck_bytes(bytes, "\x88\x77\x66\x55\x44\x33\x22\x11", 8);
	ck_assert(oracle_outcome_read(&out, data, bytes, 1));
	ck_assert_uint_eq(bytes[0], content(data));
	ck_assert(oracle_outcome_read(&out, code, bytes, 3));
	ck_bytes(bytes, "\x48\x89\x07", 3);
}
END_TEST

START_TEST(faults)
{
	force(kinds[_i]);
	set("rbx", 0x7ffe00001ffd); /* the first page is there, the second is not */
	ck_no_error(try("488b03"));
	ck_assert_int_eq(out.end, ORACLE_SIGNAL);
	ck_assert_int_eq(out.signal, SIGSEGV);
	ck_assert_int_eq(out.code, SEGV_MAPERR);
	ck_assert_uint_eq(out.address, 0x7ffe00002000);

	set("rbx", read_only_page);
	ck_no_error(try("488903"));
	ck_assert_int_eq(out.signal, SIGSEGV);
	ck_assert_int_eq(out.code, SEGV_ACCERR);
	ck_no_error(try("488b03"));
	ck_assert_int_eq(out.end, ORACLE_STEPPED);
}
END_TEST

START_TEST(errors_of_the_guest)
{
	broken = true;
	set("rbx", data);
	ck_error(try("488b03"), ERROR_TARGET, "the target is gone");
	broken = false;
	ck_no_error(try("488b03"));
	ck_assert_uint_eq(after("rax"), expected(data, 8));
}
END_TEST

/* What the host cannot show is no opinion. */
START_TEST(left_open)
{
	uint8_t byte;

	force("no-calls-32");
	ck_no_error(try("cd80"));
	ck_assert_int_eq(out.end, ORACLE_OPEN);
	ck_assert_str_eq(out.reason, "no 32-bit calls on this host");
	ck_assert(!state_known(&out.after, test_reg(isa, "rax")));
	ck_assert(!oracle_outcome_read(&out, code, &byte, 1));
	ck_no_error(try("90"));
	ck_assert_int_eq(out.end, ORACLE_STEPPED);
	ck_assert_ptr_null(out.reason);
}
END_TEST

/* The trap behind CPUID is lost, and the page that CPUID is on comes from the guest: the next instruction is there. */
START_TEST(lost_trap)
{
	force("lose-step-cpuid");
	ck_no_error(try("0fa2"));
	ck_assert_int_eq(out.end, ORACLE_STEPPED);
	ck_assert_uint_eq(after("rip"), code + 2);
	uint8_t byte;
	ck_assert(oracle_outcome_read(&out, code + 2, &byte, 1));
	ck_assert_uint_eq(byte, content(code + 2));
}
END_TEST

/* Values may differ from one run to the next. */
START_TEST(random_number)
{
	ck_no_error(try("0f31")); /* rdtsc */
	ck_assert_int_eq(out.end, ORACLE_STEPPED);
	force("lose-step-cpuid");
	ck_no_error(try("0f31"));
	ck_assert_int_eq(out.end, ORACLE_STEPPED);
	ck_assert_uint_eq(after("rip"), code + 2);
}
END_TEST

static Suite *adjudicate_suite(void)
{
	Suite *s = suite_create("adjudicate");
	TCase *c = tcase_create("adjudicate");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_loop_test(c, loads, 0, NUM_KINDS);
	tcase_add_loop_test(c, stores, 0, NUM_KINDS);
	tcase_add_loop_test(c, faults, 0, NUM_KINDS);
	tcase_add_test(c, errors_of_the_guest);
	tcase_add_test(c, left_open);
	tcase_add_test(c, lost_trap);
	tcase_add_test(c, random_number);
	suite_add_tcase(s, c);
	return s;
}

int main(void)
{
	int status;

	isa = test_native_isa("x86_64", "adjudicate_test", &status);
	if (!isa)
		return status;
	return test_main(adjudicate_suite());
}
