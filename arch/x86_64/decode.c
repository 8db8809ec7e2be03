/* Rows of the opcode table for bytes; capstone has a name for what is EVEX's. */
#include "arch/x86_64/x86_64.h"

#include <pthread.h>
#include <string.h>

/* Where the vendors' processors take bytes for different instructions. */
static void differ(struct x86_decoded *ret)
{
	const struct x86_raw *raw = &ret->raw;

	if (raw->opsize && !raw->w && x86_is_near_branch(raw))
		ret->vendor_rows |= UINT32_C(1) << VENDOR_NEAR_BRANCH_66;
	if (raw->pause_r8)
		ret->vendor_rows |= UINT32_C(1) << VENDOR_PAUSE_R8;
}

/* Takes out the blanks in front of commas: capstone 4 puts one behind the destination of EVEX instructions. */
static void tidy(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		while (*from == ',' && to > text && to[-1] == ' ')
			to--;
		*to++ = *from;
	}
	*to = '\0';
}

/* AVX-512 and AVX10 by capstone's names, if it takes the bytes for one instruction of that length. */
static void name_evex(struct x86_decoder *d, uint64_t pc, const uint8_t *bytes, struct x86_decoded *ret)
{
	size_t left = ret->raw.len;
	bool known = cs_disasm_iter(d->handle, &bytes, &left, &pc, d->insn) && !left;

	ret->mnemonic = "evex";
	ret->operands = "";
	if (!known)
		return;
	tidy(d->insn->op_str);
	ret->mnemonic = d->insn->mnemonic;
	ret->operands = d->insn->op_str;
}

/* There with a feature alone that the CPU has not. */
static bool is_missing(const struct isa_cpu *cpu, const struct x86_form *form)
{
	return form->props & X86_ELSE && !isa_cpu_has(cpu, form->feature);
}

static void name_row(struct x86_decoder *d, uint64_t pc, struct x86_decoded *ret)
{
	struct x86_raw *raw = &ret->raw;

	while (raw->row && is_missing(d->cpu, raw->row->form))
		raw->row = x86_find_row(raw, &raw->next_row, &raw->rule);
	ret->form = raw->row ? raw->row->form : &x86_undefined;
	ret->mnemonic = ret->form->name;
	d->operands[0] = '\0';
	ret->operands = d->operands;
	if (raw->row)
		x86_print_operands(raw, pc + raw->len, d->operands, sizeof d->operands);
}

enum lift_status x86_decode(struct x86_decoder *d, uint64_t pc, const uint8_t *bytes, size_t len,
			    struct x86_decoded *ret)
{
	struct x86_decoded out = {0};
	unsigned ways = (x86_is_by_amd(d->cpu, VENDOR_NEAR_BRANCH_66) ? X86_NEAR16 : 0) |
			(x86_is_by_amd(d->cpu, VENDOR_PAUSE_R8) ? X86_XCHG_R8 : 0);
	enum lift_status status = x86_parse(bytes, len, ways, &out.raw);

	if (status == LIFT_DONE) {
		differ(&out);
		if (out.raw.too_long) {
			out.form = &x86_too_long;
			out.mnemonic = out.form->name;
			out.operands = "";
		} else if (out.raw.evex && !out.raw.rule) {
			name_evex(d, pc, bytes, &out);
		} else {
			name_row(d, pc, &out);
		}
	}
	*ret = out;
	return status;
}

/* Capstone fills a table of its own with the first instruction, without a lock (utils.c, insn_find). */
static void fill_capstone(void)
{
	static const uint8_t vaddps[] = {0x62, 0xf1, 0x74, 0x48, 0x58, 0xc2};
	const uint8_t *at = vaddps;
	size_t left = sizeof vaddps;
	uint64_t pc = 0;
	csh handle;

	if (cs_open(CS_ARCH_X86, CS_MODE_64, &handle) != CS_ERR_OK)
		return;
	cs_insn *insn = cs_malloc(handle);
	if (insn) {
		cs_disasm_iter(handle, &at, &left, &pc, insn);
		cs_free(insn, 1);
	}
	cs_close(&handle);
}

struct error *x86_decoder_init(struct x86_decoder *d)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, fill_capstone);
	cs_err err = cs_open(CS_ARCH_X86, CS_MODE_64, &d->handle);
	if (err == CS_ERR_MEM)
		return &error_no_memory;
	if (err != CS_ERR_OK)
		return error_create(ERROR_UNSUPPORTED, "capstone cannot decode x86: %s", cs_strerror(err));

	d->insn = cs_malloc(d->handle);
	if (!d->insn) {
		cs_close(&d->handle);
		return &error_no_memory;
	}
	return NULL;
}

void x86_decoder_deinit(struct x86_decoder *d)
{
	cs_free(d->insn, 1);
	cs_close(&d->handle);
}
