/*
 * FP_ARM against an emulator of AArch64: there may be no such processor at hand. Both may err; where they do not agree,
 * the Arm ARM decides.
 */
#include <stdio.h>
#include <stdlib.h>

#include "lib/fp/fp.h"
#include "lib/target/qemu.h"
#include "lib/testing/assert.h"
#include "lib/testing/emulator.h"
#include "lib/testing/fp_operands.h"
#include "lib/testing/scratch.h"

/* As the guest has them. */
struct fpu_case {
	uint32_t operation, fpcr;
	uint64_t n[3];
};

struct fpu_result {
	uint64_t value, fpsr;
};

struct fp_arm_case {
	struct fp_env env;
	enum fp_format from;
	bool silent; /* no exception is raised */
	uint64_t n[3];
};

struct operation {
	const char *name;
	unsigned first; /* the guest's number */
	enum fp_format from, to;
	struct fp_result (*ours)(const struct fp_arm_case *);
};

#define OURS(name, call) \
	static struct fp_result our_##name(const struct fp_arm_case *c) \
	{ \
		const struct fp_env *e = &c->env; \
		const uint64_t *n = c->n; \
		return call; \
	}

static struct fp_env rounding(const struct fp_env *e, enum fp_round round)
{
	struct fp_env ret = *e;

	ret.mode = (e->mode & ~7u) | round;
	return ret;
}

static struct fp_result to_int(const struct fp_env *e, enum fp_round round, bool is_signed, unsigned width,
			       unsigned fraction, uint64_t a)
{
	struct fp_env env = rounding(e, round);

	return fp_to_int(&env, is_signed, width, fraction, a);
}

static struct fp_result round_away(const struct fp_env *e, uint64_t a)
{
	struct fp_env env = rounding(e, FP_AWAY);

	return fp_round_integral(&env, false, a);
}

static struct fp_result cut_to_fit(const struct fp_env *e, unsigned width, uint64_t a)
{
	struct fp_env env = rounding(e, FP_TO_ZERO);

	return fp_round_to_fit(&env, width, a);
}

static struct fp_result convert(const struct fp_env *e, enum fp_format from, uint64_t a)
{
	return fp_convert(e, from, a);
}

static struct fp_result convert_odd(const struct fp_env *e, uint64_t a)
{
	struct fp_env env = rounding(e, FP_ODD);

	return fp_convert(&env, FP_F64, a);
}

/* The emulators that have FPCR.AH have FEAT_RPRES. */
static bool is_precise(const struct fp_env *e)
{
	return e->format == FP_F32 && e->rules == FP_ARM_ALTERNATE;
}

/* Two lanes. */
static struct fp_result dot(const struct fp_env *e, const uint64_t *n)
{
	struct fp_result low = fp_bf16_dot(e, (uint32_t)n[0], (uint32_t)n[1], (uint32_t)n[2]);
	struct fp_result high = fp_bf16_dot(e, n[0] >> 32, n[1] >> 32, n[2] >> 32);

	return (struct fp_result){high.value << 32 | low.value, low.flags | high.flags};
}

/* NZCV (Arm ARM, FPCompare()). */
static struct fp_result compare(const struct fp_env *e, bool quiet, uint64_t a, uint64_t b)
{
	struct fp_result ret;

	switch (fp_compare(e, quiet, a, b, &ret.flags)) {
	case FP_LESS: ret.value = 8u << 28; break;
	case FP_EQUAL: ret.value = 6u << 28; break;
	case FP_GREATER: ret.value = 2u << 28; break;
	default: ret.value = 3u << 28; break;
	}
	return ret;
}

