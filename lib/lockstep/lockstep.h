/*
 * The loop: predicts a run of instructions ahead of the target, has the target step them, judges what was seen, and
 * lets the replayer handle what comes from outside.
 */
#ifndef LIB_LOCKSTEP_LOCKSTEP_H
#define LIB_LOCKSTEP_LOCKSTEP_H

#include <signal.h>

#include "lib/lockstep/coverage.h"
#include "lib/lockstep/findings.h"
#include "lib/lockstep/timeline.h"
#include "lib/oracle/oracle.h"
#include "lib/replay/replay.h"
#include "lib/target/target.h"
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

/* Everything that a run found out. Kept up to date as it goes, so that it can be reported at any moment. */
struct run {
	struct findings findings;
	enum severity fail_on; /* findings at least as sure as that count (verdict.h) */
	VEC(struct unmodelled) unmodelled;
	VEC(struct partly_seen) partly; /* what `unseen` counts */
	uint64_t instructions;          /* executed by the target under our eyes (one for each iteration of a rep) */
	uint64_t passed_over;           /* of these, before judging began */
	uint64_t checked;               /* judged in all that the target shows */
	uint64_t grouped;       /* of these, in sequences that a stop would break and that were judged by their ends */
	uint64_t within_bound;  /* with results that manuals give within an error, and that keep to it */
	uint64_t unseen;        /* not or partly judged, because an input was not known or a result cannot be seen */
	uint64_t either;        /* of those checked: what CPUs differ in, and nobody knows which the guest's is */
	enum cpu_vendor vendor; /* of the guest's CPU, as far as it became known or was told */
	struct coverage coverage; /* of the instructions that were to be judged */
	struct timeline timeline;
	struct run_audit audit;
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

struct lockstep_options {
	bool have_from, have_until;
	uint64_t from, until;      /* judge from the first time the PC is `from`; end when it is `until` */
	uint64_t max_instructions; /* that are judged, or traced if nothing is; 0: no limit */
	enum severity fail_on;     /* findings that are less sure do not count, neither here nor in the verdict */
	uint64_t max_findings;     /* groups; 0: no limit */
	enum cpu_vendor vendor;    /* of the guest's CPU, as the user says; CPU_VENDOR_UNKNOWN: as it says itself */
	bool ask_cpu;              /* have the guest's CPU tell what it is, before the program starts */
	bool stop_on_first;        /* end at the first finding that counts */
	/* Registers that the target shows on request only are all looked at this often, in instructions, besides at
	 * events; 0: at events alone. */
	uint64_t sweep_interval;
	/* All that the model knows of memory is compared with the guest's this often, in instructions, and at the end;
	 * 0: at the end alone, of a run of under a million instructions. */
	uint64_t audit_interval;
	/* Where what is seen is written as a trace; NULL: nowhere. What the target hides is added to the header. */
	const char *trace_path;
	const struct trace_header *trace_header;
	bool only_trace;                          /* nothing is judged */
	struct oracle *oracle;                    /* second opinion, or NULL; borrowed */
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

void run_deinit(struct run *run);

#endif
