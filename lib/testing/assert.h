/*
 * Assertions of our domain for libcheck, and the main() that every test program shares.
 *
 * Only *_test.c files and other files of this folder include it. A test program prints why it cannot run here and exits
 * with TEST_SKIP from main(), before its suite: inside a test the exit status would be that of libcheck's child
 * process.
 */
#ifndef LIB_TESTING_ASSERT_H
#define LIB_TESTING_ASSERT_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/error.h"

enum { TEST_SKIP = 77 };

/* Room for the text of a failed assertion; longer texts are cut. */
enum { ASSERT_TEXT_LEN = 1024 };

/* Passes if call returns NULL, else fails with the error's message. */
#define ck_no_error(call) \
	do { \
		char ck_text_[ASSERT_TEXT_LEN]; \
		mark_point(); \
		if (!assert_no_error((call), ck_text_)) \
			ck_abort_msg("%s: %s", #call, ck_text_); \
	} while (0)

/* Passes if call returns an error of that code whose message contains `part`. The error is destroyed either way. */
#define ck_error(call, code, part) \
	do { \
		char ck_text_[ASSERT_TEXT_LEN]; \
		mark_point(); \
		if (!assert_error((call), (code), (part), ck_text_)) \
			ck_abort_msg("%s: %s", #call, ck_text_); \
	} while (0)

/* Compares len bytes; a failure shows the first difference and the bytes around it. */
#define ck_bytes(actual, expected, len) \
	do { \
		char ck_text_[ASSERT_TEXT_LEN]; \
		mark_point(); \
		if (!assert_bytes((actual), (expected), (len), ck_text_)) \
			ck_abort_msg("%s: %s", #actual, ck_text_); \
	} while (0)

/* Compares bit-vectors of `width` bits (words least significant first, bits above width ignored); shows both in hex. */
#define ck_bits(actual, expected, width) \
	do { \
		char ck_text_[ASSERT_TEXT_LEN]; \
		mark_point(); \
		if (!assert_bits((actual), (expected), (width), ck_text_)) \
			ck_abort_msg("%s: %s", #actual, ck_text_); \
	} while (0)

/* Passes if text contains part. */
#define ck_contains(text, part) \
	do { \
		const char *ck_whole_ = (text), *ck_part_ = (part); \
		mark_point(); \
		if (!strstr(ck_whole_, ck_part_)) \
			ck_abort_msg("%s: no \"%s\" in \"%s\"", #text, ck_part_, ck_whole_); \
	} while (0)

/* What the macros above are made of: true, or false and the reason in ret. Errors are destroyed. */
bool assert_no_error(struct error *err, char ret[ASSERT_TEXT_LEN]);
bool assert_error(struct error *err, enum error_code code, const char *part, char ret[ASSERT_TEXT_LEN]);
bool assert_bytes(const void *actual, const void *expected, size_t len, char ret[ASSERT_TEXT_LEN]);
bool assert_bits(const uint64_t *actual, const uint64_t *expected, unsigned width, char ret[ASSERT_TEXT_LEN]);

/* Runs the suite and frees it; what main() returns. libcheck's environment variables apply (CK_FORK, CK_RUN_CASE). */
int test_main(Suite *suite);

#endif
