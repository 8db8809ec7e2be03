/*
 * Single instructions of AArch64 in unicorn: cases as a file of vectors holds them, made on the spot. unicorn is an
 * emulator with bugs of its own, so that a case that differs is a question and no verdict.
 */
#ifndef LIB_TARGET_UNICORN_VECTORS_H
#define LIB_TARGET_UNICORN_VECTORS_H

#include "lib/oracle/vectors.h"

struct unicorn_vectors;

struct error *unicorn_vectors_create(struct unicorn_vectors **ret);
/* NULL is fine. */
void unicorn_vectors_destroy(struct unicorn_vectors *u);

/*
 * Executes the trial's word from the state before, at VECTORS_CODE. It is left out where the instruction ended in an
 * exception or reached for too much memory.
 */
struct error *unicorn_vectors_run(struct unicorn_vectors *u, struct vectors_trial *trial);

#endif
