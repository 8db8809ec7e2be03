/*
 * Steps submitted, and what was seen after each: sent ahead (lib/rsp/ahead.h), or one by one when they are collected.
 *
 * Requests that are sent ahead must reach the stub as they were cut, since it acts on what one read() gives. A Unix
 * socket keeps a write together. TCP does not, but what fits into one segment arrives as a whole while nothing else is
 * under way: there a step and all that is read after it go together, and the next when this one was answered.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/codec.h"
#include "lib/target/gdb_private.h"

static const struct target_plan *plan_at(const struct gdb_target *g, size_t i)
{
	return &g->plans[(g->first + i) % GDB_MAX_OUTSTANDING];
}

static void pop_plan(struct gdb_target *g)
{
	g->first = (g->first + 1) % GDB_MAX_OUTSTANDING;
	g->num_plans--;
	if (g->num_sent)
		g->num_sent--;
}

/* A packet of payload's text; returns its length. Nothing in these requests needs to be escaped. */
static size_t frame(char *to, const char *payload)
{
	static const char digits[] = "0123456789abcdef";
	size_t len = 0;
	uint8_t sum = 0;

	to[len++] = '$';
	for (; *payload; payload++) {
		to[len++] = *payload;
		sum += (uint8_t)*payload;
	}
	to[len++] = '#';
	to[len++] = digits[sum >> 4];
	to[len++] = digits[sum & 15];
	return len;
}

enum {
	REQUEST_LEN = 40,
	PACKET_LEN = REQUEST_LEN + 4,
	SEGMENT = 1220, /* TCP's payload at the smallest MTU of IPv6, 1280 */
};

static struct error *add_request(struct gdb_target *g, const char *payload)
{
	char packet[PACKET_LEN];

	return rsp_ahead_request(&g->stream, packet, frame(packet, payload));
}

static void want(struct gdb_target *g, size_t *num, uint32_t index)
{
	for (size_t i = 0; i < *num; i++)
		if (g->wanted[i] == index)
			return;
	g->wanted[(*num)++] = index;
}

/* What the plan asks for one by one, into g->wanted; returns how many. */
static size_t choose(struct gdb_target *g, const struct target_plan *plan)
{
	const struct gdb_layout *l = &g->layout;
	size_t num = 0;

	for (size_t i = 0; plan->all_regs && i < l->single.len; i++)
		g->wanted[num++] = l->single.at[i];
	for (unsigned i = 0; !plan->all_regs && i < plan->num_regs; i++)
		if (l->on_request && l->on_request[plan->reg[i]])
			want(g, &num, (uint32_t)l->shown_by[plan->reg[i]]);
	return num;
}

/* What is not wanted now will be stale. */
static void make_stale(struct gdb_target *g)
{
	for (size_t i = 0; i < g->layout.single.len; i++)
		g->stale[g->layout.single.at[i]] = true;
}

/* One step and what is read after it. */
static struct error *add_step(struct gdb_target *g, const struct target_plan *plan)
{
	static const char step[] = "$vCont;s#b8";
	const struct gdb_layout *l = &g->layout;
	char payload[REQUEST_LEN];
	struct error *err = rsp_ahead_resume(&g->stream, step, sizeof step - 1);

	if (!err)
		err = add_request(g, "g");
	size_t num = choose(g, plan);
	for (size_t i = 0; !err && i < num; i++) {
		snprintf(payload, sizeof payload, "p%x", l->desc.regs.at[g->wanted[i]].number);
		err = add_request(g, payload);
	}
	for (unsigned i = 0; !err && i < plan->num_reads; i++) {
		snprintf(payload, sizeof payload, "m%" PRIx64 ",%x", plan->read[i].address, plan->read[i].len);
		err = add_request(g, payload);
	}
	return err;
}

/* Hands the complete units to the client. */
static struct error *send_stream(struct gdb_target *g)
{
	struct error *err = rsp_ahead_finish(&g->stream);
	size_t at = 0;

	for (size_t i = 0; !err && i < g->stream.units.len; i++) {
		const struct rsp_unit *unit = &g->stream.units.at[i];

		err = rsp_queue(g->client, g->stream.text.at + at, unit->end - at, unit->num_replies);
		at = unit->end;
	}
	rsp_ahead_clear(&g->stream);
	return err ? err : rsp_flush(g->client);
}

/* Sends as many of the plans that are not sent yet as may be under way. */
static struct error *send_plans(struct gdb_target *g)
{
	struct error *err = NULL;

