/* Mutants (mutants.h) of instructions of the opcode table, by the walk over it. */
#ifndef LIB_ORACLE_WALK_MUTANTS_H
#define LIB_ORACLE_WALK_MUTANTS_H

#include "lib/oracle/mutants.h"
#include "lib/oracle/walk.h"

/*
 * Makes and tries the mutant of a seed, of a form that `is_chosen` (NULL: any) likes; up to `cases` cases. Appends the
 * first difference to text (NULL: nowhere): to the CPU, or to the right model if it survived. ERROR_UNSUPPORTED: no
 * form is to be had.
 */
struct error *walk_mutant(struct walk *w, uint64_t seed, unsigned cases,
			  bool (*is_chosen)(void *ctx, const struct walk_form *form), void *ctx, struct strbuf *text,
			  struct mutant *ret);

#endif
