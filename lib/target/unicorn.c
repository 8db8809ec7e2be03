#include "lib/target/unicorn.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

#include "lib/base/strbuf.h"
#include "lib/target/loader.h"
#include "lib/target/unicorn_private.h"

static const struct unicorn_machine *const machines[] = {&unicorn_x86_64, &unicorn_aarch64};

const struct unicorn_machine *unicorn_find_machine(const char *isa)
{
	for (size_t i = 0; i < sizeof machines / sizeof machines[0]; i++)
		if (!strcmp(machines[i]->isa, isa))
			return machines[i];
	return NULL;
}

struct error *unicorn_error(uc_err code, const char *what)
{
	return code ? error_create(ERROR_TARGET, "unicorn cannot %s: %s", what, uc_strerror(code)) : NULL;
}

/*
 * unicorn (2.0.1) ends the process when it cannot map its buffer of 1 GiB for translated code (qemu/accel/tcg/
 * translate-all.c, code_gen_alloc()): found out about beforehand, with a little more for the rest of it.
 */
static struct error *check_room(void)
{
	const size_t room = (size_t)1100 << 20;
	void *probe = mmap(NULL, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (probe == MAP_FAILED)
		return error_os(errno, "map the 1 GiB that unicorn needs (is there a limit, as of ulimit -v?)", NULL);
	munmap(probe, room);
	return NULL;
}

struct error *unicorn_open(const struct unicorn_machine *machine, uc_engine **ret)
{
	struct error *err = check_room();

	return err ? err : unicorn_error(uc_open(machine->arch, machine->mode, ret), "start");
}

/* ---- The engine of the address space ---- */

struct range {
	uint64_t start, len;
	uint32_t rights;
	void *host;
};

static uc_err map_range(uc_engine *uc, const void *args)
{
	const struct range *r = args;

	return uc_mem_map_ptr(uc, r->start, r->len, r->rights, r->host);
}

static uc_err unmap_range(uc_engine *uc, const void *args)
{
	const struct range *r = args;

	return uc_mem_unmap(uc, r->start, r->len);
}

/* It has room for no more than 4,096 places where something else begins, and asserts that there are no more
 * (phys_section_add() in its exec.c). */
static struct error *change_maps(struct unicorn_target *u, unicorn_guarded call, const struct range *r,
				 const char *what)
{
	if (u->aborted)
		return error_create(ERROR_TARGET, "%s: the emulator has ended", what);
	uc_err code = unicorn_guard(u, call, r);
	if (!u->aborted)
		return unicorn_error(code, what);
	return error_create(ERROR_TARGET, "unicorn aborted when it was to %s at 0x%" PRIx64 ": too many mappings?",
			    what, r->start);
}

static struct error *engine_map(void *ctx, uint64_t start, uint64_t len, int prot, void *host)
{
	/* PROT_READ, PROT_WRITE and PROT_EXEC have the same values; what can be accessed at all can be read. */
	uint32_t rights = (uint32_t)prot | UC_PROT_READ;

	return change_maps(ctx, map_range, &(struct range){start, len, rights, host}, "map memory");
}

/* unicorn keeps translated code by the place in memory that it came from, which can be another map's later on. */
static struct error *engine_code_changed(void *ctx, uint64_t start, uint64_t len)
{
	const struct unicorn_target *u = ctx;

	return unicorn_error(uc_ctl_remove_cache(u->uc, start, start + len), "drop translated code");
}

static struct error *engine_unmap(void *ctx, uint64_t start, uint64_t len)
{
	const struct unicorn_target *u = ctx;
	int rights;

	if (space_rights(u->space, start, &rights) && rights & UC_PROT_EXEC) {
		struct error *err = engine_code_changed(ctx, start, len);
		if (err)
			return err;
	}
	return change_maps(ctx, unmap_range, &(struct range){.start = start, .len = len}, "unmap memory");
}

/* ---- Requests ---- */

/* Nothing can be asked of a guest that is gone, or while steps are under way. */
static struct error *check_idle(const struct unicorn_target *u, const char *what)
{
	if (u->ended || u->aborted)
		return error_create(ERROR_TARGET, "%s: the %s has ended", what, u->ended ? "guest" : "emulator");
	if (u->num_steps)
		return error_create(ERROR_BUG, "%s: %zu submitted steps are not collected", what, u->num_steps);
	return NULL;
}

static struct error *read_raw(struct unicorn_target *u)
{
	return unicorn_read_raw(&u->layout, u->uc, u->raw) ? NULL : unicorn_error(UC_ERR_ARG, "read the registers");
}

static struct error *read_regs(struct target *t, struct state *ret)
{
	struct unicorn_target *u = to_unicorn(t);
	struct error *err = check_idle(u, "reading registers");

