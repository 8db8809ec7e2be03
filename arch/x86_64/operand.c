/* Operands: from fields of the bytes to expressions. */
#include "arch/x86_64/mmx.h"

static struct x86_operand memory_operand(unsigned width)
{
	return (struct x86_operand){.kind = X86_OPERAND_MEM, .width = (uint16_t)width};
}

static struct x86_operand bank_register(enum x86_bank bank, unsigned width, unsigned number, uint32_t reg)
{
	return (struct x86_operand){
		.kind = X86_OPERAND_REG, .bank = bank, .number = (uint8_t)number, .width = (uint16_t)width, .reg = reg};
}

/* SPL, BPL, SIL and DIL are there with REX (and VEX) alone; else they are AH, CH, DH and BH (SDM vol. 1, 3.7.2.1). */
static struct x86_operand gpr_operand(const struct x86_raw *raw, unsigned width, unsigned number)
{
	bool high = width == 8 && !raw->rex && number >= 4;
	struct x86_operand op = bank_register(X86_BANK_GPR, width, number, X86_rax + number - (high ? 4 : 0));

	op.low = high ? 8 : 0;
	return op;
}

static struct x86_operand segment_operand(unsigned number)
{
	static const uint8_t regs[] = {X86_es, X86_cs, X86_ss, X86_ds, X86_fs, X86_gs};

	return bank_register(X86_BANK_SEGMENT, 16, number, number < sizeof regs ? regs[number] : X86_NO_ID);
}

static struct x86_operand vector_or_mask(const struct x86_field *f, unsigned width, unsigned number)
{
	if (f->size.type == X86_TYPE_K)
		return bank_register(X86_BANK_MASK, 64, number & 7, X86_NO_ID);
	return bank_register(X86_BANK_VECTOR, width, number, X86_xmm0 + number);
}

static struct x86_operand immediate_operand(const struct x86_raw *raw, unsigned width, bool second)
{
	return (struct x86_operand){.kind = X86_OPERAND_IMM,
				    .width = (uint16_t)width,
				    .imm = second ? raw->imm2 : raw->imm};
}

struct x86_operand x86_field_operand(const struct x86_encoding *e, const struct x86_field *f, const struct x86_raw *raw)
{
	unsigned width = x86_field_bits(e, f, raw);

	switch (f->letter) {
	case 'E':
	case 'W':
	case 'Q':
	case 'M':
		if (raw->is_mem)
			return memory_operand(width);
		break;
	case 'O':
	case 'X':
	case 'Y': return memory_operand(width);
	default: break;
	}
	switch (f->letter) {
	case 'E':
	case 'R': return gpr_operand(raw, width, raw->rm);
	case 'G': return gpr_operand(raw, width, raw->reg);
	case 'B': return gpr_operand(raw, width, raw->vex_vvvv);
	case 'Z': return gpr_operand(raw, width, (raw->opcode & 7) | (raw->rex & 1) << 3);
	case 'V': return vector_or_mask(f, width, raw->reg);
	case 'W':
	case 'U': return vector_or_mask(f, width, raw->rm);
	case 'H': return vector_or_mask(f, width, raw->vex_vvvv);
	case 'L': return vector_or_mask(f, width, raw->imm >> 4 & 15);
	case 'P': return bank_register(X86_BANK_MMX, width, raw->reg & 7, X86_NO_ID);
	case 'Q':
	case 'N': return bank_register(X86_BANK_MMX, width, raw->rm & 7, X86_NO_ID);
	case 'S': return segment_operand(raw->reg & 7);
	case 'C': return bank_register(X86_BANK_CONTROL, width, raw->reg, X86_NO_ID);
	case 'D': return bank_register(X86_BANK_DEBUG, width, raw->reg, X86_NO_ID);
	case X86_FIXED_GPR: return bank_register(X86_BANK_GPR, width, f->number, X86_rax + f->number);
	case X86_FIXED_SEGMENT: return segment_operand(f->number);
	case X86_FIXED_XMM: return bank_register(X86_BANK_VECTOR, width, f->number, X86_xmm0 + f->number);
	case X86_FIXED_ST: return bank_register(X86_BANK_ST, 80, f->number, X86_st0 + f->number);
	case X86_MODRM_ST: return bank_register(X86_BANK_ST, 80, raw->rm & 7, X86_st0 + (raw->rm & 7));
	case X86_ONE: return (struct x86_operand){.kind = X86_OPERAND_IMM, .width = 8, .imm = 1};
	default: return immediate_operand(raw, width, f > e->fields && f[-1].letter == 'I');
	}
}

