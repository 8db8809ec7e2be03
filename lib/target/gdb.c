#include "lib/target/gdb.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/codec.h"
#include "lib/target/gdb_private.h"

enum {
	SIGNAL_TRAP = 5,   /* Linux's number, on every ISA: a step or a breakpoint */
	GUEST_PAGE = 4096, /* the smallest unit of access rights */
	COMMAND_ROOM = 48, /* for "M", address, length and the punctuation */
};

static void gdb_destroy(struct target *t)
{
	struct gdb_target *g = to_gdb(t);

	/* First the emulator: a stub that loses its debugger lets the guest run on, with all that this does outside. */
	if (g->owner.destroy)
		g->owner.destroy(g->owner.ctx);
	else if (!g->ended && g->attached)
		rsp_detach(g->client);
	else if (!g->ended)
		rsp_kill(g->client);
	rsp_client_destroy(g->client);
	gdb_layout_deinit(&g->layout);
	rsp_ahead_deinit(&g->stream);
	free(g->image);
	free(g->missing);
	free(g->stale);
	free(g->wanted);
	vec_deinit(&g->own);
	free(g->base.identity);
	free(g);
}

/* Nothing can be asked of a guest that is gone, or while steps are under way. */
static struct error *check_idle(const struct gdb_target *g, const char *what)
{
	if (g->ended)
		return error_create(ERROR_TARGET, "%s: the guest has ended", what);
	if (g->num_plans)
		return error_create(ERROR_BUG, "%s: %zu submitted steps are not collected", what, g->num_plans);
	return NULL;
}

struct error *gdb_fetch_some(struct gdb_target *g, const uint32_t *singles, size_t num)
{
	const struct gdb_layout *l = &g->layout;
	struct rsp_reply reply;
	struct error *err = rsp_request(g->client, &reply, "g");

	if (!err)
		err = gdb_decode_g(l, &reply, g->image, g->missing, &g->any_missing);
	for (size_t i = 0; i < l->single.len; i++)
		g->stale[l->single.at[i]] = true;
	for (size_t i = 0; !err && i < num; i++) {
		err = rsp_request(g->client, &reply, "p%x", l->desc.regs.at[singles[i]].number);
		if (!err)
			err = gdb_decode_p(l, singles[i], &reply, g->image, g->missing, &g->any_missing);
		g->stale[singles[i]] = false;
	}
	return err;
}

struct error *gdb_fetch_image(struct gdb_target *g)
{
	return gdb_fetch_some(g, g->layout.single.at, g->layout.single.len);
}

void gdb_give_state(struct gdb_target *g, struct state *ret)
{
	gdb_rotate_in(&g->layout, g->image);
	gdb_image_to_state(&g->layout, g->image, g->any_missing ? g->missing : NULL, g->stale, ret);
	gdb_rotate_out(&g->layout, g->image);
}

static struct error *gdb_read_regs(struct target *t, struct state *ret)
{
	struct gdb_target *g = to_gdb(t);
	struct error *err = check_idle(g, "reading registers");

	if (!err)
		err = gdb_fetch_image(g);
	if (!err)
		gdb_give_state(g, ret);
	return err;
}

struct error *gdb_put_reg(struct gdb_target *g, uint32_t index, uint32_t as, struct rsp_reply *ret)
{
	const struct tdesc_reg *reg = &g->layout.desc.regs.at[index];
	bool swap = g->layout.swap_writes && gdb_is_sve(reg);
	struct strbuf request = {0};

	strbuf_printf(&request, "P%x=", g->layout.desc.regs.at[as].number);
	for (size_t at = 0; swap && at < reg->bits / 8; at += 8)
		strbuf_append_hex(&request, g->image + reg->offset + (at ^ 8), 8);
	if (!swap)
		strbuf_append_hex(&request, g->image + reg->offset, (reg->bits + 7) / 8);
	struct error *err = strbuf_failed(&request) ? &error_no_memory
						    : rsp_request_bytes(g->client, request.at, request.len, ret);
	strbuf_deinit(&request);
	return err;
}

/* All registers that `g` gives, at once. */
static struct error *put_all(struct gdb_target *g)
{
	struct strbuf request = {0};
	struct rsp_reply reply;

