/*
 * A target: something that executes a guest program and can be stepped, read and written. One interface, several kinds:
 * a GDB stub (gdb.h), a QEMU whose log is read as well (qemu_lane.h), unicorn in process (unicorn.h). Addresses are the
 * guest's own.
 *
 * A target is stopped unless a call is under way, steps were submitted, or it runs freely (target_flow()). Each call
 * has a deadline of its own; a target that dies, lies or stalls gives ERROR_TARGET, ERROR_PROTOCOL or ERROR_TIMEOUT,
 * after which only target_destroy() is useful.
 */
#ifndef LIB_TARGET_TARGET_H
#define LIB_TARGET_TARGET_H

#include "lib/base/vec.h"
#include "lib/sandbox/sandbox.h"
#include "lib/state/observed.h"

/* Memory to be read right after a step. */
struct target_read {
	uint64_t address;
	uint16_t len; /* bytes, 1-64 */
};

enum {
	TARGET_MAX_REGS = 8, /* a structure load writes four vectors and its base */
};

/* One step of a run ahead, and what is to be seen after it. */
struct target_plan {
	/* Of the registers that are shown on request (struct target), those that are wanted. */
	uint16_t reg[TARGET_MAX_REGS];
	unsigned num_regs;
	bool all_regs; /* these and all others */
	unsigned num_reads;
	struct target_read read[OBSERVED_MAX_READS]; /* those behind num_reads have no value */
};

static inline void target_plan_copy(struct target_plan *to, const struct target_plan *from)
{
	memcpy(to, from, offsetof(struct target_plan, read) + from->num_reads * sizeof from->read[0]);
}

struct target;

/* A range of what the guest has mapped, in whole pages. */
struct target_mapping {
	uint64_t start, len; /* bytes */
	int prot;            /* PROT_*, as the guest has them */
};
typedef VEC(struct target_mapping) target_mappings;

struct target_ops {
	void (*destroy)(struct target *t);
	/* May be NULL. Adds what is known about the end of the target to an error of the calls below; takes err. */
	struct error *(*explain)(struct target *t, struct error *err);
	struct error *(*read_regs)(struct target *t, struct state *ret);
	struct error *(*write_regs)(struct target *t, const struct state *from, const uint32_t *regs, size_t num_regs);
	struct error *(*read_memory)(struct target *t, uint64_t address, void *ret, size_t len, size_t *ret_len);
	struct error *(*write_memory)(struct target *t, uint64_t address, const void *data, size_t len);
	struct error *(*step)(struct target *t, int signal, struct stop *ret);
	struct error *(*run_to)(struct target *t, uint64_t address, struct stop *ret);
	/* These two may be NULL: the target has no breakpoints to be set. */
	struct error *(*set_break)(struct target *t, uint64_t address, bool on);
	struct error *(*resume)(struct target *t, int signal, struct stop *ret);
	struct error *(*submit)(struct target *t, const struct target_plan *plans, size_t num_plans);
	struct error *(*collect)(struct target *t, struct state *regs, struct observed *ret);
	/* May be NULL: the guest's accesses cannot reach what is not the guest's. */
	struct error *(*has_own)(struct target *t, uint64_t address, uint64_t len, bool *ret);
	/* May be NULL: it does not tell. */
	struct error *(*map)(struct target *t, target_mappings *ret);
	/* May be NULL: overruns is right as it is. */
	struct error *(*try_overruns)(struct target *t);
	/* These two may be NULL: see target_flow(), target_interrupt(). */
	struct error *(*flow)(struct target *t, bool on);
	struct error *(*interrupt)(struct target *t);
};

/* Memory that is mapped, and cannot be accessed: pages of a file's mapping behind its end. */
struct target_range {
	uint64_t start, len; /* bytes */
};

struct target {
	const struct target_ops *ops;
	const struct isa *isa;
	char *identity; /* for people: "qemu-x86_64 version 7.2.22 (Debian ...)"; owned by the target */
	const struct sandbox_state *sandbox; /* of an emulator that we started; NULL: it is none; owned by the target */
	uint64_t *hidden;                    /* isa->num_words: 1 bits are never shown; owned by the target */
	/* By register: showing it after a step costs extra, so that it is shown on request of the plan alone, and else
	 * unknown. NULL: all are always shown. Owned by the target. */
	const bool *on_request;
	bool trap_is_step; /* a trap of the guest's own is STOP_STEPPED */
	bool stops_reset;  /* each stop sets the registers of isa->reset to 0; of one that flows: at which it does not
			      run */
	bool no_segments;  /* of an access to nowhere it tells no segment: SIGSEGV is said of stack faults, too */
	bool loses_traps;  /* a step may run two instructions where nobody expects it */
	bool makes_calls;  /* a step over a system call is one, of the host */
	bool keeps_code;   /* it may go on with code that was changed through another mapping after it was executed */
	bool flows;        /* see target_flow() */
	bool untold;       /* of one that flows: nothing is told of its steps but where it stands; set by who runs it */
	bool running; /* of one that flows: the guest does not stand still, and nothing but steps can be asked for */
	size_t max_ahead; /* steps that one submit takes */
	/* A bit for each row of isa->overruns, the first in bit 0: a step overruns it, or may; see
	 * target_try_overruns(). */
	uint32_t overruns;
	VEC(struct target_range) unbacked; /* see target_set_unbacked() */
};

