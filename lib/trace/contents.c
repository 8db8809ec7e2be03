/* What the records besides chunks hold: the header, the images, the end, the index; and events. */
#include <string.h>

#include "lib/trace/format.h"
#include "lib/trace/layout.h"

enum { TEXT_MAX = 1 << 20 };

/* ---- Parts ---- */

/* A copy of the text; NULL for an empty one if it may be missing. */
static struct error *get_text(struct cursor *c, bool optional, char **ret)
{
	const uint8_t *bytes = NULL;
	uint32_t len = 0;
	struct error *err = cursor_u32(c, &len);

	if (!err && len > TEXT_MAX)
		err = cursor_error(c, "a text of %u bytes", len);
	if (!err)
		err = cursor_bytes(c, len, &bytes);
	if (!err && memchr(bytes, 0, len))
		err = cursor_error(c, "a NUL within a text");
	if (err)
		return err;
	*ret = len || !optional ? strndup((const char *)bytes, len) : NULL;
	return *ret || (!len && optional) ? NULL : &error_no_memory;
}

static bool put_file(trace_bytes *out, const struct evlog_file *f)
{
	return put_text(out, f->path) && put_u64(out, f->size) && put_bytes(out, f->sha256, sizeof f->sha256) &&
	       put_text(out, f->build_id);
}

static struct error *get_file(struct cursor *c, struct evlog_file *ret)
{
	const uint8_t *sha256 = NULL;
	struct error *err = get_text(c, true, &ret->path);

	if (!err)
		err = cursor_u64(c, &ret->size);
	if (!err)
		err = cursor_bytes(c, sizeof ret->sha256, &sha256);
	if (!err) {
		memcpy(ret->sha256, sha256, sizeof ret->sha256);
		err = get_text(c, true, &ret->build_id);
	}
	return err;
}

/* ---- The header ---- */

void trace_header_deinit(struct trace_header *h)
{
	free(h->recorder);
	free(h->emulator);
	evlog_file_deinit(&h->program);
	evlog_file_deinit(&h->log);
	free(h->hidden);
	free(h->on_request);
	*h = (struct trace_header){0};
}

static bool put_registers(trace_bytes *out, const struct layout *l, const struct trace_header *h)
{
	bool ok = put_u32(out, (uint32_t)l->regs.len);

	for (size_t i = 0; i < l->regs.len && ok; i++) {
		uint32_t reg = l->regs.at[i].reg;
		ok = put_text(out, l->isa->regs[reg].name) && put_u32(out, l->isa->regs[reg].width) &&
		     put_u32(out, h->on_request && h->on_request[reg] ? REGISTER_ON_REQUEST : 0);
	}
	for (size_t i = 0; i < l->words.len && ok; i++)
		ok = put_u64(out, h->hidden ? layout_get(l, h->hidden, (uint16_t)i) : 0);
	return ok;
}

bool header_put(trace_bytes *out, const struct trace_header *h, const struct layout *layout)
{
	uint32_t flags = (h->stops_reset ? HEADER_STOPS_RESET : 0u) | (h->no_memory ? HEADER_NO_MEMORY : 0u);

	return put_text(out, h->isa->name) && put_text(out, h->recorder) && put_text(out, h->emulator) &&
	       put_file(out, &h->program) && put_file(out, &h->log) && put_u32(out, flags) &&
	       put_registers(out, layout, h);
}

/* One row of the register table. */
static struct error *get_register(struct cursor *c, const struct isa *isa, bool *taken, bool *on_request, uint32_t *ret)
{
	char *name = NULL;
	uint32_t bits = 0, flags = 0;
	struct error *err = get_text(c, false, &name);

	if (!err)
		err = cursor_u32(c, &bits);
	if (!err)
		err = cursor_u32(c, &flags);
	if (!err && !isa_find_reg(isa, name, strlen(name), ret))
		err = cursor_error(c, "%s has no register '%.40s': the trace is of a newer version", isa->name, name);
	if (!err && (isa->regs[*ret].width != bits || taken[*ret]))
		err = cursor_error(c, "register %s stands here %s", isa->regs[*ret].name,
				   taken[*ret] ? "once more" : "with another width");
	if (!err) {
		taken[*ret] = true;
		on_request[*ret] = flags & REGISTER_ON_REQUEST;
	}
	free(name);
	return err;
}

