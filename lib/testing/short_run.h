/*
 * Traces of a few instructions, made up step by step, and pairs of them compared: for tests of comparisons.
 *
 * A run has its registers at 0 but for the PC and the stack pointer. Results are set, accesses and calls are made, and
 * step() then is the instruction that had them.
 */
#ifndef LIB_TESTING_SHORT_RUN_H
#define LIB_TESTING_SHORT_RUN_H

#include "lib/diff/diff.h"
#include "lib/testing/assert.h"
#include "lib/testing/scratch.h"

#define ADD_RAX_RBX     "\x48\x01\xd8"
#define AND_RAX_RBX     "\x48\x21\xd8" /* AF is undefined afterwards */
#define SHR_RAX_12      "\x48\xc1\xe8\x0c"
#define MOV_RCX_RAX     "\x48\x89\xc1"
#define MOV_RDX_RCX     "\x48\x89\xca"
#define MOV_RAX_RBX     "\x48\x89\xd8"
#define MOV_MEM_RDI_RAX "\x48\x89\x07"
#define MOV_RAX_MEM_RDI "\x48\x8b\x07"
#define REP_STOSB       "\xf3\xaa"
#define RDTSC           "\x0f\x31"
#define SYSCALL         "\x0f\x05"
#define NOP             "\x90"

enum { CODE = 0x401000, STACK = 0x3ffe0000 };

struct run {
	struct trace_writer *w;
	const struct isa *isa;
	struct state before, after;
	struct trace_access accesses[4];
	size_t num_accesses;
	struct trace_event event, *has_event;
	uint64_t next; /* the PC afterwards; 0: the next instruction */
	uint64_t tid;
	int signal;
	uint64_t base; /* of the code */
};

/* How a trace begins. */
struct start {
	uint64_t base, sp;
	uint8_t program; /* every byte of its SHA-256 */
	const char *isa;
	uint64_t fourth; /* register: rbx or x3 */
};

extern const struct start usual_start;

/* The traces of A and B, in the scratch folder. */
void short_run_path(int side, char ret[SCRATCH_PATH_LEN]);

void run_open(struct run *r, int side, const struct start *start);
void run_close(struct run *r);

/* A register's value behind the next step. */
void set(struct run *r, const char *name, uint64_t value);
/* Of 8 bytes, by the next step. */
void access_memory(struct run *r, bool store, uint64_t address, uint64_t value);
/* The next step is a system call. */
void call(struct run *r, uint64_t number, uint64_t result);
void step_bytes(struct run *r, const void *bytes, size_t len);
#define step(r, bytes) step_bytes((r), (bytes), sizeof(bytes) - 1)

/* Compares the traces that are there; options NULL: all lists, of 100 each. */
struct error *compare(const struct diff_options *options, struct diff_result *ret);

/* Writes both traces by `make`, which is told the side, and compares them. b: how B begins; NULL: as A. */
struct diff_result compare_runs(void (*make)(struct run *r, int side), const struct start *b,
				const struct diff_options *options);

/* Differences by class: check_totals(&r, totals([DIFF_UNDEFINED] = 1)). */
void check_totals(const struct diff_result *r, const uint64_t expected[DIFF_NUM_CLASSES]);
#define totals(...) ((const uint64_t[DIFF_NUM_CLASSES]){__VA_ARGS__})

void check_location(const struct diff_list *list, size_t index, const char *form, const char *location);

#endif