	if (!err)
		err = read_raw(u);
	if (!err)
		unicorn_raw_to_state(&u->layout, u->raw, ret);
	return err;
}

static struct error *write_regs(struct target *t, const struct state *from, const uint32_t *regs, size_t num_regs)
{
	struct unicorn_target *u = to_unicorn(t);
	struct error *err = check_idle(u, "writing registers");

	if (!err)
		err = read_raw(u);
	return err ? err : unicorn_write_regs(&u->layout, u->uc, u->raw, from, regs, num_regs);
}

static struct error *read_memory(struct target *t, uint64_t address, void *ret, size_t len, size_t *ret_len)
{
	struct unicorn_target *u = to_unicorn(t);
	struct error *err = check_idle(u, "reading memory");

	if (!err)
		*ret_len = space_read(u->space, address, ret, len);
	return err;
}

static struct error *write_memory(struct target *t, uint64_t address, const void *data, size_t len)
{
	struct unicorn_target *u = to_unicorn(t);
	struct error *err = check_idle(u, "writing memory");

	return err ? err : space_write(u->space, address, data, len);
}

struct error *unicorn_pc(struct unicorn_target *u, uint64_t *ret)
{
	struct error *err = read_raw(u);
	const struct isa *isa = u->base.isa;

	for (size_t i = 0; !err && i < u->layout.fields.len; i++)
		if (u->layout.fields.at[i].reg == isa->pc)
			memcpy(ret, u->raw + u->layout.fields.at[i].at, sizeof *ret);
	return err;
}

/* ---- System calls ---- */

bool unicorn_is_call(const struct unicorn_target *u, uint64_t address)
{
	const struct isa *isa = u->base.isa;
	uint8_t bytes[ISA_MAX_INSN_LEN];

	return space_read(u->space, address, bytes, isa->sys.insn_len) == isa->sys.insn_len &&
	       !memcmp(bytes, isa->sys.insn, isa->sys.insn_len);
}

/* Writes those registers that changed. */
static struct error *write_changed(struct unicorn_target *u, const struct state *before, const struct state *after)
{
	const struct isa *isa = u->base.isa;
	struct error *err = NULL;

	for (uint32_t i = 0; !err && i < isa->num_regs; i++) {
		const struct reg_desc *desc = &isa->regs[i];

		if (memcmp(before->value + desc->word, after->value + desc->word, 8 * reg_words(desc)) != 0)
			err = unicorn_write_regs(&u->layout, u->uc, u->raw, after, &i, 1);
	}
	return err;
}

static struct error *call_with(struct unicorn_target *u, struct state *before, struct state *after, struct stop *ret)
{
	const struct isa *isa = u->base.isa;
	struct kernel_result result;
	struct error *err = read_raw(u);

	if (err)
		return err;
	unicorn_raw_to_state(&u->layout, u->raw, before);
	state_copy(after, before);
	uint64_t next_pc = state_get(before, isa->pc) + isa->sys.insn_len;
	if (u->machine->enter_kernel)
		u->machine->enter_kernel(after, next_pc);
	state_set(after, isa->pc, next_pc);
	err = kernel_call(&u->kernel, after, &result);
	if (err)
		return err;
	*ret = (struct stop){.kind = STOP_STEPPED};
	if (result.exited) {
		*ret = u->last = (struct stop){.kind = STOP_EXITED, .status = result.status};
		u->ended = true;
		return NULL;
	}
	return write_changed(u, before, after);
}

struct error *unicorn_call(struct unicorn_target *u, struct stop *ret)
{
	struct state before, after;
	struct error *err = state_init(&before, u->base.isa);

