/* What this process gives up for good; and what it starts from then on. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "lib/sandbox/private.h"

static const char *const dropped[] = {
#define DROPPED(name) #name,
#include "lib/sandbox/drop.def"
};

static int load_filter(void)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int failed = ctx ? 0 : -EOPNOTSUPP;

	for (size_t i = 0; i < sizeof dropped / sizeof *dropped && !failed; i++) {
		int number = seccomp_syscall_resolve_name(dropped[i]);

		/* Negative: another architecture has it. */
		if (number >= 0)
			failed = seccomp_rule_add_array(ctx, SCMP_ACT_KILL_PROCESS, number, 0, NULL);
	}
	/* The oracle executes a file in memory, by its descriptor; Landlock forbids all others. */
	if (!failed)
		failed = seccomp_rule_add(ctx, SCMP_ACT_KILL_PROCESS, SCMP_SYS(execveat), 1,
					  SCMP_A4(SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH, 0));
	if (!failed)
		failed = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (!failed)
		failed = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_SSB, 1);
	if (!failed)
		failed = seccomp_load(ctx);
	seccomp_release(ctx);
	return failed;
}

/* The folder that a path lies in, in place; of a path that is no more than a name, the current one. */
static const char *folder_of(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash)
		return ".";
	slash[slash == path] = '\0';
	return path;
}

/* Where it is to be written, and where what is there already is in truth. */
static int allow_output(int ruleset, const char *output)
{
	char real[PATH_MAX], *path = strdup(output);
	int failed = path ? landlock_allow_output(ruleset, folder_of(path)) : -ENOMEM;

	free(path);
	if (!failed && realpath(output, real))
		failed = landlock_allow_output(ruleset, folder_of(real));
	return failed;
}

static int restrict_writing(const char *const *outputs, size_t num)
{
	int version, ruleset = landlock_forbid_writing(&version);
	int failed = ruleset < 0 ? ruleset : 0;

	for (size_t i = 0; i < num && !failed; i++)
		if (outputs[i])
			failed = allow_output(ruleset, outputs[i]);
	if (ruleset >= 0)
		failed = landlock_enforce(ruleset, failed);
	return failed ? failed : version;
}

struct error *sandbox_drop(const char *const *outputs, size_t num, struct sandbox_state *ret)
{
	struct sandbox_state state = {.on = true};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return error_os(errno, "give up new privileges", NULL);
	int version = restrict_writing(outputs, num);
	state.landlock = version > 0 ? version : 0;
	state.landlock_errnum = version > 0 ? 0 : -version;
	int failed = load_filter();
	state.filter = failed ? SANDBOX_NO_FILTER : SANDBOX_OWN;
	state.filter_errnum = -failed;
	*ret = state;
	return NULL;
}