OURS(add, fp_add(e, n[0], n[1]))
OURS(sub, fp_sub(e, n[0], n[1]))
OURS(mul, fp_mul(e, n[0], n[1]))
OURS(mulx, fp_mulx(e, n[0], n[1]))
OURS(div, fp_div(e, n[0], n[1]))
OURS(min, fp_min(e, n[0], n[1]))
OURS(max, fp_max(e, n[0], n[1]))
OURS(min_num, fp_min_num(e, n[0], n[1]))
OURS(max_num, fp_max_num(e, n[0], n[1]))
OURS(sqrt, fp_sqrt(e, n[0]))
OURS(rintx, fp_round_integral(e, true, n[0]))
OURS(rinti, fp_round_integral(e, false, n[0]))
OURS(rinta, round_away(e, n[0]))
OURS(rint32z, cut_to_fit(e, 32, n[0]))
OURS(rint32x, fp_round_to_fit(e, 32, n[0]))
OURS(rint64z, cut_to_fit(e, 64, n[0]))
OURS(rint64x, fp_round_to_fit(e, 64, n[0]))
OURS(madd, fp_fma(e, 0, n[0], n[1], n[2]))
OURS(msub, fp_fma(e, FP_NEGATE_PRODUCT, n[0], n[1], n[2]))
OURS(nmadd, fp_fma(e, FP_NEGATE_PRODUCT | FP_NEGATE_ADDEND, n[0], n[1], n[2]))
OURS(nmsub, fp_fma(e, FP_NEGATE_ADDEND, n[0], n[1], n[2]))
OURS(cmp, compare(e, true, n[0], n[1]))
OURS(cmpe, compare(e, false, n[0], n[1]))
OURS(zs, to_int(e, FP_TO_ZERO, true, 32, 0, n[0]))
OURS(zu, to_int(e, FP_TO_ZERO, false, 32, 0, n[0]))
OURS(ns, to_int(e, FP_NEAREST, true, 64, 0, n[0]))
OURS(au, to_int(e, FP_AWAY, false, 64, 0, n[0]))
OURS(zs_fixed, to_int(e, FP_TO_ZERO, true, 64, 7, n[0]))
OURS(from_i32, fp_from_int(e, true, 32, 0, n[0]))
OURS(from_u64, fp_from_int(e, false, 64, 0, n[0]))
OURS(from_fixed, fp_from_int(e, true, 64, 9, n[0]))
OURS(recip_step, fp_recip_step(e, n[0], n[1]))
OURS(rsqrt_step, fp_rsqrt_step(e, n[0], n[1]))
OURS(recip_estimate, fp_recip_estimate(e, is_precise(e), n[0]))
OURS(rsqrt_estimate, fp_rsqrt_estimate(e, is_precise(e), n[0]))
OURS(recip_exponent, fp_recip_exponent(e, n[0]))
OURS(dot, dot(e, n))
OURS(convert, convert(e, c->from, n[0]))
OURS(convert_odd, convert_odd(e, n[0]))

#define ALL(name, base, ours) \
	{name " half", base, FP_F16, FP_F16, ours}, {name " single", (base) + 1, FP_F32, FP_F32, ours}, \
	{ \
		name " double", (base) + 2, FP_F64, FP_F64, ours \
	}

static const struct operation operations[] = {
	ALL("fadd", 0, our_add),
	ALL("fsub", 3, our_sub),
	ALL("fmul", 6, our_mul),
	ALL("fdiv", 9, our_div),
	ALL("fmin", 12, our_min),
	ALL("fmax", 15, our_max),
	ALL("fminnm", 18, our_min_num),
	ALL("fmaxnm", 21, our_max_num),
	ALL("fsqrt", 24, our_sqrt),
	ALL("frintx", 27, our_rintx),
	ALL("frinti", 30, our_rinti),
	ALL("frinta", 33, our_rinta),
	ALL("fmadd", 36, our_madd),
	ALL("fmsub", 39, our_msub),
	ALL("fnmadd", 42, our_nmadd),
	ALL("fnmsub", 45, our_nmsub),
	ALL("fcmp", 48, our_cmp),
	ALL("fcmpe", 51, our_cmpe),
	ALL("fcvtzs 32", 54, our_zs),
	ALL("fcvtzu 32", 57, our_zu),
	ALL("fcvtns 64", 60, our_ns),
	ALL("fcvtau 64", 63, our_au),
	ALL("fcvtzs 64, fixed", 66, our_zs_fixed),
	ALL("scvtf 32", 69, our_from_i32),
	ALL("ucvtf 64", 72, our_from_u64),
	ALL("scvtf 64, fixed", 75, our_from_fixed),
	{"fcvt half to single", 78, FP_F16, FP_F32, our_convert},
	{"fcvt half to double", 79, FP_F16, FP_F64, our_convert},
	{"fcvt single to half", 80, FP_F32, FP_F16, our_convert},
	{"fcvt single to double", 81, FP_F32, FP_F64, our_convert},
	{"fcvt double to half", 82, FP_F64, FP_F16, our_convert},
	{"fcvt double to single", 83, FP_F64, FP_F32, our_convert},
	{"fcvtxn", 84, FP_F64, FP_F32, our_convert_odd},
	{"bfcvt", 85, FP_F32, FP_BF16, our_convert},
	ALL("frecps", 86, our_recip_step),
	ALL("frsqrts", 89, our_rsqrt_step),
	ALL("frecpe", 92, our_recip_estimate),
	ALL("frsqrte", 95, our_rsqrt_estimate),
	ALL("frecpx", 98, our_recip_exponent),
	{"bfdot", 101, FP_BF16, FP_F32, our_dot},
	ALL("fmulx", 110, our_mulx),
	{"frint32z single", 120, FP_F32, FP_F32, our_rint32z},
	{"frint32z double", 121, FP_F64, FP_F64, our_rint32z},
	{"frint32x single", 122, FP_F32, FP_F32, our_rint32x},
	{"frint32x double", 123, FP_F64, FP_F64, our_rint32x},
	{"frint64z single", 124, FP_F32, FP_F32, our_rint64z},
	{"frint64z double", 125, FP_F64, FP_F64, our_rint64z},
	{"frint64x single", 126, FP_F32, FP_F32, our_rint64x},
	{"frint64x double", 127, FP_F64, FP_F64, our_rint64x},
};

