/*
 * One page of guest memory: its bytes, and which of them are known. Private to lib/state.
 *
 * Known bytes are a bitmap of 64-bit words, so 64 bytes on a 64-byte boundary, a "line", have one word. Bytes that are
 * not known are zero.
 */
#ifndef LIB_STATE_PAGE_H
#define LIB_STATE_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/state/memory.h"

enum { LINE = 64, LINES = MEMORY_PAGE / LINE };

struct page {
	uint64_t known[LINES];
	uint32_t num_known;
	uint8_t bytes[MEMORY_PAGE];
};

/* n bits from bit `low` of a word; low + n is at most 64 and n at least 1. */
static inline uint64_t page_line_mask(size_t low, size_t n)
{
	return UINT64_MAX >> (LINE - n) << low;
}

/* The length of the first part of [offset, offset + len) that does not leave its line. */
static inline size_t page_line_part(size_t offset, size_t len)
{
	size_t room = LINE - offset % LINE;

	return len < room ? len : room;
}

/*
 * memcpy() for the lengths of memory operands. Where the compiler sees a bound on the length it makes a `rep movs` of
 * the general one, which costs some 50 ns to start, and a call costs more than the copy.
 */
static inline void page_copy(uint8_t *to, const uint8_t *from, size_t n)
{
	if (n > 16) {
		memcpy(to, from, n);
	} else if (n >= 8) {
		uint64_t head, tail;

		memcpy(&head, from, 8);
		memcpy(&tail, from + n - 8, 8);
		memcpy(to, &head, 8);
		memcpy(to + n - 8, &tail, 8);
	} else if (n >= 4) {
		uint32_t head, tail;

		memcpy(&head, from, 4);
		memcpy(&tail, from + n - 4, 4);
		memcpy(to, &head, 4);
		memcpy(to + n - 4, &tail, 4);
	} else {
		for (size_t i = 0; i < n; i++)
			to[i] = from[i];
	}
}

/* memset() likewise, for ret and unknown of a read. */
static inline void page_set_bytes(uint8_t *to, uint8_t byte, size_t n)
{
	if (n > 16) {
		memset(to, byte, n);
	} else if (n >= 8) {
		memset(to, byte, 8);
		memset(to + n - 8, byte, 8);
	} else if (n >= 4) {
		memset(to, byte, 4);
		memset(to + n - 4, byte, 4);
	} else {
		for (size_t i = 0; i < n; i++)
			to[i] = byte;
	}
}

static inline void page_set_known(struct page *page, size_t offset, size_t n)
{
	uint64_t *known = &page->known[offset / LINE];
	uint64_t added = page_line_mask(offset % LINE, n) & ~*known;

	if (!added)
		return;
	*known |= added;
	page->num_known += (uint32_t)__builtin_popcountll(added);
}

static inline bool page_is_known(const struct page *page, size_t offset)
{
	return page->known[offset / LINE] >> offset % LINE & 1;
}

/* These change len bytes from offset on, which do not leave the page. */
static inline void page_write(struct page *page, size_t offset, const uint8_t *bytes, size_t len)
{
	page_copy(page->bytes + offset, bytes, len);
	for (size_t n; len; offset += n, len -= n) {
		n = page_line_part(offset, len);
		page_set_known(page, offset, n);
	}
}

/* Where unknown has a bit, the byte becomes unknown. */
void page_write_masked(struct page *page, size_t offset, const uint8_t *bytes, const uint8_t *unknown, size_t len);
/* Those alone that are not known. */
void page_fill(struct page *page, size_t offset, const uint8_t *bytes, size_t len);
/* n bytes within one line. */
void page_set_unknown(struct page *page, size_t offset, size_t n);

/* The known bits of up to 16 bytes, which may lie in two lines. */
uint16_t page_known_bits(const struct page *page, size_t offset, size_t n);

/* The part of a read that lies in one line; unknown as in memory_read(). True if all are known. */
static inline bool page_read_line(const struct page *page, size_t offset, uint8_t *ret, uint8_t *unknown, size_t n)
{
	uint64_t mask = page_line_mask(offset % LINE, n);

	page_copy(ret, page->bytes + offset, n);
	page_set_bytes(unknown, 0, n);
	if ((page->known[offset / LINE] & mask) == mask)
		return true;
	for (size_t i = 0; i < n; i++)
		unknown[i] = page_is_known(page, offset + i) ? 0 : 0xff;
	return false;
}

#endif
