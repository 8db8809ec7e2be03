/*
 * Bytes as text and the digest of bytes: base64 (RFC 4648, section 4), hexadecimal, SHA-256 (FIPS 180-4); over nettle.
 * Encoding to hexadecimal is strbuf_append_hex().
 */
#ifndef LIB_BASE_CODEC_H
#define LIB_BASE_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/base/strbuf.h"

enum { SHA256_LEN = 32 };

/* Appends the padded base64 text of len bytes. */
void codec_append_base64(struct strbuf *s, const void *bytes, size_t len);

/*
 * Decodes base64 strictly: only the alphabet, padded, no white space, the unused bits zero, so that equal bytes have
 * equal texts. *ret is the caller's to free, never NULL on success. ERROR_INPUT without a path otherwise.
 */
struct error *codec_decode_base64(const char *text, size_t len, uint8_t **ret, size_t *ret_len);

/* Decodes len hexadecimal digits of either case to len / 2 bytes; false for an odd number or a foreign character. */
bool codec_decode_hex(const char *text, size_t len, uint8_t *ret);

extern const uint8_t codec_hex_digits[256]; /* by character: the digit's value and 1, or 0 */

/* The value of a hexadecimal digit of either case, or -1. */
static inline int codec_hex_digit(char c)
{
	return codec_hex_digits[(uint8_t)c] - 1;
}

void codec_sha256(const void *bytes, size_t len, uint8_t ret[SHA256_LEN]);

/* The digest of what is left to be read of an open file; path is for messages. */
struct error *codec_sha256_fd(int fd, const char *path, uint8_t ret[SHA256_LEN]);

#endif
