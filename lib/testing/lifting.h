/* For tests of an ISA whose instructions are words: a lifter, and the transfer of the word that was lifted last. */
#ifndef LIB_TESTING_LIFTING_H
#define LIB_TESTING_LIFTING_H

#include "arch/arch.h"
#include "lib/expr/expr.h"
#include "lib/expr/transfer.h"

enum { LIFTING_PC = 0x401000 };

struct lifting {
	const struct isa *isa;
	struct isa_lifter *lifter;
	struct expr_pool *pool;
	struct transfer transfer;
};

/* Aborts the test on an error, as all of these. */
void lifting_begin(struct lifting *l, const struct isa *isa);
void lifting_end(struct lifting *l);

/* At LIFTING_PC. */
struct insn lifting_word(struct lifting *l, uint32_t word);

#endif
