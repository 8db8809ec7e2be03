/*
 * What a kind of oracle provides. Only for the files that implement one.
 */
#ifndef LIB_ORACLE_KIND_H
#define LIB_ORACLE_KIND_H

#include "lib/oracle/host.h"

struct oracle_ops {
	const char *name; /* as in "NAME agrees" */
	void (*destroy)(struct oracle *o);
	void (*initial_state)(const struct oracle *o, struct state *ret);
	struct error *(*run)(struct oracle *o, const struct oracle_case *c, struct oracle_outcome *ret);
	struct error *(*run_many)(struct oracle *o, const struct oracle_case *cases, size_t num, size_t *ret_done);
	struct error *(*many_outcome)(struct oracle *o, const struct oracle_case *c, size_t index,
				      struct oracle_outcome *ret);
	struct error *(*run_probes)(struct oracle *o, struct oracle_probe *probes, size_t num);
};

struct oracle {
	const struct oracle_ops *ops;
	const struct isa *isa;
	const struct host *host; /* where it runs */
};

/* Equal in all that is known of both. */
bool oracle_outcome_same(const struct oracle_outcome *a, const struct oracle_outcome *b);

/* Makes it ORACLE_OPEN, and forgets registers and memory. The reason is borrowed for good. */
void oracle_outcome_leave_open(struct oracle_outcome *out, const char *reason);

/* Gives the outcome room for the case's ranges; the contents are left to the caller. */
struct error *oracle_outcome_reserve(struct oracle_outcome *out, const struct oracle_case *c);

#endif
