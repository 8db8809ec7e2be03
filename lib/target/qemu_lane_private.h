/* What the parts of the lane share: qemu_lane.c (the log as it comes), qemu_flow.c (a target that flows by it). */
#ifndef LIB_TARGET_QEMU_LANE_PRIVATE_H
#define LIB_TARGET_QEMU_LANE_PRIVATE_H

#include "lib/base/map.h"
#include "lib/target/gdb_private.h"
#include "lib/target/qemu_lane.h"
#include "lib/trace/qemu_log.h"

/* What of struct target is another when it flows than when it is stepped. */
struct manner {
	uint64_t *hidden; /* owned; without what others hide besides */
	const bool *on_request;
	size_t max_ahead;
	uint32_t overruns;
};

struct qemu_lane {
	int fd; /* the reading end of the FIFO */
	bool at_end;
	VEC(uint8_t) spill; /* bytes that were taken out of the pipe, and that the parser is to get first */
	size_t spill_at;    /* ... of these, those that it has */
	struct qemu_log *log;
	struct error *failed; /* what went wrong while the stub was waited for */
	bool started;         /* the map is told: from here on, what comes unasked is thrown away */
	target_mappings map;
	struct map breaks; /* address -> how often a breakpoint is set there */

	struct gdb_target *g;
	struct target_ops ops; /* of the target: ours, and below them those of the GDB target */
	const struct target_ops *under;
	struct manner stepped, flowing;
	bool *on_request; /* of flowing */
	bool settled;     /* flowing is known, from the first look */

	pid_t pid;    /* who writes the log; its main thread runs the guest */
	bool owed;    /* it was sent a signal that it has not yet told */
	bool planned; /* a step is submitted and not collected */

	/* Of the run since the last continue. */
	bool begun;     /* its first state was given */
	bool stopped;   /* the stop reply has come */
	bool exhausted; /* and with it all of the log */
	struct stop stop;
	struct state seen;  /* the last state of the log */
	struct state stood; /* where the guest stands, by the stub */
};

/*
 * Into the parser, without waiting. *ret_more: there was something. The parser is not told of the end: a state that is
 * the last of all is as whole as that before any other stop.
 */
struct error *qemu_lane_feed(struct qemu_lane *l, bool *ret_more);

/*
 * Makes room in the pipe: what is in it is kept for the parser. A signal breaks off a write that waits for room, and
 * what was to be written is lost (QEMU's handlers are without SA_RESTART, and it does not try again).
 */
struct error *qemu_lane_make_room(struct qemu_lane *l);

/* The guest stands: what is in the pipe is whole, and of what others did. */
void qemu_lane_discard(struct qemu_lane *l);

/* From here on states are asked for. */
struct error *qemu_lane_end_start(struct qemu_lane *l);

#endif
