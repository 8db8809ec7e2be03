/*
 * Where observed steps come from, as far as judging them goes: what is shown of a step, and what can be asked. A guest
 * that is stepped, one that runs and logs its states, and a recorded trace look alike from here.
 */
#ifndef LIB_JUDGE_SOURCE_H
#define LIB_JUDGE_SOURCE_H

#include "lib/expr/eval.h"
#include "lib/state/memory.h"
#include "lib/state/observed.h"

struct source;

/* A source shows with each step what it accessed (load, stored, accessed_page), or it has a guest's memory (read). */
struct source_ops {
	/*
	 * Memory of a guest that stands still: up to len bytes; *ret_len tells how many were readable from the start.
	 * NULL: there is none to be asked.
	 */
	struct error *(*read)(struct source *s, uint64_t address, void *ret, size_t len, size_t *ret_len);

	/*
	 * Of a guest that runs on by itself (STANCE_AHEAD): is there memory? What is known of it without asking it is
	 * added to the model's. NULL: nobody can tell.
	 */
	enum mem_result (*reach)(struct source *s, struct memory *memory, uint64_t address, size_t len,
				 struct error **error);

	/* An instruction may have stored anywhere: what the model knows of memory that can be written to is forgotten.
	 * NULL: all of it is. */
	struct error *(*forget)(struct source *s, struct memory *memory);

	/* What the step that is predicted next loads. ret and unknown as of struct eval_memory. */
	enum mem_result (*load)(struct source *s, uint64_t address, unsigned len, uint8_t *ret, uint8_t *unknown);
	/* May it have stored there? */
	bool (*stored)(struct source *s, const struct eval_store *store);
	/* A page of memory before it, zeros where that is not known; false: it accesses nothing there. */
	bool (*accessed_page)(struct source *s, uint64_t address, uint8_t *ret);
};

/* Where the source is, beside the model's front. */
enum stance {
	STANCE_STILL,  /* it stands there: memory can be read, and what is not known then stays so */
	STANCE_BEHIND, /* it will come there: what is not known has to wait for that */
	STANCE_AHEAD,  /* it has been there: what is not known stays so */
};

/* Set by its owner, who may change it from one step to the next. */
struct source {
	const struct source_ops *ops;
	void *ctx; /* of the owner */
	const struct isa *isa;
	const uint64_t *hidden; /* isa->num_words: 1 bits are never shown */
	/* By register: it is not shown with each step, and else unknown. NULL: all are always shown. */
	const bool *on_request;
	bool trap_is_step; /* a trap of the guest's own is STOP_STEPPED */
	bool stops_reset;  /* each stop sets the registers of isa->reset to 0 */
	bool no_segments;  /* of an access to nowhere it tells no segment: SIGSEGV is said of stack faults, too */
	bool stores_later; /* what a step stored is not shown with it, and holds as predicted until it is looked at */
	enum stance stance;
};

/* Shows with each step what it accessed: no memory is kept. */
static inline bool source_shows_accesses(const struct source *s)
{
	return s->ops->load != NULL;
}

#endif
