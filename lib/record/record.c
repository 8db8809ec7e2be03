#include "lib/record/record.h"

#include <stdlib.h>

#include "lib/base/apart.h"
#include "lib/record/internal.h"
#include "lib/sys/signal.h"

static struct error *killed(struct recording *r, int signal)
{
	char name[SIGNAL_NAME_LEN];

	bool told = r->ev.kind == EVLOG_SIGNAL && r->ev.number == (uint64_t)signal; /* where it came */

	record_begin_event(r, EVLOG_KILLED, (uint64_t)signal, signal_name(signal, name), r->in_call ? r->call.pc : 0);
	if (!told)
		r->ev.place = r->in_call ? EVLOG_AT_CALL : EVLOG_BETWEEN;
	r->result.killed = true;
	r->result.signal = signal;
	return record_add_event(r);
}

/* Handles a stop that has another behind it. What an event says is collected while the program stands; it is written to
 * the log while the program runs on. */
static struct error *handle(struct recording *r, struct native_stop *stop)
{
	bool event = false;

	if (stop->kind == NATIVE_SIGNAL)
		return record_signal(r, stop);
	if (stop->kind == NATIVE_GATE) {
		struct error *err = record_gate_call(r);
		return err ? err : tracee_resume(r->n, 0, stop);
	}
	r->in_call = stop->kind == NATIVE_ENTRY;
	struct error *err = r->in_call ? record_entry(r) : record_return(r, &event);
	if (!err && event && record_has_more(r)) {
		err = record_add_event(r);
		event = false;
	}
	if (!err)
		err = tracee_go(r->n, 0);
	if (!err && event)
		err = record_add_event(r);
	return err ? err : tracee_wait(r->n, stop);
}

static struct error *run(struct recording *r)
{
	struct native_stop stop;
	struct error *err = tracee_resume(r->n, 0, &stop);

	while (!err && stop.kind != NATIVE_EXITED && stop.kind != NATIVE_KILLED)
		err = handle(r, &stop);
	if (err)
		return err;
	if (stop.kind == NATIVE_KILLED)
		return killed(r, stop.signal);
	r->result.status = stop.status;
	return record_exit(r);
}

/* What is there of a log that will not be finished. */
static struct error *say_what_is_left(struct recording *r, struct error *err)
{
	struct error *flush = evlog_writer_flush(r->w);
	bool whole = !flush;

	error_destroy(flush);
	if (!whole || r->result.events == 0 || err == &error_no_memory)
		return err;
	struct error *more = error_create(err->code, "%s (%llu events up to there are in %s)", err->message,
					  (unsigned long long)r->result.events, evlog_writer_path(r->w));
	error_destroy(err);
	return more;
}

static struct error *record_to_log(struct recording *r, const char *path)
{
	struct evlog_header header;
	struct error *err = record_header(r, path, &header);

	if (err)
		return err;
	err = evlog_writer_create(r->options->log, &header, &r->w);
	evlog_header_deinit(&header);
	if (err)
		return err;
	err = run(r);
	if (err)
		return say_what_is_left(r, err);
	err = evlog_writer_finish(r->w);
	r->result.bytes = evlog_writer_bytes(r->w);
	return err;
}

/* Finds the program and what it runs on. */
static struct error *find(struct recording *r, char **ret)
{
	const struct record_options *o = r->options;

	if (!o->via_qemu && !native_isa())
		return error_create(ERROR_UNSUPPORTED,
				    "programs cannot be recorded on this machine: not an x86-64 host");
	r->isa = o->via_qemu ? NULL : native_isa();
	struct error *err = record_find_program(o->argv[0], r->isa, ret);
	if (err || r->isa)
		return err;
	err = record_program_isa(*ret, &r->isa);
	if (err)
		free(*ret);
	return err;
}

static struct error *start(struct recording *r, const char *path)
{
	const struct record_options *o = r->options;
	struct native_options program = {path, o->argv, o->env, o->interrupted};
	struct tracee_qemu_options qemu = {program, r->isa, o->emulator, o->cpu, o->sysroot, o->emulator_args};

	return o->via_qemu ? tracee_qemu_create(&qemu, &r->n) : tracee_native_create(&program, &r->n);
}

/* The log is not written over what runs. */
static struct error *check_apart(const struct record_options *o, const char *program)
{
	const struct apart_file files[] = {{"the program", program, false},
					   {"the emulator", o->emulator, false},
					   {"the event log", o->log, true}};

	return apart_check(files, sizeof files / sizeof *files);
}

struct error *record_run(const struct record_options *options, struct record_result *ret)
{
	struct recording r = {.options = options};
	char *path = NULL;
	struct error *err = find(&r, &path);

	if (err)
		return err;
	err = check_apart(options, path);
	if (!err)
		err = record_init_calls(&r);
	if (!err)
		err = start(&r, path);
	if (!err)
		err = record_to_log(&r, path);
	tracee_destroy(r.n);
	evlog_writer_destroy(r.w);
	record_deinit_calls(&r);
	record_deinit_files(&r);
	free(path);
	if (!err)
		*ret = r.result;
	return err;
}
