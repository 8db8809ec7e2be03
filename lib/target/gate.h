/*
 * Calls by the page of vsyscalls (isa->sys.gate), made by this process in a traced program's place: gettimeofday(),
 * time() and getcpu() ask for what is the same for both.
 */
#ifndef LIB_TARGET_GATE_H
#define LIB_TARGET_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gate_memory {
	void *ctx;
	/* Writes to the program's memory; false if the program could not write there. */
	bool (*write)(void *ctx, uint64_t address, const void *data, size_t len);
};

/* *ret is the result; false if the program's memory cannot be written to, for which the kernel sends a signal. */
bool gate_make_call(uint64_t number, const uint64_t arg[2], const struct gate_memory *memory, int64_t *ret);

#endif
