/*
 * What the log knows of faults. The log of a native run has the signals that a CPU raised, and at which instructions: a
 * target that passes such an instruction without its signal, or that raises one where the log goes on, did otherwise
 * than that CPU. Private to lib/lockstep.
 *
 * The guest comes to the instruction as often as it likes before the fault. It was that time for certain if its
 * registers were those of the log: then the run goes on from the log's side, with the signal. Else it was the last
 * time, which shows when the guest comes to a system call that the log has not.
 */
#ifndef LIB_LOCKSTEP_LOGGED_H
#define LIB_LOCKSTEP_LOGGED_H

#include "lib/lockstep/predict.h"
#include "lib/replay/replay.h"
#include "lib/run/findings.h"

/* What a store of the instruction overwrote. */
struct overwritten {
	uint64_t address;
	uint8_t len;
	uint8_t bytes[64];
};

struct logged {
	struct replay_fault next; /* the log's next event, if it is a fault */
	uint64_t position;        /* of the log, when that was asked */
	bool looked;
	const struct prediction *alone;      /* the instruction, being stepped alone; NULL: it is not */
	VEC(struct overwritten) overwritten; /* by that one */
	/* The last time that the guest passed the instruction. */
	bool passed;
	struct insn insn;
	uint64_t instruction; /* number in the run */
	const char *doubt;    /* why the last difference may be none, besides what logged_weigh() sees; NULL */
};

struct lockstep;

void logged_deinit(struct logged *l);

/* Nothing is predicted: asks the log for its next event, if that is another than before. */
struct error *logged_look(struct lockstep *ls);

/* The model's front stands at the instruction that raised the log's next event. It is to be stepped alone. */
bool logged_stands(const struct lockstep *ls);
/* It was predicted, and the target stands there: keeps what it will overwrite. */
struct error *logged_before(struct lockstep *ls, const struct prediction *slot);
/* A step was judged. If it should have raised the log's signal, it is undone, and ls->signal is that one. */
struct error *logged_after(struct lockstep *ls, const struct prediction *slot);

/* A CPU raised this signal in this instruction: the log's next event. */
bool logged_by_cpu(const struct lockstep *ls, uint64_t pc, int signal);
/* The log's signal where the target raised this one in the instruction at pc: another, or 0. */
int logged_instead(const struct lockstep *ls, uint64_t pc, int signal);
/* The target raised it, and no model tells whether it should: *ret if the log's next event is none like it. */
struct error *logged_goes_on(struct lockstep *ls, int signal, bool *ret);

/* The guest has lost sync: was it by passing the instruction? */
struct error *logged_lost(struct lockstep *ls);

/* Severity and opinion of a finding that the log alone tells (f->logged), or of which it says the same as the model. */
struct error *logged_weigh(struct lockstep *ls, struct finding *f);

#endif
