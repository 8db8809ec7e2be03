/* Which file is executed. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/elf/image.h"
#include "lib/record/record.h"

static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* *ret is the caller's; NULL if no folder of PATH has the program. */
static struct error *search_path(const char *name, char **ret)
{
	const char *dirs = getenv("PATH");

	*ret = NULL;
	for (const char *dir = dirs ? dirs : "/bin:/usr/bin"; *dir;) {
		int len = (int)strcspn(dir, ":");
		char *path;
		if (asprintf(&path, "%.*s%s%s", len, dir, len ? "/" : "./", name) < 0)
			return &error_no_memory;
		if (is_program(path)) {
			*ret = path;
			return NULL;
		}
		free(path);
		dir += len;
		dir += *dir == ':';
	}
	return NULL;
}

/* Names the interpreter, so that the remedy can be pasted. The line may be anything: only what can be shown is. */
static struct error *script_error(const char *path, const char *line, size_t len)
{
	char interpreter[128];
	size_t n = 0, i = 2;

	while (i < len && (line[i] == ' ' || line[i] == '\t'))
		i++;
	while (i < len && line[i] >= ' ' && line[i] <= '~' && n < sizeof interpreter - 1)
		interpreter[n++] = line[i++];
	interpreter[n] = '\0';
	return error_create(ERROR_UNSUPPORTED,
			    "%s is a script: record the program that interprets it: validate record -- %s %s", path,
			    n ? interpreter : "INTERPRETER", path);
}

/* ERROR_UNSUPPORTED for a script, which the kernel would hand to another program. */
static struct error *refuse_script(const char *path)
{
	char text[256];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof text);
	int errnum = errno;

	if (fd >= 0)
		close(fd);
	if (got < 0)
		return error_os(errnum, "read the program", path);
	return got >= 2 && !memcmp(text, "#!", 2) ? script_error(path, text, (size_t)got) : NULL;
}

struct error *record_program_isa(const char *path, const struct isa **ret)
{
	struct elf_image *image;
	struct error *err = refuse_script(path);

	if (!err)
		err = elf_image_open(path, &image);
	if (err)
		return err;
	uint16_t machine = elf_image_machine(image);
	elf_image_close(image);
	const struct isa *isa = isa_by_elf_machine(machine);
	if (!isa)
		return error_create(ERROR_UNSUPPORTED, "%s is for a machine that there is no model of (ELF machine %u)",
				    path, machine);
	*ret = isa;
	return NULL;
}

/* Of this ISA, or if that is NULL, of any. */
static struct error *check_program(const char *path, const struct isa *wanted)
{
	const struct isa *isa = NULL;
	struct error *err = record_program_isa(path, &isa);

	if (err || !isa || !wanted || isa == wanted)
		return err;
	return error_create(ERROR_UNSUPPORTED, "%s is an %s program, this machine is %s: record it with --via qemu",
			    path, isa->name, wanted->name);
}

struct error *record_find_program(const char *name, const struct isa *isa, char **ret)
{
	char *found = NULL;
	struct error *err = NULL;

	if (!strchr(name, '/'))
		err = search_path(name, &found);
	if (err)
		return err;
	if (!found && !strchr(name, '/'))
		return error_os(ENOENT, "find the program in PATH:", name);

	char *path = realpath(found ? found : name, NULL);
	if (!path)
		err = error_os(errno, "find the program", name);
	else if (!is_program(path))
		err = error_os(EACCES, "execute the program", path);
	else
		err = check_program(path, isa);
	free(found);
	if (err) {
		free(path);
		return err;
	}
	*ret = path;
	return NULL;
}
