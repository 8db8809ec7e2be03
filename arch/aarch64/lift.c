/* Bytes -> struct insn and transfer. */
#include <capstone/capstone.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/aarch64/aarch64.h"
#include "arch/aarch64/cpu.h"

/* In the order in which rows are tried: the general rows of the system instructions come last. */
const struct a64_table *const a64_families[] = {
#define FAMILY(name) &a64_##name##_table,
#include "arch/aarch64/families.def"
#undef FAMILY
};

const size_t a64_num_families = sizeof a64_families / sizeof *a64_families;

struct isa_lifter {
	struct a64_decoder decoder;
	struct a64_decoder needs; /* features, by encodings */
	struct isa_cpu cpu;
	csh capstone;
	cs_insn *cs;
};

struct error *a64_lifter_create(struct isa_lifter **ret)
{
	struct isa_lifter *l = calloc(1, sizeof *l);
	if (!l)
		return &error_no_memory;

	const struct a64_table *const needs = &a64_needs_table;
	struct error *err = a64_decoder_init(&l->decoder, a64_families, a64_num_families);
	if (!err)
		err = a64_decoder_init(&l->needs, &needs, 1);
	if (!err && cs_open(CS_ARCH_ARM64, CS_MODE_LITTLE_ENDIAN, &l->capstone) != CS_ERR_OK)
		err = error_create(ERROR_UNSUPPORTED, "capstone was built without AArch64");
	if (!err) {
		l->cs = cs_malloc(l->capstone);
		if (!l->cs)
			err = &error_no_memory;
	}
	if (err) {
		a64_lifter_destroy(l);
		return err;
	}
	*ret = l;
	return NULL;
}

void a64_lifter_destroy(struct isa_lifter *l)
{
	if (!l)
		return;
	if (l->cs)
		cs_free(l->cs, 1);
	if (l->capstone)
		cs_close(&l->capstone);
	a64_decoder_deinit(&l->decoder);
	a64_decoder_deinit(&l->needs);
	free(l);
}

bool a64_lifter_encoding(const struct isa_lifter *l, size_t index, uint32_t *ret_mask, uint32_t *ret_value)
{
	if (index >= l->decoder.num_encodings)
		return false;
	*ret_mask = l->decoder.encodings[index].mask;
	*ret_value = l->decoder.encodings[index].value;
	return true;
}

/* ---- What depends on the CPU ---- */

const struct isa_cpu *a64_lifter_cpu(const struct isa_lifter *l)
{
	return &l->cpu;
}

void a64_lifter_set_cpu(struct isa_lifter *l, const struct isa_cpu *cpu)
{
	l->cpu = *cpu;
}

bool a64_lifter_observe(struct isa_lifter *l, const struct insn *insn, const uint64_t *before, const uint64_t *after)
{
	return insn->len == 4 && a64_cpu_observe(&l->cpu, a64_word(insn->bytes), before, after);
}

/* The features that it needs, and whether nobody knows of one of them. */
static void note_features(const struct isa_lifter *l, uint32_t word, struct insn *insn)
{
	const struct a64_encoding *e = a64_decode(&l->needs, word);

	insn->feature[0] = e ? (uint8_t)e->row->param : FEAT_NONE;
	insn->feature[1] = e ? (uint8_t)(e->row->param >> 8) : FEAT_NONE;
	insn->extension = !isa_cpu_knows(&l->cpu, insn->feature[0]) || !isa_cpu_knows(&l->cpu, insn->feature[1]);
}

static bool is_missing(const struct isa_cpu *cpu, const struct insn *insn)
{
	return !isa_cpu_has(cpu, insn->feature[0]) || !isa_cpu_has(cpu, insn->feature[1]);
}

/* ---- Text ---- */

/* The name's first word. */
static void set_mnemonic(const struct a64_ctx *c, struct insn *insn)
{
	const char *name = *c->name ? c->name : c->row->name;

	snprintf(insn->mnemonic, sizeof insn->mnemonic, "%.*s", (int)strcspn(name, " "), name);
}

