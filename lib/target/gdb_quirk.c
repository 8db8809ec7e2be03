/*
 * Registers that stubs show otherwise than the GDB manual says. QEMU's, in user mode:
 *   7.2 gives st0-st7 in physical order, st0 being R0 whatever the top of the stack is, and takes them so
 *   10.0 and 11.1 give them in the order of the stack, and still take them in physical order
 *   7.2, 10.0 and 11.1 give 0 for ftag and fop, always
 *   10.0 takes the halves of each 16 bytes of z0-z31 in the other order than it gives them
 * The orders are found by trying, so that they do not depend on a version number.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/target/gdb_private.h"

enum { NUM_X87 = 8, X87_BITS = 80, X87_LEN = 10, TOP_SHIFT = 11 };

/* The x87 registers in the description. */
struct x87 {
	const struct tdesc_reg *st[NUM_X87], *fstat;
};

static bool find_x87(const struct tdesc *desc, struct x87 *ret)
{
	ret->fstat = tdesc_find(desc, "fstat");
	for (unsigned i = 0; i < NUM_X87; i++) {
		char name[8];

		snprintf(name, sizeof name, "st%u", i);
		ret->st[i] = tdesc_find(desc, name);
		if (!ret->st[i] || ret->st[i]->bits != X87_BITS)
			return false;
	}
	return ret->fstat && ret->fstat->bits >= 16;
}

static void hide_named(struct gdb_layout *l, const char *gdb_name)
{
	for (uint32_t reg = 0; reg < l->isa->num_regs; reg++)
		if (l->shown_by[reg] >= 0 && !strcmp(l->isa->regs[reg].gdb_name, gdb_name))
			gdb_layout_hide(l, reg);
}

static void set_fstat(struct gdb_target *g, const struct x87 *x87, unsigned value)
{
	g->image[x87->fstat->offset] = (uint8_t)value;
	g->image[x87->fstat->offset + 1] = (uint8_t)(value >> 8);
}

static unsigned get_fstat(const struct gdb_target *g, const struct x87 *x87)
{
	return g->image[x87->fstat->offset] | (unsigned)g->image[x87->fstat->offset + 1] << 8;
}

/* What was found out by trying. */
struct orders {
	bool known;           /* the stub took the writes and showed them */
	bool physical_reads;  /* `g` gives R0-R7 as st0-st7 */
	bool physical_writes; /* `P` takes them so */
};

/* Writes a register from the image; clears *ret_ok if the stub does not take it. */
static struct error *put(struct gdb_target *g, const struct tdesc_reg *reg, bool *ret_ok)
{
	uint32_t index = (uint32_t)(reg - g->layout.desc.regs.at);
	struct rsp_reply reply;
	struct error *err = gdb_put_reg(g, index, index, &reply);

	if (!err && !rsp_is_ok(&reply))
		*ret_ok = false;
	return err;
}

static struct error *put_top(struct gdb_target *g, const struct x87 *x87, unsigned top, bool *ret_ok)
{
	set_fstat(g, x87, (get_fstat(g, x87) & ~(7u << TOP_SHIFT)) | top << TOP_SHIFT);
	return put(g, x87->fstat, ret_ok);
}

/* Writes a value of its own to st0; the place at which it is shown then, or -1. */
static struct error *find_mark(struct gdb_target *g, const struct x87 *x87, uint8_t number, int *ret_place)
{
	const uint8_t mark[X87_LEN] = {0x5a, 0xa5, 0x3c, 0xc3, 0x96, 0x69, number, 0xf1, 0x34, 0x40};
	bool ok = true;

	*ret_place = -1;
	memcpy(g->image + x87->st[0]->offset, mark, X87_LEN);
	struct error *err = put(g, x87->st[0], &ok);
	if (!err && number == 1)
		err = put_top(g, x87, 1, &ok);
	if (!err)
		err = gdb_fetch_image(g);
	for (int i = 0; !err && ok && i < NUM_X87; i++)
		if (!memcmp(g->image + x87->st[i]->offset, mark, X87_LEN))
			*ret_place = i;
	return err;
}

/*
 * With the top at R0, st0 is R0 either way. The top then moves to R1: is what was written still shown as st0, or as
 * st7? And what is written to st0 now: does it go to R0 again?
 */
static struct error *try_orders(struct gdb_target *g, const struct x87 *x87, struct orders *ret)
{
	int first = -1, second = -1;
	bool ok = true;
	struct error *err = put_top(g, x87, 0, &ok);

	if (!err && ok)
		err = find_mark(g, x87, 1, &first);
	if (!err && first >= 0)
		err = find_mark(g, x87, 2, &second);
	ret->physical_reads = first == 0;
	ret->physical_writes = second == first;
	/* R1, where the second goes otherwise, is the place behind R0's. */
	ret->known = (first == 0 || first == NUM_X87 - 1) && (second == first || second == (first + 1) % NUM_X87);
	return err;
}

