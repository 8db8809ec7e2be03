#include "lib/replay/procfs.h"

#include <elf.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/replay/internal.h"

enum {
	TEXT_MAX = 4 << 20,  /* bytes of a file that are kept: of later ones it is not known where a line begins */
	AHEAD_EVENTS = 1024, /* that are looked through for the rest of a record: some programs read single bytes */
	ENTRY_LEN = 16,      /* bytes of an entry of auxv */
};

/* ---- Which files ---- */

/* The path goes on with this word and ends, or goes on with '/' behind it. */
static bool take_word(const char **path, const char *end, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(end - *path) < len || memcmp(*path, word, len) || (*path + len < end && (*path)[len] != '/'))
		return false;
	*path += len + (*path + len < end);
	return true;
}

static bool take_self(const char **path, const char *end, uint64_t pid)
{
	char number[24];

	snprintf(number, sizeof number, "%" PRIu64, pid);
	return take_word(path, end, number) || take_word(path, end, "self");
}

enum procfs_kind procfs_kind(const char *path, size_t len, uint64_t pid)
{
	static const struct {
		const char *name;
		enum procfs_kind kind;
	} names[] = {
		{"maps", PROCFS_MAPS}, {"smaps", PROCFS_MAPS}, {"numa_maps", PROCFS_NUMA},
		{"stat", PROCFS_STAT}, {"auxv", PROCFS_AUXV},
	};
	const char *end = path + len;

	if (!len || *path++ != '/' || !take_word(&path, end, "proc"))
		return PROCFS_NONE;
	if (!take_word(&path, end, "thread-self") && !take_self(&path, end, pid))
		return PROCFS_NONE;
	if (take_word(&path, end, "task") && !take_self(&path, end, pid))
		return PROCFS_NONE;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if ((size_t)(end - path) == strlen(names[i].name) && !memcmp(path, names[i].name, (size_t)(end - path)))
			return names[i].kind;
	return PROCFS_NONE;
}

/* ---- Addresses ---- */

/* Writes a number over `width` characters, of which the first are zeros as need be; false if it needs more. */
static bool put_number(char *to, size_t width, uint64_t value, unsigned base)
{
	char digits[24];
	int len = snprintf(digits, sizeof digits, base == 16 ? "%" PRIx64 : "%" PRIu64, value);

	if (len < 0 || (size_t)len > width)
		return false;
	memset(to, '0', width - (size_t)len);
	memcpy(to + width - (size_t)len, digits, (size_t)len);
	return true;
}

/* The number at *at, which moves behind its digits. False if there is none, or none of 64 bits. */
static bool take_number(const char *record, size_t len, size_t *at, unsigned base, uint64_t *ret)
{
	static const char digits[] = "0123456789abcdef";
	size_t start = *at;
	uint64_t value = 0;

	for (; *at < len; ++*at) {
		const char *digit = memchr(digits, record[*at], base);
		if (!digit)
			break;
		if (value > (UINT64_MAX - (uint64_t)(digit - digits)) / base)
			return false;
		value = value * base + (uint64_t)(digit - digits);
	}
	*ret = value;
	return *at > start;
}

/* A page's start, of whose bytes some are paired: those of the heap begin and end within pages. */
static bool page_to_target(const struct replay *r, uint64_t logged, uint64_t *ret)
{
	if (regions_to_target(&r->regions, logged, ret))
		return true;
	if (!regions_to_target(&r->regions, logged + (MEMORY_PAGE - 1), ret))
		return false;
	*ret -= MEMORY_PAGE - 1;
	return true;
}

static bool is_stack(const struct replay *r, uint64_t start, uint64_t end)
{
	return r->header->stack_pointer - start < end - start;
}

/* As far from the stack pointer's first value as in the logged run, in whole pages; its end is where this run's is. */
static void place_stack(const struct replay *r, uint64_t *start, uint64_t *end)
{
	*start = (r->stack_pointer - (r->header->stack_pointer - *start)) & -(uint64_t)MEMORY_PAGE;
	*end = r->stack_end;
}

