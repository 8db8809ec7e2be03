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

static void format_arg(struct strbuf *out, const struct sys_call *call, unsigned i, const struct sys_memory *memory)
{
	uint64_t value = sys_arg(call, i);
	unsigned bits;

	switch (sys_look(call, i, &bits)) {
	case ARG_FD: format_fd(out, value); return;
	case ARG_INT: strbuf_printf(out, "%" PRId64, bits == 32 ? (int32_t)value : (int64_t)value); return;
	case ARG_STRING:
		if (value && memory && format_string(out, memory, value))
			return;
		break;
	case ARG_NONE: strbuf_append_char(out, '-'); return;
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

/* Without those at the end that the kernel does not look at. Nothing is known of an unclassified call's. */
static unsigned num_args(const struct sys_call *call, const struct sys_desc *desc)
{
	unsigned num = 6, bits;

	while (desc->sem != SYS_UNCLASSIFIED && num && sys_look(call, num - 1, &bits) == ARG_NONE)
		num--;
	return num;
}

void sys_format(struct strbuf *out, const struct sys_call *call, const struct sys_memory *memory)
{
	const struct sys_desc *desc = sys_describe_call(call);
	const struct sys_request *request = NULL;
	bool multiplexed = sys_find_request(call, desc->sem, &request);
	unsigned num = num_args(call, desc);

	if (call->row)
		strbuf_printf(out, "%s(", call->row->name);
	else
		strbuf_printf(out, "system call %" PRIu64 "(", call->number);
	for (unsigned i = 0; i < num; i++) {
		if (i)
			strbuf_append(out, ", ");
		if (multiplexed && request && i == sys_request_arg(desc->sem))
			strbuf_append(out, request->name);
		else if (multiplexed && i == sys_request_arg(desc->sem))
			strbuf_printf(out, "0x%" PRIx32, (uint32_t)call->arg[i]);
		else if (desc->sem == SYS_UNCLASSIFIED)
			format_number(out, call->arg[i]);
		else
			format_arg(out, call, i, memory);
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
