/* The cases of a file of vectors, kept in memory by the encoding of their words: the truth for mutants. */
#ifndef LIB_ORACLE_VECTORS_KEPT_H
#define LIB_ORACLE_VECTORS_KEPT_H

#include "lib/oracle/vectors_mutants.h"

struct kept_cases;

/* Reads all of a file, as vector_reader_open(); those without a model are left out. */
struct error *kept_cases_read(const char *path, struct vectors *v, struct kept_cases **ret);
/* NULL is fine. */
void kept_cases_destroy(struct kept_cases *k);

/* A word of a random encoding; false: there is no case. */
bool kept_cases_draw(struct kept_cases *k, struct rng *rng, uint32_t *ret);

/* The cases of the encoding of the word that was drawn last, those of that word first. */
struct vectors_truth kept_cases_truth(struct kept_cases *k);

#endif
