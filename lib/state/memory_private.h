/* What the parts of a memory share: memory.c has pages, changes and the journal, memory_views.c has mappings. Private
 * to lib/state. */
#ifndef LIB_STATE_MEMORY_PRIVATE_H
#define LIB_STATE_MEMORY_PRIVATE_H

#include "lib/base/map.h"
#include "lib/state/memory.h"
#include "lib/state/page.h"
#include "lib/state/views.h"

enum { PAGE_SHIFT = 12 };

/* Page lookups that were made last, by the low bits of the page's number. */
enum { CACHE_SIZE = 64 };

struct cached {
	uint64_t number;
	struct page *page; /* NULL: the entry is free */
};

/* What a range within one page was before. Of bytes that were all unknown nothing is kept, so len can be a whole page.
 */
enum { UNDO_BYTES = 16 };

struct undo {
	uint64_t address;
	uint16_t len;
	uint16_t known; /* a bit for each byte; 0: all of len were unknown */
	uint8_t bytes[UNDO_BYTES];
};

/* Pages of which nothing is known any more are freed; their place stays. Shared views of one page of an object have one
 * place. */
struct place {
	struct page *page; /* NULL: nothing is known of it */
	size_t views;      /* page numbers that have this place */
};

struct memory {
	struct map places; /* page number -> index into at */
	VEC(struct place) at;
	size_t num_pages;
	struct views views;   /* of objects */
	bool followed;        /* an object has both shared and private views */
	struct cached *cache; /* apart, because reading changes it */
	bool journal_on;
	VEC(struct undo) journal;
	size_t journal_first;  /* entries before this are discarded already */
	uint64_t journal_base; /* the mark that journal.at[0] stands for */
	struct memory_watcher watcher;
};

enum { NO_PLACE = -1 }; /* of a page that had one before it was mapped anew */

/* ---- memory.c ---- */

/* The index of a page's own place, or NULL. */
const uint64_t *memory_own_place(const struct memory *m, uint64_t number);
/* Forgets bytes [first, last], which does not wrap: what these pages have, not what other views of them have. */
struct error *memory_forget_pages(struct memory *m, uint64_t first, uint64_t last);

/* ---- memory_views.c ---- */

enum which_views { ALL_VIEWS, PRIVATE_VIEWS };

/* The place that another shared view of the same page of an object has, or NULL. */
const uint64_t *memory_sibling_place(const struct memory *m, uint64_t number);
/* Bytes [first, last] change or are forgotten: so do those of the views of the same object, as far as they are other
 * pages. */
struct error *memory_spread(struct memory *m, uint64_t first, uint64_t last, enum which_views which);
/* Appends the pages that show the same as this one; false when out of memory. */
bool memory_list_siblings(const struct memory *m, uint64_t number, memory_addresses *ret);

#endif