/* What capstone prints, which depends on its version; false if it does not know the instruction. */
static bool disassemble(struct isa_lifter *l, const struct a64_ctx *c, struct insn *insn)
{
	const uint8_t *code = insn->bytes;
	uint64_t address = c->pc;
	size_t size = 4;

	if (!cs_disasm_iter(l->capstone, &code, &size, &address, l->cs))
		return false;
	snprintf(insn->text, sizeof insn->text, "%.31s%s%.62s", l->cs->mnemonic, l->cs->op_str[0] ? " " : "",
		 l->cs->op_str);
	return true;
}

/* The raw word where there is no text. */
static void set_text(struct isa_lifter *l, const struct a64_ctx *c, struct insn *insn)
{
	if (!disassemble(l, c, insn))
		snprintf(insn->text, sizeof insn->text, "%s 0x%08x", insn->mnemonic, c->word);
}

/*
 * The name, and where the word chooses them the size and the floating-point type of the operands: "add imm w",
 * "add vector 4s", "fadd d", "scvtf x s".
 */
static void set_form(const struct a64_ctx *c, struct insn *insn)
{
	static const char *const arrangements[] = {"8b", "16b", "4h", "8h", "2s", "4s", "1d", "2d"};
	static const char *const types[] = {"s", "d", "?", "h"}; /* ftype of floating-point instructions (C4.1) */
	const char *size = "", *type = a64_has(c, 'y') ? types[a64_field(c, 'y')] : "";

	if (a64_has(c, 's'))
		size = c->width == 64 ? "x" : "w";
	else if (a64_has(c, 'Q') && a64_has(c, 'z'))
		size = arrangements[(a64_field(c, 'z') & 3) << 1 | a64_field(c, 'Q')];
	else if (a64_has(c, 'Q'))
		size = a64_field(c, 'Q') ? "128" : "64";
	snprintf(insn->form, sizeof insn->form, "%s%s%s%s%s", c->row->name, *size ? " " : "", size, *type ? " " : "",
		 type);
}

/* The table without "a64_". */
static const char *family_of(const struct a64_row *row)
{
	for (size_t i = 0; i < a64_num_families; i++)
		if (row >= a64_families[i]->rows && row < a64_families[i]->rows + a64_families[i]->len)
			return a64_families[i]->name + strlen("a64_");
	return "other";
}

/* "1b000000/7fe08000": the bits that are fixed, and which those are. */
static void set_encoding(const struct a64_ctx *c, struct insn *insn)
{
	snprintf(insn->encoding, sizeof insn->encoding, "%08x/%08x", c->encoding->value, c->encoding->mask);
}

static void describe(struct isa_lifter *l, const struct a64_ctx *c, struct insn *insn)
{
	set_encoding(c, insn);
	insn->family = family_of(c->row);
	set_mnemonic(c, insn);
	if (*c->name)
		snprintf(insn->form, sizeof insn->form, "%s %.3s", c->name, insn->family);
	else
		set_form(c, insn);
	set_text(l, c, insn);
}

/* ---- Flags by the row ---- */

static void apply_flags(struct a64_ctx *c)
{
	for (unsigned i = 0; i < A64_NUM_FLAGS; i++) {
		switch (c->row->flags[i]) {
		case '0':
		case '1': a64_set_flag(c, a64_flag_regs[i], a64_const(c, 1, c->row->flags[i] == '1')); break;
		default: break;
		}
	}
}

