/*
 * What the event log knows of signals. The log of a native run has those that a CPU raised, and at which instructions:
 * a guest that passes such an instruction without its signal, or that raises one where the log goes on, did otherwise
 * than that CPU.
 */
#ifndef LIB_JUDGE_LOGGED_H
#define LIB_JUDGE_LOGGED_H

#include "lib/replay/replay.h"
#include "lib/run/findings.h"

struct judge;

/* What is asked of the log, which its follower has. */
struct log_view {
	void *ctx;
	/* Index of its next event. */
	uint64_t (*position)(void *ctx);
	/* Is its next event this signal? */
	struct error *(*has_signal)(void *ctx, int signal, bool *ret);
	/* ... raised by an instruction; an access to memory (memory) may have raised it elsewhere. */
	struct error *(*has_fault)(void *ctx, int signal, bool memory, bool *ret);
	/* The log itself; NULL: it is not there, and tells no more than the above. */
	const struct evlog_header *header;
};

struct logged {
	struct replay_fault next; /* the log's next event, if it is a fault; 0: it is none, or not known */
	const char *doubt;        /* why the last difference may be none, besides what logged_weigh() sees; NULL */
};

/* A CPU raised this signal in this instruction: the log's next event. */
bool logged_by_cpu(const struct judge *j, uint64_t pc, int signal);
/* The log's signal where the guest raised this one in the instruction at pc: another, or 0. */
int logged_instead(const struct judge *j, uint64_t pc, int signal);
/* The guest raised it, and no model tells whether it should: *ret if the log's next event is none like it. */
struct error *logged_goes_on(struct judge *j, int signal, bool *ret);

/* Severity and opinion of a finding that the log alone tells (f->logged), or of which it says the same as the model. */
struct error *logged_weigh(struct judge *j, struct finding *f);

#endif
