/*
 * What the guest has mapped, what is known of it, and its places, over whole runs in unicorn and in QEMU, which are
 * made as they would be by who lets the guest run: to the next place, which in QEMU is a breakpoint.
 */
#include "lib/replay/replay.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/base/search.h"
#include "lib/lift/lift.h"
#include "lib/record/record.h"
#include "lib/target/qemu.h"
#include "lib/target/unicorn.h"
#include "lib/testing/assert.h"
#include "lib/testing/emulator.h"
#include "lib/testing/regs.h"
#include "lib/testing/scratch.h"

enum { PAGE = MEMORY_PAGE, TIMEOUT_MS = 60000, MAX_STOPS = 20000, MAX_STEPS = 4000000 };

/* ---- A run ---- */

typedef VEC(uint64_t) addresses;

static struct run {
	const struct isa *isa;
	bool steps; /* the target has no breakpoints */
	struct evlog_reader *reader;
	struct target *target;
	struct target_ops ops;
	struct replay *replay;
	struct memory *memory;
	struct lift_cache *cache;
	struct eval eval;
	struct state before, now;
	addresses places;
	struct replay_places changes;
	VEC(struct guest_map_range) old; /* what was mapped when it was last looked at */
	uint64_t generation, events, fresh, read;
	bool could_change;                /* at any time, code that can be executed */
	uint64_t stores, inputs, stepped; /* places of these, and steps over them */
} run;

static char program[4096], dump_path[SCRATCH_PATH_LEN];

static uint64_t pc_of(const struct state *s)
{
	return state_get(s, run.isa->pc);
}

static void record(const struct isa *isa, const char *name, const char *mode)
{
	const char *build = getenv("BUILD");
	char path[4096], log[SCRATCH_PATH_LEN];
	bool foreign = strcmp(isa->name, "x86_64") != 0;

	snprintf(path, sizeof path, "%s/guests/%s%s", build ? build : "build/rel", foreign ? "aarch64/" : "", name);
	if (*name == '/')
		snprintf(path, sizeof path, "%s", name);
	ck_assert_msg(realpath(path, program), "no guest %s: make guests", path);
	scratch_path("run.json", log);
	char *argv[] = {program, (char *)(uintptr_t)mode, NULL}, *env[] = {NULL};
	struct record_options options = {.log = log, .recorder = "test", .argv = argv, .env = env, .via_qemu = foreign};
	struct record_result result;
	int saved = fcntl(1, F_DUPFD_CLOEXEC, 3), null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	dup2(null, 1);
	struct error *err = record_run(&options, &result);
	dup2(saved, 1);
	close(saved);
	close(null);
	ck_no_error(err);
	ck_no_error(evlog_reader_open(log, &run.reader));
}

/* The last of the dumps of QEMU's -d page. */
static struct error *read_dump(struct target *t, target_mappings *ret)
{
	FILE *f = fopen(dump_path, "re");
	unsigned long long start, end, size;
	char line[256], r, w, x;

	(void)t;
	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof line, f)) {
		if (!strncmp(line, "start ", 6))
			ret->len = 0;
		if (sscanf(line, "%llx-%llx %llx %c%c%c", &start, &end, &size, &r, &w, &x) != 6)
			continue;
		int prot = (r == 'r' ? PROT_READ : 0) | (w == 'w' ? PROT_WRITE : 0) | (x == 'x' ? PROT_EXEC : 0);
		ck_assert(vec_push(ret, ((struct target_mapping){start, end - start, prot})));
	}
	fclose(f);
	return NULL;
}

static void start_unicorn(void)
{
	const struct unicorn_options options = {.log = evlog_reader_header(run.reader),
						.program = program,
						.timeout_ms = TIMEOUT_MS};

	run.steps = true;
	ck_no_error(target_unicorn_create(run.isa, &options, &run.target));
}

