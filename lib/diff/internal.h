/* What the parts of a comparison share. Private to lib/diff. */
#ifndef LIB_DIFF_INTERNAL_H
#define LIB_DIFF_INTERNAL_H

#include <string.h>

#include "lib/base/map.h"
#include "lib/diff/diff.h"
#include "lib/diff/places.h"
#include "lib/diff/rows.h"
#include "lib/diff/stream.h"
#include "lib/judge/shown.h"

enum { A, B, SIDES };

/* One instruction as a trace has it, in one step or in several. */
struct side {
	const struct state *before, *after;
	const struct trace_access *accesses;
	size_t num_accesses;
	const struct trace_event *event;
	int signal;
	bool running; /* the target did not stop behind it */
	uint64_t tid, pc, number;
	uint64_t next_event; /* index of the log's next event before it */
	const uint8_t *bytes;
	size_t len;
};

/* Where a pair of steps came from, once the steps are gone. */
struct last_pair {
	bool any;
	uint64_t number[SIDES];
	uint64_t pc[SIDES];
	uint8_t len;
	uint8_t bytes[ISA_MAX_INSN_LEN];
};

struct diff {
	const struct diff_options *options;
	struct diff_result *result;
	const struct isa *isa;
	bool no_memory; /* one of the traces has nothing of memory: none is compared, and loads are of unknown values */
	bool same_log;  /* indices of events mean the same in both */
	struct stream stream[SIDES];
	struct places places;
	struct predictor model;
	struct shown shown[SIDES];          /* what is being compared, as the model's source */
	struct prediction predicted[SIDES]; /* ... and what the model says of it, once asked */
	struct rows rows;
	struct map ahead[SIDES];   /* of a search: where a place was first seen */
	uint64_t *ignored;         /* by word of the state: bits that are never compared */
	bool *is_flag;             /* by register: a field of the flags register */
	VEC(uint32_t) requested;   /* registers that one of the targets shows now and then */
	bool *stale;               /* by register: of those, that differed when last seen */
	struct side side[SIDES];   /* what is being compared */
	bool merged;               /* one of them is more than one step */
	bool crowded;              /* ... with more memory than is kept: it is not compared */
	bool sequence;             /* ... and more than one instruction */
	struct state saved[SIDES]; /* before it */
	uint8_t bytes[SIDES][TRACE_MAX_BYTES];
	struct trace_access accesses[SIDES][TRACE_MAX_ACCESSES];
	struct last_pair last;
};

static inline bool same_code(const struct side *a, const struct side *b)
{
	return a->len == b->len && !memcmp(a->bytes, b->bytes, a->len);
}

/* ---- compare.c ---- */

/* Compares the instruction at which both streams stand; streams may move on to its last step. */
struct error *compare_pair(struct diff *d);

/* The steps before this one had different paths, or there were none: registers that differ now. */
struct error *compare_start(struct diff *d);

/* ---- inputs.c ---- */

enum inputs {
	INPUTS_EQUAL,
	INPUTS_TRANSLATED, /* some are addresses that stand for the same place */
	INPUTS_DIFFERENT,
};

/* The bits in which a register's word differs; addresses of the same place do not. *translated is set if there are
 * such. */
uint64_t word_difference(const struct diff *d, const struct state *a, const struct state *b, unsigned word,
			 bool *translated);
/* Bytes of memory: bit i of the result is set if byte i differs. */
uint64_t data_difference(const struct diff *d, const struct trace_access *a, const struct trace_access *b,
			 bool *translated);

/* effects: NULL if they are not known. Loads of which nobody knows why they differ are listed. */
struct error *compare_inputs(struct diff *d, const struct lifted *lifted, const struct effects *effects,
			     enum inputs *ret);

/* All of its bytes were seen. */
static inline bool access_known(const struct trace_access *a)
{
	return a->known == UINT64_MAX >> (64 - a->len);
}

/* The n-th load or store of a side; NULL if it has not so many. */
const struct trace_access *access_at(const struct side *s, bool store, size_t n);

/* ---- list.c ---- */

/* Whether differences of the class are listed at all; others are only counted. */
bool list_wanted(const struct diff *d, enum diff_class class);

/* Lists a difference of the instruction being compared: f has its location, values and mask. effects: for its inputs;
 * may be NULL. */
struct error *list_add(struct diff *d, enum diff_class class, enum diff_kind kind, struct finding *f,
		       uint64_t address_b, const struct lifted *lifted, const struct effects *effects);

/* ---- path.c ---- */

/* The streams stand at different places: moves both to the next common one; *ret_found false: there is none. */
struct error *path_resync(struct diff *d, bool *ret_found);

#endif
