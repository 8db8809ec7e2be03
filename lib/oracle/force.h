/*
 * Hosts of other kinds, made of this one (enum oracle_force): what the native oracle would have seen there.
 */
#ifndef LIB_ORACLE_FORCE_H
#define LIB_ORACLE_FORCE_H

#include "lib/oracle/oracle.h"

struct force {
	unsigned bits;  /* enum oracle_force */
	unsigned steps; /* so far */
};

/* The instruction that stands in the place of the case's: of the same length; false: the same. */
bool force_insn(const struct force *f, const struct isa *isa, const struct oracle_case *c,
		uint8_t ret[ISA_MAX_INSN_LEN]);

/* Another step is due to one that ended well: its trap was lost. */
bool force_loses(struct force *f, const struct oracle_case *c, bool fresh);

/* The kernel does not resume the case. */
bool force_refuses(const struct force *f, uint64_t sp);

#endif