static void start_qemu(void)
{
	const struct evlog_header *h = evlog_reader_header(run.reader);
	const char *extra[] = {"-d", "page", "-D", dump_path, NULL}, *argv[8] = {NULL};

	scratch_path("pages", dump_path);
	ck_assert_uint_lt(h->argv.len, 8);
	for (size_t i = 0; i < h->argv.len; i++)
		argv[i] = h->argv.at[i];
	const struct qemu_options options = {.program = program,
					     .argv = argv,
					     .extra_args = extra,
					     .timeout_ms = TIMEOUT_MS};
	ck_no_error(target_qemu_create(run.isa, &options, &run.target));
	run.ops = *run.target->ops;
	run.ops.map = read_dump;
	run.target->ops = &run.ops;
}

static void start(void)
{
	ck_no_error(state_init(&run.before, run.isa));
	ck_no_error(state_init(&run.now, run.isa));
	ck_no_error(memory_create(&run.memory));
	ck_no_error(lift_cache_create(run.isa, 1 << 24, &run.cache));
	ck_no_error(target_read_regs(run.target, &run.now));
	ck_no_error(replay_create(run.reader, run.target, NULL, &run.replay));
	ck_no_error(replay_start(run.replay, &run.now));
}

static void finish(void)
{
	printf("  %s: %lu events, %zu places (%lu of stores, %lu of inputs, stepped %lu times), %lu kB read, %lu fresh pages compared\n",
	       run.steps ? "unicorn" : "qemu", (unsigned long)run.events, run.places.len, (unsigned long)run.stores,
	       (unsigned long)run.inputs, (unsigned long)run.stepped, (unsigned long)(run.read >> 10),
	       (unsigned long)run.fresh);
	replay_places_deinit(&run.changes);
	vec_deinit(&run.places);
	vec_deinit(&run.old);
	replay_destroy(run.replay);
	memory_destroy(run.memory);
	lift_cache_destroy(run.cache);
	eval_deinit(&run.eval);
	state_deinit(&run.before);
	state_deinit(&run.now);
	target_destroy(run.target);
	evlog_reader_destroy(run.reader);
	run = (struct run){0};
}

/* ---- The map against the target ---- */

/* Mapped ranges that touch and have the same rights, as one; false behind the last. */
static bool next_alike(size_t *i, struct guest_map_range *ret)
{
	const struct guest_map *m = replay_map(run.replay);

	if (*i == guest_map_num(m))
		return false;
	*ret = guest_map_get(m, (*i)++);
	for (; *i < guest_map_num(m); ++*i) {
		struct guest_map_range next = guest_map_get(m, *i);
		if (next.start != ret->start + ret->len || next.prot != ret->prot)
			break;
		ret->len += next.len;
	}
	return true;
}

static void map_is_unicorns(void)
{
	target_mappings theirs = {0};
	struct guest_map_range r;
	bool known;
	size_t i = 0, k = 0;

	ck_no_error(target_map(run.target, &theirs, &known));
	ck_assert(known);
	while (next_alike(&i, &r)) {
		uint64_t end = r.start;
		for (; k < theirs.len && theirs.at[k].start == end && theirs.at[k].prot == r.prot; k++)
			end += theirs.at[k].len;
		ck_assert_msg(end == r.start + r.len, "event %lu: 0x%lx-0x%lx %d is mapped up to 0x%lx",
			      (unsigned long)run.events, (unsigned long)r.start, (unsigned long)(r.start + r.len),
			      r.prot, (unsigned long)end);
	}
	ck_assert_msg(k == theirs.len, "event %lu: 0x%lx is mapped as well", (unsigned long)run.events,
		      k < theirs.len ? (unsigned long)theirs.at[k].start : 0);
	vec_deinit(&theirs);
}

static bool can_read(uint64_t address)
{
	uint8_t byte;
	size_t got;

	ck_no_error(target_read_memory(run.target, address, &byte, 1, &got));
	return got;
}

