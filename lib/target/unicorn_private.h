/* What the parts of the unicorn target share: unicorn.c (memory, registers, calls), unicorn_run.c (execution). */
#ifndef LIB_TARGET_UNICORN_PRIVATE_H
#define LIB_TARGET_UNICORN_PRIVATE_H

#include "lib/base/clock.h"
#include "lib/target/kernel.h"
#include "lib/target/unicorn.h"
#include "lib/target/unicorn_layout.h"

/* Starting unicorn costs as much as some ten steps: there is little to gain from more. */
enum { UNICORN_MAX_AHEAD = 64, UNICORN_MAX_OUTSTANDING = 2 * UNICORN_MAX_AHEAD };

/* A submitted step, and what was seen after it. */
struct unicorn_step {
	struct target_plan plan;
	struct observed seen;
	uint8_t *raw; /* layout.size bytes; part of unicorn_target.raws */
};

/* An execution under way: what the hooks know. */
struct unicorn_run {
	uint64_t wanted, done;       /* instructions */
	bool have_target;            /* ends when the PC is target */
	uint64_t target;             /* */
	struct unicorn_step *record; /* the step that is to be recorded next; NULL: none are */
	bool started;                /* the instruction at `at` has been begun */
	uint64_t at;
	bool again;            /* ... for the second time */
	const uint8_t *before; /* the registers before it, as read raw; NULL: not known */
	bool ended;            /* by us: all is done, or a system call comes next */
	bool at_call;          /* that is why */
	bool corrected;        /* the result of this instruction is to be corrected, by what it was asked */
	uint64_t asked;
	bool stale; /* ... or the code at hand is not what is in memory any more */
	bool have_exception;
	uint32_t exception;
	bool beyond; /* what could not be accessed is a page of a mapped file behind its end */
	deadline_t deadline;
	struct error *error;
};

/* A page of code that stores elsewhere may change, as it was when its code was translated. */
struct unicorn_page {
	uint64_t address; /* 0: none */
	uint8_t bytes[SPACE_PAGE];
};

enum { UNICORN_PAGES = 64 };

struct unicorn_target {
	struct target base;
	uc_engine *uc;
	uc_context *fresh; /* the CPU before its first exception; NULL: it has no double faults */
	const struct unicorn_machine *machine;
	struct unicorn_layout layout;
	struct space *space;
	struct kernel kernel;
	unsigned timeout_ms;
	uint8_t *raw;     /* an image for single requests */
	uint8_t *scratch; /* ... and one for what is only looked at */

	struct unicorn_page *pages; /* UNICORN_PAGES, each at its number's remainder; NULL: not needed yet */

	bool ended;       /* the guest has exited */
	bool aborted;     /* the emulator has called abort(): it is not entered any more */
	struct stop last; /* the stop that ended it, or the submitted steps */

	/* Steps submitted and not collected: a ring. The first num_done have been executed. */
	struct unicorn_step steps[UNICORN_MAX_OUTSTANDING];
	uint8_t *raws;
	size_t first, num_steps, num_done;
	bool halted;           /* a stop ended the run: the steps that are left give the same */
	struct error *failure; /* of the step behind those that were executed */
	struct unicorn_run run;
};

static inline struct unicorn_target *to_unicorn(struct target *t)
{
	return (struct unicorn_target *)t;
}

/* unicorn.c */
struct error *unicorn_pc(struct unicorn_target *u, uint64_t *ret);
/* The guest stands at a system call: the kernel performs it. */
struct error *unicorn_call(struct unicorn_target *u, struct stop *ret);
/* No exception is in flight any more. */
struct error *unicorn_forget_exceptions(struct unicorn_target *u);
/* Is the instruction at address a system call? */
bool unicorn_is_call(const struct unicorn_target *u, uint64_t address);

/* unicorn_run.c */
struct error *unicorn_add_hooks(struct unicorn_target *u);
struct error *unicorn_step(struct target *t, int signal, struct stop *ret);
struct error *unicorn_run_to(struct target *t, uint64_t address, struct stop *ret);
struct error *unicorn_submit(struct target *t, const struct target_plan *plans, size_t num_plans);
struct error *unicorn_collect(struct target *t, struct state *regs, struct observed *ret);

/* Calls unicorn, which may abort(): sets u->aborted then, and nothing may be asked of the engine any more. */
typedef uc_err (*unicorn_guarded)(uc_engine *uc, const void *args);
uc_err unicorn_guard(struct unicorn_target *u, unicorn_guarded call, const void *args);

#endif
