/* validate trace show, verify, stat: recorded traces for people. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/validate/command.h"
#include "lib/lift/lift.h"
#include "lib/trace/trace.h"

/* ---- What they share ---- */

static struct error *open_trace(const char *command, const struct operands *operands, struct trace_reader **ret)
{
	if (operands->len != 1)
		return error_create(ERROR_USAGE, "trace %s: one trace is to be named", command);
	return trace_reader_open(operands->at[0], ret);
}

static void print_identity(const struct trace_reader *r)
{
	const struct trace_header *h = trace_reader_header(r);

	printf("program      %s (%s", h->program.path ? h->program.path : "not known", h->isa->name);
	if (h->program.build_id)
		printf(", build id %s", h->program.build_id);
	printf(")\ntarget       %s\n", h->emulator);
	if (h->log.path)
		printf("log          %s\n", h->log.path);
	printf("recorder     %s\n", h->recorder);
}

/* How the run ended, or where the file does. */
static void print_end(const struct trace_reader *r)
{
	const struct trace_end *end = trace_reader_end(r);

	if (trace_reader_cut(r))
		printf("not whole    %s\n", trace_reader_cut(r));
	if (!end)
		return;
	if (end->exited)
		printf("end          exit status %d\n", end->exit_status);
	else if (end->exit_signal)
		printf("end          signal %d\n", end->exit_signal);
	if (end->limited || end->interrupted)
		printf("end          %s\n", end->limited ? "a limit that was asked for" : "interrupted");
	if (end->error)
		printf("error        %s\n", end->error);
}

/* ---- show ---- */

struct show_options {
	uint64_t at, pc, count;
	bool have_pc, regs;
};

static struct error *option_pc(const char *arg, void *target)
{
	struct show_options *o = target;

	o->have_pc = true;
	return option_number(arg, &o->pc);
}

static void print_value(const struct state *s, uint32_t reg)
{
	const struct reg_desc *desc = &s->isa->regs[reg];
	unsigned words = reg_words(desc), digits = (desc->width + 3u) / 4u;

	if (!state_known(s, reg)) {
		printf("?");
		return;
	}
	printf("0x");
	for (unsigned i = words; i-- > 0;) {
		unsigned n = i + 1 == words ? digits - 16 * i : 16;
		printf("%0*" PRIx64, (int)n, s->value[desc->word + i]);
	}
}

static bool differs(const struct state *a, const struct state *b, uint32_t reg)
{
	const struct reg_desc *desc = &a->isa->regs[reg];
	size_t len = reg_words(desc) * sizeof *a->value;

	return memcmp(a->value + desc->word, b->value + desc->word, len) != 0 ||
	       memcmp(a->unknown + desc->word, b->unknown + desc->word, len) != 0;
}

static void print_changes(const struct trace_step *step)
{
	const struct isa *isa = step->after->isa;

	for (uint32_t r = 0; r < isa->num_regs && !step->running; r++) {
		if (r == isa->pc || !differs(step->before, step->after, r) || !state_known(step->after, r))
			continue;
		printf("  %s=", isa->regs[r].name);
		print_value(step->after, r);
	}
}

static void print_accesses(const struct trace_step *step)
{
	for (size_t i = 0; i < step->num_accesses; i++) {
		const struct trace_access *a = &step->accesses[i];
		printf("\n%24s [0x%" PRIx64 "] = ", a->store ? "store" : "load", a->address);
		for (unsigned k = 0; k < a->len; k++) {
			if (a->known >> k & 1)
				printf("%02x", a->data[k]);
			else
				printf("??");
		}
	}
}

static void print_event(const struct trace_event *ev)
{
	static const char *const policies[] = {"emulated", "executed", "passed"};

	printf("\n%24s call %" PRIu64 ", event %" PRIu64 "%s, %s", "event", ev->number, ev->index,
	       ev->unlogged ? " (not in the log)" : "", policies[ev->policy]);
	for (size_t i = 0; i < ev->num_writes; i++)
		printf("\n%24s [0x%" PRIx64 "], %" PRIu64 " bytes", "wrote", ev->writes[i].address, ev->writes[i].len);
	if (ev->finished)
		printf("\n%24s exit status %d", "", ev->status);
}

