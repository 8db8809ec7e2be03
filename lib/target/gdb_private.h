/* What the parts of the GDB target share: gdb.c (requests), gdb_setup.c, gdb_quirk.c, gdb_overrun.c, gdb_ahead.c,
 * gdb_foreign.c. */
#ifndef LIB_TARGET_GDB_PRIVATE_H
#define LIB_TARGET_GDB_PRIVATE_H

#include "lib/rsp/ahead.h"
#include "lib/target/gdb.h"
#include "lib/target/gdb_layout.h"

enum { GDB_MAX_AHEAD = 64, GDB_MAX_OUTSTANDING = 2 * GDB_MAX_AHEAD };

enum gdb_ahead_state {
	AHEAD_OFF,    /* one request at a time */
	AHEAD_UNSURE, /* allowed; the next submission tries it with its first step */
	AHEAD_ON,
};

struct qemu_lane;

struct gdb_target {
	struct target base;
	struct rsp_client *client;
	struct gdb_layout layout;

	uint8_t *image, *missing; /* gdb_image_size() bytes; see gdb_layout.h */
	bool any_missing;         /* some register was unavailable once, so that missing is worth looking at */
	bool *stale;              /* by desc.regs: the image has an older value, as it was not asked for */
	uint32_t *wanted;         /* scratch: layout.single.len indices into desc.regs */

	bool is_qemu;
	bool attached; /* the stub did not start the guest itself, or does not say so: it is not ours to end */
	bool has_vcont, has_write_reg;
	uint64_t tid;
	bool overruns_tried;
	VEC(struct target_range) own; /* memory of the emulator's, where the guest would reach it */

	bool ended; /* the guest is gone: last says how */
	struct stop last;

	/* Steps submitted and not collected: a ring. */
	enum gdb_ahead_state ahead;
	struct target_plan plans[GDB_MAX_OUTSTANDING];
	size_t first, num_plans;
	size_t num_sent;  /* of these, sent ahead; the rest is stepped when collected */
	size_t most_sent; /* that may be under way: until the stub is known, a single one, and nothing is lost */
	bool halted;      /* a signal ended the run: the plans that are left give the same stop */
	struct rsp_ahead stream;

	struct gdb_owner owner; /* functions may be NULL */
	struct qemu_lane *lane; /* NULL, or by what it flows (qemu_lane.h) */
};

static inline struct gdb_target *to_gdb(struct target *t)
{
	return (struct gdb_target *)t;
}

/* gdb_setup.c: handshake, description, peculiarities. */
struct error *gdb_set_up(struct gdb_target *g, const struct gdb_options *options);

/* gdb_quirk.c: what QEMU's stubs show wrongly is set right or hidden; and what others show of their stepping is hidden.
 */
struct error *gdb_find_quirks(struct gdb_target *g);
void gdb_hide_step_flag(struct gdb_target *g);

/* gdb_overrun.c: what a step may overrun, as far as that is known without trying; and found by trying. */
void gdb_expect_overruns(struct gdb_target *g);
struct error *gdb_try_overruns(struct target *t);

/* gdb_foreign.c: what of the emulator's own is in the guest's reach, at its start; target_has_own() */
struct error *gdb_find_own(struct gdb_target *g);
struct error *gdb_has_own(struct target *t, uint64_t address, uint64_t len, bool *ret);

/* gdb.c */
/* Asks for what `g` gives, and for these of desc.regs one by one; the others of that kind are stale then. */
struct error *gdb_fetch_some(struct gdb_target *g, const uint32_t *singles, size_t num);
/* Asks for all registers; the image is then in the stub's order. */
struct error *gdb_fetch_image(struct gdb_target *g);
/* The image in the state's terms. */
void gdb_give_state(struct gdb_target *g, struct state *ret);
/* One of z0-z31: whole pieces of 16 bytes. */
static inline bool gdb_is_sve(const struct tdesc_reg *reg)
{
	return reg->name[0] == 'z' && reg->name[1] >= '0' && reg->name[1] <= '9' && reg->bits % 128 == 0;
}

/* Writes what the image has for register index of the description to the one that the stub calls `as`. */
struct error *gdb_put_reg(struct gdb_target *g, uint32_t index, uint32_t as, struct rsp_reply *ret);
/* Resumes by 's' or 'c', with a signal or without (0), and waits for the stop. */
struct error *gdb_resume(struct gdb_target *g, char how, int signal, struct stop *ret);
/* One `m`. The bytes that came, 0 when the stub refuses. */
struct error *gdb_read_piece(struct gdb_target *g, uint64_t address, uint8_t *ret, size_t len, size_t *ret_len);
/* The stub's stop in the target's terms, remembered as the last. */
void gdb_take_stop(struct gdb_target *g, const struct rsp_stop *from, struct stop *ret);

/* gdb_ahead.c */
struct error *gdb_submit(struct target *t, const struct target_plan *plans, size_t num_plans);
struct error *gdb_collect(struct target *t, struct state *regs, struct observed *ret);

#endif
