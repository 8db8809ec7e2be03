#include "lib/target/qemu.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/strbuf.h"
#include "lib/base/temp.h"
#include "lib/base/vec.h"
#include "lib/target/child.h"
#include "lib/target/guest_env.h"
#include "lib/target/qemu_lane.h"
#include "lib/target/qemu_start.h"

/* What belongs to one start. */
struct launch {
	const struct isa *isa;
	const struct qemu_options *options;
	char *emulator;
	struct temp_folder folder; /* with the stub's socket, and the log; removed once we are connected */
	char *socket, *log;        /* log: NULL if there is none */
	qemu_words args, env;      /* borrowed strings */
	const char *log_args[QEMU_LANE_ARGS];
	VEC(char *) stand_ins;   /* for the guest's variables */
	struct sandbox *sandbox; /* NULL: there is none */
	struct child *child;
	struct qemu_lane *lane; /* NULL: there is no log */
};

static const char *const folder_contents[] = {"gdb", "log", NULL};

static bool is_program(const char *path)
{
	return !access(path, X_OK);
}

/* A name on PATH; NULL if it is not there, or out of memory. */
static char *search_path(const char *name)
{
	const char *path = getenv("PATH");

	for (const char *end; path && *path; path = *end ? end + 1 : end) {
		struct strbuf s = {0};

		end = strchrnul(path, ':');
		strbuf_append_bytes(&s, path, (size_t)(end - path));
		strbuf_append(&s, end == path ? "./" : "/");
		strbuf_append(&s, name);
		char *whole = strbuf_take(&s);
		if (!whole || is_program(whole))
			return whole;
		free(whole);
	}
	return NULL;
}

static void variable_name(const struct isa *isa, char *ret, size_t size)
{
	snprintf(ret, size, "VALIDATE_QEMU_%s", isa->name);
	for (; *ret; ret++)
		*ret = (char)toupper((unsigned char)*ret);
}

struct error *qemu_find_emulator(const struct isa *isa, const char *wanted, char **ret)
{
	char variable[64];

	variable_name(isa, variable, sizeof variable);
	if (!wanted)
		wanted = getenv(variable);
	if (!wanted || !*wanted)
		wanted = isa->qemu_name;
	char *path = strchr(wanted, '/') ? strdup(wanted) : search_path(wanted);
	if (path && is_program(path)) {
		*ret = path;
		return NULL;
	}
	free(path);
	return error_create(ERROR_TARGET,
			    "no emulator %s: install Debian's package qemu-user, or name one by --emulator or %s",
			    wanted, variable);
}

static size_t num_variables(const struct qemu_options *o)
{
	size_t num = 0;

	while (o->envp && o->envp[num])
		num++;
	return num;
}

static struct error *add_stand_ins(struct launch *l)
{
	size_t num = num_variables(l->options);
	struct error *err = vec_reserve(&l->stand_ins, num) ? NULL : &error_no_memory;
	char *text;

	for (size_t i = 0; i < num && !err; i++) {
		err = guest_env_stand_in(l->options->envp[i], i, &text);
		if (err)
			break;
		l->stand_ins.at[l->stand_ins.len++] = text;
		err = qemu_add_pair(&l->args, "-E", text);
	}
	return err;
}

/* Up to what depends on what the emulator says of itself, which is asked in the environment that is made here. */
static struct error *begin_args(struct launch *l)
{
	const struct qemu_options *o = l->options;
	struct error *err = qemu_add(&l->args, l->emulator);

	if (!err)
		err = qemu_add_pair(&l->args, "-B", QEMU_GUEST_BASE);
	if (!err && o->cpu)
		err = qemu_add_pair(&l->args, "-cpu", o->cpu);
	if (!err && o->sysroot)
		err = qemu_add_pair(&l->args, "-L", o->sysroot);
	if (!err)
		err = qemu_add_all(&l->args, o->extra_args);
	if (!err)
		err = qemu_inherit(&l->args, &l->env);
	return err ? err : add_stand_ins(l);
}

static struct error *end_args(struct launch *l)
{
	const struct qemu_options *o = l->options;
	bool have_argv = o->argv && o->argv[0];
	struct error *err = qemu_add_all(&l->args, l->log_args);

	if (!err)
		err = qemu_add_pair(&l->args, "-g", l->socket);
	if (!err && have_argv)
		err = qemu_add_pair(&l->args, "-0", o->argv[0]);
	if (!err)
		err = qemu_add(&l->args, o->program);
	if (!err && have_argv)
		err = qemu_add_all(&l->args, o->argv + 1);
	return err ? err : qemu_add(&l->args, NULL);
}

