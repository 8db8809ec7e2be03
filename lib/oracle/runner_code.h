/*
 * The runner's own pages, and the code in them. For runner.c and runner_many.c alone, on x86-64.
 */
#ifndef LIB_ORACLE_RUNNER_CODE_H
#define LIB_ORACLE_RUNNER_CODE_H

#include <signal.h>
#include <stdint.h>
#include <sys/user.h>

#include "lib/oracle/runner.h"
#include "lib/state/memory.h"

/* Away from the tracee's stub, and from where loaders and guests put anything. */
#define RUNNER_HOME UINT64_C(0x2d5b35a8e000)

enum runner_kind { RUNNER_CALL, RUNNER_RUN, RUNNER_PROBE, RUNNER_MANY };

/* Offsets are known to the code. */
struct runner_control {
	uint32_t turn;    /* 1: the runner's, 0: ours */
	uint32_t kind;    /* enum runner_kind */
	uint64_t call[7]; /* number and arguments; the result in the first */
	uint64_t fs_base, gs_base;
	uint64_t gpr[15];       /* rax rcx rdx rbx rbp rsi rdi r8-r15 */
	uint64_t frame[5];      /* of IRET: rip cs rflags rsp ss */
	uint64_t info, context; /* addresses in the process, of the last signal */
	uint8_t blocked;        /* system calls that are caught: all */
	uint16_t selectors[4];  /* after: ds es fs gs */
	uint64_t touch[2];      /* code to run behind a call that succeeded (0: none), and its RDI */
	uint64_t probe[2];      /* addresses in the process: the next one, the end */
	/* Addresses in the process: the next of many cases, their end, the images of its pages. */
	uint64_t many, many_end, images;
	uint64_t num_pages, page[RUNNER_MANY_PAGES]; /* where the case has them */
	uint64_t rax;                                /* for a moment */
	/* Arguments of calls. */
	stack_t stack;
	uint64_t action[4]; /* the kernel's struct sigaction */
	uint8_t xsave[8192] __attribute__((aligned(64)));
};

/* Bytes of an XSAVE area that are loaded and saved: x87, SSE, AVX in the standard format (SDM vol. 1, 13.4). */
enum { RUNNER_XSAVE = 832 };

/* One of many cases: before and after. What it has of the control is at the same offsets. */
struct runner_entry {
	uint64_t unused[8];
	uint64_t fs_base, gs_base;
	uint64_t gpr[15], frame[5];
	uint64_t unused_too[2];
	uint8_t unused_three;
	uint16_t selectors[4], ss;
	uint8_t unused_four[180];
	uint8_t xsave[RUNNER_XSAVE] __attribute__((aligned(64)));
};

/*
 * The code's page, the control's, those of probes: their list, the page they are put in, their data; the stack; those
 * of many cases. The page of probes is mapped a second time, to be executed, where no other is near, and the data where
 * they may access it: so far away that a stack pointer whose low 16 bits change does not come to our own stack, where
 * the kernel would take us to be handling a signal already.
 */
enum {
	CONTROL_AT = MEMORY_PAGE,
	LIST_AT = 4 * MEMORY_PAGE,
	PROBES_AT = 12 * MEMORY_PAGE,
	DATA_AT = 13 * MEMORY_PAGE,
	STACK_AT = 14 * MEMORY_PAGE,
	ENTRIES_AT = 30 * MEMORY_PAGE,
	IMAGES_AT = 35 * MEMORY_PAGE,
	IMAGES_END = IMAGES_AT + RUNNER_MAX_MANY * RUNNER_MANY_PAGES * MEMORY_PAGE,
	STACK_SIZE = ENTRIES_AT - STACK_AT,
	PROBES_RUN_AT = 1 << 20,
	DATA_RUN_AT = 2 << 20,
	HOME_END = DATA_RUN_AT + MEMORY_PAGE
};

/* The code; of it, the handler of signals, where many cases go on to, and what touches pages. */
extern const uint8_t runner_code[], runner_handler[], runner_return[], runner_touch[], runner_code_end[];

/* Gives the runner its turn, and waits until it is ours again. */
struct error *runner_take_turn(struct runner *r, enum runner_kind kind);

/* The registers before an instruction, by a single step if `step`. */
void runner_put_registers(struct runner_control *c, const struct user_regs_struct *u, bool step);

#endif
