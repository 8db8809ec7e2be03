#include "lib/oracle/selftest.h"

#include <signal.h>
#include <string.h>

#include "lib/oracle/selftest_parts.h"

enum { MAX_TEXTS = 2, MAX_AIMS = 12, MAX_TWEAKS = 64 };

/* ---- Creation ---- */

static struct error *run_oracle(struct selftest *t, enum oracle_way way);

/* What the lifter has to know of the CPU. */
static struct error *ask_cpu(struct selftest *t, const struct isa_question *q)
{
	struct rng rng;
	struct error *err = selftest_take(t, q->insn, q->insn_len, 1, &rng);

	if (err)
		return err;
	selftest_make_case(t);
	for (size_t i = 0; i < sizeof q->inputs / sizeof *q->inputs; i++)
		state_set(&t->before, q->inputs[i].reg, q->inputs[i].value);
	err = run_oracle(t, t->way);
	if (!err && t->out.end == ORACLE_STEPPED)
		t->isa->lifter_observe(t->lifter, &t->insn, t->before.value, t->out.after.value);
	return err;
}

static struct error *ask_all(struct selftest *t)
{
	struct error *err = NULL;

	for (size_t i = 0; i < t->isa->num_questions && !err; i++)
		err = ask_cpu(t, &t->isa->questions[i]);
	return err;
}

static struct error *allocate(struct selftest *t)
{
	struct rng noise = {.state = 1};
	struct error *err = t->isa->lifter_create(&t->lifter);

	if (!err)
		err = expr_pool_create(true, &t->pool);
	if (!err)
		err = state_init(&t->initial, t->isa);
	if (!err)
		err = state_init(&t->before, t->isa);
	if (!err)
		err = state_init(&t->expected, t->isa);
	if (!err)
		err = oracle_outcome_init(&t->out, t->isa);
	if (!err)
		err = selftest_held_init(t);
	if (err)
		return err;
	t->noise = malloc(SELFTEST_NOISE);
	if (!t->noise || !vec_reserve(&t->is_input, t->isa->num_regs))
		return &error_no_memory;
	t->is_input.len = t->isa->num_regs;
	memset(t->is_input.at, 0, t->is_input.len);
	selftest_make_noise(&noise, t->noise);
	oracle_initial_state(t->oracle, &t->initial);
	transfer_init(&t->transfer, t->pool);
	return NULL;
}

struct error *selftest_create(const struct isa *isa, struct oracle *oracle, struct selftest **ret)
{
	struct selftest *t = calloc(1, sizeof *t);

	if (!t)
		return &error_no_memory;
	t->isa = isa;
	t->oracle = oracle;
	selftest_find_x87(t);
	struct error *err = allocate(t);
	if (!err)
		err = ask_all(t);
	if (err) {
		selftest_destroy(t);
		return err;
	}
	*ret = t;
	return NULL;
}

void selftest_destroy(struct selftest *t)
{
	if (!t)
		return;
	prog_destroy(t->prog);
	eval_deinit(&t->eval);
	transfer_deinit(&t->transfer);
	expr_pool_destroy(t->pool);
	if (t->lifter)
		t->isa->lifter_destroy(t->lifter);
	vec_deinit(&t->inputs);
	vec_deinit(&t->is_input);
	vec_deinit(&t->pointers);
	vec_deinit(&t->marks);
	vec_deinit(&t->gaps);
	state_deinit(&t->initial);
	state_deinit(&t->before);
	state_deinit(&t->expected);
	oracle_outcome_deinit(&t->out);
	selftest_held_deinit(t);
	free(t->noise);
	free(t);
}

/* ---- Prediction ---- */

/* Stores to memory that is not there, or not writable, fault like loads. */
static void check_stores(struct selftest *t)
{
	for (size_t i = 0; i < t->eval.num_stores; i++) {
		const struct eval_store *store = &t->eval.stores[i];
		if (guest_covers(&t->guest, store->address, store->len, true))
			continue;
		t->predicted = (struct expectation){.fault = FAULT_PAGE, .address = store->address, .len = store->len};
		return;
	}
}

static bool goes_nowhere(const struct selftest *t)
{
	for (size_t i = 0; i < t->eval.num_regs; i++) {
		if (t->eval.regs[i].reg == t->isa->pc)
			return !guest_mappable(t->eval.regs[i].value[0], 1);
	}
	return false;
}

