/*
 * QEMU's own log of states (`-d cpu`, better `-d cpu,fpu,nochain`, with `in_asm` for the code), as QEMU 7.2 to 11.1
 * write it, read as a stream. Each state is that before a block of translated code: one instruction's with -singlestep
 * (7.2) or -one-insn-per-tb (8.1 and later).
 *
 * The text has no memory but the code in in_asm's listings. What a state does not tell is unknown.
 */
#ifndef LIB_TRACE_QEMU_LOG_H
#define LIB_TRACE_QEMU_LOG_H

#include <stdint.h>

#include "lib/state/state.h"

enum qemu_log_kind {
	QEMU_LOG_END,
	QEMU_LOG_STATE,
	QEMU_LOG_BLOCK, /* a listing begins: the code that is listed next is one block */
	QEMU_LOG_CODE,  /* an instruction of a listing */
};

struct qemu_log_item {
	enum qemu_log_kind kind;
	uint64_t line;             /* where it begins, from 1 */
	const struct state *state; /* valid until the next call */
	uint64_t address;
	uint8_t len; /* bytes */
	uint8_t bytes[ISA_MAX_INSN_LEN];
};

struct qemu_log;

/*
 * path: "-" is standard input. The instruction set is told by the first state, which is looked for in the first lines.
 * ERROR_INPUT names the file and the line.
 */
struct error *qemu_log_open(const char *path, struct qemu_log **ret);
/* NULL is fine. */
void qemu_log_close(struct qemu_log *log);

const struct isa *qemu_log_isa(const struct qemu_log *log);
/* For errors: "standard input" is one. */
const char *qemu_log_path(const struct qemu_log *log);

/* The next thing in the log, in the order of its text. */
struct error *qemu_log_next(struct qemu_log *log, struct qemu_log_item *ret);

/* Lines so far that are neither a state's nor a listing's, such as other -d items print them. */
uint64_t qemu_log_ignored(const struct qemu_log *log);
/* At the end: the file ends within a state, which was left out. */
bool qemu_log_cut(const struct qemu_log *log);

#endif
