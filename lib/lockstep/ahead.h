/*
 * Predicting the instruction at the model's front for a guest that is made to go on: fetches it, and says what is to be
 * done first where it may not simply be stepped. Private to lib/lockstep.
 */
#ifndef LIB_LOCKSTEP_AHEAD_H
#define LIB_LOCKSTEP_AHEAD_H

#include "lib/judge/predict.h"
#include "lib/lockstep/guard.h"
#include "lib/target/target.h"

enum ahead_result {
	AHEAD_DONE = PREDICT_DONE, /* these three are as for one instruction */
	AHEAD_LAST = PREDICT_LAST,
	AHEAD_WAIT = PREDICT_WAIT,
	AHEAD_SYSCALL, /* the next instruction is a system call, or there is none, and it is a call all the same
			  (isa->sys.gate); nothing was predicted, as in all below */
	AHEAD_GROUP,   /* the next opens a sequence that a stop would break (insn.opens) */
	AHEAD_REACH,   /* the next could be sent ahead of where the target must have been seen */
	AHEAD_OVERRUN, /* a step may overrun the next (insn.overrun) */
	AHEAD_REST,    /* how much a step of the next does is up to the target (insn.rest) */
};

struct ahead {
	struct predictor *model;
	struct target *target;
	struct guard guard;
	bool flows; /* the target runs by itself: nothing is stepped */
	bool alone; /* the next instruction is predicted by itself, though it opens a sequence, may be overrun, or has a
		       rest */
};

void ahead_deinit(struct ahead *a);

/* Predicts the instruction at the front's PC and moves the front behind it. */
struct error *ahead_next(struct ahead *a, struct prediction *slot, enum ahead_result *ret);

/* The target has gone on behind the instruction that was predicted last: was it by memory that is not the guest's? */
struct error *ahead_check_executed(struct ahead *a, const struct prediction *slot);

/* The target stands still, if not where the front is: the instruction at the front's PC is asked for, unless it is
 * known.
 */
struct error *ahead_fetch_code(struct ahead *a);

#endif
