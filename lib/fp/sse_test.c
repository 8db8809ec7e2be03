/*
 * FP_SSE against the SSE, FMA and F16C of the processor that the test runs on: values and flags, all ways to round,
 * denormals flushed or not.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <ucontext.h>

#include "lib/fp/fp.h"
#include "lib/testing/assert.h"
#include "lib/testing/fp_operands.h"

#ifdef __x86_64__

struct fp_sse_case {
	struct fp_env env;
	fp_bits a, b, c;
	uint32_t mxcsr; /* masked, the mode's; cleared flags */
};

struct operation {
	const char *name;
	enum fp_format operand, result;
	const char *feature;
	struct fp_result (*ours)(const struct fp_sse_case *);
	struct fp_result (*host)(const struct fp_sse_case *);
};

/* Runs one instruction with the case's MXCSR; the flags are those that it leaves. */
#define RUN(instruction, outputs, ...) \
	do { \
		uint32_t csr_ = c->mxcsr, after_ = 0, mine_ = 0; \
		__asm__ volatile("stmxcsr %[mine]\n\tldmxcsr %[csr]\n\t" instruction \
				 "\n\tstmxcsr %[after]\n\tldmxcsr %[mine]" \
				 : outputs, [after] "=m"(after_), [mine] "+m"(mine_) \
				 : [csr] "m"(csr_), __VA_ARGS__ \
				 : "cc"); \
		flags = after_ & 0x3f; \
	} while (0)

typedef uint32_t vector __attribute__((vector_size(16)));

static vector in_vector(fp_bits a)
{
	return (vector){(uint32_t)a, (uint32_t)(a >> 32)};
}

static fp_bits from_vector(vector v, unsigned width)
{
	return width == 64 ? (uint64_t)v[1] << 32 | v[0] : v[0] & (UINT64_MAX >> (64 - width));
}

/* Two operands, the first of which the result replaces. */
#define TWO(name, width, text) \
	static struct fp_result name(const struct fp_sse_case *c) \
	{ \
		vector x = in_vector(c->a), y = in_vector(c->b); \
		unsigned flags; \
		RUN(text " %[y], %[x]", [x] "+x"(x), [y] "x"(y)); \
		return (struct fp_result){from_vector(x, width), (uint8_t)flags}; \
	}

/* One operand. */
#define ONE(name, width, text) \
	static struct fp_result name(const struct fp_sse_case *c) \
	{ \
		vector x = {0}, y = in_vector(c->a); \
		unsigned flags; \
		RUN(text " %[y], %[x]", [x] "+x"(x), [y] "x"(y)); \
		return (struct fp_result){from_vector(x, width), (uint8_t)flags}; \
	}

/* Destination, second and third operand: which of them are a, b and c the digits of the name say. */
#define THREE(name, width, text, x_, y_, z_) \
	static struct fp_result name(const struct fp_sse_case *c) \
	{ \
		vector x = in_vector(c->x_), y = in_vector(c->y_), z = in_vector(c->z_); \
		unsigned flags; \
		RUN(text " %[z], %[y], %[x]", [x] "+x"(x), [y] "x"(y), [z] "x"(z)); \
		return (struct fp_result){from_vector(x, width), (uint8_t)flags}; \
	}

#define TO_INT(name, type, text) \
	static struct fp_result name(const struct fp_sse_case *c) \
	{ \
		vector y = in_vector(c->a); \
		unsigned flags; \
		type x = 0; \
		RUN(text, [x] "+r"(x), [y] "x"(y)); \
		return (struct fp_result){x, (uint8_t)flags}; \
	}

#define FROM_INT(name, width, type, text) \
	static struct fp_result name(const struct fp_sse_case *c) \
	{ \
		vector x = {0}; \
		unsigned flags; \
		type y = (type)c->a; \
		RUN(text " %[y], %[x]", [x] "+x"(x), [y] "r"(y)); \
		return (struct fp_result){from_vector(x, width), (uint8_t)flags}; \
	}

/* The relation, as COMISS sets ZF, PF and CF. */
#define COMPARE(name, text) \
	static struct fp_result name(const struct fp_sse_case *c) \
	{ \
		vector x = in_vector(c->a), y = in_vector(c->b); \
		unsigned flags; \
		uint64_t rflags = 0; \
		RUN(text " %[y], %[x]\n\tpushfq\n\tpopq %[r]", [r] "=&r"(rflags), [x] "x"(x), [y] "x"(y)); \
		unsigned relation = rflags & 4    ? FP_UNORDERED \
				    : rflags & 64 ? FP_EQUAL \
				    : rflags & 1  ? FP_LESS \
						  : FP_GREATER; \
		return (struct fp_result){relation, (uint8_t)flags}; \
	}

