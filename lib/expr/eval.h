/*
 * Evaluation: a transfer is compiled once into a flat program, which is then run on states.
 *
 * State: an array of 64-bit words; register r starts at word layout->word[r] and has (width + 63) / 64 words, least
 * significant first, bits above the width zero. A second array of the same shape has 1 bits where the value is UNKNOWN
 * (NULL: everything is known). Values of unknown bits are zero.
 *
 * A program is immutable and may be shared between threads; everything that changes is in struct eval.
 */
#ifndef LIB_EXPR_EVAL_H
#define LIB_EXPR_EVAL_H

#include "lib/expr/transfer.h"

struct reg_layout {
	const uint16_t *word;  /* by register id: first word in the state */
	const uint16_t *width; /* by register id: bits */
	uint32_t num_regs;
};

struct prog;

/* Needs the pool only while compiling. A transfer that is too large is ERROR_UNSUPPORTED. */
struct error *prog_compile(const struct transfer *t, const struct reg_layout *layout, struct prog **ret);
void prog_destroy(struct prog *prog);

/* Bytes of memory held. */
size_t prog_size(const struct prog *prog);

/* Is the register one of its outputs? */
bool prog_writes(const struct prog *prog, uint32_t reg);
/* Does any output depend on an ENV leaf? (Then it is adopted from the target, under the mask.) */
bool prog_uses_env(const struct prog *prog);
/* May any output have undefined bits? */
bool prog_uses_undef(const struct prog *prog);

/*
 * Guest memory as the program sees it. Reads `len` (1-64) bytes at address; writes the bytes to ret, and 0xff to each
 * byte of unknown where the content is not known (unknown arrives zeroed). The address space wraps at 2^64.
 */
enum mem_result {
	MEM_OK,    /* ret is complete, though parts may be unknown */
	MEM_FAULT, /* the guest cannot read there: a page fault */
	MEM_ERROR, /* something else failed; evaluation stops, the owner of ctx knows why */
};
struct eval_memory {
	void *ctx;
	enum mem_result (*load)(void *ctx, uint64_t address, unsigned len, uint8_t *ret, uint8_t *unknown);
};

enum eval_status {
	EVAL_DONE,    /* outputs are valid */
	EVAL_FAULT,   /* the instruction faults: fault, fault_address */
	EVAL_UNKNOWN, /* an address, a guard or a fault condition depends on unknown bits: nothing is predicted */
	EVAL_ERROR,   /* the memory callback failed */
};

struct eval_reg {
	uint32_t reg;
	uint16_t width;
	uint16_t num_words;
	const uint64_t *value; /* num_words words */
	const uint64_t *mask;  /* 1 bits: undefined, outside or unknown; NULL: none */
};

/*
 * A result that is right within an error: bits [first, first + the format's width) of the register, which are masked.
 * Only where the bound applies, and its operands are known.
 */
struct eval_bound {
	uint32_t reg;
	uint16_t first;
	struct fp_bound bound;
	fp_bits arg[2];
};

struct eval_store {
	uint64_t address;
	uint8_t len; /* bytes, 1-64 */
	uint8_t data[64];
	uint8_t mask[64]; /* 1 bits as in eval_reg */
	bool masked;      /* mask is not all zero */
};

struct eval_load {
	uint64_t address;
	uint8_t len;
};

/* The result of a run, and its scratch memory; reusable. An all-zero eval is ready. */
struct eval {
	enum eval_status status;
	enum fault_kind fault;
	uint64_t fault_address; /* FAULT_PAGE: of the load that failed */
	bool used_unknown;      /* some input bits were unknown, so outputs may be less precise than they could be */
	const struct eval_reg *regs;
	size_t num_regs;
	const struct eval_bound *bounds;
	size_t num_bounds;
	const struct eval_store *stores; /* those whose guard holds, in order */
	size_t num_stores;
	const struct eval_load *loads; /* that took place, for display and traces */
	size_t num_loads;
	struct eval_scratch *scratch; /* private */
};

void eval_deinit(struct eval *e);

/* "1.5 * 2^-12 of rcp(0x1.8p+1)". */
void eval_bound_print(struct strbuf *out, const struct eval_bound *b);

/* How what was seen keeps to a bound. */
enum bound_result { BOUND_HOLDS, BOUND_BROKEN, BOUND_UNSEEN };

/*
 * Settles a bound by what was seen. All are the register's words; 1 bits in hidden were not seen. The bits of value
 * that the bound is on become those seen if it holds, and the true value rounded to nearest if it is broken, and those
 * of mask 0; if any of them is hidden, all stays as it is.
 */
enum bound_result eval_bound_settle(const struct eval_bound *b, const uint64_t *seen, const uint64_t *hidden,
				    uint64_t *value, uint64_t *mask);

/*
 * Runs the program on a state. Nothing of the state or memory is changed. When every input bit is known, undefined and
 * ENV bits alone make masks. Returns an error only for want of memory; how it went is in e->status. Pointers in e are
 * valid until the next run with the same e.
 */
struct error *prog_run(const struct prog *prog, const uint64_t *state, const uint64_t *unknown,
		       const struct eval_memory *memory, struct eval *e);

/*
 * The value of one expression without UNDEF and ENV leaves, and with loads of version 0 alone, for tests: node by node,
 * without compiling. state, layout and memory may be NULL where the expression has no such leaves. Words to
 * ret[(width + 63) / 64].
 */
struct error *expr_evaluate(const struct expr_pool *pool, expr_id id, const uint64_t *state,
			    const struct reg_layout *layout, const struct eval_memory *memory, uint64_t *ret);

#endif