static void expect_readable(uint64_t page)
{
	struct guest_map_range r;
	bool there = guest_map_at(replay_map(run.replay), page, &r);
	/* QEMU shows pages that the guest may not read, from some version on. */
	bool open = there && !(r.prot & PROT_READ), reads = can_read(page);
	bool expected = there && r.prot & PROT_READ && !replay_is_beyond(run.replay, page);

	ck_assert_msg(open || reads == expected, "event %lu: 0x%lx is %sreadable", (unsigned long)run.events,
		      (unsigned long)page, expected ? "not " : "");
}

/* QEMU: what can be read on both sides of the borders, of the map's and of those of its process. */
static void map_is_qemus(void)
{
	char name[64], line[512];
	unsigned long long start, end;
	const uint64_t base = UINT64_C(0x100000000);
	struct guest_map_range r;
	size_t i = 0;

	while (next_alike(&i, &r)) {
		expect_readable(r.start - PAGE);
		expect_readable(r.start);
		expect_readable(r.start + r.len / 2 / PAGE * PAGE);
		expect_readable(r.start + r.len - PAGE);
		expect_readable(r.start + r.len);
	}
	snprintf(name, sizeof name, "/proc/%d/maps", (int)target_qemu_pid(run.target));
	FILE *f = fopen(name, "re");
	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof line, f)) {
		if (sscanf(line, "%llx-%llx", &start, &end) != 2 || start < base || end > UINT64_C(1) << 63)
			continue;
		expect_readable(start - base);
		expect_readable((start + end) / 2 / PAGE * PAGE - base);
		expect_readable(end - base - PAGE);
	}
	fclose(f);
}

/* ---- Contents ---- */

static bool was_there(const struct guest_map_range *r)
{
	for (size_t i = 0; i < run.old.len; i++)
		if (r->start < run.old.at[i].start + run.old.at[i].len && run.old.at[i].start < r->start + r->len)
			return true;
	return false;
}

/* What is mapped now and was not before, and is said to be zeros, is. */
static void fresh_is_zeros(void)
{
	static const uint8_t zeros[PAGE];
	const struct guest_map *m = replay_map(run.replay);
	uint8_t bytes[PAGE];

	for (size_t i = 0; i < guest_map_num(m); i++) {
		struct guest_map_range r = guest_map_get(m, i);
		uint64_t step = r.len / PAGE < 512 ? PAGE : r.len / 512 / PAGE * PAGE;
		if (r.kind != GUEST_MAP_FRESH || !(r.prot & PROT_READ) || was_there(&r))
			continue;
		for (uint64_t at = r.start; at < r.start + r.len; at += step) {
			size_t got;
			if (!guest_map_is_fresh(m, at / PAGE))
				continue;
			ck_no_error(target_read_memory(run.target, at, bytes, PAGE, &got));
			ck_assert_uint_eq(got, PAGE);
			ck_assert_msg(!memcmp(bytes, zeros, PAGE), "event %lu: 0x%lx is not zeros",
				      (unsigned long)run.events, (unsigned long)at);
			run.fresh++;
		}
	}
}

static void remember_map(void)
{
	const struct guest_map *m = replay_map(run.replay);

	run.old.len = 0;
	for (size_t i = 0; i < guest_map_num(m); i++)
		ck_assert(vec_push(&run.old, guest_map_get(m, i)));
	run.generation = m->generation;
}

/* The page behind the code of ours that handlers need, which nobody asks for. */
static bool is_behind_helper(const struct guest_map_range *r)
{
	struct guest_map_range before;

	return r->start == 0x2000001000 && r->len == PAGE &&
	       guest_map_at(replay_map(run.replay), r->start - PAGE, &before) && before.prot & PROT_EXEC;
}

