#include "cmd/validate/closer.h"

#include <sys/stat.h>

#include "lib/run/closer.h"

enum {
	MAX_LOOKS = 8,
	MAX_STEPPED = 2000000, /* instructions, one by one through the stub */
};

/* How closely: a run of blocks is looked at in single instructions, and one of these through the stub, with memory. */
enum look { LOOK_INSNS, LOOK_STEPS, NUM_LOOKS };

static const char *const gone[NUM_LOOKS] = {
	[LOOK_INSNS] = "only when translated as a block: the optimiser or liveness (it is not so when the same "
		       "instructions are translated one by one)",
	[LOOK_STEPS] = "not found again when the instructions up to there were stepped one by one",
};

/* A fresh guest, and what it runs with. */
struct again {
	struct evlog_reader *log;
	struct target *target;
	struct replay *replay;
	struct run run;
};

static void again_deinit(struct again *a)
{
	run_deinit(&a->run);
	replay_destroy(a->replay);
	target_destroy(a->target);
	evlog_reader_destroy(a->log);
}

static struct error *start_again(const struct closer_looks *c, enum look look, struct again *a)
{
	const struct replay_options silent = {.output = NULL};
	struct start_options start = *c->start;
	struct error *refused = NULL; /* the lane is not for the emulator to choose */
	struct state regs = {0};

	start.blocks = false;
	start.lane = LANE_LOG;
	start.stands = look == LOOK_STEPS;
	struct error *err = evlog_reader_open(c->log, &a->log);
	if (!err)
		err = start_target(&start, c->isa, evlog_reader_header(a->log), c->program, &a->target, &refused);
	if (!err)
		err = replay_create(a->log, a->target, &silent, &a->replay);
	if (!err)
		err = state_init(&regs, c->isa);
	if (!err)
		err = target_read_regs(a->target, &regs);
	if (!err)
		err = replay_start(a->replay, &regs);
	state_deinit(&regs);
	return err;
}

static struct error *run_again(const struct closer_looks *c, const struct run_stretch *s, enum look look,
			       struct again *a)
{
	struct lockstep_options o = *c->options;
	struct error *err = start_again(c, look, a);

	o.one_stretch = true;
	o.stretch = *s;
	o.flow = look == LOOK_INSNS;
	o.blocks = o.have_from = o.have_until = o.judge.stop_on_first = false;
	o.max_instructions = s->last - s->begin;
	o.judge.max_findings = o.audit_interval = 0;
	o.trace_path = NULL;
	o.progress = NULL;
	if (!err)
		err = lockstep_run(a->target, a->replay, &o, &a->run);
	if (!err && a->run.interrupted)
		err = error_create(ERROR_TARGET, "the run was ended before");
	if (!err && a->run.error && !a->run.findings.list.len) {
		err = a->run.error;
		a->run.error = NULL;
	}
	return err;
}

static bool is_file(const char *path)
{
	struct stat file;

	return !stat(path, &file) && S_ISREG(file.st_mode);
}

/* Why there is no closer look, or NULL. */
static const char *why_not(const struct closer_looks *c, const struct run_stretch *s, enum look look)
{
	if (c->options->interrupted && *c->options->interrupted)
		return "the run was ended before";
	if (c->looks >= MAX_LOOKS)
		return "there were eight such looks already";
	if (look == LOOK_STEPS && s->last - s->begin > MAX_STEPPED)
		return "more than 2,000,000 instructions would have to be stepped for that";
	return is_file(c->log) ? NULL : "the event log is no file that can be read again";
}

static struct error *look_at_all(struct closer_looks *c, struct run *run, enum look look);

static struct error *look_at(struct closer_looks *c, struct run *run, const struct run_stretch *s, enum look look)
{
	const char *why = why_not(c, s, look);
	struct again a = {.log = NULL};

	if (why)
		return closer_skip(run, s, why);
	c->looks++;
	struct error *err = run_again(c, s, look, &a);
	if (err && error_is(err, ERROR_NO_MEMORY)) {
		again_deinit(&a);
		return err;
	}
	if (err) {
		struct error *failed = err;
		err = closer_skip(run, s, failed->message);
		error_destroy(failed);
	} else {
		if (look == LOOK_INSNS)
			err = look_at_all(c, &a.run, LOOK_STEPS);
		if (!err)
			err = closer_merge(run, s, &a.run, gone[look], c->isa, a.target->hidden);
	}
	again_deinit(&a);
	return err;
}

static struct error *look_at_all(struct closer_looks *c, struct run *run, enum look look)
{
	struct error *err = NULL;

	for (size_t i = 0; i < run->closer.len && !err; i++)
		err = look_at(c, run, &run->closer.at[i], look);
	return err;
}

struct error *look_closer(struct closer_looks *c, struct run *run)
{
	return look_at_all(c, run, c->options->blocks ? LOOK_INSNS : LOOK_STEPS);
}
