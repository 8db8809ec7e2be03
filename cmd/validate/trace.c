/* validate trace show, verify, stat: recorded traces for people. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/validate/command.h"
#include "cmd/validate/print.h"
#include "cmd/validate/symbols.h"
#include "lib/lift/lift.h"
#include "lib/report/report.h"
#include "lib/sandbox/sandbox.h"
#include "lib/sys/signal.h"
#include "lib/sys/sys.h"
#include "lib/trace/trace.h"

/* ---- What they share ---- */

static struct error *open_trace(const char *command, const struct operands *operands, struct trace_reader **ret)
{
	if (operands->len != 1)
		return error_create(ERROR_USAGE, "trace %s: one trace is to be named", command);
	struct sandbox_state sandbox;
	struct error *err = sandbox_drop(NULL, 0, &sandbox);
	return err ? err : trace_reader_open(operands->at[0], ret);
}

static void print_identity(const struct trace_reader *r)
{
	const struct trace_header *h = trace_reader_header(r);

	printf("program      ");
	print_name(stdout, h->program.path ? h->program.path : "not known");
	printf(" (%s", h->isa->name);
	if (h->program.build_id) {
		printf(", build id ");
		print_name(stdout, h->program.build_id);
	}
	printf(")\ntarget       ");
	print_name(stdout, h->emulator);
	if (h->log.path) {
		printf("\nlog          ");
		print_name(stdout, h->log.path);
	}
	printf("\nrecorder     ");
	print_name(stdout, h->recorder);
	putchar('\n');
}

static void print_count(uint64_t n, const char *what)
{
	struct strbuf text = {0};

	report_count(&text, n);
	printf("%s%s%s", strbuf_text(&text), what, *what && n != 1 ? "s" : "");
	strbuf_deinit(&text);
}

static void print_signal(int signal)
{
	char name[SIGNAL_NAME_LEN];

	printf("signal %d (%s)", signal, signal_name(signal, name));
}

/* How the run ended, or where the file does. */
static void print_end(const struct trace_reader *r)
{
	static const char *const limits[] = {
		[RUN_LIMIT_INSTRUCTIONS] = "at --max-instructions",
		[RUN_LIMIT_UNTIL] = "at --until",
		[RUN_LIMIT_FINDINGS] = "at a finding",
	};
	const struct trace_end *end = trace_reader_end(r);

	if (trace_reader_cut(r))
		printf("not whole    %s\n", trace_reader_cut(r));
	if (!end)
		return;
	if (end->exited)
		printf("end          exit status %d\n", end->exit_status);
	if (end->exit_signal) {
		printf("end          ");
		print_signal(end->exit_signal);
		putchar('\n');
	}
	if (end->limit || end->interrupted)
		printf("end          %s\n", end->limit ? limits[end->limit] : "interrupted");
	if (end->error) {
		printf("error        ");
		print_name(stdout, end->error);
		putchar('\n');
	}
}

/* ---- show ---- */

struct show_options {
	uint64_t at, count;
	const char *pc;
	bool regs;
};

/* What the steps are shown with. */
struct shower {
	const struct show_options *options;
	struct symbols symbols;
	struct lift_cache *cache;
	bool have_pc; /* steps are shown from the first at pc on */
	uint64_t pc;
};

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

static void print_delivery(const struct trace_event *ev)
{
	char name[SIGNAL_NAME_LEN];

	printf("\n%24s %" PRIu64 ", delivery of signal %" PRIu64 " (%s)", "event", ev->index, ev->number,
	       signal_name((int)ev->number, name));
}

/* The call with its arguments and its result. */
static void print_call(const struct trace_step *step)
{
	const struct isa *isa = step->before->isa;
	struct sys_call call = {.row = sys_lookup(isa, step->event->number), .number = step->event->number};
	struct strbuf text = {0};

	for (unsigned i = 0; i < 6; i++)
		call.arg[i] = state_get(step->before, isa->sys.arg[i]);
	sys_format(&text, &call, NULL);
	if (!step->event->finished && state_known(step->after, isa->sys.result))
		sys_format_result(&text, (int64_t)state_get(step->after, isa->sys.result));
	printf("\n%24s %s", "call", strbuf_text(&text));
	strbuf_deinit(&text);
}

static void print_event(const struct trace_step *step)
{
	static const char *const policies[] = {"emulated", "executed", "passed"};
	const struct trace_event *ev = step->event;

	if (!ev->delivery)
		print_call(step);
	if (ev->delivery)
		print_delivery(ev);
	else if (ev->unlogged)
		printf("\n%24s none of the log's, %s", "event", policies[ev->policy]);
	else
		printf("\n%24s %" PRIu64 ", %s", "event", ev->index, policies[ev->policy]);
	for (size_t i = 0; i < ev->num_writes; i++)
		printf("\n%24s [0x%" PRIx64 "], %" PRIu64 " bytes", "wrote", ev->writes[i].address, ev->writes[i].len);
}

