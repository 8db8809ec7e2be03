/* The sweep against a lifter that lies: each kind of lie is found, and nothing else. */
#include <string.h>

#include "lib/oracle/sweep.h"
#include "lib/testing/assert.h"
#include "lib/testing/native.h"

static const struct isa *real;

/* ---- The maps ---- */

START_TEST(maps_end)
{
	struct x86_64_maps at = {0};
	struct x86_64_encoding e, last = {0};
	size_t count = 0, long_names = 0, ud2 = 0, gathers = 0;

	while (x86_64_maps_next(&at, &e)) {
		ck_assert_uint_lt(count++, 2000000);
		ck_assert(memcmp(e.bytes, last.bytes, sizeof e.bytes) != 0);
		long_names += strlen(e.name) == sizeof e.name - 1;
		ud2 += memcmp(e.bytes, "\x0f\x0b\xc1", 3) == 0;
		gathers += strcmp(e.name, "VEX.256.66.0F38.W1 90 vvvv=2 /3 m SIB") == 0;
		last = e;
	}
	ck_assert_uint_gt(count, 1000000);
	ck_assert_uint_eq(long_names, 0);
	ck_assert_uint_eq(ud2, 1);
	ck_assert_uint_eq(gathers, 1);
}
END_TEST

START_TEST(literal_bytes_are_all_there)
{
	struct x86_64_maps at = {0};
	struct x86_64_encoding e;
	bool seen[256] = {false};

	while (x86_64_maps_next(&at, &e)) {
		if (memcmp(e.bytes, "\x0f\x01", 2) == 0)
			seen[e.bytes[2]] = true;
	}
	for (unsigned byte = 0xc0; byte < 0x100; byte++)
		ck_assert_msg(seen[byte], "0F 01 %02X", byte);
}
END_TEST

/* ---- Lies ---- */

/* By the lie, instructions of the part that is swept: 66 0F F8 to 66 0F FF. */
static struct error *lift(struct isa_lifter *lifter, uint64_t pc, const uint8_t *bytes, size_t len, struct transfer *t,
			  struct insn *ret)
{
	struct error *err = real->lift(lifter, pc, bytes, len, t, ret);

	if (err || memcmp(bytes, "\x66\x0f", 2) != 0)
		return err;
	switch (bytes[2]) {
	case 0xfc: /* PADDB is unknown */
		ret->status = LIFT_UNDECODABLE;
		transfer_reset(t, t->pool);
		break;
	case 0xfd: ret->len++; break;                    /* PADDW is longer */
	case 0xfe: ret->len--; break;                    /* PADDD is shorter */
	case 0xff: transfer_reset(t, t->pool); break;    /* UD0 is an instruction */
	case 0xf9: ret->status = LIFT_UNMODELLED; break; /* PSUBW has no model */
	case 0xfa:                                       /* PSUBD is #UD */
		transfer_reset(t, t->pool);
		transfer_add_fault(t, expr_const(t->pool, 1, 1), FAULT_UNDEFINED);
		break;
	default: break;
	}
	return NULL;
}

static bool is_swept(void *ctx, const struct x86_64_encoding *e)
{
	(void)ctx;
	return strncmp(e->name, "66 0F F", 7) == 0 && strlen(e->opcode) == 8 && e->bytes[2] >= 0xf8;
}

static const struct sweep_kind *find_kind(const struct sweep *s, const char *opcode)
{
	for (size_t i = 0; i < sweep_num_kinds(s); i++) {
		if (strcmp(sweep_kind(s, i)->opcode, opcode) == 0)
			return sweep_kind(s, i);
	}
	return NULL;
}

static void check_kind(const struct sweep *s, const char *opcode, enum sweep_verdict verdict)
{
	const struct sweep_kind *kind = find_kind(s, opcode);

	ck_assert_msg(kind != NULL, "%s", opcode);
	ck_assert_msg(kind->verdict == verdict, "%s: verdict %d", opcode, (int)kind->verdict);
	ck_assert_uint_eq(kind->count, 24);
}

START_TEST(lies_are_found)
{
	struct isa lying = *real;
	struct oracle *oracle;
	struct sweep *s;

	lying.lift = lift;
	ck_no_error(oracle_create_native(real, &oracle));
	ck_no_error(sweep_create(&lying, oracle, CPU_VENDOR_UNKNOWN, &s));
	ck_no_error(sweep_run(s, is_swept, NULL));
	check_kind(s, "66 0F FC", SWEEP_MISSING);
	check_kind(s, "66 0F FA", SWEEP_MISSING);
	check_kind(s, "66 0F FD", SWEEP_LENGTH);
	check_kind(s, "66 0F FE", SWEEP_LENGTH);
	check_kind(s, "66 0F FF", SWEEP_WRONG);
	check_kind(s, "66 0F F9", SWEEP_NAMED);
	ck_assert_uint_eq(sweep_num_kinds(s), 6);
	ck_assert_uint_eq(sweep_count(s, SWEEP_EXECUTES), 2 * 24); /* PSUBB, PSUBQ */
	ck_assert_uint_eq(sweep_count(s, SWEEP_REFUSED), 0);
	sweep_destroy(s);
	oracle_destroy(oracle);
}
END_TEST

static Suite *sweep_suite(void)
{
	Suite *s = suite_create("sweep");
	TCase *t = tcase_create("sweep");

	tcase_add_test(t, maps_end);
	tcase_add_test(t, literal_bytes_are_all_there);
	tcase_add_test(t, lies_are_found);
	tcase_set_timeout(t, 60);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	int status;

	real = test_native_isa("x86_64", "sweep_test", &status);
	if (!real)
		return status;
	return test_main(sweep_suite());
}
