/* validate explain: what the model says of an instruction. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "arch/arch.h"
#include "cmd/validate/command.h"
#include "lib/base/codec.h"
#include "lib/lift/effects.h"
#include "lib/lift/lift.h"

struct explain_options {
	const char *arch;
	uint64_t pc;
	enum cpu_vendor vendor;
};

struct code {
	VEC(uint8_t) bytes;
};

/* One instruction on its way to the output. */
struct explained {
	struct strbuf *out;
	const struct isa *isa;
	const struct insn *insn;
	const struct transfer *t;
	struct effects effects;
	enum cpu_vendor vendor;
};

/* ---- Input ---- */

static struct error *find_isa(const char *name, const struct isa **ret)
{
	struct strbuf known = {0};
	const struct isa *isa = name ? isa_by_name(name) : isas[0];

	if (isa) {
		*ret = isa;
		return NULL;
	}
	for (size_t i = 0; isas[i]; i++)
		strbuf_printf(&known, "%s%s", i ? ", " : "", isas[i]->name);
	struct error *err = error_create(ERROR_USAGE, "explain: no instruction set is called '%s'; known: %s", name,
					 strbuf_text(&known));
	strbuf_deinit(&known);
	return err;
}

static struct error *add_hex(const char *word, struct code *code)
{
	const char *digits = word[0] == '0' && (word[1] == 'x' || word[1] == 'X') ? word + 2 : word;
	size_t len = strlen(digits);

	if (strspn(digits, "0123456789abcdefABCDEF") != len || !len)
		return error_create(ERROR_USAGE, "explain: '%s' is not hexadecimal", word);
	if (len % 2)
		return error_create(ERROR_USAGE, "explain: '%s' has an odd number of digits; a byte has two", word);
	if (!vec_reserve(&code->bytes, code->bytes.len + len / 2))
		return &error_no_memory;
	codec_decode_hex(digits, len, code->bytes.at + code->bytes.len);
	code->bytes.len += len / 2;
	return NULL;
}

static struct error *read_code(const struct operands *operands, struct code *code)
{
	struct error *err = NULL;

	if (!operands->len)
		return error_create(ERROR_USAGE, "explain: no bytes given; try 'validate explain 4801d8'");
	for (size_t i = 0; i < operands->len && !err; i++)
		err = add_hex(operands->at[i], code);
	return err;
}

/* ---- Output ---- */

static void print_key(const struct explained *x, const char *key)
{
	strbuf_printf(x->out, "  %-10s ", key);
}

static bool is_named(const struct insn *insn, uint32_t reg)
{
	for (unsigned i = 0; i < insn->num_named; i++)
		if (insn->named[i] == reg)
			return true;
	return false;
}

/* Flags have a row of their own, and so has the program counter. */
static bool is_listed(const struct isa *isa, uint32_t reg)
{
	for (uint32_t i = 0; i < isa->num_flags; i++)
		if (isa->flag_regs[i] == reg)
			return false;
	return reg != isa->pc;
}

static unsigned print_some_regs(const struct explained *x, const uint32_t *regs, size_t len, bool named,
				const char *before)
{
	unsigned n = 0;

	for (size_t i = 0; i < len; i++)
		if (is_listed(x->isa, regs[i]) && is_named(x->insn, regs[i]) == named)
			strbuf_printf(x->out, "%s%s", n++ ? ", " : before, x->isa->regs[regs[i]].name);
	return n;
}

/* memory: the instruction accesses memory in that way, if no register. */
static void print_regs(const struct explained *x, const char *key, const uint32_t *regs, size_t len, bool memory)
{
	print_key(x, key);
	unsigned n = print_some_regs(x, regs, len, true, "");
	n += print_some_regs(x, regs, len, false, n ? "; implied: " : "implied: ");
	strbuf_append(x->out, n ? "\n" : memory ? "memory alone\n" : "none\n");
}

/* An address or a count, for which the width goes without saying, or any other expression. */
static void print_value(const struct explained *x, expr_id value)
{
	uint64_t number;

	if (expr_is_const(x->t->pool, value, &number))
		strbuf_printf(x->out, "0x%" PRIx64, number);
	else
		expr_print(x->out, x->t->pool, value, &x->isa->names);
}

/* The key before the first of several lines, blanks before the others. */
static void print_nth_key(const struct explained *x, const char *key, size_t n)
{
	print_key(x, n ? "" : key);
}

static void print_none(const struct explained *x, const char *key)
{
	print_key(x, key);
	strbuf_append(x->out, "none\n");
}

