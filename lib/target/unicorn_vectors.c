#include "lib/target/unicorn_vectors.h"

#include <stdlib.h>
#include <string.h>

#include "lib/oracle/vectors.h"
#include "lib/oracle/vectors_state.h"
#include "lib/target/unicorn_machine.h"

/*
 * The page of the instruction and those around the window are always there. Any other page appears, full of zeroes,
 * when it is accessed, and goes when the case is over.
 */
enum { PAGE = 0x1000, NUM_WINDOW_PAGES = 4, MAX_PAGES = 8 };

#define WINDOW_START (VECTORS_WINDOW - PAGE)

/* The registers of a case, in the order of struct unicorn_regs. */
enum { FIRST_V = 31, NUM_REGS = FIRST_V + 32 + 5 };

struct unicorn_vectors {
	uc_engine *uc;
	uint8_t *code, *window; /* memory of the engine's maps, PAGE and NUM_WINDOW_PAGES * PAGE bytes */
	int ids[NUM_REGS];
	void *values[NUM_REGS];    /* into regs */
	struct vectors_state regs; /* memory apart */
	uint64_t nzcv, fpsr, fpcr; /* as unicorn gives them */
	uint64_t pages[MAX_PAGES]; /* that appeared */
	unsigned num_pages;
	bool excepted;
	struct vector_change changes[VECTOR_MAX_CHANGES];
	unsigned num_changes;
	struct vectors_state before, after;
};

/* ---- The engine ---- */

static void on_exception(uc_engine *uc, uint32_t exception, void *ctx)
{
	struct unicorn_vectors *u = ctx;

	(void)exception;
	u->excepted = true;
	uc_emu_stop(uc);
}

/* Returns whether the access can go on. */
static bool on_unmapped(uc_engine *uc, uc_mem_type type, uint64_t address, int size, int64_t value, void *ctx)
{
	struct unicorn_vectors *u = ctx;
	uint64_t page = address & -(uint64_t)PAGE, last = (address + (uint64_t)size - 1) & -(uint64_t)PAGE;

	(void)value;
	if (type == UC_MEM_FETCH_UNMAPPED)
		return false;
	for (;; page += PAGE) {
		/* The other page of an access to two can be there. */
		if (u->num_pages == MAX_PAGES || (uc_mem_map(uc, page, PAGE, UC_PROT_ALL) && page == last))
			return false;
		u->pages[u->num_pages++] = page;
		if (page == last)
			return true;
	}
}

static struct error *map(struct unicorn_vectors *u)
{
	uc_err e = uc_mem_map_ptr(u->uc, VECTORS_CODE, PAGE, UC_PROT_ALL, u->code);

	if (!e)
		e = uc_mem_map_ptr(u->uc, WINDOW_START, (size_t)NUM_WINDOW_PAGES * PAGE, UC_PROT_ALL, u->window);
	return unicorn_error(e, "map memory");
}

static struct error *add_hooks(struct unicorn_vectors *u)
{
	uc_hook hook;
	/* Every address: begin is above end. */
	uc_err e = uc_hook_add(u->uc, &hook, UC_HOOK_INTR, (void *)(uintptr_t)on_exception, u, UINT64_C(1),
			       UINT64_C(0));

	if (!e)
		e = uc_hook_add(u->uc, &hook, UC_HOOK_MEM_UNMAPPED, (void *)(uintptr_t)on_unmapped, u, UINT64_C(1),
				UINT64_C(0));
	return unicorn_error(e, "add a hook");
}

static void name_reg(struct unicorn_vectors *u, unsigned i, int id, void *value)
{
	u->ids[i] = id;
	u->values[i] = value;
}

/* unicorn numbers X29 and X30 apart from the others. */
static int general_id(unsigned i)
{
	return i == 29 ? UC_ARM64_REG_X29 : i == 30 ? UC_ARM64_REG_X30 : UC_ARM64_REG_X0 + (int)i;
}

static void name_regs(struct unicorn_vectors *u)
{
	unsigned n = FIRST_V + 32;

	for (unsigned i = 0; i < 31; i++)
		name_reg(u, i, general_id(i), &u->regs.x[i]);
	for (unsigned i = 0; i < 32; i++)
		name_reg(u, FIRST_V + i, UC_ARM64_REG_Q0 + (int)i, u->regs.v[i]);
	name_reg(u, n++, UC_ARM64_REG_SP, &u->regs.sp);
	name_reg(u, n++, UC_ARM64_REG_PC, &u->regs.pc);
	name_reg(u, n++, UC_ARM64_REG_NZCV, &u->nzcv);
	name_reg(u, n++, UC_ARM64_REG_FPSR, &u->fpsr);
	name_reg(u, n, UC_ARM64_REG_FPCR, &u->fpcr);
}

static struct error *open_engine(struct unicorn_vectors *u)
{
	const struct unicorn_machine *machine = unicorn_find_machine("aarch64");
	struct error *err = unicorn_open(machine, &u->uc);

	if (!err)
		err = unicorn_error(uc_ctl_set_cpu_model(u->uc, machine->models[0].id), "set the CPU model");
	if (!err)
		err = machine->set_up(u->uc);
	if (!err)
		err = map(u);
	return err ? err : add_hooks(u);
}

