#include "lib/base/codec.h"

#include <errno.h>
#include <nettle/base64.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void codec_append_base64(struct strbuf *s, const void *bytes, size_t len)
{
	enum { GROUP = 3 * 256 };
	const uint8_t *b = bytes;
	char text[BASE64_ENCODE_RAW_LENGTH(GROUP)];

	for (size_t at = 0; at < len; at += GROUP) {
		size_t n = len - at < GROUP ? len - at : GROUP;
		base64_encode_raw(text, n, b + at);
		strbuf_append_bytes(s, text, BASE64_ENCODE_RAW_LENGTH(n));
	}
}

/* nettle skips white space; a log that has some was not written by us. */
static bool has_space(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] == ' ' || (text[i] >= '\t' && text[i] <= '\r'))
			return true;
	return false;
}

struct error *codec_decode_base64(const char *text, size_t len, uint8_t **ret, size_t *ret_len)
{
	struct base64_decode_ctx ctx;
	uint8_t *bytes = malloc(BASE64_DECODE_LENGTH(len) + 1);
	size_t n = 0;

	if (!bytes)
		return &error_no_memory;
	base64_decode_init(&ctx);
	if (has_space(text, len) || !base64_decode_update(&ctx, &n, bytes, len, text) || !base64_decode_final(&ctx)) {
		free(bytes);
		return error_create(ERROR_INPUT, "no base64 text: \"%.*s\"%s", len > 24 ? 24 : (int)len, text,
				    len > 24 ? ".." : "");
	}
	*ret = bytes;
	*ret_len = n;
	return NULL;
}

const uint8_t codec_hex_digits[256] = {
	['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
	['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
	['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

bool codec_decode_hex(const char *text, size_t len, uint8_t *ret)
{
	if (len % 2)
		return false;
	for (size_t i = 0; i < len / 2; i++) {
		int high = codec_hex_digit(text[2 * i]), low = codec_hex_digit(text[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		ret[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

void codec_sha256(const void *bytes, size_t len, uint8_t ret[SHA256_LEN])
{
	struct sha256_ctx ctx;

	sha256_init(&ctx);
	sha256_update(&ctx, len, bytes);
	sha256_digest(&ctx, SHA256_LEN, ret);
}

struct error *codec_sha256_fd(int fd, const char *path, uint8_t ret[SHA256_LEN])
{
	struct sha256_ctx ctx;
	uint8_t bytes[65536];
	ssize_t n;

	sha256_init(&ctx);
	while ((n = read(fd, bytes, sizeof bytes)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_os(errno, "read", path);
		sha256_update(&ctx, (size_t)n, bytes);
	}
	sha256_digest(&ctx, SHA256_LEN, ret);
	return NULL;
}