TWO(host_addss, 32, "addss")
TWO(host_addsd, 64, "addsd")
TWO(host_subss, 32, "subss")
TWO(host_subsd, 64, "subsd")
TWO(host_mulss, 32, "mulss")
TWO(host_mulsd, 64, "mulsd")
TWO(host_divss, 32, "divss")
TWO(host_divsd, 64, "divsd")
TWO(host_minss, 32, "minss")
TWO(host_minsd, 64, "minsd")
TWO(host_maxss, 32, "maxss")
TWO(host_maxsd, 64, "maxsd")
ONE(host_sqrtss, 32, "sqrtss")
ONE(host_sqrtsd, 64, "sqrtsd")
ONE(host_cvtss2sd, 64, "cvtss2sd")
ONE(host_cvtsd2ss, 32, "cvtsd2ss")
ONE(host_roundss, 32, "roundss $4,")
ONE(host_roundsd, 64, "roundsd $4,")
ONE(host_roundss_quiet, 32, "roundss $12,")
ONE(host_roundsd_quiet, 64, "roundsd $12,")
ONE(host_vcvtph2ps, 32, "vcvtph2ps")
ONE(host_vcvtps2ph, 16, "vcvtps2ph $4,")
THREE(host_vfmaddss, 32, "vfmadd213ss", b, a, c)
THREE(host_vfmaddsd, 64, "vfmadd213sd", b, a, c)
THREE(host_vfmadd132ss, 32, "vfmadd132ss", a, c, b)
THREE(host_vfmadd132sd, 64, "vfmadd132sd", a, c, b)
THREE(host_vfmadd231ss, 32, "vfmadd231ss", c, a, b)
THREE(host_vfmadd231sd, 64, "vfmadd231sd", c, a, b)
THREE(host_vfmsubss, 32, "vfmsub213ss", b, a, c)
THREE(host_vfmsubsd, 64, "vfmsub213sd", b, a, c)
THREE(host_vfnmaddss, 32, "vfnmadd213ss", b, a, c)
THREE(host_vfnmaddsd, 64, "vfnmadd213sd", b, a, c)
THREE(host_vfnmsubss, 32, "vfnmsub213ss", b, a, c)
THREE(host_vfnmsubsd, 64, "vfnmsub213sd", b, a, c)
TO_INT(host_cvtss2si, uint32_t, "cvtss2si %[y], %k[x]")
TO_INT(host_cvtss2siq, uint64_t, "cvtss2si %[y], %q[x]")
TO_INT(host_cvtsd2si, uint32_t, "cvtsd2si %[y], %k[x]")
TO_INT(host_cvtsd2siq, uint64_t, "cvtsd2si %[y], %q[x]")
TO_INT(host_vcvtss2usi, uint32_t, "vcvtss2usi %[y], %k[x]")
TO_INT(host_vcvtss2usiq, uint64_t, "vcvtss2usi %[y], %q[x]")
TO_INT(host_vcvtsd2usi, uint32_t, "vcvtsd2usi %[y], %k[x]")
TO_INT(host_vcvtsd2usiq, uint64_t, "vcvtsd2usi %[y], %q[x]")
FROM_INT(host_cvtsi2ss, 32, uint32_t, "cvtsi2ssl")
FROM_INT(host_cvtsi2ssq, 32, uint64_t, "cvtsi2ssq")
FROM_INT(host_cvtsi2sd, 64, uint32_t, "cvtsi2sdl")
FROM_INT(host_cvtsi2sdq, 64, uint64_t, "cvtsi2sdq")
COMPARE(host_comiss, "comiss")
COMPARE(host_comisd, "comisd")
COMPARE(host_ucomiss, "ucomiss")
COMPARE(host_ucomisd, "ucomisd")

static struct fp_result compared(const struct fp_env *e, const struct fp_sse_case *c, bool quiet)
{
	struct fp_result ret;

	ret.value = fp_compare(e, quiet, c->a, c->b, &ret.flags);
	return ret;
}

#define OURS(name, expression) \
	static struct fp_result our_##name(const struct fp_sse_case *c) \
	{ \
		const struct fp_env *e = &c->env; \
		return expression; \
	}

