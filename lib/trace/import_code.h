/* The guest's code, as far as the listings of a log of QEMU's tell of it. Private to lib/trace. */
#ifndef LIB_TRACE_IMPORT_CODE_H
#define LIB_TRACE_IMPORT_CODE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/base/map.h"

/* All zero is empty. */
struct import_code {
	struct map pages; /* by address / 4096 */
};

void import_code_deinit(struct import_code *code);

/* These bytes stand there from now on. ERROR_UNSUPPORTED: the log lists more than is kept. */
struct error *import_code_add(struct import_code *code, uint64_t address, const uint8_t *bytes, size_t len);

/* How many of the bytes at address are known, from the first on; they are in ret. */
size_t import_code_get(const struct import_code *code, uint64_t address, uint8_t *ret, size_t len);

#endif
