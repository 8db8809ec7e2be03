/* The filter, of the table and by libseccomp. */
#include <asm/ioctls.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/sandbox/private.h"

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41 /* include/uapi/linux/prctl.h, from Linux 5.17 on */
#endif

/* open(2): reading has neither. O_TMPFILE, whose other bits are O_DIRECTORY's, needs an access mode for writing. */
#define SANDBOX_WRITING (O_ACCMODE | O_CREAT | O_TRUNC)
#define SANDBOX_NAMESPACES \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

const struct call_row call_rows[] = {
#define ALWAYS(name)                      {CALL_ALWAYS, #name, 0, 0, 0, 0},
#define ALWAYS_IF(name, arg, mask, value) {CALL_ALWAYS, #name, arg, mask, value, 0},
#define START(name)                       {CALL_START, #name, 0, 0, 0, 0},
#define START_IF(name, arg, mask, value)  {CALL_START, #name, arg, mask, value, 0},
#define ABSENT(name, errnum)              {CALL_ABSENT, #name, 0, 0, errnum, 0},
#define SELF(name)                        {CALL_SELF, #name, 0, 0, 0, 0},
#define SOCKET(name, arg)                 {CALL_SOCKET, #name, arg, 0, 0, 0},
#define GRANT(name, arg, flags)           {CALL_GRANT, #name, arg, 0, 0, flags},
#define PATH(name, arg)                   {CALL_PATH, #name, arg, 0, 0, 0},
#include "lib/sandbox/calls.def"
};
const unsigned num_call_rows = sizeof call_rows / sizeof *call_rows;

/* What a filter that cannot ask does with a row; SCMP_ACT_KILL_PROCESS is the rest's. */
static uint32_t fixed_action(const struct call_row *row)
{
	switch (row->kind) {
	case CALL_ALWAYS:
	case CALL_START: return SCMP_ACT_ALLOW;
	case CALL_ABSENT: return SCMP_ACT_ERRNO((uint32_t)row->value);
	case CALL_SOCKET: return SCMP_ACT_ERRNO(ENOENT);
	case CALL_SELF:
	case CALL_GRANT:
	case CALL_PATH: break;
	}
	return SCMP_ACT_KILL_PROCESS;
}

static int add_row(scmp_filter_ctx ctx, const struct call_row *row, uint32_t action)
{
	int number = seccomp_syscall_resolve_name(row->name);
	const struct scmp_arg_cmp compare = {row->arg, SCMP_CMP_MASKED_EQ, row->mask, row->value};

	/* Negative: another architecture has it. */
	if (number < 0)
		return 0;
	return seccomp_rule_add_array(ctx, action, number, row->mask != 0, &compare);
}

static int add_rows(scmp_filter_ctx ctx, bool asks, int channel)
{
	uint32_t rest = asks ? SCMP_ACT_NOTIFY : SCMP_ACT_KILL_PROCESS;
	int failed = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(sendmsg), 1,
				      SCMP_A0_32(SCMP_CMP_EQ, (uint32_t)channel, 0));

	for (unsigned i = 0; i < num_call_rows && !failed; i++) {
		const struct call_row *row = &call_rows[i];
		uint32_t action = row->kind == CALL_ALWAYS ? SCMP_ACT_ALLOW : asks ? rest : fixed_action(row);

		if (action != rest)
			failed = add_row(ctx, row, action);
	}
	/* Another architecture's calls (int 0x80 has the 32-bit ones) go the same way as what is not in the table. */
	if (!failed)
		failed = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, rest);
	/* A search instead of a walk along the list. */
	if (!failed)
		failed = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	return failed;
}

static int read_code(int fd, struct filter *ret)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	size_t size = (size_t)st.st_size;
	if (!size || size / sizeof *ret->code > BPF_MAXINSNS)
		return -E2BIG;
	struct sock_filter *code = malloc(size);
	if (!code)
		return -ENOMEM;
	if (pread(fd, code, size, 0) != (ssize_t)size) {
		free(code);
		return -EIO;
	}
	*ret = (struct filter){code, (unsigned short)(size / sizeof *code)};
	return 0;
}

/* libseccomp before 2.6 writes the program to files only. */
static int export_code(scmp_filter_ctx ctx, struct filter *ret)
{
	int fd = memfd_create("filter", MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	int failed = seccomp_export_bpf(ctx, fd);
	if (!failed)
		failed = read_code(fd, ret);
	close(fd);
	return failed;
}

struct error *filter_build(bool asks, int channel, struct filter *ret)
{
	scmp_filter_ctx ctx = seccomp_init(asks ? SCMP_ACT_NOTIFY : SCMP_ACT_KILL_PROCESS);
	int failed = ctx ? add_rows(ctx, asks, channel) : -EOPNOTSUPP;

	if (!failed)
		failed = export_code(ctx, ret);
	seccomp_release(ctx);
	return failed ? error_os(-failed, "make a filter of system calls", NULL) : NULL;
}
