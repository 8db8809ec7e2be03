/*
 * Replays an event log into a target: at the guest's start, its initial stack is made to say what the logged run's
 * said; at each system call, the call's event is found and the call is emulated, executed or passed, by the call's
 * policy.
 *
 * The caller owns the target and steps it; replay is asked only when the guest stands on a system call instruction,
 * with nothing submitted. It never lets a call reach the host that the table does not classify: that the guest makes
 * none by itself is its user's part (lib/lockstep/guard.h).
 */
#ifndef LIB_REPLAY_REPLAY_H
#define LIB_REPLAY_REPLAY_H

#include "lib/evlog/evlog.h"
#include "lib/replay/guest_map.h"
#include "lib/state/memory.h"
#include "lib/target/target.h"

struct replay;

struct replay_options {
	/* Gets what the guest writes to its standard output and error (fd 1 or 2); NULL: nobody. */
	void (*output)(void *ctx, int fd, const void *data, size_t len);
	void *output_ctx;
};

/* What happened to one system call. */
struct replay_outcome {
	uint64_t event;  /* index */
	uint64_t number; /* of the call */
	enum sys_policy policy;
	bool remapped;  /* other memory may be mapped than before */
	bool refreshed; /* the target has no more of REPLAY_CODE_ALIASED that it executed before */
	bool finished;  /* the guest is gone, as the log says */
	int status;     /* finished: its exit status */
	int delivered;  /* no call, but this signal was delivered to its handler; 0: none */
};

/* How often each call was met, by what was done with it. */
struct replay_count {
	const char *name; /* of the call */
	uint64_t emulated, executed, passed;
};

struct replay_totals {
	uint64_t total, emulated, executed, passed; /* calls */
	uint64_t skipped;                           /* events of the log that the guest did not ask for */
	uint64_t unlogged;  /* of the calls: that the log does not have; they concern the guest's own memory only */
	uint64_t delivered; /* signals, to handlers */
	uint64_t unplaced;  /* of addresses that the guest read in files of /proc: not as they are in this run */
};

/* Where the run and the log parted. */
struct replay_lost {
	uint64_t event; /* index of the event that was expected */
	uint64_t pc;
	char *expected; /* the event as text */
	char *observed; /* the guest's call as text */
};

/* The reader's header tells the program and ISA. reader is borrowed until replay_destroy(). */
struct error *replay_create(struct evlog_reader *reader, struct target *target, const struct replay_options *options,
			    struct replay **ret);
void replay_destroy(struct replay *r);

/*
 * The guest stands at its first instruction (regs: its registers), and nobody has looked at its memory yet. Checks that
 * it was started with the log's arguments, gives it the logged run's random bytes and identities, hides a vDSO, and
 * pairs the images' addresses.
 */
struct error *replay_start(struct replay *r, const struct state *regs);

/* The instruction at pc was executed in the guest as the question says, with these registers before and after it. */
typedef struct error *replay_answer(void *ctx, uint64_t pc, const struct isa_question *q, const struct state *before,
				    const struct state *after);

/*
 * Before the guest's first instruction, at which it stands with these registers: has its CPU answer isa->questions, as
 * far as that can be done in the guest. It stands there as before afterwards.
 */
struct error *replay_ask_cpu(struct replay *r, const struct state *regs, replay_answer *answer, void *ctx);

/* An ELF image in the guest's memory. */
struct replay_module {
	char *path; /* belongs to the replay */
	uint64_t start, end;
	uint64_t entry; /* of the program itself: where its entry point is (AT_ENTRY); else 0 */
};

/* The images so far: the program, its interpreter, and what was mapped since. Owned by r. */
const struct replay_module *replay_modules(const struct replay *r, size_t *ret_len);

/*
 * The guest stands at a system call instruction, or at an entry of isa->sys.gate. before: its registers; after: the
 * same with the outputs of the instruction's transfer applied (PC behind it, registers that it destroys). On success
 * the target is behind the call, *after is its registers with the result, and memory knows what changed. A guest that
 * no longer follows the log is ERROR_LOST_SYNC, with details in replay_lost().
 */
struct error *replay_syscall(struct replay *r, const struct state *before, struct state *after, struct memory *memory,
			     struct replay_outcome *ret);

/* May code change while it is executed? */
enum replay_code {
	REPLAY_CODE_FIXED,    /* no mapping of it can be written to */
	REPLAY_CODE_WRITABLE, /* the program can write to it, or what is there is not known */
	REPLAY_CODE_ALIASED,  /* it can, or could, by another mapping */
};
enum replay_code replay_code_at(const struct replay *r, uint64_t address);

/*
 * The guest was stopped by a signal. *ret_killer is the signal that kills the program then, as the log says: this one,
 * or that of a frame that cannot be written; 0: it is to be delivered. An event that says otherwise is ERROR_LOST_SYNC.
 */
struct error *replay_signal(struct replay *r, uint64_t pc, int signal, int *ret_killer);

/*
 * Does the log end where the guest stands (as of replay_delivers()), by a signal that kills the program? That one, or
 * 0. The guest of the target is still there. ERROR_UNSUPPORTED as there.
 */
struct error *replay_dies(struct replay *r, uint64_t pc, bool at_call, int *ret);

/*
 * Does the log deliver a signal to a handler where the guest stands: at a system call's instruction (at_call), or
 * behind the last call or delivery? A signal that an instruction raises is not meant. ERROR_UNSUPPORTED if the next one
 * comes at a place that only a count of instructions could tell.
 */
