/* What the words of SVE and SME are called, and may change; and the system instructions among them. */
#include "arch/aarch64/sve.h"

#include <stdio.h>
#include <string.h>

static bool is(const struct a64_ctx *c, uint32_t flag)
{
	return c->row->param & flag;
}

/* ---- Is it allocated? ---- */

/* Fields z and w, one behind the other. */
static uint32_t element_size(const struct a64_ctx *c)
{
	uint32_t high = a64_has(c, 'z') ? a64_field(c, 'z') : 0;

	for (unsigned i = 0; i < c->encoding->num_fields; i++)
		if (c->encoding->fields[i].letter == 'w')
			return high << c->encoding->fields[i].width | a64_field(c, 'w');
	return high;
}

static bool is_bit_mask(const struct a64_ctx *c)
{
	uint64_t wmask, tmask;

	return a64_decode_bit_masks(a64_field(c, 'N'), a64_field(c, 's'), a64_field(c, 'r'), true, &wmask, &tmask);
}

static bool is_allocated(const struct a64_ctx *c)
{
	uint32_t size = element_size(c);

	if (is(c, TSZ | ONE))
		return size && (is(c, TSZ) || !(size & (size - 1)));
	if ((is(c, BHS) && size == 3) || (is(c, HSD) && !size))
		return false;
	if (is(c, LIMM) && !is_bit_mask(c))
		return false;
	if (is(c, SH) && !size && a64_field(c, 'h'))
		return false;
	return !is(c, NOZR) || a64_field(c, 'm') != 31;
}

/* The name of that number in the row's list; false: there is none. */
static bool choose_name(struct a64_ctx *c)
{
	const char *name = c->row->name;

	for (uint32_t i = a64_has(c, 'o') ? a64_field(c, 'o') : 0; i > 0; i--)
		name += strcspn(name, " ") + 1;
	snprintf(c->name, sizeof c->name, "%.*s", (int)strcspn(name, " "), name);
	return *name != '-';
}

/* ---- What it may change ---- */

static unsigned first_register(const struct a64_ctx *c)
{
	for (unsigned i = 0; i < c->encoding->num_fields; i++)
		if (c->encoding->fields[i].letter == 'd')
			return a64_field(c, 'd') << c->encoding->fields[i].low;
	return 0;
}

static void change_vectors(struct a64_ctx *c)
{
	unsigned n = c->row->param & COUNT, stride = is(c, STRIDED) ? 16 / n : 1;
	unsigned first = first_register(c) | (is(c, STRIDED) ? a64_field(c, 's') << 4 : 0);

	for (unsigned i = 0; i < n; i++)
		a64_may_change(c, A64_v0 + (first + i * stride) % 32);
}

static void change_mode(struct a64_ctx *c)
{
	for (unsigned i = 0; i < 32; i++)
		a64_may_change(c, A64_v0 + i);
	a64_may_change(c, A64_fpsr);
	a64_may_change(c, A64_fpmr);
}

static void change_general(struct a64_ctx *c)
{
	unsigned d = a64_field(c, 'd');

	if (d != 31)
		a64_may_change(c, A64_x0 + d);
	else if (is(c, XSP))
		a64_may_change(c, A64_sp);
}

void a64_sve(struct a64_ctx *c)
{
	if (!choose_name(c) || !is_allocated(c)) {
		a64_unallocated(c);
		return;
	}
	a64_confine(c);
	c->may_store = is(c, STORE);
	change_vectors(c);
	if (is(c, XD | XSP))
		change_general(c);
	if (is(c, FPSR))
		a64_may_change(c, A64_fpsr);
	if (is(c, MODE))
		change_mode(c);
}

static const char *const families[] = {"sve_integer", "sve_fp", "sve_memory", "sve_system", "sme", NULL};
const struct isa_outside a64_without = {.name = "SVE and SME", .families = families, .cpu = "neoverse-n1"};

/* clang-format off */
static const struct a64_row a64_sve_system[] = {
	/* MSR of SVCR. SMSTART and SMSTOP name what they change, ZA and SM, and have the value last.
	   encoding                                   build    changes    nzcv    names, by field o */
	{"1101010100 0 00 011 0100 0 10 o 011 11111", a64_sve, ZA,        "----", "smstop smstart"},
	{"1101010100 0 00 011 0100 0 i1 o 011 11111", a64_sve, MODE | ZA, "----", "smstop smstart"},
	{"1101010100 0 11 011 0100 0010 010 ttttt",   a64_sve, MODE | ZA, "----", "msr"},
};
/* clang-format on */

A64_TABLE(a64_sve_system);