/* Every page that can be read is known as the target has it, or is fresh. */
static void all_is_known(void)
{
	const struct guest_map *m = replay_map(run.replay);
	uint8_t bytes[PAGE];

	for (size_t i = 0; i < guest_map_num(m); i++) {
		struct guest_map_range r = guest_map_get(m, i);
		for (uint64_t at = r.start; at < r.start + r.len && r.prot & PROT_READ; at += PAGE) {
			const uint8_t *known = memory_page(run.memory, at);
			size_t got;
			if ((r.kind == GUEST_MAP_FRESH && guest_map_is_fresh(m, at / PAGE)) ||
			    replay_is_beyond(run.replay, at))
				continue;
			if (!known && is_behind_helper(&r))
				continue;
			ck_assert_msg(known, "event %lu: 0x%lx is not known", (unsigned long)run.events,
				      (unsigned long)at);
			ck_no_error(target_read_memory(run.target, at, bytes, PAGE, &got));
			ck_assert_uint_eq(got, PAGE);
			ck_bytes(known, bytes, PAGE);
		}
	}
}

/* ---- Places ---- */

static size_t find_place(uint64_t address)
{
	size_t found;

	SEARCH_FIRST(found, run.places.len, i, run.places.at[i] < address);
	return found;
}

static bool has_place(uint64_t address)
{
	size_t i = find_place(address);

	return i < run.places.len && run.places.at[i] == address;
}

static void set_break(uint64_t address, bool on)
{
	if (!run.steps)
		ck_no_error(target_set_break(run.target, address, on));
}

static void follow_places(void)
{
	ck_no_error(replay_find_places(run.replay, &run.changes));
	for (size_t i = 0; i < run.changes.clear.len; i++) {
		size_t at = find_place(run.changes.clear.at[i]);
		ck_assert(has_place(run.changes.clear.at[i]));
		set_break(run.changes.clear.at[i], false);
		run.places.len--;
		memmove(run.places.at + at, run.places.at + at + 1, (run.places.len - at) * sizeof *run.places.at);
	}
	for (size_t i = 0; i < run.changes.set.len; i++) {
		uint64_t address = run.changes.set.at[i];
		size_t at = find_place(address);
		ck_assert(!has_place(address));
		ck_assert(vec_push(&run.places, 0));
		memmove(run.places.at + at + 1, run.places.at + at, (run.places.len - 1 - at) * sizeof *run.places.at);
		run.places.at[at] = address;
		set_break(address, true);
	}
}

static enum replay_place kind_of(const struct isa *isa, const uint8_t *bytes)
{
	if (isa->sys.entry(bytes, isa->max_insn_len) != ISA_ENTRY_NONE)
		return REPLAY_PLACE_ENTRY;
	static const enum replay_place kinds[] = {
		[ISA_DETERMINED] = REPLAY_PLACE_NONE,
		[ISA_UNDETERMINED_STORE] = REPLAY_PLACE_STORE,
		[ISA_UNDETERMINED_STATE] = REPLAY_PLACE_STATE,
		[ISA_UNDETERMINED_INPUT] = REPLAY_PLACE_INPUT,
	};
	return kinds[isa->undetermined(bytes, isa->max_insn_len)];
}

/* All places, found the slow way: byte by byte, whatever changed. */
static void places_are_all(void)
{
	const struct isa *isa = run.isa;
	const struct guest_map *m = replay_map(run.replay);
	size_t num = 0, gates = isa->sys.gate ? isa->sys.gate->num_entries : 0;

	run.stores = run.inputs = 0;
	for (size_t i = 0; i < guest_map_num(m); i++) {
		struct guest_map_range r = guest_map_get(m, i);
		if (!(r.prot & PROT_EXEC) || r.prot & PROT_WRITE || !(r.prot & PROT_READ))
			continue;
		uint8_t *bytes = calloc(1, r.len + ISA_MAX_INSN_LEN);
		for (uint64_t at = 0; at < r.len; at += PAGE) {
			size_t got;
			ck_no_error(target_read_memory(run.target, r.start + at, bytes + at, PAGE, &got));
		}
		struct guest_map_range next;
		size_t more = 0;
		if (guest_map_at(m, r.start + r.len, &next) && next.prot & PROT_EXEC)
			ck_no_error(target_read_memory(run.target, next.start, bytes + r.len, ISA_MAX_INSN_LEN, &more));
		for (uint64_t at = 0; at < r.len; at += isa->insn_align) {
			enum replay_place kind = kind_of(isa, bytes + at);
			ck_assert_msg((kind != REPLAY_PLACE_NONE) == has_place(r.start + at),
				      "event %lu: 0x%lx is %s place", (unsigned long)run.events,
				      (unsigned long)(r.start + at), kind ? "no" : "a");
			ck_assert_int_eq(replay_place_at(run.replay, r.start + at), kind);
			num += kind != REPLAY_PLACE_NONE;
			run.stores += kind == REPLAY_PLACE_STORE || kind == REPLAY_PLACE_STATE;
			run.inputs += kind == REPLAY_PLACE_INPUT;
		}
		free(bytes);
	}
	ck_assert_uint_eq(run.places.len, num + gates);
}

