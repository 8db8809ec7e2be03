/* Comparisons of traces that were made up for it: each is a run of a few instructions, with and without a difference.
 */
#include "lib/diff/diff.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/sys/sys.h"
#include "lib/testing/assert.h"
#include "lib/testing/random_trace.h"
#include "lib/testing/scratch.h"

#define ADD_RAX_RBX     "\x48\x01\xd8"
#define AND_RAX_RBX     "\x48\x21\xd8" /* AF is undefined afterwards */
#define SHR_RAX_12      "\x48\xc1\xe8\x0c"
#define MOV_RCX_RAX     "\x48\x89\xc1"
#define MOV_RDX_RCX     "\x48\x89\xca"
#define MOV_RAX_RBX     "\x48\x89\xd8"
#define MOV_MEM_RDI_RAX "\x48\x89\x07"
#define MOV_RAX_MEM_RDI "\x48\x8b\x07"
#define REP_STOSB       "\xf3\xaa"
#define RDTSC           "\x0f\x31"
#define SYSCALL         "\x0f\x05"
#define NOP             "\x90"

enum { CODE = 0x401000, STACK = 0x3ffe0000, MMAP = 9, BRK = 12, GETPID = 39, READ = 0 };

static char path[2][SCRATCH_PATH_LEN];

/* ---- A run that is made up step by step ---- */

struct run {
	struct trace_writer *w;
	const struct isa *isa;
	struct state before, after;
	struct trace_access accesses[4];
	size_t num_accesses;
	struct trace_event event, *has_event;
	uint64_t next; /* the PC afterwards; 0: the next instruction */
	uint64_t tid;
	int signal;
	uint64_t base; /* of the code */
};

/* How a trace begins. */
struct start {
	uint64_t base, sp;
	uint8_t program; /* every byte of its SHA-256 */
	const char *isa;
	uint64_t fourth; /* register: rbx or x3 */
};

static const struct start usual = {CODE, STACK, 0xab, "x86_64", 0};

static void set(struct run *r, const char *name, uint64_t value)
{
	uint32_t reg;

	ck_assert(isa_find_reg(r->isa, name, strlen(name), &reg));
	state_set(&r->after, reg, value);
}

static void run_open(struct run *r, int side, const struct start *start)
{
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
	ck_no_error(trace_writer_create(path[side], &h, &r->after, &r->w));
	ck_no_error(trace_writer_modules(r->w, &module, 1));
	free(module.path);
	trace_header_deinit(&h);
}

static void access_memory(struct run *r, bool store, uint64_t address, uint64_t value)
{
	struct trace_access *a = &r->accesses[r->num_accesses++];

	*a = (struct trace_access){.address = address, .known = 0xff, .len = 8, .store = store};
	memcpy(a->data, &value, 8);
}

static void call(struct run *r, uint64_t number, uint64_t result)
{
	uint64_t index = r->event.position;

	r->event = (struct trace_event){.number = number, .index = index, .position = index + 1};
	r->has_event = &r->event;
	state_set(&r->after, r->isa->sys.result, result);
}

/* One step, whose results were set before. */
static void step_bytes(struct run *r, const void *bytes, size_t len)
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

#define step(r, bytes) step_bytes((r), (bytes), sizeof(bytes) - 1)

static void run_close(struct run *r)
{
	const struct trace_end end = {.exited = true};

	ck_no_error(trace_writer_finish(r->w, &end));
	trace_writer_destroy(r->w);
	state_deinit(&r->before);
	state_deinit(&r->after);
}

static struct error *compare(const struct diff_options *options, struct diff_result *ret)
{
	static const struct diff_options plain = {.max_findings = 100, .consequences = true};
	struct trace_reader *a, *b;

	ck_no_error(trace_reader_open(path[0], &a));
	ck_no_error(trace_reader_open(path[1], &b));
	struct error *err = diff_run(a, b, options ? options : &plain, ret);
	trace_reader_destroy(a);
	trace_reader_destroy(b);
	return err;
}

/* Writes both traces by `make`, which is told the side, and compares them. */
static struct diff_result compare_runs(void (*make)(struct run *r, int side), const struct start *b,
				       const struct diff_options *options)
{
	struct diff_result result;

	for (int side = 0; side < 2; side++) {
		struct run r;
		run_open(&r, side, side && b ? b : &usual);
		make(&r, side);
		run_close(&r);
	}
	ck_no_error(compare(options, &result));
	return result;
}