	if (err)
		return err;
	err = state_init(&after, u->base.isa);
	if (!err)
		err = call_with(u, &before, &after, ret);
	state_deinit(&before);
	state_deinit(&after);
	return err;
}

/* ---- Exceptions ---- */

/*
 * The CPU as it was at first, and then the registers that differ in it: twice, because where a write of ST(i) goes
 * depends on the top of the stack in FPSW.
 */
static struct error *renew(struct unicorn_target *u, struct state *now, struct state *wanted)
{
	struct error *err = read_raw(u);

	if (!err) {
		unicorn_raw_to_state(&u->layout, u->raw, wanted);
		err = unicorn_error(uc_context_restore(u->uc, u->fresh), "restore its CPU");
	}
	for (unsigned i = 0; i < 2 && !err; i++) {
		err = read_raw(u);
		if (!err) {
			unicorn_raw_to_state(&u->layout, u->raw, now);
			err = write_changed(u, now, wanted);
		}
	}
	return err;
}

/*
 * An exception that unicorn hands to its hook is in flight for it from then on (QEMU 5.0's target/i386/excp_helper.c,
 * check_exception(): env->old_exception, which the entry into a kernel's handler clears, and nothing that its interface
 * has). So the next one is a double fault, which is unicorn's doing, and seen as such. Behind that one each exception
 * would be a triple fault, at which it stops for good: a saved CPU has the place where that is kept.
 */
struct error *unicorn_forget_exceptions(struct unicorn_target *u)
{
	struct state now, wanted;
	struct error *err = NULL;

	if (!u->fresh)
		return NULL;
	err = state_init(&now, u->base.isa);
	if (err)
		return err;
	err = state_init(&wanted, u->base.isa);
	if (!err)
		err = renew(u, &now, &wanted);
	state_deinit(&now);
	state_deinit(&wanted);
	return err;
}

static struct error *keep_fresh(struct unicorn_target *u)
{
	struct error *err;

	if (!u->machine->double_fault)
		return NULL;
	err = unicorn_error(uc_context_alloc(u->uc, &u->fresh), "make room for its CPU");
	return err ? err : unicorn_error(uc_context_save(u->uc, u->fresh), "save its CPU");
}

/* ---- Life ---- */

static void destroy(struct target *t)
{
	struct unicorn_target *u = to_unicorn(t);

	if (u->fresh)
		uc_context_free(u->fresh);
	/* What has given up on itself in the middle of something cannot be taken apart: its memory stays. */
	if (u->uc && !u->aborted)
		uc_close(u->uc);
#ifdef __SANITIZE_ADDRESS__
	if (u->aborted)
		__lsan_ignore_object(u->uc);
#endif
	space_destroy(u->space);
	unicorn_layout_deinit(&u->layout);
	error_destroy(u->failure);
	error_destroy(u->run.error);
	free(u->raw);
	free(u->scratch);
	free(u->raws);
	free(u->pages);
	free(u->base.identity);
	free(u);
}

static struct error *map(struct target *t, target_mappings *ret)
{
	const struct unicorn_target *u = to_unicorn(t);
	struct target_mapping m;

	for (size_t i = 0; space_area(u->space, i, &m.start, &m.len, &m.prot); i++)
		if (!vec_push(ret, m))
			return &error_no_memory;
	return NULL;
}

static const struct target_ops unicorn_ops = {
	.destroy = destroy,
	.read_regs = read_regs,
	.write_regs = write_regs,
	.read_memory = read_memory,
	.write_memory = write_memory,
	.step = unicorn_step,
	.run_to = unicorn_run_to,
	.submit = unicorn_submit,
	.collect = unicorn_collect,
	.map = map,
};

/* As QEMU, which calls the model with the most features so. */
static const char *const max_model = "max";

static struct error *no_such_model(const struct unicorn_machine *machine, const char *name)
{
	struct strbuf names = {0};

	strbuf_append(&names, max_model);
	for (size_t i = 0; i < machine->num_models; i++)
		if (strcasecmp(machine->models[i].name, max_model) != 0)
			strbuf_printf(&names, ", %s", machine->models[i].name);
	char *list = strbuf_take(&names);
	struct error *err = list ? error_create(ERROR_UNSUPPORTED,
						"unicorn has no CPU model %s for %s (--cpu): it has %s", name,
						machine->isa, list)
				 : &error_no_memory;
	free(list);
	return err;
}

static struct error *find_model(const struct unicorn_machine *machine, const char *name, int *ret)
{
	bool max = !name || !strcasecmp(name, max_model);