static void print_registers(const struct state *s)
{
	for (uint32_t r = 0; r < s->isa->num_regs; r++) {
		printf("%24s ", s->isa->regs[r].name);
		print_value(s, r);
		putchar('\n');
	}
}

static struct error *print_step(struct lift_cache *cache, const struct trace_step *step, bool regs)
{
	struct lifted *lifted;
	struct error *err = lift_cache_get(cache, step->pc, step->bytes, step->len, &lifted);

	if (err)
		return err;
	if (regs)
		print_registers(step->before);
	printf("%10" PRIu64 "  0x%" PRIx64 "  %s", step->number, step->pc,
	       *lifted->insn.text ? lifted->insn.text : "(no instruction)");
	print_changes(step);
	print_accesses(step);
	if (step->event)
		print_event(step->event);
	if (step->signal)
		printf("\n%24s %d", "signal", step->signal);
	putchar('\n');
	return NULL;
}

static struct error *show_steps(const struct trace_reader *r, const struct show_options *o, struct lift_cache *cache)
{
	struct trace_cursor *c;
	struct trace_step step;
	bool end = false, found = !o->have_pc;
	uint64_t left = o->count;
	struct error *err = trace_cursor_create(r, &c);

	if (err)
		return err;
	err = trace_cursor_seek(c, o->at);
	while (!err && left) {
		err = trace_cursor_next(c, &step, &end);
		if (err || end)
			break;
		found = found || step.pc == o->pc;
		if (!found)
			continue;
		err = print_step(cache, &step, o->regs);
		left--;
	}
	trace_cursor_destroy(c);
	if (!err && !found)
		err = error_create(ERROR_USAGE, "trace show: no step at 0x%" PRIx64 " from number %" PRIu64 " on",
				   o->pc, o->at);
	if (!err && left == o->count)
		err = error_create(ERROR_USAGE, "trace show: there is no step %" PRIu64 ": the trace has %" PRIu64,
				   o->at, trace_reader_steps(r));
	return err;
}

static enum exit_status show(const void *options, const struct operands *operands)
{
	struct trace_reader *r = NULL;
	struct lift_cache *cache = NULL;
	struct error *err = open_trace("show", operands, &r);

	if (!err) {
		print_identity(r);
		printf("steps        %" PRIu64 "\n", trace_reader_steps(r));
		print_end(r);
		err = lift_cache_create(trace_reader_header(r)->isa, 0, &cache);
	}
	if (!err)
		err = show_steps(r, options, cache);
	lift_cache_destroy(cache);
	trace_reader_destroy(r);
	return err ? fail(err) : STATUS_OK;
}

/* ---- verify ---- */

static enum exit_status verify(const void *options, const struct operands *operands)
{
	struct trace_reader *r = NULL;
	struct trace_cursor *c = NULL;
	struct trace_step step;
	uint64_t steps = 0, events = 0;
	bool end = false;
	size_t chunks = 0;
	struct error *err = open_trace("verify", operands, &r);

	(void)options;
	if (!err)
		err = trace_cursor_create(r, &c);
	while (!err && !end) {
		err = trace_cursor_next(c, &step, &end);
		steps += !err && !end;
		events += !err && !end && step.event;
	}
	if (!err) {
		trace_reader_chunks(r, &chunks);
		printf("%s: %" PRIu64 " steps, %" PRIu64 " events in %zu chunks: %s\n", operands->at[0], steps, events,
		       chunks, trace_reader_cut(r) ? "sound, but not whole" : "sound and whole");
	}
	if (!err && trace_reader_cut(r))
		err = error_create(ERROR_INPUT, "%s", trace_reader_cut(r));
	trace_cursor_destroy(c);
	trace_reader_destroy(r);
	return err ? fail(err) : STATUS_OK;
}

/* ---- stat ---- */

/* An instruction at a place, and how often it was executed. */
struct place {
	struct lifted *lifted;
	uint64_t pc, count;
};

