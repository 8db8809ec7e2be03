#include "lib/trace/qemu_log.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/base/codec.h"
#include "lib/trace/qemu_log_state.h"

#define ROW(name, gdb, first, needed) \
	{ \
		name, gdb, "", 0, 0, 1, first, 1, needed \
	}
#define ONE(name, gdb)   ROW(name, gdb, 0, true)
#define MAYBE(name, gdb) ROW(name, gdb, 0, false)

static const struct qemu_log_row x86_rows[] = {
	ONE("RAX", "rax"),
	ONE("RBX", "rbx"),
	ONE("RCX", "rcx"),
	ONE("RDX", "rdx"),
	ONE("RSI", "rsi"),
	ONE("RDI", "rdi"),
	ONE("RBP", "rbp"),
	ONE("RSP", "rsp"),
	{"R", "r", "", 1, 8, 8, 0, 1, true},
	ONE("RIP", "rip"),
	ONE("RFL", "eflags"),
	ONE("ES", "es"),
	ONE("CS", "cs"),
	ONE("SS", "ss"),
	ONE("DS", "ds"),
	ONE("FS", "fs"),
	ONE("GS", "gs"),
	ROW("FS", "fs_base", 1, true),
	ROW("GS", "gs_base", 1, true),
	MAYBE("FCW", "fctrl"),
	MAYBE("FSW", "fstat"),
	MAYBE("MXCSR", "mxcsr"),
	{"XMM", "xmm", "", 2, 0, 16, -2, 2, false},
	{"YMM", "xmm", "", 2, 0, 16, -2, 2, false},
	{"YMM", "ymm", "h", 2, 0, 16, -4, 2, false},
};

static const char *const x86_others[] = {"LDT", "TR", "GDT", "IDT", "CR0", "DR0", "DR6", "CCS", "EFER", NULL};

static const struct qemu_log_row a64_rows[] = {
	ONE("PC", "pc"),
	{"X", "x", "", 2, 0, 31, 0, 1, true},
	ONE("SP", "sp"),
	ONE("PSTATE", "cpsr"),
	MAYBE("FPCR", "fpcr"),
	MAYBE("FPSR", "fpsr"),
	{"Q", "v", "", 2, 0, 32, -2, 2, false},
	{"Z", "v", "", 2, 0, 32, -2, 2, false},
};

/* Predicates begin a line each, or several share one, as long as they are. */
static const char *const a64_others[] = {"P00", "P01", "P02", "P03", "P04", "P05", "P06", "P07", "P08", "P09",
					 "P10", "P11", "P12", "P13", "P14", "P15", "FFR", "ZA",  "ZT0", NULL};

static const struct qemu_log_format formats[] = {
	{"x86_64", "RAX", x86_rows, sizeof x86_rows / sizeof *x86_rows, x86_others},
	{"aarch64", "PC", a64_rows, sizeof a64_rows / sizeof *a64_rows, a64_others},
};

enum {
	BUFFER_LEN = 1 << 18,
	LOOK_FOR_STATE = 1 << 20, /* bytes: listings may stand before the first one */
};

struct qemu_log {
	char *name;
	struct qemu_log_states states; /* states.format is NULL before the first one */

	char *buffer; /* of BUFFER_LEN; at to end is still to be read */
	size_t at, end;
	bool fed_all, settled, skipping; /* skipping: the rest of a line that is too long */
	uint64_t read;                   /* bytes before the first state */

	uint64_t line; /* that was read last */
	uint64_t state_line;
	bool in_state, in_listing, in_map;
	bool ended; /* nothing came behind the state before, which was taken for complete */
	bool have_guest_base;
	uint64_t guest_base;
	uint64_t ignored;
	bool cut;
};

/* A line, without its newline. */
struct text {
	const char *at;
	size_t len;
};

/* ---- Lines ---- */

static void take(struct qemu_log *log, size_t len)
{
	log->at += len;
	if (!log->states.format)
		log->read += len;
}

/* Skips what is left of a line that is too long. */
static void skip(struct qemu_log *log)
{
	const char *end = memchr(log->buffer + log->at, '\n', log->end - log->at);

	log->skipping = !end;
	take(log, end ? (size_t)(end - log->buffer) + 1 - log->at : log->end - log->at);
}

/*
 * Looks at the next line: false if it is not complete, unless the log ends there. *ret_behind: with what ends it. Lines
 * that are too long to be QEMU's are cut.
 */
static bool peek_line(struct qemu_log *log, struct text *ret, size_t *ret_behind)
{
	if (log->skipping)
		skip(log);
	const char *text = log->buffer + log->at;
	size_t len = log->end - log->at;
	const char *end = memchr(text, '\n', len < QEMU_LOG_MAX_LINE ? len : QEMU_LOG_MAX_LINE);

	if (end) {
		*ret = (struct text){text, (size_t)(end - text)};
		*ret_behind = ret->len + 1;
		return true;
	}
	*ret = (struct text){text, len < QEMU_LOG_MAX_LINE ? len : QEMU_LOG_MAX_LINE};
	*ret_behind = ret->len;
	return len >= QEMU_LOG_MAX_LINE;
}