/* Puts back what was there, with the top at R0 so that both orders of writing are the same, and makes sure of it. */
static struct error *restore(struct gdb_target *g, const struct x87 *x87, const uint8_t *before,
			     const struct orders *orders)
{
	unsigned top = (before[x87->fstat->offset + 1] >> (TOP_SHIFT - 8) & 7),
		 shift = orders->physical_reads ? 0 : top;
	bool ok = true;
	struct error *err = put_top(g, x87, 0, &ok);

	for (unsigned i = 0; !err && i < NUM_X87; i++) {
		memcpy(g->image + x87->st[i]->offset, before + x87->st[(i + NUM_X87 - shift) % NUM_X87]->offset,
		       X87_LEN);
		err = put(g, x87->st[i], &ok);
	}
	memcpy(g->image, before, g->layout.desc.size);
	if (!err)
		err = put(g, x87->fstat, &ok);
	if (!err)
		err = gdb_fetch_image(g);
	if (!err && memcmp(g->image, before, g->layout.desc.size) != 0)
		err = error_create(ERROR_TARGET, "the GDB stub does not take back the x87 registers it gave");
	return err;
}

static void note_orders(struct gdb_layout *l, const struct x87 *x87, const struct orders *orders)
{
	l->rotate = orders->physical_reads;
	l->rotate_writes = orders->physical_writes;
	l->fstat = (uint32_t)(x87->fstat - l->desc.regs.at);
	for (unsigned i = 0; i < NUM_X87; i++) {
		l->st[i] = (uint32_t)(x87->st[i] - l->desc.regs.at);
		if (!orders->known)
			hide_named(l, x87->st[i]->name);
	}
}

static struct error *find_orders(struct gdb_target *g, const struct x87 *x87)
{
	uint8_t *before = malloc(g->layout.desc.size);
	struct orders orders = {0};

	if (!before)
		return &error_no_memory;
	memcpy(before, g->image, g->layout.desc.size);
	struct error *err = try_orders(g, x87, &orders);
	if (!err)
		err = restore(g, x87, before, &orders);
	free(before);
	if (!err)
		note_orders(&g->layout, x87, &orders);
	return err;
}

/*
 * A stub on a CPU steps by the CPU's own means. Linux takes its trap flag out of what ptrace(2) shows, but not behind a
 * POPF, nor out of what PUSHF stores (arch/x86/kernel/step.c, enable_single_step()).
 */
void gdb_hide_step_flag(struct gdb_target *g)
{
	if (g->base.isa->step_flag)
		gdb_layout_hide(&g->layout, g->base.isa->step_flag);
}

/* Writes what is in the image, and fetches what is there then. */
static struct error *put_and_fetch(struct gdb_target *g, const struct tdesc_reg *reg, bool *ret_ok)
{
	uint32_t index = (uint32_t)(reg - g->layout.desc.regs.at);
	struct error *err = put(g, reg, ret_ok);

	return err ? err : gdb_fetch_some(g, &index, 1);
}

/* Writes a value whose halves differ to z0: does it come back as another? */
static struct error *find_swap(struct gdb_target *g)
{
	static const uint8_t mark[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
	const struct tdesc_reg *z0 = tdesc_find(&g->layout.desc, "z0");
	uint8_t before[sizeof mark], *at;
	bool ok = true;

	if (!z0 || !gdb_is_sve(z0))
		return NULL;
	uint32_t index = (uint32_t)(z0 - g->layout.desc.regs.at);
	at = g->image + z0->offset;
	struct error *err = gdb_fetch_some(g, &index, 1);
	if (err)
		return err;
	memcpy(before, at, sizeof before);
	memcpy(at, mark, sizeof mark);
	err = put_and_fetch(g, z0, &ok);
	g->layout.swap_writes = !err && ok && !memcmp(at, mark + 8, 8) && !memcmp(at + 8, mark, 8);
	memcpy(at, before, sizeof before);
	if (!err && ok)
		err = put_and_fetch(g, z0, &ok);
	if (!err && ok && memcmp(at, before, sizeof before) != 0)
		err = error_create(ERROR_TARGET, "the GDB stub does not take back the vector register that it gave");
	return err;
}

struct error *gdb_find_quirks(struct gdb_target *g)
{
	const struct tdesc_reg *ftag = tdesc_find(&g->layout.desc, "ftag");
	struct x87 x87;
	struct error *err = gdb_fetch_image(g);

	if (!err)
		err = find_swap(g);
	if (err || !find_x87(&g->layout.desc, &x87))
		return err;
	/* At a program's start all registers are empty: 0xffff in GDB's full-width form. */
	if (ftag && !g->image[ftag->offset] && !g->image[ftag->offset + 1])
		hide_named(&g->layout, "ftag");
	hide_named(&g->layout, "fop");
	return find_orders(g, &x87);
}
