#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/file.h"
#include "lib/evlog/schema.h"

enum {
	CHUNK = 256 << 10, /* bytes asked of the kernel at once */
	KEEP = 4 << 20,    /* bytes: a buffer that a long line made larger is given back */
	SMALL = 64 << 10,  /* bytes: a line that cannot have too many values */
	LAST_NAME_LEN = 40,
};

struct evlog_reader {
	char *path;
	int fd;
	char *buf;
	size_t start, end, cap; /* buf[start..end) is read ahead */
	uint64_t line;          /* of the line read last */
	struct evlog_header header;
	uint64_t next_index;
	char last_name[LAST_NAME_LEN]; /* of event next_index - 1 */
	bool comma;                    /* behind event next_index - 1 */
	bool ended;                    /* the document was closed */
	struct json_lift lift;         /* of the text parsed last */
};

/* A line without its newline. */
struct line {
	const char *at; /* within the reader's buffer, until the next line is read */
	size_t len;
	bool whole; /* false: the file ended first */
};

/* ---- Lines ---- */

/* Reads another chunk behind buf[start..end); *ret_eof when there is none. */
static struct error *fill(struct evlog_reader *r, bool *ret_eof)
{
	if (r->start > 0) {
		memmove(r->buf, r->buf + r->start, r->end - r->start);
		r->end -= r->start;
		r->start = 0;
	}
	if (!vec_grow((void **)&r->buf, &r->cap, r->end + CHUNK, 1))
		return &error_no_memory;

	struct error *err = file_wait(r->fd);
	if (err)
		return err;
	ssize_t n = read(r->fd, r->buf + r->end, CHUNK);
	if (n < 0)
		return error_os(errno, "read", r->path);
	r->end += (size_t)n;
	*ret_eof = n == 0;
	return NULL;
}

/* Gives back what a long line needed, once little of it is left to hold. */
static void shrink(struct evlog_reader *r)
{
	size_t left = r->end - r->start;

	if (r->cap <= KEEP || left > KEEP / 2)
		return;
	memmove(r->buf, r->buf + r->start, left);
	char *smaller = realloc(r->buf, KEEP);
	r->buf = smaller ? smaller : r->buf;
	r->cap = smaller ? (size_t)KEEP : r->cap;
	r->start = 0;
	r->end = left;
}

/* The next line; an empty one that is not whole is the end of the file. ERROR_INPUT for one of more than max bytes. */
static struct error *read_line(struct evlog_reader *r, size_t max, struct line *ret)
{
	size_t seen = 0;
	bool eof = false;
	const char *newline;

	shrink(r);
	while (!(newline = r->end > r->start + seen ? memchr(r->buf + r->start + seen, '\n', r->end - r->start - seen)
						    : NULL) &&
	       !eof) {
		seen = r->end - r->start;
		if (seen > max)
			break;
		struct error *err = fill(r, &eof);
		if (err)
			return err;
	}
	size_t len = newline ? (size_t)(newline - r->buf) - r->start : r->end - r->start;
	r->line++;
	if (len > max)
		return error_input(r->path, r->line,
				   "a line of more than %zu MiB: not an event log that validate wrote", max >> 20);
	*ret = (struct line){r->buf + r->start, len, newline != NULL};
	r->start += len + (newline != NULL);
	return NULL;
}

static bool line_is(const struct line *line, const char *text)
{
	return line->len == strlen(text) && !memcmp(line->at, text, line->len);
}

/* ---- JSON ---- */

/* *ret is the tree, which the caller releases, of text without its long payloads: those are in r->lift. line is the
 * text's first. */
static struct error *parse(struct evlog_reader *r, uint64_t line, const char *text, size_t len, json_t **ret)
{
	json_error_t error;
	size_t values = 0;

