/* Bytes -> struct insn and transfer. */
#include <stdlib.h>
#include <string.h>

#include "arch/x86_64/mmx.h"
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
	&x86_mmx_table,
	&x86_now3d_table,
	&x86_sse4a_table,
	&x86_gather_table,
	&x86_named_mmx_table,
	&x86_named_sse_table,
	&x86_named_avx_table,
	&x86_named_other_table,
};

const size_t x86_num_families = sizeof x86_families / sizeof *x86_families;

struct isa_lifter {
	struct x86_decoder decoder;
	enum repeat_step repeat;
	bool checks; /* accesses are checked for alignment */
	struct isa_cpu cpu;
};

struct error *x86_lifter_create(struct isa_lifter **ret)
{
	struct isa_lifter *l = calloc(1, sizeof *l);
	if (!l)
		return &error_no_memory;

	struct error *err = x86_decoder_init(&l->decoder);
	if (err) {
		free(l);
		return err;
	}
	l->decoder.cpu = &l->cpu;
	*ret = l;
	return NULL;
}

void x86_lifter_destroy(struct isa_lifter *l)
{
	if (!l)
		return;
	x86_decoder_deinit(&l->decoder);
	free(l);
}

void x86_lifter_set_repeat(struct isa_lifter *l, enum repeat_step step)
{
	l->repeat = step;
}

void x86_lifter_set_checks(struct isa_lifter *l, bool on)
{
	l->checks = on;
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

static bool is_insn(const struct insn *insn, const uint8_t *bytes, size_t len)
{
	return insn->len == len && memcmp(insn->bytes, bytes, len) == 0;
}

bool x86_lifter_observe(struct isa_lifter *l, const struct insn *insn, const uint64_t *before, const uint64_t *after)
{
	static const uint8_t cpuid[] = {0x0f, 0xa2}, xgetbv[] = {0x0f, 0x01, 0xd0};

#define WORD(values, reg) ((uint32_t)(values)[isa_x86_64.regs[reg].word])
	const uint32_t told[4] = {WORD(after, X86_rax), WORD(after, X86_rbx), WORD(after, X86_rcx),
				  WORD(after, X86_rdx)};
	if (is_insn(insn, cpuid, sizeof cpuid))
		return x86_cpu_observe(&l->cpu, WORD(before, X86_rax), WORD(before, X86_rcx), told);
	if (is_insn(insn, xgetbv, sizeof xgetbv))
		return x86_cpu_observe_xcr(&l->cpu, WORD(before, X86_rcx), (uint64_t)told[3] << 32 | told[0]);
	return false;
#undef WORD
}

bool x86_by_amd(struct x86_ctx *c, enum x86_vendor_row row)
{
	c->vendor_rows |= UINT32_C(1) << row;
	return x86_is_by_amd(c->cpu, row);
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
	if (d->raw.row)
		need_by_row(d->raw.row, &d->raw, insn->feature);
	else if (!d->form)
		insn->feature[0] = X86_HAS_AVX512F;
	insn->extension = !isa_cpu_knows(&l->cpu, insn->feature[0]) || !isa_cpu_knows(&l->cpu, insn->feature[1]);
}

static bool is_missing(const struct isa_cpu *cpu, const struct insn *insn)
{
	return !isa_cpu_has(cpu, insn->feature[0]) || !isa_cpu_has(cpu, insn->feature[1]);
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

/* LOCK is #UD except on a read-modify-write of memory (SDM vol. 2, LOCK). True: it is, here. */
static bool refuses_lock(struct x86_ctx *c, const struct x86_form *form)
{
	bool memory = c->num_ops > 0 && c->op[0].kind == X86_OPERAND_MEM;

	if (!c->raw.lock || !c->raw.row || !form || (form->props & X86_LOCK && memory))
		return false;
	if (form->props & X86_LOCK_VERW && memory && x86_by_amd(c, VENDOR_LOCK_VERW))
		x86_open(c, x86_const(c, 1, 1), ENV_SYSTEM);
	else if (form->props & X86_LOCK_CR0 && (c->raw.opcode & 1) == 0 && c->raw.reg == 0 &&
		 x86_by_amd(c, VENDOR_MOV_CR8) && isa_cpu_has(c->cpu, X86_HAS_ALT_MOV_CR8))
		x86_open(c, x86_const(c, 1, !isa_cpu_knows(c->cpu, X86_HAS_ALT_MOV_CR8)), ENV_SYSTEM);
	else
		return true;
	return false;
}

static bool is_mmx(const struct x86_ctx *c)
{
	for (unsigned i = 0; i < c->num_ops; i++)
		if (x86_is_mmx(&c->op[i]))
			return true;
	return false;
}

static struct error *build(struct x86_ctx *c, const struct x86_form *form, bool checks, struct insn *insn)
{
	x86_goto(c, x86_const(c, 64, c->next));
	if (is_mmx(c))
		x86_mmx_enter(c);
	form->build(c, form);
	set_flag_effects(c, form, insn);
	apply_flags(c, insn);
	if (checks && c->raw.row)
		x86_check_alignment(c);

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
	insn->piecewise = c->piecewise;
	insn->floats_first = c->floats_first;
	return check_flags(c, insn);
}

/* #UD, whatever it would do otherwise. */
static struct error *build_refused(struct x86_ctx *c, const char *rule, struct insn *insn)
{
	insn->rule = rule;
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
	if (!raw->is_mem || raw->addrsize || (raw->row && raw->row->encoding.vsib))
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

static struct error *lift(struct isa_lifter *l, struct x86_decoded *d, struct transfer *t, struct insn *insn)
{
	struct error *err = NULL;
	struct x86_ctx c = {.pool = t->pool,
			    .t = t,
			    .raw = d->raw,
			    .pc = insn->pc,
			    .next = insn->pc + insn->len,
			    .width = d->raw.w        ? 64
				     : d->raw.opsize ? 16
						     : 32,
			    .repeat = l->repeat,
			    .cpu = &l->cpu,
			    .vendor_rows = d->vendor_rows};

	note_features(l, d, insn);
	x86_operands(&c);
	x86_describe(&c, d, insn);
	insn->overrun = find_overrun(&d->raw, insn);
	insn->reserved = d->form == &x86_undefined;
	insn->switched = d->form && d->form->props & X86_SWITCHED;
	insn->rule = insn->reserved ? d->raw.rule : NULL;
	if (is_missing(&l->cpu, insn))
		err = build_refused(&c, "the CPU lacks the feature", insn);
	else if (refuses_lock(&c, d->form))
		err = build_refused(&c, "LOCK in front of what it is not allowed with", insn);
	else if (d->form && d->form->build)
		err = build(&c, d->form, l->checks, insn);
	else
		insn->status = LIFT_UNMODELLED;
	insn->vendor_rows = c.vendor_rows;
	find_operand(&c, &insn->operand);
	return err;
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
	if (insn.status == LIFT_DONE)
		err = lift(l, &d, t, &insn);
	insn.may_store = insn.status != LIFT_DONE;
	if (!err)
		*ret = insn;
	return err;
}