/* A mapping of whole pages, of the logged run. False if it is not, or not as one, in this run; what is known of it is
 * in *start and *end. */
static bool place_range(const struct replay *r, uint64_t *start, uint64_t *end)
{
	uint64_t len = *end - *start, first, last;

	if (is_stack(r, *start, *end)) {
		place_stack(r, start, end);
		return true;
	}
	bool has_first = page_to_target(r, *start, &first), has_last = page_to_target(r, *end - MEMORY_PAGE, &last);
	if (!has_first && !has_last)
		return false;
	*start = has_first ? first : last + MEMORY_PAGE - len;
	*end = *start + len;
	if (has_first && has_last && last + MEMORY_PAGE > first)
		*end = last + MEMORY_PAGE;
	return has_first && has_last && *end - *start == len;
}

/* ---- Records ---- */

/* Memory of the kernel's that is in no guest: [vdso], [vvar], [vvar_vclock], [vsyscall]. */
static bool is_kernels(const char *record, size_t len)
{
	const char *name = memchr(record, '[', len);

	return name && (size_t)(name - record) + 1 < len && name[1] == 'v';
}

static void translate_maps(struct replay *r, char *record, size_t len)
{
	size_t at = 0;
	uint64_t start, end;

	if (!take_number(record, len, &at, 16, &start) || at == len || record[at] != '-')
		return; /* another line of smaps */
	size_t middle = at++;
	if (!take_number(record, len, &at, 16, &end) || at == len || record[at] != ' ' || start >= end ||
	    is_kernels(record, len))
		return;
	bool placed = place_range(r, &start, &end);
	if (!put_number(record, middle, start, 16) || !put_number(record + middle + 1, at - middle - 1, end, 16))
		placed = false;
	r->totals.unplaced += !placed;
}

static void translate_numa(struct replay *r, char *record, size_t len)
{
	size_t at = 0;
	uint64_t start;

	if (!take_number(record, len, &at, 16, &start) || at == len || record[at] != ' ')
		return;
	uint64_t end = start + MEMORY_PAGE;
	/* The line has no end; that of the stack holds the first stack pointer. */
	if (initial_stack_reaches(r->header->stack_pointer, r->header->stack_pointer, start))
		end = r->header->stack_pointer + r->header->stack_len;
	bool placed = place_range(r, &start, &end);
	r->totals.unplaced += !placed || !put_number(record, at, start, 16);
}

/* Fields of stat, counted from 1, that are addresses (proc_pid_stat(5)). */
enum stat_field {
	STAT_COMM = 2,
	STAT_STARTCODE = 26,
	STAT_ENDCODE = 27,
	STAT_STARTSTACK = 28,
	STAT_START_DATA = 45,
	STAT_END_DATA = 46,
	STAT_START_BRK = 47,
	STAT_ARG_START = 48,
	STAT_ARG_END = 49,
	STAT_ENV_START = 50,
	STAT_ENV_END = 51,
};

/* Of the string behind the environment's, the start; the environment ends there. */
static uint64_t strings_end(const struct replay *r)
{
	const struct auxv_entry *name = initial_stack_auxv(&r->start, AT_EXECFN);

	return name ? name->value : r->stack_end;
}

static bool is_on_stack_field(unsigned field)
{
	return field == STAT_STARTSTACK || (field >= STAT_ARG_START && field <= STAT_ENV_END);
}