struct error *selftest_predict(struct selftest *t)
{
	struct eval_memory memory = guest_memory(&t->guest);
	struct error *err = prog_run(t->prog, t->before.value, t->before.unknown, &memory, &t->eval);

	if (err)
		return err;
	t->predicted = (struct expectation){0};
	if (t->eval.status == EVAL_FAULT && t->eval.fault == FAULT_PAGE)
		t->predicted = (struct expectation){.fault = FAULT_PAGE,
						    .address = t->guest.miss_address,
						    .len = t->guest.miss_len};
	else if (t->eval.status == EVAL_FAULT)
		t->predicted.fault = t->eval.fault;
	if (t->eval.status == EVAL_DONE || t->eval.last_fault)
		check_stores(t);
	t->predicted.wild = t->eval.status == EVAL_DONE && goes_nowhere(t);
	return NULL;
}

static bool suspect_store_fails(struct selftest *t)
{
	for (size_t i = 0; i < t->eval.num_stores; i++) {
		const struct eval_store *store = &t->eval.stores[i];
		if (guest_is_suspect(&t->guest, store->address, store->len) &&
		    !guest_covers(&t->guest, store->address, store->len, true))
			return true;
	}
	return false;
}

struct error *selftest_go_on(struct selftest *t)
{
	struct eval_memory memory = guest_memory(&t->guest);

	t->guest.lenient = true;
	struct error *err = prog_run(t->prog, t->before.value, t->before.unknown, &memory, &t->eval);
	t->guest.lenient = false;
	return err;
}

struct error *selftest_may_fault_at(struct selftest *t, uint64_t address, bool *ret)
{
	struct eval_memory memory = guest_memory(&t->guest);

	t->guest.lenient = true;
	t->guest.suspect = address;
	t->guest.suspect_misses = 0;
	struct error *err = prog_run(t->prog, t->before.value, t->before.unknown, &memory, &t->eval);
	t->guest.lenient = false;
	if (err)
		return err;
	bool stores = t->eval.status == EVAL_DONE || t->eval.last_fault;
	*ret = t->guest.suspect_misses > 0 || (stores && suspect_store_fails(t));
	return selftest_predict(t);
}

/* ---- Aiming at memory ---- */

/* How far the evaluation came: to the n-th access, or to the end. */
static unsigned progress(const struct selftest *t)
{
	unsigned stores = 0;

	if (t->predicted.fault == FAULT_NONE)
		return UINT32_MAX;
	if (t->eval.status == EVAL_DONE) {
		while (t->eval.stores[stores].address != t->predicted.address)
			stores++;
	}
	return t->guest.hits + stores;
}

static bool may_hold(const struct selftest *t, uint32_t reg, uint64_t value)
{
	return t->isa->regs[reg].class != REG_SEGMENT || guest_mappable(value, 1);
}

/* Moves a register so that the failing access lands at target, if it is one of base or scaled index of that address. */
static struct error *move_pointer(struct selftest *t, uint32_t reg, uint64_t delta, bool *ret)
{
	uint64_t old = state_get(&t->before, reg);
	unsigned before = progress(t);
	struct error *err = NULL;

	*ret = false;
	for (unsigned shift = 0; shift < 4 && !*ret && !err; shift++) {
		uint64_t value = old + (uint64_t)((int64_t)delta >> shift);
		if (!may_hold(t, reg, value))
			continue;
		state_set(&t->before, reg, value);
		err = selftest_predict(t);
		*ret = !err && progress(t) > before;
	}
	if (*ret || err)
		return err;
	state_set(&t->before, reg, old);
	return selftest_predict(t);
}

static struct error *aim_once(struct selftest *t, bool *ret)
{
	uint32_t num = (uint32_t)t->pointers.len, first = rng_below(&t->rng, num);
	uint64_t delta = selftest_target(t, t->predicted.len) - t->predicted.address;
	struct error *err = NULL;

	*ret = false;
	for (uint32_t i = 0; i < num && !*ret && !err; i++)
		err = move_pointer(t, t->pointers.at[(first + i) % num], delta, ret);
	return err;
}

/* Faults other than page faults may come from an address that is not aligned: tries others. */
static struct error *tweak(struct selftest *t)
{
	uint32_t reg = t->pointers.at[rng_below(&t->rng, (uint32_t)t->pointers.len)];
	uint64_t old = state_get(&t->before, reg);
	struct error *err = NULL;

