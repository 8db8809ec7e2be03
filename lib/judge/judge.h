/*
 * The judge: what each instruction was predicted to do against what was seen of it. It has the guest's state before,
 * as far as that is known, the model's front, and the run that it adds findings and counts to. Where the steps come
 * from (source.h) and who makes the guest go on are not its affair.
 *
 * For each step: the caller predicts (predict.h), puts what it saw into judge->seen and judge->reply, and calls
 * judge_step(), or its parts.
 */
#ifndef LIB_JUDGE_JUDGE_H
#define LIB_JUDGE_JUDGE_H

#include "lib/judge/faulted.h"
#include "lib/judge/logged.h"
#include "lib/judge/othercpu.h"
#include "lib/judge/outputs.h"
#include "lib/judge/predict.h"
#include "lib/judge/span.h"
#include "lib/judge/suspects.h"
#include "lib/oracle/oracle.h"
#include "lib/run/run.h"

struct judge_options {
	enum severity fail_on;  /* findings that are less sure do not count, neither here nor in the verdict */
	uint64_t max_findings;  /* groups that count; 0: no limit */
	bool stop_on_first;     /* one is enough */
	enum cpu_vendor vendor; /* of the guest's CPU, as the user says; CPU_VENDOR_UNKNOWN: as it says itself */
	struct oracle *oracle;  /* second opinion, or NULL; borrowed */
};

/* Groups of findings are added at the end, and their severity stands. */
struct counted {
	size_t groups;   /* looked at so far */
	size_t counting; /* of these, as sure as options->fail_on */
};

struct judge {
	/* Of the caller. */
	struct source *source;
	const struct log_view *log;
	const struct judge_options *options;
	struct run *run;
	bool judging; /* else steps are followed, and nothing is counted as judged, or found */

	struct counted counted;
	struct predictor model;
	struct state now;    /* registers after the last step that was judged */
	struct state before; /* ... and before it */
	struct state seen;   /* what was seen behind it */
	struct observed reply;
	struct judgement judgement;
	int signal; /* that stopped the guest; 0: none */
	/* Where the source shows registers on request, by register the number of the instruction behind which it was
	 * last seen; else NULL: all are always seen. */
	uint64_t *seen_at;

	struct logged logged;
	struct adopted trap_flag; /* the instruction that set it, while it is set; no instruction: it is not */
	struct suspects suspects;
	struct other_cpus others;
	/* The instruction that a signal stopped, whose memory is still to be looked at; before is before it. */
	const struct prediction *faulted;
	struct span span;
	enum repeat_step repeat; /* how the source was seen to step repeated instructions */
	bool relift;             /* the guest's CPU was seen to be another than cached transfers are for */
};

/* source and options are set. */
struct error *judge_init(struct judge *j);
void judge_deinit(struct judge *j);

/* The source shows other registers than before. */
struct error *judge_source_changed(struct judge *j);

/* What was seen of a register that is not always shown is of this instruction's end. */
void judge_note_seen(struct judge *j, uint32_t reg);
/* The number of the first instruction that may have changed the register to what is seen behind the last one. */
uint64_t judge_since(const struct judge *j, uint32_t reg);

/* What the run has learnt of the guest's CPU. */
void judge_note_cpu(struct judge *j);
/* Lets the cache go of what it made under other assumptions. No prediction may be in use. */
void judge_tidy_cache(struct judge *j);
/* There are as many findings that count as the options allow. */
bool judge_has_enough(struct judge *j);

/* ---- One step (step.c) ---- */

/* What comes of one that was compared. */
struct compared {
	bool differs;  /* from what was predicted, or a signal came */
	bool observed; /* the instruction told of the guest's CPU */
};

/*
 * Compares what was seen, in judge->seen and judge->reply, with the prediction. judge->before and judge->now are the
 * registers around the step afterwards. Nothing is kept yet: it can be compared again by judge_again().
 */
struct error *judge_compare(struct judge *j, struct prediction *slot, struct compared *ret);
struct error *judge_again(struct judge *j, struct prediction *slot, struct compared *ret);

/* It was this instruction's step: what it tells of the guest's CPU, and of how repeated instructions are stepped. */
void judge_learn(struct judge *j, const struct prediction *slot, struct compared *compared);

/*
 * Keeps what was compared: counts, findings, and memory as it is behind the step. *ret_differs: the predictions after
 * it are worthless, and memory is as the model knows it right after the step.
 */
struct error *judge_keep(struct judge *j, struct prediction *slot, const struct compared *compared, bool *ret_differs);

/* All of these. */
struct error *judge_step(struct judge *j, struct prediction *slot, bool *ret_differs);

/*
 * All registers were looked at, behind a step that not all of them were seen of: judge->seen. last: that step, judged
 * as instruction number judge->run->instructions, and the state before it; what it writes it is charged with. NULL:
 * what differs is nobody's.
 */
struct error *judge_look(struct judge *j, const struct prediction *last, const struct state *before);

/* The step that was judged ended in the middle of its instruction, which is to be started again. */
bool judge_is_half_way(const struct judge *j, const struct prediction *slot);

/* What was seen of a prediction's stores is what memory holds; what was not seen is not known. */
struct error *judge_settle_stores(struct judge *j, const struct prediction *slot);

/* Behind the steps that were judged. still: the guest stands still; what waited for that is looked at. */
struct error *judge_settle(struct judge *j, bool still);

/* Nothing is known any more of memory that an instruction can have stored to. */
struct error *judge_forget_memory(struct judge *j);

/* An instruction of which nothing was predicted may have written anywhere, unless its decoder knows better. */
bool may_have_stored(const struct prediction *slot);

/* What an instruction without a prediction is counted as. */
const char *unmodelled_name(const struct prediction *slot);

/* Gives an instruction that cannot be decoded a name to be reported by; the guest went on at `next`. */
void name_undecodable(struct insn *insn, uint64_t next);

/* Counts an instruction of which a part could not be judged. */
struct error *count_unseen(struct judge *j, const char *mnemonic, uint64_t pc, enum unseen_reason reason);

/* ---- difference.c ---- */

/* Makes findings of the differences of the instruction in slot, whose state before is judge->before; memory is as
 * before it. */
struct error *keep_differences(struct judge *j, const struct prediction *slot);

/*
 * The log has the signal that the guest raised in the instruction at pc, where the model expected another (0: none):
 * at that instruction, or, for an access to memory, as its next event. Whether memory may be written to or executed,
 * and where a mapped file ends, no source tells.
 */
struct error *is_logged_fault(struct judge *j, uint64_t pc, int expected, int signal, bool *ret);

#endif