static void check_totals(const struct diff_result *r, const uint64_t expected[DIFF_NUM_CLASSES])
{
	for (unsigned c = 0; c < DIFF_NUM_CLASSES; c++)
		if (r->list[c].total != expected[c])
			ck_abort_msg("%llu differences of class '%s', expected %llu",
				     (unsigned long long)r->list[c].total, diff_class_name((enum diff_class)c),
				     (unsigned long long)expected[c]);
}

#define totals(...) ((const uint64_t[DIFF_NUM_CLASSES]){__VA_ARGS__})

static void check_location(const struct diff_list *list, size_t index, const char *form, const char *location)
{
	struct strbuf text = {0};

	ck_assert_uint_gt(list->findings.list.len, index);
	const struct finding *f = &list->findings.list.at[index];
	finding_location(&text, f, isa_by_name("x86_64"));
	ck_assert_str_eq(f->insn.form, form);
	ck_assert_str_eq(strbuf_text(&text), location);
	strbuf_deinit(&text);
}

/* ---- Registers and flags ---- */

static void straight_line(struct run *r, int side)
{
	(void)side;
	set(r, "rax", 5);
	step(r, ADD_RAX_RBX);
	set(r, "rcx", 5);
	step(r, MOV_RCX_RAX);
	access_memory(r, true, 0x5000, 5);
	step(r, MOV_MEM_RDI_RAX);
	call(r, GETPID, 4);
	step(r, SYSCALL);
}

START_TEST(equal_runs_are_the_same)
{
	struct diff_result r = compare_runs(straight_line, NULL, NULL);

	check_totals(&r, totals(0));
	ck_assert_int_eq(diff_verdict(&r), DIFF_SAME);
	ck_assert_uint_eq(r.compared, 4);
	ck_assert_uint_eq(r.events, 1);
	diff_result_deinit(&r);
}
END_TEST

static void flag_differs(struct run *r, int side)
{
	step(r, NOP);
	set(r, "cf", side == 1);
	step(r, ADD_RAX_RBX);
	step(r, NOP);
}

START_TEST(a_wrong_flag_is_one_difference)
{
	struct diff_result r = compare_runs(flag_differs, NULL, NULL);
	const struct diff_list *list = &r.list[DIFF_INDEPENDENT];

	check_totals(&r, totals(1));
	check_location(list, 0, "add r64, r64", "cf");
	ck_assert_int_eq(diff_verdict(&r), DIFF_DIFFERENT);
	ck_assert_uint_eq(list->findings.list.at[0].first_instruction, 2);
	ck_assert_uint_eq(list->findings.list.at[0].insn.pc, CODE + 1);
	ck_assert_uint_eq(list->other.at[0].number, 2);
	ck_assert_uint_eq(list->findings.list.at[0].expected[0] & 1, 0);
	ck_assert_uint_eq(list->findings.list.at[0].observed[0] & 1, 1);
	ck_assert_uint_eq(list->findings.list.at[0].inputs.len, 2);
	diff_result_deinit(&r);
}
END_TEST

static void undefined_differs(struct run *r, int side)
{
	set(r, "af", side == 1);
	step(r, AND_RAX_RBX);
}

START_TEST(undefined_bits_are_no_difference)
{
	struct diff_result r = compare_runs(undefined_differs, NULL, NULL);

	check_totals(&r, totals([DIFF_UNDEFINED] = 1));
	check_location(&r.list[DIFF_UNDEFINED], 0, "and r64, r64", "af");
	ck_assert_int_eq(diff_verdict(&r), DIFF_SAME);
	diff_result_deinit(&r);
}
END_TEST

static void clock_differs(struct run *r, int side)
{
	set(r, "rax", side ? 77 : 33);
	step(r, RDTSC);
}

START_TEST(the_time_is_from_outside)
{
	struct diff_result r = compare_runs(clock_differs, NULL, NULL);

	check_totals(&r, totals([DIFF_OUTSIDE] = 1));
	ck_assert_int_eq(diff_verdict(&r), DIFF_SAME);
	diff_result_deinit(&r);
}
END_TEST

static void chain(struct run *r, int side)
{
	uint64_t wrong = side ? 6 : 5;

	set(r, "rax", wrong);
	step(r, ADD_RAX_RBX);
	step(r, NOP);
	set(r, "rcx", wrong);
	step(r, MOV_RCX_RAX);
	set(r, "rdx", wrong);
	step(r, MOV_RDX_RCX);
	access_memory(r, true, 0, wrong);
	step(r, MOV_MEM_RDI_RAX);
	access_memory(r, false, 0, wrong);
	step(r, MOV_RAX_MEM_RDI);
	/* The same wrong value in the same register, of an instruction whose inputs are equal. */
	step(r, MOV_RAX_RBX);
}