/* What the field is in this run. False if that is not known. */
static bool place_field(const struct replay *r, unsigned field, uint64_t *value)
{
	const struct initial_stack *s = &r->start;
	uint64_t strings = strings_end(r), env = s->env.len ? s->env.at[0] : strings;

	/* An emulator that hands out the host's file tells of its own stack: such an address is no place of the
	 * guest's. */
	if (is_on_stack_field(field) && *value - r->header->stack_pointer >= r->header->stack_len)
		return false;
	switch (field) {
	case STAT_STARTCODE:
	case STAT_START_DATA: return regions_to_target(&r->regions, *value, value);
	case STAT_ENDCODE:
	case STAT_END_DATA: /* behind the last byte */
		if (!regions_to_target(&r->regions, *value - 1, value))
			return false;
		++*value;
		return true;
	case STAT_STARTSTACK: *value = r->stack_pointer; return true;
	case STAT_START_BRK:
		if (r->heap_known && *value == r->heap_log)
			*value = r->heap_target;
		return r->heap_known && *value == r->heap_target;
	case STAT_ARG_START: *value = s->argv.len ? s->argv.at[0] : env; return true;
	case STAT_ARG_END:
	case STAT_ENV_START: *value = env; return true;
	case STAT_ENV_END: *value = strings; return true;
	default: return true;
	}
}

/* The name in field 2 is in parentheses, and may hold any character. */
static void translate_stat(struct replay *r, char *record, size_t len)
{
	const char *name_end = memrchr(record, ')', len);

	if (!name_end)
		return;
	size_t at = (size_t)(name_end - record) + 1;
	for (unsigned field = STAT_COMM + 1; at < len && record[at] == ' '; field++) {
		size_t start = ++at;
		uint64_t logged, value;
		if (at < len && record[at] == '-')
			at++;
		if (!take_number(record, len, &at, 10, &logged)) {
			at = start + 1; /* a letter */
			continue;
		}
		value = logged;
		bool placed = !logged || place_field(r, field, &value);
		if (placed && value != logged)
			placed = put_number(record + start, at - start, value, 10);
		r->totals.unplaced += !placed;
	}
}

/* An entry of the initial stack's vector is what that says in this run; a vDSO is hidden there, too. */
static void translate_entry(struct replay *r, char *record, size_t len)
{
	uint64_t word[2];

	if (len != sizeof word)
		return;
	memcpy(word, record, sizeof word);
	const struct auxv_entry *entry = initial_stack_auxv(&r->start, word[0]);
	if (entry)
		word[1] = entry->value;
	else if (word[0] == AT_SYSINFO_EHDR)
		word[0] = AT_IGNORE;
	memcpy(record, word, sizeof word);
}

void procfs_translate(struct replay *r, enum procfs_kind kind, char *record, size_t len)
{
	switch (kind) {
	case PROCFS_MAPS: translate_maps(r, record, len); break;
	case PROCFS_NUMA: translate_numa(r, record, len); break;
	case PROCFS_STAT: translate_stat(r, record, len); break;
	case PROCFS_AUXV: translate_entry(r, record, len); break;
	case PROCFS_NONE: break;
	}
}

/* Bytes up to and with the record's end; 0: it does not end here. */
static size_t record_len(enum procfs_kind kind, const uint8_t *text, size_t len)
{
	const uint8_t *newline = kind == PROCFS_AUXV || !len ? NULL : memchr(text, '\n', len);

	if (kind == PROCFS_AUXV)
		return len >= ENTRY_LEN ? ENTRY_LEN : 0;
	return newline ? (size_t)(newline - text) + 1 : 0;
}

/* ---- Reading ---- */

static struct procfs_file *file_of(struct replay *r, uint64_t fd, size_t *ret_place)
{
	for (size_t i = 0; i < r->procfs.len; i++)
		for (size_t k = 0; k < r->procfs.at[i].fds.len; k++)
			if (r->procfs.at[i].fds.at[k] == (int)fd) {
				*ret_place = k;
				return &r->procfs.at[i];
			}
	return NULL;
}

/* Where the record begins that has the byte at `at` of the text, or follows it. */
static size_t record_start(const struct procfs_file *f, size_t at)
{
	if (f->kind == PROCFS_AUXV)
		return at - at % ENTRY_LEN;
	while (at && f->text[at - 1] != '\n')
		at--;
	return at;
}

static struct error *append(struct procfs_file *f, const void *bytes, size_t len)
{
	if (!vec_grow((void **)&f->text, &f->cap, f->len + len, 1))
		return &error_no_memory;
	memcpy(f->text + f->len, bytes, len);
	f->len += len;
	return NULL;
}