	gdb_rotate_for_writing(&g->layout, g->image);
	strbuf_append_char(&request, 'G');
	strbuf_append_hex(&request, g->image, g->layout.g_len);
	struct error *err = strbuf_failed(&request) ? &error_no_memory
						    : rsp_request_bytes(g->client, request.at, request.len, &reply);
	strbuf_deinit(&request);
	if (!err && !rsp_is_ok(&reply))
		err = rsp_unexpected(&reply, "writing registers");
	return err;
}

/* Writes register index of the description from the image; *ret_all: the stub has only the packet for all of them. */
static struct error *write_reg(struct gdb_target *g, uint32_t index, bool *ret_all)
{
	const struct tdesc_reg *reg = &g->layout.desc.regs.at[index];
	struct rsp_reply reply;
	struct error *err = gdb_put_reg(g, index, gdb_written_as(&g->layout, g->image, index), &reply);

	if (err || rsp_is_ok(&reply))
		return err;
	if (reply.len || reg->offset + (reg->bits + 7) / 8 > g->layout.g_len)
		return rsp_unexpected(&reply, reg->name);
	*ret_all = true;
	return NULL;
}

/* Writes each register of the description that a register of the list lies in, once. */
static struct error *write_touched(struct gdb_target *g, const uint32_t *regs, size_t num_regs)
{
	for (size_t i = 0; i < num_regs; i++) {
		int32_t index = g->layout.shown_by[regs[i]];
		bool done = false, all = false;

		for (size_t k = 0; k < i && !done; k++)
			done = g->layout.shown_by[regs[k]] == index;
		if (done)
			continue;
		struct error *err = write_reg(g, (uint32_t)index, &all);
		if (err || all)
			return err ? err : put_all(g);
	}
	return NULL;
}

static struct error *gdb_write_regs(struct target *t, const struct state *from, const uint32_t *regs, size_t num_regs)
{
	struct gdb_target *g = to_gdb(t);
	struct error *err = check_idle(g, "writing registers");

	for (size_t i = 0; !err && i < num_regs; i++)
		if (g->layout.shown_by[regs[i]] < 0)
			err = error_create(ERROR_UNSUPPORTED, "the GDB stub does not show the register %s",
					   t->isa->regs[regs[i]].name);
	/* Registers may share one of the stub's, as the flags do: the rest of it must stay. */
	if (!err)
		err = gdb_fetch_image(g);
	if (err)
		return err;
	gdb_rotate_in(&g->layout, g->image);
	for (size_t i = 0; i < num_regs; i++)
		gdb_reg_to_image(&g->layout, from, regs[i], g->image);
	return write_touched(g, regs, num_regs);
}

struct error *gdb_read_piece(struct gdb_target *g, uint64_t address, uint8_t *ret, size_t len, size_t *ret_len)
{
	struct rsp_reply reply;
	struct error *err = rsp_request(g->client, &reply, "m%" PRIx64 ",%zx", address, len);

	if (err)
		return err;
	if (!reply.len || rsp_is_error(&reply)) {
		*ret_len = 0;
		return NULL;
	}
	if (reply.len > 2 * len || !codec_decode_hex(reply.text, reply.len, ret))
		return rsp_unexpected(&reply, "reading memory");
	*ret_len = reply.len / 2;
	return NULL;
}

enum { SMALL_READ = 256 }; /* bytes */

/* Bytes from address to the end of its page. */
static size_t page_rest(uint64_t address)
{
	return GUEST_PAGE - address % GUEST_PAGE;
}

static struct error *gdb_read_memory(struct target *t, uint64_t address, void *ret, size_t len, size_t *ret_len)
{
	struct gdb_target *g = to_gdb(t);
	struct error *err = check_idle(g, "reading memory");
	/* QEMU 7.2 refuses more than PacketSize / 2 although its buffer would hold it. */
	size_t most = (rsp_packet_size(g->client) - 4) / 2, done = 0;

	while (!err && done < len) {
		uint64_t at = address + done;
		size_t want = len - done < most ? len - done : most, got = 0;

		err = gdb_read_piece(g, at, (uint8_t *)ret + done, want, &got);
		/* QEMU refuses a read whole when any byte of it is not there. */
		if (!err && !got && want > page_rest(at))
			err = gdb_read_piece(g, at, (uint8_t *)ret + done, page_rest(at), &got);
		/* One that says a larger PacketSize than it has, whole reads that are not small. */
		if (!err && !got && want > SMALL_READ && page_rest(at) > SMALL_READ)
			err = gdb_read_piece(g, at, (uint8_t *)ret + done, SMALL_READ, &got);
		if (!err && !got)
			break;
		done += got;
	}
	if (!err)
		*ret_len = done;
	return err;
}

