/*
 * A process with nothing in it: the native oracle's CPU. It starts as an image of one page that holds the ISA's system
 * call instruction (the stub), through which the kernel is asked to map pages into it; everything else is unmapped. It
 * runs by single steps until it is released, and dies with the thread that started it.
 */
#ifndef LIB_ORACLE_TRACEE_H
#define LIB_ORACLE_TRACEE_H

#include <signal.h>
#include <sys/types.h>

#include "arch/arch.h"

/* Room for a register set of the kernel; XSAVE areas of today have up to 11 KiB. */
enum { TRACEE_MAX_SET = 16384, TRACEE_MAX_GENERAL = 1024 };

/* x86-64: MOV AL, [RDI], and ADD BYTE [RDI], 0; then RET. */
#define TOUCH_READ  0x8a, 0x07, 0xc3
#define TOUCH_WRITE 0x80, 0x07, 0x00, 0xc3
enum { TOUCH_LEN = 4 };

enum tracee_stop {
	TRACEE_STEPPED,
	TRACEE_SIGNAL,  /* raised by the instruction */
	TRACEE_SYSCALL, /* a system call that was not let through */
};

struct tracee {
	const struct isa *isa;
	pid_t pid;     /* 0: no process */
	int pool;      /* the file whose pages are mapped; not owned; its page 0 holds the stub's copy */
	int cpu;       /* the one that it may run on */
	uint64_t stub; /* its page */
	uint8_t general[TRACEE_MAX_GENERAL]; /* the general registers as the process starts */
	size_t general_len;
};

/* Starts the process. ERROR_UNSUPPORTED with the reason if the kernel refuses a service. */
struct error *tracee_start(struct tracee *t, const struct isa *isa, int pool);

/* Kills and reaps it; fine if there is none. */
void tracee_stop(struct tracee *t);

/* Register sets by their NT_ number. *len is the buffer's size, then the set's. */
struct error *tracee_get(const struct tracee *t, int set, void *ret, size_t *len);
struct error *tracee_set(const struct tracee *t, int set, const void *data, size_t len);

/*
 * One step; `let_calls` executes a system call instead of stopping before it. ERROR_TIMEOUT if the step does not end,
 * ERROR_TARGET if the process died; either way it is gone then.
 */
struct error *tracee_step(struct tracee *t, bool let_calls, enum tracee_stop *ret, siginfo_t *ret_info);

/*
 * Maps page `index` of the pool at a free page, and has the process access it, as struct pages_ops says.
 * ERROR_UNSUPPORTED if the kernel does not want to.
 */
struct error *tracee_map(struct tracee *t, uint64_t address, size_t index, int prot, uint8_t *data);
struct error *tracee_unmap(struct tracee *t, uint64_t address, uint64_t len);

/* Lets it run freely and untraced from pc, with its registers of the start. Only tracee_stop() may follow. */
struct error *tracee_release(struct tracee *t, uint64_t pc);

/* Moves the stub elsewhere, away from the pages for which taken() tells true. */
struct error *tracee_move_stub(struct tracee *t, bool (*taken)(void *ctx, uint64_t page), void *ctx);

#endif
