/* Mutations of JSON that leave it JSON: what the readers refuse at once finds nothing. */
#ifndef TESTDATA_FUZZ_MUTATE_JSON_H
#define TESTDATA_FUZZ_MUTATE_JSON_H

#include <stddef.h>
#include <stdint.h>

/*
 * Mutates a document in place, by its values: numbers get neighbours and extremes, also those in strings of "0x"; texts
 * and what is base64 get other bytes; elements are copied, deleted, doubled and exchanged. The result is its new size.
 * What is no JSON is mutated as bytes.
 */
size_t fuzz_mutate_json(uint8_t *data, size_t size, size_t max_size, unsigned seed);

/* The same of an event log, whose events are then mostly numbered in order again. */
size_t fuzz_mutate_log(uint8_t *data, size_t size, size_t max_size, unsigned seed);

/* One of several documents with zero bytes between. What stands before a newline in those behind the first `plain` ones
 * is a name, which stays. */
size_t fuzz_mutate_documents(uint8_t *data, size_t size, size_t max_size, unsigned seed, size_t plain);

#endif