/* In a folder that only we can enter. The path of a socket has at most 107 bytes. */
static struct error *make_socket_path(struct launch *l)
{
	enum { MAX_PARENT = 60 };
	struct error *err = temp_folder_create(&l->folder, MAX_PARENT, folder_contents);

	if (!err && asprintf(&l->socket, "%s/gdb", l->folder.path) < 0) {
		l->socket = NULL;
		err = &error_no_memory;
	}
	return err;
}

static void remove_socket(struct launch *l)
{
	temp_folder_remove(&l->folder, folder_contents);
	free(l->socket);
	free(l->log);
	l->socket = l->log = NULL;
}

/* Connects as soon as the emulator listens. */
static struct error *connect_stub(struct launch *l, struct rsp_client **ret)
{
	deadline_t deadline = deadline_after(l->options->timeout_ms * CLOCK_MS);
	char address[128];
	int status;

	snprintf(address, sizeof address, "unix:%s", l->socket);
	for (;;) {
		struct error *err = rsp_client_connect(address, l->options->timeout_ms, ret);
		bool too_early = error_is(err, ERROR_OS) && (err->errnum == ENOENT || err->errnum == ECONNREFUSED);

		if (!too_early)
			return err;
		error_destroy(err);
		if (child_ended(l->child, 0, &status))
			return qemu_describe_end(l->child, l->emulator, status, l->options->cpu);
		/* Nearly all of the time is spent here: no handler but that of an interrupt is installed. */
		if (poll(NULL, 0, 2) < 0 && errno == EINTR)
			return error_create(ERROR_INTERRUPTED, "interrupted");
		if (deadline_passed(deadline))
			return error_create(ERROR_TIMEOUT, "%s does not open its GDB socket within %u ms", l->emulator,
					    l->options->timeout_ms);
	}
}

/* Where the kernel does not ask us about the log, it kills who opens it. */
static struct error *check_fifo_allowed(const struct launch *l)
{
	if (!l->lane || !l->sandbox || sandbox_state(l->sandbox)->filter != SANDBOX_FIXED)
		return NULL;
	return error_create(ERROR_UNSUPPORTED, "this kernel's sandbox does not let %s write a log", l->emulator);
}

/* Starts the emulator and connects to it. */
static struct error *launch(struct launch *l, struct rsp_client **ret)
{
	struct error *err = NULL;

	if (l->options->sandbox)
		err = sandbox_create(l->socket, &l->sandbox);
	if (!err && l->sandbox && l->log)
		err = sandbox_allow_fifo(l->sandbox, l->log);
	if (!err)
		err = child_start(l->args.at, l->env.at, !l->options->share_streams, l->sandbox, &l->child);
	if (!err)
		err = check_fifo_allowed(l);
	if (err)
		return err;
	return qemu_prefer_refusal(connect_stub(l, ret), l->sandbox, l->emulator);
}

static void launch_deinit(struct launch *l)
{
	child_destroy(l->child);
	sandbox_destroy(l->sandbox);
	qemu_lane_destroy(l->lane);
	for (size_t i = 0; i < l->stand_ins.len; i++)
		free(l->stand_ins.at[i]);
	vec_deinit(&l->stand_ins);
	vec_deinit(&l->args);
	vec_deinit(&l->env);
	free(l->emulator);
}

/* What the target keeps of the emulator. */
struct emulator {
	struct child *child;
	struct sandbox *sandbox; /* NULL: there is none */
	char *path;
};

static void emulator_destroy(void *ctx)
{
	struct emulator *e = ctx;

	child_destroy(e->child);
	sandbox_destroy(e->sandbox);
	free(e->path);
	free(e);
}

/* The emulator's own end says more about a failure than what the connection saw of it. */
static struct error *emulator_explain(void *ctx, struct error *err)
{
	enum { PATIENCE_MS = 2000 };
	struct emulator *e = ctx;
	int status;

	err = qemu_prefer_refusal(err, e->sandbox, e->path);
	if (!error_is(err, ERROR_TARGET) || !child_ended(e->child, PATIENCE_MS, &status))
		return err;
	struct error *end = qemu_describe_end(e->child, e->path, status, NULL);
	struct error *both = error_create(ERROR_TARGET, "%s (%s)", err->message, end->message);
	error_destroy(end);
	error_destroy(err);
	return both;
}

