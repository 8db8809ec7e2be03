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

enum { RUNNER_PAGES = 99 }; /* its own, in the pool */

/* An instruction at the end of a page behind which there is none, run by a single step; and the signal that ended it.
 */
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
 * Runs up to RUNNER_MAX_PROBES probes, each from the same registers, in one turn. *ret_done: so many have their
 * results; less than `num` if the process did not survive the next one, and is gone.
 */
struct error *runner_probe(struct runner *r, const uint8_t *general, const uint8_t *xsave, size_t xsave_len,
			   struct runner_probe *probes, size_t num, size_t *ret_done);

/*
 * Many cases of one instruction in one turn, without a signal: behind the instruction stands a jump to where the runner
 * saves the registers, and begins the next case. The cases have writable pages at the same addresses, whose contents
 * the runner puts there and saves.
 *
 *   runner_many_begin   says where the pages are
 *   runner_many_put     registers of case `index`, as of runner_run(); its pages are runner_many_page()s of the
 *                       numbers from index * num_pages on
 *   runner_many         runs them. *ret_done: so many came to the jump; if less than num, the next one ended by a
 * signal. ERROR_TIMEOUT, ERROR_TARGET: the runner is gone runner_many_get     registers after; what the case cannot
 * change is as it was in `general` and `xsave`. pc: where the jump stands. Its pages are in runner_many_page(). Valid
 * until the next runner_many_begin().
 */
enum { RUNNER_MAX_MANY = 16, RUNNER_MANY_PAGES = 4, RUNNER_STOP_LEN = 14 };

void runner_many_stop(uint8_t ret[RUNNER_STOP_LEN]);
void runner_many_begin(struct runner *r, const uint64_t *pages, size_t num_pages);
void runner_many_put(struct runner *r, size_t index, const uint8_t *general, const uint8_t *xsave);
uint8_t *runner_many_page(const struct runner *r, size_t number);
struct error *runner_many(struct runner *r, size_t num, size_t *ret_done);
void runner_many_get(const struct runner *r, size_t index, uint64_t pc, uint8_t *general, uint8_t *xsave);

#endif