static struct error *append_writes(struct procfs_file *f, const struct evlog_event *ev)
{
	struct error *err = NULL;

	for (size_t i = 0; i < ev->writes.len && !err; i++)
		if (ev->writes.at[i].range.len)
			err = append(f, ev->writes.at[i].data, ev->writes.at[i].range.len);
	return err;
}

static enum sys_sem event_sem(const struct replay *r, const struct evlog_event *ev)
{
	return ev->kind == EVLOG_SYSCALL ? sys_meaning(sys_lookup(r->isa, ev->number)) : SYS_UNCLASSIFIED;
}

/* A record that ends behind what is read: its rest is in the next reads. */
static struct error *read_ahead(struct replay *r, struct procfs_file *f, size_t start)
{
	struct error *err = NULL;
	size_t place;

	for (size_t i = 1; !err && i < AHEAD_EVENTS && !record_len(f->kind, f->text + start, f->len - start); i++) {
		err = queue_fill(r, i + 1);
		if (err || i >= r->queue.list.len)
			break;
		const struct evlog_event *ev = &r->queue.list.at[i];
		enum sys_sem sem = event_sem(r, ev);
		if (file_of(r, ev->arg[0], &place) != f)
			continue;
		if (sem == SYS_LSEEK || sem == SYS_CLOSE)
			break;
		if ((sem == SYS_READ || sem == SYS_READV) && !sys_failed(ev->result))
			err = append_writes(f, ev);
	}
	return err;
}

/* Gives the event's writes the bytes of a translated text. */
static void put_writes(struct evlog_event *ev, const uint8_t *text)
{
	for (size_t i = 0; i < ev->writes.len; i++) {
		struct evlog_write *w = &ev->writes.at[i];
		if (w->range.len)
			memcpy(w->data, text, w->range.len);
		text += w->range.len;
	}
}

/* Translates what of the text was read at `from`, up to `to`; the text stays as logged. */
static struct error *translate_read(struct replay *r, struct procfs_file *f, size_t from, size_t to)
{
	size_t start = record_start(f, from);
	struct error *err = NULL;
	uint8_t *copy;

	/* Only the last record may be unfinished. */
	err = read_ahead(r, f, record_start(f, to));
	if (err)
		return err;
	copy = malloc(f->len - start + 1);
	if (!copy)
		return &error_no_memory;
	memcpy(copy, f->text + start, f->len - start);
	for (size_t at = 0, len; start + at < to; at += len) {
		uint64_t counted = r->totals.unplaced;
		len = record_len(f->kind, copy + at, f->len - start - at);
		len = len ? len : f->len - start - at;
		procfs_translate(r, f->kind, (char *)copy + at, len);
		/* One that began in an earlier read is counted there. */
		if (start + at < from)
			r->totals.unplaced = counted;
	}
	put_writes(&r->queue.list.at[0], copy + (from - start));
	free(copy);
	f->len = to;
	return NULL;
}

/* The event has read of the file at an offset. */
static struct error *follow_read(struct replay *r, struct procfs_file *f, uint64_t offset)
{
	const struct evlog_event *ev = &r->queue.list.at[0];
	uint64_t bytes = evlog_event_bytes(ev);

	if (offset > f->len || offset + bytes > TEXT_MAX || bytes >= EVLOG_PIECE) {
		r->totals.unplaced += bytes > 0; /* nobody knows where a record begins */
		return NULL;
	}
	f->len = (size_t)offset;
	struct error *err = append_writes(f, ev);
	return err ? err : translate_read(r, f, (size_t)offset, (size_t)(offset + bytes));
}

/* ---- Descriptors ---- */

static void file_deinit(struct procfs_file *f)
{
	vec_deinit(&f->fds);
	free(f->text);
}

static void forget_fd(struct replay *r, uint64_t fd)
{
	size_t place;
	struct procfs_file *f = file_of(r, fd, &place);

	if (!f)
		return;
	f->fds.at[place] = f->fds.at[--f->fds.len];
	if (f->fds.len)
		return;
	file_deinit(f);
	*f = r->procfs.at[--r->procfs.len];
}

