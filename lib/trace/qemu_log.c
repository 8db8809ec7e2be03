#include "lib/trace/qemu_log.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/codec.h"
#include "lib/base/vec.h"

/*
 * What QEMU calls registers (target/i386/cpu-dump.c, aarch64_cpu_dump_state() in target/arm), as what the GDB target
 * description does. A value is one or several groups of hexadecimal digits; `first` counts from the end if negative.
 */
struct row {
	const char *name, *gdb_name;
	const char *suffix;   /* of gdb_name, behind a number */
	uint8_t digits;       /* of the number behind name; 0: there is none */
	uint8_t start, count; /* numbers start to start + count - 1 */
	int8_t first;         /* the group that is meant, or the upper one of two */
	uint8_t groups;
	bool needed; /* each state has it */
};

struct format {
	const char *isa;
	const char *begin; /* the register that a state begins with */
	const struct row *rows;
	size_t num_rows;
	const char *const *others; /* what lines of a state begin with besides; NULL at the end */
	uint8_t unit;              /* bytes that a listing writes as one number, most significant digit first */
};

#define ROW(name, gdb, first, needed) \
	{ \
		name, gdb, "", 0, 0, 1, first, 1, needed \
	}
#define ONE(name, gdb)   ROW(name, gdb, 0, true)
#define MAYBE(name, gdb) ROW(name, gdb, 0, false)