OURS(add, fp_add(e, c->a, c->b))
OURS(sub, fp_sub(e, c->a, c->b))
OURS(mul, fp_mul(e, c->a, c->b))
OURS(div, fp_div(e, c->a, c->b))
OURS(min, fp_min(e, c->a, c->b))
OURS(max, fp_max(e, c->a, c->b))
OURS(sqrt, fp_sqrt(e, c->a))
OURS(from_16, fp_convert(e, FP_F16, c->a))
OURS(from_32, fp_convert(e, FP_F32, c->a))
OURS(from_64, fp_convert(e, FP_F64, c->a))
OURS(round, fp_round_integral(e, true, c->a))
OURS(round_quiet, fp_round_integral(e, false, c->a))
OURS(fmadd, fp_fma(e, 0, c->a, c->b, c->c))
OURS(fmsub, fp_fma(e, FP_NEGATE_ADDEND, c->a, c->b, c->c))
OURS(fnmadd, fp_fma(e, FP_NEGATE_PRODUCT, c->a, c->b, c->c))
OURS(fnmsub, fp_fma(e, FP_NEGATE_PRODUCT | FP_NEGATE_ADDEND, c->a, c->b, c->c))
OURS(to_i32, fp_to_int(e, true, 32, 0, c->a))
OURS(to_i64, fp_to_int(e, true, 64, 0, c->a))
OURS(to_u32, fp_to_int(e, false, 32, 0, c->a))
OURS(to_u64, fp_to_int(e, false, 64, 0, c->a))
OURS(from_i32, fp_from_int(e, true, 32, 0, (uint64_t)c->a))
OURS(from_i64, fp_from_int(e, true, 64, 0, (uint64_t)c->a))

OURS(compare, compared(e, c, false))
OURS(compare_quiet, compared(e, c, true))

