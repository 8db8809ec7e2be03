/*
 * A guest that runs freely from stop to stop, while its steps are read from the emulator's log (target_flow()). It
 * stands where a breakpoint is: at every place by which it may enter a kernel, so that none is entered unseen; where
 * the log has a signal; and where the run is to end. Only there memory and all registers can be asked for.
 *
 * So all memory is known before the guest is let run, what it stores is taken as predicted, and the pages that were
 * stored to are compared at the next stop. Where the guest can change code that it executes there is no place to stop
 * at for certain: there it is stepped. Private to lib/lockstep.
 */
#ifndef LIB_LOCKSTEP_FLOW_H
#define LIB_LOCKSTEP_FLOW_H

#include "lib/base/map.h"
#include "lib/judge/predict.h"
#include "lib/replay/replay.h"
#include "lib/run/run.h"

struct flow {
	bool ready;             /* the target can flow, and the guest's map is known */
	bool on;                /* the source is as the log shows it */
	struct source standing; /* ... as the stub shows it, while that is so */
	struct prediction slot;
	struct replay_places places;
	struct map placed; /* address -> 1 where a breakpoint stands for a place of replay_find_places(), else 0 */
	struct map breaks; /* address -> how often a breakpoint is wanted there */
	/* Of blocks: instructions that were met of which only the emulator decides what they do, and that are no part
	 * of a block from then on; the first num_to_step have their breakpoint. */
	VEC(uint64_t) to_step;
	size_t num_to_step;
	/* Places besides, and where breakpoints are for them; UINT64_MAX: none. */
	struct flow_place {
		uint64_t wanted, set;
	} signal, between, from, until;
	/* Pages that were stored to since memory was last compared. */
	struct map dirty;
	VEC(uint64_t) pages;
	uint64_t compared; /* number of the instruction behind which that was */
	/* How the log has repeated instructions: QEMU 7.2 once for each iteration, later ones once for many. */
	enum repeats { REPEATS_NOT_KNOWN, REPEATS_EACH, REPEATS_MANY } repeats;
	bool stopping; /* the guest was asked to stop */
	/* The step to the stand, behind which the stub does not show all that the log does. No insn.len: there is none.
	 */
	struct flow_last {
		struct insn insn;
		struct state before;
		uint64_t number, next; /* of the instruction; the PC behind it */
	} last;
	/* Why it is stepped, or was last; and how many instructions of its own are counted in run->lane. */
	enum stepped_reason why;
	uint64_t counted;
	/* The run is over, and the guest is followed to where it stands: nothing counts any more. */
	bool following;
	struct run nothing, *run;
	bool judging; /* before it was followed */
};

struct lockstep;

struct error *flow_init(struct lockstep *ls);
void flow_deinit(struct flow *f);

/* The guest stands still, and nothing is predicted: lets it run, unless it has to be stepped (*ret false). */
struct error *flow_begin(struct lockstep *ls, bool *ret);

/* ---- For stretch.c ---- */

/* Breakpoints where the guest is to stand when it runs freely. */
struct error *flow_set_breaks(struct lockstep *ls);
/* The target is to run on over its own breakpoint at the address, which is taken away meanwhile, if there is one. */
struct error *flow_lift_break(struct lockstep *ls, uint64_t at, bool lifted);
/* What is shown depends on who shows it; of the log it is known with the first look. */
struct error *flow_refresh_source(struct lockstep *ls);

/* ---- For block.c ---- */

/* Could the guest be in that state, as far as it is known, shown and seen? */
bool flow_is_as_seen(const struct lockstep *ls, const struct state *s);
/* The instruction was executed: what it stored is to be compared at the next stop. */
struct error *flow_note_stores(struct lockstep *ls, const struct prediction *slot);
/* The differences from that suspect on may be another instruction's. */
void flow_want_closer(struct lockstep *ls, size_t suspects);
/* The instruction was met in a block: from the next stand on it is stepped. */
struct error *flow_want_stepped(struct lockstep *ls, uint64_t pc);
/* The guest is to stop as soon as it can: what was seen can be told from what was stored since only where it stands. */
struct error *flow_stop_soon(struct lockstep *ls);
/* ERROR_TARGET: it has got over the breakpoint of a system call. */
struct error *flow_made_call(const struct lockstep *ls);

/* A block that it has made, from judge.now to judge.seen (block.c). */
struct error *judge_block(struct lockstep *ls);

/* ---- For lockstep.c ---- */

/* The run is over: what it was is counted. Before anybody looks at judge.run. */
void flow_end(struct lockstep *ls);

/* The guest, which is stepped, can run by itself behind the next step. */
bool flow_steps_once(const struct lockstep *ls);

/* It runs: judges some of its steps. When it stands again, what waited for that is looked at. */
struct error *flow_on(struct lockstep *ls);

#endif