static struct error *write_piece(struct gdb_target *g, uint64_t address, const uint8_t *data, size_t len, bool *ret_ok)
{
	struct strbuf request = {0};
	struct rsp_reply reply;

	strbuf_printf(&request, "M%" PRIx64 ",%zx:", address, len);
	strbuf_append_hex(&request, data, len);
	struct error *err = strbuf_failed(&request) ? &error_no_memory
						    : rsp_request_bytes(g->client, request.at, request.len, &reply);
	strbuf_deinit(&request);
	if (!err && !rsp_is_ok(&reply) && !rsp_is_error(&reply))
		err = rsp_unexpected(&reply, "writing memory");
	if (!err)
		*ret_ok = rsp_is_ok(&reply);
	return err;
}

static struct error *gdb_write_memory(struct target *t, uint64_t address, const void *data, size_t len)
{
	struct gdb_target *g = to_gdb(t);
	struct error *err = check_idle(g, "writing memory");
	size_t most = (rsp_packet_size(g->client) - COMMAND_ROOM) / 2;

	for (size_t done = 0, n = 0; !err && done < len; done += n) {
		uint64_t at = address + done;
		bool ok = false;

		n = len - done < most ? len - done : most;
		err = write_piece(g, at, (const uint8_t *)data + done, n, &ok);
		if (!err && !ok && n > page_rest(at)) {
			n = page_rest(at);
			err = write_piece(g, at, (const uint8_t *)data + done, n, &ok);
		}
		if (!err && !ok)
			err = error_fault(at);
	}
	return err;
}

void gdb_take_stop(struct gdb_target *g, const struct rsp_stop *from, struct stop *ret)
{
	struct stop stop = {.signal = from->signal, .status = from->status};

	if (from->have_thread && from->thread.tid > 0)
		g->tid = (uint64_t)from->thread.tid;
	stop.tid = g->tid;
	switch (from->kind) {
	case RSP_STOP_EXITED: stop.kind = STOP_EXITED; break;
	case RSP_STOP_KILLED: stop.kind = STOP_KILLED; break;
	case RSP_STOP_SIGNAL:
		/* "T00" means: stopped, and no signal is the reason. */
		stop.kind = from->signal && from->signal != SIGNAL_TRAP ? STOP_SIGNAL : STOP_STEPPED;
		if (stop.kind == STOP_STEPPED)
			stop.signal = 0;
	}
	g->ended = stop.kind == STOP_EXITED || stop.kind == STOP_KILLED;
	g->last = stop;
	*ret = stop;
}

struct error *gdb_resume(struct gdb_target *g, char how, int signal, struct stop *ret)
{
	const char *prefix = g->has_vcont ? "vCont;" : "";
	unsigned number = rsp_signal_from_linux(signal);
	struct rsp_stop stop;
	struct error *err;

	if (signal && !number)
		return error_create(ERROR_UNSUPPORTED, "signal %d has no number in the GDB protocol", signal);
	if (signal)
		err = rsp_resume(g->client, &stop, "%s%c%02x", prefix, how - 'a' + 'A', number);
	else
		err = rsp_resume(g->client, &stop, "%s%c", prefix, how);
	if (!err)
		gdb_take_stop(g, &stop, ret);
	return err;
}

static struct error *gdb_step(struct target *t, int signal, struct stop *ret)
{
	struct gdb_target *g = to_gdb(t);
	struct error *err = check_idle(g, "stepping");

	return err ? err : gdb_resume(g, 's', signal, ret);
}

static struct error *breakpoint(struct gdb_target *g, char set, uint64_t address)
{
	struct rsp_reply reply;
	struct error *err = rsp_request(g->client, &reply, "%c0,%" PRIx64 ",%x", set, address,
					(unsigned)g->base.isa->insn_align);

	if (err || rsp_is_ok(&reply))
		return err;
	if (!reply.len)
		return error_create(ERROR_UNSUPPORTED, "the GDB stub has no breakpoints");
	return rsp_unexpected(&reply, "breakpoint");
}

static struct error *read_pc(struct gdb_target *g, uint64_t *ret)
{
	const struct gdb_layout *l = &g->layout;
	const struct tdesc_reg *pc = &l->desc.regs.at[l->shown_by[l->isa->pc]];
	struct error *err = gdb_fetch_image(g);

