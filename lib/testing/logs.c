#include "lib/testing/logs.h"

#include <stdlib.h>

#include "lib/testing/assert.h"

struct error *log_read(const char *path, size_t *ret_events)
{
	struct evlog_reader *r;
	struct evlog_event ev;
	bool end = false;
	struct error *err = evlog_reader_open(path, &r);

	*ret_events = 0;
	if (err)
		return err;
	while (!end && !(err = evlog_reader_next(r, &ev, &end))) {
		if (end)
			break;
		evlog_event_deinit(&ev);
		++*ret_events;
	}
	evlog_reader_destroy(r);
	return err;
}

void log_of_exit(const char *path, const char *arch, uint64_t call, uint64_t pc)
{
	static char text[] = "test", program[] = "/bin/true";
	char *name = strdup(arch);
	struct evlog_header h = {.arch = name, .recorder = text, .cwd = program, .program = {.path = program}};
	struct evlog_event ev = {.kind = EVLOG_EXIT, .number = call, .name = text, .pc = pc};
	struct evlog_writer *w;

	ck_assert_ptr_nonnull(name);
	ck_assert(vec_push(&h.argv, text));
	ck_no_error(evlog_writer_create(path, &h, &w));
	ck_no_error(evlog_writer_add(w, &ev));
	ck_no_error(evlog_writer_finish(w));
	evlog_writer_destroy(w);
	vec_deinit(&h.argv);
	free(name);
}

void log_judge(const char *path, struct target *target, const struct state *regs,
	       const struct lockstep_options *options, struct run *ret)
{
	struct evlog_reader *reader;
	struct replay *replay;

	*ret = (struct run){0};
	ck_no_error(evlog_reader_open(path, &reader));
	ck_no_error(replay_create(reader, target, NULL, &replay));
	ck_no_error(replay_start(replay, regs));
	ck_no_error(lockstep_run(target, replay, options, ret));
	replay_destroy(replay);
	evlog_reader_destroy(reader);
}