static struct error *get_table(struct cursor *c, const struct isa *isa, uint32_t *regs, bool *taken, bool *on_request,
			       struct layout *ret)
{
	uint32_t num = 0;
	struct error *err = cursor_u32(c, &num);

	if (!err && num > isa->num_regs)
		err = cursor_error(c, "%u registers, %s has %u", num, isa->name, isa->num_regs);
	for (uint32_t i = 0; i < num && !err; i++)
		err = get_register(c, isa, taken, on_request, &regs[i]);
	if (!err && !taken[isa->pc])
		err = cursor_error(c, "the registers are without a PC");
	return err ? err : layout_init_regs(ret, isa, regs, num);
}

/* What the target hides: the registers that are not stored, and the bits that the header names. */
static struct error *get_hidden(struct cursor *c, const struct layout *l, const bool *taken, uint64_t **ret)
{
	const struct isa *isa = l->isa;
	uint64_t *hidden = calloc(isa->num_words, sizeof *hidden);
	struct error *err = hidden ? NULL : &error_no_memory;

	for (size_t i = 0; i < l->words.len && !err; i++) {
		uint64_t bits = 0;
		err = cursor_u64(c, &bits);
		if (!err)
			layout_put(l, hidden, (uint16_t)i, bits & l->words.at[i].ones);
	}
	for (uint32_t r = 0; r < isa->num_regs && !err; r++)
		for (unsigned w = 0; w < reg_words(&isa->regs[r]) && !taken[r]; w++)
			hidden[isa->regs[r].word + w] = UINT64_MAX;
	if (err)
		free(hidden);
	else
		*ret = hidden;
	return err;
}

static struct error *get_registers(struct cursor *c, const struct isa *isa, struct trace_header *ret,
				   struct layout *ret_layout)
{
	uint32_t *regs = calloc(isa->num_regs, sizeof *regs);
	bool *taken = calloc(isa->num_regs, sizeof *taken);
	struct error *err = &error_no_memory;

	ret->on_request = calloc(isa->num_regs, sizeof *ret->on_request);
	if (regs && taken && ret->on_request)
		err = get_table(c, isa, regs, taken, ret->on_request, ret_layout);

	if (!err)
		err = get_hidden(c, ret_layout, taken, &ret->hidden);
	free(regs);
	free(taken);
	return err;
}

static struct error *get_identity(struct cursor *c, struct trace_header *ret)
{
	char *arch = NULL;
	uint32_t flags = 0;
	struct error *err = get_text(c, false, &arch);

	if (!err) {
		ret->isa = isa_by_name(arch);
		if (!ret->isa)
			err = cursor_error(c, "a trace of '%.40s', which validate does not know", arch);
	}
	free(arch);
	if (!err)
		err = get_text(c, false, &ret->recorder);
	if (!err)
		err = get_text(c, false, &ret->emulator);
	if (!err)
		err = get_file(c, &ret->program);
	if (!err)
		err = get_file(c, &ret->log);
	if (!err)
		err = cursor_u32(c, &flags);
	if (err)
		return err;
	ret->stops_reset = flags & HEADER_STOPS_RESET;
	ret->no_memory = flags & HEADER_NO_MEMORY;
	return NULL;
}

struct error *header_get(struct cursor *c, struct trace_header *ret, struct layout *ret_layout)
{
	struct trace_header h = {0};
	struct layout layout = {0};
	struct error *err = get_identity(c, &h);

	if (!err)
		err = get_registers(c, h.isa, &h, &layout);
	if (err) {
		trace_header_deinit(&h);
		layout_deinit(&layout);
		return err;
	}
	*ret = h;
	*ret_layout = layout;
	return NULL;
}

/* ---- The images ---- */

void trace_modules_deinit(trace_modules *modules)
{
	for (size_t i = 0; i < modules->len; i++)
		free(modules->at[i].path);
	vec_deinit(modules);
}