/* A name, and how often it was met. */
struct tally {
	const char *name;
	uint64_t count;
};

struct stat_run {
	struct lift_cache *cache; /* entries count in themselves (lifted->count is the place, + 1) */
	VEC(struct place) places;
	VEC(uint32_t) of_entry; /* place by entry of the chunk, + 1; 0: not looked up yet */
	uint64_t loads, stores, events, unreadable;
};

static struct error *find_place(struct stat_run *s, const struct trace_step *step, uint32_t *ret)
{
	struct lifted *lifted;
	struct error *err = lift_cache_get(s->cache, step->pc, step->bytes, step->len, &lifted);

	if (err)
		return err;
	if (!lifted->count) {
		if (!vec_push(&s->places, ((struct place){lifted, step->pc, 0})))
			return &error_no_memory;
		lifted->count = s->places.len;
	}
	*ret = (uint32_t)lifted->count;
	return NULL;
}

static struct error *count_step(struct stat_run *s, const struct trace_step *step)
{
	struct error *err = NULL;

	s->events += step->event != NULL;
	s->unreadable += !step->len;
	for (size_t i = 0; i < step->num_accesses; i++)
		*(step->accesses[i].store ? &s->stores : &s->loads) += 1;
	while (s->of_entry.len <= step->entry)
		if (!vec_push(&s->of_entry, 0))
			return &error_no_memory;
	uint32_t *place = &s->of_entry.at[step->entry];
	if (!*place)
		err = find_place(s, step, place);
	if (!err)
		s->places.at[*place - 1].count++;
	return err;
}

static struct error *count_all(struct stat_run *s, const struct trace_reader *r)
{
	struct trace_decoder *d;
	struct trace_step step;
	size_t chunks;
	struct error *err = trace_decoder_create(r, &d);

	if (err)
		return err;
	trace_reader_chunks(r, &chunks);
	for (size_t i = 0; i < chunks && !err; i++) {
		bool end = false;
		s->of_entry.len = 0;
		err = trace_decoder_open(d, i);
		while (!err && !end) {
			err = trace_decoder_next(d, &step, &end);
			if (!err && !end)
				err = count_step(s, &step);
		}
	}
	trace_decoder_destroy(d);
	return err;
}

static int by_count(const void *a, const void *b)
{
	const struct tally *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return strcmp(x->name, y->name);
}

static int by_place_count(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return x->pc < y->pc ? -1 : x->pc > y->pc;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct tally *)a)->name, ((const struct tally *)b)->name);
}

/* Sums up equal names of an array, which becomes shorter, the most frequent first. */
static size_t sum_up(struct tally *tallies, size_t len)
{
	size_t kept = 0;

	qsort(tallies, len, sizeof *tallies, by_name);
	for (size_t i = 0; i < len; i++) {
		if (kept && !strcmp(tallies[kept - 1].name, tallies[i].name))
			tallies[kept - 1].count += tallies[i].count;
		else
			tallies[kept++] = tallies[i];
	}
	qsort(tallies, kept, sizeof *tallies, by_count);
	return kept;
}

enum { LISTED = 20 };

static void print_mix(const struct stat_run *s, const struct trace_reader *r, struct tally *tallies)
{
	double steps = (double)trace_reader_steps(r);

	for (size_t i = 0; i < s->places.len; i++)
		tallies[i] = (struct tally){s->places.at[i].lifted->insn.form, s->places.at[i].count};
	size_t forms = sum_up(tallies, s->places.len);
	for (size_t i = 0; i < s->places.len; i++) {
		const struct insn *insn = &s->places.at[i].lifted->insn;
		tallies[i] = (struct tally){*insn->mnemonic ? insn->mnemonic : "(undecodable)", s->places.at[i].count};
	}
	size_t mnemonics = sum_up(tallies, s->places.len);
	printf("coverage     %zu places, %zu forms, %zu mnemonics\n\nmnemonics\n", s->places.len, forms, mnemonics);
	for (size_t i = 0; i < mnemonics && i < LISTED; i++)
		printf("   %-20s %14" PRIu64 "  %5.2f %%\n", tallies[i].name, tallies[i].count,
		       100.0 * (double)tallies[i].count / steps);
}

