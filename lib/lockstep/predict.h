/*
 * The model's front: registers and memory as they will be when the target has executed everything that was predicted,
 * and the predictions that lead there. Private to lib/lockstep.
 */
#ifndef LIB_LOCKSTEP_PREDICT_H
#define LIB_LOCKSTEP_PREDICT_H

#include "lib/base/map.h"
#include "lib/lift/lift.h"
#include "lib/lockstep/guard.h"
#include "lib/state/memory.h"
#include "lib/target/target.h"
#include "lib/trace/trace.h"

/* A load that a prediction made, with what it saw. */
struct predicted_load {
	uint64_t address;
	uint8_t len;
	uint8_t data[64], unknown[64];
};

/* At most 64 bytes. */
struct memory_span {
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
	PREDICTED_NOTHING, /* not modelled, or depends on what nobody knows: adopt what the target does */
};

/* What one instruction is expected to do. Slots are reused; their vectors keep their memory. */
struct prediction {
	enum predicted_kind kind;
	uint64_t pc;
	struct lifted *lifted;
	enum fault_kind fault;
	bool imprecise;                 /* some input bits were unknown: predict again once they are known */
	bool stores_seen;               /* the plan reads all of its stores */
	VEC(struct predicted_reg) regs; /* of a fault: those that tell of it */
	VEC(uint64_t) words;            /* for each register its value, then its mask */
	VEC(struct eval_bound) bounds;
	VEC(struct eval_store) stores;
	VEC(struct predicted_load) loads;
	/* What it writes, or would write if it did not fault, or may: if that is on more than one page; else empty. */
	VEC(struct memory_span) spans;
	memory_mark mark; /* memory before its stores */
};

enum predict_result {
	PREDICT_DONE,    /* one more prediction */
	PREDICT_LAST,    /* one more, and it has to be seen before the next can be made */
	PREDICT_SYSCALL, /* the next instruction is a system call, or there is none, and it is a call all the same
			    (isa->sys.gate); nothing was predicted */
	PREDICT_GROUP,   /* the next opens a sequence that a stop would break (insn.opens); nothing was predicted */
	PREDICT_REACH, /* the next could be sent ahead of where the target must have been seen; nothing was predicted */
	PREDICT_OVERRUN, /* a step may overrun the next (insn.overrun); nothing was predicted */
	PREDICT_WAIT,    /* everything predicted so far has to be seen first; nothing was predicted */
};

/* What a trace has of the instruction to be predicted: nothing else is asked. */
struct given {
	struct lifted *lifted; /* NULL: its bytes could not be read */
	const struct trace_access *accesses;
	size_t num_accesses;
	bool stopped; /* a signal stopped the guest there: memory that is not among the accesses may not be mapped */
};

struct predictor {
	struct target *target; /* borrowed */
	const struct isa *isa;
	struct lift_cache *cache;
	enum repeat_step repeat; /* that the cache's transfers are made for */
	struct memory *memory;
	struct map mapped; /* numbers of pages that are there */
	struct guard guard;
	struct state front;
	uint64_t stack; /* the program's first stack pointer: see initial_stack_reaches() */
	struct eval eval;
	struct prediction *current; /* gets the loads */
	/* NULL: there is a target. Else memory is what this says, and stays as it is when something is predicted. */
	const struct given *given;
	bool idle;         /* the target stands where the front is: memory can be fetched and unknowns are final */
	bool blind;        /* the target is ahead: what is not known stays unknown */
	uint64_t fault_at; /* the last access that cannot be made, and its length */
	size_t fault_len;
	bool waiting;  /* memory has to be fetched, but the target is not idle */
	bool grouping; /* instructions run without a stop between them: isa->reset registers last */
	bool alone;    /* the next instruction is predicted by itself, though it opens a sequence or may be overrun */
	struct error *error; /* of the memory callback */
};

struct error *predictor_init(struct predictor *p, struct target *target);
void predictor_deinit(struct predictor *p);

/* Makes what the target has in a range known, as far as it can be read: MEM_ERROR if the target has to stand still for
 * that and does not, or for p->error. */
enum mem_result predictor_know(struct predictor *p, uint64_t address, size_t len);

/* The guest's address space may have changed. */
void predictor_remap(struct predictor *p);

/* The target stands still, if not where the front is: the instruction at the front's PC is asked for, unless it is
 * known.
 */
struct error *predictor_fetch_code(struct predictor *p);

/* Predicts the instruction at the front's PC and moves the front behind it. */
struct error *predict_next(struct predictor *p, struct prediction *slot, enum predict_result *ret);

/* Evaluates the transfer again on a state in which everything is known; loads see what they saw. Only outputs change.
 */
struct error *predict_again(struct predictor *p, struct prediction *slot, const struct state *before);

/* What has to be read to see the prediction's outputs, or what the target did when there are none. */
void prediction_plan(struct prediction *slot, const struct target *target, struct target_plan *ret);

void prediction_deinit(struct prediction *slot);

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
