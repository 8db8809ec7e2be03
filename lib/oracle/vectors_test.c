#include "lib/oracle/vectors.h"

#include <errno.h>
#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/oracle/vectors_state.h"
#include "lib/testing/assert.h"

enum { MAX_FILE = 1024 };

/* A file in the making. */
static struct {
	uint8_t bytes[MAX_FILE];
	size_t len;
} file;

static char path[] = "build/vectors-test-XXXXXX";

static void put(uint64_t value, unsigned len)
{
	for (unsigned i = 0; i < len; i++)
		file.bytes[file.len++] = (uint8_t)(value >> (8 * i));
}

static void put_header(uint32_t cases)
{
	memcpy(file.bytes, "A64VEC1", 8);
	file.len = 8;
	put(cases, 4);
}

static void put_case(uint32_t word, uint64_t seed, unsigned changes)
{
	put(word, 4);
	put(seed, 8);
	put(changes, 1);
}

static void put_change(unsigned kind, uint64_t value, unsigned len)
{
	put(kind, 1);
	put(value, len < 8 ? len : 8);
	if (len > 8)
		put(0, len - 8);
}

static void write_file(size_t len)
{
	FILE *f = fopen(path, "wb");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(file.bytes, 1, len, f), len);
	ck_assert_int_eq(fclose(f), 0);
}

/* Reads all cases of the file's first len bytes. */
static struct error *read_file(const char *name, unsigned *ret_cases)
{
	struct vector_reader *r;
	struct vector_case c;
	bool found = true;
	unsigned n = 0;
	struct error *err = vector_reader_open(name, &r);

	if (err)
		return err;
	while (!err && found) {
		err = vector_reader_next(r, &c, &found);
		n += !err && found;
	}
	vector_reader_close(r);
	if (!err)
		*ret_cases = n;
	return err;
}

static struct error *read_bytes(size_t len)
{
	unsigned n;

	write_file(len);
	return read_file(path, &n);
}

/* ADD X0, X1, X2: 5 + 7. */
enum { ADD = 0x8b020020, INPUT = 128 };

static void put_add(unsigned more)
{
	put_case(ADD, 42, 3 + more);
	put_change(INPUT | 1, 5, 8);
	put_change(INPUT | 2, 7, 8);
	put_change(0, 12, 8);
}

/* ---- Files ---- */

START_TEST(every_truncation_is_told)
{
	put_header(2);
	put_add(0);
	put_case(ADD, 1, 3);
	put_change(VECTOR_V0 + 3, 9, 16);
	put_change(VECTOR_NZCV, 0, 4);
	put_change(VECTOR_MEMORY, 0x00030110, 2 + 3);
	file.bytes[file.len - 4] = 3; /* offset 16, 3 bytes */
	size_t whole = file.len;
	for (size_t len = 0; len < whole; len++) {
		char offset[96];
		snprintf(offset, sizeof offset, "%s: offset 0x%zx: the file ends within", path, len);
		ck_error(read_bytes(len), ERROR_INPUT, offset);
	}
	ck_no_error(read_bytes(whole));
	put(0, 1);
	ck_error(read_bytes(file.len), ERROR_INPUT, "the file goes on after its 2 cases");
}
END_TEST

START_TEST(other_files_are_refused)
{
	put_header(0);
	ck_no_error(read_bytes(file.len));
	file.bytes[6] = '2';
	ck_error(read_bytes(file.len), ERROR_INPUT, "offset 0x0: not a file of vectors");
	ck_error(read_file("build/no/such/file", NULL), ERROR_OS, "cannot open build/no/such/file");
	ck_error(read_file("build", NULL), ERROR_OS, "cannot read build");
}
END_TEST

START_TEST(kinds_are_checked)
{
	for (unsigned kind = 0; kind < 256; kind++) {
		bool known = (kind & 127) < VECTOR_NUM_KINDS && kind != (INPUT | VECTOR_UNKNOWN);
		bool memory = (kind & 127) == VECTOR_MEMORY, vector = (kind & 127) >= 32 && (kind & 127) < 64;
		bool word = (kind & 127) > 63 && (kind & 127) != VECTOR_PC;
		put_header(1);
		put_case(ADD, 0, 1);
		put_change(kind, 0, memory ? 2 : vector ? 16 : word ? 4 : 8);
		if (known)
			ck_no_error(read_bytes(file.len));
		else
			ck_error(read_bytes(file.len), ERROR_INPUT,
				 "offset 0x19: case 0 has a change of the unknown kind");
	}
}
END_TEST

