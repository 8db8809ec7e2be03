/*
 * What keeps a target from entering a kernel by itself. A system call is an event, which the replayer makes or emulates
 * with the target standing at its instruction. So no instruction that could be a call is ever stepped, whatever the
 * model thinks it does; and no step is sent ahead that could come to one if the emulator did otherwise than predicted:
 * behind a branch that it takes the wrong way, or in code that has changed. Private to lib/lockstep.
 *
 * It holds against an emulator that computes wrong values. What it cannot know beforehand, and so does not look at, is
 * an emulator that decodes an instruction which stays in its place as one that jumps.
 */
#ifndef LIB_LOCKSTEP_GUARD_H
#define LIB_LOCKSTEP_GUARD_H

#include "lib/base/map.h"
#include "lib/replay/replay.h"

struct ahead;
struct prediction;

enum { GUARD_FAR = 1 << 20 }; /* steps: more than are ever sent ahead */

/* All zeros: nothing has been seen. */
struct guard {
	const struct replay *replay; /* borrowed; NULL: nothing is executed */
	struct map distance;         /* address -> guard_distance() + 1 */
	struct map pages;            /* pages that were executed -> at the first time which kind of code: guard.c */
	struct map code;             /* of those that were REPLAY_CODE_ALIASED: code_key() -> hash of the bytes */
	uint64_t page;               /* the last one that was looked at, + 1, */
	enum replay_code kind;       /* and what it is */
};

void guard_deinit(struct guard *g);
/* An event: memory, what is mapped or its rights may have changed. refreshed: as in struct replay_outcome. */
void guard_forget(struct guard *g, bool refreshed);
/* Something else is mapped at [address, address + len) than what was executed there. */
void guard_forget_pages(struct guard *g, uint64_t address, uint64_t len);

/*
 * May the instruction at pc be stepped, whose first len bytes the model has? *ret_alone: by itself only, with nothing
 * sent ahead before or behind it, so that the target's own bytes could be looked at: they were, if the target stands
 * there (STANCE_STILL). *ret_call: it is a system call. ERROR_UNSUPPORTED: it enters a kernel in another way, or may be
 * executed as what it was.
 */
struct error *guard_look(struct ahead *a, uint64_t pc, const uint8_t *bytes, size_t len, bool *ret_alone,
			 bool *ret_call);

/*
 * The instruction at pc accesses len bytes at an address of which the guest does not have all, and the target stands
 * there, or has gone on behind it (executed). ERROR_UNSUPPORTED: what it does not have is the emulator's own, and would
 * be, or was, read or written to.
 */
struct error *guard_access(struct ahead *a, uint64_t pc, uint64_t address, size_t len, bool executed);

/* How many steps may be sent ahead behind the prediction, which leads to `next`. */
uint64_t guard_reach(struct ahead *a, const struct prediction *slot, uint64_t next);

#endif
