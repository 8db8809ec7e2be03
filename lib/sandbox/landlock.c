/*
 * Landlock (Documentation/userspace-api/landlock.rst of the kernel): what a process may do to files, and from version 4
 * of the interface on to TCP, from 6 on to what is outside of it. The values are the kernel's (uapi/linux/landlock.h),
 * written out because the headers of older systems lack the later ones; a kernel is asked only for what its version
 * has.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/sandbox/private.h"

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444 /* the same number in all architectures */
#define SYS_landlock_add_rule       445
#define SYS_landlock_restrict_self  446
#endif

enum { VERSION_FLAG = 1, RULE_PATH_BENEATH = 1 };

enum access {
	EXECUTE = 1 << 0,
	WRITE_FILE = 1 << 1,
	READ_FILE = 1 << 2,
	READ_DIR = 1 << 3,
	REMOVE_DIR = 1 << 4,
	REMOVE_FILE = 1 << 5,
	MAKE_CHAR = 1 << 6,
	MAKE_DIR = 1 << 7,
	MAKE_REG = 1 << 8,
	MAKE_SOCK = 1 << 9,
	MAKE_FIFO = 1 << 10,
	MAKE_BLOCK = 1 << 11,
	MAKE_SYM = 1 << 12,
	REFER = 1 << 13,    /* from version 2 on */
	TRUNCATE = 1 << 14, /* 3 */
	OUTPUT = WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | REFER | TRUNCATE,
	CHANGING = EXECUTE | OUTPUT | MAKE_CHAR | MAKE_SOCK | MAKE_FIFO | MAKE_BLOCK | MAKE_SYM,
	TCP = 3,    /* bind and connect */
	SCOPED = 3, /* abstract Unix sockets and signals */
};

struct ruleset {
	uint64_t files, net, scoped;
};

struct __attribute__((packed)) beneath {
	uint64_t allowed;
	int32_t parent;
};

/* All rights on files that the version knows: 13 in the first, and one more in the 2nd, 3rd and 5th. */
static uint64_t all_files(int version)
{
	int num = 13 + (version >= 2) + (version >= 3) + (version >= 5);

	return (UINT64_C(1) << num) - 1;
}

static int allow(int ruleset, const char *path, uint64_t access)
{
	struct beneath rule = {access, open(path, O_PATH | O_CLOEXEC)};

	if (rule.parent < 0)
		return -errno;
	long failed = syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0);
	int errnum = errno;
	close(rule.parent);
	return failed ? -errnum : 0;
}

static long get_version(void)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, VERSION_FLAG);

	return version > 0 ? version : version ? -errno : -ENOSYS;
}

static int create(long version, uint64_t files)
{
	struct ruleset rules = {
		.files = files & all_files((int)version),
		.net = version >= 4 ? TCP : 0,
		.scoped = version >= 6 ? SCOPED : 0,
	};
	size_t size = version >= 6 ? sizeof rules : version >= 4 ? 2 * sizeof rules.net : sizeof rules.files;
	int ruleset = (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0);

	return ruleset < 0 ? -errno : ruleset;
}

int landlock_enforce(int ruleset, int failed)
{
	if (!failed && syscall(SYS_landlock_restrict_self, ruleset, 0))
		failed = -errno;
	close(ruleset);
	return failed;
}

int landlock_restrict(const char *folder)
{
	long version = get_version();
	int ruleset = version > 0 ? create(version, UINT64_MAX) : (int)version;

	if (ruleset < 0)
		return ruleset;
	int failed = allow(ruleset, "/", EXECUTE | READ_FILE | READ_DIR);
	if (!failed)
		failed = allow(ruleset, "/dev/null", WRITE_FILE | READ_FILE);
	if (!failed)
		failed = allow(ruleset, folder, MAKE_SOCK | REMOVE_FILE);
	failed = landlock_enforce(ruleset, failed);
	return failed ? failed : (int)version;
}

int landlock_forbid_writing(int *ret_version)
{
	long version = get_version();

	*ret_version = (int)version;
	return version > 0 ? create(version, CHANGING) : (int)version;
}

int landlock_allow_output(int ruleset, const char *folder)
{
	int version = (int)get_version();

	return allow(ruleset, folder, OUTPUT & all_files(version));
}