START_TEST(memory_is_within_the_window)
{
	for (unsigned offset = 250; offset < 256; offset++) {
		for (unsigned len = 0; len < 8; len++) {
			put_header(1);
			put_case(ADD, 0, 1);
			put_change(VECTOR_MEMORY, offset | len << 8, 2);
			put(0, len);
			if (offset + len <= VECTOR_WINDOW)
				ck_no_error(read_bytes(file.len));
			else
				ck_error(read_bytes(file.len), ERROR_INPUT, "beyond the window");
		}
	}
}
END_TEST

/* Replaces the file in the making by what xz makes of it. */
static void compress(void)
{
	uint8_t out[MAX_FILE];
	size_t len = 0;
	lzma_ret status = lzma_easy_buffer_encode(6, LZMA_CHECK_CRC64, NULL, file.bytes, file.len, out, &len,
						  sizeof out);

	ck_assert_int_eq(status, LZMA_OK);
	memcpy(file.bytes, out, len);
	file.len = len;
}

START_TEST(compressed_files_are_read)
{
	unsigned n = 0;

	put_header(2);
	put_add(0);
	put_add(0);
	compress();
	ck_no_error(read_bytes(file.len));
	ck_no_error(read_file(path, &n));
	ck_assert_uint_eq(n, 2);
	for (size_t len = 0; len < file.len; len++)
		ck_error(read_bytes(len), ERROR_INPUT, len < 6 ? "the file ends within" : "the xz data end too early");
	file.bytes[file.len / 2] ^= 1;
	ck_error(read_bytes(file.len), ERROR_INPUT, "the xz data are corrupt");
}
END_TEST

/* ---- Cases ---- */

/* Runs the only case of the file in the making. */
static enum vectors_verdict run_file(struct strbuf *text)
{
	enum vectors_verdict verdict = VECTORS_NUM_VERDICTS;
	const struct insn *insn;
	struct vector_reader *r;
	struct vector_case c;
	struct vectors *v;
	bool found;

	write_file(file.len);
	ck_no_error(vectors_create(isa_by_name("aarch64"), &v));
	ck_no_error(vector_reader_open(path, &r));
	ck_no_error(vector_reader_next(r, &c, &found));
	ck_assert(found);
	ck_no_error(vectors_run(v, &c, &verdict, &insn));
	ck_no_error(vectors_describe(v, text));
	vector_reader_close(r);
	vectors_destroy(v);
	return verdict;
}

START_TEST(results_are_judged)
{
	struct strbuf text = {0};

	put_header(1);
	put_add(0);
	ck_assert_int_eq(run_file(&text), VECTORS_PASSED);
	strbuf_clear(&text);
	put_header(1);
	put_case(ADD, 42, 3);
	put_change(0, 13, 8);
	put_change(INPUT | 1, 5, 8);
	put_change(INPUT | 2, 7, 8);
	ck_assert_int_eq(run_file(&text), VECTORS_FAILED);
	ck_contains(strbuf_text(&text), "case 0: 8b020020  add x0, x1, x2");
	ck_contains(strbuf_text(&text), "before: x1=0x5 x2=0x7");
	ck_contains(strbuf_text(&text), "x0: expected 0xd, model 0xc");
	strbuf_deinit(&text);
}
END_TEST

/* A result of any kind that does not take place is a failure, whatever it was before. */
static const struct {
	unsigned kind, len;
	const char *name;
} wrong[] = {
	{3, 8, "x3"},         {VECTOR_SP, 8, "sp"},     {VECTOR_V0 + 31, 16, "v31"}, {VECTOR_NZCV, 4, "zf"},
	{VECTOR_PC, 8, "pc"}, {VECTOR_FPSR, 4, "fpsr"}, {VECTOR_FPCR, 4, "fpcr"},    {VECTOR_MEMORY, 0, "[0x20001011]"},
};

START_TEST(every_location_is_judged)
{
	struct strbuf text = {0};
	unsigned kind = wrong[_i].kind, len = wrong[_i].len;

	put_header(1);
	put_add(2);
	if (kind == VECTOR_MEMORY) {
		put_change(INPUT | kind, 0x040110, 3);
		put_change(kind, 0x0205040210, 5);
		file.bytes[file.len - 4] = 3; /* bytes 4, 5 and 2 at offset 16 */
	} else {
		put_change(INPUT | kind, 0x80000000, len);
		put_change(kind, 0x40000000, len);
	}
	ck_assert_int_eq(run_file(&text), VECTORS_FAILED);
	ck_contains(strbuf_text(&text), wrong[_i].name);
	strbuf_deinit(&text);
}
END_TEST

START_TEST(what_is_not_known_is_not_judged)
{
	struct strbuf text = {0};

	put_header(1);
	put_add(2);
	put_change(VECTOR_FPSR, 1, 4);
	put_change(VECTOR_UNKNOWN, 1, 4);
	ck_assert_int_eq(run_file(&text), VECTORS_PASSED);
	strbuf_deinit(&text);
}
END_TEST