struct error *replay_delivers(struct replay *r, uint64_t pc, bool at_call, bool *ret);

/*
 * Delivers the signal of the log's next event. before: the guest's registers; on success *after is those with which the
 * handler starts, and memory knows the frame.
 */
struct error *replay_deliver(struct replay *r, const struct state *before, struct state *after, struct memory *memory,
			     struct replay_outcome *ret);

/*
 * Is the log's next event a signal that came between two instructions, which it does not count? It has the registers.
 * *ret_pc: where, in this run. There, replay_comes_between() tells by the guest's whether it comes now;
 * ERROR_UNSUPPORTED when the guest was there too often. Then replay_take_between() makes it the next event: *ret_killer
 * is the signal that kills the program, whose events are dropped; 0: replay_deliver() is due.
 */
struct error *replay_next_between(struct replay *r, bool *ret, uint64_t *ret_pc);
struct error *replay_comes_between(struct replay *r, const struct state *regs, bool *ret);
struct error *replay_take_between(struct replay *r, int *ret_killer);

/* Is the log's next event this signal, be it handled or not? Where it hit the program is not compared: C libraries
 * choose their functions by the CPU. */
struct error *replay_has_signal(struct replay *r, int signal, bool *ret);

/* A signal that an instruction of the program raised in the logged run, and that the log has next. */
struct replay_fault {
	int signal;  /* SIGSEGV, SIGBUS, SIGILL or SIGFPE; 0: the log's next event is none of these */
	int code;    /* si_code; 0: the log does not have it */
	uint64_t pc; /* of that instruction, in this run */
};
struct error *replay_next_fault(struct replay *r, struct replay_fault *ret);

/* Are these the registers, as far as the log has them, with which it was raised? Addresses may be those of this run. */
bool replay_fault_has(const struct replay *r, const struct state *regs);

/*
 * Gives the target other registers: it has what `from` says, and gets what `to` says. What it does not show cannot be
 * written: there, `to` becomes what is.
 */
struct error *replay_write_regs(struct replay *r, const struct state *from, struct state *to);

/* ---- What the guest has, where the target says so at its start (target_map()); else guest_map.known is false ---- */

/* Up to date behind replay_start() and each call and delivery. Owned by r. */
const struct guest_map *replay_map(const struct replay *r);

/* Is the address mapped, but behind the end of its file, where an access is SIGBUS? */
bool replay_is_beyond(const struct replay *r, uint64_t address);

/* How much of the guest's memory was asked for by replay_know(), and left alone because it is too much. */
struct replay_known {
	uint64_t read, left; /* bytes */
};

/*
 * The guest stands still: makes known what it has mapped and nobody knows yet, but for pages that are fresh
 * (GUEST_MAP_FRESH), which replay_know_fresh() is for. The first time it also watches the memory (memory_watch()), and
 * has to come before the guest's first instruction; r must outlive whatever the memory is used for then.
 */
struct error *replay_know(struct replay *r, struct memory *memory, struct replay_known *ret);

/* Of bytes that the memory does not know, those of fresh pages become known as zeros. The target is not asked. */
struct error *replay_know_fresh(struct replay *r, struct memory *memory, uint64_t address, size_t len);

/*
 * Places where a guest that runs by itself has to stop: bytes by which it may enter a kernel (isa->sys.entry), or store
 * or read what only it decides (isa->undetermined), at each address where an instruction can begin, in pages that can
 * be executed and not written to; and the entries of isa->sys.gate.
 */
enum replay_place {
	REPLAY_PLACE_NONE,
	REPLAY_PLACE_ENTRY, /* it may enter a kernel, whatever else it may be */
	REPLAY_PLACE_STORE, /* as in enum isa_undetermined */
	REPLAY_PLACE_STATE,
	REPLAY_PLACE_INPUT,
};
struct replay_places {
	VEC(uint64_t) set, clear; /* ascending */
};
void replay_places_deinit(struct replay_places *places);

/*
 * The guest stands still, and replay_know() was called, if it is to be: which places there are now that were not there
 * when this was last asked, and the other way round. *ret is zeros, or of the last time; after an error it is of no
 * use.
 */
struct error *replay_find_places(struct replay *r, struct replay_places *ret);

/* What is at the address, as of the last time that places were looked for. */
enum replay_place replay_place_at(const struct replay *r, uint64_t address);

/* Can the guest execute what it, or anybody, may change meanwhile? There are no places for that. */
bool replay_code_may_change(const struct replay *r);

/* The log's. Owned by its reader. */
const struct evlog_header *replay_header(const struct replay *r);

/* Memory that the last call changed because the log said so: what was written in the guest's place. Owned by r. */
struct replay_written {
	uint64_t address, len;
};
const struct replay_written *replay_written(const struct replay *r, size_t *ret_len);

/* Where the last call has mapped or unmapped: what was executed there before is gone. Owned by r. */
const struct replay_written *replay_mapped(const struct replay *r, size_t *ret_len);

/* How far the log was followed: index of the next event. */
uint64_t replay_position(const struct replay *r);

/* True when no event is left. */
struct error *replay_at_end(struct replay *r, bool *ret);

const struct replay_totals *replay_totals(const struct replay *r);
/* By call, in the order of first use. Owned by r. */
const struct replay_count *replay_counts(const struct replay *r, size_t *ret_len);
/* NULL while in sync. Owned by r. */
const struct replay_lost *replay_lost(const struct replay *r);

#endif
