/* Bytes -> struct insn and transfer. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/x86_64/x86_64.h"

const struct x86_table *const x86_families[] = {
	&x86_alu_table,
	&x86_move_table,
	&x86_shift_table,
	&x86_muldiv_table,
	&x86_bits_table,
	&x86_atomic_table,
	&x86_control_table,
	&x86_stack_table,
	&x86_string_table,
	&x86_flagops_table,
	&x86_system_table,
	&x86_sse_move_table,
	&x86_sse_int_table,
	&x86_sse_arith_table,
	&x86_sse_shuffle_table,
	&x86_sse_string_table,
	&x86_sse_state_table,
	&x86_sse_crypto_table,
	&x86_sse_sha_table,
	&x86_sse_gfni_table,
	&x86_avx_table,
	&x86_segment_table,
	&x86_privileged_table,
	&x86_xsave_table,
	&x86_sse_fp_table,
	&x86_sse_compare_table,
	&x86_sse_convert_table,
	&x86_sse_horizontal_table,
	&x86_fma_table,
	&x86_sse_approx_table,
	&x86_x87_load_table,
	&x86_x87_arith_table,
	&x86_x87_compare_table,
	&x86_x87_control_table,
	&x86_x87_transcendental_table,
};

const size_t x86_num_families = sizeof x86_families / sizeof *x86_families;

/* Rows that share an id are tried in the order of their tables. */
struct isa_lifter {
	struct x86_decoder decoder;
	enum repeat_step repeat;
	struct isa_cpu cpu;
	const struct x86_form **forms; /* all rows, ordered by id */
	size_t num_forms;
	uint32_t first[X86_NUM_IDS + 1]; /* by id: where its rows start in forms; they end where the next id's start */
};

static size_t count_forms(void)
{
	size_t n = 0;

	for (size_t i = 0; i < x86_num_families; i++)
		n += x86_families[i]->len;
	return n;
}

/* A counting sort by id, which keeps the order of the tables. */
static void index_forms(struct isa_lifter *l)
{
	uint32_t at[X86_NUM_IDS] = {0};

	for (size_t i = 0; i < x86_num_families; i++)
		for (size_t j = 0; j < x86_families[i]->len; j++)
			if (!x86_families[i]->rows[j].encoding)
				l->first[x86_families[i]->rows[j].id + 1]++;
	for (size_t id = 0; id < X86_NUM_IDS; id++)
		l->first[id + 1] += l->first[id];
	for (size_t i = 0; i < x86_num_families; i++) {
		for (size_t j = 0; j < x86_families[i]->len; j++) {
			const struct x86_form *form = &x86_families[i]->rows[j];
			if (!form->encoding)
				l->forms[l->first[form->id] + at[form->id]++] = form;
		}
	}
}

struct error *x86_lifter_create(struct isa_lifter **ret)
{
	struct isa_lifter *l = calloc(1, sizeof *l);
	if (!l)
		return &error_no_memory;

	l->num_forms = count_forms();
	l->forms = calloc(l->num_forms, sizeof(const struct x86_form *));
	struct error *err = l->forms ? x86_decoder_init(&l->decoder) : &error_no_memory;
	if (err) {
		free(l->forms);
		free(l);
		return err;
	}
	index_forms(l);
	l->decoder.cpu = &l->cpu;
	*ret = l;
	return NULL;
}

void x86_lifter_destroy(struct isa_lifter *l)
{
	if (!l)
		return;
	x86_decoder_deinit(&l->decoder);
	free(l->forms);
	free(l);
}

void x86_lifter_set_repeat(struct isa_lifter *l, enum repeat_step step)
{
	l->repeat = step;
}

/* ---- What depends on the CPU ---- */

const struct isa_cpu *x86_lifter_cpu(const struct isa_lifter *l)
{
	return &l->cpu;
}

void x86_lifter_set_cpu(struct isa_lifter *l, const struct isa_cpu *cpu)
{
	l->cpu = *cpu;
}

bool x86_lifter_observe(struct isa_lifter *l, const struct insn *insn, const uint64_t *before, const uint64_t *after)
{
	static const uint8_t cpuid[] = {0x0f, 0xa2};

	if (insn->len != sizeof cpuid || memcmp(insn->bytes, cpuid, sizeof cpuid) != 0)
		return false;
#define WORD(values, reg) ((uint32_t)(values)[isa_x86_64.regs[reg].word])
	const uint32_t told[4] = {WORD(after, X86_rax), WORD(after, X86_rbx), WORD(after, X86_rcx),
				  WORD(after, X86_rdx)};
	return x86_cpu_observe(&l->cpu, WORD(before, X86_rax), WORD(before, X86_rcx), told);
#undef WORD
}

