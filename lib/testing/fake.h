/*
 * A target that is made of the model itself: it runs a program of an ISA by its transfers, and can be told to go wrong.
 * For tests of what watches targets.
 */
#ifndef LIB_TESTING_FAKE_H
#define LIB_TESTING_FAKE_H

#include "lib/lift/lift.h"
#include "lib/state/memory.h"
#include "lib/target/target.h"

enum { FAKE_CODE = 0x401000, FAKE_STACK = 0x7ffe0000, FAKE_STACK_LEN = 0x2000, FAKE_SP = FAKE_STACK + 0x1000 };
enum { FAKE_MAX_QUEUE = 256, FAKE_MAX_BREAKS = 32 };

struct fake {
	struct target base;
	struct state regs;
	struct memory *memory;
	struct lift_cache *cache;
	struct eval eval;
	struct target_plan queue[FAKE_MAX_QUEUE];
	size_t queued;
	struct stop stop; /* of the last step */
	uint64_t breaks[FAKE_MAX_BREAKS];
	size_t num_breaks;
	uint64_t resumed; /* how often it ran to a breakpoint */
	bool *requested;  /* base.on_request, if fake_show_on_request() was called */
	/* Called behind each instruction, with its address: may do damage. Returns a signal that stops the guest, or 0.
	 */
	int (*damage)(struct fake *f, uint64_t pc);
	/* NULL, or called for each step, with the address of its instruction: is its trap lost? */
	bool (*loses)(struct fake *f, uint64_t pc);
};

/* The program stands at FAKE_CODE, all registers are 0; argc is 1, there is no environment and no auxiliary vector. */
struct fake *fake_create(const struct isa *isa, const void *program, size_t len, size_t max_ahead);

/* The register is shown on request only. */
void fake_show_on_request(struct fake *f, uint32_t reg);

/* By name. */
uint64_t fake_get(const struct fake *f, const char *name);
void fake_set(struct fake *f, const char *name, uint64_t value);

#endif
