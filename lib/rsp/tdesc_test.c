#include "lib/rsp/tdesc.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/base/strbuf.h"
#include "lib/testing/assert.h"

/* The documents of a stub: name and text in turn, NULL at the end. */
static struct error *fetch(void *ctx, const char *annex, char **ret, size_t *ret_len)
{
	for (const char *const *document = ctx; *document; document += 2)
		if (!strcmp(document[0], annex)) {
			*ret = strdup(document[1]);
			*ret_len = strlen(document[1]);
			return *ret ? NULL : &error_no_memory;
		}
	return error_create(ERROR_TARGET, "no annex %s", annex);
}

static struct error *read_one(const char *text, struct tdesc *ret)
{
	const char *documents[] = {"target.xml", text, NULL};

	return tdesc_read(fetch, documents, ret);
}

/* In the manner of QEMU: an include, register numbers that follow one another, one register out of turn. */
static const char *const like_qemu[] = {
	"target.xml",
	"<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\"><target><architecture>i386:x86-64</architecture>"
	"<xi:include href=\"core.xml\"/><xi:include href=\"more.xml\"/></target>",
	"core.xml",
	"<?xml version=\"1.0\"?><!-- a comment -->\n<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n"
	"<feature name=\"org.gnu.gdb.i386.core\"><flags id=\"f\" size=\"4\"><field name=\"CF\" start=\"0\" end=\"0\"/></flags>"
	"<reg name=\"rax\" bitsize=\"64\" type=\"int64\" regnum=\"0\"/><reg name=\"rip\" bitsize=\"64\" type=\"code_ptr\"/>"
	"<reg name=\"eflags\" bitsize=\"32\" type=\"f\"/><reg name=\"st0\" bitsize=\"80\" type=\"i387_ext\"/>"
	"<reg name=\"odd\" bitsize=\"1\"/></feature>",
	"more.xml",
	"<feature name=\"org.gnu.gdb.i386.linux\"><reg name=\"orig_rax\" bitsize=\"64\" regnum=\"9\"/>"
	"<reg name=\"between\" bitsize=\"16\" regnum='7'/></feature>",
	NULL,
};

static void check_reg(const struct tdesc *t, const char *name, uint32_t number, uint32_t bits, uint32_t offset)
{
	const struct tdesc_reg *reg = tdesc_find(t, name);

	ck_assert_msg(reg != NULL, "no %s", name);
	ck_assert_uint_eq(reg->number, number);
	ck_assert_uint_eq(reg->bits, bits);
	ck_assert_uint_eq(reg->offset, offset);
}

START_TEST(lays_registers_out)
{
	struct tdesc t;

	ck_no_error(tdesc_read(fetch, (void *)(uintptr_t)like_qemu, &t));
	ck_assert_str_eq(t.architecture, "i386:x86-64");
	ck_assert_uint_eq(t.regs.len, 7);
	check_reg(&t, "rax", 0, 64, 0);
	check_reg(&t, "rip", 1, 64, 8);
	check_reg(&t, "eflags", 2, 32, 16);
	check_reg(&t, "st0", 3, 80, 20);
	check_reg(&t, "odd", 4, 1, 30);
	check_reg(&t, "between", 7, 16, 31);
	check_reg(&t, "orig_rax", 9, 64, 33);
	ck_assert_uint_eq(t.size, 41);
	ck_assert_str_eq(tdesc_find(&t, "rip")->feature, "org.gnu.gdb.i386.core");
	ck_assert_str_eq(tdesc_find(&t, "orig_rax")->feature, "org.gnu.gdb.i386.linux");
	ck_assert_ptr_null(tdesc_find(&t, "ymm0h"));
	tdesc_deinit(&t);
}
END_TEST

/* SME's ZA at the largest vector length, as QEMU 11.1 describes it. */
START_TEST(takes_the_widest_register_there_is)
{
	struct tdesc t;

	ck_no_error(read_one("<target><reg name=\"pc\" bitsize=\"64\" regnum=\"32\"/>"
			     "<reg name=\"za\" bitsize=\"524288\" regnum=\"88\"/><reg name=\"zt0\" bitsize=\"512\"/>"
			     "<reg name=\"TPIDR_EL0\" bitsize=\"64\" regnum=\"280\"/></target>",
			     &t));
	check_reg(&t, "pc", 32, 64, 0);
	check_reg(&t, "za", 88, 524288, 8);
	check_reg(&t, "zt0", 89, 512, 65544);
	check_reg(&t, "TPIDR_EL0", 280, 64, 65608);
	tdesc_deinit(&t);
}
END_TEST

#define TEN(text) text text text text text text text text text text
#define LONG_NAME TEN(TEN("n")) TEN(TEN("n")) TEN(TEN("n"))