static bool starts_with(const struct text *line, const char *prefix)
{
	size_t len = strlen(prefix);

	return line->len >= len && !memcmp(line->at, prefix, len);
}

/* A number at *at, which is moved behind it; false if there is none of up to 16 digits. */
static bool read_hex(const struct text *line, size_t *at, uint64_t *ret)
{
	size_t start = *at;
	uint64_t value = 0;
	int digit;

	for (; *at < line->len && (digit = codec_hex_digit(line->at[*at])) >= 0; ++*at)
		value = value << 4 | (uint64_t)digit;
	*ret = value;
	return *at > start && *at - start <= 16;
}

static bool read_char(const struct text *line, size_t *at, char c)
{
	if (*at >= line->len || line->at[*at] != c)
		return false;
	++*at;
	return true;
}

/* ---- Listings: "0x00401000:  48 89 e7     movq ..." ---- */

/*
 * x86's bytes are written one by one, AArch64's instructions as a number, most significant digit first. The first
 * state, which tells what the log is of, comes behind the first listing: the number of digits tells it, too.
 */
static bool read_code(const struct text *line, struct qemu_log_item *ret)
{
	size_t at = 2;
	unsigned unit = 0;

	if (!starts_with(line, "0x") || !read_hex(line, &at, &ret->address) || !read_char(line, &at, ':'))
		return false;
	for (;;) {
		uint8_t bytes[4];
		while (at < line->len && line->at[at] == ' ')
			at++;
		size_t digits = 0;
		while (at + digits < line->len && line->at[at + digits] != ' ')
			digits++;
		if (!unit && (digits == 2 || digits == 8))
			unit = (unsigned)digits / 2;
		if (!unit || digits != (size_t)2 * unit || ret->len + unit > sizeof ret->bytes ||
		    !codec_decode_hex(line->at + at, digits, bytes))
			break;
		for (unsigned i = 0; i < unit; i++)
			ret->bytes[ret->len++] = bytes[unit - 1 - i];
		at += digits;
	}
	return ret->len != 0;
}

/* ---- The map, and what is executed ---- */

/* "0000000000400000-0000000000401000 0000000000001000 r-x": page_dump() of QEMU's user-mode emulation. */
static bool read_map(const struct text *line, struct qemu_log_item *ret)
{
	static const struct {
		char letter;
		int prot;
	} letters[] = {{'r', PROT_READ}, {'w', PROT_WRITE}, {'x', PROT_EXEC}};
	size_t at = 0;
	uint64_t len;

	if (!read_hex(line, &at, &ret->address) || !read_char(line, &at, '-') || !read_hex(line, &at, &ret->end) ||
	    !read_char(line, &at, ' ') || !read_hex(line, &at, &len) || !read_char(line, &at, ' '))
		return false;
	for (unsigned i = 0; i < 3; i++) {
		if (read_char(line, &at, letters[i].letter))
			ret->prot |= letters[i].prot;
		else if (!read_char(line, &at, '-'))
			return false;
	}
	return at == line->len && ret->end - ret->address == len && ret->end > ret->address;
}

/* "guest_base  0x7f0000000000", or "(nil)". */
static bool take_guest_base(struct qemu_log *log, const struct text *line)
{
	size_t at = strlen("guest_base");

	if (!starts_with(line, "guest_base "))
		return false;
	while (read_char(line, &at, ' '))
		;
	log->guest_base = 0;
	if (read_char(line, &at, '0') && read_char(line, &at, 'x') && !read_hex(line, &at, &log->guest_base))
		return false;
	log->have_guest_base = true;
	return true;
}

/* "Trace 0: 0x7f692c000100 [cs_base/pc/flags/cflags] symbol" */
static bool read_exec(const struct text *line, struct qemu_log_item *ret)
{
	uint64_t cs_base;

	if (!starts_with(line, "Trace "))
		return false;
	const char *open = memchr(line->at, '[', line->len);
	size_t at = open ? (size_t)(open - line->at) + 1 : line->len;
	return read_hex(line, &at, &cs_base) && read_char(line, &at, '/') && read_hex(line, &at, &ret->address) &&
	       read_char(line, &at, '/');
}

/* ---- States ---- */

static struct error *begin_state(struct qemu_log *log, const struct qemu_log_format *format)
{
	struct error *err = log->states.format ? NULL : qemu_log_states_init(&log->states, format);

	if (err)
		return err;
	qemu_log_states_begin(&log->states);
	log->in_state = true;
	log->state_line = log->line + 1;
	return NULL;
}