START_TEST(what_follows_from_a_difference_is_counted_apart)
{
	struct diff_result r = compare_runs(chain, NULL, NULL);

	/* rcx, rdx, the store, and rax that is loaded from it */
	check_totals(&r, totals([DIFF_INDEPENDENT] = 2, [DIFF_CONSEQUENCE] = 4));
	ck_assert_uint_eq(r.consequences, 4);
	check_location(&r.list[DIFF_INDEPENDENT], 0, "add r64, r64", "rax");
	check_location(&r.list[DIFF_INDEPENDENT], 1, "mov r64, r64", "rax");
	check_location(&r.list[DIFF_CONSEQUENCE], 0, "mov r64, r64", "rcx");
	check_location(&r.list[DIFF_CONSEQUENCE], 1, "mov m64, r64", "mem64[0x0]");
	diff_result_deinit(&r);
}
END_TEST

START_TEST(consequences_are_listed_only_if_asked_for)
{
	const struct diff_options options = {.max_findings = 100};
	struct diff_result r = compare_runs(chain, NULL, &options);

	ck_assert_uint_eq(r.list[DIFF_CONSEQUENCE].total, 4);
	ck_assert_uint_eq(r.list[DIFF_CONSEQUENCE].unlisted, 4);
	ck_assert_uint_eq(r.list[DIFF_CONSEQUENCE].findings.list.len, 0);
	diff_result_deinit(&r);
}
END_TEST

START_TEST(what_the_list_has_no_room_for_is_counted)
{
	const struct diff_options options = {.max_findings = 1};
	struct diff_result r = compare_runs(chain, NULL, &options);

	ck_assert_uint_eq(r.list[DIFF_INDEPENDENT].total, 2);
	ck_assert_uint_eq(r.list[DIFF_INDEPENDENT].unlisted, 1);
	ck_assert_uint_eq(r.list[DIFF_INDEPENDENT].findings.list.len, 1);
	diff_result_deinit(&r);
}
END_TEST

static void stray(struct run *r, int side)
{
	set(r, "r9", side ? 1 : 0);
	step(r, NOP);
}

START_TEST(a_register_that_no_instruction_writes_must_not_change)
{
	struct diff_result r = compare_runs(stray, NULL, NULL);

	check_totals(&r, totals(1));
	check_location(&r.list[DIFF_INDEPENDENT], 0, "nop", "r9");
	ck_assert(r.list[DIFF_INDEPENDENT].findings.list.at[0].unwritten);
	diff_result_deinit(&r);
}
END_TEST

static void signal_differs(struct run *r, int side)
{
	r->signal = side ? SIGILL : 0;
	step(r, NOP);
}

START_TEST(a_signal_is_a_difference)
{
	struct diff_result r = compare_runs(signal_differs, NULL, NULL);

	check_totals(&r, totals(1));
	check_location(&r.list[DIFF_INDEPENDENT], 0, "nop", "fault");
	diff_result_deinit(&r);
}
END_TEST

static void start_differs(struct run *r, int side)
{
	set(r, "rax", side ? 3 : 0);
	step(r, MOV_RAX_RBX);
}

START_TEST(registers_that_differ_from_the_start_are_named)
{
	const struct start other = {CODE, STACK, 0xab, "x86_64", .fourth = 3};
	struct diff_result r = compare_runs(start_differs, &other, NULL);

	check_totals(&r, totals([DIFF_CONSEQUENCE] = 1));
	ck_assert_uint_eq(r.start.len, 1);
	ck_assert_str_eq(isa_by_name("x86_64")->regs[r.start.at[0]].name, "rbx");
	ck_assert_int_eq(diff_verdict(&r), DIFF_DIFFERENT);
	diff_result_deinit(&r);
}
END_TEST

/* ---- Memory ---- */

static void stores_differ(struct run *r, int side)
{
	access_memory(r, true, 0, side ? 1 : 0);
	step(r, MOV_MEM_RDI_RAX);
	access_memory(r, true, side ? 8 : 0, 0);
	step(r, MOV_MEM_RDI_RAX);
}

START_TEST(stores_of_other_values_or_to_other_places_are_differences)
{
	struct diff_result r = compare_runs(stores_differ, NULL, NULL);
	const struct diff_list *list = &r.list[DIFF_INDEPENDENT];

	check_totals(&r, totals(2));
	check_location(list, 0, "mov m64, r64", "mem64[0x0]");
	ck_assert_uint_eq(list->findings.list.len, 2);
	ck_assert_int_eq(list->other.at[0].kind, DIFF_VALUE);
	ck_assert_int_eq(list->other.at[1].kind, DIFF_PLACE);
	ck_assert_uint_eq(list->findings.list.at[1].observed[0], 8);
	diff_result_deinit(&r);
}
END_TEST

