/* A sequence of instructions that the target runs without a stop. Private to lib/lockstep. */
#ifndef LIB_LOCKSTEP_GROUP_H
#define LIB_LOCKSTEP_GROUP_H

#include "lib/lockstep/predict.h"

enum {
	/* Instructions: no block of QEMU's has more (TCG_MAX_INSNS), which is what imported logs hold. */
	GROUP_MAX = 512,
	GROUP_RUN_MAX = 16, /* ... that a target is made to run without a stop: an exclusive sequence has five or so */
};

struct group {
	struct prediction slot[GROUP_MAX];
	uint64_t exit[GROUP_MAX]; /* where a conditional branch would go instead; 0: no such branch */
	size_t len;
	struct prediction whole; /* all of them as one */
	struct state start;      /* registers before the first */
	uint64_t failed_at;      /* where the last one failed in the way that it may */
	unsigned failures;       /* in a row, there */
};

struct lockstep;

void group_deinit(struct group *g);

/*
 * Has the target run a sequence that a stop would break, and judges its end; or finds that it is none, so that its
 * first instruction is to be stepped alone. The target stands at the first.
 */
struct error *run_group(struct lockstep *ls);

/*
 * The target stands at an instruction that a step may overrun. If it does, has the target run to what is behind it, and
 * judges that as a step; else it is to be stepped alone.
 */
struct error *run_over(struct lockstep *ls);

/* The outputs of all its instructions as those of one, in g->whole. */
struct error *group_join(struct group *g);
/* Compares what was seen with that; ls->now is then the state behind. */
struct error *group_judge_whole(struct lockstep *ls);
/* Counts its instructions, and keeps the differences. */
struct error *group_account(struct lockstep *ls);

/* The registers before instruction i of the sequence, as predicted. */
void group_state_before(const struct lockstep *ls, size_t i, struct state *ret);

#endif
