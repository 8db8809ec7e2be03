/* One instruction judged: its results in both traces, and why they differ. Private to lib/diff. */
#ifndef LIB_DIFF_JUDGE_H
#define LIB_DIFF_JUDGE_H

#include "lib/diff/internal.h"

struct judging {
	struct diff *d;
	struct lifted *lifted;
	const struct effects *effects; /* NULL: not known */
	enum inputs inputs;
	bool asked;     /* the model was */
	bool predicted; /* ... and told the results of both sides */
	bool unknown;   /* ... or did not, because some input was not seen */
	bool consequence;
	struct finding flags[DIFF_NUM_CLASSES]; /* width 0: none */
};

/* A result that differs. */
struct output {
	unsigned words;
	bool undefined; /* the model has undefined bits in it */
	uint64_t differs[EXPR_MAX_WORDS];
	uint64_t mask[EXPR_MAX_WORDS];      /* the model does not tell these */
	uint64_t explained[EXPR_MAX_WORDS]; /* in these each has what the model says */
};

/* Has the model predict both sides, once; not where inputs differ, which tells enough of the results. */
struct error *judge_predict(struct judging *j);

/* Why the result differs; the model was asked. */
enum diff_class judge_class(const struct judging *j, const struct output *o);

/* Of what no model describes: by the inputs alone. */
enum diff_class judge_plain_class(const struct judging *j);

struct error *judge_list(struct judging *j, enum diff_class class, enum diff_kind kind, struct finding *f,
			 uint64_t address_b);

/* Lists what differs: in registers; in memory, system calls, signals and the instruction itself. */
struct error *judge_registers(struct judging *j);
struct error *judge_memory(struct judging *j);

#endif