static void memory_differs(struct run *r, int side)
{
	for (int i = 0; i < 2; i++) {
		access_memory(r, false, 0, side ? 1 : 0);
		set(r, "rax", side ? 1 : 0);
		step(r, MOV_RAX_MEM_RDI);
	}
}

START_TEST(memory_that_nobody_wrote_differently_is_named_once)
{
	struct diff_result r = compare_runs(memory_differs, NULL, NULL);

	check_totals(&r, totals([DIFF_ORIGIN_UNKNOWN] = 1, [DIFF_CONSEQUENCE] = 2));
	check_location(&r.list[DIFF_ORIGIN_UNKNOWN], 0, "mov r64, m64", "mem64[0x0]");
	ck_assert_int_eq(r.list[DIFF_ORIGIN_UNKNOWN].other.at[0].kind, DIFF_LOADED);
	diff_result_deinit(&r);
}
END_TEST

/* ---- Steps of different size ---- */

/* rep stosb of three bytes: A has a step each, B one for all, or one more at the end. */
static void repeated(struct run *r, int iterations, bool lingers, uint64_t rdi)
{
	set(r, "rcx", 3);
	step(r, NOP);
	for (int i = 1; i <= iterations; i++) {
		bool last = i == iterations && !lingers;
		set(r, "rdi", last ? rdi : (uint64_t)i);
		set(r, "rcx", (uint64_t)(last ? 0 : 3 - i));
		r->next = last ? 0 : CODE + 1;
		step(r, REP_STOSB);
	}
	if (lingers)
		step(r, REP_STOSB);
	step(r, NOP);
}

static void repeated_at_once(struct run *r, int side)
{
	repeated(r, side ? 1 : 3, false, 3);
}

static void repeated_lingering(struct run *r, int side)
{
	repeated(r, 3, side == 1, 3);
}

static void repeated_wrongly(struct run *r, int side)
{
	repeated(r, side ? 1 : 3, false, side ? 4 : 3);
}

START_TEST(a_repeated_instruction_may_be_one_step_or_many)
{
	/* NOP that sets rcx is a stray in both alike. */
	struct diff_result r = compare_runs(_i ? repeated_lingering : repeated_at_once, NULL, NULL);

	check_totals(&r, totals(0));
	ck_assert_uint_eq(r.repeats, 1);
	ck_assert_uint_eq(r.num_paths, 0);
	ck_assert_int_eq(diff_verdict(&r), DIFF_SAME);
	diff_result_deinit(&r);
}
END_TEST

START_TEST(the_end_of_a_repeated_instruction_is_compared)
{
	struct diff_result r = compare_runs(repeated_wrongly, NULL, NULL);

	check_totals(&r, totals(1));
	check_location(&r.list[DIFF_INDEPENDENT], 0, "rep stosb", "rdi");
	diff_result_deinit(&r);
}
END_TEST

static void block(struct run *r, int side)
{
	set(r, "rax", 5);
	if (!side)
		step(r, ADD_RAX_RBX);
	set(r, "rcx", 5);
	if (side)
		step(r, ADD_RAX_RBX MOV_RCX_RAX);
	else
		step(r, MOV_RCX_RAX);
	step(r, NOP);
}

START_TEST(a_block_may_be_one_step)
{
	struct diff_result r = compare_runs(block, NULL, NULL);

	check_totals(&r, totals(0));
	ck_assert_uint_eq(r.repeats, 1);
	ck_assert_int_eq(diff_verdict(&r), DIFF_SAME);
	diff_result_deinit(&r);
}
END_TEST

/* ---- Paths ---- */

enum { ELSEWHERE = CODE + 0x100, JOIN = CODE + 0x200, LONG_WAY = 100 };

static void go_elsewhere(struct run *r, int steps, uint64_t place)
{
	r->next = steps ? place : JOIN;
	step(r, NOP);
	for (int i = 0; i < steps; i++) {
		r->next = i + 1 < steps ? 0 : JOIN;
		step(r, NOP);
	}
}

static void other_path(struct run *r, int side)
{
	go_elsewhere(r, side ? 5 : 3, side ? ELSEWHERE : ELSEWHERE + 0x50);
	set(r, "cf", side == 1);
	step(r, ADD_RAX_RBX);
}