bool x86_by_amd(struct x86_ctx *c, enum x86_vendor_row row)
{
	c->vendor_rows |= UINT32_C(1) << row;
	return x86_is_by_amd(c->cpu, row);
}

/* TZCNT and LZCNT are BSF and BSR with a prefix that CPUs without them ignore (SDM vol. 2, TZCNT, LZCNT). */
static void replace_missing(const struct isa_lifter *l, struct x86_decoded *d)
{
	if (d->form)
		return;
	if (d->id == X86_INS_TZCNT && !isa_cpu_has(&l->cpu, X86_HAS_BMI1)) {
		d->id = X86_INS_BSF;
		d->mnemonic = "bsf";
	} else if (d->id == X86_INS_LZCNT && !isa_cpu_has(&l->cpu, X86_HAS_LZCNT)) {
		d->id = X86_INS_BSR;
		d->mnemonic = "bsr";
	}
}

/* Beside what the row says, vectors with VEX need AVX; in general registers alone they do not (SDM vol. 1, 14.1.1). */
static bool needs_avx(const struct x86_encoding *e)
{
	for (unsigned i = 0; i < e->num_fields; i++)
		if (strchr("VWUHL", e->fields[i].letter) && e->fields[i].size.type != X86_TYPE_K)
			return e->space == X86_VEX;
	return false;
}

static void need_by_row(const struct x86_row *row, const struct x86_raw *raw, uint8_t ret[2])
{
	const struct x86_form *form = row->form;
	bool wide = row->encoding.space != X86_LEGACY && raw->vex_l && form->feature_256;

	ret[0] = wide ? form->feature_256 : form->feature;
	ret[1] = needs_avx(&row->encoding) && ret[0] != X86_HAS_AVX ? X86_HAS_AVX : X86_HAS_NOTHING;
}

/* The features that it needs, and whether nobody knows of one of them. */
static void note_features(const struct isa_lifter *l, const struct x86_decoded *d, struct insn *insn)
{
	if (d->form)
		need_by_row(d->raw.row, &d->raw, insn->feature);
	else
		x86_needs(d, insn->feature);
	insn->extension = !isa_cpu_knows(&l->cpu, insn->feature[0]) || !isa_cpu_knows(&l->cpu, insn->feature[1]);
}

static bool is_missing(const struct isa_cpu *cpu, const struct insn *insn)
{
	return !isa_cpu_has(cpu, insn->feature[0]) || !isa_cpu_has(cpu, insn->feature[1]);
}

static const struct x86_form *find_form(const struct isa_lifter *l, const struct x86_decoded *d)
{
	if (d->form)
		return d->form;
	if (d->id >= X86_NUM_IDS)
		return NULL;
	for (uint32_t i = l->first[d->id]; i < l->first[d->id + 1]; i++) {
		const struct x86_form *form = l->forms[i];
		if (form->map == X86_MAP_ANY || form->map == d->raw.map)
			return form;
	}
	return NULL;
}

/* ---- Text ---- */

/* Appends to a text of fixed size, cutting what does not fit. */
static void append(char *text, size_t size, const char *more)
{
	size_t len = strlen(text);

	snprintf(text + len, size - len, "%s", more);
}