	for (unsigned i = 0; i < MAX_TWEAKS && !err; i++) {
		if (t->predicted.fault != FAULT_PROTECTION && t->predicted.fault != FAULT_ALIGNMENT)
			return NULL;
		if (t->isa->regs[reg].class == REG_SEGMENT)
			return NULL;
		state_set(&t->before, reg, old + i);
		err = selftest_predict(t);
	}
	return err;
}

static struct error *aim(struct selftest *t)
{
	bool moved = true;
	struct error *err = selftest_predict(t);

	if (t->pointers.len == 0 || rng_below(&t->rng, 16) == 0)
		return err;
	if (!err && rng_below(&t->rng, 2) == 0)
		err = tweak(t);
	for (unsigned i = 0; i < MAX_AIMS && !err && moved && t->predicted.fault == FAULT_PAGE; i++)
		err = aim_once(t, &moved);
	return err;
}

/* What aiming did not bring into the window gets a page where it is, mostly; the rest is left to fault. */
static struct error *map_rest(struct selftest *t)
{
	struct error *err = NULL;

	while (!err && t->predicted.fault == FAULT_PAGE && rng_below(&t->rng, 8) != 0) {
		uint64_t last = t->predicted.address + t->predicted.len - 1, missing = t->predicted.address;
		if (guest_find(&t->guest, missing))
			missing = last;
		if (guest_find(&t->guest, missing))
			return NULL;
		struct guest_page *page = guest_add(&t->guest, missing, true);
		if (!page)
			return NULL;
		selftest_fill(t, page);
		err = selftest_predict(t);
	}
	return err;
}

/* Puts registers' values into the memory that is loaded, so that comparisons find equal values. */
static struct error *echo(struct selftest *t)
{
	if (t->eval.num_loads == 0 || t->inputs.len == 0 || rng_below(&t->rng, 3) != 0)
		return NULL;
	struct eval_load load = t->eval.loads[0];
	uint32_t first = rng_below(&t->rng, (uint32_t)t->inputs.len);
	uint32_t second = rng_below(&t->rng, (uint32_t)t->inputs.len);
	uint64_t value[2] = {state_get(&t->before, t->inputs.at[first]), state_get(&t->before, t->inputs.at[second])};
	if (load.len == 8)
		value[0] = (value[0] & UINT32_MAX) |
			   (first == second ? value[0] & ~(uint64_t)UINT32_MAX : value[1] << 32);
	struct guest_page *code = guest_find(&t->guest, t->insn.pc);
	if (code == guest_find(&t->guest, load.address) || code == guest_find(&t->guest, load.address + load.len))
		return NULL;
	guest_write(&t->guest, load.address, value, load.len < sizeof value ? load.len : sizeof value);
	return selftest_predict(t);
}

static struct error *prepare_case(struct selftest *t)
{
	selftest_make_case(t);
	struct error *err = aim(t);

	if (!err)
		err = map_rest(t);
	if (!err)
		err = echo(t);
	if (!err)
		err = selftest_plant_x87(t);
	return err ? err : selftest_plant_selectors(t);
}

/* ---- Cases ---- */

struct oracle_case selftest_case(const struct selftest *t, enum oracle_way way, struct oracle_range *ranges)
{
	return (struct oracle_case){
		.way = way,
		.stop = t->stop,
		.pc = t->insn.pc,
		.bytes = t->insn.bytes,
		.len = t->insn.len,
		.before = &t->before,
		.ranges = ranges,
		.num_ranges = guest_ranges(&t->guest, ranges),
	};
}

static struct error *run_oracle(struct selftest *t, enum oracle_way way)
{
	struct oracle_range ranges[GUEST_MAX_PAGES];
	struct oracle_case c = selftest_case(t, way, ranges);

	struct error *err = oracle_run(t->oracle, &c, &t->out);
	/* The last instruction may have spoilt the process (SYSENTER puts it into another mode); then it starts anew.
	 */
	if (!error_is(err, ERROR_OS) && !error_is(err, ERROR_TARGET))
		return err;
	error_destroy(err);
	return oracle_run(t->oracle, &c, &t->out);
}

static void count_passed(const struct selftest *t, struct selftest_result *ret)
{
	ret->passed++;
	if (t->predicted.fault != FAULT_NONE)
		ret->faulted++;
	else if (t->eval.num_loads || t->eval.num_stores)
		ret->with_memory++;
}

/* ---- Verdicts ---- */

