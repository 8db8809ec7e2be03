/*
 * Target descriptions: the registers that a GDB stub shows, and where each lies in the reply to `g`.
 *
 * "Target Description Format" in the GDB manual, appendix G. Register numbers follow one another unless `regnum` says
 * otherwise; the `g` packet holds the registers in ascending order of their numbers, each in whole bytes. A stub may
 * cut it short: registers behind its end are read one by one.
 */
#ifndef LIB_RSP_TDESC_H
#define LIB_RSP_TDESC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/base/vec.h"

enum { TDESC_NAME_LEN = 32 };

struct tdesc_reg {
	char name[TDESC_NAME_LEN];
	char feature[48]; /* "org.gnu.gdb.i386.core"; longer names are cut */
	uint32_t number;
	uint32_t bits;
	uint32_t offset; /* bytes, in `g` */
};

struct tdesc {
	char architecture[32];      /* "i386:x86-64"; "" when the description does not say */
	VEC(struct tdesc_reg) regs; /* ascending by number */
	uint32_t size;              /* bytes of all registers */
};

/*
 * Fetches a document of the stub ("target.xml", then what xi:include names). *ret is allocated with malloc() and of
 * *ret_len bytes.
 */
typedef struct error *tdesc_fetch_fn(void *ctx, const char *annex, char **ret, size_t *ret_len);

/*
 * Reads the description from target.xml on. What is malformed, or larger than any honest stub's (size, registers,
 * width, documents, nesting), is ERROR_PROTOCOL; errors of fetch are passed on.
 */
struct error *tdesc_read(tdesc_fetch_fn *fetch, void *ctx, struct tdesc *ret);
void tdesc_deinit(struct tdesc *t);

/* By name; NULL if there is none. */
const struct tdesc_reg *tdesc_find(const struct tdesc *t, const char *name);

#endif
