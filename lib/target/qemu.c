#include "lib/target/qemu.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/strbuf.h"
#include "lib/base/temp.h"
#include "lib/base/vec.h"
#include "lib/sys/initial_stack.h"
#include "lib/target/child.h"

typedef VEC(const char *) string_list;

/* What belongs to one start. */
struct launch {
	const struct isa *isa;
	const struct qemu_options *options;
	char *emulator;
	struct temp_folder folder; /* with the stub's socket; removed once we are connected */
	char *socket;
	string_list args, env;
	bool reverse_env;
	struct child *child;
};

static const char *const folder_contents[] = {"gdb", NULL};

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

static struct error *add(string_list *list, const char *text)
{
	return vec_push(list, text) ? NULL : &error_no_memory;
}

static struct error *add_all(string_list *list, const char *const *texts)
{
	struct error *err = NULL;

	for (; !err && texts && *texts; texts++)
		err = add(list, *texts);
	return err;
}

static struct error *add_pair(string_list *list, const char *option, const char *value)
{
	struct error *err = add(list, option);

	return err ? err : add(list, value);
}

/* Variables by which the emulator itself would be loaded or would behave otherwise. */
static bool concerns_emulator(const char *variable)
{
	static const char *const prefixes[] = {"LD_",   "QEMU_",  "GLIBC_TUNABLES=", "MALLOC_", "GCONV_PATH=",
					       "ASAN_", "UBSAN_", "LSAN_",           "G_",      "VALGRIND_"};

	for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
		if (!strncmp(variable, prefixes[i], strlen(prefixes[i])))
			return true;
	return false;
}

/*
 * QEMU hands its own environment on. What would concern QEMU itself goes by its option -E instead, which takes several
 * variables with commas between them, and so none with a comma in it.
 */
static struct error *split_environment(struct launch *l)
{
	const char *const *variable = l->options->envp;
	struct error *err = NULL;

	for (; !err && variable && *variable; variable++) {
		if (!concerns_emulator(*variable))
			err = add(&l->env, *variable);
		else if (strchr(*variable, ','))
			err = error_create(ERROR_UNSUPPORTED, "QEMU cannot give its guest the variable %.80s",
					   *variable);
		else
			err = add_pair(&l->args, "-E", *variable);
	}
	return err;
}

/*
 * Without address randomisation the kernel puts the heap of a static position-independent QEMU at 0x555555555000, where
 * QEMU in turn wants to put guests of that kind: it moves them between its own maps, where their break cannot grow.
 * With the guest's addresses moved out of the way, it gets the usual ones. 4 GiB suit hosts of small address spaces
 * too.
 */
#define GUEST_BASE "0x100000000"

static struct error *build_args(struct launch *l)
{
	const struct qemu_options *o = l->options;
	bool have_argv = o->argv && o->argv[0];
	struct error *err = add(&l->args, l->emulator);

	if (!err)
		err = add_pair(&l->args, "-B", GUEST_BASE);
	if (!err && o->cpu)
		err = add_pair(&l->args, "-cpu", o->cpu);
	if (!err && o->sysroot)
		err = add_pair(&l->args, "-L", o->sysroot);
	if (!err)
		err = add_all(&l->args, o->extra_args);
	if (!err)
		err = split_environment(l);
	if (!err)
		err = add_pair(&l->args, "-g", l->socket);
	if (!err && have_argv)
		err = add_pair(&l->args, "-0", o->argv[0]);
	if (!err)
		err = add(&l->args, o->program);
	if (!err && have_argv)
		err = add_all(&l->args, o->argv + 1);
	if (!err)
		err = add(&l->args, NULL);
	for (size_t i = 0; l->reverse_env && i < l->env.len / 2; i++) {
		const char *other = l->env.at[l->env.len - 1 - i];

		l->env.at[l->env.len - 1 - i] = l->env.at[i];
		l->env.at[i] = other;
	}
	return err ? err : add(&l->env, NULL);
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
	l->socket = NULL;
}

/* "PREFIX: ended with status 1: MESSAGES" */
static struct error *describe_end(struct child *child, const char *emulator, int status)
{
	char *words = child_last_words(child);
	const char *text = words ? words : "";
	const char *colon = *text ? ": " : "";
	struct error *err;

	if (WIFSIGNALED(status))
		err = error_create(ERROR_TARGET, "%s was killed by signal %d (%s)%s%s", emulator, WTERMSIG(status),
				   strsignal(WTERMSIG(status)), colon, text);
	else
		err = error_create(ERROR_TARGET, "%s ended with status %d%s%s", emulator, WEXITSTATUS(status), colon,
				   text);
	free(words);
	return err;
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
		if (child_ended(l->child, 2, &status))
			return describe_end(l->child, l->emulator, status);
		if (deadline_passed(deadline))
			return error_create(ERROR_TIMEOUT, "%s does not open its GDB socket within %u ms", l->emulator,
					    l->options->timeout_ms);
	}
}

/* Starts the emulator and connects to it. */
static struct error *launch(struct launch *l, struct rsp_client **ret)
{
	struct error *err = make_socket_path(l);