bool modules_put(trace_bytes *out, const struct trace_module *modules, size_t num_modules)
{
	bool ok = put_u32(out, (uint32_t)num_modules);

	for (size_t i = 0; i < num_modules && ok; i++) {
		const struct trace_module *m = &modules[i];
		ok = put_text(out, m->path) && put_u64(out, m->start) && put_u64(out, m->end) && put_u64(out, m->entry);
	}
	return ok;
}

static struct error *get_module(struct cursor *c, struct trace_module *ret)
{
	struct error *err = get_text(c, false, &ret->path);

	if (!err)
		err = cursor_u64(c, &ret->start);
	if (!err)
		err = cursor_u64(c, &ret->end);
	return err ? err : cursor_u64(c, &ret->entry);
}

struct error *modules_get(struct cursor *c, trace_modules *ret)
{
	trace_modules modules = {0};
	uint32_t num = 0;
	struct error *err = cursor_u32(c, &num);

	for (uint32_t i = 0; i < num && !err; i++) {
		struct trace_module m = {0};
		err = get_module(c, &m);
		if (!err && !vec_push(&modules, m))
			err = &error_no_memory;
		if (err)
			free(m.path);
	}
	if (err)
		trace_modules_deinit(&modules);
	else
		*ret = modules;
	return err;
}

/* ---- The end ---- */

enum {
	END_EXITED = 1,
	END_INTERRUPTED = 2,
	END_LIMITED = 4,
	END_LOST = 8,
	END_ERROR = 16,
	/* With END_LIMITED, which limit it was; neither: that of instructions. */
	END_AT_PLACE = 32,
	END_AT_FINDING = 64,
};

static uint32_t put_limit(enum run_limit limit)
{
	static const uint32_t flags[] = {
		[RUN_UNLIMITED] = 0,
		[RUN_LIMIT_INSTRUCTIONS] = END_LIMITED,
		[RUN_LIMIT_UNTIL] = END_LIMITED | END_AT_PLACE,
		[RUN_LIMIT_FINDINGS] = END_LIMITED | END_AT_FINDING,
	};

	return flags[limit];
}

static enum run_limit get_limit(uint32_t flags)
{
	if (!(flags & END_LIMITED))
		return RUN_UNLIMITED;
	return flags & END_AT_PLACE     ? RUN_LIMIT_UNTIL
	       : flags & END_AT_FINDING ? RUN_LIMIT_FINDINGS
					: RUN_LIMIT_INSTRUCTIONS;
}

void trace_end_deinit(struct trace_end *end)
{
	free(end->lost_expected);
	free(end->lost_observed);
	free(end->error);
	*end = (struct trace_end){0};
}

bool end_put(trace_bytes *out, const struct trace_end *end)
{
	uint32_t flags = (end->exited ? END_EXITED : 0u) | (end->interrupted ? END_INTERRUPTED : 0u) |
			 put_limit(end->limit) | (end->lost_expected ? END_LOST : 0u) | (end->error ? END_ERROR : 0u);

	return put_u32(out, flags) && put_u32(out, (uint32_t)end->exit_status) &&
	       put_u32(out, (uint32_t)end->exit_signal) && put_u32(out, (uint32_t)end->error_code) &&
	       put_u64(out, end->lost_event) && put_u64(out, end->lost_pc) && put_u64(out, end->steps) &&
	       put_u64(out, end->nanoseconds) && put_text(out, end->lost_expected) &&
	       put_text(out, end->lost_observed) && put_text(out, end->error);
}

static struct error *get_end_texts(struct cursor *c, uint32_t flags, struct trace_end *ret)
{
	struct error *err = get_text(c, !(flags & END_LOST), &ret->lost_expected);

	if (!err)
		err = get_text(c, !(flags & END_LOST), &ret->lost_observed);
	return err ? err : get_text(c, !(flags & END_ERROR), &ret->error);
}

struct error *end_get(struct cursor *c, struct trace_end *ret)
{
	uint32_t words[4] = {0};
	uint64_t longs[4] = {0};
	struct error *err = NULL;

