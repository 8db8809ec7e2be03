/* What no processor says: names, kinds, and what a mode that none of the others reaches does. */
#include "lib/fp/fp.h"

#include "lib/testing/assert.h"

static fp_bits extended(uint16_t top, uint64_t significand)
{
	return (fp_bits)top << 64 | significand;
}

START_TEST(prints_exactly)
{
	static const struct {
		enum fp_format format;
		uint16_t top;
		uint64_t low;
		const char *text;
	} cases[] = {
		{FP_F32, 0, 0x40400000, "0x1.8p+1"},
		{FP_F32, 0, 0x80000001, "-0x1p-149"},
		{FP_F32, 0, 0x3f800001, "0x1.000002p+0"},
		{FP_F64, 0, UINT64_C(0xfff0000000000000), "-inf"},
		{FP_F64, 0, UINT64_C(0x8000000000000000), "-0x0p+0"},
		{FP_F64, 0, UINT64_C(0x7fefffffffffffff), "0x1.fffffffffffffp+1023"},
		{FP_F64, 0, UINT64_C(0x7ff8000000012345), "qNaN(0x12345)"},
		{FP_F32, 0, 0xff800001, "-sNaN(0x1)"},
		{FP_F16, 0, 0x7bff, "0x1.ffcp+15"},
		{FP_F16, 0, 0x7c00, "inf"},
		{FP_F16_ALT, 0, 0x7c00, "0x1p+16"},
		{FP_BF16, 0, 0x3fc0, "0x1.8p+0"},
		{FP_F80, 0xffff, UINT64_C(0xffffffffffffffff), "-qNaN(0x3fffffffffffffff)"},
		{FP_F80, 0x7ffe, UINT64_C(0xffffffffffffffff), "0x1.fffffffffffffffep+16383"},
		{FP_F80, 0x8000, 1, "-0x1p-16445"},
		{FP_F80, 0x3fff, 1, "unsupported(0x3fff:0x0000000000000001)"},
	};
	char text[48];

	fp_print(cases[_i].format, extended(cases[_i].top, cases[_i].low), text, sizeof text);
	ck_assert_str_eq(text, cases[_i].text);
}
END_TEST

START_TEST(tells_kinds)
{
	ck_assert_uint_eq(fp_classify(FP_F32, 0x80000000), FP_CLASS_ZERO);
	ck_assert_uint_eq(fp_classify(FP_F32, 0x007fffff), FP_CLASS_DENORMAL);
	ck_assert_uint_eq(fp_classify(FP_F32, 0x00800000), FP_CLASS_NORMAL);
	ck_assert_uint_eq(fp_classify(FP_F32, 0xff800000), FP_CLASS_INFINITE);
	ck_assert_uint_eq(fp_classify(FP_F32, 0x7fc00000), FP_CLASS_QUIET_NAN);
	ck_assert_uint_eq(fp_classify(FP_F32, 0x7fbfffff), FP_CLASS_SIGNALLING_NAN);
	ck_assert_uint_eq(fp_classify(FP_F16_ALT, 0xffff), FP_CLASS_NORMAL);
	/* SDM vol. 1, table 8-3: pseudo-denormal; unnormal, pseudo-infinity, pseudo-NaN. */
	ck_assert_uint_eq(fp_classify(FP_F80, extended(0, UINT64_C(1) << 63)), FP_CLASS_DENORMAL);
	ck_assert_uint_eq(fp_classify(FP_F80, extended(1, 1)), FP_CLASS_UNSUPPORTED);
	ck_assert_uint_eq(fp_classify(FP_F80, extended(0x7fff, 0)), FP_CLASS_UNSUPPORTED);
	ck_assert_uint_eq(fp_classify(FP_F80, extended(0x7fff, 1)), FP_CLASS_UNSUPPORTED);
	ck_assert_uint_eq(fp_classify(FP_F80, extended(0x7fff, UINT64_C(1) << 63)), FP_CLASS_INFINITE);
}
END_TEST

/* Bits above the format's width are not looked at. */
START_TEST(takes_the_low_bits)
{
	const struct fp_env e = {FP_F32, FP_SSE, 0};
	fp_bits above = ~(fp_bits)0 << 32;

	ck_assert(fp_add(&e, 0x3f800000 | above, 0x3f800000).value == 0x40000000);
	ck_assert(fp_add(&e, 0x7f800000 | above, 0x3f800000 | above).value == 0x7f800000);
	ck_assert(fp_min(&e, 0x7fc00000, 0x40000000 | above).value == 0x40000000);
	ck_assert(fp_min(&e, 0x3f800000 | above, 0x40000000).value == 0x3f800000);
	ck_assert(fp_round_integral(&e, true, 0x7e800000 | above).value == 0x7e800000);
	ck_assert_uint_eq(fp_classify(FP_F32, 0x3f800000 | above), FP_CLASS_NORMAL);
}
END_TEST

/* By an emulator (QEMU 11.1): FPMR's formats, scale and saturation, infinities, NaNs, zeroes, denormals. */
START_TEST(sums_products_of_bytes)
{
	static const struct {
		enum fp_format format;
		uint32_t fpmr;
		unsigned products;
		uint32_t a, b, addend, sum;
	} rows[] = {
		{FP_F16, 0x0, 2, 0x00003c3c, 0x00003c40, 0x3c00, 0x4400},
		{FP_F16, 0x9, 2, 0x00003838, 0x00003840, 0x3c00, 0x4400},
		{FP_F16, 0x34008, 2, 0x00007b7b, 0x00007e7e, 0x7bff, 0x7bff},
		{FP_F16, 0x8, 2, 0x00007b7b, 0x00007e7e, 0x7bff, 0x7c00},
		{FP_F32, 0x0, 4, 0x3c3cbc01, 0x3c403c01, 0x3f800000, 0x40400000},
		{FP_F32, 0x0, 4, 0x0000007c, 0x00000000, 0x3f800000, 0x7fc00000},
		{FP_F32, 0x0, 4, 0x00007cfc, 0x00003c3c, 0x3f800000, 0x7fc00000},
		{FP_F32, 0x0, 4, 0x00007c7c, 0x00003c3c, 0x3f800000, 0x7f800000},
		{FP_F32, 0x0, 4, 0x80808080, 0x00000000, 0x80000000, 0x80000000},
		{FP_F32, 0x0, 4, 0x8080803c, 0x000000bc, 0x3f800000, 0x0},
		{FP_F32, 0x400009, 4, 0x3838387f, 0x38383838, 0x3f800000, 0x7fc00000},
		{FP_F32, 0x640009, 4, 0x3838387e, 0x38383838, 0x1, 0x11e18000},
		{FP_F32, 0x1, 1, 0x0000007e, 0x0000003c, 0x4e000001, 0x4e000008},
		{FP_F16, 0x50000, 1, 0x0000003d, 0x0000003e, 0x1, 0x2b80},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		fp_bits sum = fp_f8_dot(rows[i].format, rows[i].fpmr, rows[i].products, rows[i].a, rows[i].b,
					rows[i].addend);
		ck_assert_msg(sum == rows[i].sum, "%zu: %#llx", i, (unsigned long long)sum);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("fp");
	TCase *tcase = tcase_create("fp");

	tcase_add_loop_test(tcase, prints_exactly, 0, 16);
	tcase_add_test(tcase, tells_kinds);
	tcase_add_test(tcase, takes_the_low_bits);
	tcase_add_test(tcase, sums_products_of_bytes);
	suite_add_tcase(suite, tcase);
	return test_main(suite);
}