/* ---- The loop ---- */

/* The guest will store without anybody's telling the memory. */
static void forget_known(void)
{
	memory_addresses known = {0};

	ck_no_error(memory_list(run.memory, &known));
	for (size_t i = 0; i < known.len; i++)
		ck_no_error(memory_forget(run.memory, known.at[i], PAGE));
	vec_deinit(&known);
}

static void know(void)
{
	struct replay_known known;

	ck_no_error(replay_know(run.replay, run.memory, &known));
	run.read += known.read;
}

static void look(void)
{
	bool changed = run.generation != replay_map(run.replay)->generation;

	/* In either order. */
	if (run.events % 2)
		know();
	follow_places();
	fresh_is_zeros();
	know();
	if (changed || run.events % 64 == 0) {
		if (run.steps)
			map_is_unicorns();
		else
			map_is_qemus();
		places_are_all();
	}
	if (changed)
		all_is_known();
	run.could_change |= replay_code_may_change(run.replay);
	remember_map();
	forget_known();
}

/* Steps to a system call. */
static struct stop step_on(void)
{
	enum { AHEAD = 32 };
	static const struct target_plan plans[AHEAD];
	struct observed seen = {.stop = {.kind = STOP_STEPPED}};

	for (unsigned i = 0; i < MAX_STEPS / AHEAD && seen.stop.kind == STOP_STEPPED; i++) {
		ck_no_error(target_submit(run.target, plans, AHEAD));
		for (unsigned k = 0; k < AHEAD; k++)
			ck_no_error(target_collect(run.target, NULL, &seen));
	}
	return seen.stop;
}

static bool stands_aside(void)
{
	ck_no_error(target_read_regs(run.target, &run.now));
	enum replay_place kind = replay_place_at(run.replay, pc_of(&run.now));
	return kind != REPLAY_PLACE_NONE && kind != REPLAY_PLACE_ENTRY;
}

/* On from a place where no kernel is entered. */
static struct stop step_over(void)
{
	static const struct target_plan plan;
	uint64_t pc = pc_of(&run.now);
	struct observed seen;

	set_break(pc, false);
	ck_no_error(target_submit(run.target, &plan, 1));
	ck_no_error(target_collect(run.target, NULL, &seen));
	set_break(pc, true);
	run.stepped++;
	if (seen.stop.kind == STOP_STEPPED)
		ck_no_error(target_resume(run.target, 0, &seen.stop));
	return seen.stop;
}

static struct stop go_on(void)
{
	struct stop stop;

	if (run.steps) {
		stop = step_on();
	} else {
		ck_no_error(target_resume(run.target, 0, &stop));
		for (unsigned i = 0; i < MAX_STOPS && stop.kind == STOP_STEPPED && stands_aside(); i++)
			stop = step_over();
	}
	if (stop.kind == STOP_STEPPED || stop.kind == STOP_SYSCALL || stop.kind == STOP_SIGNAL)
		ck_no_error(target_read_regs(run.target, &run.now));
	return stop;
}

static void deliver(void)
{
	struct replay_outcome outcome;

	state_copy(&run.before, &run.now);
	ck_no_error(replay_deliver(run.replay, &run.before, &run.now, run.memory, &outcome));
	run.events++;
	look();
}

