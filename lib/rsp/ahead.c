#include "lib/rsp/ahead.h"

#include <string.h>

static void pad(struct strbuf *to, size_t len)
{
	static const char plus[] = "++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++";

	for (size_t n; len; len -= n) {
		n = len < sizeof plus - 1 ? len : sizeof plus - 1;
		strbuf_append_bytes(to, plus, n);
	}
}

static size_t room(const struct rsp_ahead *a)
{
	return RSP_READ_SIZE - (a->text.len - a->start);
}

/* Ends the unit: its block is full, the acks follow. */
static struct error *end_unit(struct rsp_ahead *a)
{
	pad(&a->text, a->num_requests);
	struct rsp_unit unit = {.end = a->text.len, .num_replies = a->num_requests};
	if (strbuf_failed(&a->text) || !vec_push(&a->units, unit))
		return &error_no_memory;
	a->start = a->text.len;
	a->num_requests = 0;
	return NULL;
}

struct error *rsp_ahead_finish(struct rsp_ahead *a)
{
	if (!a->num_requests)
		return NULL;
	pad(&a->text, room(a));
	return end_unit(a);
}

/* Makes sure that a packet of len bytes fits into the unit. */
static struct error *make_room(struct rsp_ahead *a, size_t len)
{
	if (len > RSP_READ_SIZE)
		return error_create(ERROR_BUG, "packet of %zu bytes sent ahead", len);
	return len > room(a) ? rsp_ahead_finish(a) : NULL;
}

struct error *rsp_ahead_request(struct rsp_ahead *a, const char *packet, size_t len)
{
	struct error *err = make_room(a, len);

	if (err)
		return err;
	strbuf_append_bytes(&a->text, packet, len);
	a->num_requests++;
	return NULL;
}

struct error *rsp_ahead_resume(struct rsp_ahead *a, const char *packet, size_t len)
{
	struct error *err = make_room(a, len);

	if (err)
		return err;
	pad(&a->text, room(a) - len);
	strbuf_append_bytes(&a->text, packet, len);
	a->num_requests++;
	return end_unit(a);
}

void rsp_ahead_clear(struct rsp_ahead *a)
{
	strbuf_clear(&a->text);
	a->units.len = 0;
	a->start = a->num_requests = 0;
}

void rsp_ahead_deinit(struct rsp_ahead *a)
{
	strbuf_deinit(&a->text);
	vec_deinit(&a->units);
}
