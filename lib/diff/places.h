/*
 * Which address of A is which of B, and which memory the traces are known to differ in. Private to lib/diff.
 */
#ifndef LIB_DIFF_PLACES_H
#define LIB_DIFF_PLACES_H

#include "lib/replay/regions.h"
#include "lib/trace/trace.h"

enum { PLACES_MAX_REGIONS = 1 << 16, DIRTY_SLOTS = 1 << 16 };

struct places {
	struct regions regions;               /* from A (log) to B (target) */
	const struct trace_reader *reader[2]; /* borrowed */
	bool stack_known;
	uint64_t stack_a, stack_b; /* the first stack pointers of the first threads */
	uint64_t initial;          /* bytes from there on that are stack */
	uint64_t strings; /* in A: the lowest address of what pointers on the initial stack lead to; 0: none yet */
	bool heap_known;
	uint64_t heap_a, heap_b; /* where the heap starts */
	/* Words of 8 bytes that were written differently, by the hash of their address in A and in B; 0: none. A word
	 * may be forgotten for another. */
	uint64_t *dirty[2];
};

struct error *places_init(struct places *p, const struct trace_reader *a, const struct trace_reader *b);
void places_deinit(struct places *p);

/* Pairs the stacks of two threads that start with these stack pointers. Those of the first threads are the initial
 * ones. */
struct error *places_stack(struct places *p, uint64_t sp_a, uint64_t sp_b);

/* An address of A on the initial stack: arguments, environment and auxiliary vector, which were there before the first
 * instruction. */
bool places_initial(const struct places *p, uint64_t a);

/*
 * Learns from two pointers that stood in one place of the initial stack and lead to it: strings may be elsewhere,
 * compared with the stack pointer, because the auxiliary vectors are not of one length.
 */
struct error *places_pointer(struct places *p, uint64_t a, uint64_t b);

/* Learns from an aligned system call that both traces executed where it maps and unmaps memory. */
struct error *places_event(struct places *p, const struct trace_step *a, const struct trace_step *b);

/* The same number, or the same place in the regions; a place right behind a region's end counts as one of it. */
bool places_equal(const struct places *p, uint64_t a, uint64_t b);

/* A's address in B; itself if no region has it. */
uint64_t places_translate(const struct places *p, uint64_t a);

/* Remembers, or forgets, that memory differs. side: 0 for an address of A, 1 for one of B. */
void places_mark(struct places *p, unsigned side, uint64_t address, uint64_t len, bool differs);
/* Some of this memory was written differently. */
bool places_marked(const struct places *p, unsigned side, uint64_t address, uint64_t len);

#endif
