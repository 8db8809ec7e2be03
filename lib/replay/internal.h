/* What the parts of lib/replay share. Private to this folder. */
#ifndef LIB_REPLAY_INTERNAL_H
#define LIB_REPLAY_INTERNAL_H

#include "lib/base/strbuf.h"
#include "lib/replay/regions.h"
#include "lib/replay/replay.h"

/* Events that were read from the log and are not yet used, oldest first. */
struct event_queue {
	VEC(struct evlog_event) list;
	size_t bytes; /* of payload held */
	bool at_end;  /* the log has no more */
};

enum { REPLAY_MAX_HANDLERS = 64 }; /* that run at a time */

/* What a handler that has not returned interrupted. */
struct replay_interrupted {
	uint64_t address; /* of its frame */
	struct state regs;
};

struct replay {
	struct evlog_reader *reader; /* borrowed */
	const struct evlog_header *header;
	struct target *target; /* borrowed */
	const struct isa *isa;
	struct replay_options options;
	struct regions regions;
	struct event_queue queue;
	uint64_t position; /* index of the next event */
	struct replay_totals totals;
	VEC(struct replay_count) counts;
	uint64_t stack_pointer; /* of the target, at its start */
	/* The heap, from its first break on. */
	bool heap_known;
	uint64_t heap_log, heap_target;     /* where it starts in each run */
	uint64_t heap_end;                  /* the break in the target */
	bool heap_ours;                     /* a mapping stands for the heap: the target's own has no room */
	VEC(struct replay_written) written; /* by the last call */
	struct replay_lost *lost;
	VEC(struct replay_module) modules;          /* they own their paths */
	VEC(struct replay_interrupted) interrupted; /* the innermost last */
	uint64_t return_code;                       /* in the guest: isa->frame->return_code; 0: not yet */
};

/* The call at hand, and everything its handler may need. */
struct replay_call {
	const struct sys_desc *desc;
	struct sys_call guest;           /* as the replaying guest makes it; result is set by the handler */
	const struct evlog_event *event; /* NULL: the log does not have the call */
	const struct state *before;
	struct state *after;
	struct memory *memory;
	uint64_t pc, next_pc;
	bool finished;
};

/* Guest memory of the target, as lib/sys reads it. */
struct sys_memory replay_memory(struct replay *r);

/* Reads events until at least `want` are queued, the log ends, or the queue holds as many bytes as it may. */
struct error *queue_fill(struct replay *r, size_t want);
/* Drops the oldest n events. */
void queue_drop(struct replay *r, size_t n);
void queue_deinit(struct event_queue *q);

/*
 * Finds the event of the call, dropping those before it; it stays at the head of the queue. call->event stays NULL, and
 * the queue as it is, for a call that the log does not have but that concerns the guest's own memory only.
 */
struct error *replay_find_event(struct replay *r, struct replay_call *call);

/* The guest does something else than the log's next event: `verb` and what was observed, which is taken over. */
struct error *replay_lose(struct replay *r, uint64_t pc, const char *verb, struct strbuf *observed);

/* Runs a call that the log does not have: one that changes the guest's own memory and takes nothing from outside. */
struct error *replay_unlogged(struct replay *r, struct replay_call *call);

/* True for such calls: the same call without the log gives the program nothing that depends on the outside world. */
bool replay_is_private(const struct sys_desc *desc, const uint64_t arg[6]);

/* The handlers of the policies. Each leaves call->after as the guest's registers after the call. */
struct error *replay_emulate(struct replay *r, struct replay_call *call);
struct error *replay_execute(struct replay *r, struct replay_call *call);
struct error *replay_pass(struct replay *r, struct replay_call *call);

/* The same, of a call. */
struct error *replay_lose_at_call(struct replay *r, const struct replay_call *call);

/* An address of the logged run, or a number, which stays: in this run. */
uint64_t replay_translate(const struct replay *r, uint64_t logged);

/* signal.c: may the call pass over the next num events? Not if the program handles a signal there. */
struct error *replay_pass_signals(struct replay *r, const struct replay_call *call, size_t num);
/* execute.c: at rt_sigaction, puts isa->frame->return_code into the guest if the handler will need it. */
struct error *replay_put_return_code(struct replay *r, const struct replay_call *call);
/* rt_sigreturn: drops its event, too. */
struct error *replay_return(struct replay *r, struct replay_call *call);
/* Behind a call that sends a signal: the one that kills the program then, whose events are dropped; 0: none does. */
struct error *replay_own_signal(struct replay *r, const struct replay_call *call, int *ret);

/* Remembers an image in the guest's memory. */
struct error *replay_add_module(struct replay *r, const char *path, uint64_t start, uint64_t end, uint64_t entry);

/* Writes data to the target and, if memory is not NULL, to what the model knows. */
struct error *replay_poke(struct replay *r, struct memory *memory, uint64_t address, const void *data, size_t len);

/* Runs a system call of our own in the guest, which stands at call->pc, and stands there again afterwards. */
struct error *guest_call(struct replay *r, const struct replay_call *call, const char *name, const uint64_t arg[6],
			 int64_t *ret);

#endif
