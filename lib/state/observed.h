/* What is seen of one step of a guest: how it stopped, and memory that was asked for. The registers are a struct state
 * beside it. */
#ifndef LIB_STATE_OBSERVED_H
#define LIB_STATE_OBSERVED_H

#include <stddef.h>
#include <string.h>

#include "lib/state/state.h"

enum stop_kind {
	STOP_STEPPED, /* the step or the run to a breakpoint is complete */
	STOP_SIGNAL,  /* a signal is about to be delivered: signal */
	STOP_EXITED,  /* the process ended: status */
	STOP_KILLED,  /* the process was killed by a signal: signal */
	STOP_SYSCALL, /* instead of a submitted step: the guest stands at a system call, which was not executed */
};

struct stop {
	enum stop_kind kind;
	uint64_t tid;
	int signal; /* the guest kernel's number */
	int status;
};

enum { OBSERVED_MAX_READS = 48 /* XSAVE of x87, SSE, AVX, MPX, AVX-512 and PKRU makes 42 stores */ };

/* Words of a state that may differ from what was seen before. */
struct touched {
	const uint16_t *words; /* NULL: all may */
	size_t num_words;
};

struct observed {
	struct stop stop;
	bool have_regs; /* false when the process is gone */
	/* Of a target that flows (target_flow()): no instruction was executed; this is where the guest stood, or
	 * stands, seen again, with what only the one or the other way of seeing it shows. */
	bool look;
	struct touched touched;                 /* of the registers; valid as long as they */
	bool memory_ok[OBSERVED_MAX_READS];     /* false: it was not read, or that was refused */
	uint8_t memory[OBSERVED_MAX_READS][64]; /* of those alone: the others have no value */
};

/* Nothing was seen. */
static inline void observed_clear(struct observed *o)
{
	memset(o, 0, offsetof(struct observed, memory));
}

/* Of memory the first num reads alone. */
static inline void observed_copy(struct observed *to, const struct observed *from, size_t num)
{
	memcpy(to, from, offsetof(struct observed, memory) + num * sizeof from->memory[0]);
}

#endif
