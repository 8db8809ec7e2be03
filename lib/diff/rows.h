/* The instructions that are compared, and their effect rows. Private to lib/diff. */
#ifndef LIB_DIFF_ROWS_H
#define LIB_DIFF_ROWS_H

#include "lib/lift/effects.h"
#include "lib/lift/lift.h"

struct rows {
	struct lift_cache *cache; /* borrowed, but nobody else may use lifted->count, or empty it */
	VEC(struct effects) at;   /* by lifted->count, from 1 */
};

struct error *rows_init(struct rows *rows, struct lift_cache *cache);
void rows_deinit(struct rows *rows);

/* Forgets instructions if it knows too many, and empties the cache; none may be in use. */
void rows_trim(struct rows *rows);

/*
 * The instruction of a step. *ret_effects: NULL if nothing is known of what it does: it has no transfer, or the bytes
 * are more than one instruction (*ret then is the first). Both are valid until rows_trim().
 */
struct error *rows_get(struct rows *rows, uint64_t pc, const uint8_t *bytes, size_t len, struct lifted **ret,
		       const struct effects **ret_effects);

#endif