	for (size_t i = 0; i < machine->num_models; i++) {
		if (max || !strcasecmp(machine->models[i].name, name)) {
			*ret = machine->models[i].id;
			return NULL;
		}
	}
	return no_such_model(machine, name);
}

static struct error *open_engine(struct unicorn_target *u, const char *cpu)
{
	int model;
	struct error *err = find_model(u->machine, cpu, &model);

	if (!err)
		err = unicorn_open(u->machine, &u->uc);
	/* Before anything else: the first use of an engine creates its CPU. */
	if (!err)
		err = unicorn_error(uc_ctl_set_cpu_model(u->uc, model), "set the CPU model");
	if (!err)
		err = u->machine->set_up(u->uc);
	if (!err)
		err = keep_fresh(u);
	return err ? err : unicorn_add_hooks(u);
}

static struct error *allocate(struct unicorn_target *u, const struct isa *isa)
{
	unsigned version = uc_version(NULL, NULL);
	struct error *err = unicorn_layout_init(&u->layout, isa, u->machine);

	if (err)
		return err;
	u->base.hidden = u->layout.hidden;
	u->raw = calloc(1, u->layout.size);
	u->scratch = calloc(1, u->layout.size);
	u->raws = calloc(UNICORN_MAX_OUTSTANDING, u->layout.size);
	if (asprintf(&u->base.identity, "unicorn %u.%u.%u (embedded)", version >> 24, version >> 16 & 0xff,
		     version >> 8 & 0xff) < 0)
		u->base.identity = NULL;
	for (size_t i = 0; u->raws && i < UNICORN_MAX_OUTSTANDING; i++)
		u->steps[i].raw = u->raws + i * u->layout.size;
	return u->raw && u->scratch && u->raws && u->base.identity ? NULL : &error_no_memory;
}

static struct error *load(struct unicorn_target *u, const struct unicorn_options *options)
{
	const struct space_engine engine = {u, engine_map, engine_unmap, engine_code_changed};
	const struct loader_options how = {.program = options->program,
					   .auxv = u->machine->auxv,
					   .num_auxv = u->machine->num_auxv};
	const struct isa *isa = u->base.isa;
	const uint32_t regs[] = {isa->pc, isa->sp};
	struct loaded loaded;
	struct state s;
	struct error *err = space_create(&engine, &u->space);

	if (!err)
		err = loader_load(u->space, options->log, &how, &loaded);
	if (!err)
		err = state_init(&s, isa);
	if (err)
		return err;
	u->kernel = (struct kernel){
		.isa = isa,
		.space = u->space,
		.heap = loaded.heap,
		.brk = loaded.heap,
		.map_top = loaded.stack_bottom,
	};
	state_set(&s, isa->pc, loaded.entry);
	state_set(&s, isa->sp, loaded.stack);
	err = write_regs(&u->base, &s, regs, sizeof regs / sizeof regs[0]);
	state_deinit(&s);
	return err;
}

struct error *target_unicorn_create(const struct isa *isa, const struct unicorn_options *options, struct target **ret)
{
	const struct unicorn_machine *machine = unicorn_find_machine(isa->name);

	if (!machine)
		return error_create(ERROR_UNSUPPORTED, "unicorn cannot run %s programs", isa->name);
	struct unicorn_target *u = calloc(1, sizeof *u);
	if (!u)
		return &error_no_memory;
	u->base.ops = &unicorn_ops;
	u->base.isa = isa;
	u->base.max_ahead = UNICORN_MAX_AHEAD;
	u->base.no_segments = true;
	u->machine = machine;
	u->timeout_ms = options->timeout_ms;
	struct error *err = allocate(u, isa);
	if (!err)
		err = open_engine(u, options->cpu);
	if (!err)
		err = load(u, options);
	if (err) {
		destroy(&u->base);
		return err;
	}
	*ret = &u->base;
	return NULL;
}