static struct error *compare_again(struct selftest *t, struct strbuf *failures, bool *ret_same)
{
	struct error *err = selftest_predict(t);

	return err ? err : selftest_compare(t, failures, ret_same);
}

/* A case is not called a failure before it has failed in the way that sees most. */
static struct error *repeat(struct selftest *t, struct strbuf *failures, struct selftest_result *ret)
{
	bool same = false, excused = false;
	/* A step of what is done piece by piece may end behind one of them: the trap comes in place of the fault (SDM
	 * vol. 2, VPGATHERDD). */
	struct error *err = run_oracle(t, t->insn.piecewise ? t->way : ORACLE_TRACED);

	if (!err && t->out.end != ORACLE_OPEN)
		err = compare_again(t, NULL, &same);
	if (!err && t->out.end != ORACLE_OPEN && !same)
		err = selftest_excuse(t, &excused);
	if (err)
		return err;
	if (same)
		count_passed(t, ret);
	ret->repeated += same;
	ret->left_open += excused || t->out.end == ORACLE_OPEN;
	if (same || excused || t->out.end == ORACLE_OPEN)
		return NULL;
	ret->failed++;
	if (!t->mutated)
		err = selftest_blame(t);
	if (err)
		return err;
	return failures ? compare_again(t, failures, &same) : NULL;
}

struct error *selftest_run(struct selftest *t, struct strbuf *failures, struct selftest_result *ret)
{
	if (t->eval.status != EVAL_DONE && t->eval.status != EVAL_FAULT) {
		ret->skipped++;
		return NULL;
	}
	struct error *err = run_oracle(t, t->way);
	if (error_is(err, ERROR_UNSUPPORTED)) {
		error_destroy(err);
		ret->skipped++;
		return NULL;
	}
	return err ? err : selftest_judge(t, failures, ret);
}

struct error *selftest_judge(struct selftest *t, struct strbuf *failures, struct selftest_result *ret)
{
	bool same = false;
	struct error *err = t->out.end != ORACLE_OPEN ? selftest_compare(t, NULL, &same) : NULL;

	if (err)
		return err;
	if (t->out.end != ORACLE_OPEN)
		selftest_count_rows(t);
	if (t->out.end == ORACLE_OPEN)
		ret->left_open++;
	else if (same)
		count_passed(t, ret);
	else
		return repeat(t, ret->failed < MAX_TEXTS ? failures : NULL, ret);
	return NULL;
}

/*
 * Does the CPU know what has no model? All bytes are put in: a decoder that knows none does not know the length either,
 * and another vendor's CPU may take it for something longer.
 */
static struct error *run_unmodelled(struct selftest *t, struct selftest_result *ret)
{
	uint8_t len = t->insn.len;

	t->insn.len = (uint8_t)(t->given_len < t->isa->max_insn_len ? t->given_len : t->isa->max_insn_len);
	memcpy(t->insn.bytes, t->given, t->insn.len);
	t->pointers.len = t->inputs.len = 0;
	selftest_make_case(t);
	struct error *err = run_oracle(t, t->way);
	if (t->insn.status != LIFT_UNDECODABLE)
		t->insn.len = len;
	if (error_is(err, ERROR_UNSUPPORTED)) {
		error_destroy(err);
		return NULL;
	}
	if (!err && t->out.end == ORACLE_OPEN) {
		ret->left_open++;
		return NULL;
	}
	if (!err)
		ret->executes = !(t->out.end == ORACLE_SIGNAL && t->out.signal == SIGILL);
	if (!err)
		ret->refused = t->out.end == ORACLE_SIGNAL && t->out.signal == SIGSEGV && t->out.code == SI_KERNEL;
	return err;
}

/* Somewhere in the pages of the code, but not in the instruction itself. */
static bool is_near(const struct selftest *t, uint64_t address)
{
	uint64_t first = t->insn.pc & -(uint64_t)MEMORY_PAGE, last = t->insn.pc + t->insn.len;

	return address >= first && address < (last & -(uint64_t)MEMORY_PAGE) + MEMORY_PAGE &&
	       address - t->insn.pc >= t->insn.len;
}

/* What the model says of jumps and of the kernel; the oracle notices where it is wrong. */
static void find_way(struct selftest *t)
{
	uint64_t next;

	t->way = t->transfer.kind == TRANSFER_PLAIN ? ORACLE_STEP : ORACLE_TRACED;
	if (t->way == ORACLE_TRACED || !expr_is_const(t->pool, transfer_get_reg(&t->transfer, t->isa->pc), &next))
		return;
	t->stop = is_near(t, next) ? next : 0;
	if (!t->insn.repeats && next == t->insn.pc + t->insn.len)
		t->way = ORACLE_STRAIGHT;
}

