/*
 * Inside the native oracle: how a case is run once (native_ways.c), and in which way, how often (native.c).
 */
#ifndef LIB_ORACLE_NATIVE_PARTS_H
#define LIB_ORACLE_NATIVE_PARTS_H

#include "lib/oracle/force.h"
#include "lib/oracle/kind.h"
#include "lib/oracle/pages.h"
#include "lib/oracle/runner.h"
#include "lib/oracle/sets.h"
#include "lib/state/memory.h"

/*
 * What stands behind an instruction whose step may lose its trap. The one is told from the other by what an instruction
 * makes of it that reads it.
 */
enum guard { GUARD_NONE = 0, GUARD_INT3 = ORACLE_STOP, GUARD_HLT = 0xf4 };

/* Bytes from the instruction on that are not the case's own while it runs. */
struct patch {
	uint8_t was[ISA_MAX_INSN_LEN + 1], is[ISA_MAX_INSN_LEN + 1];
};

struct native {
	struct oracle base;
	struct host host;
	struct force force;
	struct tracee tracee;
	struct runner runner;
	bool no_runner;  /* this machine cannot have one */
	bool sets_known; /* `actual` is what the tracee has */
	bool stale;      /* the tracee has something of the last case that cannot be undone */
	bool fresh;      /* the case at hand is to run on pages that were not touched */
	int pool_fd;
	uint8_t *pool; /* the tracee's page, those of cases, the runner's */
	struct pages traced, run;
	struct sets sets;
	/* Of the case at hand: what stands behind it, which may be the caller's own INT3. */
	enum guard guard;
	struct patch patch;
	struct oracle_outcome first, second; /* runs of a case that is run again */
	size_t many_pages;                   /* that each of the last many cases can write */
	bool has_nt, has_ac;
	uint32_t nt, ac;
};

/* Pages of the pool. */
enum { POOL_RUNNER = ORACLE_MAX_PAGES + 1, POOL_LEN = (POOL_RUNNER + RUNNER_PAGES) * MEMORY_PAGE };

/* Starts the traced process. */
struct error *native_start(struct native *n);

/* Runs the case by a step of the traced process, which is started anew if the last case has left something. */
struct error *native_trace(struct native *n, const struct oracle_case *c, enum guard guard, struct oracle_outcome *ret);

/* There is a runner, if there can be one. */
bool native_have_runner(struct native *n);

/* There is a runner, and it leaves the case its pages and segment bases. */
bool native_suits_runner(struct native *n, const struct oracle_case *c);

/*
 * Runs the case in the runner, of which native_suits_runner() must be true. *ret_done: false if the runner was not up
 * to it, and nothing is known.
 */
struct error *native_run_untraced(struct native *n, const struct oracle_case *c, enum guard guard,
				  struct oracle_outcome *ret, bool *ret_done);

/* What the host lacks for the case, and nobody can do; HOST_BASICS: nothing. */
enum host_trait native_lacks(const struct native *n, const struct oracle_case *c);

/* The case's contents, but for the guard behind the instruction, and what a forced kind of host has in its place. */
void native_fill(struct native *n, struct pages *p, const struct oracle_case *c, enum guard guard);

/* native_many.c: of struct oracle_ops. */
struct error *native_run_many(struct oracle *o, const struct oracle_case *cases, size_t num, size_t *ret_done);
struct error *native_many_outcome(struct oracle *o, const struct oracle_case *c, size_t index,
				  struct oracle_outcome *ret);

/* native_probe.c: of struct oracle_ops. */
struct error *native_run_probes(struct oracle *o, struct oracle_probe *probes, size_t num);

#endif