/* *ret_lacks: nothing is wrong but that it lacks registers; NULL: that is an error. */
static struct error *end_state(struct qemu_log *log, struct qemu_log_item *ret, bool *ret_lacks)
{
	bool same;
	enum qemu_log_ending ending = qemu_log_states_end(&log->states, &same);

	log->in_state = false;
	log->ended = true;
	if (ret_lacks)
		*ret_lacks = ending == QEMU_LOG_STATE_LACKS;
	if (ending == QEMU_LOG_STATE_LACKS && ret_lacks)
		return NULL;
	if (ending != QEMU_LOG_STATE_GOOD)
		return error_input(log->name, log->state_line,
				   "this state %s: a log of `-d cpu` is needed, which only one process writes",
				   ending == QEMU_LOG_STATE_LACKS ? "lacks registers" : "has registers twice");
	*ret = (struct qemu_log_item){.kind = QEMU_LOG_STATE,
				      .line = log->state_line,
				      .state = &log->states.state,
				      .touched = same ? log->states.touched : NULL,
				      .num_touched = same ? log->states.num_touched : 0};
	return NULL;
}

/* The format that this line begins a state of; NULL if it begins none. */
static const struct qemu_log_format *find_format(const struct qemu_log *log, const struct text *line)
{
	const struct qemu_log_format *known = log->states.format;

	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
		if ((!known || known == &formats[i]) && qemu_log_begins_state(&formats[i], line->at, line->len))
			return &formats[i];
	return NULL;
}

/* A line of a state. *ret_done: the state had ended before it, which is still to be read. */
static struct error *take_state_line(struct qemu_log *log, const struct text *line, struct qemu_log_item *ret,
				     bool *ret_done)
{
	const struct qemu_log_format *begins = find_format(log, line);

	*ret_done = log->in_state && log->states.at &&
		    (begins || !qemu_log_is_state(&log->states, line->at, line->len));
	if (*ret_done)
		return end_state(log, ret, NULL);
	if (log->states.text.len + line->len >= QEMU_LOG_MAX_STATE)
		return error_input(log->name, log->state_line, "this state is longer than %d characters",
				   QEMU_LOG_MAX_STATE);
	return qemu_log_states_take(&log->states, line->at, line->len);
}

/* ---- The stream ---- */

/* A line that is of no state. */
static bool take_other_line(struct qemu_log *log, const struct text *line, struct qemu_log_item *ret)
{
	bool listing = log->in_listing, map = log->in_map;

	*ret = (struct qemu_log_item){.line = log->line};
	log->in_listing = log->in_map = false;
	if (starts_with(line, "IN:")) {
		log->in_listing = true;
		ret->kind = QEMU_LOG_BLOCK;
	} else if (listing && read_code(line, ret)) {
		log->in_listing = true;
		ret->kind = QEMU_LOG_CODE;
	} else if (starts_with(line, "page layout changed ")) {
		log->in_map = true;
		ret->kind = QEMU_LOG_MAP_BEGIN;
		ret->have_guest_base = log->have_guest_base;
		ret->guest_base = log->guest_base;
	} else if (map && read_map(line, ret)) {
		log->in_map = true;
		ret->kind = QEMU_LOG_MAP;
	} else if (read_exec(line, ret)) {
		ret->kind = QEMU_LOG_EXEC;
	} else {
		log->in_map = map && starts_with(line, "start ");
		/* Blank lines and rules stand around listings. */
		bool blank = true;
		for (size_t i = 0; i < line->len; i++)
			blank = blank && (line->at[i] == '-' || line->at[i] == ' ');
		log->ignored += !blank && !log->in_map && !take_guest_base(log, line);
		return false;
	}
	return true;
}

/* Looks at one whole line; *ret_done when an item is complete. */
static struct error *take_line(struct qemu_log *log, const struct text *line, size_t behind, struct qemu_log_item *ret,
			       bool *ret_done)
{
	const struct qemu_log_format *begins = log->in_state ? NULL : find_format(log, line);
	struct error *err = NULL;
	bool ended = log->ended;

	*ret_done = false;
	log->ended = false;
	if (begins) {
		log->in_listing = log->in_map = false;
		return begin_state(log, begins); /* the line is its first one, to be read next */
	}
	if (log->in_state)
		err = take_state_line(log, line, ret, ret_done);
	else if (ended && qemu_log_is_state(&log->states, line->at, line->len))
		err = error_input(log->name, log->line + 1,
				  "the state before goes on here, where that before it ended");
	if (err || *ret_done)
		return err;
	log->line++;
	if (!log->in_state)
		*ret_done = take_other_line(log, line, ret);
	log->skipping = behind == line->len; /* the line was cut */
	take(log, behind);
	return NULL;
}

