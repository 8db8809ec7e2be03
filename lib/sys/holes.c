/* What the kernel leaves alone between the entries that it stores. */
#include "lib/sys/sys.h"

/* Entries of one kind, which the kernel aligns to 8 bytes. Structures of the uapi headers, 64-bit. */
struct entries {
	uint64_t header;    /* bytes before the entry's text or data */
	uint64_t length_at; /* where the entry's length is, and its bytes */
	unsigned length_bytes;
	bool named; /* a string follows the header, and the length counts the padding */
	bool typed; /* the last byte of the padding is the entry's type */
};

static const struct entries kinds[] = {
	/* struct linux_dirent: d_ino 0, d_off 8, d_reclen 16, d_name 18, then the type (fs/readdir.c, filldir()) */
	[SYS_DIRENTS] = {.header = 18, .length_at = 16, .length_bytes = 2, .named = true, .typed = true},
	/* struct linux_dirent64: d_type 18, d_name 19 */
	[SYS_DIRENTS64] = {.header = 19, .length_at = 16, .length_bytes = 2, .named = true},
	/* struct cmsghdr: cmsg_len 0, cmsg_level 8, cmsg_type 12 (net/core/scm.c, put_cmsg()) */
	[SYS_CMSGS] = {.header = 16, .length_at = 0, .length_bytes = 8},
};

static uint64_t number_at(const uint8_t *data, unsigned bytes)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < bytes; i++)
		value |= (uint64_t)data[i] << 8 * i;
	return value;
}

/* Bytes of an entry of this length that are written, from its start. */
static uint64_t used(const struct entries *kind, const uint8_t *entry, uint64_t len)
{
	uint64_t end = kind->header;

	if (!kind->named)
		return len;
	while (end < len && entry[end])
		end++;
	return end < len ? end + 1 : len;
}

struct error *sys_find_holes(const struct sys_range *range, const uint8_t *data, sys_holes *ret)
{
	const struct entries *kind = &kinds[range->layout];

	for (uint64_t at = 0; range->layout != SYS_PLAIN && range->len - at >= kind->header;) {
		uint64_t left = range->len - at, len = number_at(data + at + kind->length_at, kind->length_bytes);
		/* Nothing that the kernel stores; whoever says so is not believed any further. */
		if (len < kind->header || len > left)
			return NULL;
		uint64_t next = len + (8 - len % 8) % 8, end = used(kind, data + at, len);

		if (next > left)
			next = left;
		uint64_t hole = next - kind->typed;
		if (end < hole && !vec_push(ret, ((struct sys_hole){.offset = at + end, .len = hole - end})))
			return &error_no_memory;
		at += next;
	}
	return NULL;
}