void x86_operands(struct x86_ctx *c)
{
	c->num_ops = 0;
	if (!c->raw.row || c->raw.row->encoding.implied)
		return;
	const struct x86_encoding *e = &c->raw.row->encoding;
	for (; c->num_ops < e->num_fields; c->num_ops++)
		c->op[c->num_ops] = x86_field_operand(e, &e->fields[c->num_ops], &c->raw);
}

expr_id x86_const(struct x86_ctx *c, unsigned width, uint64_t value)
{
	return expr_const(c->pool, width, value);
}

void x86_unmodelled(struct x86_ctx *c)
{
	c->unmodelled = true;
}

expr_id x86_gpr(struct x86_ctx *c, uint32_t reg, unsigned width)
{
	return expr_extract(c->pool, expr_reg(c->pool, 64, reg), 0, width);
}

/* `whole` with the bits from `low` up replaced. */
static expr_id replace_bits(struct x86_ctx *c, expr_id whole, unsigned low, expr_id value)
{
	struct expr_pool *p = c->pool;
	unsigned width = expr_width(p, value), high = low + width;

	if (width == 0)
		return EXPR_NONE;
	if (width == 64)
		return value;
	if (width == 32)
		return expr_zext(p, value, 64);
	if (low > 0)
		value = expr_concat(p, value, expr_extract(p, whole, 0, low));
	return expr_concat(p, expr_extract(p, whole, high, 64 - high), value);
}

expr_id x86_with_gpr(struct x86_ctx *c, uint32_t reg, unsigned low, expr_id value)
{
	return replace_bits(c, expr_reg(c->pool, 64, reg), low, value);
}

static void merge_gpr(struct x86_ctx *c, uint32_t reg, unsigned low, expr_id value)
{
	expr_id old = transfer_get_reg(c->t, reg);

	if (old == EXPR_NONE)
		old = expr_reg(c->pool, 64, reg);
	transfer_set_reg(c->t, reg, replace_bits(c, old, low, value));
}

void x86_set_gpr(struct x86_ctx *c, uint32_t reg, expr_id value)
{
	merge_gpr(c, reg, 0, value);
}

static expr_id read_register(struct x86_ctx *c, const struct x86_operand *op)
{
	struct expr_pool *p = c->pool;

	switch (op->width) {
	case 256: return expr_concat(p, expr_reg(p, 128, op->reg - X86_xmm0 + X86_ymm0h), expr_reg(p, 128, op->reg));
	case 128: return expr_reg(p, 128, op->reg);
	default:
		if (x86_is_mmx(op))
			return x86_mmx_read(c, op->number);
		if (op->reg > X86_r15)
			return expr_reg(p, op->width, op->reg);
		return expr_extract(p, expr_reg(p, 64, op->reg), op->low, op->width);
	}
}

expr_id x86_read(struct x86_ctx *c, unsigned i)
{
	const struct x86_operand *op = &c->op[i];

	if (i >= c->num_ops) {
		x86_unmodelled(c);
		return EXPR_NONE;
	}
	if (op->kind == X86_OPERAND_REG)
		return read_register(c, op);
	if (op->kind == X86_OPERAND_MEM)
		return transfer_load(c->t, op->width, x86_address(c));
	return expr_const(c->pool, op->width, op->imm);
}

static void write_vector(struct x86_ctx *c, const struct x86_operand *op, expr_id value)
{
	struct expr_pool *p = c->pool;
	uint32_t upper = op->reg - X86_xmm0 + X86_ymm0h;

	transfer_set_reg(c->t, op->reg, expr_extract(p, value, 0, 128));
	if (op->width == 256)
		transfer_set_reg(c->t, upper, expr_extract(p, value, 128, 128));
	else if (c->raw.vex)
		transfer_set_reg(c->t, upper, expr_const(p, 128, 0));
}