/* Cases that one run of the guest takes: their file is not to be huge. */
enum { NUM_OPERATIONS = sizeof operations / sizeof *operations, MOST_AT_ONCE = 500000 };

/* The guest's numbers of what FPCR.AH makes silent. */
enum { FIRST_ESTIMATE = 85, LAST_ESTIMATE = 100 };

static bool is_estimate(const struct operation *o)
{
	return o->first >= FIRST_ESTIMATE && o->first <= LAST_ESTIMATE;
}

/* FPCR: AHP, DN, FZ, RMode, FZ16, EBF, AH, FIZ (Arm ARM C5.2.8). */
static const uint32_t fpcr_bits = 0x07c82003;

/* What the emulator keeps of them; it is the processor's choice whether there are the last three. */
static uint32_t fpcr_kept;

/* Pairs of FP_BF16, and of sums that they come near to. */
static void dot_operands(struct rng *r, struct fp_arm_case *c)
{
	for (unsigned i = 0; i < 64; i += 16) {
		uint64_t a = (uint64_t)fp_operand_any(r, FP_BF16);
		c->n[0] |= a << i;
		c->n[1] |= (uint64_t)fp_operand_second(r, FP_BF16, a) << i;
	}
	const uint64_t sums = dot(&c->env, c->n).value;
	for (unsigned i = 0; i < 64; i += 32)
		c->n[2] |= (uint64_t)fp_operand_second(r, FP_F32, (uint32_t)(sums >> i)) << i;
}

static void any_operands(struct rng *r, const struct operation *o, struct fp_arm_case *c)
{
	if (o->ours == our_dot) {
		dot_operands(r, c);
		return;
	}
	c->n[0] = (uint64_t)fp_operand_any(r, o->from);
	c->n[1] = (uint64_t)fp_operand_second(r, o->from, c->n[0]);
	c->n[2] = (uint64_t)fp_operand_second(r, o->from, c->n[rng_below(r, 2)]);
}

static void any_case(struct rng *r, const struct operation *o, struct fp_arm_case *c, struct fpu_case *guest)
{
	uint32_t fpcr = (uint32_t)rng_next(r) & fpcr_kept, control = fpcr;
	bool half = o->from == FP_F16 && o->to == FP_F16;

	if (is_estimate(o))
		control = fp_estimate_control(FP_ARM, fpcr);
	*c = (struct fp_arm_case){
		.env = {o->to, fp_rules_under(FP_ARM, fpcr), fp_mode(FP_ARM, half, control)},
		.from = o->from,
		.silent = is_estimate(o) && fp_estimate_silent(FP_ARM, fpcr),
	};
	any_operands(r, o, c);
	*guest = (struct fpu_case){o->first, fpcr, {c->n[0], c->n[1], c->n[2]}};
}

/* IOC, DZC, OFC, UFC, IXC, IDC (Arm ARM C5.2.9). */
static unsigned fpsr_of(unsigned flags)
{
	return (flags >> FP_INVALID & 1) | (flags >> FP_DIVIDE & 1) << 1 | (flags >> FP_OVERFLOW & 1) << 2 |
	       (flags >> FP_UNDERFLOW & 1) << 3 | (flags >> FP_INEXACT & 1) << 4 | (flags >> FP_DENORMAL & 1) << 7;
}