static void print_hot_spots(struct stat_run *s, const struct trace_reader *r)
{
	double steps = (double)trace_reader_steps(r);

	if (s->places.len)
		qsort(s->places.at, s->places.len, sizeof *s->places.at, by_place_count);
	printf("\nhot spots\n");
	for (size_t i = 0; i < s->places.len && i < LISTED; i++)
		printf("   0x%-16" PRIx64 "  %14" PRIu64 "  %5.2f %%  %s\n", s->places.at[i].pc, s->places.at[i].count,
		       100.0 * (double)s->places.at[i].count / steps, s->places.at[i].lifted->insn.text);
}

static struct error *print_stat(struct stat_run *s, const struct trace_reader *r)
{
	uint64_t steps = trace_reader_steps(r), bytes = trace_reader_bytes(r);
	struct tally *tallies = calloc(s->places.len + 1, sizeof *tallies);
	size_t chunks;

	if (!tallies)
		return &error_no_memory;
	trace_reader_chunks(r, &chunks);
	print_identity(r);
	printf("steps        %" PRIu64 " in %zu chunks; %" PRIu64 " bytes, %.2f a step\n", steps, chunks, bytes,
	       steps ? (double)bytes / (double)steps : 0.0);
	printf("whole        %s\n", trace_reader_cut(r) ? "no" : "yes");
	print_end(r);
	printf("memory       %" PRIu64 " loads, %" PRIu64 " stores\nevents       %" PRIu64 "\n", s->loads, s->stores,
	       s->events);
	if (s->unreadable)
		printf("unreadable   %" PRIu64 " instructions\n", s->unreadable);
	print_mix(s, r, tallies);
	print_hot_spots(s, r);
	free(tallies);
	return NULL;
}

static enum exit_status stat_trace(const void *options, const struct operands *operands)
{
	struct trace_reader *r = NULL;
	struct stat_run s = {.loads = 0};
	struct error *err = open_trace("stat", operands, &r);

	(void)options;
	if (!err)
		err = lift_cache_create(trace_reader_header(r)->isa, SIZE_MAX, &s.cache);
	if (!err)
		err = count_all(&s, r);
	if (!err)
		err = print_stat(&s, r);
	vec_deinit(&s.places);
	vec_deinit(&s.of_entry);
	lift_cache_destroy(s.cache);
	trace_reader_destroy(r);
	return err ? fail(err) : STATUS_OK;
}

/* ---- The commands ---- */

/* clang-format off */
#define AT(member) offsetof(struct show_options, member)
static const struct option_row show_option_rows[] = {
	{"at", 0, "N", "from step N on; 1 if not given", AT(at), option_number},
	{"pc", 0, "X", "from the first step at this address on", 0, option_pc},
	{"count", 'n', "N", "so many steps; 20 if not given", AT(count), option_number},
	{"regs", 0, NULL, "all registers before each step, ? where they were not seen", AT(regs), option_flag},
	{0},
};
#undef AT
/* clang-format on */

static const struct show_options show_defaults = {.at = 1, .count = 20};

const struct command command_trace_show = {
	.name = "trace show",
	.operands = "FILE",
	.summary = "print steps of a trace",
	.details =
		"A step is its number, address and text, the registers that it changed, the memory that it loaded and\n"
		"stored as far as that was seen, and the system call that it made.",
	.options = show_option_rows,
	.defaults = &show_defaults,
	.options_size = sizeof(struct show_options),
	.run = show,
};

const struct command command_trace_verify = {
	.name = "trace verify",
	.operands = "FILE",
	.summary = "read all of a trace: is it sound and whole?",
	.details = "Exit status: 0 sound and whole, 2 damaged or cut off, by file and offset.",
	.run = verify,
};

const struct command command_trace_stat = {
	.name = "trace stat",
	.operands = "FILE",
	.summary = "what a trace holds: size, instruction mix, hot spots, coverage",
	.run = stat_trace,
};