START_TEST(paths_that_part_are_joined_again)
{
	struct diff_result r = compare_runs(other_path, NULL, NULL);

	/* Where they part, the PC differs; where they have met, the flag does. */
	check_totals(&r, totals(2));
	check_location(&r.list[DIFF_INDEPENDENT], 0, "nop", "rip");
	check_location(&r.list[DIFF_INDEPENDENT], 1, "add r64, r64", "cf");
	ck_assert_uint_eq(r.num_paths, 1);
	ck_assert_uint_eq(r.paths.len, 1);
	ck_assert_uint_eq(r.paths.at[0].steps_a, 3);
	ck_assert_uint_eq(r.paths.at[0].steps_b, 5);
	ck_assert_uint_eq(r.paths.at[0].from_a, ELSEWHERE + 0x50);
	ck_assert_uint_eq(r.paths.at[0].from_b, ELSEWHERE);
	ck_assert_uint_eq(r.paths.at[0].to_a, JOIN);
	ck_assert_str_eq(r.paths.at[0].insn.text, "nop");
	ck_assert(!r.paths.at[0].by_event);
	ck_assert_int_eq(diff_verdict(&r), DIFF_DIFFERENT);
	diff_result_deinit(&r);
}
END_TEST

/* A spins twice, B seven times. */
static void spin(struct run *r, int side)
{
	for (int i = side ? 7 : 2; i > 0; i--) {
		step(r, NOP);
		r->next = i > 1 ? CODE : 0;
		step(r, MOV_RAX_RBX);
	}
	step(r, MOV_RCX_RAX);
	step(r, NOP);
}

START_TEST(loops_may_spin_differently_often)
{
	struct diff_result r = compare_runs(spin, NULL, NULL);

	ck_assert_uint_eq(r.num_paths, 1);
	ck_assert_uint_eq(r.path_steps_a, 0);
	ck_assert_uint_eq(r.path_steps_b, 10);
	ck_assert_uint_eq(r.compared, 6);
	ck_assert_uint_eq(r.lost.len, 0);
	diff_result_deinit(&r);
}
END_TEST

static void long_way(struct run *r, int side)
{
	go_elsewhere(r, side ? LONG_WAY : 3, side ? ELSEWHERE : ELSEWHERE + 0x50 + LONG_WAY);
	step(r, NOP);
	call(r, GETPID, side ? 1 : 2);
	step(r, SYSCALL);
	step(r, NOP);
}

START_TEST(a_system_call_is_an_anchor_where_the_window_is_too_small)
{
	const struct diff_options options = {.max_findings = 100, .window = 16};
	struct diff_result r = compare_runs(long_way, NULL, &options);

	ck_assert_uint_eq(r.num_paths, 1);
	ck_assert(r.paths.at[0].by_event);
	ck_assert_uint_eq(r.paths.at[0].to_a, JOIN + 1);
	ck_assert_uint_eq(r.paths.at[0].steps_b, LONG_WAY + 1);
	check_location(&r.list[DIFF_INDEPENDENT], 1, "syscall", "rax");
	diff_result_deinit(&r);
}
END_TEST

static void for_good(struct run *r, int side)
{
	r->next = side ? ELSEWHERE : JOIN;
	step(r, NOP);
	for (int i = 0; i < 20 + side; i++)
		step(r, NOP);
}

START_TEST(paths_that_never_meet_are_lost)
{
	struct diff_result r = compare_runs(for_good, NULL, NULL);

	ck_assert_int_eq(diff_verdict(&r), DIFF_LOST);
	ck_assert_uint_eq(r.lost.len, 1);
	ck_assert_uint_eq(r.lost.at[0].pc_a, JOIN);
	ck_assert_uint_eq(r.lost.at[0].pc_b, ELSEWHERE);
	ck_assert_uint_eq(r.lost.at[0].number_a, 2);
	ck_assert_uint_eq(r.lost.at[0].left_a, 20);
	ck_assert_uint_eq(r.lost.at[0].left_b, 21);
	diff_result_deinit(&r);
}
END_TEST

/* Many chunks, and paths that part in each of them: the scout has to keep up. */
static void far(struct run *r, int side)
{
	for (int k = 0; k < 40; k++) {
		for (int i = 0; i < 3000; i++) {
			r->next = i < 2999 ? CODE : 0;
			step(r, NOP);
		}
		go_elsewhere(r, side ? 5 : 3, side ? ELSEWHERE : ELSEWHERE + 0x50);
		r->next = CODE;
		step(r, NOP);
	}
}

START_TEST(paths_are_joined_in_long_traces)
{
	struct diff_result r = compare_runs(far, NULL, NULL);

	ck_assert_uint_eq(r.num_paths, 40);
	ck_assert_uint_eq(r.paths.len, 1);
	ck_assert_uint_eq(r.paths.at[0].count, 40);
	ck_assert_uint_eq(r.path_steps_a, 120);
	ck_assert_uint_eq(r.path_steps_b, 200);
	ck_assert_uint_eq(r.compared, 40 * 3002);
	diff_result_deinit(&r);
}
END_TEST