/* The row and the helper must agree on what is written. */
static struct error *check_flags(const struct a64_ctx *c)
{
	for (unsigned i = 0; i < A64_NUM_FLAGS; i++) {
		char letter = c->row->flags[i];
		bool set = transfer_get_reg(c->t, a64_flag_regs[i]) != EXPR_NONE;
		bool agrees = strchr("-R", letter) ? !set : strchr("WM", letter) ? set : true;
		if (!agrees)
			return error_create(ERROR_BUG, "%s: the effect row says '%c' of flag %c, the transfer does not",
					    c->row->name, letter, isa_aarch64.flag_letters[i]);
	}
	return NULL;
}

/* The row's letters, and what the condition reads. */
static void set_flags(const struct a64_ctx *c, struct insn *insn)
{
	memcpy(insn->flags, c->row->flags, sizeof c->row->flags);
	for (unsigned i = 0; i < A64_NUM_FLAGS; i++)
		if (c->condition >> i & 1)
			insn->flags[i] = insn->flags[i] == '-' ? 'R' : 'M';
}

/* ---- The instruction ---- */

/* Loads and stores (Arm ARM C4.1, bits 28:25 x1x0), DC and its kin, SVE, SME, and what is not known at all. */
static bool may_store(uint32_t word)
{
	bool computes = (word >> 26 & 7) == 4 || (word >> 25 & 7) == 5 || (word >> 25 & 7) == 7;
	bool branches = (word >> 26 & 7) == 5 && word >> 24 != 0xd5;

	return !computes && !branches;
}

static const char missing[] = "the CPU lacks the feature";

/* Instead of all that the helper did. */
static void refuse(struct a64_ctx *c, const char *rule, struct insn *insn)
{
	insn->rule = rule;
	transfer_reset(c->t, c->pool);
	a64_goto(c, a64_const(c, 64, c->pc + 4));
	transfer_add_fault(c->t, a64_const(c, 1, 1), FAULT_UNDEFINED);
	memset(insn->flags, '-', A64_NUM_FLAGS);
}

/* Of what has no model: the registers that the helper named, and the flags that the row says are written. */
static void set_changes(struct a64_ctx *c, struct insn *insn)
{
	for (unsigned i = 0; i < A64_NUM_FLAGS && c->confined; i++)
		if (!strchr("-R", c->row->flags[i]))
			a64_may_change(c, a64_flag_regs[i]);
	insn->confined = c->confined;
	memcpy(insn->changes, c->changes, sizeof insn->changes);
}

static void set_rest(const struct a64_ctx *c, struct insn *insn)
{
	insn->may_leave = c->may_leave;
	insn->rest_len = c->rest ? sizeof insn->rest : 0;
	for (unsigned i = 0; i < insn->rest_len; i++)
		insn->rest[i] = (uint8_t)(c->rest >> 8 * i);
}

static struct error *build(struct a64_ctx *c, struct insn *insn)
{
	a64_goto(c, a64_const(c, 64, c->pc + 4));
	c->row->build(c);
	if (is_missing(c->cpu, insn) && !c->unallocated) {
		refuse(c, missing, insn);
		return expr_pool_error(c->pool);
	}
	apply_flags(c);
	memcpy(insn->named, c->named, sizeof insn->named);
	insn->num_named = c->num_named;
	insn->opens = c->opens;
	insn->closes = c->closes;
	insn->reveals = c->reveals;
	insn->may_fault = c->may_fault;
	set_rest(c, insn);

	struct error *err = expr_pool_error(c->pool);
	if (err)
		return err;
	if (c->undefined) {
		refuse(c, "its page says UNDEFINED", insn);
		return NULL;
	}
	if (c->unmodelled || c->unallocated) {
		transfer_reset(c->t, c->pool);
		insn->status = LIFT_UNMODELLED;
		set_changes(c, insn);
		return NULL;
	}
	set_flags(c, insn);
	return check_flags(c);
}

/* ---- What no row has ---- */