static struct error *follow_open(struct replay *r, const struct evlog_event *ev)
{
	struct procfs_file f = {.kind = PROCFS_NONE};

	forget_fd(r, (uint64_t)ev->result);
	for (size_t i = 0; i < ev->strings.len; i++)
		f.kind = procfs_kind(ev->strings.at[i].text, ev->strings.at[i].len, ev->tid);
	if (f.kind == PROCFS_NONE)
		return NULL;
	if (vec_push(&f.fds, (int)ev->result) && vec_push(&r->procfs, f))
		return NULL;
	file_deinit(&f);
	return &error_no_memory;
}

static struct error *follow_dup(struct replay *r, uint64_t from, uint64_t to)
{
	size_t place;

	if (from != to)
		forget_fd(r, to);
	struct procfs_file *f = from == to ? NULL : file_of(r, from, &place);
	return !f || vec_push(&f->fds, (int)to) ? NULL : &error_no_memory;
}

static void forget_range(struct replay *r, uint64_t first, uint64_t last)
{
	for (size_t i = r->procfs.len; i-- > 0;)
		for (size_t k = r->procfs.at[i].fds.len; k-- > 0;) {
			uint64_t fd = (uint64_t)r->procfs.at[i].fds.at[k];
			bool only = r->procfs.at[i].fds.len == 1;
			if (fd >= first && fd <= last)
				forget_fd(r, fd);
			if (fd >= first && fd <= last && only)
				break;
		}
}

/* The event at the queue's start, of a call that has succeeded. */
static struct error *follow(struct replay *r, enum sys_sem sem, const struct sys_call *call)
{
	const struct evlog_event *ev = &r->queue.list.at[0];
	enum { CLOEXEC_ONLY = 4 }; /* CLOSE_RANGE_CLOEXEC (linux/close_range.h) */
	uint64_t result = (uint64_t)ev->result, arg[3];
	size_t place;

	for (unsigned i = 0; i < 3; i++)
		arg[i] = sys_arg(call, i);
	struct procfs_file *f = file_of(r, arg[0], &place);
	switch (sem) {
	case SYS_OPEN:
	case SYS_OPENAT:
	case SYS_OPENAT2: return follow_open(r, ev);
	case SYS_CLOSE: forget_fd(r, arg[0]); return NULL;
	case SYS_CLOSE_RANGE:
		if (!(arg[2] & CLOEXEC_ONLY))
			forget_range(r, arg[0], arg[1]);
		return NULL;
	case SYS_DUP:
	case SYS_DUP2:
	case SYS_DUP3: return follow_dup(r, arg[0], result);
	case SYS_FCNTL: return arg[1] == F_DUPFD || arg[1] == F_DUPFD_CLOEXEC ? follow_dup(r, arg[0], result) : NULL;
	default: break;
	}
	if (!f)
		return NULL;
	switch (sem) {
	case SYS_LSEEK: f->at = result; return NULL;
	case SYS_PREAD64:
	case SYS_PREADV: return follow_read(r, f, sys_arg(call, 3));
	default: break;
	}
	/* preadv2: -1 is the file's offset (readv(2)). */
	if (sem == SYS_PREADV2 && sys_arg(call, 3) != UINT64_MAX)
		return follow_read(r, f, sys_arg(call, 3));
	if (sem != SYS_READ && sem != SYS_READV && sem != SYS_PREADV2)
		return NULL;
	f->at += result;
	return follow_read(r, f, f->at - result);
}

struct error *procfs_follow(struct replay *r, struct replay_call *call)
{
	if (call->event->kind != EVLOG_SYSCALL || sys_failed(call->event->result))
		return NULL;
	struct error *err = follow(r, call->desc->sem, &call->guest);
	call->event = &r->queue.list.at[0];
	return err;
}

void procfs_deinit(procfs_files *files)
{
	for (size_t i = 0; i < files->len; i++)
		file_deinit(&files->at[i]);
	vec_deinit(files);
}
