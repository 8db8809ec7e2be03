/*
 * The values in the text of QEMU's states: NAME=HEX, with several groups of digits in some. For qemu_log_state.c alone.
 */
#ifndef LIB_TRACE_QEMU_LOG_VALUE_H
#define LIB_TRACE_QEMU_LOG_VALUE_H

#include <stdbool.h>
#include <stdint.h>

enum {
	QEMU_LOG_MAX_LINE = 4096, /* characters; the longest are those of SVE registers, with up to 32 groups */
	QEMU_LOG_MAX_GROUPS = 32,
	QEMU_LOG_MAX_NAME = 16,
};

struct qemu_log_group {
	uint64_t value;
	uint16_t at, len; /* its digits in the line */
};

struct qemu_log_value {
	char name[QEMU_LOG_MAX_NAME]; /* "": the line goes on with the register of the line before */
	uint16_t at, len;             /* of the name in the line, with what stands between it and the value */
	bool upper;                   /* groups of a register whose last ones are in a later line */
	unsigned num_groups;
	struct qemu_log_group group[QEMU_LOG_MAX_GROUPS];
};

/* A line, of up to QEMU_LOG_MAX_LINE characters, without its newline. */
struct qemu_log_text {
	const char *text, *end;
};

const char *qemu_log_skip_blanks(const char *p, const char *end);
/* The value whose name begins at p; NULL if none does. Else what is behind it. */
const char *qemu_log_read_named(const struct qemu_log_text *l, const char *p, struct qemu_log_value *ret);
/* The next value of a line from p on; NULL if there is none. Else what is behind it. */
const char *qemu_log_read_value(const struct qemu_log_text *l, const char *p, struct qemu_log_value *ret);

#endif
