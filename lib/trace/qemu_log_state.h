/*
 * The text of QEMU's states, a line at a time: for qemu_log.c alone. The lines of the first state are read by their
 * names. What was found where is kept as a form; where the next state's text has that form, only the digits that differ
 * are read.
 */
#ifndef LIB_TRACE_QEMU_LOG_STATE_H
#define LIB_TRACE_QEMU_LOG_STATE_H

#include <stdint.h>

#include "lib/base/vec.h"
#include "lib/state/state.h"
#include "lib/trace/qemu_log_value.h"

/*
 * What QEMU calls registers (target/i386/cpu-dump.c, aarch64_cpu_dump_state() in target/arm), as what the GDB target
 * description does. A value is one or several groups of hexadecimal digits; `first` counts from the end if negative.
 */
struct qemu_log_row {
	const char *name, *gdb_name;
	const char *suffix;   /* of gdb_name, behind a number */
	uint8_t digits;       /* of the number behind name; 0: there is none */
	uint8_t start, count; /* numbers start to start + count - 1 */
	int8_t first;         /* the group that is meant, or the upper one of two */
	uint8_t groups;
	bool needed; /* each state has it */
};

struct qemu_log_format {
	const char *isa;
	const char *begin; /* the register that a state begins with */
	const struct qemu_log_row *rows;
	size_t num_rows;
	/* Names that lines begin with which tell nothing of the rows; NULL at the end. What is behind is not looked at.
	 */
	const char *const *others;
};

enum {
	QEMU_LOG_MAX_STATE = 1 << 18, /* characters of a state; SME's ZA has up to 256 lines of 552 */
};

/* A name, and a register of the state that its value, or a part of it, is for. */
struct qemu_log_place {
	char name[QEMU_LOG_MAX_NAME];
	const struct qemu_log_row *row;
	uint32_t reg;
};

/* Bits of a group, and the word of the state that they are. */
struct qemu_log_target {
	uint16_t word;
	uint8_t low;
	uint64_t mask;
};

enum qemu_log_field_kind {
	FIELD_VALUE,  /* of the targets alone */
	FIELD_STATUS, /* FSW, which tells the top of the x87 stack */
	FIELD_TAGS,   /* FTW */
	FIELD_FLOAT,  /* half of FPR0 to FPR7 */
	FIELD_FORM,   /* the lines that follow depend on it */
	FIELD_FREE,   /* characters that are no value of interest */
};

struct qemu_log_field {
	uint16_t at, len; /* in its line */
	uint8_t kind, num_targets;
	uint8_t index; /* FIELD_FLOAT: twice the register, and 1 for its upper half */
	uint32_t first_target;
};

struct qemu_log_line {
	uint32_t text, len; /* where it is in the form's text; with its newline */
	uint16_t other;     /* so many characters make it one of the format's others; 0: it is none */
	uint32_t first_field, num_fields, first_target;
	char last[QEMU_LOG_MAX_NAME]; /* the name of its last value */
};

struct qemu_log_states {
	const struct qemu_log_format *format;
	const struct isa *isa;
	VEC(struct qemu_log_place) places; /* ascending by name */
	struct state state;

	/* The form: lines of the state before, and of this one up to where it is read. */
	VEC(struct qemu_log_line) lines;
	VEC(struct qemu_log_field) fields; /* by line, ascending */
	VEC(struct qemu_log_target) targets;
	VEC(char) text;
	VEC(uint8_t) fixed; /* of each character of text: 0xff if it is the same in each state */
	size_t at;          /* lines of this state so far */
	bool follows;       /* ... which all have the form of the state before */
	size_t lines_before;
	char last[QEMU_LOG_MAX_NAME]; /* the name that a line may go on with */

	uint64_t floats[8][2]; /* as the processor numbers them */
	uint8_t tags;          /* a bit of each: it is not empty */
	uint16_t status;
	bool stack;          /* the ISA has one, at these words of the state */
	bool have_floats;    /* the form has all of it */
	bool floats_changed; /* something of it differs from the state before */
	uint16_t float_words[8], tags_word;

	uint16_t *touched; /* isa->num_words */
	size_t num_touched;
	uint8_t *given; /* by word: values in the form that are for it */
};

/* The format must be of an ISA that there is. On error, too, deinit is to be called. */
struct error *qemu_log_states_init(struct qemu_log_states *s, const struct qemu_log_format *format);
/* All-zero is fine. */
void qemu_log_states_deinit(struct qemu_log_states *s);

/* Is this line, without its newline, one that a state begins with? */
bool qemu_log_begins_state(const struct qemu_log_format *format, const char *text, size_t len);
/* ... one of a state at all? */
bool qemu_log_is_state(const struct qemu_log_states *s, const char *text, size_t len);

void qemu_log_states_begin(struct qemu_log_states *s);
/*
 * Takes as many whole lines of len characters as have the form of the state before; returns how many characters they
 * are. Reads nothing behind len.
 */
size_t qemu_log_states_match(struct qemu_log_states *s, const char *text, size_t len, uint64_t *ret_lines);
/* Takes a line, of len characters without its newline, by the names in it. Fails for want of memory alone. */
struct error *qemu_log_states_take(struct qemu_log_states *s, const char *text, size_t len);
/* Has the state all lines of that before, in its form? */
bool qemu_log_states_whole(const struct qemu_log_states *s);
/* ... as many as that before, in whatever form? */
bool qemu_log_states_enough(const struct qemu_log_states *s);

enum qemu_log_ending {
	QEMU_LOG_STATE_GOOD,
	QEMU_LOG_STATE_LACKS, /* registers that each state has */
	QEMU_LOG_STATE_TWICE, /* it has registers twice */
};

/* Ends the state. *ret_same: it has the form of that before, and touched has the words that differ. */
enum qemu_log_ending qemu_log_states_end(struct qemu_log_states *s, bool *ret_same);

#endif
