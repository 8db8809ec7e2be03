/*
 * QEMU's own log of states as QEMU 7.2 to 11.1 write it: that of `-d cpu`, better `-d cpu,fpu,nochain`; with in_asm
 * for the code, page for the map, exec for the blocks. A parser of bytes: it opens and reads nothing, so it serves a
 * pipe that must not block as well as a file. Each state is that before a block of translated code: one instruction's
 * with -singlestep (7.2) or -one-insn-per-tb (8.1 and later).
 *
 *	do {
 *		err = qemu_log_next(log, &item);
 *		if (!err && item.kind == QEMU_LOG_MORE) {
 *			void *space = qemu_log_space(log, &len);
 *			qemu_log_fed(log, read(fd, space, len));
 *		}
 *	} while (!err && item.kind != QEMU_LOG_END);
 *
 * The text has no memory but the code in in_asm's listings. What a state does not tell is unknown.
 */
#ifndef LIB_TRACE_QEMU_LOG_H
#define LIB_TRACE_QEMU_LOG_H

#include <stdint.h>

#include "lib/state/state.h"

enum qemu_log_kind {
	QEMU_LOG_END,  /* of the log; comes again when asked again */
	QEMU_LOG_MORE, /* what comes next is not complete: feed the parser, or qemu_log_settle() */
	QEMU_LOG_STATE,
	QEMU_LOG_BLOCK,     /* a listing begins: the code that is listed next is one block */
	QEMU_LOG_CODE,      /* an instruction of a listing: address, bytes, len */
	QEMU_LOG_MAP_BEGIN, /* a dump of the whole map begins: what was told of it before is out of date */
	QEMU_LOG_MAP,       /* a line of it: address to end, prot */
	QEMU_LOG_EXEC,      /* the block at the guest's address is about to run: its state follows if it is logged */
};

struct qemu_log_item {
	enum qemu_log_kind kind;
	uint64_t line; /* where it begins, from 1 */

	/*
	 * QEMU_LOG_STATE. All three are valid until the next call of qemu_log_next(). touched: the words of the state
	 * (indices into its value and unknown), each at most once, that differ from the state item before; all others
	 * are the same. NULL: any word may differ, as in the first state.
	 */
	const struct state *state;
	const uint16_t *touched;
	size_t num_touched;

	uint64_t address, end;
	int prot;             /* QEMU_LOG_MAP: PROT_* of mmap(2) */
	bool have_guest_base; /* QEMU_LOG_MAP_BEGIN: the log has told it: from the dump on that is of the loaded program
			       */
	uint64_t guest_base;  /* ... what is added to a guest's address to have the host's; addresses here are the
				 guest's */
	uint8_t len;          /* bytes */
	uint8_t bytes[ISA_MAX_INSN_LEN];
};

struct qemu_log;

/* name: of the file or the emulator, for errors; copied. */
struct error *qemu_log_create(const char *name, struct qemu_log **ret);
/* NULL is fine. */
void qemu_log_destroy(struct qemu_log *log);

/*
 * Where the next bytes of the log are to be put, and how many there is room for: at least one behind a QEMU_LOG_MORE.
 * The place holds until the next call of any other function; the parser's memory does not grow with the log.
 */
void *qemu_log_space(struct qemu_log *log, size_t *ret_len);
/* len bytes were put there, cut anywhere. 0: the log has come to its end. */
void qemu_log_fed(struct qemu_log *log, size_t len);

/*
 * All that QEMU has written was fed, and it writes nothing for now, as at a stop of its GDB stub: QEMU writes a state
 * under one lock and flushes it before it goes on (qemu_log_unlock()), so that a state whose last line has come is
 * complete. qemu_log_next() then yields it. Without this a state is complete when something else begins, or when it has
 * all the lines of the state before in the same form.
 */
void qemu_log_settle(struct qemu_log *log);

/*
 * The next thing in the log, in the order of its text. ERROR_INPUT names the log and the line; nothing can be asked
 * after an error.
 */
struct error *qemu_log_next(struct qemu_log *log, struct qemu_log_item *ret);

/* By register: may a log show it? ret: isa->num_regs. Whether one does its first state tells. */
struct error *qemu_log_may_show(const struct isa *isa, bool *ret);

/* From the first state on; NULL before. */
const struct isa *qemu_log_isa(const struct qemu_log *log);
/* For errors. */
const char *qemu_log_name(const struct qemu_log *log);
/* Lines so far that are no part of an item, such as other -d items print them. */
uint64_t qemu_log_ignored(const struct qemu_log *log);
/* At the end: the log ends within a state, which was left out. */
bool qemu_log_cut(const struct qemu_log *log);

#endif