static bool deliver_here(bool at_call)
{
	bool comes = false;

	ck_no_error(replay_delivers(run.replay, pc_of(&run.now), at_call, &comes));
	if (comes)
		deliver();
	return comes;
}

/* What the instruction of the call does. */
static void apply_insn(uint64_t pc)
{
	const struct eval_memory none = {0};
	uint8_t bytes[ISA_MAX_INSN_LEN];
	struct lifted *lifted;
	size_t got;

	ck_no_error(target_read_memory(run.target, pc, bytes, sizeof bytes, &got));
	ck_assert_int_eq(run.isa->sys.entry(bytes, got), ISA_ENTRY_CALL);
	ck_no_error(lift_cache_get(run.cache, pc, bytes, got, &lifted));
	ck_no_error(prog_run(lifted->prog, run.now.value, run.now.unknown, &none, &run.eval));
	state_copy(&run.before, &run.now);
	for (size_t i = 0; i < run.eval.num_regs; i++)
		state_set_masked(&run.now, run.eval.regs[i].reg, run.eval.regs[i].value, run.eval.regs[i].mask);
}

static void raise_signal(int signal)
{
	int killer = 0;

	ck_no_error(replay_signal(run.replay, pc_of(&run.now), signal, &killer));
	ck_assert_int_eq(killer, 0);
	deliver();
	while (deliver_here(false))
		continue;
}

static bool at_gate(void)
{
	uint64_t number;

	return isa_gate_call(run.isa, pc_of(&run.now), &number);
}

/* The guest stands at a place. False: it is gone. */
static bool make_call(void)
{
	uint64_t pc = pc_of(&run.now);
	struct replay_outcome outcome;
	bool refused = false;

	ck_assert_msg(has_place(pc), "0x%lx is no place", (unsigned long)pc);
	if (at_gate())
		ck_no_error(replay_has_signal(run.replay, SIGSEGV, &refused));
	if (refused) {
		raise_signal(SIGSEGV);
		return true;
	}
	if (at_gate())
		state_copy(&run.before, &run.now);
	else
		apply_insn(pc);
	set_break(pc, false);
	ck_no_error(replay_syscall(run.replay, &run.before, &run.now, run.memory, &outcome));
	if (outcome.finished)
		return false;
	set_break(pc, true);
	run.events++;
	look();
	while (deliver_here(false))
		continue;
	return true;
}

static void run_to_the_end(const char *mode)
{
	bool goes_on = true, at_end;

	start();
	look();
	for (unsigned i = 0; i < MAX_STOPS && goes_on; i++) {
		struct stop stop = go_on();

		ck_assert_int_ne(stop.kind, STOP_EXITED);
		ck_assert_int_ne(stop.kind, STOP_KILLED);
		bool trap = false;
		if (stop.kind == STOP_STEPPED && !has_place(pc_of(&run.now)))
			ck_no_error(replay_has_signal(run.replay, SIGTRAP, &trap));
		if (trap || (stop.kind == STOP_SIGNAL && !at_gate()))
			raise_signal(trap ? SIGTRAP : stop.signal);
		else if (!deliver_here(true))
			goes_on = make_call();
	}
	ck_assert(!goes_on);
	ck_no_error(replay_at_end(run.replay, &at_end));
	ck_assert(at_end);
	ck_assert_uint_gt(run.events, 0);
	/* It says so by its name. */
	bool changes = mode && !strcmp(mode, "code");
	ck_assert_int_eq(run.could_change, changes);
	finish();
}

/* ---- Programs ---- */

