#include "cmd/validate/start.h"

#include <stdlib.h>
#include <string.h>

#include "lib/rsp/client.h"
#include "lib/target/qemu.h"
#include "lib/target/unicorn.h"

struct error *option_lane(const char *arg, void *target)
{
	static const char *const names[] = {[LANE_AUTO] = "auto", [LANE_LOG] = "log", [LANE_GDB] = "gdb"};

	for (enum lane lane = LANE_AUTO; lane <= LANE_GDB; lane++) {
		if (strcmp(arg, names[lane]) != 0)
			continue;
		*(enum lane *)target = lane;
		return NULL;
	}
	return error_create(ERROR_USAGE, "'%s' is no lane: auto, log or gdb", arg);
}

struct error *option_granularity(const char *arg, void *target)
{
	bool blocks = !strcmp(arg, "block");

	if (!blocks && strcmp(arg, "insn") != 0)
		return error_create(ERROR_USAGE, "'%s' is no granularity: insn or block", arg);
	*(bool *)target = blocks;
	return NULL;
}

enum { TARGET_TIMEOUT_MS = 20000 }; /* of the target's start, and of every request */

/* Who names an emulator wants it to be started. */
static bool wants_qemu(const struct start_options *o)
{
	return o->qemu || o->emulator;
}

bool start_needs_others(const struct start_options *o)
{
	return wants_qemu(o) || o->remote;
}

struct error *start_check(const struct start_options *o)
{
	if (wants_qemu(o) && o->remote)
		return error_create(ERROR_USAGE, "--qemu or --emulator and --remote exclude each other");
	if (!wants_qemu(o) && (o->lane != LANE_AUTO || o->blocks))
		return error_create(ERROR_USAGE,
				    "%s goes with --qemu or --emulator: only a QEMU that is started has a log to be "
				    "read",
				    o->blocks ? "--granularity block" : "--lane");
	if (o->blocks && o->lane == LANE_GDB)
		return error_create(ERROR_USAGE, "--granularity block is for the log: the stub of --lane gdb steps");
	if (!wants_qemu(o) && (o->emulator_args.len || o->sysroot))
		return error_create(ERROR_USAGE, "--emulator-arg and --sysroot go with --qemu or --emulator");
	if (o->remote && o->cpu)
		return error_create(ERROR_USAGE, "--cpu does not go with --remote, whose CPU is there already");
	return NULL;
}

/* The log's strings, and a NULL behind them. The caller frees the array. */
static const char **string_array(const char *const *at, size_t len)
{
	const char **array = calloc(len + 1, sizeof *array);

	for (size_t i = 0; array && i < len; i++)
		array[i] = at[i];
	return array;
}

static struct error *start_qemu(const struct start_options *o, const struct isa *isa, const struct evlog_header *log,
				const char *program, struct target **ret, struct error **ret_refused)
{
	const char **argv = string_array((const char *const *)log->argv.at, log->argv.len);
	const char **envp = string_array((const char *const *)log->env.at, log->env.len);
	const char **extra = string_array(o->emulator_args.at, o->emulator_args.len);
	struct qemu_options q = {
		.emulator = o->emulator,
		.cpu = o->cpu,
		.sysroot = o->sysroot,
		.extra_args = extra,
		.program = program,
		.argv = argv,
		.envp = envp,
		.sandbox = !o->no_sandbox,
		.timeout_ms = TARGET_TIMEOUT_MS,
	};

	q.log = o->lane == LANE_GDB ? QEMU_LANE_NONE
		: o->stands         ? QEMU_LANE_STANDS
		: o->blocks         ? QEMU_LANE_BLOCKS
				    : QEMU_LANE_INSNS;
	struct error *err = argv && envp && extra ? target_qemu_create(isa, &q, ret) : &error_no_memory;
	if (o->lane == LANE_AUTO && !o->blocks && error_is(err, ERROR_UNSUPPORTED)) {
		*ret_refused = err;
		q.log = QEMU_LANE_NONE;
		err = target_qemu_create(isa, &q, ret);
	}
	free(argv);
	free(envp);
	free(extra);
	return err;
}

static struct error *connect_remote(const struct start_options *o, const struct isa *isa, struct target **ret)
{
	struct rsp_client *client;
	struct gdb_options g = {.identity = NULL};
	struct error *err = rsp_client_connect(o->remote, TARGET_TIMEOUT_MS, &client);

	if (error_is(err, ERROR_OS)) {
		/* A stub that is not there is a target that failed, not a file that cannot be read. */
		struct error *os = err;
		err = error_create(ERROR_TARGET, "%s", os->message);
		error_destroy(os);
	}
	return err ? err : target_gdb_create(isa, client, &g, ret);
}

static struct error *start_unicorn(const struct start_options *o, const struct isa *isa, const struct evlog_header *log,
				   const char *program, struct target **ret)
{
	const struct unicorn_options u = {.log = log,
					  .program = program,
					  .cpu = o->cpu,
					  .timeout_ms = TARGET_TIMEOUT_MS};

	return target_unicorn_create(isa, &u, ret);
}

struct error *start_target(const struct start_options *options, const struct isa *isa, const struct evlog_header *log,
			   const char *program, struct target **ret, struct error **ret_refused)
{
	*ret_refused = NULL;
	if (wants_qemu(options))
		return start_qemu(options, isa, log, program, ret, ret_refused);
	if (options->remote)
		return connect_remote(options, isa, ret);
	return start_unicorn(options, isa, log, program, ret);
}
