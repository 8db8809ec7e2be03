/* What the parts of the loop share. Private to lib/lockstep. */
#ifndef LIB_LOCKSTEP_INTERNAL_H
#define LIB_LOCKSTEP_INTERNAL_H

#include "lib/lockstep/faulted.h"
#include "lib/lockstep/group.h"
#include "lib/lockstep/judge.h"
#include "lib/lockstep/lockstep.h"
#include "lib/lockstep/logged.h"
#include "lib/lockstep/othercpu.h"
#include "lib/lockstep/predict.h"
#include "lib/lockstep/suspects.h"
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
	/* By register, the number of the instruction behind which it was last seen; NULL: all are always seen. */
	uint64_t *seen_at;
	uint64_t planned; /* number of the instruction behind which all are seen next */
	uint64_t done;    /* ... and were seen last */
};

enum { SIGNAL_NOT_TOLD = -1 }; /* a trace without its end */

enum { MAX_BATCHES = 2 }; /* submissions that a target takes before the first is collected */

/* Groups of findings are added at the end, and their severity stands. */
struct counted {
	size_t groups;   /* looked at so far */
	size_t counting; /* of these, as sure as options->fail_on */
};

struct lockstep {
	struct target *target;
	struct replay *replay; /* NULL: a trace is judged */
	uint64_t position;     /* without replay: index of the log's next event */
	int logged_signal;     /* without replay: that stopped the guest in the end and that the log has; 0: none */
	const struct lockstep_options *options;
	struct run *run;
	struct counted counted;
	struct predictor model;
	struct state now;    /* registers after the last step that was judged */
	struct state before; /* ... and before it */
	struct state seen;
	struct target_seen reply;
	const struct touched *touched; /* of ls->seen; NULL: not known */
	struct judgement judgement;

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
	struct logged logged;
	struct adopted trap_flag; /* the instruction that set it, while it is set; no instruction: it is not */
	/* The log's next event is a signal that came between two instructions, at that PC. */
	bool between;
	uint64_t between_pc;
	struct suspects suspects;
	struct other_cpus others;
	/* The instruction that a signal stopped, whose memory is still to be looked at; ls->before is before it. */
	const struct prediction *faulted;
	struct tracer tracer;
	struct group group;
	enum repeat_step repeat; /* how the target was seen to step repeated instructions */
	bool relift;             /* the target's CPU was seen to be another than cached transfers are for */
	bool judging;            /* options->from was reached */
	bool done;
	/* Steps under way behind a difference led the target over a system call: it cannot be called back. */
	bool strayed;
	int signal;       /* that stopped the guest; 0: none */
	uint64_t started; /* clock_now() at the run's start */
};

/* ---- sweep.c ---- */

struct error *sweep_init(struct lockstep *ls);
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
/* The number of the first instruction that may have changed the register to what is seen behind the last one. */
uint64_t sweep_since(const struct lockstep *ls, uint32_t reg);

/* ---- audit.c: the target stands still, and the model is where it is ---- */

/* Is an audit due behind instruction `number` of the run? */
bool audit_is_due(const struct lockstep *ls, uint64_t number);
/* Compares all that the model knows of memory. Differences are findings, and are taken over. */
struct error *audit_now(struct lockstep *ls);
/* The same at the run's end, if one is wanted there and has not just been made. */
struct error *audit_end(struct lockstep *ls);

/* ---- lockstep.c: also for traces, which have no target ---- */

/* The option's number of instructions is less than the run has if it goes on to its instruction number `reach`. */
bool lockstep_passes(const struct lockstep *ls, uint64_t reach);
/* There are as many findings that count as the options allow. */
bool lockstep_has_enough(struct lockstep *ls);

/* What a loop needs but for its ring of predictions. ls->target and ls->options are set. */
struct error *lockstep_init(struct lockstep *ls);
void lockstep_deinit(struct lockstep *ls);
/* What the run has learnt of the guest's CPU. */
void lockstep_note_cpu(struct lockstep *ls);
/* Lets the cache go of what it made under other assumptions. No prediction may be in use. */
void lockstep_tidy_cache(struct lockstep *ls);