START_TEST(no_model_is_no_success)
{
	static const uint32_t words[] = {0xd53bd060 /* MRS X0, TPIDRRO_EL0: from outside */, 0xd4000001 /* SVC */,
					 0x04200000 /* ADD (vectors, predicated), of SVE */};
	struct strbuf text = {0};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		put_header(1);
		put_case(words[i], 7, 0);
		ck_assert_int_eq(run_file(&text), VECTORS_UNMODELLED);
	}
	put_header(1);
	put_case(0xd4200000, 7, 0); /* BRK #0 */
	ck_assert_int_eq(run_file(&text), VECTORS_FAILED);
	ck_contains(strbuf_text(&text), "model: breakpoint, which is not expected");
	strbuf_deinit(&text);
}
END_TEST

/*
 * What the program that defines the format makes of some words and seeds: a sum over X, V with both halves folded to 32
 * bits, NZCV, FPCR, and the window's bytes, in this order.
 */
static const struct {
	uint32_t word;
	uint64_t seed;
	uint32_t sum;
} states[] = {
	{0xf8626820, UINT64_C(0x1), 0x66b62182},        {0x8b020020, UINT64_C(0x2), 0x8290c618},
	{0xf8626820, UINT64_C(0xdeadbeef), 0xb9b8cea2}, {0x8b020020, UINT64_C(0x123456789abcdef), 0x26b11120},
	{0x4c007000, UINT64_C(0x4d), 0x39403172},       {0x1e222820, UINT64_C(0xffffffffffffffff), 0x7d619246},
};

static void add_to_sum(uint32_t *sum, uint64_t x)
{
	*sum = *sum * 31 + (uint32_t)(x ^ x >> 32);
}

START_TEST(states_are_those_of_the_format)
{
	struct vectors_state s;
	uint32_t sum = 0;

	vectors_make_state(states[_i].word, states[_i].seed, &s);
	for (unsigned i = 0; i < 31; i++)
		add_to_sum(&sum, s.x[i]);
	for (unsigned i = 0; i < 64; i++)
		add_to_sum(&sum, s.v[i / 2][i % 2]);
	add_to_sum(&sum, s.nzcv);
	add_to_sum(&sum, s.fpcr);
	for (unsigned i = 0; i < VECTOR_WINDOW; i++)
		add_to_sum(&sum, s.memory[i]);
	ck_assert_uint_eq(sum, states[_i].sum);
}
END_TEST

/* LDR X0, [X1] across the end of the window, where zeros follow; STR X0, [X1] far from it. */
START_TEST(zeros_are_around_the_window)
{
	struct strbuf text = {0};

	put_header(1);
	put_case(0xf9400020, 3, 3);
	put_change(INPUT | 1, VECTORS_WINDOW + VECTOR_WINDOW - 1, 8);
	put_change(INPUT | VECTOR_MEMORY, 0x7701ff, 3);
	put_change(0, 0x77, 8);
	ck_assert_int_eq(run_file(&text), VECTORS_PASSED);
	put_header(1);
	put_case(0xf9000020, 3, 1);
	put_change(INPUT | 1, 0x1234, 8);
	ck_assert_int_eq(run_file(&text), VECTORS_PASSED);
	strbuf_deinit(&text);
}
END_TEST

START_TEST(other_isas_have_no_vectors)
{
	struct vectors *v;

	ck_error(vectors_create(isa_by_name("x86_64"), &v), ERROR_UNSUPPORTED, "vectors are cases of AArch64");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vectors");
	TCase *tcase = tcase_create("vectors");

	int fd = mkstemp(path);
	if (fd < 0) {
		printf("cannot make a file in build/: %s\n", strerror(errno));
		return TEST_SKIP;
	}
	close(fd);
	tcase_add_test(tcase, every_truncation_is_told);
	tcase_add_test(tcase, other_files_are_refused);
	tcase_add_test(tcase, kinds_are_checked);
	tcase_add_test(tcase, memory_is_within_the_window);
	tcase_add_test(tcase, compressed_files_are_read);
	tcase_add_test(tcase, results_are_judged);
	tcase_add_loop_test(tcase, every_location_is_judged, 0, sizeof wrong / sizeof *wrong);
	tcase_add_test(tcase, what_is_not_known_is_not_judged);
	tcase_add_test(tcase, no_model_is_no_success);
	tcase_add_loop_test(tcase, states_are_those_of_the_format, 0, sizeof states / sizeof *states);
	tcase_add_test(tcase, zeros_are_around_the_window);
	tcase_add_test(tcase, other_isas_have_no_vectors);
	suite_add_tcase(suite, tcase);
	int status = test_main(suite);
	unlink(path);
	return status;
}