static const struct {
	const char *text, *message;
} bad[] = {
	{"", "target.xml:1: no element found"},
	{"<target>", "target.xml:1: no element found"},
	{"\n<target></feature>", "target.xml:2: mismatched tag"},
	{"<target></target>", "no registers"},
	{"<target><reg bitsize=\"8\"/></target>", "register without a usable name"},
	{"<target><reg name=\"a-name-of-far-more-than-thirty-one-bytes\" bitsize=\"8\"/></target>",
	 "usable name: a-name"},
	{"<target><reg name=\"a\"/></target>", "no usable bitsize of register a"},
	{"<target><reg name=\"a\" bitsize=\"0\"/></target>", "no usable bitsize"},
	{"<target><reg name=\"a\" bitsize=\"-8\"/></target>", "no usable bitsize"},
	{"<target><reg name=\"a\" bitsize=\"524289\"/></target>", "no usable bitsize"},
	{"<target><reg name=\"a\" bitsize=\"4294967304\"/></target>", "no usable bitsize"},
	{"<target><reg name=\"a\" bitsize=\"8\" regnum=\"99999999999\"/></target>", "no usable regnum"},
	{"<target><reg name=\"a\" bitsize=\"8\"/><reg name=\"b\" bitsize=\"8\" regnum=\"0\"/></target>",
	 "registers a and b have number 0"},
	{"<target><xi:include href=\"target.xml\"/></target>", "too many documents"},
	{"<target><xi:include/></target>", "without href"},
	{"<target><xi:include href=\"\"/></target>", "no name of a document that can be asked for"},
	{"<target><xi:include href=\"a:0,1\"/></target>", "no name of a document that can be asked for: a:0,1"},
	{"<target><xi:include href=\"a$b\"/></target>", "no name of a document that can be asked for"},
	{"<target><xi:include href=\"" LONG_NAME "\"/></target>", "no name of a document that can be asked for: nnnn"},
	{"<!DOCTYPE t [<!ENTITY a \"b\">]><t>&a;</t>", "entity declared: a"},
};

START_TEST(refuses)
{
	struct tdesc t;

	ck_error(read_one(bad[_i].text, &t), ERROR_PROTOCOL, bad[_i].message);
}
END_TEST

START_TEST(passes_errors_of_fetching_on)
{
	struct tdesc t;

	ck_error(read_one("<target><xi:include href=\"missing.xml\"/></target>", &t), ERROR_TARGET,
		 "no annex missing.xml");
}
END_TEST

START_TEST(bounds_the_number_and_size_of_registers)
{
	struct strbuf text = {0};
	struct tdesc t;

	strbuf_append(&text, "<target>");
	for (unsigned i = 0; i < 5000; i++)
		strbuf_printf(&text, "<reg name=\"r%u\" bitsize=\"8\"/>", i);
	strbuf_append(&text, "</target>");
	ck_error(read_one(text.at, &t), ERROR_PROTOCOL, "too many registers");

	strbuf_clear(&text);
	strbuf_append(&text, "<target>");
	for (unsigned i = 0; i < 100; i++)
		strbuf_printf(&text, "<reg name=\"r%u\" bitsize=\"131072\"/>", i);
	strbuf_append(&text, "</target>");
	ck_error(read_one(text.at, &t), ERROR_PROTOCOL, "bytes of registers");

	strbuf_clear(&text);
	strbuf_append(&text, "<target><!--");
	for (unsigned i = 0; i < 1 << 20; i++)
		strbuf_append_char(&text, 'x');
	strbuf_append(&text, "--></target>");
	ck_error(read_one(text.at, &t), ERROR_PROTOCOL, "bytes");
	strbuf_deinit(&text);
}
END_TEST

START_TEST(bounds_the_number_of_documents)
{
	struct strbuf text = {0};
	struct tdesc t;

	strbuf_append(&text, "<target>");
	for (unsigned i = 0; i < 40; i++)
		strbuf_append(&text, "<xi:include href=\"leaf.xml\"/>");
	strbuf_append(&text, "</target>");
	const char *documents[] = {"target.xml", text.at, "leaf.xml", "<feature/>", NULL};
	ck_error(tdesc_read(fetch, documents, &t), ERROR_PROTOCOL, "too many documents");
	strbuf_deinit(&text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tdesc");
	TCase *tests = tcase_create("tdesc");

	tcase_add_test(tests, lays_registers_out);
	tcase_add_test(tests, takes_the_widest_register_there_is);
	tcase_add_loop_test(tests, refuses, 0, sizeof bad / sizeof bad[0]);
	tcase_add_test(tests, passes_errors_of_fetching_on);
	tcase_add_test(tests, bounds_the_number_and_size_of_registers);
	tcase_add_test(tests, bounds_the_number_of_documents);
	suite_add_tcase(suite, tests);
	return test_main(suite);
}
