#include "lib/sys/sys.h"

#include <inttypes.h>
#include <string.h>

#include "lib/sys/walk.h"

enum { MAX_SHOWN = 64, KERNEL_AT_FDCWD = -100 };

static void format_fd(struct strbuf *out, uint64_t value)
{
	if ((int32_t)value == KERNEL_AT_FDCWD)
		strbuf_append(out, "AT_FDCWD");
	else
		strbuf_printf(out, "%" PRId32, (int32_t)value);
}

static void format_number(struct strbuf *out, uint64_t value)
{
	if (value < 10)
		strbuf_printf(out, "%" PRIu64, value);
	else
		strbuf_printf(out, "0x%" PRIx64, value);
}

/* The string's bytes, quoted, or false if they cannot be read. */
static bool format_string(struct strbuf *out, const struct sys_memory *memory, uint64_t address)
{
	struct strbuf text = {0};
	bool ended = false;

	for (unsigned i = 0; i < MAX_SHOWN && !ended; i++) {
		unsigned char c;
		struct error *err = memory->read(memory->ctx, address + i, &c, 1);

		if (err) {
			error_destroy(err);
			strbuf_deinit(&text);
			return false;
		}
		ended = !c;
		if (c == '"' || c == '\\')
			strbuf_printf(&text, "\\%c", c);
		else if (c && (c < 0x20 || c == 0x7f))
			strbuf_printf(&text, "\\x%02x", c);
		else if (c)
			strbuf_append_char(&text, (char)c);
	}
	strbuf_printf(out, "\"%s\"%s", strbuf_text(&text), ended ? "" : "...");
	strbuf_deinit(&text);
	return true;
}

static void format_arg(struct strbuf *out, const struct sys_arg *arg, uint64_t value, const struct sys_memory *memory)
{
	switch (arg->kind) {
	case ARG_FD: format_fd(out, value); return;
	case ARG_INT: strbuf_printf(out, "%" PRId64, (int64_t)value); return;
	case ARG_STRING:
		if (value && memory && format_string(out, memory, value))
			return;
		break;
	case ARG_NONE:
	case ARG_UINT: format_number(out, value); return;
	case ARG_ADDR:
	case ARG_IN:
	case ARG_OUT:
	case ARG_INOUT: break;
	}
	if (value)
		strbuf_printf(out, "0x%" PRIx64, value);
	else
		strbuf_append(out, "NULL");
}

void sys_format(struct strbuf *out, const struct sys_call *call, const struct sys_memory *memory)
{
	const struct sys_desc *desc = sys_describe_call(call);
	const struct sys_request *request = NULL;
	bool multiplexed = sys_find_request(call, desc->sem, &request);

	if (call->row)
		strbuf_printf(out, "%s(", call->row->name);
	else
		strbuf_printf(out, "system call %" PRIu64 "(", call->number);
	for (unsigned i = 0; i < 6; i++) {
		/* Nothing is known of an unclassified call's arguments: all six are shown. */
		if (desc->sem != SYS_UNCLASSIFIED && desc->arg[i].kind == ARG_NONE)
			break;
		if (i)
			strbuf_append(out, ", ");
		if (multiplexed && request && i == sys_request_arg(desc->sem))
			strbuf_append(out, request->name);
		else
			format_arg(out, &desc->arg[i], call->arg[i], memory);
	}
	strbuf_append_char(out, ')');
}

void sys_format_result(struct strbuf *out, int64_t result)
{
	if (!sys_failed(result)) {
		strbuf_append(out, " = ");
		format_number(out, result);
		return;
	}
	const char *name = strerrorname_np((int)-result);
	strbuf_printf(out, " = %" PRId64, result);
	if (name)
		strbuf_printf(out, " (%s)", name);
}
