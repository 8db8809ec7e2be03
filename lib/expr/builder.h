/*
 * A part of a program while it is made: codegen.c makes the instructions of expressions, compile.c puts them into the
 * order of events; private to lib/expr.
 */
#ifndef LIB_EXPR_BUILDER_H
#define LIB_EXPR_BUILDER_H

#include "lib/expr/live.h"
#include "lib/expr/prog.h"

/* An expression and its mask; EXPR_NONE: all determined. */
struct masked {
	expr_id value, mask;
};

/* The transfer with values whose masked bits are zero, and the masks: what a part computes. */
struct plan {
	VEC(struct masked) faults, guards, addresses, values, regs;
	VEC(struct masked) bounds; /* of each its two operands and its condition */
	struct roots roots;
	bool failed;
};

struct builder {
	const struct transfer *t;
	struct expr_pool *pool;
	const struct reg_layout *layout;
	const expr_id *masks; /* by id, below num_masks */
	size_t num_masks;
	const struct plan *plan;
	bool full;
	uint16_t *slot; /* by id: where its value is; 0: not made yet */
	VEC(struct code) code;
	VEC(struct bv_op) wide;
	VEC(struct prog_input) inputs;
	VEC(struct prog_output) outputs;
	VEC(struct prog_bound) bounds;
	VEC(uint64_t) consts;
	uint32_t next_slot;
	uint32_t num_loads;
	size_t stores_done;
	bool in_store;
	struct error *err; /* the first; nothing is made after it */
};

/* Remembers the first error, which it takes. */
void builder_fail(struct builder *b, struct error *err);

/* The first of num new slots. */
uint16_t builder_slots(struct builder *b, unsigned num);

void builder_put(struct builder *b, struct code c);

/* EXPR_NONE: all its bits are determined. */
expr_id builder_mask(const struct builder *b, expr_id id);

/* Fails if the layout has no such register of that width. */
bool builder_has_reg(struct builder *b, uint32_t reg, unsigned width);

/* Gives the constants and registers that are used their slots; before anything is emitted. */
void builder_place_leaves(struct builder *b, const uint32_t *uses);

/* The slot of an expression, which is computed by then. */
uint16_t builder_emit(struct builder *b, expr_id id);

/* Nothing is predicted if a bit of the mask is set; EXPR_NONE: there is none. */
void builder_check(struct builder *b, expr_id mask);

/* Emits the first store that is not done yet: compile.c. */
void builder_store(struct builder *b);

#endif
