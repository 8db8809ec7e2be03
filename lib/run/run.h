/*
 * What a run comes to: findings, what was judged and how far, how it went over its length, and how it ended. Kept up to
 * date as it goes, so that it can be reported at any moment.
 */
#ifndef LIB_RUN_RUN_H
#define LIB_RUN_RUN_H

#include "lib/replay/replay.h"
#include "lib/run/coverage.h"
#include "lib/run/findings.h"
#include "lib/run/timeline.h"
#include "lib/trace/trace.h"

/* Instructions that were not judged, by mnemonic. */
struct unmodelled {
	char mnemonic[24];
	uint64_t count;
	uint64_t first_pc;
};

/* Instructions that were judged in part only, by mnemonic and reason. */
struct partly_seen {
	char mnemonic[24];
	enum unseen_reason reason;
	uint32_t reg; /* UNSEEN_HIDDEN: a register that is not shown */
	uint64_t count;
	uint64_t first_pc;
};

/* Comparisons of all that the model knows of memory with what the guest has. */
struct run_audit {
	uint64_t audits;
	uint64_t at;         /* instruction behind which the last one was */
	uint64_t bytes;      /* compared, in all of them */
	uint64_t differing;  /* bytes */
	uint64_t unreadable; /* pages that the model knows and the target does not let be read */
};

/* Why a guest that can run freely was stepped, one instruction at a time. */
enum stepped_reason {
	STEPPED_CODE,   /* code that it can execute may be changed: there is no place to stop at for certain */
	STEPPED_SIGNAL, /* it stood where the log has a signal: at the instruction that raises it, or between two */
	STEPPED_UNDETERMINED, /* it was to do what only the emulator decides: a store that has to be looked at, say */
	STEPPED_MAP,          /* what it has mapped was not known */
	NUM_STEPPED
};

/* How the steps of a guest were seen that can run freely: in the emulator's log, or through its stub. */
struct run_lane {
	bool can_flow;                 /* false: all of the run was stepped, and the rest is 0 */
	bool blocks;                   /* the log is one of translation blocks, not of single instructions */
	uint64_t logged;               /* instructions that were seen in the log */
	uint64_t stepped[NUM_STEPPED]; /* instructions that were not, by the reason */
	/* Of the stands: where memory that was stored to since the one before was compared. `at` is not used. */
	struct run_audit stands;
	uint64_t left; /* bytes of mappings that were too large to be read before the guest ran */
};

/* An instruction of which not all was judged, and what the target made of it was adopted; or that it rightly refused;
 * or that did otherwise than predicted, which is a finding. */
struct adopted {
	char mnemonic[24];
	uint64_t pc;
	uint64_t instruction;      /* number in the run; 0: there was none */
	enum unseen_reason reason; /* UNSEEN_NOTHING: it is not modelled */
	const char *lacks;         /* not NULL: it was refused, for the guest's CPU says that it does not have this */
	bool differed;             /* it is the occurrence of a finding */
	bool trap_flag;            /* it set the guest's trap flag: instructions behind it are to trap */
};

/*
 * What lies between two events: calls that were handled, signals that were delivered. Of one that is to be looked at
 * closer.
 */
struct run_stretch {
	uint64_t number; /* of the events before it */
	uint64_t begin;  /* instructions before it */
	uint64_t last;   /* number of the last instruction of interest */
};

/* Everything that a run found out. */
struct run {
	struct findings findings;
	enum severity fail_on; /* findings at least as sure as that count (verdict.h) */
	VEC(struct unmodelled) unmodelled;
	VEC(struct partly_seen) partly; /* what `unseen` counts */
	uint64_t instructions;          /* executed by the target under our eyes (one for each iteration of a rep) */
	uint64_t passed_over;           /* of these, before judging began */
	uint64_t checked;               /* judged in all that the target shows */
	uint64_t grouped; /* of these, in sequences that a stop would break and that were judged by their ends */
	/* Of lane.blocks: those of more than one instruction, and the instructions in them. */
	uint64_t blocks, in_blocks;
	uint64_t within_bound;  /* with results that manuals give within an error, and that keep to it */
	uint64_t unseen;        /* not or partly judged, because an input was not known or a result cannot be seen */
	uint64_t either;        /* of those checked: what CPUs differ in, and nobody knows which the guest's is */
	enum cpu_vendor vendor; /* of the guest's CPU, as far as it became known or was told */
	VEC(struct run_stretch) closer; /* to be looked at closer, ascending */
	struct coverage coverage;       /* of the instructions that were to be judged */
	struct timeline timeline;
	struct run_audit audit;
	struct run_lane lane;
	bool recorded_time; /* the times of it are those of the run that a trace is of */
	struct replay_totals events;
	bool interrupted;     /* the user stopped it */
	bool timed_out;       /* the time that it may take was over */
	bool unreached;       /* it never came to where judging was to begin */
	enum run_limit limit; /* of the options, at which it ended, not at the program's end */
	bool exited;          /* the guest ended by itself, with exit_status */
	int exit_status;
	int exit_signal;
	uint64_t lost_event, lost_pc;
	char *lost_expected, *lost_observed; /* not NULL if the guest left the log */
	struct adopted adopted, differed;    /* the last ones, likely causes of that */
	char *cut;           /* not NULL if this is a recorded run whose end is missing: what the trace lacks */
	struct error *error; /* why it ended early, or NULL; owned */
	/* Why the trace of a run that is judged, too, could not be written on: a file system's error. NULL: it is
	 * whole, or none was asked for; owned. */
	struct error *trace_error;
	uint64_t nanoseconds; /* from the first step to the end */
};

void run_deinit(struct run *run);

/* For programs: "code", ...; for people, behind "stepped where": "code may change". */
const char *stepped_reason_name(enum stepped_reason reason);
const char *stepped_reason_text(enum stepped_reason reason);

/* Keeps the instruction as the last of which not all was judged, in run->adopted. */
void run_note_adopted(struct run *run, const char *mnemonic, uint64_t pc, enum unseen_reason reason);

/* Counts an instruction of which a part could not be judged. reg: for UNSEEN_HIDDEN. */
struct error *run_count_unseen(struct run *run, const char *mnemonic, uint64_t pc, enum unseen_reason reason,
			       uint32_t reg);

/* The stretch is to be looked at closer, up to that instruction. */
struct error *run_want_closer(struct run *run, uint64_t number, uint64_t begin, uint64_t last);

/* Counts an instruction that could not be judged. */
struct error *run_count_unmodelled(struct run *run, const char *name, uint64_t pc);

/* Adds what the part of the run that follows came to. Takes findings out of it. */
struct error *run_merge(struct run *into, struct run *from, const struct isa *isa);

#endif