/* Can it be written by a builder? Selectors are for x86_load_selector(). */
static bool is_writable(const struct x86_operand *op)
{
	bool selector = op->kind == X86_OPERAND_REG && op->bank != X86_BANK_GPR && op->bank != X86_BANK_VECTOR &&
			op->bank != X86_BANK_MMX;

	return op->kind == X86_OPERAND_MEM || (op->kind == X86_OPERAND_REG && !selector);
}

void x86_write(struct x86_ctx *c, unsigned i, expr_id value)
{
	const struct x86_operand *op = &c->op[i];

	if (i >= c->num_ops || !is_writable(op)) {
		x86_unmodelled(c);
		return;
	}
	if (value == EXPR_NONE)
		return; /* want of memory, or unmodelled: both are known already */
	if (op->kind == X86_OPERAND_MEM)
		transfer_add_store(c->t, EXPR_NONE, x86_address(c), value);
	else if (op->width >= 128)
		write_vector(c, op, value);
	else if (x86_is_mmx(op))
		x86_mmx_write(c, op->number, value);
	else
		merge_gpr(c, op->reg, op->low, value);
}

static expr_id base_value(struct x86_ctx *c)
{
	const struct x86_raw *raw = &c->raw;

	if (raw->base == X86_NO_REG)
		return x86_const(c, 64, 0);
	if (raw->base == X86_RIP_BASE)
		return x86_const(c, 64, c->next);
	expr_id base = expr_reg(c->pool, 64, X86_rax + raw->base);
	if (c->popped && X86_rax + raw->base == X86_rsp)
		base = expr_add(c->pool, base, x86_const(c, 64, c->popped));
	return base;
}

expr_id x86_offset(struct x86_ctx *c)
{
	struct expr_pool *p = c->pool;
	const struct x86_raw *raw = &c->raw;
	expr_id offset = base_value(c);

	if (raw->index != X86_NO_REG) {
		unsigned shift = raw->scale == 8 ? 3 : raw->scale / 2;
		expr_id index = expr_reg(p, 64, X86_rax + raw->index);
		offset = expr_add(p, offset, expr_shl(p, index, x86_const(c, 64, shift)));
	}
	offset = expr_add(p, offset, x86_const(c, 64, (uint64_t)raw->disp));
	if (raw->addrsize)
		offset = expr_zext(p, expr_extract(p, offset, 0, 32), 64);
	return offset;
}

expr_id x86_linear(struct x86_ctx *c, expr_id offset)
{
	if (!c->raw.segment)
		return offset;
	uint32_t base = c->raw.segment == X86_FS ? X86_fs_base : X86_gs_base;
	return expr_add(c->pool, expr_reg(c->pool, 64, base), offset);
}

/* The address before it is checked. */
static expr_id operand_address(struct x86_ctx *c)
{
	return x86_linear(c, x86_offset(c));
}

/*
 * Is the memory operand in the stack segment? It is where RSP or RBP is the base. In 64-bit mode just FS and GS
 * override that: CS, DS, ES and SS are ignored, so that SS makes no other operand one of the stack (SDM vol.
 * 1, 3.3.7.1).
 */
static bool is_on_stack(const struct x86_ctx *c)
{
	return !c->raw.segment && !c->raw.addrsize &&
	       (X86_rax + c->raw.base == X86_rsp || X86_rax + c->raw.base == X86_rbp) && c->raw.base != X86_NO_REG;
}

/* So many bits of a linear address are looked at with four levels of paging, and with five (SDM vol. 1, 3.3.7.1). */
enum { BITS_4_LEVELS = 48, BITS_5_LEVELS = 57 };

/* Not canonical where that are `bits`. */
static expr_id is_beyond(struct x86_ctx *c, expr_id address, unsigned bits)
{
	const uint64_t half = UINT64_C(1) << (bits - 1);
	expr_id moved = expr_add(c->pool, address, x86_const(c, 64, half));

	return expr_ult(c->pool, x86_const(c, 64, 2 * half - 1), moved);
}

