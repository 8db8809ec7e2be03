/* What instructions are called, in texts and where they are counted. */
#include <stdio.h>
#include <string.h>

#include "arch/x86_64/x86_64.h"

/* Appends to a text of fixed size, cutting what does not fit. */
static void append(char *text, size_t size, const char *more)
{
	size_t len = strlen(text);

	snprintf(text + len, size - len, "%s", more);
}

static void immediate_form(const struct x86_ctx *c, const struct x86_field *f, const struct x86_operand *op,
			   char ret[16])
{
	unsigned bits = f->letter == 'J' && f->size.type == X86_TYPE_Z ? c->raw.imm_len * 8u : op->width;

	if (f->letter == X86_ONE)
		snprintf(ret, 16, "1");
	else
		snprintf(ret, 16, "%s%u", f->letter == 'J' ? "rel" : "imm", bits);
}

static void register_form(const struct x86_operand *op, char ret[16])
{
	static const char *const banks[] = {
		[X86_BANK_SEGMENT] = "sreg", [X86_BANK_CONTROL] = "cr", [X86_BANK_DEBUG] = "dr",
		[X86_BANK_MMX] = "mm",       [X86_BANK_ST] = "st",      [X86_BANK_MASK] = "k",
	};

	if (op->bank == X86_BANK_GPR)
		snprintf(ret, 16, "r%u", op->width);
	else if (op->bank == X86_BANK_VECTOR)
		snprintf(ret, 16, "%s", op->width == 256 ? "ymm" : "xmm");
	else
		snprintf(ret, 16, "%s", banks[op->bank]);
}

static void operand_form(const struct x86_ctx *c, const struct x86_field *f, const struct x86_operand *op, char ret[16])
{
	switch (op->kind) {
	case X86_OPERAND_REG: register_form(op, ret); return;
	case X86_OPERAND_MEM:
		if (op->width > 512) /* an image of a state */
			snprintf(ret, 16, "m%ubyte", op->width / 8u);
		else
			snprintf(ret, 16, op->width ? "m%u" : "m", op->width);
		return;
	default: immediate_form(c, f, op, ret); return;
	}
}

static void name_reg(struct insn *insn, uint32_t reg)
{
	for (unsigned i = 0; i < insn->num_named; i++)
		if (insn->named[i] == reg)
			return;
	if (insn->num_named < ISA_MAX_NAMED)
		insn->named[insn->num_named++] = (uint16_t)reg;
}

static void name_registers(const struct x86_ctx *c, struct insn *insn)
{
	for (unsigned i = 0; i < c->num_ops; i++) {
		if (c->op[i].kind != X86_OPERAND_REG || c->op[i].reg == X86_NO_ID)
			continue;
		name_reg(insn, c->op[i].reg);
		if (c->op[i].width == 256)
			name_reg(insn, c->op[i].reg - X86_xmm0 + X86_ymm0h);
	}
	if (!c->raw.is_mem)
		return;
	if (c->raw.base < 16)
		name_reg(insn, X86_rax + c->raw.base);
	if (c->raw.index < 16 && !(c->raw.row && c->raw.row->encoding.vsib))
		name_reg(insn, X86_rax + c->raw.index);
	if (c->raw.segment)
		name_reg(insn, c->raw.segment == X86_FS ? X86_fs_base : X86_gs_base);
	if (c->raw.base == X86_RIP_BASE)
		name_reg(insn, X86_rip);
}

/* CMPS and SCAS end by a flag, too. */
static const char *repeat_name(const struct x86_decoded *d)
{
	if (!d->form || !(d->form->props & X86_REPEATS) || !d->raw.rep)
		return "";
	if (d->raw.rep == X86_REPNE)
		return "repne ";
	return d->form->flags[0] == 'C' ? "repe " : "rep ";
}

static void name_insn(const struct x86_decoded *d, struct insn *insn)
{
	snprintf(insn->mnemonic, sizeof insn->mnemonic, "%s%s%s", d->raw.lock && !d->raw.too_long ? "lock " : "",
		 repeat_name(d), d->mnemonic);
	append(insn->text, sizeof insn->text, insn->mnemonic);
	append(insn->text, sizeof insn->text, *d->operands ? " " : "");
	append(insn->text, sizeof insn->text, d->operands);
}

static void name_form(const struct x86_ctx *c, struct insn *insn)
{
	append(insn->form, sizeof insn->form, insn->mnemonic);
	for (unsigned i = 0; c->raw.row && i < c->num_ops; i++) {
		char kind[16];
		operand_form(c, &c->raw.row->encoding.fields[i], &c->op[i], kind);
		append(insn->form, sizeof insn->form, i == 0 ? " " : ", ");
		append(insn->form, sizeof insn->form, kind);
	}
}

/* ---- What coverage counts by ---- */

/* The table without "x86_" or "x86_named_". */
static const char *family_of(const struct x86_form *form)
{
	static const char named[] = "named_";

	for (size_t i = 0; form && i < x86_num_families; i++) {
		const struct x86_table *t = x86_families[i];
		const char *name = t->name + strlen("x86_");
		if (form >= t->rows && form < t->rows + t->len)
			return strncmp(name, named, strlen(named)) == 0 ? name + strlen(named) : name;
	}
	return form ? "undefined" : "avx512";
}

/* What no row says: "66 0F 38 F6", "VEX 0F 38 F3 /7", "EVEX 66 0F FC", "0F 0F /r 9F". Beyond the first map prefixes
 * select. */
static void set_opcode(const struct x86_raw *raw, struct insn *insn)
{
	static const char *const maps[] = {"", "", "0F ", "0F 38 ", "0F 3A "};
	static const char *const selected[] = {"", "66 ", "F3 ", "F2 "};
	static const char *const spaces[] = {"", "VEX ", "XOP ", "EVEX "};
	bool selects = raw->vex || raw->evex || raw->map != X86_MAP_1;
	unsigned pp = selects ? x86_selecting_prefix(raw) : 0, space = raw->evex ? 3 : raw->xop ? 2 : raw->vex;
	char digit[4] = "", suffix[8] = "";
	if (raw->group)
		snprintf(digit, sizeof digit, " /%u", raw->reg & 7u);
	if (x86_opcode_shape(raw).has_suffix)
		snprintf(suffix, sizeof suffix, " /r %02X", raw->suffix);
	snprintf(insn->encoding, sizeof insn->encoding, "%s%s%s%02X%s%s", spaces[space], selected[pp],
		 raw->map < sizeof maps / sizeof *maps ? maps[raw->map] : "map ? ", raw->opcode, digit, suffix);
}

void x86_describe(const struct x86_ctx *c, const struct x86_decoded *d, struct insn *insn)
{
	if (c->raw.row)
		append(insn->encoding, sizeof insn->encoding, d->form->encoding);
	else
		set_opcode(&c->raw, insn);
	name_insn(d, insn);
	name_form(c, insn);
	if (d->form == &x86_undefined) { /* each has the same name */
		append(insn->form, sizeof insn->form, " ");
		append(insn->form, sizeof insn->form, insn->encoding);
	}
	name_registers(c, insn);
	insn->family = family_of(d->form);
}