/* What the emulator says when it is called with this option. */
static struct error *ask(const struct launch *l, const char *option, bool whole, char **ret)
{
	const char *const args[] = {l->emulator, option, NULL};
	struct sandbox *sandbox = NULL;
	struct error *err = l->options->sandbox ? sandbox_create(l->socket, &sandbox) : NULL;

	if (!err && whole)
		err = child_output(args, l->env.at, l->options->timeout_ms, sandbox, ret);
	else if (!err)
		err = child_first_line(args, l->env.at, l->options->timeout_ms, sandbox, ret);
	err = qemu_prefer_refusal(err, sandbox, l->emulator);
	sandbox_destroy(sandbox);
	return err;
}

static struct error *prepare_log(struct launch *l)
{
	char *help = NULL;
	struct error *err = NULL;

	if (!l->options->log)
		return NULL;
	if (asprintf(&l->log, "%s/log", l->folder.path) < 0) {
		l->log = NULL;
		return &error_no_memory;
	}
	err = ask(l, "--help", true, &help);
	if (!err)
		err = qemu_lane_options(help, l->log, l->options->log, l->log_args);
	free(help);
	return err ? err : qemu_lane_create(l->log, &l->lane);
}

/* Hands child and path over to the target. */
static struct error *make_target(struct launch *l, struct rsp_client *client, const char *identity, struct target **ret)
{
	struct gdb_options options = {.identity = identity, .ahead = l->options->ahead};
	struct emulator *e = calloc(1, sizeof *e);

	if (!e) {
		rsp_client_destroy(client);
		return &error_no_memory;
	}
	*e = (struct emulator){.child = l->child, .sandbox = l->sandbox, .path = l->emulator};
	l->child = NULL;
	l->sandbox = NULL;
	l->emulator = NULL;
	if (l->lane)
		qemu_lane_attend(l->lane, client);
	struct error *err = target_gdb_create(l->isa, client, &options, ret);
	if (err) {
		err = emulator_explain(e, err);
		emulator_destroy(e);
		return err;
	}
	target_gdb_own(*ret, &(struct gdb_owner){.ctx = e, .destroy = emulator_destroy, .explain = emulator_explain});
	return NULL;
}

/* The guest stands at its entry and has executed nothing. From here on the emulator serves it, and no more. */
static struct error *prepare_guest(const struct launch *l, struct target *t)
{
	const struct emulator *e = target_gdb_owner_ctx(t);

	if (e->sandbox)
		sandbox_shut(e->sandbox);
	t->sandbox = e->sandbox ? sandbox_state(e->sandbox) : &sandbox_off;
	return guest_env_put(t, l->options->envp, num_variables(l->options));
}

/* The lane belongs to the target then. */
static struct error *join_log(struct launch *l, struct target *t)
{
	struct qemu_lane *lane = l->lane;

	l->lane = NULL;
	return lane ? qemu_lane_join(lane, t) : NULL;
}

static struct error *start(struct launch *l, struct target **ret)
{
	struct rsp_client *client = NULL;
	char *identity = NULL;
	struct target *t = NULL;
	struct error *err = begin_args(l);

	if (!err)
		err = prepare_log(l);
	if (!err)
		err = end_args(l);
	if (!err)
		err = ask(l, "--version", false, &identity);
	if (!err)
		err = launch(l, &client);
	if (!err)
		err = make_target(l, client, identity, &t);
	free(identity);
	if (err)
		return err;
	err = join_log(l, t);
	if (!err)
		err = prepare_guest(l, t);
	if (err)
		target_destroy(t);
	else
		*ret = t;
	return err;
}

struct error *target_qemu_create(const struct isa *isa, const struct qemu_options *options, struct target **ret)
{
	struct launch l = {.isa = isa, .options = options};

	/* QEMU 7.2 and 10.0 end without a word about it. */
	if (access(options->program, R_OK))
		return error_os(errno, "run", options->program);
	struct error *err = qemu_find_emulator(isa, options->emulator, &l.emulator);

	if (!err)
		err = make_socket_path(&l);
	if (!err)
		err = start(&l, ret);
	remove_socket(&l);
	launch_deinit(&l);
	return err;
}

pid_t target_qemu_pid(const struct target *t)
{
	const struct emulator *e = target_gdb_owner_ctx(t);

	return child_pid(e->child);
}
