/* What the parts of the loop share. Private to lib/lockstep. */
#ifndef LIB_LOCKSTEP_INTERNAL_H
#define LIB_LOCKSTEP_INTERNAL_H

#include "lib/judge/judge.h"
#include "lib/lockstep/ahead.h"
#include "lib/lockstep/flow.h"
#include "lib/lockstep/lockstep.h"
#include "lib/lockstep/passed.h"
#include "lib/lockstep/stretch.h"
#include "lib/lockstep/tracer.h"

/* A prediction and the reads that go with it. */
struct step {
	struct prediction slot;
	struct target_plan plan;
	uint64_t reach; /* steps that may be sent ahead behind it (guard_reach()) */
};

/* A store that was not looked at when it happened, by an instruction of that form. */
struct owed_read {
	struct target_read read;
	uint32_t form;
	bool confirmed; /* it was looked at: memory holds what the model says */
};

/*
 * Registers that the target shows on request: each is looked at when it is expected to change, and all at intervals and
 * events. Of any other change it is only known between which two looks it happened.
 */
struct sweep {
	uint64_t planned; /* number of the instruction behind which all are seen next */
	uint64_t done;    /* ... and were seen last */
};

enum { MAX_BATCHES = 2 }; /* submissions that a target takes before the first is collected */

/* Makes a target go on, step by step or freely (flow), and has what it shows judged. */
struct lockstep {
	struct target *target;
	struct replay *replay;
	const struct lockstep_options *options;
	struct judge judge;
	struct source source; /* the target, as the judge sees it */
	struct log_view log;
	struct ahead ahead;

	/* Predicted steps: a ring. The oldest `submitted` of them are with the target. */
	struct step *ring;
	size_t capacity, first, predicted, submitted;
	uint64_t further; /* steps that may be predicted before it is looked again how far the reach of these goes */
	size_t batch[MAX_BATCHES]; /* sizes of the outstanding submissions, oldest first */
	size_t num_batches;
	struct target_plan *plans; /* of the next submission: target->max_ahead of them */
	/* Stores of steps behind a difference that are still to be looked at. */
	VEC(struct owed_read) owed;
	struct step blind; /* for steps whose prediction a difference has made worthless */

	struct sweep sweep;
	struct flow flow;
	struct stretch stretch;
	struct passed passed;
	/* The log's next event is a signal that came between two instructions, at that PC. */
	bool between;
	uint64_t between_pc;
	struct tracer tracer;
	bool done;
	/* Steps under way behind a difference led the target over a system call: it cannot be called back. */
	bool strayed;
	uint64_t started; /* clock_now() at the run's start */
};

/* ---- source.c ---- */

/* What the judge is told of the target and the log: ls->source, ls->log. */
void source_init(struct lockstep *ls);

/* ---- sweep.c ---- */

/* Adds to the plan of instruction `number` of the run what the interval, or an event behind it, wants seen. */
void sweep_plan(struct lockstep *ls, uint64_t number, bool event, struct target_plan *plan);
/* The plans from this instruction on are dropped. */
void sweep_drop_plans(struct lockstep *ls);
/* The last instruction's plan was carried out. */
void sweep_note(struct lockstep *ls, const struct target_plan *plan);
/* Looks at all registers of a target that stands still, unless that has just been done. */
struct error *sweep_now(struct lockstep *ls);
/* All registers were written: they are known as if looked at. */
void sweep_wrote(struct lockstep *ls);
/* ---- audit.c: the target stands still, and the model is where it is ---- */

/* Is an audit due behind instruction `number` of the run? */
bool audit_is_due(const struct lockstep *ls, uint64_t number);
/* Compares all that the model knows of memory. Differences are findings, and are taken over. */
struct error *audit_now(struct lockstep *ls);
/* The same at the run's end, if one is wanted there and has not just been made. */
struct error *audit_end(struct lockstep *ls);
/* Compares what the model knows of these pages, ascending, and counts that in `audit`. The same of differences. */
struct error *audit_pages(struct lockstep *ls, const uint64_t *pages, size_t num, struct run_audit *audit);

/* ---- lockstep.c ---- */

/* The option's number of instructions is less than the run has if it goes on to its instruction number `reach`. */
bool lockstep_passes(const struct lockstep *ls, uint64_t reach);
bool front_is_at(const struct lockstep *ls, uint64_t pc);
/* Into the timeline. judge.before: the registers before the event, which began at `start`. */
void note_event(struct lockstep *ls, const struct replay_outcome *outcome, uint64_t start);

/* ---- signal.c: the target stands still, and nothing is predicted ---- */

/* What the log has before the guest goes on, at a call's instruction (at_call) or behind the last event: a signal that
 * kills the program (ls->done), or one that is delivered. */
struct error *signal_take(struct lockstep *ls, bool at_call, bool *ret_delivered);
/* All that it has behind the last event. */
struct error *signal_take_all(struct lockstep *ls);
/* A signal stopped the guest (judge.signal): it is delivered, or the log says that it ends here. */
struct error *signal_handle(struct lockstep *ls);
/* One that came between two instructions comes now, if the registers are those of the log. */
struct error *signal_take_between(struct lockstep *ls);
/* The model's front is where such a one may come. */
bool signal_stands_between(const struct lockstep *ls);

/* ---- collect.c ---- */

/* Judges one step whose reply is in judge.reply and judge.seen, and has it traced. *ret_differs as of judge_keep(). */
struct error *take_step(struct lockstep *ls, struct prediction *slot, bool *ret_differs);

/*
 * Moves what was read for the plan to where the prediction's stores expect it. A store that the plan does not read is
 * taken as predicted for now, and owed: it is looked at when the target stands still.
 */
struct error *match_reads(struct lockstep *ls, const struct prediction *slot, const struct target_plan *plan);

/* Collects the oldest submission and judges it. On a difference the model continues from what was seen. */
struct error *collect_batch(struct lockstep *ls);

/* ---- group.c ---- */

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

/* ---- rest.c ---- */

/*
 * judge.span.slot[0] is the prediction of an instruction with a rest (insn.rest), from judge.now, and judge.seen and
 * judge.reply are what was seen behind its step: makes judge.span.whole the prediction of as much as it has done.
 */
struct error *rest_follow(struct lockstep *ls);

/* The target stands at such an instruction: has it step, and judges that. */
struct error *run_rest(struct lockstep *ls);

/* ---- overrun.c ---- */

/*
 * The target may have lost the trap behind the instruction in slot, whose state before is judge.before: judges what was
 * seen as what that one and those behind it have done. *ret: that is what it is, and they are accounted for. Else the
 * judgement, and what memory was predicted to be, are to be made again.
 */
struct error *judge_overrun(struct lockstep *ls, struct prediction *slot, bool *ret);

#endif
