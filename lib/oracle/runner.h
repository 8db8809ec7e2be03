/*
 * A process that runs instructions without being traced: some twenty times as fast as by ptrace, for instructions that
 * do not enter the kernel. It waits on a futex in a page shared with us; on our word it
 * loads all registers, jumps to the instruction, and has a signal's handler store what there is when the CPU comes to
 * the INT3 behind the instruction, or by a single step, or by a fault. System calls of the instruction itself are
 * caught (prctl(2), PR_SET_SYSCALL_USER_DISPATCH).
 */
#ifndef LIB_ORACLE_RUNNER_H
#define LIB_ORACLE_RUNNER_H

#include "lib/oracle/tracee.h"

enum { RUNNER_PAGES = 30 }; /* its own, in the pool */

/* An instruction at the end of a page behind which there is none, run by a single step; and the signal that ended it. */
struct runner_probe {
	uint64_t pc;
	uint8_t bytes[16]; /* the page's last ones */
	uint64_t after, address;
	int32_t signal, code;
};

enum { RUNNER_MAX_PROBES = 512 };

struct runner_control;

struct runner {
	struct tracee process; /* pid 0: there is none */
	struct runner_control *control;
	unsigned turns; /* since it was last seen where it runs */
};

/*
 * Starts it; its own pages are those of the pool file from `first` on, which are mapped here at `pages`.
 * ERROR_UNSUPPORTED: this machine or its kernel lack something.
 */
struct error *runner_start(struct runner *r, const struct isa *isa, int pool, size_t first, uint8_t *pages);
void runner_stop(struct runner *r);

/* Of pages_ops, for a struct runner. */
struct error *runner_map(void *runner, uint64_t address, size_t index, int prot, uint8_t *data);
struct error *runner_unmap(void *runner, uint64_t address);

/* The runner's own pages are there. */
bool runner_has(uint64_t page);

/*
 * Runs from the registers in `general` (struct user_regs_struct) and `xsave` (standard format), by a single step if
 * `step`; else the instruction must be followed by an INT3. Afterwards both hold what there was at the signal, and
 * *ret_info tells which. ERROR_TIMEOUT, ERROR_TARGET: it is gone.
 */
struct error *runner_run(struct runner *r, uint8_t *general, uint8_t *xsave, size_t xsave_len, bool step,
			 siginfo_t *ret_info);

/* The end of the page in which probes are, and the middle of one that they may access. */
uint64_t runner_probe_end(void);
uint64_t runner_probe_data(void);

/*
 * Runs up to RUNNER_MAX_PROBES probes, each from the same registers, in one turn. *ret_done: so many have their results;
 * less than `num` if the process did not survive the next one, and is gone.
 */
struct error *runner_probe(struct runner *r, const uint8_t *general, const uint8_t *xsave, size_t xsave_len,
			   struct runner_probe *probes, size_t num, size_t *ret_done);

#endif