/* ---- Addresses ---- */

/* Where B has the code and the stack. Neither is a page's multiple away, nor the same distance. */
static const struct start moved = {CODE + 0x7000010, STACK + 0x1234560, 0xab, "x86_64", 0};

static void pointers(struct run *r, int side)
{
	uint64_t sp = state_get(&r->before, r->isa->sp), heap = side ? 0x900000 : 0x800000,
		 map = side ? 0x30000 : 0x70000;

	call(r, BRK, heap);
	step(r, SYSCALL);
	call(r, BRK, heap + 0x1000);
	step(r, SYSCALL);
	set(r, "rsi", 0x2000);
	step(r, NOP); /* a stray in both */
	call(r, MMAP, map);
	step(r, SYSCALL);
	set(r, "rdi", map + 0x1ff8);
	step(r, NOP);
	access_memory(r, true, map + 0x1ff8, sp - 8);
	step(r, MOV_MEM_RDI_RAX);
	access_memory(r, false, map + 0x1ff8, sp - 8);
	set(r, "rax", sp - 8);
	step(r, MOV_RAX_MEM_RDI);
	set(r, "rcx", sp - 8);
	step(r, MOV_RCX_RAX);
	set(r, "rcx", r->base + 5);
	set(r, "rdx", heap + 0xfff);
	step(r, NOP);
}

START_TEST(addresses_are_translated_by_region)
{
	struct diff_result r = compare_runs(pointers, &moved, NULL);

	check_totals(&r, totals(0));
	ck_assert_uint_eq(r.compared, 9);
	ck_assert_uint_eq(r.start.len, 0);
	ck_assert_int_eq(diff_verdict(&r), DIFF_SAME);
	diff_result_deinit(&r);
}
END_TEST

static void shifted_pointer(struct run *r, int side)
{
	uint64_t sp = state_get(&r->before, r->isa->sp), shifted = sp >> 12;

	(void)side;
	set(r, "rax", sp);
	step(r, NOP);
	set(r, "rax", shifted);
	set(r, "cf", sp >> 11 & 1);
	set(r, "zf", 0);
	set(r, "sf", 0);
	set(r, "pf", !(__builtin_popcountll(shifted & 0xff) & 1));
	step(r, SHR_RAX_12);
	set(r, "rcx", shifted);
	step(r, MOV_RCX_RAX);
}

START_TEST(what_other_addresses_make_of_it_is_no_difference)
{
	struct diff_result r = compare_runs(shifted_pointer, &moved, NULL);

	ck_assert_uint_eq(r.list[DIFF_INDEPENDENT].total, 0);
	ck_assert_uint_ge(r.list[DIFF_ADDRESSES].total, 1);
	ck_assert_uint_eq(r.list[DIFF_CONSEQUENCE].total, 1);
	ck_assert_int_eq(diff_verdict(&r), DIFF_SAME);
	diff_result_deinit(&r);
}
END_TEST

static void wrong_pointer(struct run *r, int side)
{
	uint64_t sp = state_get(&r->before, r->isa->sp);

	set(r, "rbx", sp);
	step(r, NOP);
	set(r, "rax", sp + (side ? 8 : 0));
	step(r, MOV_RAX_RBX);
}

START_TEST(an_address_of_another_place_is_a_difference)
{
	struct diff_result r = compare_runs(wrong_pointer, &moved, NULL);

	check_totals(&r, totals(1));
	check_location(&r.list[DIFF_INDEPENDENT], 0, "mov r64, r64", "rax");
	/* rbx in A and in B */
	ck_assert_uint_eq(r.list[DIFF_INDEPENDENT].findings.list.at[0].inputs.len, 2);
	diff_result_deinit(&r);
}
END_TEST

/* The strings of the initial stack are elsewhere, relative to the stack pointer. */
static void arguments(struct run *r, int side)
{
	uint64_t sp = state_get(&r->before, r->isa->sp), string = sp + (side ? 0x810 : 0x800);

	set(r, "rdi", sp + 8);
	step(r, NOP);
	access_memory(r, false, sp + 8, string);
	set(r, "rax", string);
	step(r, MOV_RAX_MEM_RDI);
	set(r, "rcx", string);
	step(r, MOV_RCX_RAX);
}

START_TEST(strings_of_the_initial_stack_are_found)
{
	struct diff_result r = compare_runs(arguments, &moved, NULL);

	check_totals(&r, totals(0));
	diff_result_deinit(&r);
}
END_TEST

/* ---- System calls ---- */