static const struct operation operations[] = {
	{"addss", FP_F32, FP_F32, NULL, our_add, host_addss},
	{"addsd", FP_F64, FP_F64, NULL, our_add, host_addsd},
	{"subss", FP_F32, FP_F32, NULL, our_sub, host_subss},
	{"subsd", FP_F64, FP_F64, NULL, our_sub, host_subsd},
	{"mulss", FP_F32, FP_F32, NULL, our_mul, host_mulss},
	{"mulsd", FP_F64, FP_F64, NULL, our_mul, host_mulsd},
	{"divss", FP_F32, FP_F32, NULL, our_div, host_divss},
	{"divsd", FP_F64, FP_F64, NULL, our_div, host_divsd},
	{"sqrtss", FP_F32, FP_F32, NULL, our_sqrt, host_sqrtss},
	{"sqrtsd", FP_F64, FP_F64, NULL, our_sqrt, host_sqrtsd},
	{"minss", FP_F32, FP_F32, NULL, our_min, host_minss},
	{"minsd", FP_F64, FP_F64, NULL, our_min, host_minsd},
	{"maxss", FP_F32, FP_F32, NULL, our_max, host_maxss},
	{"maxsd", FP_F64, FP_F64, NULL, our_max, host_maxsd},
	{"comiss", FP_F32, FP_F32, NULL, our_compare, host_comiss},
	{"comisd", FP_F64, FP_F64, NULL, our_compare, host_comisd},
	{"ucomiss", FP_F32, FP_F32, NULL, our_compare_quiet, host_ucomiss},
	{"ucomisd", FP_F64, FP_F64, NULL, our_compare_quiet, host_ucomisd},
	{"cvtss2sd", FP_F32, FP_F64, NULL, our_from_32, host_cvtss2sd},
	{"cvtsd2ss", FP_F64, FP_F32, NULL, our_from_64, host_cvtsd2ss},
	{"cvtss2si", FP_F32, FP_F32, NULL, our_to_i32, host_cvtss2si},
	{"cvtss2si 64", FP_F32, FP_F32, NULL, our_to_i64, host_cvtss2siq},
	{"cvtsd2si", FP_F64, FP_F64, NULL, our_to_i32, host_cvtsd2si},
	{"cvtsd2si 64", FP_F64, FP_F64, NULL, our_to_i64, host_cvtsd2siq},
	{"cvtsi2ss", FP_F32, FP_F32, NULL, our_from_i32, host_cvtsi2ss},
	{"cvtsi2ss 64", FP_F64, FP_F32, NULL, our_from_i64, host_cvtsi2ssq},
	{"cvtsi2sd", FP_F32, FP_F64, NULL, our_from_i32, host_cvtsi2sd},
	{"cvtsi2sd 64", FP_F64, FP_F64, NULL, our_from_i64, host_cvtsi2sdq},
	{"roundss", FP_F32, FP_F32, "sse4.1", our_round, host_roundss},
	{"roundsd", FP_F64, FP_F64, "sse4.1", our_round, host_roundsd},
	{"roundss, no inexact", FP_F32, FP_F32, "sse4.1", our_round_quiet, host_roundss_quiet},
	{"roundsd, no inexact", FP_F64, FP_F64, "sse4.1", our_round_quiet, host_roundsd_quiet},
	{"vcvtph2ps", FP_F16, FP_F32, "f16c", our_from_16, host_vcvtph2ps},
	{"vcvtps2ph", FP_F32, FP_F16, "f16c", our_from_32, host_vcvtps2ph},
	{"vfmadd213ss", FP_F32, FP_F32, "fma", our_fmadd, host_vfmaddss},
	{"vfmadd213sd", FP_F64, FP_F64, "fma", our_fmadd, host_vfmaddsd},
	{"vfmadd132ss", FP_F32, FP_F32, "fma", our_fmadd, host_vfmadd132ss},
	{"vfmadd132sd", FP_F64, FP_F64, "fma", our_fmadd, host_vfmadd132sd},
	{"vfmadd231ss", FP_F32, FP_F32, "fma", our_fmadd, host_vfmadd231ss},
	{"vfmadd231sd", FP_F64, FP_F64, "fma", our_fmadd, host_vfmadd231sd},
	{"vfmsub213ss", FP_F32, FP_F32, "fma", our_fmsub, host_vfmsubss},
	{"vfmsub213sd", FP_F64, FP_F64, "fma", our_fmsub, host_vfmsubsd},
	{"vfnmadd213ss", FP_F32, FP_F32, "fma", our_fnmadd, host_vfnmaddss},
	{"vfnmadd213sd", FP_F64, FP_F64, "fma", our_fnmadd, host_vfnmaddsd},
	{"vfnmsub213ss", FP_F32, FP_F32, "fma", our_fnmsub, host_vfnmsubss},
	{"vfnmsub213sd", FP_F64, FP_F64, "fma", our_fnmsub, host_vfnmsubsd},
	{"vcvtss2usi", FP_F32, FP_F32, "avx512f", our_to_u32, host_vcvtss2usi},
	{"vcvtss2usi 64", FP_F32, FP_F32, "avx512f", our_to_u64, host_vcvtss2usiq},
	{"vcvtsd2usi", FP_F64, FP_F64, "avx512f", our_to_u32, host_vcvtsd2usi},
	{"vcvtsd2usi 64", FP_F64, FP_F64, "avx512f", our_to_u64, host_vcvtsd2usiq},
};

enum { NUM_OPERATIONS = sizeof operations / sizeof *operations };

static bool has(const char *feature)
{
	__builtin_cpu_init();
	if (feature == NULL)
		return true;
	switch (*feature) {
	case 's': return __builtin_cpu_supports("sse4.1");
	case 'a': return __builtin_cpu_supports("avx512f");
	default: return __builtin_cpu_supports("fma") && __builtin_cpu_supports("avx2"); /* all have F16C, too */
	}
}

static struct fp_sse_case any_case(struct rng *r, const struct operation *o)
{
	struct fp_sse_case c = {.env = {.format = o->result, .rules = FP_SSE}};
	uint32_t random = (uint32_t)rng_next(r), round = random & 3, daz = random >> 2 & 1, ftz = random >> 3 & 1;

	c.env.mode = round << FP_MODE_ROUND | daz << FP_MODE_FLUSH_OPERANDS | ftz << FP_MODE_FLUSH_RESULTS;
	c.mxcsr = 0x1f80 | round << 13 | daz << 6 | ftz << 15;
	c.a = fp_operand_any(r, o->operand);
	c.b = fp_operand_second(r, o->operand, c.a);
	c.c = fp_operand_second(r, o->operand, random & 16 ? c.a : c.b);
	return c;
}

