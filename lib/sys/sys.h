/*
 * What system calls mean: for each, its arguments, what the kernel reads and writes through them, and what a replay
 * does with it. One table of meanings (sys.def) serves every ISA; arch/NAME/syscalls.def maps numbers to meanings.
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
	LEN_FIXED,   /* n bytes */
	LEN_ARG,     /* the value of argument `of`, times n */
	LEN_RESULT,  /* the result, but at most the value of argument `of`; times n */
	LEN_POINTED, /* the 32-bit length that argument `of` points to, as it stands after the call */
	LEN_LENGTH,  /* that length: n bytes, unless argument `of`, the buffer, is NULL */
	LEN_STRING,  /* up to and with the NUL */
	LEN_SPECIAL, /* structured: the meaning's handler knows (iovec, msghdr, ioctl, ...) */
};

/* When the kernel looks at an argument. */
enum sys_when {
	SYS_ALWAYS,
	SYS_IF_SET,   /* argument when_of has one of when_bits */
	SYS_IF_CLEAR, /* it has none of them */
	SYS_IF_GIVEN, /* it is not 0 */
};

struct sys_arg {
	enum sys_arg_kind kind;
	enum sys_len len;
	uint8_t bits; /* of a number: how many low ones the kernel looks at; all of an address */
	uint8_t when, when_of, else_bits;
	uint32_t when_bits;
	uint8_t of;        /* argument that the length refers to, counted from 0 */
	uint8_t addresses; /* as in struct sys_range */
	uint8_t layout;    /* as in struct sys_range */
	uint32_t n;
};

struct sys_desc {
	enum sys_sem sem;
	const char *name; /* "READ": what struct sysno's meaning refers to */
	enum sys_policy policy;
	unsigned flags;
	struct sys_arg arg[6];
};

enum {
	SYS_F_NORETURN = 1,    /* exit, exit_group, rt_sigreturn */
	SYS_F_MAP = 2,         /* changes the memory map */
	SYS_F_PROCESS = 4,     /* makes or replaces a process or thread */
	SYS_F_RESULT_ADDR = 8, /* the result is a guest address */
	SYS_F_OUTPUT = 16,     /* writes to a file: write, writev, pwrite64, sendto, ... */
};

/* One call, as the guest made it. */
struct sys_call {
	const struct sysno *row; /* NULL: a number the table does not have */
	uint64_t number;
	uint64_t arg[6];
	int64_t result; /* -errno on failure; meaningless until the call has returned */
	/* The row's description, for who asks much about one call and has it; NULL: it is looked up by name each time.
	 */
	const struct sys_desc *desc;
};

/*
 * A range of guest memory that a call reads or writes, and how it was found: start at argument `arg`; follow
 * depth - 1 pointers, each at its offset from the last; add the last offset. So the same place can be found in a
 * run in which addresses differ.
 */
enum { SYS_MAX_DEPTH = 4 };

/* Entries that are aligned: between them are bytes that the kernel leaves alone. */
enum sys_layout {
	SYS_PLAIN,     /* all is written */
	SYS_DIRENTS,   /* of getdents */
	SYS_DIRENTS64, /* of getdents64 */
	SYS_CMSGS,     /* control messages */
};

struct sys_range {
	uint64_t address;
	uint64_t len; /* bytes */
	uint8_t arg;
	uint8_t depth; /* 1-SYS_MAX_DEPTH */
	/* Bit i: the 8-byte word i holds a guest address (or a small constant in its place), which another run must
	 * translate: a signal handler, an alternate stack, the data of an epoll event. */
	uint8_t addresses;
	uint8_t layout; /* enum sys_layout, of what the kernel writes */
	uint32_t offset[SYS_MAX_DEPTH];
};
typedef VEC(struct sys_range) sys_ranges;

/* Reads len bytes of guest memory; ERROR_FAULT if it cannot all be read. */
struct sys_memory {
	void *ctx;
	struct error *(*read)(void *ctx, uint64_t address, void *ret, size_t len);
};

/* The kernel's results that are errors: -4095 to -1 (MAX_ERRNO in include/linux/err.h). Others may be negative, too. */
static inline bool sys_failed(int64_t result)
{
	return result < 0 && result >= -4095;
}

/* The row of a number; NULL if the ISA's table has none. */
const struct sysno *sys_lookup(const struct isa *isa, uint64_t number);

/* The row's meaning; SYS_UNCLASSIFIED if row is NULL or names a meaning that sys.def does not have. */
enum sys_sem sys_meaning(const struct sysno *row);

/* Never NULL: SYS_UNCLASSIFIED is described as a rejected call without arguments. */
const struct sys_desc *sys_describe(enum sys_sem sem);

