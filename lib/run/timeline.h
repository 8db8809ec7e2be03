/*
 * How a run went over its length: time, events and findings in a fixed number of equal stretches of instructions. A
 * stretch doubles when the run outgrows them all, so the memory does not depend on the run.
 */
#ifndef LIB_RUN_TIMELINE_H
#define LIB_RUN_TIMELINE_H

#include <stddef.h>
#include <stdint.h>

enum { TIMELINE_STRETCHES = 256, TIMELINE_EVENTS = 256, TIMELINE_SLOWEST = 16 };

struct timeline_stretch {
	uint64_t nanoseconds, events;
	uint64_t findings; /* occurrences, not groups */
	uint64_t pc;       /* where the run was, somewhere in it; 0: unknown */
};

/* A system call of the guest that was handled, or a signal that was delivered. */
struct timeline_event {
	uint64_t index;       /* in the log */
	uint64_t number;      /* of the call, in the guest's instruction set */
	int signal;           /* no call, but this one was delivered; 0: a call */
	uint64_t instruction; /* number of the instruction in the run, from 1 */
	uint64_t at;          /* nanoseconds after the run's start */
	uint64_t nanoseconds; /* that it took */
	uint64_t pc;
};

/* All zero is empty. Numbers of instructions are from 1. */
struct timeline {
	struct timeline_stretch stretch[TIMELINE_STRETCHES];
	uint64_t per_stretch;               /* instructions, a power of two; 0: nothing was added */
	uint64_t instructions, nanoseconds; /* of the last timeline_advance() */

	/* Every event_stride-th event, in order. */
	struct timeline_event event[TIMELINE_EVENTS];
	size_t num_events;
	uint64_t event_stride, events; /* events: all */

	struct timeline_event slowest[TIMELINE_SLOWEST]; /* events by time, longest first */
	size_t num_slowest;
};

/* The run has come to its instruction of that number, after so many nanoseconds in all. Time since the last call is
 * spread evenly. */
void timeline_advance(struct timeline *t, uint64_t instructions, uint64_t nanoseconds, uint64_t pc);

/* The run was at pc at its instruction of that number; whatever is known of its time. */
void timeline_add_place(struct timeline *t, uint64_t instruction, uint64_t pc);

void timeline_add_event(struct timeline *t, const struct timeline_event *event);

/* A finding occurred at that instruction. */
void timeline_add_finding(struct timeline *t, uint64_t instruction);

/* Adds the findings of another timeline, of a part of the same run. */
void timeline_merge_findings(struct timeline *into, const struct timeline *from);

/* Stretches that the run reached. */
size_t timeline_length(const struct timeline *t);

#endif