	r->lift.strings.len = 0;
	if (len > SMALL) {
		if (!json_lift(text, len, &r->lift, &values))
			return &error_no_memory;
		text = r->lift.text.at;
		len = r->lift.text.len;
	}
	/* A tree needs many times the memory of its text. */
	if (values > EVLOG_VALUES_MAX)
		return error_input(r->path, line, "more than %d JSON values: not an event log that validate wrote",
				   EVLOG_VALUES_MAX);
	json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	if (json) {
		*ret = json;
		return NULL;
	}
	if (json_error_code(&error) == json_error_out_of_memory)
		return &error_no_memory;
	/* What follows "near" is quoted from the file and may be anything. */
	char *quote = strstr(error.text, " near ");
	if (quote)
		*quote = '\0';
	line += (uint64_t)(error.line > 0 ? error.line - 1 : 0);
	if (r->lift.strings.len)
		return error_input(r->path, line, "not JSON: %s", error.text);
	return error_input(r->path, line, "column %d: not JSON: %s", error.column, error.text);
}

/* ---- Header ---- */

static struct error *check_version(const struct place *at, const json_t *json)
{
	const char *format = json_string_value(json_object_get(json, "format"));
	struct place inner = {.up = at, .name = "version"};
	uint64_t version;

	if (!format || strcmp(format, EVLOG_FORMAT) != 0)
		return place_error(at, "not an event log: its \"format\" is not \"%s\"", EVLOG_FORMAT);
	struct error *err = json_read_count(&inner, json_object_get(json, "version"), INT64_MAX, &version);
	if (!err && version != EVLOG_VERSION)
		return place_error(&inner, "version %llu of the format; this program reads version %d",
				   (unsigned long long)version, EVLOG_VERSION);
	return err;
}

/* text is the header up to and with EVLOG_EVENTS_LINE. */
static struct error *parse_header(struct evlog_reader *r, struct strbuf *text)
{
	struct place at = {.path = r->path, .lift = &r->lift};
	json_t *json;

	strbuf_append(text, "]}");
	if (strbuf_failed(text))
		return &error_no_memory;
	struct error *err = parse(r, 1, text->at, text->len, &json);
	if (err)
		return err;
	err = check_version(&at, json);
	if (!err) {
		json_object_del(json, "format");
		json_object_del(json, "version");
		json_object_del(json, "events");
		err = json_read_object(&at, json, &evlog_header_object, &r->header);
	}
	json_decref(json);
	return err;
}

/* The file may still become an event log's header. */
static bool looks_like_log(const struct strbuf *text)
{
	static const char start[] = "{\"format\": \"" EVLOG_FORMAT "\"";
	size_t len = text->len < sizeof start - 1 ? text->len : sizeof start - 1;

	return !strncmp(strbuf_text(text), start, len);
}

static struct error *read_header(struct evlog_reader *r, struct strbuf *text)
{
	struct line line;

	for (;;) {
		struct error *err = read_line(r, EVLOG_HEADER_MAX, &line);
		if (err)
			return err;
		strbuf_append_bytes(text, line.at, line.len);
		strbuf_append(text, line.whole ? "\n" : "");
		if (!looks_like_log(text))
			return error_input(r->path, 1,
					   "not an event log: expected {\"format\": \"" EVLOG_FORMAT "\" at its start");
		if (!line.whole)
			return error_input(r->path, r->line, "the log is cut off in its header, before any event");
		if (text->len > EVLOG_HEADER_MAX)
			return error_input(r->path, r->line, "the header is longer than %d MiB",
					   EVLOG_HEADER_MAX >> 20);
		if (line_is(&line, EVLOG_EVENTS_LINE))
			return parse_header(r, text);
	}
}

static struct error *open_log(struct evlog_reader *r, const char *path)
{
	struct strbuf text = {0};
	struct stat st;

	r->path = strdup(path);
	if (!r->path)
		return &error_no_memory;
	r->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (r->fd < 0 || fstat(r->fd, &st) != 0)
		return error_os(errno, "open the event log", path);
	if (S_ISDIR(st.st_mode))
		return error_os(EISDIR, "open the event log", path);
	struct error *err = read_header(r, &text);
	strbuf_deinit(&text);
	return err;
}

static const char remedy[] = "record the run again";

struct error *evlog_reader_open(const char *path, struct evlog_reader **ret)
{
	struct evlog_reader *r = calloc(1, sizeof *r);

