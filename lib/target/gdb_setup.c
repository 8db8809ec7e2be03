/* What a stub can do, asked once at the start. */
#include <stdlib.h>
#include <string.h>

#include "lib/target/gdb_private.h"

/* The guest must be there and stopped. */
static struct error *ask_stop(struct gdb_target *g)
{
	struct rsp_stop from;
	struct stop stop;
	struct error *err = rsp_resume(g->client, &from, "?");

	if (err)
		return err;
	gdb_take_stop(g, &from, &stop);
	return g->ended ? error_create(ERROR_TARGET, "the GDB stub's guest has already ended") : NULL;
}

static struct error *ask_vcont(struct gdb_target *g)
{
	struct rsp_reply reply;
	struct error *err = rsp_request(g->client, &reply, "vCont?");

	if (!err)
		g->has_vcont = !strncmp(reply.text, "vCont;", 6) && strstr(reply.text, ";s") &&
			       strstr(reply.text, ";c");
	return err;
}

/* A query of QEMU's own, the same in all versions: which bits its single stepping knows. */
static struct error *ask_qemu(struct gdb_target *g)
{
	struct rsp_reply reply;
	struct error *err = rsp_request(g->client, &reply, "qqemu.sstepbits");

	if (!err)
		g->is_qemu = !strncmp(reply.text, "ENABLE=", 7);
	return err;
}

/* "qAttached" of GDB's manual (General Query Packets): 0, the stub started the guest for its debugger, who ends it; 1,
 * it was there before, a machine that somebody runs, say. */
static struct error *ask_attached(struct gdb_target *g)
{
	struct rsp_reply reply;
	struct error *err = rsp_request(g->client, &reply, "qAttached");

	if (!err)
		g->attached = strcmp(reply.text, "0") != 0;
	return err;
}

/* How much of the description `g` gives is seen from its first reply. */
static struct error *make_layout(struct gdb_target *g)
{
	struct tdesc desc;
	struct rsp_reply reply;
	struct error *err = rsp_read_tdesc(g->client, &desc);

	if (err)
		return err;
	err = rsp_request(g->client, &reply, "g");
	if (!err && (!reply.len || reply.len % 2 || rsp_is_error(&reply)))
		err = rsp_unexpected(&reply, "reading registers");
	if (err) {
		tdesc_deinit(&desc);
		return err;
	}
	err = gdb_layout_init(&g->layout, g->base.isa, &desc, (uint32_t)(reply.len / 2));
	if (err)
		return err;
	g->image = calloc(1, gdb_image_size(&g->layout));
	g->missing = calloc(1, gdb_image_size(&g->layout));
	g->stale = calloc(g->layout.desc.regs.len, sizeof *g->stale);
	g->wanted = calloc(g->layout.single.len + 1, sizeof *g->wanted);
	return g->image && g->missing && g->stale && g->wanted ? NULL : &error_no_memory;
}

static struct error *set_identity(struct gdb_target *g, const char *identity)
{
	if (!identity)
		identity = g->is_qemu ? "QEMU's GDB stub" : "GDB stub";
	g->base.identity = strdup(identity);
	return g->base.identity ? NULL : &error_no_memory;
}

static void choose_ahead(struct gdb_target *g, enum gdb_ahead wish)
{
	/* The trick lives from the acks; without them nothing keeps the stub from reading on. */
	bool can = rsp_acks(g->client) && g->has_vcont;

	if (wish == GDB_AHEAD_NEVER || !can || !g->is_qemu)
		g->ahead = AHEAD_OFF;
	else
		g->ahead = AHEAD_UNSURE;
	g->most_sent = 1;
}

struct error *gdb_set_up(struct gdb_target *g, const struct gdb_options *options)
{
	struct error *err = rsp_handshake(g->client);

	if (!err)
		err = ask_stop(g);
	if (!err)
		err = ask_vcont(g);
	if (!err)
		err = ask_qemu(g);
	if (!err)
		err = ask_attached(g);
	if (!err)
		err = set_identity(g, options->identity);
	if (!err)
		err = make_layout(g);
	if (!err && g->is_qemu)
		err = gdb_find_quirks(g);
	else if (!err)
		gdb_hide_step_flag(g);
	if (!err && g->is_qemu)
		err = gdb_find_own(g);
	if (!err) {
		gdb_expect_overruns(g);
		choose_ahead(g, options->ahead);
	}
	return err;
}