START_TEST(like_the_processor)
{
	const struct operation *o = &operations[_i];
	struct rng r = {(uint64_t)_i};

	if (!has(o->feature)) {
		printf("%s: not tested, this processor lacks %s\n", o->name, o->feature);
		return;
	}
	for (uint64_t i = 0; i < fp_cases(30000); i++) {
		struct fp_sse_case c = any_case(&r, o);
		struct fp_result ours = o->ours(&c), host = o->host(&c);

		ours.flags &= 0x3f;
		if (ours.value != host.value || ours.flags != host.flags)
			ck_abort_msg("%s %#llx %#llx %#llx mode %#x: %#llx flags %#x, the processor %#llx flags %#x",
				     o->name, (unsigned long long)c.a, (unsigned long long)c.b, (unsigned long long)c.c,
				     c.env.mode, (unsigned long long)ours.value, ours.flags,
				     (unsigned long long)host.value, host.flags);
	}
}
END_TEST

/* ---- Overflow and underflow that are not masked ---- */

static sigjmp_buf after_trap;
static volatile uint32_t trapped_mxcsr;

static void on_trap(int signal, siginfo_t *info, void *context)
{
	const ucontext_t *c = context;

	(void)signal;
	(void)info;
	trapped_mxcsr = c->uc_mcontext.fpregs->mxcsr;
	siglongjmp(after_trap, 1);
}

/* The flags alone: the result of a trapped operation is not written. */
static unsigned trapping_flags(const struct operation *o, const struct fp_sse_case *c)
{
	if (sigsetjmp(after_trap, 1) != 0) {
		uint32_t masked = 0x1f80;
		__asm__ volatile("ldmxcsr %0" ::"m"(masked));
		return trapped_mxcsr & 0x3f;
	}
	return o->host(c).flags;
}

/* A tiny result that traps is told, be it exact or not (SDM vol. 1, 4.9.1.5), and never flushed (10.2.3.3). */
START_TEST(unmasked_like_the_processor)
{
	const struct operation *o = &operations[_i];
	struct sigaction trap = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};
	struct rng r = {(uint64_t)_i};

	if (!has(o->feature))
		return;
	ck_assert_int_eq(sigaction(SIGFPE, &trap, NULL), 0);
	for (uint64_t i = 0; i < fp_cases(3000); i++) {
		struct fp_sse_case c = any_case(&r, o);
		uint32_t which = 1 + rng_below(&r, 3);
		c.mxcsr &= ~(which << 10);
		c.env.mode |= (which & 1) << FP_MODE_UNMASKED_OVERFLOW | which >> 1 << FP_MODE_UNMASKED_UNDERFLOW;
		c.env.mode &= ~((which >> 1) << FP_MODE_FLUSH_RESULTS);
		unsigned ours = o->ours(&c).flags & 0x3f, host = trapping_flags(o, &c);
		ck_assert_msg(ours == host, "%s %#llx %#llx %#llx mode %#x: flags %#x, the processor %#x", o->name,
			      (unsigned long long)c.a, (unsigned long long)c.b, (unsigned long long)c.c, c.env.mode,
			      ours, host);
	}
}
END_TEST

/* VCVTNEPS2BF16 rounds to nearest, flushes, and raises nothing, whatever MXCSR says (SDM vol. 2). */
START_TEST(bf16_like_the_processor)
{
	struct fp_env e = {FP_BF16, FP_SSE, 1 << FP_MODE_FLUSH_OPERANDS | 1 << FP_MODE_FLUSH_RESULTS};
	struct rng r = {1};

	if (!__builtin_cpu_supports("avx512bf16") || !__builtin_cpu_supports("avx512vl")) {
		puts("vcvtneps2bf16: not tested, this processor lacks it");
		return;
	}
	for (uint64_t i = 0; i < fp_cases(30000); i++) {
		fp_bits a = fp_operand_any(&r, FP_F32);
		vector x = {0}, y = in_vector(a);
		__asm__("vcvtneps2bf16 %1, %0" : "=x"(x) : "x"(y));
		struct fp_result ours = fp_convert(&e, FP_F32, a);
		ck_assert_msg(ours.value == from_vector(x, 16), "%#llx: %#llx, the processor %#llx",
			      (unsigned long long)a, (unsigned long long)ours.value,
			      (unsigned long long)from_vector(x, 16));
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("fp like SSE");
	TCase *tcase = tcase_create("operations");

	tcase_set_timeout(tcase, 3600);
	tcase_add_loop_test(tcase, like_the_processor, 0, NUM_OPERATIONS);
	tcase_add_loop_test(tcase, unmasked_like_the_processor, 0, NUM_OPERATIONS);
	tcase_add_test(tcase, bf16_like_the_processor);
	suite_add_tcase(suite, tcase);
	return test_main(suite);
}

#else

int main(void)
{
	puts("no SSE on this machine");
	return TEST_SKIP;
}

#endif