	for (; !err && g->num_sent < g->num_plans && g->num_sent < g->most_sent; g->num_sent++)
		err = add_step(g, plan_at(g, g->num_sent));
	if (!err && !rsp_is_unix(g->client)) {
		err = rsp_ahead_finish(&g->stream);
		if (!err && g->stream.text.len > SEGMENT) {
			rsp_ahead_clear(&g->stream);
			g->num_sent = 0; /* made by single requests when it is collected */
		}
	}
	return err ? err : send_stream(g);
}

/* The stub keeps the order of what is sent ahead. */
static void trust_stub(struct gdb_target *g)
{
	g->ahead = AHEAD_ON;
	g->most_sent = rsp_is_unix(g->client) ? GDB_MAX_OUTSTANDING : 1;
}

struct error *gdb_submit(struct target *t, const struct target_plan *plans, size_t num_plans)
{
	struct gdb_target *g = to_gdb(t);

	if (g->ended && !g->num_plans)
		return error_create(ERROR_TARGET, "stepping: the guest has ended");
	if (num_plans > GDB_MAX_OUTSTANDING - g->num_plans)
		return error_create(ERROR_BUG, "%zu steps submitted with %zu to be collected", num_plans, g->num_plans);
	if (!g->num_plans)
		g->halted = false;
	for (size_t i = 0; i < num_plans; i++)
		target_plan_copy(&g->plans[(g->first + g->num_plans++) % GDB_MAX_OUTSTANDING], &plans[i]);
	if (g->ahead == AHEAD_OFF || g->halted || g->ended)
		return NULL;
	return send_plans(g);
}

/* Replies to the reads of a step. */
static struct error *take_memory(const struct target_read *read, const struct rsp_reply *reply, uint8_t *ret,
				 bool *ret_ok)
{
	*ret_ok = false;
	if (!reply->len || rsp_is_error(reply))
		return NULL;
	if (reply->len > 2u * read->len || !codec_decode_hex(reply->text, reply->len, ret))
		return rsp_unexpected(reply, "reading memory");
	*ret_ok = reply->len == 2u * read->len;
	return NULL;
}

/* The replies behind the stop reply, into the image and ret. */
static struct error *receive_seen(struct gdb_target *g, const struct target_plan *plan, struct observed *ret)
{
	const struct gdb_layout *l = &g->layout;
	struct rsp_reply reply;
	struct error *err = rsp_receive(g->client, &reply);

	if (!err)
		err = gdb_decode_g(l, &reply, g->image, g->missing, &g->any_missing);
	size_t num = choose(g, plan);
	make_stale(g);
	for (size_t i = 0; !err && i < num; i++) {
		err = rsp_receive(g->client, &reply);
		if (!err)
			err = gdb_decode_p(l, g->wanted[i], &reply, g->image, g->missing, &g->any_missing);
		g->stale[g->wanted[i]] = false;
	}
	for (unsigned i = 0; !err && i < plan->num_reads; i++) {
		err = rsp_receive(g->client, &reply);
		if (!err)
			err = take_memory(&plan->read[i], &reply, ret->memory[i], &ret->memory_ok[i]);
	}
	return err;
}

/* What follows a step that was made by itself: the same by single requests. */
static struct error *request_seen(struct gdb_target *g, const struct target_plan *plan, struct observed *ret)
{
	size_t num = choose(g, plan);
	struct error *err = gdb_fetch_some(g, g->wanted, num);

	for (unsigned i = 0; !err && i < plan->num_reads; i++) {
		const struct target_read *read = &plan->read[i];
		size_t got;

		err = gdb_read_piece(g, read->address, ret->memory[i], read->len, &got);
		ret->memory_ok[i] = !err && got == read->len;
	}
	return err;
}

static struct error *receive_stop(struct gdb_target *g, struct stop *ret)
{
	struct rsp_reply reply;
	struct rsp_stop from;
	struct error *err = rsp_receive(g->client, &reply);

	if (err)
		return err;
	if (!rsp_parse_stop(reply.text, reply.len, &from))
		return error_prefix(rsp_unexpected(&reply, "waiting for a step that was sent ahead"),
				    "the GDB stub does not keep the order of requests sent ahead");
	gdb_take_stop(g, &from, ret);
	/* The stub waits for the ack before it goes away; it is under way, unless this was not sent ahead. */
	return g->ended ? rsp_flush(g->client) : NULL;
}

static struct error *collect_sent(struct gdb_target *g, const struct target_plan *plan, struct observed *ret)
{
	struct error *err = receive_stop(g, &ret->stop);

