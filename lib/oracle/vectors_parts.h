/* What the parts of the cases of AArch64 share: running them (vectors.c), and models made wrong (vectors_mutants.c). */
#ifndef LIB_ORACLE_VECTORS_PARTS_H
#define LIB_ORACLE_VECTORS_PARTS_H

#include "lib/expr/prog.h"
#include "lib/oracle/vectors.h"

/* Registers of the format, in the order in which they are compared and shown. */
enum {
	REG_X,
	REG_SP_INDEX = 31,
	REG_V,
	REG_FLAGS = REG_V + 32,
	REG_PC_INDEX = REG_FLAGS + 4,
	REG_FPSR,
	REG_FPCR,
	VECTORS_NUM_REGS
};

enum { VECTORS_NUM_MONITOR = 4 };

struct cached {
	bool used;
	enum transfer_kind kind;
	struct insn insn; /* LIFT_UNMODELLED also when the transfer cannot be evaluated */
	struct prog *prog;
};

struct vectors {
	const struct isa *isa;
	struct isa_lifter *lifter;
	struct expr_pool *pool;
	struct transfer transfer;
	uint32_t regs[VECTORS_NUM_REGS];       /* ids */
	uint32_t monitor[VECTORS_NUM_MONITOR]; /* ids: is there a mark, its address, bytes, value */
	uint32_t fpcr;                         /* the bits that the CPU has */
	struct cached *cache;                  /* of vectors.c */

	/* The case at hand. */
	struct vectors_trial current;
	const struct cached *cached;
	struct state before, expected, after;
	uint8_t memory_expected[VECTOR_WINDOW], memory_after[VECTOR_WINDOW];
	const struct prog *wrong; /* judged in place of the instruction's own; NULL: there is none */
	bool from_outside;        /* bits of the result are for a target to say, not for the model */
	struct eval eval;
};

/* Into v->transfer, of a pool that is empty before. */
struct error *vectors_lift(struct vectors *v, uint64_t pc, uint32_t word, struct insn *ret);

/* The instruction at hand is that of the word, compiled. */
struct error *vectors_find(struct vectors *v, uint64_t pc, uint32_t word);
/* The case ended in a fault that CPUs may raise or not. vectors_find() came before. */
bool vectors_fault_is_open(const struct vectors *v);

void vectors_set_state(const struct vectors *v, const struct vectors_state *from, struct state *to);

/* The state before of the trial at hand. */
void vectors_set_before(struct vectors *v);

/* Memory of the trial at hand (ctx: the vectors): around the window and the instruction it is zero. */
enum mem_result vectors_load(void *ctx, uint64_t address, unsigned len, uint8_t *ret, uint8_t *unknown);

#endif