static void read_differs(struct run *r, int side)
{
	static const uint8_t data[2][3] = {"abc", "abd"};
	static const struct trace_write writes[2] = {{0x5000, 3, data[0], 3}, {0x5000, 3, data[1], 3}};

	call(r, READ, 3);
	r->event.writes = &writes[side];
	r->event.num_writes = 1;
	step(r, SYSCALL);
}

START_TEST(what_a_system_call_wrote_is_compared)
{
	struct diff_result r = compare_runs(read_differs, NULL, NULL);

	check_totals(&r, totals(1));
	check_location(&r.list[DIFF_INDEPENDENT], 0, "syscall", "mem24[0x5000]");
	ck_assert_uint_eq(r.list[DIFF_INDEPENDENT].findings.list.at[0].mask[0], ~UINT64_C(0xff0000));
	diff_result_deinit(&r);
}
END_TEST

/* ---- Threads and ends ---- */

static void threads(struct run *r, int side)
{
	static const uint64_t tid[2][3] = {{7, 8, 7}, {100, 50, 100}};

	for (int i = 0; i < 3; i++) {
		r->tid = tid[side][i];
		set(r, "rax", (uint64_t)i);
		step(r, NOP);
	}
	if (side)
		r->tid = 200;
	step(r, NOP);
}

START_TEST(threads_are_paired_in_order)
{
	struct diff_result r = compare_runs(threads, NULL, NULL);

	check_totals(&r, totals(0));
	ck_assert_uint_eq(r.threads, 3);
	/* A's first thread has one step more; B alone has a third. */
	ck_assert_uint_eq(r.endings.len, 2);
	ck_assert_uint_eq(r.endings.at[0].left_a, 1);
	ck_assert_uint_eq(r.endings.at[0].left_b, 0);
	ck_assert_uint_eq(r.endings.at[1].tid_b, 200);
	ck_assert_uint_eq(r.endings.at[1].left_b, 1);
	diff_result_deinit(&r);
}
END_TEST

START_TEST(a_trace_that_was_cut_off_is_compared_as_far_as_it_goes)
{
	struct diff_result r = compare_runs(far, NULL, NULL);
	struct stat st;

	diff_result_deinit(&r);
	ck_assert_int_eq(stat(path[1], &st), 0);
	ck_assert_int_eq(truncate(path[1], st.st_size / 2), 0);
	ck_no_error(compare(NULL, &r));
	ck_assert_uint_gt(r.compared, 0);
	ck_assert_uint_lt(r.compared, 40 * 3002);
	ck_assert_uint_eq(r.endings.len, 1);
	ck_assert_uint_gt(r.endings.at[0].left_a, 0);
	ck_contains(r.endings.at[0].why, "B was cut off");
	ck_assert_int_eq(diff_verdict(&r), DIFF_DIFFERENT);
	diff_result_deinit(&r);
}
END_TEST

static bool always(void *ctx)
{
	(void)ctx;
	return true;
}

START_TEST(a_comparison_can_be_interrupted)
{
	const struct diff_options options = {.max_findings = 100, .interrupted = always};
	struct diff_result r = compare_runs(far, NULL, &options);

	ck_assert(r.interrupted);
	ck_assert_uint_eq(r.compared, 0);
	diff_result_deinit(&r);
}
END_TEST

/* ---- What cannot be compared ---- */

static void write_one(int side, const struct start *start)
{
	struct run r;

	run_open(&r, side, start);
	step(&r, NOP);
	run_close(&r);
}

START_TEST(other_programs_are_refused)
{
	const struct start other = {CODE, STACK, 0xcd, "x86_64", 0}, arm = {CODE, STACK, 0xab, "aarch64", 0};
	const struct diff_options force = {.max_findings = 100, .force = true};
	struct diff_result r;

	write_one(0, &usual);
	write_one(1, &other);
	ck_error(compare(NULL, &r), ERROR_INPUT, "another program");
	ck_no_error(compare(&force, &r));
	ck_assert_int_eq(diff_verdict(&r), DIFF_SAME);
	diff_result_deinit(&r);

	struct run run;
	run_open(&run, 1, &arm);
	step(&run, "\x1f\x20\x03\xd5");
	run_close(&run);
	ck_error(compare(&force, &r), ERROR_INPUT, "aarch64");
}
END_TEST