static void print_registers(const struct state *s)
{
	for (uint32_t r = 0; r < s->isa->num_regs; r++) {
		printf("%24s ", s->isa->regs[r].name);
		print_value(s, r);
		putchar('\n');
	}
}

static struct error *print_step(struct shower *show, const struct trace_step *step)
{
	struct strbuf symbol = {0};
	struct lifted *lifted;
	struct error *err = lift_cache_get(show->cache, step->pc, step->bytes, step->len, &lifted);

	if (err)
		return err;
	if (show->options->regs)
		print_registers(step->before);
	symbols_append(&show->symbols, step->pc, &symbol);
	printf("%10" PRIu64 "  0x%" PRIx64, step->number, step->pc);
	print_name(stdout, strbuf_text(&symbol));
	printf("  %s", *lifted->insn.text ? lifted->insn.text : "(no instruction)");
	strbuf_deinit(&symbol);
	print_changes(step);
	print_accesses(step);
	if (step->event)
		print_event(step);
	if (step->signal) {
		printf("\n%18s", "");
		print_signal(step->signal);
	}
	putchar('\n');
	return NULL;
}

/* Prints the steps that c comes to; ret_found: one was at the place that was asked for. */
static struct error *print_steps(struct shower *show, struct trace_cursor *c, bool *ret_found)
{
	uint64_t left = show->options->count;
	struct trace_step step;
	bool end = false;
	struct error *err = NULL;

	*ret_found = !show->have_pc;
	while (!err && left) {
		err = trace_cursor_next(c, &step, &end);
		if (err || end)
			break;
		*ret_found |= step.pc == show->pc;
		if (!*ret_found)
			continue;
		err = print_step(show, &step);
		left--;
	}
	return err;
}

static struct error *show_steps(const struct trace_reader *r, struct shower *show)
{
	const struct show_options *o = show->options;
	struct trace_cursor *c;
	bool found;
	struct error *err = trace_cursor_create(r, &c);

	if (err)
		return err;
	err = trace_cursor_seek(c, o->at);
	if (!err)
		err = print_steps(show, c, &found);
	trace_cursor_destroy(c);
	if (!err && !found && o->count)
		err = error_create(ERROR_USAGE, "trace show: no step at 0x%" PRIx64 " from number %" PRIu64 " on",
				   show->pc, o->at);
	return err;
}

static struct error *check_at(const struct trace_reader *r, const struct show_options *o)
{
	if (!o->at)
		return error_create(ERROR_USAGE, "trace show: --at: steps are counted from 1");
	if (o->at <= trace_reader_steps(r) || o->at == 1)
		return NULL;
	return error_create(ERROR_USAGE, "trace show: there is no step %" PRIu64 ": the trace has %" PRIu64, o->at,
			    trace_reader_steps(r));
}

static enum exit_status show(const void *options, const struct operands *operands)
{
	struct trace_reader *r = NULL;
	struct shower show = {.options = options};
	struct error *err = open_trace("show", operands, &r);

	if (!err)
		err = check_at(r, options);
	if (!err)
		err = symbols_of_trace(&show.symbols, r, NULL);
	if (!err)
		err = symbols_resolve(&show.symbols, "trace show: --pc", show.options->pc, &show.have_pc, &show.pc);
	if (!err)
		err = lift_cache_create(trace_reader_header(r)->isa, 0, &show.cache);
	if (!err) {
		print_identity(r);
		printf("steps        ");
		print_count(trace_reader_steps(r), "");
		putchar('\n');
		print_end(r);
		err = show_steps(r, &show);
	}
	lift_cache_destroy(show.cache);
	symbols_deinit(&show.symbols);
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
		print_name(stdout, operands->at[0]);
		printf(": ");
		print_count(steps, " step");
		printf(", ");
		print_count(events, " event");
		printf(" in ");
		print_count(chunks, " chunk");
		printf(": %s\n", trace_reader_cut(r) ? "sound, but not whole" : "sound and whole");
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
	printf("steps        ");
	print_count(steps, "");
	printf(" in ");
	print_count(chunks, " chunk");
	printf("; ");
	print_count(bytes, " byte");
	printf(", %.2f a step\n", steps ? (double)bytes / (double)steps : 0.0);
	printf("whole        %s\n", trace_reader_cut(r) ? "no" : "yes");
	print_end(r);
	printf("memory       ");
	if (trace_reader_header(r)->no_memory) {
		printf("not seen");
	} else {
		print_count(s->loads, " load");
		printf(", ");
		print_count(s->stores, " store");
	}
	printf("\nevents       ");
	print_count(s->events, "");
	putchar('\n');
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
	{"pc", 0, "PLACE", "from the first step at this address, or symbol of the program, on", AT(pc), option_text},
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
