#include <stdlib.h>

#include "lib/base/file.h"
#include "lib/evlog/schema.h"

enum {
	FLUSH_AT = 256 << 10, /* bytes: small events cost no system call each */
	KEEP = 4 << 20,       /* bytes: a buffer that a large event made larger is given back */
};

struct evlog_writer {
	struct file_output file;
	struct strbuf out;
	uint64_t events;
};

static struct error *write_all(struct evlog_writer *w)
{
	if (strbuf_failed(&w->out))
		return &error_no_memory;
	struct error *err = file_output_write(&w->file, w->out.at, w->out.len);
	if (w->out.cap > KEEP)
		strbuf_deinit(&w->out);
	strbuf_clear(&w->out);
	return err;
}

/* The header with a member a line, so that it can be looked at. */
static void write_header(struct strbuf *out, const struct evlog_header *header)
{
	strbuf_printf(out, "{\"format\": \"%s\", \"version\": %d", EVLOG_FORMAT, EVLOG_VERSION);
	for (size_t i = 0; i < evlog_header_object.num_fields; i++) {
		const struct json_field *f = &evlog_header_object.fields[i];
		const void *value = (const char *)header + f->offset;
		if (f->optional && f->type->empty(value))
			continue;
		strbuf_printf(out, ",\n\"%s\": ", f->name);
		f->type->write(out, value, f->arg);
	}
	strbuf_append(out, ",\n" EVLOG_EVENTS_LINE);
}

struct error *evlog_writer_create(const char *path, const struct evlog_header *header, struct evlog_writer **ret)
{
	struct evlog_writer *w = calloc(1, sizeof *w);

	if (!w)
		return &error_no_memory;
	struct error *err = file_output_open(&w->file, path, "create the event log");
	if (!err) {
		write_header(&w->out, header);
		err = write_all(w);
	}
	if (err) {
		evlog_writer_destroy(w);
		return err;
	}
	*ret = w;
	return NULL;
}

/* Bytes of payload in an event. */
static uint64_t data_len(const struct evlog_event *ev)
{
	uint64_t sum = ev->backing && ev->backing->data ? ev->backing->data_len : 0;

	for (size_t i = 0; i < ev->writes.len && sum <= EVLOG_DATA_MAX; i++)
		sum += ev->writes.at[i].range.len;
	for (size_t i = 0; i < ev->changes.len && sum <= EVLOG_DATA_MAX; i++)
		sum += ev->changes.at[i].data_len;
	return sum;
}

struct error *evlog_writer_add(struct evlog_writer *w, const struct evlog_event *ev)
{
	if (ev->index != w->events)
		return error_create(ERROR_BUG, "event %llu is added to the log as number %llu",
				    (unsigned long long)ev->index, (unsigned long long)w->events);
	if (data_len(ev) > EVLOG_DATA_MAX)
		return error_create(
			ERROR_UNSUPPORTED,
			"event %llu, %s: a call with more than %llu MiB of data does not fit in an event log",
			(unsigned long long)ev->index, ev->name, (unsigned long long)(EVLOG_DATA_MAX >> 20));

	strbuf_append(&w->out, w->events++ ? ",\n" : "\n");
	json_write_object(&w->out, &evlog_event_object, ev);
	return w->out.len >= FLUSH_AT || strbuf_failed(&w->out) ? write_all(w) : NULL;
}

struct error *evlog_writer_flush(struct evlog_writer *w)
{
	return write_all(w);
}

uint64_t evlog_writer_bytes(const struct evlog_writer *w)
{
	return w->file.written + w->out.len;
}

const char *evlog_writer_path(const struct evlog_writer *w)
{
	return w->file.path;
}

struct error *evlog_writer_finish(struct evlog_writer *w)
{
	strbuf_append(&w->out, "\n]}\n");
	struct error *err = write_all(w);
	return err ? err : file_output_finish(&w->file);
}

void evlog_writer_destroy(struct evlog_writer *w)
{
	if (!w)
		return;
	file_output_close(&w->file);
	strbuf_deinit(&w->out);
	free(w);
}
