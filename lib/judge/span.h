/*
 * Several instructions with one observation behind them: what a guest runs without a stop (an exclusive sequence, a
 * translation block), or what a step ran though one instruction was asked for. A step is a span of one.
 */
#ifndef LIB_JUDGE_SPAN_H
#define LIB_JUDGE_SPAN_H

#include "lib/judge/predict.h"

/* Instructions: no block of QEMU's has more (TCG_MAX_INSNS). */
enum { SPAN_MAX = 512 };

struct span {
	struct prediction slot[SPAN_MAX];
	uint64_t exit[SPAN_MAX]; /* where a conditional branch would go instead; 0: no such branch */
	size_t len;
	struct prediction whole; /* all of them as one */
	struct state start;      /* registers before the first */
	uint64_t failed_at;      /* where the last one failed in the way that it may */
	unsigned failures;       /* in a row, there */
};

struct judge;

void span_deinit(struct span *s);

static inline struct prediction *span_last(struct span *s)
{
	return &s->slot[s->len - 1];
}

/* The outputs of all its instructions as those of one, in span->whole. */
struct error *span_join(struct span *s);
/* Compares what was seen with that; judge->now is then the state behind. */
struct error *span_compare(struct judge *j);
/* Counts its instructions, and keeps the differences: those in registers are charged to the last that writes them. */
struct error *span_account(struct judge *j);
/* They count as judged by their end alone (run->grouped), where the lane shows each instruction of others. */
void span_count_group(struct judge *j);

/*
 * Judges judge->span, whose instructions were predicted one after the other from judge->span.start, and behind which
 * judge->seen and judge->reply were seen: by span_compare() and span_account(). A store-exclusive may have failed.
 */
struct error *span_judge(struct judge *j);
/* ... that a signal stopped at judge->seen's PC: what is in front of that was executed. *ret_len: so many and that one.
 */
struct error *span_judge_signal(struct judge *j, size_t *ret_len);

/* It left by a branch that was predicted otherwise: what would have followed was not executed. */
void span_cut_at_exit(struct judge *j);

/* The registers before instruction i of the span, as predicted. */
void span_state_before(const struct judge *j, size_t i, struct state *ret);

#endif