static void print_leaves(const struct explained *x, const char *key, const expr_id *ids, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		print_nth_key(x, key, i);
		expr_print(x->out, x->t->pool, ids[i], &x->isa->names);
		strbuf_append(x->out, "\n");
	}
}

/* A long condition is left to the transfer, which gives its parts names. */
static void print_guard(const struct explained *x, expr_id guard)
{
	enum { LONGEST = 60 };
	struct strbuf text = {0};

	if (!guard || expr_is_const(x->t->pool, guard, NULL))
		return;
	expr_print(&text, x->t->pool, guard, &x->isa->names);
	if (text.len <= LONGEST)
		strbuf_printf(x->out, " if %s", strbuf_text(&text));
	else
		strbuf_append(x->out, " on the condition below");
	x->out->failed |= strbuf_failed(&text);
	strbuf_deinit(&text);
}

static void print_stores(const struct explained *x)
{
	for (size_t i = 0; i < x->t->stores.len; i++) {
		const struct transfer_store *s = &x->t->stores.at[i];

		print_nth_key(x, "stores", i);
		strbuf_printf(x->out, "mem%u[", expr_width(x->t->pool, s->value));
		print_value(x, s->address);
		strbuf_append(x->out, "]");
		print_guard(x, s->guard);
		strbuf_append(x->out, "\n");
	}
	if (!x->t->stores.len)
		print_none(x, "stores");
}

static void print_faults(const struct explained *x)
{
	size_t n = 0;

	for (size_t i = 0; i < x->t->faults.len; i++) {
		print_nth_key(x, "faults", n++);
		strbuf_append(x->out, fault_name(x->t->faults.at[i].kind));
		print_guard(x, x->t->faults.at[i].cond);
		strbuf_append(x->out, "\n");
	}
	if (x->effects.loads.len || x->t->stores.len || x->t->loads.len) {
		print_nth_key(x, "faults", n++);
		strbuf_printf(x->out, "%s where memory cannot be accessed\n", fault_name(FAULT_PAGE));
	}
	if (!n)
		print_none(x, "faults");
}

static const struct {
	char letter;
	const char *meaning;
} flag_letters[] = {
	{'R', "read"}, {'W', "written"},   {'M', "read and written"},       {'0', "cleared"},
	{'1', "set"},  {'U', "undefined"}, {'C', "written on a condition"}, {'-', "unchanged"},
};

static void print_flags(const struct explained *x)
{
	unsigned n = 0;

	print_key(x, "flags");
	if (strspn(x->insn->flags, "-") == x->isa->num_flags) {
		strbuf_append(x->out, "unchanged\n");
		return;
	}
	for (uint32_t i = 0; i < x->isa->num_flags; i++)
		strbuf_printf(x->out, "%s%s", i ? " " : "", x->isa->regs[x->isa->flag_regs[i]].name);
	strbuf_append(x->out, "\n");
	print_key(x, "");
	for (uint32_t i = 0; i < x->isa->num_flags; i++)
		strbuf_printf(x->out, "%-*c ", (int)strlen(x->isa->regs[x->isa->flag_regs[i]].name), x->insn->flags[i]);
	strbuf_append(x->out, "   ");
	for (size_t i = 0; i < sizeof flag_letters / sizeof *flag_letters; i++)
		if (strchr(x->insn->flags, flag_letters[i].letter))
			strbuf_printf(x->out, "%s%c %s", n++ ? ", " : "", flag_letters[i].letter,
				      flag_letters[i].meaning);
	strbuf_append(x->out, "\n");
}

static void print_undefined(const struct explained *x)
{
	if (!x->effects.undefined.len)
		return;
	print_key(x, "undefined");
	for (size_t i = 0; i < x->effects.undefined.len; i++)
		strbuf_printf(x->out, "%s%s", i ? ", " : "", x->isa->regs[x->effects.undefined.at[i]].name);
	strbuf_append(x->out, "\n");
}

/* Where makers' CPUs differ: which of them this is of, and what the others do. */
static void print_vendors(const struct explained *x)
{
	enum cpu_vendor shown = x->vendor ? x->vendor : CPU_VENDOR_INTEL;
	size_t n = 0;

	for (uint32_t i = 0; i < x->isa->num_vendor_rows; i++) {
		const struct isa_vendor_row *row = &x->isa->vendor_rows[i];
		if (!(x->insn->vendor_rows >> i & 1))
			continue;
		for (enum cpu_vendor v = CPU_VENDOR_INTEL; v <= CPU_VENDOR_AMD; v++) {
			print_nth_key(x, "differs", n++);
			strbuf_printf(x->out, "%s%s: %s%s%s%s\n", cpu_vendor_name(v), v == shown ? ", as below" : "",
				      row->says[v], *row->manual[v] ? " (" : "", row->manual[v],
				      *row->manual[v] ? ")" : "");
		}
	}
	for (size_t i = 0; i < sizeof x->insn->feature; i++) {
		const struct isa_feature *f = &x->isa->features[x->insn->feature[i]];
		if (!x->insn->feature[i])
			continue;
		print_nth_key(x, "needs", i);
		strbuf_printf(x->out, "%s (%s)\n", f->name, f->where);
	}
}

