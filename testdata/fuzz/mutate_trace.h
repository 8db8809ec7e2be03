/*
 * Mutations of traces that readers do not refuse at once: records are decompressed, changed by what they hold, and
 * compressed again; checks, lengths, numbers of steps, index and footer are made to fit.
 */
#ifndef TESTDATA_FUZZ_MUTATE_TRACE_H
#define TESTDATA_FUZZ_MUTATE_TRACE_H

#include <stddef.h>
#include <stdint.h>

/* Mutates the trace in place; the result is its new size. What is no trace is mutated as bytes. */
size_t fuzz_mutate_trace(uint8_t *data, size_t size, size_t max_size, unsigned seed);

#endif
