#include "lib/testing/short_run.h"
#include "lib/testing/regs.h"

#include <stdlib.h>

const struct start usual_start = {CODE, STACK, 0xab, "x86_64", 0};

void short_run_path(int side, char ret[SCRATCH_PATH_LEN])
{
	scratch_path(side ? "b.vtrace" : "a.vtrace", ret);
}

void set(struct run *r, const char *name, uint64_t value)
{
	state_set(&r->after, test_reg(r->isa, name), value);
}

void run_open(struct run *r, int side, const struct start *start)
{
	char path[SCRATCH_PATH_LEN];
	struct trace_header h = {.isa = isa_by_name(start->isa),
				 .recorder = strdup("by hand"),
				 .emulator = strdup("none")};
	const struct trace_module module = {strdup(side ? "/elsewhere/p" : "/bin/p"), start->base,
					    start->base + 0x10000, start->base};

	h.program.path = strdup("/bin/p");
	memset(h.program.sha256, start->program, sizeof h.program.sha256);
	h.log.path = strdup("/run.json");
	*r = (struct run){.isa = h.isa, .tid = 7, .base = start->base};
	ck_no_error(state_init(&r->before, r->isa));
	ck_no_error(state_init(&r->after, r->isa));
	for (uint32_t i = 0; i < r->isa->num_regs; i++)
		state_set_words(&r->after, i, (const uint64_t[EXPR_MAX_WORDS]){0});
	state_set(&r->after, r->isa->pc, start->base);
	state_set(&r->after, r->isa->sp, start->sp);
	state_set(&r->after, 3, start->fourth);
	state_copy(&r->before, &r->after);
	short_run_path(side, path);
	ck_no_error(trace_writer_create(path, &h, &r->after, &r->w));
	ck_no_error(trace_writer_modules(r->w, &module, 1));
	free(module.path);
	trace_header_deinit(&h);
}

void access_memory(struct run *r, bool store, uint64_t address, uint64_t value)
{
	struct trace_access *a = &r->accesses[r->num_accesses++];

	*a = (struct trace_access){.address = address, .known = 0xff, .len = 8, .store = store};
	memcpy(a->data, &value, 8);
}

void call(struct run *r, uint64_t number, uint64_t result)
{
	uint64_t index = r->event.position;

	r->event = (struct trace_event){.number = number, .index = index, .position = index + 1};
	r->has_event = &r->event;
	state_set(&r->after, r->isa->sys.result, result);
}

/* One step, whose results were set before. */
void step_bytes(struct run *r, const void *bytes, size_t len)
{
	struct trace_step s = {.tid = r->tid,
			       .pc = state_get(&r->before, r->isa->pc),
			       .bytes = bytes,
			       .len = (uint16_t)len};

	state_set(&r->after, r->isa->pc, r->next ? r->next : s.pc + len);
	s.before = &r->before;
	s.after = &r->after;
	s.accesses = r->accesses;
	s.num_accesses = r->num_accesses;
	s.event = r->has_event;
	s.signal = r->signal;
	ck_no_error(trace_writer_step(r->w, &s));
	state_copy(&r->before, &r->after);
	r->num_accesses = 0;
	r->has_event = NULL;
	r->next = 0;
	r->signal = 0;
}

void run_close(struct run *r)
{
	const struct trace_end end = {.exited = true};

	ck_no_error(trace_writer_finish(r->w, &end));
	trace_writer_destroy(r->w);
	state_deinit(&r->before);
	state_deinit(&r->after);
}

static void open_trace(int side, struct trace_reader **ret)
{
	char path[SCRATCH_PATH_LEN];

	short_run_path(side, path);
	ck_no_error(trace_reader_open(path, ret));
}

struct error *compare(const struct diff_options *options, struct diff_result *ret)
{
	static const struct diff_options plain = {.max_findings = 100, .consequences = true};
	struct trace_reader *a, *b;

	open_trace(0, &a);
	open_trace(1, &b);
	struct error *err = diff_run(a, b, options ? options : &plain, ret);
	trace_reader_destroy(a);
	trace_reader_destroy(b);
	return err;
}

/* Writes both traces by `make`, which is told the side, and compares them. */
struct diff_result compare_runs(void (*make)(struct run *r, int side), const struct start *b,
				const struct diff_options *options)
{
	struct diff_result result;

	for (int side = 0; side < 2; side++) {
		struct run r;
		run_open(&r, side, side && b ? b : &usual_start);
		make(&r, side);
		run_close(&r);
	}
	ck_no_error(compare(options, &result));
	return result;
}

void check_totals(const struct diff_result *r, const uint64_t expected[DIFF_NUM_CLASSES])
{
	for (unsigned c = 0; c < DIFF_NUM_CLASSES; c++)
		if (r->list[c].total != expected[c])
			ck_abort_msg("%llu differences of class '%s', expected %llu",
				     (unsigned long long)r->list[c].total, diff_class_name((enum diff_class)c),
				     (unsigned long long)expected[c]);
}

void check_location(const struct diff_list *list, size_t index, const char *form, const char *location)
{
	struct strbuf text = {0};

	ck_assert_uint_gt(list->findings.list.len, index);
	const struct finding *f = &list->findings.list.at[index];
	finding_location(&text, f, isa_by_name("x86_64"));
	ck_assert_str_eq(f->insn.form, form);
	ck_assert_str_eq(strbuf_text(&text), location);
	strbuf_deinit(&text);
}