static const struct guest {
	const char *name, *mode;
} guests[] = {
	{"hello", NULL},        {"mappings", "lengths"}, {"mappings", "views"},   {"mappings", "moved"},
	{"mappings", "keep"},   {"mappings", "grow"},    {"mappings", "end"},     {"mappings", "heap"},
	{"mappings", "code"},   {"mappings", "places"},  {"mappings", "aligned"}, {"mappings", "device"},
	{"vsyscall", NULL},     {"mappings", "image"},   {"handlers", "keep"},    {"handlers", "alt"},
	{"handlers", "nested"}, {"handlers", "stacked"}, {"handlers", "restart"}, {"handlers", "leave"},
	{"handlers", "faults"}, {"/bin/true", NULL},
};
enum { NUM_GUESTS = sizeof guests / sizeof *guests };

static void open_run(const char *isa, const struct guest *g)
{
	run = (struct run){.isa = isa_by_name(isa)};
	record(run.isa, g->name, g->mode);
	printf("%s %s\n", g->name, g->mode ? g->mode : "");
}

static const struct guest a64_guests[] = {{"hello", NULL}, {"handlers", "keep"}, {"handlers", "bare"}};
enum { NUM_A64_GUESTS = sizeof a64_guests / sizeof *a64_guests };

/* What is asked for and what is not, over the start of a program. */
START_TEST(fresh_pages_are_not_asked_for)
{
	struct replay_known known;
	uint8_t bytes[16], unknown[16];

	open_run("x86_64", &guests[0]);
	if (_i)
		start_qemu();
	else
		start_unicorn();
	start();
	uint64_t at = (state_get(&run.now, run.isa->sp) - 9 * PAGE) / PAGE * PAGE - 8;
	ck_no_error(replay_know(run.replay, run.memory, &known));
	ck_assert_uint_ge(known.read, 4 * PAGE);
	ck_assert_uint_lt(known.read, 64 * PAGE);
	ck_assert_uint_eq(known.left, 0);
	ck_no_error(replay_know(run.replay, run.memory, &known));
	ck_assert_uint_eq(known.read, 0);

	ck_no_error(memory_write(run.memory, at, "stored", NULL, 6));
	ck_assert(!memory_read(run.memory, at, bytes, unknown, 16));
	ck_no_error(replay_know_fresh(run.replay, run.memory, at, 16));
	ck_assert(memory_read(run.memory, at, bytes, unknown, 16));
	ck_bytes(bytes, "stored\0\0\0\0\0\0\0\0\0\0", 16);
	/* Nothing but the target knows it now. */
	ck_no_error(memory_forget(run.memory, at, 4));
	ck_no_error(replay_know_fresh(run.replay, run.memory, at, 16));
	ck_assert(!memory_read(run.memory, at, bytes, unknown, 16));
	ck_no_error(replay_know(run.replay, run.memory, &known));
	ck_assert_uint_eq(known.read, PAGE);
	ck_assert(memory_read(run.memory, at, bytes, unknown, 16));
	finish();
}
END_TEST

START_TEST(qemu_agrees_on_aarch64)
{
	open_run("aarch64", &a64_guests[_i]);
	start_qemu();
	run_to_the_end(a64_guests[_i].mode);
}
END_TEST

START_TEST(unicorn_agrees)
{
	open_run("x86_64", &guests[_i]);
	start_unicorn();
	run_to_the_end(guests[_i].mode);
}
END_TEST

START_TEST(qemu_agrees)
{
	open_run("x86_64", &guests[_i]);
	start_qemu();
	run_to_the_end(guests[_i].mode);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("places");
	TCase *runs = tcase_create("runs");

	tcase_set_timeout(runs, 240);
	tcase_add_checked_fixture(runs, scratch_setup, scratch_teardown);
	tcase_add_loop_test(runs, unicorn_agrees, 0, NUM_GUESTS);
	tcase_add_loop_test(runs, qemu_agrees, 0, NUM_GUESTS);
	tcase_add_loop_test(runs, fresh_pages_are_not_asked_for, 0, 2);
	tcase_add_loop_test(runs, qemu_agrees_on_aarch64, 0, NUM_A64_GUESTS);
	suite_add_tcase(s, runs);
	return s;
}

int main(void)
{
	return test_main(suite());
}
