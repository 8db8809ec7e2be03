/*
 * Passing an instruction that raised a signal in the logged run. Private to lib/lockstep.
 *
 * The guest comes to the instruction as often as it likes before the fault. It was that time for certain if its
 * registers were those of the log: then the run goes on from the log's side, with the signal. Else it was the last
 * time, which shows when the guest comes to a system call that the log has not.
 */
#ifndef LIB_LOCKSTEP_PASSED_H
#define LIB_LOCKSTEP_PASSED_H

#include "lib/judge/predict.h"

/* What a store of the instruction overwrote. */
struct overwritten {
	uint64_t address;
	uint8_t len;
	uint8_t bytes[64];
};

struct passed {
	uint64_t position; /* of the log, when it was asked for its next event (judge.logged.next) */
	bool looked;
	const struct prediction *alone;      /* the instruction, being stepped alone; NULL: it is not */
	VEC(struct overwritten) overwritten; /* by that one */
	/* The last time that the guest passed the instruction. */
	bool passed;
	struct insn insn;
	uint64_t instruction; /* number in the run */
};

struct lockstep;

void passed_deinit(struct passed *p);

/* Nothing is predicted: asks the log for its next event, if that is another than before. */
struct error *passed_look(struct lockstep *ls);

/* The model's front stands at the instruction that raised the log's next event. It is to be stepped alone. */
bool passed_stands(const struct lockstep *ls);
/* It was predicted, and the target stands there: keeps what it will overwrite. */
struct error *passed_before(struct lockstep *ls, const struct prediction *slot);
/* A step was judged. If it should have raised the log's signal, it is undone, and judge.signal is that one. */
struct error *passed_after(struct lockstep *ls, const struct prediction *slot);

/* The guest has lost sync: was it by passing the instruction? */
struct error *passed_lost(struct lockstep *ls);

#endif