	if (!err)
		memcpy(ret, g->image + pc->offset, sizeof *ret);
	return err;
}

/* After a run: has it come to the breakpoint, or did the guest itself cause a trap? */
static struct error *judge_run(struct gdb_target *g, uint64_t address, struct stop *ret)
{
	uint64_t pc;

	if (ret->kind != STOP_STEPPED)
		return NULL;
	struct error *err = read_pc(g, &pc);
	if (!err && pc != address) {
		ret->kind = STOP_SIGNAL;
		ret->signal = SIGNAL_TRAP;
	}
	return err;
}

static struct error *gdb_run_to(struct target *t, uint64_t address, struct stop *ret)
{
	struct gdb_target *g = to_gdb(t);
	struct error *err = check_idle(g, "running");
	struct stop stop = {.kind = STOP_STEPPED, .tid = g->tid};
	uint64_t pc = 0;

	if (!err)
		err = read_pc(g, &pc);
	if (err)
		return err;
	if (pc != address) {
		err = breakpoint(g, 'Z', address);
		if (!err)
			err = gdb_resume(g, 'c', 0, &stop);
		if (!err && !g->ended)
			err = breakpoint(g, 'z', address);
		if (!err)
			err = judge_run(g, address, &stop);
	}
	if (!err)
		*ret = stop;
	return err;
}

static struct error *gdb_set_break(struct target *t, uint64_t address, bool on)
{
	struct gdb_target *g = to_gdb(t);
	struct error *err = check_idle(g, "breakpoint");

	return err ? err : breakpoint(g, on ? 'Z' : 'z', address);
}

static struct error *gdb_continue(struct target *t, int signal, struct stop *ret)
{
	struct gdb_target *g = to_gdb(t);
	struct error *err = check_idle(g, "running");

	return err ? err : gdb_resume(g, 'c', signal, ret);
}

static struct error *gdb_explain(struct target *t, struct error *err)
{
	struct gdb_target *g = to_gdb(t);

	return g->owner.explain ? g->owner.explain(g->owner.ctx, err) : err;
}

static const struct target_ops gdb_ops = {
	.destroy = gdb_destroy,
	.explain = gdb_explain,
	.read_regs = gdb_read_regs,
	.write_regs = gdb_write_regs,
	.read_memory = gdb_read_memory,
	.write_memory = gdb_write_memory,
	.step = gdb_step,
	.run_to = gdb_run_to,
	.set_break = gdb_set_break,
	.resume = gdb_continue,
	.submit = gdb_submit,
	.collect = gdb_collect,
	.try_overruns = gdb_try_overruns,
	.has_own = gdb_has_own,
};

struct error *target_gdb_create(const struct isa *isa, struct rsp_client *client, const struct gdb_options *options,
				struct target **ret)
{
	struct gdb_target *g = calloc(1, sizeof *g);

	if (!g) {
		rsp_client_destroy(client);
		return &error_no_memory;
	}
	g->base.ops = &gdb_ops;
	g->base.isa = isa;
	g->base.max_ahead = GDB_MAX_AHEAD;
	g->client = client;
	g->attached = true;
	struct error *err = gdb_set_up(g, options);
	if (err) {
		gdb_destroy(&g->base);
		return err;
	}
	g->base.hidden = g->layout.hidden;
	g->base.on_request = g->layout.on_request;
	/* The guest's kernel, or QEMU in its place, lets it go on by an exception return. */
	g->base.stops_reset = true;
	g->base.trap_is_step = true; /* the protocol has SIGTRAP for both */
	g->base.makes_calls = true;
	g->base.keeps_code = g->is_qemu;
	*ret = &g->base;
	return NULL;
}

void target_gdb_own(struct target *t, const struct gdb_owner *owner)
{
	to_gdb(t)->owner = *owner;
}

void *target_gdb_owner_ctx(const struct target *t)
{
	return ((const struct gdb_target *)t)->owner.ctx;
}

void target_gdb_be_patient(struct target *t, const volatile sig_atomic_t *interrupted)
{
	rsp_client_be_patient(to_gdb(t)->client, interrupted);
}

const char *const *target_gdb_unused_regs(const struct target *t)
{
	return ((const struct gdb_target *)t)->layout.unused.at;
}

bool target_gdb_runs_ahead(const struct target *t)
{
	return ((const struct gdb_target *)t)->ahead == AHEAD_ON;
}
