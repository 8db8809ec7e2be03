/*
 * Sparse guest memory with known bytes: what the model knows of the guest's memory. Pages of 4096 bytes; every byte is
 * known or not. Bytes become known by being fetched from a target, by being stored, or by an event. A journal can be
 * kept, so that predicted stores can be taken back.
 *
 * Pages may be views of one object (a shared mapping that is there twice): what one of them shows, all show.
 *
 * Does not decide what is mapped: that is the target's word, which its user asks for. Addresses wrap at 2^64. A memory
 * belongs to one thread at a time, readers included: reading moves a lookup cache. A page costs some 4.6 kB.
 */
#ifndef LIB_STATE_MEMORY_H
#define LIB_STATE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/base/vec.h"

enum { MEMORY_PAGE = 4096 };

struct memory;

struct error *memory_create(struct memory **ret);
void memory_destroy(struct memory *m);

/* Stores bytes; unknown (NULL: none) has 1 bits where they are not known: a byte with any such bit is unknown. */
struct error *memory_write(struct memory *m, uint64_t address, const void *bytes, const uint8_t *unknown, size_t len);

/* Makes known only those bytes of [address, address + len) that are not yet: contents fetched from a target while the
 * model is ahead of it. */
struct error *memory_fill(struct memory *m, uint64_t address, const void *bytes, size_t len);

/* Copies bytes to ret, 0 where unknown, and 0xff or 0 to unknown. True if all are known. */
bool memory_read(const struct memory *m, uint64_t address, void *ret, uint8_t *unknown, size_t len);

/* Forgets a range: the bytes are unknown again (unmapped, or changed by somebody else). */
struct error *memory_forget(struct memory *m, uint64_t address, uint64_t len);
struct error *memory_forget_all(struct memory *m);

/*
 * The pages of the range are other memory from now on, of which nothing is known: memory of their own (view NULL), or
 * a view of an object. Shared views of the same page of an object are the same memory: what is stored to one is stored
 * to all, and what is known of one is known of all. A private view shows the object's page until it is stored to, when
 * exactly nobody here knows: a change of the object is forgotten in it. Address and offset are page-aligned; len is
 * rounded up. Nothing before this can be rolled back.
 */
struct memory_view {
	uint64_t object; /* any number but 0 */
	uint64_t offset; /* bytes into it */
	bool private;
};
struct error *memory_map(struct memory *m, uint64_t address, uint64_t len, const struct memory_view *view);

/* Forgets what views show of bytes [offset, offset + len) of an object, which were changed through none of them. */
struct error *memory_forget_object(struct memory *m, uint64_t object, uint64_t offset, uint64_t len);

/*
 * Is called with each range [first, last] whose bytes may have become unknown: forgotten, stored as unknown, or stored
 * by what is rolled back. What memory_map() makes others need not be told. Must not change the memory.
 */
struct memory_watcher {
	void *ctx;
	void (*lost)(void *ctx, uint64_t first, uint64_t last);
};
/* One at a time; NULL: nobody. Copied. */
void memory_watch(struct memory *m, const struct memory_watcher *watcher);

/* The bytes of the page around address if every byte of it is known, else NULL. Valid until the next change. */
const uint8_t *memory_page(const struct memory *m, uint64_t address);

/* Pages held, for limits and display. */
size_t memory_pages(const struct memory *m);

/* Addresses of the pages of which something is known, ascending. */
typedef VEC(uint64_t) memory_addresses;
struct error *memory_list(const struct memory *m, memory_addresses *ret);

/* A point to come back to. While a journal is kept, every write, fill and forget remembers what it replaced. */
typedef uint64_t memory_mark;

void memory_journal_start(struct memory *m);
memory_mark memory_journal_mark(const struct memory *m);
/* Undoes everything since the mark, newest first. The journal stays on. A mark that was discarded is ERROR_BUG. */
struct error *memory_journal_rollback(struct memory *m, memory_mark mark);
/* Forgets how to undo what happened before the mark. */
void memory_journal_discard(struct memory *m, memory_mark mark);

#endif