/* The lines of a state that have the form of the one before. */
static void take_matching(struct qemu_log *log)
{
	uint64_t lines;
	size_t len = qemu_log_states_match(&log->states, log->buffer + log->at, log->end - log->at, &lines);

	log->line += lines;
	take(log, len);
}

static struct error *no_state(const struct qemu_log *log)
{
	return error_input(log->name, 0,
			   "no state of a CPU is there: QEMU writes them with `-d cpu,fpu,nochain -D FILE`");
}

/* The log ends, and can be cut anywhere: its last state is whole if it has as many lines as the one before. */
static struct error *take_end(struct qemu_log *log, struct qemu_log_item *ret)
{
	bool lacks = true, partial = log->at < log->end, in_state = log->in_state;

	if (!log->states.format)
		return no_state(log);
	if (in_state && !partial && log->states.at && qemu_log_states_enough(&log->states)) {
		struct error *err = end_state(log, ret, &lacks);
		if (err || !lacks)
			return err;
	}
	log->ignored += partial && !in_state;
	log->cut = log->cut || in_state;
	log->in_state = false;
	log->at = log->end;
	*ret = (struct qemu_log_item){.kind = QEMU_LOG_END, .line = log->line};
	return NULL;
}

/* There is no whole line to be read. */
static struct error *take_rest(struct qemu_log *log, struct qemu_log_item *ret)
{
	if (log->fed_all)
		return take_end(log, ret);
	if (log->settled && log->in_state && log->states.at && log->at == log->end)
		return end_state(log, ret, NULL);
	*ret = (struct qemu_log_item){.kind = QEMU_LOG_MORE, .line = log->line};
	return NULL;
}

struct error *qemu_log_next(struct qemu_log *log, struct qemu_log_item *ret)
{
	struct error *err = NULL;
	bool done = false;

	while (!err && !done) {
		struct text line;
		size_t behind;
		if (log->in_state) {
			take_matching(log);
			if (qemu_log_states_whole(&log->states))
				return end_state(log, ret, NULL);
		}
		if (!log->states.format && log->read >= LOOK_FOR_STATE)
			return no_state(log);
		if (!peek_line(log, &line, &behind))
			return take_rest(log, ret);
		err = take_line(log, &line, behind, ret, &done);
	}
	return err;
}

void *qemu_log_space(struct qemu_log *log, size_t *ret_len)
{
	if (log->end - log->at <= QEMU_LOG_MAX_LINE || log->end == BUFFER_LEN) {
		memmove(log->buffer, log->buffer + log->at, log->end - log->at);
		log->end -= log->at;
		log->at = 0;
	}
	*ret_len = BUFFER_LEN - log->end;
	return log->buffer + log->end;
}

void qemu_log_fed(struct qemu_log *log, size_t len)
{
	log->settled = false;
	log->fed_all = log->fed_all || !len;
	log->end += len < BUFFER_LEN - log->end ? len : BUFFER_LEN - log->end;
}

void qemu_log_settle(struct qemu_log *log)
{
	log->settled = true;
}

struct error *qemu_log_create(const char *name, struct qemu_log **ret)
{
	struct qemu_log *log = calloc(1, sizeof *log);

	if (!log)
		return &error_no_memory;
	log->name = strdup(name);
	log->buffer = malloc(BUFFER_LEN);
	if (!log->name || !log->buffer) {
		qemu_log_destroy(log);
		return &error_no_memory;
	}
	*ret = log;
	return NULL;
}

void qemu_log_destroy(struct qemu_log *log)
{
	if (!log)
		return;
	qemu_log_states_deinit(&log->states);
	free(log->buffer);
	free(log->name);
	free(log);
}

struct error *qemu_log_may_show(const struct isa *isa, bool *ret)
{
	struct qemu_log_states states = {0};
	struct error *err = NULL;

	for (uint32_t reg = 0; reg < isa->num_regs; reg++)
		ret[reg] = false;
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
		if (!strcmp(formats[i].isa, isa->name))
			err = qemu_log_states_init(&states, &formats[i]);
	for (size_t i = 0; i < states.places.len && !err; i++)
		ret[states.places.at[i].reg] = true;
	for (uint32_t reg = 0; reg < isa->num_regs && states.stack && !err; reg++) {
		uint16_t word = isa->regs[reg].word;
		ret[reg] |= word == states.tags_word;
		for (unsigned k = 0; k < 8; k++)
			ret[reg] |= word == states.float_words[k];
	}
	qemu_log_states_deinit(&states);
	return err;
}

const struct isa *qemu_log_isa(const struct qemu_log *log)
{
	return log->states.isa;
}

const char *qemu_log_name(const struct qemu_log *log)
{
	return log->name;
}

uint64_t qemu_log_ignored(const struct qemu_log *log)
{
	return log->ignored;
}

bool qemu_log_cut(const struct qemu_log *log)
{
	return log->cut;
}