/* An instruction without a model, under the name that needs.c has for it. */
static void describe_foreign(struct isa_lifter *l, const struct a64_ctx *c, const char *name, struct insn *insn)
{
	insn->status = LIFT_UNMODELLED;
	insn->family = "newer";
	snprintf(insn->mnemonic, sizeof insn->mnemonic, "%.*s", (int)strcspn(name, " ,"), name);
	snprintf(insn->form, sizeof insn->form, "%.31s", name);
	set_text(l, c, insn);
}

/* Whatever the manual leaves unallocated is UNDEFINED (Arm ARM C4.1). */
static struct error *lift_unallocated(struct a64_ctx *c, const char *rule, struct insn *insn)
{
	insn->status = LIFT_DONE;
	insn->family = "other";
	insn->reserved = rule != missing;
	snprintf(insn->mnemonic, sizeof insn->mnemonic, "undefined");
	snprintf(insn->form, sizeof insn->form, "undefined");
	snprintf(insn->text, sizeof insn->text, ".inst 0x%08x", c->word);
	refuse(c, rule, insn);
	return expr_pool_error(c->pool);
}

static struct error *lift_foreign(struct isa_lifter *l, struct a64_ctx *c, struct insn *insn)
{
	const struct a64_encoding *needs = a64_decode(&l->needs, c->word);

	if (!needs || !needs->row->build)
		return lift_unallocated(c, "the encoding is unallocated", insn);
	if (is_missing(c->cpu, insn))
		return lift_unallocated(c, missing, insn);
	describe_foreign(l, c, needs->row->name, insn);
	return NULL;
}

static struct error *lift_word(struct isa_lifter *l, struct a64_ctx *c, struct insn *insn)
{
	c->encoding = a64_decode(&l->decoder, c->word);
	if (!c->encoding || !c->encoding->row->build)
		return lift_foreign(l, c, insn);
	c->row = c->encoding->row;
	c->width = a64_has(c, 's') && !a64_field(c, 's') ? 32 : 64;
	insn->status = LIFT_DONE;
	if ((c->word ^ c->encoding->should_be) & c->encoding->should)
		c->may_fault |= 1u << FAULT_UNDEFINED;
	struct error *err = build(c, insn);
	if (!err && c->unallocated)
		return lift_unallocated(c, "the encoding is unallocated", insn);
	if (!err)
		describe(l, c, insn);
	insn->overrun = isa_find_overrun(&isa_aarch64, insn->mnemonic);
	return err;
}

struct error *a64_lift(struct isa_lifter *l, uint64_t pc, const uint8_t *bytes, size_t len, struct transfer *t,
		       struct insn *ret)
{
	struct insn insn = {.pc = pc, .len = (uint8_t)(len < 4 ? len : 4), .status = LIFT_TRUNCATED, .may_store = true};
	struct error *err = NULL;

	memcpy(insn.bytes, bytes, insn.len);
	if (insn.len == 4) {
		struct a64_ctx c = {.pool = t->pool, .t = t, .cpu = &l->cpu, .word = a64_word(bytes), .pc = pc};
		note_features(l, c.word, &insn);
		err = lift_word(l, &c, &insn);
		insn.may_store = insn.status != LIFT_DONE && (insn.confined ? c.may_store : may_store(c.word));
	}
	if (!err)
		*ret = insn;
	return err;
}

void a64_unmodelled(struct a64_ctx *c)
{
	c->unmodelled = true;
}

void a64_unallocated(struct a64_ctx *c)
{
	c->unallocated = true;
}

void a64_confine(struct a64_ctx *c)
{
	a64_unmodelled(c);
	c->confined = true;
}

_Static_assert(A64_NUM_REGS <= 64 * ISA_CHANGE_WORDS, "registers that insn.changes has no bit for");

void a64_may_change(struct a64_ctx *c, uint32_t reg)
{
	c->changes[reg / 64] |= UINT64_C(1) << reg % 64;
}

void a64_undefined(struct a64_ctx *c)
{
	c->undefined = true;
}

void a64_build_unmodelled(struct a64_ctx *c)
{
	a64_unmodelled(c);
}
