/*
 * What a kind of oracle provides. Only for the files that implement one.
 */
#ifndef LIB_ORACLE_KIND_H
#define LIB_ORACLE_KIND_H

#include "lib/oracle/oracle.h"

struct oracle_ops {
	const char *name; /* as in "NAME agrees" */
	void (*destroy)(struct oracle *o);
	void (*initial_state)(const struct oracle *o, struct state *ret);
	struct error *(*run)(struct oracle *o, const struct oracle_case *c, struct oracle_outcome *ret);
};

struct oracle {
	const struct oracle_ops *ops;
	const struct isa *isa;
};

/* Gives the outcome room for the case's ranges; the contents are left to the caller. */
struct error *oracle_outcome_reserve(struct oracle_outcome *out, const struct oracle_case *c);

#endif