static void immediate_form(const struct x86_ctx *c, const struct x86_form *form, const struct x86_operand *op,
			   char ret[16])
{
	bool relative = c->raw.row && c->raw.row->encoding.fields[op - c->op].letter == 'J';
	const char *kind = relative || (form && form->props & X86_RELATIVE) ? "rel" : "imm";

	if (c->raw.imm_len == 0) /* the 1 of a shift by one */
		snprintf(ret, 16, "%u", (unsigned)op->imm);
	else if (c->raw.imm_len == 3) /* ENTER */
		snprintf(ret, 16, "%s", op == c->op ? "imm16" : "imm8");
	else
		snprintf(ret, 16, "%s%u", kind, c->raw.imm_len * 8);
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

static void operand_form(const struct x86_ctx *c, const struct x86_form *form, const struct x86_operand *op,
			 char ret[16])
{
	switch (op->kind) {
	case X86_OPERAND_REG: register_form(op, ret); return;
	case X86_OPERAND_MEM:
		if (op->width > 512) /* an image of a state */
			snprintf(ret, 16, "m%ubyte", op->width / 8u);
		else
			snprintf(ret, 16, op->width ? "m%u" : "m", op->width);
		return;
	case X86_OPERAND_IMM: immediate_form(c, form, op, ret); return;
	default: snprintf(ret, 16, "reg");
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
	if (c->raw.index < 16)
		name_reg(insn, X86_rax + c->raw.index);
	if (c->raw.segment)
		name_reg(insn, c->raw.segment == X86_FS ? X86_fs_base : X86_gs_base);
	if (c->raw.base == X86_RIP_BASE)
		name_reg(insn, X86_rip);
}

static bool is_return(const struct x86_raw *raw)
{
	return raw->map == X86_MAP_1 && (raw->opcode & 0xfe) == 0xc2;
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

static void describe(const struct x86_ctx *c, const struct x86_form *form, const struct x86_decoded *d,
		     struct insn *insn)
{
	snprintf(insn->mnemonic, sizeof insn->mnemonic, "%s%s%s", d->raw.lock && !d->raw.too_long ? "lock " : "",
		 repeat_name(d), d->mnemonic);
	append(insn->text, sizeof insn->text, insn->mnemonic);
	if (!d->form && d->raw.near16 && d->raw.imm_len && !is_return(&d->raw)) {
		char target[16];
		snprintf(target, sizeof target, " 0x%x", (unsigned)((c->next + d->raw.imm) & 0xffff));
		append(insn->text, sizeof insn->text, target);
	} else if (*d->operands) {
		append(insn->text, sizeof insn->text, " ");
		append(insn->text, sizeof insn->text, d->operands);
	}

	append(insn->form, sizeof insn->form, insn->mnemonic);
	if (form && form->props & X86_IMPLICIT)
		return;
	name_registers(c, insn);
	for (unsigned i = 0; i < c->num_ops; i++) {
		char kind[16];
		operand_form(c, form, &c->op[i], kind);
		append(insn->form, sizeof insn->form, i == 0 ? " " : ", ");
		append(insn->form, sizeof insn->form, kind);
	}
}

/* ---- What coverage counts by ---- */

/* The table without "x86_"; of what none has, what it computes with, by its opcode. */
static const char *family_of(const struct x86_form *form, const struct x86_raw *raw)
{
	for (size_t i = 0; form && i < x86_num_families; i++)
		if (form >= x86_families[i]->rows && form < x86_families[i]->rows + x86_families[i]->len)
			return x86_families[i]->name + strlen("x86_");
	if (raw->evex)
		return "avx512";
	if (raw->vex)
		return "avx";
	if (raw->map == X86_MAP_1)
		return (raw->opcode & 0xf8) == 0xd8 || raw->opcode == 0x9b ? "x87" : "other";
	return "sse, mmx or system";
}

/* Opcodes that ModRM.reg extends: SDM vol. 2, table A-6, and all of x87. */
static bool is_group(const struct x86_raw *raw)
{
	static const uint8_t one_byte[] = {0x80, 0x81, 0x83, 0x8f, 0xc0, 0xc1, 0xc6, 0xc7,
					   0xd0, 0xd1, 0xd2, 0xd3, 0xf6, 0xf7, 0xfe, 0xff};
	static const uint8_t two_byte[] = {0x00, 0x01, 0x18, 0x71, 0x72, 0x73, 0xae, 0xb9, 0xba, 0xc7};

	switch (raw->map) {
	case X86_MAP_1: return (raw->opcode & 0xf8) == 0xd8 || memchr(one_byte, raw->opcode, sizeof one_byte);
	case X86_MAP_0F: return memchr(two_byte, raw->opcode, sizeof two_byte);
	case X86_MAP_0F38: return raw->vex && raw->opcode == 0xf3;
	default: return false;
	}
}

/* Opcodes whose lowest three bits are a register: PUSH, POP, XCHG, MOV; BSWAP. */
static bool is_short(const struct x86_raw *raw)
{
	unsigned row = raw->opcode & 0xf8;

	if (raw->map == X86_MAP_0F)
		return row == 0xc8;
	return raw->map == X86_MAP_1 && (row == 0x50 || row == 0x58 || row == 0x90 || row == 0xb0 || row == 0xb8);
}

/* "83 /5", "50+r", "66 0F 38 F6", "VEX 0F 38 F3 /3": beyond the first map the operand-size and repeat prefixes select.
 */
static void set_encoding(const struct x86_raw *raw, struct insn *insn)
{
	static const char *const maps[] = {"", "", "0F ", "0F 38 ", "0F 3A "};
	static const char *const selected[] = {"", "66 ", "F3 ", "F2 "};
	unsigned pp = raw->rep == X86_REP ? 2 : raw->rep == X86_REPNE ? 3 : raw->opsize;
	unsigned map = raw->map, opcode = raw->opcode;
	char digit[4] = "";

	if (raw->evex) { /* which the parser leaves alone: SDM vol. 2, 2.7.1 */
		const uint8_t *payload = insn->bytes + raw->opcode_at + 1;
		map = X86_MAP_1 + (payload[0] & 7u);
		pp = payload[1] & 3;
		opcode = payload[3];
	} else if (raw->vex) {
		pp = raw->vex_pp;
	} else if (raw->map == X86_MAP_1) {
		pp = 0;
	}
	if (is_group(raw)) {
		snprintf(digit, sizeof digit, " /%u", raw->reg & 7u);
	} else if (is_short(raw)) {
		snprintf(digit, sizeof digit, "+r");
		opcode &= 0xf8;
	}
	snprintf(insn->encoding, sizeof insn->encoding, "%s%s%s%02X%s",
		 raw->evex  ? "EVEX "
		 : raw->vex ? "VEX "
			    : "",
		 selected[pp], map < sizeof maps / sizeof *maps ? maps[map] : "map ? ", opcode, digit);
}

/* ---- Flags by the row ---- */

/* The row's letters, with the vendor's in place of V. */
static void set_flag_effects(struct x86_ctx *c, const struct x86_form *form, struct insn *insn)
{
	memcpy(insn->flags, form->flags, sizeof form->flags);
	for (unsigned i = 0; i < X86_NUM_FLAGS; i++)
		if (form->flags[i] == 'V')
			insn->flags[i] = x86_by_amd(c, VENDOR_BIT_TEST_ZF) ? 'U' : '-';
}

static void apply_flags(struct x86_ctx *c, const struct insn *insn)
{
	for (unsigned i = 0; i < X86_NUM_FLAGS; i++) {
		switch (insn->flags[i]) {
		case '0':
		case '1': x86_set_flag(c, x86_flag_regs[i], x86_const(c, 1, insn->flags[i] == '1')); break;
		case 'U': x86_set_flag(c, x86_flag_regs[i], expr_undef(c->pool, 1)); break;
		default: break;
		}
	}
}

/* The row and the helper must agree on what is written. */
static struct error *check_flags(const struct x86_ctx *c, const struct insn *insn)
{
	for (unsigned i = 0; i < X86_NUM_FLAGS; i++) {
		bool set = transfer_get_reg(c->t, x86_flag_regs[i]) != EXPR_NONE;
		bool agrees = strchr("-R", insn->flags[i]) ? !set : strchr("WM", insn->flags[i]) ? set : true;
		if (!agrees)
			return error_create(ERROR_BUG, "%s: the effect row says '%c' of flag %c, the transfer does not",
					    insn->form, insn->flags[i], isa_x86_64.flag_letters[i]);
	}
	return NULL;
}

/* LOCK is #UD except on a read-modify-write of memory (SDM vol. 2, LOCK). */
static void refuse_lock(struct x86_ctx *c, const struct x86_form *form)
{
	bool memory = c->num_ops > 0 && c->op[0].kind == X86_OPERAND_MEM;

	if (!c->raw.lock || c->raw.too_long || (form->props & X86_LOCK && memory))
		return;
	if (form->props & X86_LOCK_VERW && memory && x86_by_amd(c, VENDOR_LOCK_VERW))
		x86_open(c, x86_const(c, 1, 1), ENV_SYSTEM);
	else if (form->props & X86_LOCK_CR0 && (c->raw.opcode & 1) == 0 && c->raw.reg == 0 &&
		 x86_by_amd(c, VENDOR_MOV_CR8) && isa_cpu_has(c->cpu, X86_HAS_ALT_MOV_CR8))
		x86_open(c, x86_const(c, 1, !isa_cpu_knows(c->cpu, X86_HAS_ALT_MOV_CR8)), ENV_SYSTEM);
	else
		transfer_add_fault(c->t, x86_const(c, 1, 1), FAULT_UNDEFINED);
}

/*
 * Builders may rely on operands that have a register or a width. Capstone gives EVEX instructions the ids of their VEX
 * forms; masks and what else they have are not modelled.
 */
static bool operands_modelled(const struct x86_ctx *c)
{
	if (c->raw.evex)
		return false;
	for (unsigned i = 0; i < c->num_ops; i++)
		if (c->op[i].kind == X86_OPERAND_OTHER)
			return false;
	return true;
}

static struct error *build(struct x86_ctx *c, const struct x86_form *form, struct insn *insn)
{
	if (!form->encoding && !(form->props & X86_ANY) && !operands_modelled(c)) {
		insn->status = LIFT_UNMODELLED;
		return NULL;
	}
	refuse_lock(c, form);
	x86_goto(c, x86_const(c, 64, c->next));
	form->build(c, form);
	set_flag_effects(c, form, insn);
	apply_flags(c, insn);

	struct error *err = expr_pool_error(c->pool);
	if (err)
		return err;
	if (c->unmodelled) {
		transfer_reset(c->t, c->pool);
		insn->status = LIFT_UNMODELLED;
		insn->flags[0] = '\0';
		return NULL;
	}
	insn->repeats = c->repeats;
	return check_flags(c, insn);
}

/* #UD, whatever it would do where the CPU had it. */
static struct error *build_missing(struct x86_ctx *c, struct insn *insn)
{
	x86_goto(c, x86_const(c, 64, c->next));
	transfer_add_fault(c->t, x86_const(c, 1, 1), FAULT_UNDEFINED);
	memset(insn->flags, '-', X86_NUM_FLAGS);
	return expr_pool_error(c->pool);
}

static uint8_t find_overrun(const struct x86_raw *raw, const struct insn *insn)
{
	bool to_ss = raw->map == X86_MAP_1 && raw->opcode == 0x8e && raw->reg == 2;

	return isa_find_overrun(&isa_x86_64, to_ss ? "mov ss" : insn->mnemonic);
}

static void add_term(struct insn_operand *o, uint32_t reg, unsigned scale)
{
	o->term[o->num_terms].reg = (uint16_t)reg;
	o->term[o->num_terms++].scale = (uint8_t)scale;
}

/* The memory operand, where its address is a sum (SDM vol. 1, 3.7.5): a 32-bit address is cut. */
static void find_operand(const struct x86_ctx *c, struct insn_operand *ret)
{
	const struct x86_raw *raw = &c->raw;
	unsigned len = 0;

	for (unsigned i = 0; i < c->num_ops && !len; i++)
		if (c->op[i].kind == X86_OPERAND_MEM)
			len = c->op[i].width / 8;
	if (!raw->is_mem || raw->addrsize)
		return;
	ret->len = (uint16_t)len;
	ret->offset = (uint64_t)raw->disp + (raw->base == X86_RIP_BASE ? c->next : 0);
	if (raw->base < 16)
		add_term(ret, X86_rax + raw->base, 1);
	if (raw->index != X86_NO_REG)
		add_term(ret, X86_rax + raw->index, raw->scale);
	if (raw->segment)
		add_term(ret, raw->segment == X86_FS ? X86_fs_base : X86_gs_base, 1);
}

struct error *x86_lift(struct isa_lifter *l, uint64_t pc, const uint8_t *bytes, size_t len, struct transfer *t,
		       struct insn *ret)
{
	struct x86_decoded d;
	struct insn insn = {.pc = pc};
	struct error *err = NULL;

	insn.status = x86_decode(&l->decoder, pc, bytes, len, &d);
	insn.len = d.raw.len ? d.raw.len : (uint8_t)(len < ISA_MAX_INSN_LEN ? len : ISA_MAX_INSN_LEN);
	memcpy(insn.bytes, bytes, insn.len);
	if (insn.status == LIFT_DONE) {
		note_features(l, &d, &insn);
		replace_missing(l, &d);
		bool missing = is_missing(&l->cpu, &insn) && d.id != X86_INS_BSF && d.id != X86_INS_BSR;
		struct x86_ctx c = {.pool = t->pool,
				    .t = t,
				    .raw = d.raw,
				    .pc = pc,
				    .next = pc + insn.len,
				    .repeat = l->repeat,
				    .cpu = &l->cpu,
				    .vendor_rows = d.vendor_rows};
		const struct x86_form *form = find_form(l, &d);
		c.width = d.raw.w ? 64 : d.raw.opsize ? 16 : 32;
		x86_operands(&c, &d);
		describe(&c, form, &d, &insn);
		set_encoding(&d.raw, &insn);
		insn.family = family_of(form, &d.raw);
		insn.overrun = find_overrun(&d.raw, &insn);
		if (missing)
			err = build_missing(&c, &insn);
		else if (form)
			err = build(&c, form, &insn);
		else
			insn.status = LIFT_UNMODELLED;
		insn.vendor_rows = c.vendor_rows;
		find_operand(&c, &insn.operand);
		if (insn.status == LIFT_UNMODELLED)
			x86_outline(&c, &d, &insn);
	} else if (insn.status == LIFT_UNDECODABLE) {
		x86_outline_invalid(&insn);
	} else {
		insn.may_store = true;
	}
	if (!err)
		*ret = insn;
	return err;
}
