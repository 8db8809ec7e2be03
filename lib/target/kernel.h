/*
 * The part of a kernel that a guest in this process needs while its log is replayed: the calls that change its own
 * address space or thread. Everything else comes from the log, and asking for it here is ERROR_UNSUPPORTED.
 *
 * Calls are known by meaning (lib/sys), so this serves every ISA. There are no files but those in memory
 * (memfd_create()): a replay makes one for each that the logged run mapped.
 */
#ifndef LIB_TARGET_KERNEL_H
#define LIB_TARGET_KERNEL_H

#include "lib/state/state.h"
#include "lib/target/space.h"

struct kernel {
	const struct isa *isa;
	struct space *space; /* borrowed */
	uint64_t heap;       /* where the heap starts */
	uint64_t brk;        /* and where it ends: not aligned */
	uint64_t map_top;    /* maps without an address are placed below */
};

struct kernel_result {
	bool exited;
	int status;
};

/*
 * The guest stands at a system call with these registers. On success the result register in regs holds what the kernel
 * would have put there, and in arch_prctl() a segment base its new value; no other register is touched.
 */
struct error *kernel_call(struct kernel *k, struct state *regs, struct kernel_result *ret);

#endif
