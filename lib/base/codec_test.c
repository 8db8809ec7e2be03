#include "lib/base/codec.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/testing/assert.h"

/* RFC 4648, section 10, and section 9's three examples of 6, 5 and 4 bytes. */
static const struct {
	const char *bytes, *text;
} base64_rows[] = {
	{"", ""},
	{"f", "Zg=="},
	{"fo", "Zm8="},
	{"foo", "Zm9v"},
	{"foob", "Zm9vYg=="},
	{"fooba", "Zm9vYmE="},
	{"foobar", "Zm9vYmFy"},
	{"\x14\xfb\x9c\x03\xd9\x7e", "FPucA9l+"},
	{"\x14\xfb\x9c\x03\xd9", "FPucA9k="},
	{"\x14\xfb\x9c\x03", "FPucAw=="},
};

enum { NUM_BASE64 = sizeof base64_rows / sizeof *base64_rows };

START_TEST(base64_of_the_rfc)
{
	const char *bytes = base64_rows[_i].bytes, *text = base64_rows[_i].text;
	struct strbuf s = {0};
	uint8_t *back = NULL;
	size_t len = 99;

	codec_append_base64(&s, bytes, strlen(bytes));
	ck_assert_str_eq(strbuf_text(&s), text);
	strbuf_deinit(&s);

	ck_no_error(codec_decode_base64(text, strlen(text), &back, &len));
	ck_assert_uint_eq(len, strlen(bytes));
	ck_assert_ptr_nonnull(back);
	ck_bytes(back, bytes, len);
	free(back);
}
END_TEST

/* Section 3.3 (foreign characters), 3.2 and 4 (padding), 3.5 (unused bits). */
static const char *const not_base64[] = {"Z",    "Zg",       "Zg=",   "Zg===",    "Zm9",   "=",      "Zm9v=",
					 "Zm9-", "Zm9_Zm9v", "Zh==",  "Zm9=",     "Z g==", "Zm9v\n", " Zm9v",
					 "Zg=a", "Zg==Zg==", "Zm9v!", "\xc3\xa4", "Zm\v9v"};

enum { NUM_NOT_BASE64 = sizeof not_base64 / sizeof *not_base64 };

START_TEST(base64_is_strict)
{
	uint8_t *bytes = NULL;
	size_t len = 99;

	ck_error(codec_decode_base64(not_base64[_i], strlen(not_base64[_i]), &bytes, &len), ERROR_INPUT, "base64");
	ck_assert_ptr_null(bytes);
	ck_assert_uint_eq(len, 99);
}
END_TEST

START_TEST(base64_of_every_length)
{
	uint8_t bytes[3000];

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i * i + i / 256);
	for (size_t len = 0; len <= sizeof bytes; len += len < 800 ? 1 : 137) {
		struct strbuf s = {0};
		uint8_t *back;
		size_t back_len;

		codec_append_base64(&s, bytes, len);
		ck_assert_uint_eq(s.len, (len + 2) / 3 * 4);
		ck_no_error(codec_decode_base64(strbuf_text(&s), s.len, &back, &back_len));
		ck_assert_uint_eq(back_len, len);
		ck_bytes(back, bytes, len);
		free(back);
		strbuf_deinit(&s);
	}
}
END_TEST

START_TEST(hex_of_either_case)
{
	uint8_t bytes[4];

	ck_assert(codec_decode_hex("00fFAa9z", 6, bytes));
	ck_bytes(bytes, "\x00\xff\xaa", 3);
	ck_assert(codec_decode_hex("", 0, bytes));
	ck_assert(!codec_decode_hex("00fFAa9z", 8, bytes));
	ck_assert(!codec_decode_hex("000", 3, bytes));
	ck_assert(!codec_decode_hex("xx", 2, bytes));
	ck_assert(!codec_decode_hex("g0", 2, bytes));
}
END_TEST

START_TEST(hex_digit_is_the_characters_of_strtol)
{
	for (int c = 0; c < 256; c++) {
		char text[] = {(char)c, '\0'}, *end;
		long value = strtol(text, &end, 16);
		bool digit = end == text + 1;
		ck_assert_int_eq(codec_hex_digit((char)c), digit ? value : -1);
	}
}
END_TEST

/* NIST's examples for FIPS 180-4 (one and two blocks), the empty message of the CAVS vectors, and a million "a". */
static const struct {
	const char *message;
	unsigned times;
	const char *digest;
} sha256_rows[] = {
	{"", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	{"abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
	 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
	{"a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
};

enum { NUM_SHA256 = sizeof sha256_rows / sizeof *sha256_rows };

START_TEST(sha256_of_the_standard)
{
	struct strbuf message = {0};
	uint8_t expected[SHA256_LEN], digest[SHA256_LEN];
	char path[] = "/tmp/validate-codec-XXXXXX";

	for (unsigned i = 0; i < sha256_rows[_i].times; i++)
		strbuf_append(&message, sha256_rows[_i].message);
	ck_assert(codec_decode_hex(sha256_rows[_i].digest, 2 * SHA256_LEN, expected));
	codec_sha256(strbuf_text(&message), message.len, digest);
	ck_bytes(digest, expected, SHA256_LEN);

	int fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, strbuf_text(&message), message.len), (ssize_t)message.len);
	memset(digest, 0, sizeof digest);
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	struct error *err = codec_sha256_fd(fd, path, digest);
	close(fd);
	unlink(path);
	ck_no_error(err);
	ck_bytes(digest, expected, SHA256_LEN);
	strbuf_deinit(&message);
}
END_TEST

START_TEST(sha256_of_no_file)
{
	uint8_t digest[SHA256_LEN];
	int fd = open("/", O_RDONLY | O_CLOEXEC);

	/* Opens, but cannot be read: a directory. */
	ck_assert_int_ge(fd, 0);
	ck_error(codec_sha256_fd(fd, "/", digest), ERROR_OS, "read /: Is a directory");
	close(fd);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("codec");
	TCase *tcase = tcase_create("codec");

	tcase_add_loop_test(tcase, base64_of_the_rfc, 0, NUM_BASE64);
	tcase_add_loop_test(tcase, base64_is_strict, 0, NUM_NOT_BASE64);
	tcase_add_test(tcase, base64_of_every_length);
	tcase_add_test(tcase, hex_of_either_case);
	tcase_add_test(tcase, hex_digit_is_the_characters_of_strtol);
	tcase_add_loop_test(tcase, sha256_of_the_standard, 0, NUM_SHA256);
	tcase_add_test(tcase, sha256_of_no_file);
	suite_add_tcase(suite, tcase);
	return test_main(suite);
}