/* The call's description, by desc or by row. */
const struct sys_desc *sys_describe_call(const struct sys_call *call);

/* "reject", "emulate", ...: every policy of the table can be printed. */
const char *sys_policy_name(enum sys_policy policy);

/*
 * What the kernel looks at of argument i in this very call, by its command and its other arguments: ARG_NONE if at
 * nothing. *ret_bits: at how many low bits.
 */
enum sys_arg_kind sys_look(const struct sys_call *call, unsigned i, unsigned *ret_bits);

/* The argument without what the kernel does not look at. */
uint64_t sys_arg(const struct sys_call *call, unsigned i);

/* The call's number in its register, which the kernel takes as an int. */
static inline uint64_t sys_number(uint64_t reg)
{
	return (uint32_t)reg;
}

/*
 * What a replay does with this very call: the policy of its meaning, refined by the request for ioctl, fcntl, prctl and
 * arch_prctl. A call that is rejected or unclassified is ERROR_UNSUPPORTED, and the message names it with its number
 * and request: ask before the call reaches a kernel. Only number, row and arguments of the call matter.
 */
struct error *sys_decide(const struct sys_call *call, enum sys_policy *ret);

/*
 * True for a number that the ISA's table does not have, and for a request of those calls without a row. What such a
 * call does is not known, and sys_decide() rejects it; the kernel may not know it either. Not among them are the
 * numbers of x86-64's x32 ABI, which are calls where a kernel has that.
 */
bool sys_is_unknown(const struct sys_call *call);

/*
 * True if the result of such a call says that the kernel does not know it: ENOSYS for a number; ENOTTY, or EINVAL "for
 * historic reasons", of ioctl (Documentation/driver-api/ioctl.rst, "Return code"); EINVAL of the others (kernel/sys.c,
 * fs/fcntl.c, arch/x86/kernel/process_64.c); and EBADF, where there is no such file. It has then written nothing, but
 * perhaps to the memory that the ioctl's number says (_IOC_READ and _IOC_SIZE in asm-generic/ioctl.h): sys_written()
 * lists that.
 */
bool sys_is_refused(const struct sys_call *call);

/*
 * What the kernel wrote to the guest's memory in a call that has returned (call->result is set), in a fixed order.
 * Ranges contain bytes that the kernel left alone in two cases: between entries, where sys_find_holes() finds them, and
 * when the result is -EFAULT, after which everything is listed that the call may have begun to write and that is
 * readable. Where the kernel overwrites the length of a buffer by a longer one (a truncated
 * socket address), the range is too long until sys_clip() has seen what the length was before. Results are the kernel's
 * own at the end of the call: -512 to -516 (ERESTARTSYS and its kin), which only a tracer sees, count as interruptions.
 * Appends to *ranges, which the caller owns. A call without this knowledge is ERROR_UNSUPPORTED and is named, unless
 * the kernel has refused it.
 */
struct error *sys_written(const struct sys_call *call, const struct sys_memory *memory, sys_ranges *ranges);

/*
 * Which memory the kernel may write, asked before the call: covers sys_written(), for taking a copy first. Not all of
 * it need be mapped: the guest may pass what it likes. Appends.
 */
struct error *sys_may_write(const struct sys_call *call, const struct sys_memory *memory, sys_ranges *ranges);

/* Shortens each range of written that begins where a range of may begins, and is longer, to that one's length. */
void sys_clip(sys_ranges *written, const sys_ranges *may);

/* Bytes within a range. */
struct sys_hole {
	uint64_t offset, len;
};
typedef VEC(struct sys_hole) sys_holes;

/*
 * Which bytes of a written range the kernel left alone, by its layout and by what is there after the call: data,
 * range->len bytes. Appends them in order.
 */
struct error *sys_find_holes(const struct sys_range *range, const uint8_t *data, sys_holes *ret);

/* What the kernel reads of the guest's memory: strings and buffers. Appends. */
struct error *sys_read(const struct sys_call *call, const struct sys_memory *memory, sys_ranges *ranges);

/* Finds the range again from another run's arguments: sets ret to the address there. */
struct error *sys_range_locate(const struct sys_range *range, const uint64_t arg[6], const struct sys_memory *memory,
			       uint64_t *ret);

/*
 * The call and its arguments, by their kinds: openat(AT_FDCWD, "/etc/passwd", 0x80000, 0). Strings are shown when
 * memory is given, else their addresses. For messages. sys_format_result() appends " = 3" or " = -2 (ENOENT)".
 */
void sys_format_result(struct strbuf *out, int64_t result);
void sys_format(struct strbuf *out, const struct sys_call *call, const struct sys_memory *memory);

#endif
