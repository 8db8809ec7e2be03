#include "lib/target/unicorn_vectors.h"

#include <stdlib.h>
#include <string.h>

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

static struct error *put_state(struct unicorn_vectors *u, const struct vectors_trial *trial)
{
	const struct vectors_state *before = &trial->before;

	memset(u->window, 0, (size_t)NUM_WINDOW_PAGES * PAGE);
	memcpy(u->window + PAGE, before->memory, VECTOR_WINDOW);
	memset(u->code, 0, PAGE);
	for (unsigned i = 0; i < 4; i++)
		u->code[i] = (uint8_t)(trial->word >> (8 * i));
	uc_ctl_remove_cache(u->uc, VECTORS_CODE, VECTORS_CODE + PAGE);
	u->regs = *before;
	u->nzcv = before->nzcv;
	u->fpsr = before->fpsr;
	u->fpcr = before->fpcr;
	return unicorn_error(uc_reg_write_batch(u->uc, u->ids, u->values, NUM_REGS), "write the registers");
}

static struct error *get_state(struct unicorn_vectors *u, struct vectors_state *ret)
{
	uc_err e = uc_reg_read_batch(u->uc, u->ids, u->values, NUM_REGS);

	*ret = u->regs;
	ret->nzcv = (uint32_t)u->nzcv & 0xf0000000;
	ret->fpsr = (uint32_t)u->fpsr;
	ret->fpcr = (uint32_t)u->fpcr;
	memcpy(ret->memory, u->window + PAGE, VECTOR_WINDOW);
	return unicorn_error(e, "read the registers");
}

static void drop_pages(struct unicorn_vectors *u)
{
	while (u->num_pages)
		uc_mem_unmap(u->uc, u->pages[--u->num_pages], PAGE);
}

struct error *unicorn_vectors_run(struct unicorn_vectors *u, struct vectors_trial *trial)
{
	u->excepted = false;
	struct error *err = put_state(u, trial);
	if (err)
		return err;
	uc_err e = uc_emu_start(u->uc, trial->before.pc, 0, 0, 1);
	trial->end = e || u->excepted ? VECTORS_LEFT_OUT : VECTORS_ENDED;
	if (trial->end == VECTORS_ENDED)
		err = get_state(u, &trial->after);
	drop_pages(u);
	return err;
}
