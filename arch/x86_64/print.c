/* Operands as text, in Intel's syntax as disassemblers write it. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "arch/x86_64/x86_64.h"

struct text {
	char *at;
	size_t size, len;
};

__attribute__((format(printf, 2, 3))) static void put(struct text *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int n = vsnprintf(t->at + t->len, t->size - t->len, format, args);
	va_end(args);
	if (n > 0)
		t->len += (size_t)n < t->size - t->len ? (size_t)n : t->size - t->len - 1;
}

/* Hexadecimal where decimal would be another number. */
static void put_number(struct text *t, uint64_t value)
{
	put(t, value > 9 ? "0x%" PRIx64 : "%" PRIu64, value);
}

static void put_signed(struct text *t, int64_t value)
{
	if (value < 0)
		put(t, "-");
	put_number(t, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

/* ---- Registers ---- */

static const char *const first_eight[] = {"ax", "cx", "dx", "bx", "sp", "bp", "si", "di"};

static void put_gpr(struct text *t, unsigned number, unsigned width, bool high)
{
	static const char *const suffixes[] = {[8] = "b", [16] = "w", [32] = "d", [64] = ""};

	if (high)
		put(t, "%ch", first_eight[number & 3][0]);
	else if (number > 7)
		put(t, "r%u%s", number, suffixes[width]);
	else if (width == 8)
		put(t, number < 4 ? "%.1sl" : "%sl", first_eight[number]);
	else
		put(t, "%s%s", width == 64 ? "r" : width == 32 ? "e" : "", first_eight[number]);
}

static void put_register(struct text *t, const struct x86_operand *op)
{
	static const char *const segments[] = {"es", "cs", "ss", "ds", "fs", "gs"};

	switch (op->bank) {
	case X86_BANK_GPR: put_gpr(t, op->number, op->width, op->low != 0); break;
	case X86_BANK_SEGMENT: put(t, "%s", segments[op->number]); break;
	case X86_BANK_CONTROL: put(t, "cr%u", op->number); break;
	case X86_BANK_DEBUG: put(t, "dr%u", op->number); break;
	case X86_BANK_VECTOR: put(t, op->width == 256 ? "ymm%u" : "xmm%u", op->number); break;
	case X86_BANK_MMX: put(t, "mm%u", op->number); break;
	case X86_BANK_ST: put(t, "st(%u)", op->number); break;
	case X86_BANK_MASK: put(t, "k%u", op->number); break;
	}
}

/* ---- Memory ---- */

static const char *size_name(unsigned width)
{
	switch (width) {
	case 8: return "byte ptr ";
	case 16: return "word ptr ";
	case 32: return "dword ptr ";
	case 48: return "fword ptr ";
	case 64: return "qword ptr ";
	case 80: return "tbyte ptr ";
	case 128: return "xmmword ptr ";
	case 256: return "ymmword ptr ";
	case 512: return "zmmword ptr ";
	default: return "";
	}
}

static void put_segment(struct text *t, const struct x86_raw *raw)
{
	if (raw->segment)
		put(t, raw->segment == X86_FS ? "fs:" : "gs:");
}

/* VSIB: the index is a vector. */
static void put_index(struct text *t, const struct x86_raw *raw, const struct x86_field *f, unsigned width)
{
	if (f->size.type == X86_TYPE_VSIB)
		put(t, "%smm%u", raw->vex_l ? "y" : "x", raw->index == X86_NO_REG ? 4 : raw->index);
	else
		put_gpr(t, raw->index, width, false);
	if (raw->scale > 1)
		put(t, "*%u", raw->scale);
}

static void put_address(struct text *t, const struct x86_raw *raw, const struct x86_field *f)
{
	unsigned width = raw->addrsize ? 32 : 64;
	bool any = raw->base != X86_NO_REG, vsib = f->size.type == X86_TYPE_VSIB;

	put_segment(t, raw);
	put(t, "[");
	if (raw->base == X86_RIP_BASE)
		put(t, raw->addrsize ? "eip" : "rip");
	else if (any)
		put_gpr(t, raw->base, width, false);
	if (raw->index != X86_NO_REG || vsib) {
		put(t, any ? " + " : "");
		put_index(t, raw, f, width);
		any = true;
	}
	if (!any)
		put_number(t, raw->addrsize ? (uint32_t)raw->disp : (uint64_t)raw->disp);
	else if (raw->disp) {
		put(t, raw->disp < 0 ? " - " : " + ");
		put_number(t, raw->disp < 0 ? 0 - (uint64_t)raw->disp : (uint64_t)raw->disp);
	}
	put(t, "]");
}

/* At rSI, with the segment that overrides DS; at rDI, whatever stands in front (SDM vol. 1, 7.3.9.1). */
static void put_string(struct text *t, const struct x86_raw *raw, char letter)
{
	if (letter == 'X')
		put_segment(t, raw);
	put(t, "[%s%s]", raw->addrsize ? "e" : "r", letter == 'X' ? "si" : "di");
}

/* ---- Immediates ---- */

/* Sign-extended ones are numbers where the operands have 64 bits, and patterns of fewer bits. */
static void put_immediate(struct text *t, const struct x86_raw *raw, const struct x86_encoding *e,
			  const struct x86_field *f, unsigned width)
{
	bool is_signed = f->size.type == X86_TYPE_SIGNED || f->size.type == X86_TYPE_Z;
	unsigned bits = is_signed ? x86_operand_size(e, raw) : width;

	if (f->letter == X86_ONE)
		put(t, "1");
	else if (f > e->fields && f[-1].letter == 'I') /* ENTER, EXTRQ, INSERTQ */
		put_number(t, raw->imm2);
	else if (raw->imm_len == 3) /* ENTER */
		put_number(t, (uint16_t)raw->imm);
	else if (bits == 64 && is_signed)
		put_signed(t, (int64_t)raw->imm);
	else
		put_number(t, raw->imm & UINT64_MAX >> (64 - bits));
}

static void put_target(struct text *t, const struct x86_raw *raw, uint64_t next)
{
	put(t, "0x%" PRIx64, (next + raw->imm) & (raw->near16 ? 0xffff : UINT64_MAX));
}

/* LEA and what has no size tell none. */
static void put_operand(struct text *t, const struct x86_raw *raw, const struct x86_field *f, uint64_t next)
{
	const struct x86_encoding *e = &raw->row->encoding;
	struct x86_operand op = x86_field_operand(e, f, raw);

	if (op.kind == X86_OPERAND_REG) {
		put_register(t, &op);
		return;
	}
	if (op.kind == X86_OPERAND_IMM) {
		if (f->letter == 'J')
			put_target(t, raw, next);
		else
			put_immediate(t, raw, e, f, op.width);
		return;
	}
	put(t, "%s", size_name(op.width));
	if (f->letter == 'X' || f->letter == 'Y')
		put_string(t, raw, (char)f->letter);
	else
		put_address(t, raw, f);
}

void x86_print_operands(const struct x86_raw *raw, uint64_t next, char *ret, size_t size)
{
	struct text t = {ret, size, 0};

	*ret = '\0';
	for (unsigned i = 0; i < raw->row->encoding.num_fields; i++) {
		if (i)
			put(&t, ", ");
		put_operand(&t, raw, &raw->row->encoding.fields[i], next);
	}
}
