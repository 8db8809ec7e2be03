/*
 * Registers that QEMU's stub shows otherwise than the GDB manual says. Seen in user mode:
 *   7.2, 10.0 and 11.1 give st0-st7 in physical order, st0 being R0 whatever the top of the stack is
 *   and 0 for ftag and fop, always
 * The order is found by trying, so that it does not depend on a version number.
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

		snprintf(name, sizeof(name), "st%u", i);
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

/* Writes two registers from the image, in this order; *ret_ok: the stub took both. */
static struct error *put_two(struct gdb_target *g, const struct tdesc_reg *first, const struct tdesc_reg *second,
			     bool *ret_ok)
{
	const struct tdesc_reg *regs[] = {first, second};

	*ret_ok = true;
	for (unsigned i = 0; i < 2; i++) {
		struct rsp_reply reply;
		struct error *err = gdb_put_reg(g, (uint32_t)(regs[i] - g->layout.desc.regs.at), &reply);

		if (err)
			return err;
		*ret_ok &= rsp_is_ok(&reply);
	}
	return NULL;
}

/* The place at which a value stands that was written to st0 before the top of the stack moved up by one; or -1. */
static struct error *try_order(struct gdb_target *g, const struct x87 *x87, int *ret)
{
	static const uint8_t mark[X87_LEN] = {0x5a, 0xa5, 0x3c, 0xc3, 0x96, 0x69, 0x0f, 0xf1, 0x34, 0x40};
	unsigned fstat = get_fstat(g, x87), top = fstat >> TOP_SHIFT & 7;
	bool ok;

	memcpy(g->image + x87->st[0]->offset, mark, X87_LEN);
	set_fstat(g, x87, (fstat & ~(7u << TOP_SHIFT)) | ((top + 1) & 7) << TOP_SHIFT);
	struct error *err = put_two(g, x87->st[0], x87->fstat, &ok);
	if (!err && ok)
		err = gdb_fetch_image(g);
	if (err)
		return err;
	*ret = -1;
	for (int i = 0; ok && i < NUM_X87; i++)
		if (!memcmp(g->image + x87->st[i]->offset, mark, X87_LEN))
			*ret = i;
	return NULL;
}

/* Puts back what was there, and makes sure of it. */
static struct error *restore(struct gdb_target *g, const struct x87 *x87, const uint8_t *before)
{
	bool ok;

	memcpy(g->image, before, g->layout.desc.size);
	struct error *err = put_two(g, x87->fstat, x87->st[0], &ok);
	if (!err)
		err = gdb_fetch_image(g);
	if (!err && memcmp(g->image, before, g->layout.desc.size) != 0)
		err = error_create(ERROR_TARGET, "the GDB stub does not take back the x87 registers it gave");
	return err;
}

static struct error *find_order(struct gdb_target *g, const struct x87 *x87)
{
	struct gdb_layout *l = &g->layout;
	uint8_t *before = malloc(l->desc.size);
	int place = -1;

	if (!before)
		return &error_no_memory;
	memcpy(before, g->image, l->desc.size);
	struct error *err = try_order(g, x87, &place);
	if (!err)
		err = restore(g, x87, before);
	free(before);
	if (err)
		return err;
	l->rotate = place == 0;
	l->fstat = (uint32_t)(x87->fstat - l->desc.regs.at);
	for (unsigned i = 0; i < NUM_X87; i++) {
		l->st[i] = (uint32_t)(x87->st[i] - l->desc.regs.at);
		if (place != 0 && place != NUM_X87 - 1)
			hide_named(l, x87->st[i]->name);
	}
	return NULL;
}

struct error *gdb_find_quirks(struct gdb_target *g)
{
	const struct tdesc_reg *ftag = tdesc_find(&g->layout.desc, "ftag");
	struct x87 x87;
	struct error *err = gdb_fetch_image(g);

	if (err || !find_x87(&g->layout.desc, &x87))
		return err;
	/* At a program's start all registers are empty: 0xffff in GDB's full-width form. */
	if (ftag && !g->image[ftag->offset] && !g->image[ftag->offset + 1])
		hide_named(&g->layout, "ftag");
	hide_named(&g->layout, "fop");
	return find_order(g, &x87);
}