/* What a run makes of it, where that does not go without saying. */
static struct error *print_notes(const struct explained *x)
{
	struct prog *prog;

	if (x->t->kind == TRANSFER_SYSCALL)
		strbuf_append(x->out, "  note       a system call: what follows is the kernel's\n");
	if (x->insn->repeats)
		strbuf_append(x->out, "  note       the transfer is one iteration of several\n");
	if (x->insn->rest_len)
		strbuf_append(
			x->out,
			"  note       the transfer is the least that a step does; how much more is up to the CPU\n");
	for (enum fault_kind f = FAULT_NONE + 1; x->insn->may_fault >> f; f++)
		if (x->insn->may_fault >> f & 1)
			strbuf_printf(x->out, "  note       a CPU may raise %s instead\n", fault_name(f));
	struct error *err = prog_compile(x->t, &x->isa->layout, &prog);
	if (!err) {
		prog_destroy(prog);
		return NULL;
	}
	if (!error_is(err, ERROR_UNSUPPORTED))
		return err;
	strbuf_printf(x->out, "  note       %s: a run counts it as unmodelled\n", err->message);
	error_destroy(err);
	return NULL;
}

/* The transfer, a line each, with the equals signs of short left sides in one column. */
static void print_transfer(const struct explained *x)
{
	enum { LONGEST = 24 };
	struct strbuf text = {0};
	size_t width = 0;

	transfer_print(&text, x->t, &x->isa->names);
	for (const char *line = strbuf_text(&text), *end; (end = strchr(line, '\n')); line = end + 1) {
		const char *equals = strstr(line, " = ");
		size_t len = equals && equals < end ? (size_t)(equals - line) : 0;

		width = len > width && len <= LONGEST ? len : width;
	}
	strbuf_append(x->out, "  transfer\n");
	for (const char *line = strbuf_text(&text), *end; (end = strchr(line, '\n')); line = end + 1) {
		const char *equals = strstr(line, " = ");
		size_t left = equals && equals < end ? (size_t)(equals - line) : 0;

		strbuf_printf(x->out, "    %.*s%*s%.*s\n", (int)left, line,
			      left && left < width ? (int)(width - left) : 0, "", (int)(end - line - (ptrdiff_t)left),
			      line + left);
	}
	x->out->failed |= strbuf_failed(&text);
	strbuf_deinit(&text);
}

static void print_insn(struct strbuf *out, const struct insn *insn)
{
	strbuf_printf(out, "0x%" PRIx64 "  %s\n  bytes      ", insn->pc, insn->text);
	for (unsigned i = 0; i < insn->len; i++)
		strbuf_printf(out, "%02x ", insn->bytes[i]);
	strbuf_printf(out, "(%u)\n", insn->len);
}

static struct error *print_model(struct explained *x)
{
	struct error *err = effects_collect(x->t, &x->effects);
	if (err)
		return err;

	strbuf_printf(x->out, "  form       %s\n", x->insn->form);
	print_vendors(x);
	print_regs(x, "reads", x->effects.reads.at, x->effects.reads.len, x->effects.loads.len);
	print_regs(x, "writes", x->effects.writes.at, x->effects.writes.len, x->t->stores.len);
	print_flags(x);
	print_undefined(x);
	print_leaves(x, "outside", x->effects.env.at, x->effects.env.len);
	if (!x->effects.loads.len)
		print_none(x, "loads");
	print_leaves(x, "loads", x->effects.loads.at, x->effects.loads.len);
	print_stores(x);
	print_faults(x);
	if (x->insn->rule)
		strbuf_printf(x->out, "  rule       %s\n", x->insn->rule);
	print_key(x, "next");
	print_value(x, transfer_get_reg(x->t, x->isa->pc));
	strbuf_append(x->out, "\n");
	err = print_notes(x);
	print_transfer(x);
	effects_deinit(&x->effects);
	return err;
}

/* What has no model may change no other registers. */
static void print_changes(const struct explained *x)
{
	bool any = false;

	for (uint32_t r = 0; x->insn->confined && r < x->isa->num_regs; r++) {
		if (!insn_may_change(x->insn, r))
			continue;
		strbuf_printf(x->out, "%s %s", any ? "" : "  changes   ", x->isa->regs[r].name);
		any = true;
	}
	strbuf_append(x->out, any ? " at most\n" : x->insn->confined ? "  changes    no register that is known\n" : "");
}