/* Not canonical, whatever the paging. Which one there is no program can tell: between the two the address is one where
 * nothing is. */
static expr_id is_wild(struct x86_ctx *c, expr_id address)
{
	return is_beyond(c, address, BITS_5_LEVELS);
}

/* Of two operands that both fault, which is the first is up to the CPU (SDM vol. 3, 6.9): transfers try their faults
 * before they load. */
static void add_stack_fault(struct x86_ctx *c, expr_id wild)
{
	if (c->emulated || c->two_operands)
		x86_open(c, wild, ENV_SYSTEM);
	else
		transfer_add_fault(c->t, wild, FAULT_STACK);
}

expr_id x86_on_stack(struct x86_ctx *c, expr_id address)
{
	expr_id wild = is_wild(c, address);

	for (size_t i = 0; i < c->t->faults.len; i++)
		if (c->t->faults.at[i].kind == FAULT_STACK && c->t->faults.at[i].cond == wild)
			return address;
	add_stack_fault(c, wild);
	return address;
}

expr_id x86_address(struct x86_ctx *c)
{
	expr_id address = operand_address(c);

	return is_on_stack(c) ? x86_on_stack(c, address) : address;
}

expr_id x86_address_if(struct x86_ctx *c, expr_id cond)
{
	expr_id address = operand_address(c);

	if (is_on_stack(c))
		add_stack_fault(c, expr_and(c->pool, cond, is_wild(c, address)));
	return address;
}

expr_id x86_operand_at(struct x86_ctx *c, expr_id offset)
{
	expr_id address = x86_linear(c, offset);

	return is_on_stack(c) ? x86_on_stack(c, address) : address;
}

expr_id x86_operand_at_if(struct x86_ctx *c, expr_id cond, expr_id offset)
{
	expr_id address = x86_linear(c, offset);

	if (is_on_stack(c))
		add_stack_fault(c, expr_and(c->pool, cond, is_wild(c, address)));
	return address;
}

expr_id x86_load_if(struct x86_ctx *c, expr_id cond, unsigned width, expr_id address)
{
	enum { LINE = 64 };
	expr_id here = x86_const(c, 64, c->pc & -(uint64_t)LINE);

	return transfer_load(c->t, width, expr_ite(c->pool, cond, address, here));
}

void x86_open(struct x86_ctx *c, expr_id cond, enum env_input input)
{
	transfer_add_fault(c->t, expr_and(c->pool, cond, expr_env(c->pool, 1, input)), FAULT_PROTECTION);
}

/* An address on the stack may be neither aligned nor canonical, with four levels of paging or with five: which is seen
 * first is up to the CPU (SDM vol. 3, 6.9: faults of one class have no order). */
static void refuse_misaligned(struct x86_ctx *c, expr_id misaligned)
{
	if (is_on_stack(c))
		x86_open(c, expr_and(c->pool, misaligned, is_beyond(c, operand_address(c), BITS_4_LEVELS)), ENV_SYSTEM);
	transfer_add_fault(c->t, misaligned, FAULT_PROTECTION);
}

void x86_require_alignment(struct x86_ctx *c, unsigned bytes)
{
	struct expr_pool *p = c->pool;
	expr_id low = expr_and(p, operand_address(c), x86_const(c, 64, bytes - 1));

	refuse_misaligned(c, expr_ne(p, low, x86_const(c, 64, 0)));
}

void x86_require_sse_alignment(struct x86_ctx *c)
{
	enum { MXCSR_MM = 17 };
	struct expr_pool *p = c->pool;

	if (!x86_by_amd(c, VENDOR_MISALIGNED_SSE)) {
		x86_require_alignment(c, 16);
		return;
	}
	expr_id misaligned = expr_ne(p, expr_extract(p, operand_address(c), 0, 4), x86_const(c, 4, 0));
	expr_id strict = expr_not(p, expr_bit(p, expr_reg(p, 32, X86_mxcsr), MXCSR_MM));
	refuse_misaligned(c, expr_and(p, misaligned, strict));
}