bool front_is_at(const struct lockstep *ls, uint64_t pc);
/* Into the timeline. ls->before: the registers before the event, which began at `start`. */
void note_event(struct lockstep *ls, const struct replay_outcome *outcome, uint64_t start);

/* ---- signal.c: the target stands still, and nothing is predicted ---- */

/* What the log has before the guest goes on, at a call's instruction (at_call) or behind the last event: a signal that
 * kills the program (ls->done), or one that is delivered. */
struct error *signal_take(struct lockstep *ls, bool at_call, bool *ret_delivered);
/* All that it has behind the last event. */
struct error *signal_take_all(struct lockstep *ls);
/* A signal stopped the guest (ls->signal): it is delivered, or the log says that it ends here. */
struct error *signal_handle(struct lockstep *ls);
/* One that came between two instructions comes now, if the registers are those of the log. */
struct error *signal_take_between(struct lockstep *ls);
/* The model's front is where such a one may come. */
bool signal_stands_between(const struct lockstep *ls);

/* ---- collect.c, difference.c, group.c, overrun.c ---- */

/*
 * Judges one step whose reply is in ls->reply and ls->seen. *ret_differs: the predictions after it are worthless, and
 * memory is as the model knows it right after the step.
 */
struct error *judge_step(struct lockstep *ls, struct prediction *slot, bool *ret_differs);

/* The step that was judged ended in the middle of its instruction, which is to be started again. */
bool is_half_way(const struct lockstep *ls, const struct prediction *slot);

/*
 * The log has the signal that the target raised in the instruction at pc, where the model expected another (0: none):
 * at that instruction, or, for an access to memory, as its next event. Whether memory may be written to or executed,
 * and where a mapped file ends, no target tells.
 */
struct error *is_logged_fault(struct lockstep *ls, uint64_t pc, int expected, int signal, bool *ret);

/* An instruction of which nothing was predicted may have written anywhere, unless its decoder knows better. */
bool may_have_stored(const struct prediction *slot);

/* Gives an instruction that cannot be decoded a name to be reported by; the target went on at `next`. */
void name_undecodable(struct insn *insn, uint64_t next);

/*
 * Moves what was read for the plan to where the prediction's stores expect it. A store that the plan does not read is
 * taken as predicted for now, and owed: it is looked at when the target stands still.
 */
struct error *match_reads(struct lockstep *ls, const struct prediction *slot, const struct target_plan *plan);

/*
 * The target may have lost the trap behind the instruction in slot, whose state before is ls->before: judges what was
 * seen as what that one and those behind it have done. *ret: that is what it is, and they are accounted for. Else the
 * judgement, and what memory was predicted to be, are to be made again.
 */
struct error *judge_overrun(struct lockstep *ls, struct prediction *slot, bool *ret);

/* Behind the steps that were judged. still: the target stands still; what waited for that is looked at. */
struct error *settle_still(struct lockstep *ls, bool still);

/* Judges ls->group, which the target ran from ls->group.start to ls->seen and ls->reply. */
struct error *judge_group(struct lockstep *ls);

/* Collects the oldest submission and judges it. On a difference the model continues from what was seen. */
struct error *collect_batch(struct lockstep *ls);

/* Records the differences of the instruction in slot, whose state before is ls->before; memory is as before it. */
struct error *record_differences(struct lockstep *ls, const struct prediction *slot);

/* What was seen of a prediction's stores is what memory holds; what was not seen is not known. */
struct error *settle_stores(struct lockstep *ls, const struct prediction *slot);

/* What an instruction without a prediction is counted as. */
const char *unmodelled_name(const struct prediction *slot);

/* Counts an instruction of which a part could not be judged. */
struct error *count_unseen(struct lockstep *ls, const char *mnemonic, uint64_t pc, enum unseen_reason reason);

#endif
