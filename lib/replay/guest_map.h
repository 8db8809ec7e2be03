/*
 * What the guest has mapped, as far as the replay knows: from the target's word at its start, kept up to date by the
 * calls that map, unmap and protect. Tells where there is memory, with which rights, which of it is still zeros as it
 * was mapped, so that nobody has to ask for it, and whose contents are to be asked for.
 *
 * Knows no contents and no target. Where pages may be known to be zeros depends on its being told of everything that
 * changed them without the model's knowing (guest_map_lost()).
 */
#ifndef LIB_REPLAY_GUEST_MAP_H
#define LIB_REPLAY_GUEST_MAP_H

#include "lib/base/map.h"
#include "lib/state/views.h"

enum guest_map_kind {
	GUEST_MAP_NONE,  /* nothing is there */
	GUEST_MAP_FRESH, /* zeros since it was mapped, but for what the program stored and the model knows */
	GUEST_MAP_OTHER, /* contents that are to be asked for where they are not known */
};

struct guest_map_range {
	uint64_t start, len; /* bytes, whole pages */
	int prot;            /* PROT_*, as the target has them */
	enum guest_map_kind kind;
};

/* Ranges of pages, in any order, until they are put in order; they may overlap until then. */
struct page_run {
	uint64_t first, num;
};
struct page_runs {
	VEC(struct page_run) list;
};

/* All zeros: nothing is known, as of a target that does not tell. */
struct guest_map {
	bool known;
	uint64_t generation; /* changes whenever the map does: its ranges, or their rights */
	/* Private to guest_map.c. */
	struct views ranges;    /* object: the mapping's number, or 0 for GUEST_MAP_OTHER; at: the page itself */
	uint64_t numbers;       /* that were given */
	struct map taken;       /* page -> the number of the fresh mapping that it is no longer fresh in */
	struct page_runs asked; /* pages whose contents are to be asked for */
	struct page_runs code;  /* pages that can be executed, or could, and are others or may have other bytes */
	bool no_memory;         /* a page could not be noted */
};

void guest_map_deinit(struct guest_map *m);

/* ---- Questions ---- */

/* What is around the address; false: nothing is mapped there. The range is as large as it goes on alike. */
bool guest_map_at(const struct guest_map *m, uint64_t address, struct guest_map_range *ret);
/* All of it, by number, ascending; neighbours may be alike. A page of a fresh range may be taken. */
size_t guest_map_num(const struct guest_map *m);
struct guest_map_range guest_map_get(const struct guest_map *m, size_t i);
/* Is the page still zeros, but for what the program stored? */
bool guest_map_is_fresh(const struct guest_map *m, uint64_t page);
/* The page is no longer fresh: somebody knows it now. */
struct error *guest_map_take(struct guest_map *m, uint64_t page);

/* ---- Changes. Ranges are whole pages ---- */

/* Something is mapped in place of what was there. */
struct error *guest_map_set(struct guest_map *m, uint64_t start, uint64_t len, int prot, enum guest_map_kind kind);
/* The same, but only where nothing is yet. */
struct error *guest_map_add(struct guest_map *m, uint64_t start, uint64_t len, int prot, enum guest_map_kind kind);
struct error *guest_map_unset(struct guest_map *m, uint64_t start, uint64_t len);
struct error *guest_map_protect(struct guest_map *m, uint64_t start, uint64_t len, int prot);
/* For what is moved: appends the parts that are mapped in the range to *ret, by their pages; and puts them to where
 * they were moved by so many bytes. Their contents are to be asked for. */
struct error *guest_map_parts(const struct guest_map *m, uint64_t start, uint64_t len, struct views *ret);
struct error *guest_map_put(struct guest_map *m, const struct views *parts, uint64_t distance);
/* Pages of a range are zeros, whatever they were: as mapped anew with the same rights. */
struct error *guest_map_clear(struct guest_map *m, uint64_t start, uint64_t len);
/* Bytes may be others than before, and nobody who knows them was told: they are to be asked for, all of them. */
struct error *guest_map_changed(struct guest_map *m, uint64_t start, uint64_t len);

/* What the model knew of [first, last] is lost, or is not what is there. For memory_watch(): ctx is the map. */
void guest_map_lost(void *ctx, uint64_t first, uint64_t last);

/* ---- Lists of pages ---- */

/* Ascending and apart. */
void page_runs_order(struct page_runs *runs);

#endif
