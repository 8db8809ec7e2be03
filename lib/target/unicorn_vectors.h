/*
 * Single-instruction cases of AArch64 whose expected results are unicorn's: what a file of vectors holds
 * (lib/oracle/vector_file.h), made on the spot. unicorn is an emulator with bugs of its own, so that a case that
 * differs is a question and no verdict.
 */
#ifndef LIB_TARGET_UNICORN_VECTORS_H
#define LIB_TARGET_UNICORN_VECTORS_H

#include "lib/oracle/vector_file.h"

struct unicorn_vectors;

struct error *unicorn_vectors_create(struct unicorn_vectors **ret);
/* NULL is fine. */
void unicorn_vectors_destroy(struct unicorn_vectors *u);

/*
 * Executes a word from the state that it and the seed stand for. The changes in *ret are valid until the next call.
 * *ret_ended is false where the instruction ended in an exception or reached for too much memory: there is no case.
 */
struct error *unicorn_vectors_run(struct unicorn_vectors *u, uint32_t word, uint64_t seed, struct vector_case *ret,
				  bool *ret_ended);

#endif