static struct error *describe(struct strbuf *out, const struct lift_cache *cache, const struct insn *insn,
			      const struct transfer *t)
{
	const struct isa_cpu *cpu = lift_cache_cpu(cache);
	struct explained x = {.out = out, .isa = lift_cache_isa(cache), .insn = insn, .t = t};

	x.vendor = cpu ? cpu->vendor : CPU_VENDOR_UNKNOWN;

	print_insn(out, insn);
	if (insn->status == LIFT_DONE)
		return print_model(&x);
	strbuf_printf(out, "  form       %s\n  model      none: a run counts it as unmodelled%s\n", insn->form,
		      insn->may_store ? "; it may write memory" : "");
	print_changes(&x);
	return NULL;
}

static struct error *no_instruction(const struct insn *insn, const uint8_t *bytes, size_t len)
{
	struct strbuf hex = {0};

	strbuf_append_hex(&hex, bytes, len < ISA_MAX_INSN_LEN ? len : ISA_MAX_INSN_LEN);
	struct error *err = error_create(ERROR_USAGE,
					 insn->status == LIFT_TRUNCATED
						 ? "explain: at 0x%" PRIx64
						   ": the bytes %s end before the instruction does"
						 : "explain: at 0x%" PRIx64
						   ": the bytes %s do not start with an instruction",
					 insn->pc, strbuf_text(&hex));
	strbuf_deinit(&hex);
	return err;
}

static struct error *explain_one(struct lift_cache *cache, uint64_t pc, const uint8_t *bytes, size_t len,
				 struct strbuf *out, size_t *ret_len)
{
	const struct transfer *t;
	struct insn insn;
	struct error *err = lift_again(cache, pc, bytes, len, &insn, &t);

	if (err)
		return err;
	if (insn.status == LIFT_UNDECODABLE || insn.status == LIFT_TRUNCATED)
		return no_instruction(&insn, bytes, len);
	*ret_len = insn.len;
	return describe(out, cache, &insn, t);
}

static struct error *explain_all(struct lift_cache *cache, uint64_t pc, const struct code *code)
{
	struct strbuf out = {0};
	struct error *err = NULL;

	for (size_t at = 0, len; at < code->bytes.len && !err; at += len) {
		len = 0;
		strbuf_clear(&out);
		err = explain_one(cache, pc + at, code->bytes.at + at, code->bytes.len - at, &out, &len);
		if (!err && strbuf_failed(&out))
			err = &error_no_memory;
		if (!err)
			printf("%s%s", at ? "\n" : "", strbuf_text(&out));
	}
	strbuf_deinit(&out);
	return err;
}

static struct error *explain(const struct explain_options *o, const struct operands *operands, struct code *code)
{
	struct lift_cache *cache = NULL;
	const struct isa *isa = NULL;
	struct error *err = find_isa(o->arch, &isa);

	if (!err)
		err = read_code(operands, code);
	if (!err)
		err = lift_cache_create(isa, 0, &cache);
	if (err)
		return err;
	if (o->vendor) {
		struct isa_cpu cpu = {.vendor = o->vendor, .told = true};
		lift_cache_set_cpu(cache, &cpu);
	}
	err = explain_all(cache, o->pc, code);
	lift_cache_destroy(cache);
	return err;
}

static enum exit_status run(const void *options, const struct operands *operands)
{
	struct code code = {0};
	struct error *err = explain(options, operands, &code);

	vec_deinit(&code.bytes);
	return err ? fail(err) : STATUS_OK;
}

static const struct option_row rows[] = {
	{"arch", 'a', "NAME", "the instruction set (x86_64)", offsetof(struct explain_options, arch), option_text},
	{"pc", 0, "ADDR", "the address of the first instruction (0x401000)", offsetof(struct explain_options, pc),
	 option_number},
	{"vendor", 0, "NAME", "whose CPU executes them where the manuals differ: intel or amd",
	 offsetof(struct explain_options, vendor), option_vendor},
	{.name = NULL},
};

static const struct explain_options defaults = {.pc = 0x401000};

const struct command command_explain = {
	.name = "explain",
	.operands = "BYTES...",
	.summary = "print what the model says of instructions",
	.details = "BYTES are hexadecimal, in one argument or several, and as they are in memory: of AArch64's word\n"
		   "1e612800 these are 0028611e. Of more than one instruction, each is explained in turn.",
	.options = rows,
	.defaults = &defaults,
	.options_size = sizeof(struct explain_options),
	.run = run,
};
