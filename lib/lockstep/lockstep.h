/*
 * The loop: predicts instructions ahead of the target and has it step them, or lets it run freely and predicts what
 * its log has shown (flow.h); judges what was seen, and lets the replayer handle what comes from outside.
 */
#ifndef LIB_LOCKSTEP_LOCKSTEP_H
#define LIB_LOCKSTEP_LOCKSTEP_H

#include <signal.h>

#include "lib/judge/judge.h"
#include "lib/replay/replay.h"
#include "lib/run/run.h"
#include "lib/target/target.h"
#include "lib/trace/trace.h"

struct lockstep_options {
	bool have_from, have_until;
	uint64_t from, until;      /* judge from the first time the PC is `from`; end when it is `until` */
	uint64_t max_instructions; /* that are judged, or traced if nothing is; 0: no limit */
	struct judge_options judge;
	bool ask_cpu; /* have the guest's CPU tell what it is, before the program starts */
	/* Registers that the target shows on request only are all looked at this often, in instructions, besides at
	 * events; 0: at events alone. */
	uint64_t sweep_interval;
	/* All that the model knows of memory is compared with the guest's this often, in instructions, and at the end;
	 * 0: at the end alone, of a run of under a million instructions. */
	uint64_t audit_interval;
	bool flow; /* let a guest run freely, if the target can (target_flow()) */
	/* ... and have it stop this often, in instructions, to compare the memory that it has stored to; 0: only where
	 * it stands anyway. */
	uint64_t compare_interval;
	bool blocks; /* ... of which each step is a translation block, not a single instruction */
	/* Where what is seen is written as a trace; NULL: nowhere. What the target hides is added to the header. */
	const char *trace_path;
	const struct trace_header *trace_header;
	/* Nothing is judged, and as little as possible looked at, until so many events were handled: from there on the
	 * stretch up to the next event. A target that flows tells nothing of its steps until then, and is stepped in
	 * the stretch unless `flow` is set. */
	bool one_stretch;
	struct run_stretch stretch;               /* last: judged up to that instruction */
	bool only_trace;                          /* nothing is judged */
	const volatile sig_atomic_t *interrupted; /* ends the run when not 0; may be NULL */
	/* Called a few times a second. */
	void (*progress)(void *ctx, const struct run *run);
	void *progress_ctx;
};

/*
 * Runs the guest from its first instruction, at which the target stands, to its end or to a limit. replay handles the
 * system calls. How it went is in *ret, which the caller initialised with zeros and deinits; a returned error means
 * that nothing could be judged at all.
 */
struct error *lockstep_run(struct target *target, struct replay *replay, const struct lockstep_options *options,
			   struct run *ret);

#endif