	for (size_t i = 0; i < 4 && !err; i++)
		err = cursor_u32(c, &words[i]);
	for (size_t i = 0; i < 4 && !err; i++)
		err = cursor_u64(c, &longs[i]);
	if (!err && (words[1] > EXIT_STATUS_MAX || words[2] > SIGNAL_MAX || words[3] > ERROR_BUG))
		err = cursor_error(c, "an end that cannot be");
	if (err)
		return err;
	struct trace_end end = {
		.exited = words[0] & END_EXITED,
		.interrupted = words[0] & END_INTERRUPTED,
		.limit = get_limit(words[0]),
		.exit_status = (int)words[1],
		.exit_signal = (int)words[2],
		.error_code = (int)words[3],
		.lost_event = longs[0],
		.lost_pc = longs[1],
		.steps = longs[2],
		.nanoseconds = longs[3],
	};
	err = get_end_texts(c, words[0], &end);
	if (err)
		trace_end_deinit(&end);
	else
		*ret = end;
	return err;
}

/* ---- The index ---- */

bool index_put(trace_bytes *out, const struct trace_index *index)
{
	bool ok = put_u64(out, index->modules) && put_u64(out, index->end) && put_u64(out, index->chunks.len);

	for (size_t i = 0; i < index->chunks.len && ok; i++) {
		const struct trace_chunk_info *k = &index->chunks.at[i];
		ok = put_u64(out, k->offset) && put_u64(out, k->tid) && put_u64(out, k->first) &&
		     put_u64(out, k->first_event) && put_u32(out, k->steps) && put_u32(out, k->stored) &&
		     put_u32(out, k->raw);
	}
	return ok;
}

static struct error *get_chunk_info(struct cursor *c, struct trace_chunk_info *ret)
{
	uint64_t *longs[] = {&ret->offset, &ret->tid, &ret->first, &ret->first_event};
	uint32_t *words[] = {&ret->steps, &ret->stored, &ret->raw};
	struct error *err = NULL;

	for (size_t i = 0; i < sizeof longs / sizeof *longs && !err; i++)
		err = cursor_u64(c, longs[i]);
	for (size_t i = 0; i < sizeof words / sizeof *words && !err; i++)
		err = cursor_u32(c, words[i]);
	return err;
}

struct error *index_get(struct cursor *c, struct trace_index *ret)
{
	struct trace_index index = {0};
	uint64_t num = 0;
	struct error *err = cursor_u64(c, &index.modules);

	if (!err)
		err = cursor_u64(c, &index.end);
	if (!err)
		err = cursor_u64(c, &num);
	for (uint64_t i = 0; i < num && !err; i++) {
		struct trace_chunk_info info = {0};
		err = get_chunk_info(c, &info);
		if (!err && !vec_push(&index.chunks, info))
			err = &error_no_memory;
	}
	if (err)
		vec_deinit(&index.chunks);
	else
		*ret = index;
	return err;
}

/* ---- Events ---- */

bool event_put(trace_bytes *out, const struct trace_event *ev)
{
	uint8_t flags = (uint8_t)((ev->unlogged ? EVENT_UNLOGGED : 0) | (ev->finished ? EVENT_FINISHED : 0) |
				  (ev->delivery ? EVENT_DELIVERY : 0));
	bool ok = put_number(out, ev->number) && put_number(out, ev->index) && put_number(out, ev->position) &&
		  put_number(out, ev->skipped) && put_u8(out, (uint8_t)ev->policy) && put_u8(out, flags) &&
		  put_number(out, zigzag((uint64_t)(int64_t)ev->status)) && put_number(out, ev->at) &&
		  put_number(out, ev->nanoseconds) && put_number(out, ev->num_writes);
	uint64_t left = EVENT_DATA_MAX;

	for (size_t i = 0; i < ev->num_writes && ok; i++) {
		const struct trace_write *w = &ev->writes[i];
		uint64_t len = w->data_len < left ? w->data_len : left;
		left -= len;
		ok = put_number(out, w->address) && put_number(out, w->len) && put_number(out, len) &&
		     put_bytes(out, w->data, (size_t)len);
	}
	return ok;
}
