/* A second opinion on a finding. */
#ifndef LIB_JUDGE_ADJUDICATE_H
#define LIB_JUDGE_ADJUDICATE_H

#include "lib/oracle/oracle.h"
#include "lib/run/findings.h"

struct judge;

/*
 * Asks the oracle, if there is one: sets the finding's severity and opinion. before: the registers; pages: the memory
 * that the guest had then. That the oracle cannot answer is no error.
 */
struct error *adjudicate(struct judge *j, struct finding *f, const struct state *before,
			 const struct oracle_pages *pages);

/* Are a and b equal in what the finding compares? */
bool equal_under(const struct finding *f, const uint64_t *a, const uint64_t *b);

#endif