/* Ends the guest and everything the target started, and frees t. NULL is fine. */
void target_destroy(struct target *t);

/* All visible registers; hidden ones become unknown in ret. */
struct error *target_read_regs(struct target *t, struct state *ret);

/* Writes these registers with their values in from. */
struct error *target_write_regs(struct target *t, const struct state *from, const uint32_t *regs, size_t num_regs);

/* Reads up to len bytes; *ret_len tells how many were readable from the start. None at all is no error. */
struct error *target_read_memory(struct target *t, uint64_t address, void *ret, size_t len, size_t *ret_len);

/* Writes all len bytes; ERROR_FAULT names the address that the target refused. */
struct error *target_write_memory(struct target *t, uint64_t address, const void *data, size_t len);

/*
 * From now on these ranges, and no others, have nothing behind them: target_read_memory() and target_write_memory()
 * keep away from them, because a stub that reads there itself dies of it (QEMU 7.2 to 11.1, of SIGBUS). Copied.
 */
struct error *target_set_unbacked(struct target *t, const struct target_range *ranges, size_t num);

/*
 * Would the guest reach memory of the emulator's own in these len bytes? As far as that is known: of an emulator on
 * another machine it is not.
 */
struct error *target_has_own(struct target *t, uint64_t address, uint64_t len, bool *ret);

/*
 * All that the guest has mapped, ascending; neighbours may have the same rights. *ret_known false: the target does not
 * tell. ret is empty and the caller's to free, also after an error.
 */
struct error *target_map(struct target *t, target_mappings *ret, bool *ret_known);

/* Executes one instruction, delivering signal (0: none) first. */
struct error *target_step(struct target *t, int signal, struct stop *ret);

/*
 * Finds out by trying, once, which instructions of isa->overruns a step overruns, and leaves the guest as it was. Those
 * of which that cannot be told stay in t->overruns: they are not to be stepped, but run to what is behind them.
 */
struct error *target_try_overruns(struct target *t);

/* Does a step overrun the instruction, a row's number (insn.overrun), or may it? 0 is none. */
static inline bool target_overruns(const struct target *t, uint8_t row)
{
	return row && t->overruns >> (row - 1) & 1;
}

/* Continues until the instruction at address is about to execute, or something else stops the guest. */
struct error *target_run_to(struct target *t, uint64_t address, struct stop *ret);

/*
 * Breakpoints that stay: sets one (it may be set twice, and is then to be cleared twice), or clears it.
 * ERROR_UNSUPPORTED if the target has none.
 */
struct error *target_set_break(struct target *t, uint64_t address, bool on);

/*
 * Continues, delivering signal (0: none) first, until something stops the guest; STOP_STEPPED is a breakpoint, or an
 * instruction of the guest's own that traps. A breakpoint where the guest stands stops it again at once.
 */
struct error *target_resume(struct target *t, int signal, struct stop *ret);

/*
 * Running ahead: hands over up to max_ahead further steps, to be executed one after the other, with the reads that
 * follow each. A target may refuse to execute a system call there: STOP_SYSCALL. target_collect() then gives what was
 * seen after each, in order; regs may be NULL. Registers that were not asked for (on_request) are unknown there. A stop
 * other than STOP_STEPPED ends the run: the remaining steps are not executed, and collecting them gives the same stop
 * again. Nothing else may be asked of the target before all submitted steps are collected, except submitting once more:
 * up to two submissions may be outstanding.
 */
struct error *target_submit(struct target *t, const struct target_plan *plans, size_t num_plans);
struct error *target_collect(struct target *t, struct state *regs, struct observed *ret);

/*
 * A target that flows makes its steps by itself: the first submission lets the guest run, and from then on each plan
 * (one at a time; its reads are not made, its registers not asked for) is answered by the next step that the guest has
 * made, while the guest is somewhere ahead: t->running. It stops at a breakpoint (target_set_break()), which is
 * STOP_STEPPED after the step that leads to it, by a signal, or at its end; t->running is false then, the stop was the
 * last step, and everything can be asked for. A call that no breakpoint stands on is executed, and writing to memory is
 * seen nowhere.
 *
 * The first answer behind each start, and that behind a stop where nothing was executed, is a look (struct
 * observed). What is hidden, and what is unknown but at stops (on_request), is settled by the first look.
 *
 * Switches it on and off while the guest stands; off, the same target is stepped as others are. ERROR_UNSUPPORTED if it
 * cannot flow.
 */
struct error *target_flow(struct target *t, bool on);

/*
 * A guest that runs (t->running) is to stop soon, at whatever instruction: STOP_STEPPED. The steps before it are still
 * to be collected. May come too late, when the guest has stopped for another reason, and then has no effect.
 */
struct error *target_interrupt(struct target *t);

#endif
