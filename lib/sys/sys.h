/*
 * What system calls mean: for each, its arguments, what the kernel reads and writes through them, and what a replay does
 * with it. One table of meanings (sys.def) serves every ISA; arch/NAME/syscalls.def maps numbers to meanings.
 *
 * Knows nothing of targets or logs: memory is read through a callback.
 */
#ifndef LIB_SYS_SYS_H
#define LIB_SYS_SYS_H

#include "arch/arch.h"
#include "lib/base/vec.h"

enum sys_sem {
	SYS_UNCLASSIFIED,
#define SYS(sem, policy, flags, ...) SYS_##sem,
#include "lib/sys/sys.def"
#undef SYS
	SYS_NUM_SEMS
};

/* What a replay does with a call. */
enum sys_policy {
	SYS_REJECT,  /* stop with an error that names the call */
	SYS_EMULATE, /* skip the instruction; write the logged result and memory */
	SYS_EXECUTE, /* run it in the guest, with patched arguments where needed, and translate its addresses */
	SYS_PASS,    /* run it in the guest as it stands */
};

enum sys_arg_kind {
	ARG_NONE,
	ARG_INT,    /* signed number */
	ARG_UINT,   /* number, flags, mode */
	ARG_FD,     /* file descriptor */
	ARG_ADDR,   /* guest address that the call does not dereference (mmap, munmap) */
	ARG_STRING, /* NUL-terminated, read by the kernel: a path or a name */
	ARG_IN,     /* memory that the kernel reads */
	ARG_OUT,    /* memory that the kernel writes */
	ARG_INOUT,  /* both */
};

/* Where a buffer's length comes from; n is the row's number. */
enum sys_len {
	LEN_NONE,
	LEN_FIXED,         /* n bytes */
	LEN_ARG,           /* the value of argument `of`, times n */
	LEN_RESULT,        /* the result, times n */
	LEN_POINTED,       /* the 32-bit length that argument `of` points to, as it stands after the call */
	LEN_STRING,        /* up to and with the NUL */
	LEN_SPECIAL,       /* structured: the meaning's handler knows (iovec, msghdr, ioctl, ...) */
};

struct sys_arg {
	enum sys_arg_kind kind;
	enum sys_len len;
	uint8_t of;  /* argument that the length refers to */
	uint32_t n;
};

struct sys_desc {
	enum sys_sem sem;
	const char *name;
	enum sys_policy policy;
	unsigned flags;
	struct sys_arg arg[6];
};

enum {
	SYS_F_NORETURN = 1,  /* exit, exit_group, rt_sigreturn */
	SYS_F_MAP = 2,       /* changes the memory map */
	SYS_F_PROCESS = 4,   /* makes or replaces a process or thread */
	SYS_F_RESULT_ADDR = 8, /* the result is a guest address */
	SYS_F_OUTPUT = 16,   /* writes to a file: write, writev, pwrite64, sendto, ... */
};

/* One call, as the guest made it. */
struct sys_call {
	const struct sysno *row; /* NULL: a number the table does not have */
	uint64_t number;
	uint64_t arg[6];
	int64_t result; /* -errno on failure; meaningless until the call has returned */
};

/*
 * A range of guest memory that a call reads or writes, and how it was found: start at argument `arg`; follow
 * depth - 1 pointers, each at its offset from the last; add the last offset. So the same place can be found in a
 * run in which addresses differ.
 */
enum { SYS_MAX_DEPTH = 4 };
struct sys_range {
	uint64_t address;
	uint64_t len; /* bytes */
	uint8_t arg;
	uint8_t depth; /* 1-SYS_MAX_DEPTH */
	uint32_t offset[SYS_MAX_DEPTH];
};
typedef VEC(struct sys_range) sys_ranges;

/* Reads len bytes of guest memory; ERROR_FAULT if it cannot all be read. */
struct sys_memory {
	void *ctx;
	struct error *(*read)(void *ctx, uint64_t address, void *ret, size_t len);
};

/* The meaning of a number; NULL if the ISA's table has no such row. */
const struct sysno *sys_lookup(const struct isa *isa, uint64_t number);
const struct sys_desc *sys_describe(enum sys_sem sem);

/* Every policy of the table can be printed. */
const char *sys_policy_name(enum sys_policy policy);

/*
 * What the kernel wrote to the guest's memory in a call that has returned (call->result is set), in a fixed order. Ranges
 * may contain bytes that the kernel left alone only where the kernel's interface does not tell (the recorder compares to find
 * them). Appends to *ranges, which the caller owns. A call without this knowledge is ERROR_UNSUPPORTED and is named.
 */
struct error *sys_written(const struct sys_call *call, const struct sys_memory *memory, sys_ranges *ranges);

/* Which memory the kernel may write, asked before the call: a superset of sys_written(), for taking a copy first. Appends. */
struct error *sys_may_write(const struct sys_call *call, const struct sys_memory *memory, sys_ranges *ranges);

/* What the kernel reads of the guest's memory: strings and buffers. Appends. */
struct error *sys_read(const struct sys_call *call, const struct sys_memory *memory, sys_ranges *ranges);

/* Finds the range again from another run's arguments: sets ret to the address there. */
struct error *sys_range_locate(const struct sys_range *range, const uint64_t arg[6], const struct sys_memory *memory,
			       uint64_t *ret);

/* "openat(AT_FDCWD, 0x7ffe.., O_RDONLY)": numbers by kind; strings are shown when memory is given. For messages. */
void sys_format(struct strbuf *out, const struct sys_call *call, const struct sys_memory *memory);

#endif
