/* Objects that a stub hands out piece by piece (qXfer), the target description being one. */
#include <stdlib.h>

#include "lib/base/clock.h"
#include "lib/rsp/client_private.h"

enum { MAX_OBJECT = 1 << 22 }; /* bytes */

/* One piece of an object; *ret_last tells whether it was the last. */
static struct error *read_piece(struct rsp_client *c, const char *object, const char *annex, struct strbuf *to,
				bool *ret_last)
{
	struct rsp_reply reply;
	/* QEMU keeps to what fits when every byte is escaped; others need room for the letter in front. */
	size_t want = c->packet_size - 4;
	struct error *err = rsp_request(c, &reply, "qXfer:%s:read:%s:%zx,%zx", object, annex, to->len, want);

	if (err)
		return err;
	if (!reply.len)
		return error_create(ERROR_TARGET, "the GDB stub has no object %s", object);
	char kind = reply.text[0];
	if ((kind != 'm' && kind != 'l') || (kind == 'm' && reply.len == 1))
		return rsp_unexpected(&reply, object);
	if (reply.len - 1 > MAX_OBJECT - to->len)
		return error_create(ERROR_PROTOCOL, "the GDB stub's object %s has more than %d bytes", object,
				    MAX_OBJECT);
	strbuf_append_bytes(to, reply.text + 1, reply.len - 1);
	*ret_last = kind == 'l';
	return NULL;
}

struct error *rsp_read_object(struct rsp_client *c, const char *object, const char *annex, char **ret, size_t *ret_len)
{
	deadline_t deadline = deadline_after(c->timeout_ns);
	struct strbuf text = {0};
	bool last = false;
	struct error *err = NULL;

	while (!err && !last) {
		err = read_piece(c, object, annex, &text, &last);
		/* Also of one that comes byte by byte. */
		if (!err && !last && deadline_passed(deadline))
			err = error_create(ERROR_TIMEOUT, "the GDB stub does not hand out %s %s within %.1f s", object,
					   annex, (double)c->timeout_ns / (double)CLOCK_S);
	}
	size_t len = text.len;
	strbuf_append_char(&text, '\0');
	char *whole = strbuf_take(&text);
	if (!err && !whole)
		err = &error_no_memory;
	if (err) {
		free(whole);
		return err;
	}
	*ret = whole;
	*ret_len = len;
	return NULL;
}

static struct error *fetch_annex(void *ctx, const char *annex, char **ret, size_t *ret_len)
{
	return rsp_read_object(ctx, "features", annex, ret, ret_len);
}

struct error *rsp_read_tdesc(struct rsp_client *c, struct tdesc *ret)
{
	if (!rsp_supports(c, "qXfer:features:read"))
		return error_create(ERROR_TARGET, "the GDB stub has no target description");
	return tdesc_read(fetch_annex, c, ret);
}
