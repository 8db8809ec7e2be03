/*
 * The program that is being recorded: on this machine's own CPU (tracee_native.c), or in QEMU behind its GDB stub
 * (tracee_qemu.c). The stops, and what the caller owes at each, are those of lib/target/native.h.
 */
#ifndef LIB_RECORD_TRACEE_H
#define LIB_RECORD_TRACEE_H

#include "lib/evlog/evlog.h"
#include "lib/target/native.h"

struct tracee;

struct tracee_ops {
	void (*destroy)(struct tracee *t);
	struct error *(*go)(struct tracee *t, int signal);
	struct error *(*wait)(struct tracee *t, struct native_stop *ret);
	/* handler: where the program's handler starts. */
	struct error *(*deliver)(struct tracee *t, int signal, uint64_t handler, struct native_stop *ret);
	struct error *(*hold)(struct tracee *t, int signal, bool *ret); /* NULL: never done */
	struct error *(*deny)(struct tracee *t, int errnum);
	struct error *(*answer)(struct tracee *t, int64_t result); /* NULL: nothing shows that is to be hidden */
	struct error *(*make_gate_call)(struct tracee *t, int64_t *ret, bool *ret_made); /* NULL: there are none */
	uint64_t (*number)(const struct tracee *t);
	uint64_t (*reg)(const struct tracee *t, uint32_t reg);
	struct error *(*read_some)(struct tracee *t, uint64_t address, void *ret, size_t len, size_t *ret_len);
	struct error *(*read_ranges)(struct tracee *t, const struct native_range *ranges, size_t num, void *ret);
	struct error *(*mappings)(struct tracee *t, struct evlog_header *h);
};

struct tracee {
	const struct tracee_ops *ops;
	const struct isa *isa;
	pid_t pid; /* of the process that has the program's file descriptors */
	uint64_t tid;
	char *platform;       /* what runs it, for the log's header; owned by the tracee */
	struct evlog_cpu cpu; /* of a native program, for the same; owned by the tracee */
};

/* What both kinds are started with: native_options, and for QEMU the emulator. */
struct tracee_qemu_options {
	struct native_options program;
	const struct isa *isa;
	const char *emulator, *cpu, *sysroot; /* as in struct qemu_options; each may be NULL */
	const char *const *extra_args;
};

struct error *tracee_native_create(const struct native_options *options, struct tracee **ret);
/* The vDSO is hidden by writing to the initial stack. */
struct error *tracee_qemu_create(const struct tracee_qemu_options *options, struct tracee **ret);
/* NULL is fine. */
void tracee_destroy(struct tracee *t);

/* As native_go() and so on. */
struct error *tracee_go(struct tracee *t, int signal);
struct error *tracee_wait(struct tracee *t, struct native_stop *ret);
struct error *tracee_resume(struct tracee *t, int signal, struct native_stop *ret);
struct error *tracee_deliver(struct tracee *t, int signal, uint64_t handler, struct native_stop *ret);
struct error *tracee_hold(struct tracee *t, int signal, bool *ret);
struct error *tracee_deny(struct tracee *t, int errnum);
struct error *tracee_answer(struct tracee *t, int64_t result);
struct error *tracee_make_gate_call(struct tracee *t, int64_t *ret, bool *ret_made);
uint64_t tracee_number(const struct tracee *t);
uint64_t tracee_reg(const struct tracee *t, uint32_t reg);
struct error *tracee_read(struct tracee *t, uint64_t address, void *ret, size_t len);
struct error *tracee_read_some(struct tracee *t, uint64_t address, void *ret, size_t len, size_t *ret_len);
struct error *tracee_read_ranges(struct tracee *t, const struct native_range *ranges, size_t num, void *ret);
/* Appends the mappings to the header: of an emulated program the images and the stack alone. */
struct error *tracee_mappings(struct tracee *t, struct evlog_header *h);
/* The path of a file under /proc/PID: "maps", "fd/3". */
void tracee_proc_path(const struct tracee *t, const char *name, char ret[NATIVE_PROC_LEN]);

#endif