static char guest_path[4096];

/* The file of cases through the emulator, to that of results. */
static void emulate(void)
{
	char command[8192];
	char *emulator = NULL;
	const char *dir = scratch_folder();

	ck_no_error(qemu_find_emulator(isa_by_name("aarch64"), NULL, &emulator));
	snprintf(command, sizeof command, "'%s' '%s' <'%s/cases' >'%s/results'", emulator, guest_path, dir, dir);
	free(emulator);
	ck_assert_int_eq(system(command), 0); /* NOLINT(cert-env33-c) */
}

static FILE *open_file(const char *name, const char *mode)
{
	char path[SCRATCH_PATH_LEN];

	scratch_path(name, path);
	FILE *file = fopen(path, mode);
	ck_assert_ptr_nonnull(file);
	return file;
}

enum { READ_FPCR = 102 }; /* the guest's number */

static void setup(void)
{
	const struct fpu_case guest = {READ_FPCR, fpcr_bits, {0}};
	struct fpu_result theirs;

	scratch_setup();
	FILE *file = open_file("cases", "wb");
	ck_assert_uint_eq(fwrite(&guest, sizeof guest, 1, file), 1);
	ck_assert_int_eq(fclose(file), 0);
	emulate();
	file = open_file("results", "rb");
	ck_assert_uint_eq(fread(&theirs, sizeof theirs, 1, file), 1);
	ck_assert_int_eq(fclose(file), 0);
	fpcr_kept = fpcr_bits & (uint32_t)theirs.value;
}

static void write_cases(uint64_t cases, const struct operation *o, struct rng r)
{
	FILE *file = open_file("cases", "wb");

	for (uint64_t i = 0; i < cases; i++) {
		struct fp_arm_case c;
		struct fpu_case guest;
		any_case(&r, o, &c, &guest);
		ck_assert_uint_eq(fwrite(&guest, sizeof guest, 1, file), 1);
	}
	ck_assert_int_eq(fclose(file), 0);
}

static void check_case(const struct operation *o, const struct fp_arm_case *c, uint32_t fpcr,
		       const struct fpu_result *theirs)
{
	struct fp_result ours = o->ours(c);

	if (c->silent)
		ours.flags = 0;
	if (ours.value != theirs->value || fpsr_of(ours.flags) != theirs->fpsr)
		ck_abort_msg("%s %#llx %#llx %#llx fpcr %#x: %#llx fpsr %#x, the emulator %#llx fpsr %#llx", o->name,
			     (unsigned long long)c->n[0], (unsigned long long)c->n[1], (unsigned long long)c->n[2],
			     fpcr, (unsigned long long)ours.value, fpsr_of(ours.flags),
			     (unsigned long long)theirs->value, (unsigned long long)theirs->fpsr);
}

static void check_some(const struct operation *o, uint64_t cases, struct rng *r)
{
	write_cases(cases, o, *r);
	emulate();
	FILE *file = open_file("results", "rb");
	for (uint64_t i = 0; i < cases; i++) {
		struct fp_arm_case c;
		struct fpu_case guest;
		struct fpu_result theirs;

		any_case(r, o, &c, &guest);
		ck_assert_uint_eq(fread(&theirs, sizeof theirs, 1, file), 1);
		check_case(o, &c, guest.fpcr, &theirs);
	}
	ck_assert_int_eq(fclose(file), 0);
}

START_TEST(like_the_emulator)
{
	const struct operation *o = &operations[_i];
	struct rng r = {o->first};

	for (uint64_t left = fp_cases(10000), some; left != 0; left -= some) {
		some = left < MOST_AT_ONCE ? left : MOST_AT_ONCE;
		check_some(o, some, &r);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("fp like an emulator of AArch64");
	TCase *tcase = tcase_create("operations");
	const char *build = getenv("BUILD");

	snprintf(guest_path, sizeof guest_path, "%s/guests/aarch64/a64fpu", build ? build : "build/rel");
	if (!test_has_emulator(isa_by_name("aarch64"), guest_path))
		return TEST_SKIP;
	tcase_set_timeout(tcase, 3600);
	tcase_add_checked_fixture(tcase, setup, scratch_teardown);
	tcase_add_loop_test(tcase, like_the_emulator, 0, NUM_OPERATIONS);
	suite_add_tcase(suite, tcase);
	return test_main(suite);
}