static struct error *lift(struct selftest *t, uint64_t pc)
{
	t->way = ORACLE_TRACED;
	t->stop = 0;
	expr_pool_reset(t->pool);
	transfer_reset(&t->transfer, t->pool);
	prog_destroy(t->prog);
	t->prog = NULL;
	if (t->isa->lifter_set_checks)
		t->isa->lifter_set_checks(t->lifter, selftest_checks(t));
	struct error *err = t->isa->lift(t->lifter, pc, t->given, t->given_len, &t->transfer, &t->insn);
	if (err || t->insn.status != LIFT_DONE)
		return err;
	err = transfer_verify(&t->transfer, &t->isa->layout);
	if (!err)
		err = selftest_find_inputs(t);
	if (!err)
		find_way(t);
	if (!err)
		err = prog_compile(&t->transfer, &t->isa->layout, &t->prog);
	if (error_is(err, ERROR_UNSUPPORTED)) {
		error_destroy(err);
		err = NULL;
		t->insn.status = LIFT_UNMODELLED;
	}
	return err;
}

struct error *selftest_lift_again(struct selftest *t)
{
	return lift(t, t->insn.pc);
}

/* Somewhere in the code's page; now and then across its end. */
static uint64_t choose_pc(const struct isa *isa, struct rng *r, size_t len)
{
	uint64_t pc = SELFTEST_CODE + (rng_below(r, 16) ? rng_below(r, MEMORY_PAGE - 16)
							: MEMORY_PAGE - 1 - rng_below(r, (uint32_t)len));

	return pc / isa->insn_align * isa->insn_align;
}

struct error *selftest_take(struct selftest *t, const uint8_t *bytes, size_t len, uint64_t seed, struct rng *rng)
{
	*rng = (struct rng){.state = seed};
	t->given = bytes;
	t->given_len = len;
	t->given_seed = seed;
	t->num_held = 0;
	return lift(t, choose_pc(t->isa, rng, len));
}

struct error *selftest_prepare(struct selftest *t, struct rng *rng, unsigned index)
{
	t->index = index;
	t->seed = rng_next(rng);
	t->rng.state = t->seed;
	t->turn = (unsigned)(t->given_seed & 0xff) + index;
	return prepare_case(t);
}

/* Cases [first, end). */
static struct error *run_cases(struct selftest *t, struct rng *rng, unsigned first, unsigned end,
			       struct strbuf *failures, struct selftest_result *ret)
{
	struct error *err = NULL;

	for (unsigned i = 0; i < first; i++)
		rng_next(rng);
	if (t->insn.status != LIFT_DONE)
		return t->insn.status != LIFT_TRUNCATED && end > first ? run_unmodelled(t, ret) : NULL;
	for (unsigned i = first; i < end && !err; i++) {
		err = selftest_prepare(t, rng, i);
		if (!err)
			err = selftest_run_or_hold(t, failures, ret);
	}
	return err ? err : selftest_run_held(t, failures, ret);
}

/* What selftest_replay() takes, for cases [first, end). */
static struct error *run_insn(struct selftest *t, const uint8_t *bytes, size_t len, uint64_t seed, unsigned first,
			      unsigned end, struct strbuf *failures, struct selftest_result *ret)
{
	struct selftest_result result = {0};
	struct rng rng;
	struct error *err = selftest_take(t, bytes, len, seed, &rng);

	if (!err)
		err = run_cases(t, &rng, first, end, failures, &result);
	if (err)
		return error_prefix(err, "%s", t->insn.text);
	result.insn = t->insn;
	*ret = result;
	return NULL;
}

struct error *selftest_insn(struct selftest *t, const uint8_t *bytes, size_t len, unsigned cases, uint64_t seed,
			    struct strbuf *failures, struct selftest_result *ret)
{
	return run_insn(t, bytes, len, seed, 0, cases, failures, ret);
}

struct error *selftest_replay(struct selftest *t, const uint8_t *bytes, size_t len, uint64_t seed, unsigned index,
			      struct strbuf *failures, struct selftest_result *ret)
{
	return run_insn(t, bytes, len, seed, index, index + 1, failures, ret);
}
