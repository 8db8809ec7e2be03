/*
 * What a closer look at a stretch of a run comes to: a run of that stretch alone, in smaller steps, whose findings
 * replace those of the first run that it explains.
 */
#ifndef LIB_RUN_CLOSER_H
#define LIB_RUN_CLOSER_H

#include "lib/run/run.h"

/*
 * Takes the findings out of `closer`, the run of that stretch. They replace those of `run` in the stretch for which a
 * closer look was wanted, if they are the same, or were before them. One that was not found again stays, and its
 * opinion says that it was not, by `gone`; but one in bits of
 * a register that the closer look hides (by the state's words) is as sure as before.
 */
struct error *closer_merge(struct run *run, const struct run_stretch *stretch, struct run *closer, const char *gone,
			   const struct isa *isa, const uint64_t *hidden);

/* There was no closer look at the stretch, or none that came to its end: its findings stay, and their opinions say
 * why. */
struct error *closer_skip(struct run *run, const struct run_stretch *stretch, const char *why);

#endif
