/*
 * Two recorded traces of one program compared: an emulator old and new, two emulators, two runs.
 *
 * Threads are paired in the order of their first steps, and their steps aligned by PC. Addresses are translated region
 * by region: images by their paths, the stack by the first stack pointer, the heap and maps by the results of aligned
 * calls. So `a` in one trace equals `b` in the other if the numbers are equal, or if a lies in a region of A and b is
 * the same place of it in B.
 *
 * No model judges: what counts is that the same instruction, with equal inputs, gave two results. The model only tells
 * what an instruction reads and writes, which bits the architecture leaves undefined, and whether a difference between
 * results of translated addresses (a shifted one, the parity of another) is what these addresses make of it.
 *
 * Memory is that of some chunks of each trace, the window, and the lists, whatever the traces' length.
 */
#ifndef LIB_DIFF_DIFF_H
#define LIB_DIFF_DIFF_H

#include "lib/run/findings.h"
#include "lib/trace/trace.h"

/* Why two results differ. */
enum diff_class {
	DIFF_INDEPENDENT, /* the inputs were equal */
	/* Nothing that was seen made them differ: memory that no compared instruction wrote differently, a register
	 * that was not shown before. */
	DIFF_ORIGIN_UNKNOWN,
	DIFF_UNDEFINED,   /* the architecture leaves these bits undefined */
	DIFF_OUTSIDE,     /* the time, the CPU's identity, the initial stack, what the kernel destroys */
	DIFF_CONSEQUENCE, /* the inputs differed already */
	DIFF_ADDRESSES,   /* the inputs are addresses, translated; the model gives each the result that it had */
	DIFF_NUM_CLASSES
};

const char *diff_class_name(enum diff_class class);

/* What differs, where the location alone does not say it. */
enum diff_kind {
	DIFF_VALUE,
	DIFF_PLACE,  /* a store went elsewhere, or there is none: values are addresses, 0: no store */
	DIFF_CODE,   /* other instruction bytes at the same place: values are the bytes */
	DIFF_LOADED, /* memory that was read */
};

/* Where in B. The rest is in the finding of the same index: `expected` is the value in A, `observed` that in B. */
struct diff_other {
	enum diff_kind kind;
	uint64_t tid; /* in A */
	uint64_t pc, number, event, address;
};

/* Of one class: grouped by instruction form and location, in the order of first occurrence. */
struct diff_list {
	struct findings findings;
	VEC(struct diff_other) other; /* by the findings' indices */
	uint64_t total;               /* differences; also those that are not listed */
	uint64_t unlisted; /* that belong to groups beyond options.max_findings, or to a list not asked for */
};

/* The traces took different paths for a while. */
struct diff_path {
	struct insn insn;            /* the last that both executed; its status LIFT_TRUNCATED: none */
	uint64_t tid;                /* in A */
	uint64_t from_a, from_b;     /* PCs at which they part */
	uint64_t to_a, to_b;         /* and meet again */
	uint64_t number_a, number_b; /* of the first steps of their own */
	uint64_t steps_a, steps_b;   /* executed until they meet */
	bool by_event;               /* they met at a system call only */
	uint64_t count;              /* of paths between these PCs; the rest is of the first */
};

/* A thread ended in one trace, while it goes on in the other; or both ended, differently. */
struct diff_ending {
	uint64_t tid_a, tid_b;
	uint64_t number_a, number_b; /* of the last steps that were compared; 0: the trace does not have the thread */
	uint64_t left_a, left_b;     /* steps behind them */
	char *why;                   /* "B was cut off", or NULL */
};

/* The threads could not be aligned any more. */
struct diff_lost {
	uint64_t tid_a, tid_b, pc_a, pc_b, number_a, number_b, event_a, event_b;
	uint64_t left_a, left_b; /* steps that were not compared */
};

struct diff_result {
	struct diff_list list[DIFF_NUM_CLASSES];
	VEC(uint32_t) start; /* registers that differed before the first instruction of a thread */
	VEC(struct diff_path) paths;
	uint64_t num_paths, paths_unlisted, path_steps_a, path_steps_b;
	VEC(struct diff_ending) endings;
	VEC(struct diff_lost) lost;
	uint64_t threads;
	uint64_t compared;         /* pairs of steps */
	uint64_t repeats;          /* of them: one instruction that the traces have in different numbers of steps */
	uint64_t events;           /* of them: system calls */
	uint64_t consequences;     /* pairs in which some output differed because inputs did */
	uint64_t steps_a, steps_b; /* in the traces */
	bool interrupted;
};

struct diff_options {
	uint64_t max_findings;          /* groups of each list that are kept */
	uint64_t window;                /* steps ahead on either side that are searched for a common place; 0: 65,536 */
	bool consequences;              /* list them too, and what follows from addresses */
	bool force;                     /* compare traces of different programs */
	bool (*interrupted)(void *ctx); /* asked now and then; NULL: never */
	void *ctx;
};

enum { DIFF_WINDOW = 65536, DIFF_WINDOW_MAX = 1 << 22 };

/* ERROR_INPUT for traces that cannot be compared: of another ISA, or, unless options->force, of another program; and
 * for damaged ones. */
struct error *diff_run(const struct trace_reader *a, const struct trace_reader *b, const struct diff_options *options,
		       struct diff_result *ret);
void diff_result_deinit(struct diff_result *r);

enum diff_verdict {
	DIFF_SAME, /* but for undefined bits, the registers at the start, what comes from outside, and their
		      consequences */
	DIFF_DIFFERENT,
	DIFF_LOST, /* some of it could not be aligned */
};
enum diff_verdict diff_verdict(const struct diff_result *r);

#endif