	if (err || g->ended)
		return err;
	return receive_seen(g, plan, ret);
}

/*
 * The stub has answered a request behind the first step before it made that step. Everything that was sent is answered
 * sooner or later, one reply being the stop; then the state is asked for again.
 */
static struct error *give_up_ahead(struct gdb_target *g, const struct target_plan *plan, struct observed *ret)
{
	size_t left = choose(g, plan) + plan->num_reads + 1;
	bool stopped = false;

	for (; left; left--) {
		struct rsp_reply reply;
		struct rsp_stop from;
		struct error *err = rsp_receive(g->client, &reply);

		if (err)
			return error_prefix(err, "trying to send requests ahead");
		if (!stopped && rsp_parse_stop(reply.text, reply.len, &from)) {
			gdb_take_stop(g, &from, &ret->stop);
			stopped = true;
		}
	}
	if (!stopped)
		return error_create(ERROR_PROTOCOL, "the GDB stub has not answered a step");
	g->ahead = AHEAD_OFF;
	return g->ended ? rsp_flush(g->client) : request_seen(g, plan, ret);
}

/* The first step that was sent ahead, alone: does the stub keep the order? */
static struct error *collect_trial(struct gdb_target *g, const struct target_plan *plan, struct observed *ret)
{
	struct rsp_reply reply;
	struct rsp_stop from;
	struct error *err = rsp_receive(g->client, &reply);

	if (err)
		return error_prefix(err, "trying to send requests ahead");
	if (!rsp_parse_stop(reply.text, reply.len, &from))
		return give_up_ahead(g, plan, ret);
	gdb_take_stop(g, &from, &ret->stop);
	if (g->ended)
		return rsp_flush(g->client);
	err = receive_seen(g, plan, ret);
	if (!err)
		trust_stub(g);
	return err;
}

/*
 * A signal stopped the guest, and the steps behind it went on without it. A fault of the instruction itself then comes
 * back each time and nothing changes; anything else has been lost with the signal.
 */
static struct error *drain_after_signal(struct gdb_target *g, const struct stop *signal)
{
	size_t size = g->layout.desc.size;
	uint8_t *before = malloc(size);
	struct error *err = NULL;

	if (!before)
		return &error_no_memory;
	memcpy(before, g->image, size);
	for (size_t i = 1; !err && i < g->num_sent; i++) {
		struct observed again;

		observed_clear(&again);
		err = collect_sent(g, plan_at(g, i), &again);
		if (!err && (again.stop.kind != STOP_SIGNAL || again.stop.signal != signal->signal ||
			     memcmp(g->image, before, size) != 0))
			err = error_create(
				ERROR_TARGET,
				"signal %d reached the guest from outside while steps were sent ahead, and is lost",
				signal->signal);
	}
	free(before);
	g->num_sent = 0;
	return err;
}

static struct error *collect_next(struct gdb_target *g, struct observed *ret)
{
	const struct target_plan *plan = plan_at(g, 0);
	bool sent = g->num_sent > 0;
	struct error *err;

	if (sent && g->ahead == AHEAD_UNSURE) {
		err = collect_trial(g, plan, ret);
	} else if (sent) {
		err = collect_sent(g, plan, ret);
	} else {
		err = gdb_resume(g, 's', 0, &ret->stop);
		if (!err && !g->ended)
			err = request_seen(g, plan, ret);
	}
	if (err || g->ended) {
		g->num_sent = 0;
		return err;
	}
	ret->have_regs = true;
	if (ret->stop.kind != STOP_SIGNAL)
		return NULL;
	g->halted = true;
	return sent ? drain_after_signal(g, &ret->stop) : NULL;
}

struct error *gdb_collect(struct target *t, struct state *regs, struct observed *ret)
{
	struct gdb_target *g = to_gdb(t);
	struct error *err = NULL;

	if (!g->num_plans)
		return error_create(ERROR_BUG, "collecting a step that was not submitted");
	observed_clear(ret);
	if (g->ended || g->halted) {
		ret->stop = g->last;
		ret->have_regs = !g->ended;
	} else {
		err = collect_next(g, ret);
	}
	if (err)
		return err;
	if (ret->have_regs && regs)
		gdb_give_state(g, regs);
	pop_plan(g);
	if (g->ahead == AHEAD_ON && g->num_sent < g->num_plans && !g->halted && !g->ended)
		return send_plans(g);
	return NULL;
}
