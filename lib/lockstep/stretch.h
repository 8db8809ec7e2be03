/*
 * Stretches of a run: what lies between two events. A run is deterministic, so that one of them can be come to again,
 * without looking, and then be looked at closer. Private to lib/lockstep.
 */
#ifndef LIB_LOCKSTEP_STRETCH_H
#define LIB_LOCKSTEP_STRETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stretch {
	uint64_t number, begin; /* as of struct run_stretch */
	size_t stamped;         /* findings that have their stretch's number */
	bool passing;           /* the one that is to be judged is still to come */
};

struct lockstep;

/* Nothing is predicted, and the target stands: judging begins, or the run ends (ls->done), if it is there. */
struct error *stretch_look(struct lockstep *ls);
/* Has a guest that flows run to where it stands next. Of memory nothing is known then. */
struct error *stretch_pass(struct lockstep *ls);

/* Gives findings the number of their stretch, and begins another if an event was handled. */
struct error *stretch_advance(struct lockstep *ls);
/* This one is to be looked at closer, up to the last instruction that was judged. */
struct error *stretch_want_closer(struct lockstep *ls);

#endif