/* Anything may stand in a trace: made-up ones have everything, and other ones nothing in common. */
static void write_random(int side, const char *isa, uint64_t seed, size_t steps)
{
	struct trace_header h = {.isa = isa_by_name(isa), .recorder = strdup("made up"), .emulator = strdup("none")};
	const struct trace_end end = {.exited = true};
	struct random_trace t;
	struct trace_writer *w;

	random_trace_init(&t, h.isa, seed);
	ck_no_error(trace_writer_create(path[side], &h, &t.before, &w));
	for (size_t i = 0; i < steps; i++) {
		random_trace_next(&t);
		ck_no_error(trace_writer_step(w, &t.step));
	}
	ck_no_error(trace_writer_finish(w, &end));
	trace_writer_destroy(w);
	random_trace_deinit(&t);
	trace_header_deinit(&h);
}

START_TEST(made_up_traces_are_equal_to_themselves_and_to_no_others)
{
	const struct diff_options force = {.max_findings = 50, .consequences = true, .force = true, .window = 1000};
	const char *isa = isas[_i % 2]->name;
	uint64_t seed = (uint64_t)_i;
	struct diff_result r;

	write_random(0, isa, seed, 2000);
	write_random(1, isa, seed, 2000);
	ck_no_error(compare(&force, &r));
	check_totals(&r, totals(0));
	ck_assert_int_eq(diff_verdict(&r), DIFF_SAME);
	diff_result_deinit(&r);

	write_random(1, isa, seed + 100, 1500);
	ck_no_error(compare(&force, &r));
	ck_assert_int_ne(diff_verdict(&r), DIFF_SAME);
	for (unsigned c = 0; c < DIFF_NUM_CLASSES; c++)
		ck_assert_uint_le(r.list[c].findings.list.len, 50);
	ck_assert_uint_le(r.paths.len, 50);
	diff_result_deinit(&r);
}
END_TEST

static void setup(void)
{
	scratch_setup();
	scratch_path("a.vtrace", path[0]);
	scratch_path("b.vtrace", path[1]);
}

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("differences");

	tcase_add_checked_fixture(tc, setup, scratch_teardown);
	tcase_add_test(tc, equal_runs_are_the_same);
	tcase_add_test(tc, a_wrong_flag_is_one_difference);
	tcase_add_test(tc, undefined_bits_are_no_difference);
	tcase_add_test(tc, the_time_is_from_outside);
	tcase_add_test(tc, what_follows_from_a_difference_is_counted_apart);
	tcase_add_test(tc, consequences_are_listed_only_if_asked_for);
	tcase_add_test(tc, what_the_list_has_no_room_for_is_counted);
	tcase_add_test(tc, a_register_that_no_instruction_writes_must_not_change);
	tcase_add_test(tc, a_signal_is_a_difference);
	tcase_add_test(tc, registers_that_differ_from_the_start_are_named);
	tcase_add_test(tc, stores_of_other_values_or_to_other_places_are_differences);
	tcase_add_test(tc, memory_that_nobody_wrote_differently_is_named_once);
	tcase_add_test(tc, what_a_system_call_wrote_is_compared);
	suite_add_tcase(suite, tc);

	tc = tcase_create("alignment");
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, scratch_teardown);
	tcase_add_loop_test(tc, a_repeated_instruction_may_be_one_step_or_many, 0, 2);
	tcase_add_test(tc, the_end_of_a_repeated_instruction_is_compared);
	tcase_add_test(tc, a_block_may_be_one_step);
	tcase_add_test(tc, paths_that_part_are_joined_again);
	tcase_add_test(tc, loops_may_spin_differently_often);
	tcase_add_test(tc, a_system_call_is_an_anchor_where_the_window_is_too_small);
	tcase_add_test(tc, paths_that_never_meet_are_lost);
	tcase_add_test(tc, paths_are_joined_in_long_traces);
	tcase_add_test(tc, threads_are_paired_in_order);
	tcase_add_test(tc, a_trace_that_was_cut_off_is_compared_as_far_as_it_goes);
	tcase_add_test(tc, a_comparison_can_be_interrupted);
	suite_add_tcase(suite, tc);

	tc = tcase_create("addresses");
	tcase_add_checked_fixture(tc, setup, scratch_teardown);
	tcase_add_test(tc, addresses_are_translated_by_region);
	tcase_add_test(tc, what_other_addresses_make_of_it_is_no_difference);
	tcase_add_test(tc, an_address_of_another_place_is_a_difference);
	tcase_add_test(tc, strings_of_the_initial_stack_are_found);
	suite_add_tcase(suite, tc);

	tc = tcase_create("inputs");
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, scratch_teardown);
	tcase_add_test(tc, other_programs_are_refused);
	tcase_add_loop_test(tc, made_up_traces_are_equal_to_themselves_and_to_no_others, 0, 6);
	suite_add_tcase(suite, tc);
}

int main(void)
{
	Suite *suite = suite_create("diff");

	add_cases(suite);
	return test_main(suite);
}
