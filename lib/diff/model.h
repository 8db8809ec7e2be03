/* What the model says of the instructions that are compared. Private to lib/diff. */
#ifndef LIB_DIFF_MODEL_H
#define LIB_DIFF_MODEL_H

#include "lib/lift/effects.h"
#include "lib/lift/lift.h"
#include "lib/trace/trace.h"

struct model {
	struct lift_cache *cache;
	VEC(struct effects) rows; /* by lifted->count, from 1 */
	struct eval eval[2];      /* of A and of B */
};

struct error *model_init(struct model *m, const struct isa *isa);
void model_deinit(struct model *m);

/* Forgets instructions if it knows too many; none may be in use. */
void model_trim(struct model *m);

/*
 * The instruction of a step. *ret_effects: NULL if nothing is known of what it does: it has no transfer, or the bytes
 * are more than one instruction (*ret then is the first). Both are valid until model_trim().
 */
struct error *model_get(struct model *m, uint64_t pc, const uint8_t *bytes, size_t len, struct lifted **ret,
			const struct effects **ret_effects);

/* Predicts the step, with what the trace has of its memory, in m->eval[side]; false if that cannot be. */
struct error *model_predict(struct model *m, unsigned side, const struct lifted *lifted, const struct state *before,
			    const struct trace_access *accesses, size_t num_accesses, bool *ret);

/* The prediction's value of a register, and of a store; NULL if it has none. */
const struct eval_reg *model_register(const struct model *m, unsigned side, uint32_t reg);
const struct eval_store *model_store(const struct model *m, unsigned side, const struct trace_access *like);

/* reg is one of the ascending list. */
bool model_has(const uint32_t *list, size_t len, uint32_t reg);

#endif
