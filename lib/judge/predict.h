/*
 * The model's front: registers and memory as they will be when the source has executed everything that was predicted,
 * and the predictions that lead there. Which instruction comes next is the caller's to say (lib/lockstep/ahead.h), and
 * whether it may be executed at all.
 */
#ifndef LIB_JUDGE_PREDICT_H
#define LIB_JUDGE_PREDICT_H

#include "lib/base/map.h"
#include "lib/judge/source.h"
#include "lib/lift/lift.h"
#include "lib/state/memory.h"

/* A load that a prediction made, with what it saw. */
struct predicted_load {
	uint64_t address;
	uint8_t len;
	uint8_t data[64], unknown[64];
};

/* At most 64 bytes. */
struct memory_range {
	uint64_t address;
	uint8_t len;
};

struct predicted_reg {
	uint32_t reg;
	uint16_t word; /* where value and mask start in words */
};

enum predicted_kind {
	PREDICTED_OUTPUTS, /* registers and stores */
	PREDICTED_FAULT,   /* a fault instead */
	PREDICTED_NOTHING, /* not modelled, or depends on what nobody knows: adopt what is seen */
};

/* What one instruction is expected to do. Slots are reused; their vectors keep their memory. */
struct prediction {
	enum predicted_kind kind;
	uint64_t pc;
	struct lifted *lifted;
	enum fault_kind fault;
	bool joined;    /* of several evaluations: it cannot be made again */
	bool imprecise; /* output bits hang on inputs that were not known: predict again when they are */
	VEC(struct predicted_reg) regs; /* of a fault: those that tell of it; of nothing: struct insn's changes, PC */
	VEC(uint64_t) words;            /* for each register its value, then its mask */
	VEC(struct eval_bound) bounds;
	VEC(struct eval_store) stores;
	VEC(struct predicted_load) loads;
	/* What it writes, or would write if it did not fault, or may: if that is on more than one page; else empty. */
	VEC(struct memory_range) ranges;
	memory_mark mark; /* memory before its stores */
};

enum predict_result {
	PREDICT_DONE, /* one more prediction */
	PREDICT_LAST, /* one more, and it has to be seen before the next can be made */
	PREDICT_WAIT, /* everything predicted so far has to be seen first; nothing was predicted */
};

struct predictor {
	struct source *source; /* borrowed */
	const struct isa *isa;
	struct lift_cache *cache;
	enum repeat_step repeat; /* that the cache's transfers are made for */
	struct memory *memory;
	struct map mapped; /* numbers of pages that are there */
	struct state front;
	uint64_t stack; /* the program's first stack pointer: see initial_stack_reaches() */
	struct eval eval;
	struct prediction *current; /* gets the loads */
	uint64_t fault_at;          /* the last access that cannot be made, and its length; 0: there was none */
	size_t fault_len;
	bool waiting;        /* memory has to be read, but the source does not stand still */
	bool grouping;       /* instructions run without a stop between them: isa->reset registers last */
	struct error *error; /* of the memory callback */
};

struct error *predictor_init(struct predictor *p, struct source *source);
void predictor_deinit(struct predictor *p);

/* Makes what the guest has in a range known, as far as it can be read: MEM_ERROR if the source has to stand still for
 * that and does not, or for p->error. */
enum mem_result predictor_know(struct predictor *p, uint64_t address, size_t len);

/* Reads guest memory as the model knows it, with what it does not know from the guest where that stands still. As
 * above. */
enum mem_result predictor_read(struct predictor *p, uint64_t address, size_t len, uint8_t *ret, uint8_t *unknown);

/* The guest's address space may have changed. */
void predictor_remap(struct predictor *p);

/*
 * Predicts the instruction at the front's PC, which is the one given (NULL: there is none, or nobody knows which; why
 * is MEM_FAULT if it cannot be there), and moves the front behind it. Behind predict_begin().
 */
struct error *predict_insn(struct predictor *p, struct prediction *slot, struct lifted *lifted, enum mem_result why,
			   enum predict_result *ret);

/* The slot is to get the prediction at the front. */
void predict_begin(struct predictor *p, struct prediction *slot);

/* ... in which nothing is predicted of the instruction at pc, wherever the front is. */
void predict_nothing(struct predictor *p, struct prediction *slot, uint64_t pc);

/* Behind MEM_ERROR: PREDICT_WAIT, or the error. */
struct error *predict_wait(struct predictor *p, enum predict_result *ret);

/* Evaluates the transfer again on a state in which everything is known; loads see what they saw. Only outputs change.
 */
struct error *predict_again(struct predictor *p, struct prediction *slot, const struct state *before);

void prediction_deinit(struct prediction *slot);

/* Sets the registers that it writes; bits that it does not determine become unknown. */
void prediction_apply(const struct prediction *slot, struct state *s);

static inline void prediction_swap(struct prediction *a, struct prediction *b)
{
	struct prediction other = *a;

	*a = *b;
	*b = other;
}

/* Some of what it stores is not determined. */
bool prediction_has_masked_store(const struct prediction *slot);

/* Where in regs the register is; regs.len: it is not written. */
static inline size_t prediction_find(const struct prediction *slot, uint32_t reg)
{
	size_t i = 0;

	while (i < slot->regs.len && slot->regs.at[i].reg != reg)
		i++;
	return i;
}

static inline const uint64_t *prediction_value(const struct prediction *slot, size_t i)
{
	return &slot->words.at[slot->regs.at[i].word];
}

/* 1 bits: not determined. */
static inline const uint64_t *prediction_mask(const struct prediction *slot, size_t i, const struct isa *isa)
{
	return prediction_value(slot, i) + reg_words(&isa->regs[slot->regs.at[i].reg]);
}

#endif