static const struct row x86_rows[] = {
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

static const char *const x86_others[] = {"LDT", "TR", "GDT", "IDT", "CR0", "DR0", "DR6", "CCS", "EFER", "FPR", NULL};

static const struct row a64_rows[] = {
	ONE("PC", "pc"),
	{"X", "x", "", 2, 0, 31, 0, 1, true},
	ONE("SP", "sp"),
	ONE("PSTATE", "cpsr"),
	MAYBE("FPCR", "fpcr"),
	MAYBE("FPSR", "fpsr"),
	{"Q", "v", "", 2, 0, 32, -2, 2, false},
	{"Z", "v", "", 2, 0, 32, -2, 2, false},
};

static const char *const a64_others[] = {"P0", "P1", "FFR", NULL};

static const struct format formats[] = {
	{"x86_64", "RAX", x86_rows, sizeof x86_rows / sizeof *x86_rows, x86_others, 1},
	{"aarch64", "PC", a64_rows, sizeof a64_rows / sizeof *a64_rows, a64_others, 4},
};

enum {
	MAX_LINE = 4096, /* characters; the longest are those of SVE registers, with up to 32 groups */
	MAX_GROUPS = 32,
	MAX_NAME = 16,
	LOOK_FOR_STATE = 1 << 20, /* bytes: listings may stand before the first one */
};

/* A name, and a register of the state that its value, or a part of it, is for. */
struct place {
	char name[MAX_NAME];
	const struct row *row;
	uint32_t reg;
};

struct value {
	char name[MAX_NAME]; /* "": the line goes on with the register of the line before */
	uint64_t group[MAX_GROUPS];
	unsigned num_groups;
};

struct qemu_log {
	FILE *file;
	char *path;
	const struct format *format;
	const struct isa *isa;
	VEC(struct place) places; /* ascending by name */
	size_t num_needed;

	struct strbuf ahead; /* what was read to find the first state, and is still to be read */
	size_t ahead_at;
	char text[MAX_LINE];
	uint64_t line;
	bool pending; /* the line in text is still to be read */
	bool in_state, in_listing;
	uint64_t state_line;
	size_t have;                  /* needed values of the state so far */
	size_t values, values_before; /* all of its values, and those of the state before */
	char last[MAX_NAME];
	bool has_ftw;
	uint8_t ftw, tagged; /* a bit of each x87 register: not empty; its tag is known */
	uint16_t tags;
	struct state state;
	uint64_t ignored;
	bool cut;
};

/* ---- Lines ---- */

/* False at the end of the file. Lines that are too long to be QEMU's are cut. */
static struct error *read_file(struct qemu_log *log, bool *ret_found)
{
	*ret_found = true;
	errno = 0;
	if (!fgets(log->text, sizeof log->text, log->file)) {
		*ret_found = false;
		return ferror(log->file) ? error_os(errno, "read", log->path) : NULL;
	}
	size_t len = strlen(log->text);
	if (len == sizeof log->text - 1 && log->text[len - 1] != '\n') {
		for (int c = 0; c != '\n' && c != EOF;)
			c = fgetc(log->file);
		log->text[len - 1] = '\n'; /* what comes next is a line of its own */
	}
	return NULL;
}

static struct error *read_line(struct qemu_log *log, bool *ret_found)
{
	*ret_found = true;
	if (log->pending) {
		log->pending = false;
		return NULL;
	}
	log->line++;
	const char *ahead = strbuf_text(&log->ahead) + log->ahead_at;
	if (!*ahead)
		return read_file(log, ret_found);
	/* As read_file() gave it: with its newline, or as the last one without. */
	size_t len = strcspn(ahead, "\n");
	len += ahead[len] == '\n';
	if (len >= sizeof log->text)
		return error_create(ERROR_BUG, "%s: a line of %zu characters was read ahead", log->path, len);
	memcpy(log->text, ahead, len);
	log->text[len] = '\0';
	log->ahead_at += len;
	return NULL;
}

static bool starts_with(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

/* ---- Values: NAME=HEX, with several groups of digits in some ---- */

static const char *skip_blanks(const char *p)
{
	while (*p == ' ' || *p == '\t')
		p++;
	return p;
}

/* A group of digits, unless it is the name of what comes next. */
static const char *read_group(const char *p, uint64_t *ret)
{
	const char *start = p;
	uint64_t value = 0;
	int digit;

	if (p[0] == '0' && p[1] == 'x')
		start = p += 2;
	for (; (digit = codec_hex_digit(*p)) >= 0; p++)
		value = value << 4 | (uint64_t)digit;
	if (p == start || p - start > 16 || isalnum((unsigned char)*p) || *skip_blanks(p) == '=')
		return NULL;
	*ret = value;
	return p;
}

static const char *read_groups(const char *p, struct value *ret)
{
	const char *next;

	ret->num_groups = 0;
	while (ret->num_groups < MAX_GROUPS && (next = read_group(skip_blanks(p), &ret->group[ret->num_groups]))) {
		ret->num_groups++;
		p = *next == ':' ? next + 1 : next;
	}
	return p;
}

/* The next value of a line; NULL if there is none. "Z00[3-2]=" is a value of Z00, and "   [1-0]=" goes on with it. */
static const char *read_value(const char *p, struct value *ret)
{
	while (*p && *p != '\n') {
		p = skip_blanks(p);
		size_t len = 0;
		while (isalnum((unsigned char)p[len]))
			len++;
		const char *behind = p + len;
		if (*behind == '[' && strchr(behind, ']'))
			behind = strchr(behind, ']') + 1;
		behind = skip_blanks(behind);
		if (len < MAX_NAME && *behind == '=' && behind != p) {
			memcpy(ret->name, p, len);
			ret->name[len] = '\0';
			return read_groups(behind + 1, ret);
		}
		p += len ? len : *p && *p != '\n';
	}
	return NULL;
}

/* The first place of a name, or places.len. */
static size_t find_place(const struct qemu_log *log, const char *name)
{
	size_t low = 0, high = log->places.len;

	while (low < high) {
		size_t middle = (low + high) / 2;
		if (strcmp(log->places.at[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < log->places.len && !strcmp(log->places.at[low].name, name) ? low : log->places.len;
}

static bool groups_of(const struct row *row, const struct value *v, uint64_t ret[2])
{
	int first = row->first < 0 ? (int)v->num_groups + row->first : row->first;

	if (first < 0 || first + row->groups > (int)v->num_groups)
		return false;
	ret[0] = v->group[first + row->groups - 1];
	ret[1] = row->groups > 1 ? v->group[first] : 0;
	return true;
}

static void put(struct qemu_log *log, const struct place *place, const uint64_t groups[2])
{
	const struct reg_desc *desc = &log->isa->regs[place->reg];
	uint64_t words[2];

	bits_get((const uint8_t *)groups, 16, desc->gdb_low, desc->width, words);
	state_set_words(&log->state, place->reg, words);
}

/* What a tag says of a register that is not empty: SDM vol. 1, 8.1.7. */
static unsigned tag_of(const uint64_t st[2])
{
	enum { VALID = 0, ZERO = 1, SPECIAL = 2 };
	unsigned exponent = st[1] & 0x7fff;

	if (!exponent && !st[0])
		return ZERO;
	return exponent && exponent != 0x7fff && st[0] >> 63 ? VALID : SPECIAL;
}

/* FTW is as FXSAVE has it, a bit of each register: whether it is not empty. The rest of its tag follows from what it
 * holds, and the tag word is known with the last of them. */
static void put_tag(struct qemu_log *log, unsigned n, const uint64_t st[2])
{
	enum { EMPTY = 3 };
	unsigned tag = log->ftw >> n & 1 ? tag_of(st) : EMPTY;
	uint32_t reg;

	log->tags = (uint16_t)((log->tags & ~(EMPTY << 2 * n)) | tag << 2 * n);
	log->tagged = (uint8_t)(log->tagged | 1u << n);
	if (log->has_ftw && log->tagged == UINT8_MAX && isa_find_reg(log->isa, "ftag", 4, &reg))
		state_set_words(&log->state, reg, (const uint64_t[2]){log->tags});
}

/* x87 registers are listed as the processor numbers them, and are the state's as the stack has them. */
static bool put_float(struct qemu_log *log, const struct value *v)
{
	uint32_t fstat, reg;
	char name[4];

	if (strncmp(v->name, "FPR", 3) != 0 || !isdigit((unsigned char)v->name[3]) || v->num_groups != 2)
		return false;
	if (!isa_find_reg(log->isa, "fstat", 5, &fstat) || !state_known(&log->state, fstat))
		return false;
	unsigned top = state_get(&log->state, fstat) >> 11 & 7, n = (unsigned)(v->name[3] - '0') & 7;
	snprintf(name, sizeof name, "st%u", (n - top) & 7);
	if (!isa_find_reg(log->isa, name, 3, &reg))
		return false;
	state_set_words(&log->state, reg, v->group);
	put_tag(log, n, v->group);
	return true;
}

static void take_value(struct qemu_log *log, struct value *v)
{
	uint64_t groups[2];

	if (!*v->name)
		memcpy(v->name, log->last, sizeof v->name);
	else
		memcpy(log->last, v->name, sizeof v->name);
	if (!strcmp(v->name, "FTW") && v->num_groups == 1) {
		log->has_ftw = true;
		log->ftw = (uint8_t)v->group[0];
		log->tagged = 0;
		return;
	}
	size_t at = find_place(log, v->name);
	if (at == log->places.len) {
		put_float(log, v);
		return;
	}
	for (; at < log->places.len && !strcmp(log->places.at[at].name, v->name); at++) {
		if (!groups_of(log->places.at[at].row, v, groups))
			continue;
		log->have += log->places.at[at].row->needed && !state_known(&log->state, log->places.at[at].reg);
		put(log, &log->places.at[at], groups);
	}
}

/* ---- States ---- */

/* Is this line one of a state? Its first value tells. */
static bool is_state_line(const struct qemu_log *log)
{
	struct value v;

	if (!read_value(log->text, &v))
		return false;
	if (!*v.name || find_place(log, v.name) < log->places.len)
		return true;
	for (const char *const *other = log->format->others; *other; other++)
		if (starts_with(v.name, *other))
			return true;
	return false;
}

static bool begins_state(const struct format *format, const char *text)
{
	size_t len = strlen(format->begin);

	text = skip_blanks(text);
	return !strncmp(text, format->begin, len) && text[len] == '=' && codec_hex_digit(text[len + 1]) >= 0;
}

static void take_state_line(struct qemu_log *log)
{
	const char *p = log->text;
	struct value v;

	for (; (p = read_value(p, &v)); log->values++)
		take_value(log, &v);
}

static void begin_state(struct qemu_log *log)
{
	for (uint32_t i = 0; i < log->isa->num_regs; i++)
		state_set_unknown(&log->state, i);
	log->have = 0;
	log->has_ftw = false;
	log->tagged = 0;
	log->values_before = log->values;
	log->values = 0;
	log->in_state = true;
	log->state_line = log->line;
}

static struct error *end_state(struct qemu_log *log, struct qemu_log_item *ret)
{
	log->in_state = false;
	if (log->have != log->num_needed)
		return error_input(log->path, log->state_line,
				   "this state lacks registers: a log of `-d cpu` is needed, which only one process "
				   "writes");
	*ret = (struct qemu_log_item){.kind = QEMU_LOG_STATE, .line = log->state_line, .state = &log->state};
	return NULL;
}

/* ---- Listings: "0x00401000:  48 89 e7     movq ..." ---- */

static bool read_code(const struct qemu_log *log, struct qemu_log_item *ret)
{
	char *end;
	unsigned unit = log->format->unit;

	if (!starts_with(log->text, "0x"))
		return false;
	*ret = (struct qemu_log_item){.kind = QEMU_LOG_CODE, .line = log->line};
	ret->address = strtoull(log->text, &end, 16);
	if (*end != ':')
		return false;
	for (const char *p = skip_blanks(end + 1); ret->len + unit <= sizeof ret->bytes; p = skip_blanks(p)) {
		uint8_t bytes[4];
		size_t digits = strcspn(p, " \n");
		if (digits != (size_t)2 * unit || !codec_decode_hex(p, digits, bytes))
			break;
		for (unsigned i = 0; i < unit; i++)
			ret->bytes[ret->len++] = bytes[unit - 1 - i];
		p += digits;
	}
	return ret->len != 0;
}

/* ---- The stream ---- */

/* Looks at one line; *ret_done when an item is complete. */
static struct error *take_line(struct qemu_log *log, struct qemu_log_item *ret, bool *ret_done)
{
	bool begins = begins_state(log->format, log->text);

	*ret_done = false;
	/* A line without an end is the file's last, for take_end() to judge. */
	if (log->in_state && (begins || (!is_state_line(log) && strchr(log->text, '\n')))) {
		log->pending = true;
		*ret_done = true;
		return end_state(log, ret);
	}
	if (begins)
		begin_state(log);
	if (log->in_state) {
		take_state_line(log);
	} else if (starts_with(log->text, "IN:")) {
		log->in_listing = *ret_done = true;
		*ret = (struct qemu_log_item){.kind = QEMU_LOG_BLOCK, .line = log->line};
	} else if (log->in_listing && read_code(log, ret)) {
		*ret_done = true;
	} else {
		log->in_listing = false;
		/* Blank lines and rules stand around listings. */
		log->ignored += log->text[strspn(log->text, "- \n")] != '\0';
	}
	return NULL;
}

/* The last state is whole if it has as much as the one before, and its line was ended. */
static struct error *take_end(struct qemu_log *log, struct qemu_log_item *ret)
{
	size_t len = strlen(log->text);
	bool whole = log->have == log->num_needed && log->values >= log->values_before;

	if (log->in_state && whole && len && log->text[len - 1] == '\n')
		return end_state(log, ret);
	log->cut = log->in_state;
	log->in_state = false;
	*ret = (struct qemu_log_item){.kind = QEMU_LOG_END, .line = log->line};
	return NULL;
}

struct error *qemu_log_next(struct qemu_log *log, struct qemu_log_item *ret)
{
	bool found = true, done = false;
	struct error *err = NULL;

	while (!err && !done) {
		err = read_line(log, &found);
		if (!err && !found)
			return take_end(log, ret);
		if (!err)
			err = take_line(log, ret, &done);
	}
	return err;
}

/* ---- Opening ---- */

static struct error *add_places_of(struct qemu_log *log, const struct row *row, unsigned n)
{
	char name[MAX_NAME], gdb_name[MAX_NAME];

	if (row->digits) {
		snprintf(name, sizeof name, row->digits == 2 ? "%s%02u" : "%s%u", row->name, n % 100);
		snprintf(gdb_name, sizeof gdb_name, "%s%u%s", row->gdb_name, n, row->suffix);
	} else {
		snprintf(name, sizeof name, "%s", row->name);
		snprintf(gdb_name, sizeof gdb_name, "%s", row->gdb_name);
	}
	for (uint32_t reg = 0; reg < log->isa->num_regs; reg++) {
		if (!log->isa->regs[reg].gdb_name || strcmp(log->isa->regs[reg].gdb_name, gdb_name) != 0)
			continue;
		struct place place = {.row = row, .reg = reg};
		memcpy(place.name, name, sizeof name);
		if (!vec_push(&log->places, place))
			return &error_no_memory;
		log->num_needed += row->needed;
	}
	return NULL;
}

static int by_name(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static struct error *add_places(struct qemu_log *log)
{
	const struct format *f = log->format;
	struct error *err = NULL;

	for (size_t i = 0; !err && i < f->num_rows; i++)
		for (unsigned n = 0; !err && n < f->rows[i].count; n++)
			err = add_places_of(log, &f->rows[i], f->rows[i].start + n);
	if (!err)
		qsort(log->places.at, log->places.len, sizeof *log->places.at, by_name);
	return err;
}

/* Reads up to the first state, which tells what the log is of; all of it stays to be read. */
static struct error *find_format(struct qemu_log *log)
{
	bool found = true;

	while (log->ahead.len < LOOK_FOR_STATE) {
		struct error *err = read_file(log, &found);
		if (err)
			return err;
		if (!found)
			break;
		log->text[strcspn(log->text, "\n")] = '\0';
		strbuf_append(&log->ahead, log->text);
		strbuf_append_char(&log->ahead, '\n');
		if (strbuf_failed(&log->ahead))
			return &error_no_memory;
		for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
			if (begins_state(&formats[i], log->text)) {
				log->format = &formats[i];
				log->isa = isa_by_name(formats[i].isa);
				return NULL;
			}
		}
	}
	return error_input(log->path, 0,
			   "no state of a CPU is there: QEMU writes them with `-d cpu,fpu,nochain -D FILE`");
}

static struct error *open_log(const char *path, struct qemu_log *log)
{
	bool standard = !strcmp(path, "-");

	log->path = strdup(standard ? "standard input" : path);
	if (!log->path)
		return &error_no_memory;
	log->file = standard ? stdin : fopen(path, "re");
	if (!log->file)
		return error_os(errno, "open the log", path);
	struct error *err = find_format(log);
	if (!err)
		err = state_init(&log->state, log->isa);
	return err ? err : add_places(log);
}

struct error *qemu_log_open(const char *path, struct qemu_log **ret)
{
	struct qemu_log *log = calloc(1, sizeof *log);

	if (!log)
		return &error_no_memory;
	struct error *err = open_log(path, log);
	if (err) {
		qemu_log_close(log);
		return err;
	}
	*ret = log;
	return NULL;
}

void qemu_log_close(struct qemu_log *log)
{
	if (!log)
		return;
	if (log->file && log->file != stdin)
		fclose(log->file);
	if (log->isa)
		state_deinit(&log->state);
	vec_deinit(&log->places);
	strbuf_deinit(&log->ahead);
	free(log->path);
	free(log);
}

const struct isa *qemu_log_isa(const struct qemu_log *log)
{
	return log->isa;
}

const char *qemu_log_path(const struct qemu_log *log)
{
	return log->path;
}

uint64_t qemu_log_ignored(const struct qemu_log *log)
{
	return log->ignored;
}

bool qemu_log_cut(const struct qemu_log *log)
{
	return log->cut;
}