	if (!err)
		err = build_args(l);
	if (!err)
		err = child_start(l->args.at, l->env.at, !l->options->share_streams, &l->child);
	if (!err)
		err = connect_stub(l, ret);
	remove_socket(l);
	return err;
}

static void launch_deinit(struct launch *l)
{
	child_destroy(l->child);
	vec_deinit(&l->args);
	vec_deinit(&l->env);
	free(l->emulator);
}

/* What the target keeps of the emulator. */
struct emulator {
	struct child *child;
	char *path;
};

static void emulator_destroy(void *ctx)
{
	struct emulator *e = ctx;

	child_destroy(e->child);
	free(e->path);
	free(e);
}

/* The emulator's own end says more about a failure than what the connection saw of it. */
static struct error *emulator_explain(void *ctx, struct error *err)
{
	enum { PATIENCE_MS = 2000 };
	struct emulator *e = ctx;
	int status;

	if (!error_is(err, ERROR_TARGET) || !child_ended(e->child, PATIENCE_MS, &status))
		return err;
	struct error *end = describe_end(e->child, e->path, status);
	struct error *both = error_create(ERROR_TARGET, "%s (%s)", err->message, end->message);
	error_destroy(end);
	error_destroy(err);
	return both;
}

static struct error *identify(const struct launch *l, char **ret)
{
	const char *const args[] = {l->emulator, "--version", NULL};

	return child_first_line(args, (const char *const *)environ, l->options->timeout_ms, ret);
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
	*e = (struct emulator){.child = l->child, .path = l->emulator};
	l->child = NULL;
	l->emulator = NULL;
	struct error *err = target_gdb_create(l->isa, client, &options, ret);
	if (err) {
		err = emulator_explain(e, err);
		emulator_destroy(e);
		return err;
	}
	target_gdb_own(*ret, &(struct gdb_owner){.ctx = e, .destroy = emulator_destroy, .explain = emulator_explain});
	return NULL;
}

static struct error *read_stack(void *ctx, uint64_t address, void *ret, size_t len)
{
	size_t got = 0;
	struct error *err = target_read_memory(ctx, address, ret, len, &got);

	return !err && got < len ? error_fault(address + got) : err;
}

/* The guest's first variable, as far as it fits; "" if there is none. */
static struct error *first_variable(struct target *t, char *ret, size_t size)
{
	struct initial_stack s;
	struct state regs;
	size_t got;
	struct error *err = state_init(&regs, t->isa);

	memset(ret, 0, size);
	if (err)
		return err;
	err = target_read_regs(t, &regs);
	uint64_t sp = state_get(&regs, t->isa->sp);
	state_deinit(&regs);
	if (!err)
		err = initial_stack_read(read_stack, t, sp, &s);
	if (err)
		return err;
	if (s.env.len)
		err = target_read_memory(t, s.env.at[0], ret, size - 1, &got);
	initial_stack_deinit(&s);
	return err;
}

/* QEMU 7.2 turns the environment round; 10.0 and 11.1 do not. */
static struct error *is_env_reversed(const struct launch *l, struct target *t, bool *ret)
{
	char seen[256];
	size_t count = l->env.len - 1;

	*ret = false;
	if (count < 2)
		return NULL;
	struct error *err = first_variable(t, seen, sizeof seen);
	if (!err)
		*ret = strncmp(seen, l->env.at[0], sizeof seen - 1) != 0 &&
		       !strncmp(seen, l->env.at[count - 1], sizeof seen - 1);
	return err;
}

static struct error *start(struct launch *l, const char *identity, bool *ret_reversed, struct target **ret)
{
	struct rsp_client *client = NULL;
	struct target *t;
	struct error *err = launch(l, &client);

	if (!err)
		err = make_target(l, client, identity, &t);
	if (err)
		return err;
	err = is_env_reversed(l, t, ret_reversed);
	if (err)
		target_destroy(t);
	else
		*ret = t;
	return err;
}

static struct error *create(const struct isa *isa, const struct qemu_options *options, bool reverse_env,
			    bool *ret_reversed, struct target **ret)
{
	struct launch l = {.isa = isa, .options = options, .reverse_env = reverse_env};
	char *identity = NULL;

	/* QEMU 7.2 and 10.0 end without a word about it. */
	if (access(options->program, R_OK))
		return error_os(errno, "run", options->program);
	struct error *err = qemu_find_emulator(isa, options->emulator, &l.emulator);

	if (!err)
		err = identify(&l, &identity);
	if (!err)
		err = start(&l, identity, ret_reversed, ret);
	free(identity);
	launch_deinit(&l);
	return err;
}

struct error *target_qemu_create(const struct isa *isa, const struct qemu_options *options, struct target **ret)
{
	bool reversed = false;
	struct target *t = NULL;
	struct error *err = create(isa, options, false, &reversed, &t);

	if (!err && reversed) {
		target_destroy(t);
		t = NULL;
		err = create(isa, options, true, &reversed, &t);
	}
	if (!err)
		*ret = t;
	return err;
}

pid_t target_qemu_pid(const struct target *t)
{
	const struct emulator *e = target_gdb_owner_ctx(t);

	return child_pid(e->child);
}