struct error *unicorn_vectors_create(struct unicorn_vectors **ret)
{
	struct unicorn_vectors *u = calloc(1, sizeof *u);

	if (!u)
		return &error_no_memory;
	u->code = aligned_alloc(PAGE, PAGE);
	u->window = aligned_alloc(PAGE, (size_t)NUM_WINDOW_PAGES * PAGE);
	name_regs(u);
	struct error *err = u->code && u->window ? open_engine(u) : &error_no_memory;
	if (err) {
		unicorn_vectors_destroy(u);
		return err;
	}
	*ret = u;
	return NULL;
}

void unicorn_vectors_destroy(struct unicorn_vectors *u)
{
	if (!u)
		return;
	if (u->uc)
		uc_close(u->uc);
	free(u->code);
	free(u->window);
	free(u);
}

/* ---- A case ---- */

static struct error *put_state(struct unicorn_vectors *u, uint32_t word)
{
	memset(u->window, 0, (size_t)NUM_WINDOW_PAGES * PAGE);
	memcpy(u->window + PAGE, u->before.memory, VECTOR_WINDOW);
	memset(u->code, 0, PAGE);
	for (unsigned i = 0; i < 4; i++)
		u->code[i] = (uint8_t)(word >> (8 * i));
	uc_ctl_remove_cache(u->uc, VECTORS_CODE, VECTORS_CODE + PAGE);
	u->regs = u->before;
	u->nzcv = u->before.nzcv;
	u->fpsr = u->before.fpsr;
	u->fpcr = u->before.fpcr;
	return unicorn_error(uc_reg_write_batch(u->uc, u->ids, u->values, NUM_REGS), "write the registers");
}

static struct error *get_state(struct unicorn_vectors *u)
{
	uc_err e = uc_reg_read_batch(u->uc, u->ids, u->values, NUM_REGS);

	u->after = u->regs;
	u->after.nzcv = (uint32_t)u->nzcv & 0xf0000000;
	u->after.fpsr = (uint32_t)u->fpsr;
	u->after.fpcr = (uint32_t)u->fpcr;
	memcpy(u->after.memory, u->window + PAGE, VECTOR_WINDOW);
	return unicorn_error(e, "read the registers");
}

static void drop_pages(struct unicorn_vectors *u)
{
	while (u->num_pages)
		uc_mem_unmap(u->uc, u->pages[--u->num_pages], PAGE);
}

static void add_change(struct unicorn_vectors *u, unsigned kind, unsigned offset, unsigned len, const void *bytes)
{
	u->changes[u->num_changes++] = (struct vector_change){.kind = (uint8_t)kind,
							      .offset = (uint8_t)offset,
							      .len = (uint8_t)len,
							      .bytes = bytes};
}

/* At most 68 registers and, as stores are of at most 64 bytes, few ranges of memory. */
static void find_changes(struct unicorn_vectors *u)
{
	const struct vectors_state *b = &u->before, *a = &u->after;

	u->num_changes = 0;
	for (unsigned i = 0; i < 31; i++)
		if (a->x[i] != b->x[i])
			add_change(u, i, 0, 8, &a->x[i]);
	for (unsigned i = 0; i < 32; i++)
		if (memcmp(a->v[i], b->v[i], sizeof a->v[i]) != 0)
			add_change(u, VECTOR_V0 + i, 0, 16, a->v[i]);
	if (a->sp != b->sp)
		add_change(u, VECTOR_SP, 0, 8, &a->sp);
	if (a->pc != b->pc + 4)
		add_change(u, VECTOR_PC, 0, 8, &a->pc);
	if (a->nzcv != b->nzcv)
		add_change(u, VECTOR_NZCV, 0, 4, &a->nzcv);
	if (a->fpsr != b->fpsr)
		add_change(u, VECTOR_FPSR, 0, 4, &a->fpsr);
	if (a->fpcr != b->fpcr)
		add_change(u, VECTOR_FPCR, 0, 4, &a->fpcr);
	for (unsigned i = 0, end; i < VECTOR_WINDOW && u->num_changes < VECTOR_MAX_CHANGES; i = end + 1) {
		for (end = i; end < VECTOR_WINDOW && a->memory[end] != b->memory[end];)
			end++;
		if (end != i)
			add_change(u, VECTOR_MEMORY, i, end - i, a->memory + i);
	}
}

struct error *unicorn_vectors_run(struct unicorn_vectors *u, uint32_t word, uint64_t seed, struct vector_case *ret,
				  bool *ret_ended)
{
	vectors_make_state(word, seed, &u->before);
	u->excepted = false;
	struct error *err = put_state(u, word);
	if (err)
		return err;
	uc_err e = uc_emu_start(u->uc, u->before.pc, 0, 0, 1);
	*ret_ended = !e && !u->excepted;
	if (*ret_ended)
		err = get_state(u);
	drop_pages(u);
	if (err || !*ret_ended)
		return err;
	find_changes(u);
	*ret = (struct vector_case){.word = word, .seed = seed, .num_changes = u->num_changes, .changes = u->changes};
	return NULL;
}
