/* The recorder's state, shared by its files: record.c has the loop, call.c the calls, signal.c the signals, header.c
 * the log's header, backing.c the mapped files, changes.c what calls do to those, shown.c what would show of the
 * recorder. */
#ifndef LIB_RECORD_INTERNAL_H
#define LIB_RECORD_INTERNAL_H

#include <sys/stat.h>

#include "lib/record/record.h"
#include "lib/record/tracee.h"

enum { RECORD_SIGNALS = 65, RECORD_NUMBERS = 512, RECORD_REGS = 40 };

/* What the program asked to be done at a signal, as far as the recorder has to know. */
struct record_action {
	bool handled; /* by a function of the program */
	uint64_t handler;
	uint64_t flags;
};

/* A mapped file that has been identified; unchanged as long as these numbers are. */
struct record_file {
	struct stat st;
	bool found; /* under its path there is this very file */
	struct evlog_file file;
};

/* A file that is or was mapped: its number in the log is its place in a list, from 1. */
struct record_mapped {
	dev_t dev;
	ino_t ino;
};

/* The call under way, from NATIVE_ENTRY on. */
struct record_call {
	struct sys_call sys; /* as the kernel looks at it */
	uint64_t raw[6];     /* its arguments as the registers have them */
	const struct sys_desc *desc;
	uint64_t pc;                      /* of its instruction */
	uint64_t before[RECORD_REGS];     /* the registers that events carry */
	sys_ranges may;                   /* what it may write, where sys_written() needs that */
	VEC(struct evlog_string) strings; /* their texts stand one behind the other in texts */
	struct strbuf texts;
	uint64_t action[2];  /* rt_sigaction: handler and flags */
	int64_t interrupted; /* the kernel's own result of a call that a signal cut short, or 0 */
};

struct recording {
	const struct record_options *options;
	struct tracee *n;
	const struct isa *isa;
	struct sys_memory memory; /* the program's, for lib/sys */
	struct evlog_writer *w;
	struct record_result result;

	/* sys_lookup() and sys_meaning() of each number, once asked for. */
	struct {
		const struct sysno *row;
		const struct sys_desc *desc;
	} known[RECORD_NUMBERS];

	uint32_t regs[RECORD_REGS]; /* the registers that events carry: general, PC, segment bases */
	size_t num_regs;
	struct evlog_reg reg_names[RECORD_REGS];
	bool clobbered[RECORD_REGS];   /* destroyed by a call's instruction */
	bool told[RECORD_REGS];        /* by other members of a call's event */
	size_t pc_index, result_index; /* into the five above */
	bool in_call;                  /* it has not returned */
	struct record_call call;
	struct record_action actions[RECORD_SIGNALS];
	uint64_t alt_stack, alt_stack_len; /* sigaltstack */
	bool no_new_privs;                 /* the program has asked for it: prctl(PR_SET_NO_NEW_PRIVS) */
	bool undelivered; /* the last signal's frame could not be written: the kernel raises another in its place */
	VEC(struct record_file) files;
	VEC(struct record_mapped) mapped;

	/* The event being put together; its lists and the bytes they point to are kept from one event to the next. */
	struct evlog_event ev;
	sys_ranges written;
	size_t next;        /* in written: what is not in the event any more */
	uint64_t next_from; /* its first byte that is not */
	VEC(struct native_range) ranges;
	VEC(uint8_t) data;
};

/* header.c: what the log says of the program before its first instruction. */
struct error *record_header(struct recording *r, const char *path, struct evlog_header *ret);

/* call.c. Each handles a stop; the caller resumes. */
struct error *record_init_calls(struct recording *r);
void record_deinit_calls(struct recording *r);
struct error *record_entry(struct recording *r);
/* *ret_event, which was false: r->ev is the call's event, to be added. */
struct error *record_return(struct recording *r, bool *ret_event);
/* A call without an instruction (NATIVE_GATE): makes it, and adds its event. */
struct error *record_gate_call(struct recording *r);
/* The process has ended by itself. */
struct error *record_exit(struct recording *r);
/* The call under way has this result for the program: puts its event together in r->ev. */
struct error *record_result_is(struct recording *r, int64_t result);

/* Starts the next event in r->ev. */
void record_begin_event(struct recording *r, enum evlog_kind kind, uint64_t number, const char *name, uint64_t pc);
/* Reads what r->written lists into r->ev, at most EVLOG_PIECE bytes of it. */
struct error *record_read_written(struct recording *r);
/* There is more of it: the program must not go on before record_add_event(). */
bool record_has_more(const struct recording *r);
void record_take_regs(const struct recording *r, uint64_t ret[RECORD_REGS]);
/* Gives r->ev its registers: those before, and of those after the ones that differ. after may be NULL. Of a call, those
 * that its other members tell are left out, and those that its instruction destroys are not known before it. */
struct error *record_put_regs(struct recording *r, const uint64_t *before, const uint64_t *after, bool call);
/* Appends r->ev to the log and counts it, and the rest of what it wrote. */
struct error *record_add_event(struct recording *r);

/* signal.c: handles a signal's stop and resumes; *stop is then the next one. */
struct error *record_signal(struct recording *r, struct native_stop *stop);
/* What rt_sigaction and sigaltstack changed. */
struct error *record_signal_calls(struct recording *r);

/* shown.c: at a call's start, answers it in the kernel's place where it asks for what the recorder has changed. */
struct error *record_hide_filter(struct recording *r);
/* Of the call that has returned: what such an answer depends on. */
void record_note_privileges(struct recording *r);

/* backing.c: if the call that has returned has mapped a file, *ret is what is behind the mapping, else NULL; for the
 * caller to free with record_free_backing(). */
struct error *record_backing(struct recording *r, struct evlog_backing **ret);
/* The number of the file, 0: it was never mapped. */
uint64_t record_mapped_file(const struct recording *r, const struct stat *st);
void record_free_backing(struct evlog_backing *backing);
void record_deinit_files(struct recording *r);

/* changes.c: what the call that has returned did to files that are or were mapped, into r->ev. A call that changes the
 * program's memory by another way than its arguments is ERROR_UNSUPPORTED. */
struct error *record_changes(struct recording *r);
void record_clear_changes(struct evlog_event *ev);

#endif
