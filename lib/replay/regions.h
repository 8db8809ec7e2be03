/*
 * Address translation between the run that was logged and the run that replays it: pairs of regions (image,
 * interpreter, heap, each map) that hold the same things at different addresses. Later pairs replace what they overlap.
 */
#ifndef LIB_REPLAY_REGIONS_H
#define LIB_REPLAY_REGIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/base/vec.h"

struct region {
	uint64_t log;    /* start in the logged run */
	uint64_t target; /* start in the replaying run */
	uint64_t len;    /* bytes */
};

struct regions {
	VEC(struct region) list; /* ascending by log, not overlapping */
};

/* Pairs [log, log + len) with [target, target + len). */
struct error *regions_pair(struct regions *r, uint64_t log, uint64_t target, uint64_t len);
/* Forgets the pairs, or the parts of pairs, that cover the logged range. */
struct error *regions_unpair(struct regions *r, uint64_t log, uint64_t len);
/* Forgets the pairs, or the parts of pairs, that cover a range of the replaying run. */
struct error *regions_unpair_target(struct regions *r, uint64_t target, uint64_t len);
/* The replaying run's address for a logged one; false if no pair covers it. */
bool regions_to_target(const struct regions *r, uint64_t log, uint64_t *ret);
void regions_deinit(struct regions *r);

#endif
