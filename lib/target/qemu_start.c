#include "lib/target/qemu_start.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct error *qemu_add(qemu_words *list, const char *text)
{
	return vec_push(list, text) ? NULL : &error_no_memory;
}

struct error *qemu_add_all(qemu_words *list, const char *const *texts)
{
	struct error *err = NULL;

	for (; !err && texts && *texts; texts++)
		err = qemu_add(list, *texts);
	return err;
}

struct error *qemu_add_pair(qemu_words *list, const char *option, const char *value)
{
	struct error *err = qemu_add(list, option);

	return err ? err : qemu_add(list, value);
}

/*
 * What the emulator gets of our environment: where things are, what language it speaks, and the options of sanitizers
 * that it may be built with. Nothing of it reaches the guest, and nothing of the guest's is in it.
 */
static const char *const inherited[] = {
	"PATH",         "HOME",         "TMPDIR",       "LANG",
	"LC_ALL",       "LC_CTYPE",     "LC_MESSAGES",  "LD_LIBRARY_PATH",
	"ASAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS",
};

static bool is_inherited(const char *variable, const char **ret_name)
{
	for (size_t i = 0; i < sizeof inherited / sizeof *inherited; i++) {
		size_t len = strlen(inherited[i]);

		*ret_name = inherited[i];
		if (!strncmp(variable, inherited[i], len) && variable[len] == '=')
			return true;
	}
	return false;
}

struct error *qemu_inherit(qemu_words *args, qemu_words *env)
{
	struct error *err = NULL;
	const char *name;

	for (char **variable = environ; variable && *variable && !err; variable++) {
		if (!is_inherited(*variable, &name))
			continue;
		err = qemu_add(env, *variable);
		if (!err)
			err = qemu_add_pair(args, "-U", name);
	}
	return err ? err : qemu_add(env, NULL);
}

struct error *qemu_describe_end(struct child *child, const char *emulator, int status, const char *cpu)
{
	char *words = child_last_words(child);
	const char *text = words ? words : "";
	const char *colon = *text ? ": " : "";
	struct error *err;

	if (WIFSIGNALED(status))
		err = error_create(ERROR_TARGET, "%s was killed by signal %d (%s)%s%s", emulator, WTERMSIG(status),
				   strsignal(WTERMSIG(status)), colon, text);
	else if (cpu && strstr(text, cpu))
		err = error_create(ERROR_UNSUPPORTED, "%s ended with status %d%s%s: %s -cpu help lists the models",
				   emulator, WEXITSTATUS(status), colon, text, emulator);
	else
		err = error_create(ERROR_TARGET, "%s ended with status %d%s%s", emulator, WEXITSTATUS(status), colon,
				   text);
	free(words);
	return err;
}

/* Of one that tried what it must not; NULL: it did not. */
static struct error *describe_refusal(struct sandbox *sandbox, const char *emulator)
{
	const char *call = sandbox ? sandbox_refused(sandbox) : NULL;

	if (!call)
		return NULL;
	return error_create(ERROR_SANDBOX,
			    "%s tried what its sandbox refuses, and was ended before it was done: %s; if it is the "
			    "emulator that needs this, and not its guest: --sandbox off",
			    emulator, call);
}

struct error *qemu_prefer_refusal(struct error *err, struct sandbox *sandbox, const char *emulator)
{
	struct error *refusal = err ? describe_refusal(sandbox, emulator) : NULL;

	if (!refusal)
		return err;
	error_destroy(err);
	return refusal;
}
