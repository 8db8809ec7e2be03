/*
 * A guest behind a stub of the GDB remote protocol: QEMU's, gdbserver, or another that steps and shows its registers by
 * a target description.
 *
 * Known peculiarities of stubs are dealt with here and nowhere else. Steps are sent ahead where the stub is QEMU's,
 * which is asked of it (qqemu.sstepbits), and once the first step has shown that the replies come in the right order;
 * any other stub is stepped one request at a time.
 */
#ifndef LIB_TARGET_GDB_H
#define LIB_TARGET_GDB_H

#include "lib/rsp/client.h"
#include "lib/target/target.h"

enum gdb_ahead {
	GDB_AHEAD_AUTO, /* for QEMU: many steps over a Unix socket, one at a time over TCP */
	GDB_AHEAD_NEVER,
};

struct gdb_options {
	const char *identity; /* copied; NULL: what the stub tells of itself */
	enum gdb_ahead ahead;
};

/*
 * Takes over a fresh connection whose guest is stopped, at its first instruction as a rule. client belongs to the
 * target from here on, even on failure. ERROR_TARGET if the stub's architecture is not the ISA's.
 */
struct error *target_gdb_create(const struct isa *isa, struct rsp_client *client, const struct gdb_options *options,
				struct target **ret);

/* The owner of what runs the stub. */
struct gdb_owner {
	void *ctx;
	void (*destroy)(void *ctx); /* called before the connection is closed */
	/* May say more about an error of any call on the target: takes err, which is not NULL, and returns it or
	 * another. */
	struct error *(*explain)(void *ctx, struct error *err);
};

/* owner's functions are called on from now on; the struct is copied. */
void target_gdb_own(struct target *t, const struct gdb_owner *owner);

/* The ctx of the owner; NULL if there is none. */
void *target_gdb_owner_ctx(const struct target *t);

/* See rsp_client_be_patient(). */
void target_gdb_be_patient(struct target *t, const volatile sig_atomic_t *interrupted);

/* Registers of the stub that the ISA's state has no place for; NULL behind the last. The names belong to the target. */
const char *const *target_gdb_unused_regs(const struct target *t);

/* Are steps sent ahead? Settled by the first submission. */
bool target_gdb_runs_ahead(const struct target *t);

#endif