	if (!r)
		return &error_no_memory;
	r->fd = -1;
	struct error *err = error_remedy(open_log(r, path), remedy);
	if (err) {
		evlog_reader_destroy(r);
		return err;
	}
	*ret = r;
	return NULL;
}

const struct evlog_header *evlog_reader_header(const struct evlog_reader *r)
{
	return &r->header;
}

/* ---- Events ---- */

static struct error *cut_off(const struct evlog_reader *r)
{
	if (r->next_index == 0)
		return error_input(r->path, r->line, "the log is cut off before its first event");
	return error_input(r->path, r->line, "the log is cut off; its last whole event is %llu (%s)",
			   (unsigned long long)r->next_index - 1, r->last_name);
}

/* A name for messages, which are one line of text. */
static void remember_name(struct evlog_reader *r, const char *name)
{
	size_t i = 0;

	for (; name[i] && i < sizeof r->last_name - 1; i++)
		r->last_name[i] = name[i] > ' ' && name[i] <= '~' ? name[i] : '?';
	r->last_name[i] = '\0';
}

static struct error *read_event(struct evlog_reader *r, const json_t *json, struct evlog_event *ret)
{
	struct place at = {.path = r->path, .line = r->line, .lift = &r->lift};
	struct evlog_event ev = {0};
	struct error *err = json_read_object(&at, json, &evlog_event_object, &ev);

	if (!err && ev.index != r->next_index)
		err = place_error(&at,
				  "event %llu stands where event %llu is expected: the log was edited or is damaged",
				  (unsigned long long)ev.index, (unsigned long long)r->next_index);
	if (err) {
		evlog_event_deinit(&ev);
		return err;
	}
	r->next_index++;
	remember_name(r, ev.name);
	*ret = ev;
	return NULL;
}

/* The end of the document: nothing may follow. */
static struct error *read_end(struct evlog_reader *r)
{
	struct line line;

	if (r->comma)
		return error_input(r->path, r->line, "the array ends behind a comma: the log was edited or is damaged");
	struct error *err = read_line(r, EVLOG_LINE_MAX, &line);
	if (!err && (line.len || line.whole))
		err = error_input(r->path, r->line, "text behind the end of the log: it was edited or is damaged");
	r->ended = !err;
	return err;
}

/* An event's line. One that the file's end cuts off may still hold a whole event: then only what follows it is missing.
 */
static struct error *read_event_line(struct evlog_reader *r, struct line line, struct evlog_event *ret)
{
	json_t *json;

	if (r->next_index > 0 && !r->comma)
		return error_input(r->path, r->line,
				   "expected \"]}\" behind the last event: the log was edited or is damaged");
	bool comma = line.len > 0 && line.at[line.len - 1] == ',';
	struct error *err = parse(r, r->line, line.at, line.len - comma, &json);
	if (err && !line.whole && err != &error_no_memory) {
		error_destroy(err);
		return cut_off(r);
	}
	if (err)
		return err;
	err = read_event(r, json, ret);
	json_decref(json);
	r->comma = comma;
	return err;
}

static struct error *read_next(struct evlog_reader *r, struct evlog_event *ret, bool *ret_end)
{
	struct line line;
	struct error *err = read_line(r, EVLOG_LINE_MAX, &line);

	if (err)
		return err;
	if (!line.whole && (line.len == 0 || line_is(&line, "]")))
		return cut_off(r);
	bool end = line_is(&line, "]}");
	err = end ? read_end(r) : read_event_line(r, line, ret);
	if (!err)
		*ret_end = end;
	return err;
}

struct error *evlog_reader_next(struct evlog_reader *r, struct evlog_event *ret, bool *ret_end)
{
	if (r->ended) {
		*ret_end = true;
		return NULL;
	}
	return error_remedy(read_next(r, ret, ret_end), remedy);
}

void evlog_reader_destroy(struct evlog_reader *r)
{
	if (!r)
		return;
	if (r->fd >= 0)
		close(r->fd);
	json_lift_deinit(&r->lift);
	free(r->buf);
	free(r->path);
	evlog_header_deinit(&r->header);
	free(r);
}
