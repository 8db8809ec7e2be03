#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/oracle/selftest_parts.h"
#include "lib/sys/signal.h"

/* A text that may be absent. */
static void say(struct strbuf *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct strbuf *text, const char *format, ...)
{
	char line[256];
	va_list ap;

	if (!text)
		return;
	va_start(ap, format);
	vsnprintf(line, sizeof line, format, ap);
	va_end(ap);
	strbuf_append(text, line);
}

/* ---- The end ---- */

/* Canonical with 57 bits of a linear address, and not with 48: on the stack, #SS where the CPU looks at 48, which
 * models leave open (x86_on_stack()). */
static bool is_between(uint64_t address)
{
	enum { BITS_4_LEVELS = 48, BITS_5_LEVELS = 57 };
	uint64_t narrow = address + (UINT64_C(1) << (BITS_4_LEVELS - 1));
	uint64_t wide = address + (UINT64_C(1) << (BITS_5_LEVELS - 1));

	return narrow >> BITS_4_LEVELS && !(wide >> BITS_5_LEVELS);
}

/*
 * Addresses that are no user addresses at all fault otherwise than pages that are not there (#GP instead of #PF), and
 * the kernel does not tell their address.
 */
static bool is_expected_page_fault(const struct selftest *t)
{
	const struct expectation *p = &t->predicted;

	if (!guest_mappable(p->address, p->len) && t->out.code == SI_KERNEL)
		return t->out.signal == SIGSEGV || (t->out.signal == SIGBUS && is_between(p->address));
	return t->out.signal == SIGSEGV && t->out.address - p->address < p->len;
}

bool selftest_ends_as_predicted(const struct selftest *t)
{
	enum fault_kind fault = t->predicted.fault;

	if (fault == FAULT_NONE)
		return t->out.end == (t->transfer.kind == TRANSFER_SYSCALL ? ORACLE_SYSCALL : ORACLE_STEPPED);
	if (t->out.end != ORACLE_SIGNAL)
		return false;
	if (fault == FAULT_PAGE)
		return is_expected_page_fault(t);
	return t->out.signal == fault_signal(fault)->signal &&
	       (!fault_signal(fault)->code || t->out.code == fault_signal(fault)->code);
}

static void describe_ends(const struct selftest *t, struct strbuf *text)
{
	char name[SIGNAL_NAME_LEN];

	if (!text)
		return;
	say(text, "  end: model %s", fault_signal(t->predicted.fault)->name);
	if (t->predicted.fault == FAULT_PAGE)
		say(text, " at 0x%" PRIx64 ", %u bytes", t->predicted.address, t->predicted.len);
	if (t->out.end == ORACLE_SIGNAL)
		say(text, "; CPU %s, code %d, address 0x%" PRIx64 "\n", signal_name(t->out.signal, name), t->out.code,
		    t->out.address);
	else
		say(text, "; CPU %s\n", t->out.end == ORACLE_SYSCALL ? "a system call" : "no fault");
}

/* ---- Registers ---- */

static void say_words(struct strbuf *text, const uint64_t *value, unsigned words)
{
	unsigned top = words - 1;

	while (top > 0 && value[top] == 0)
		top--;
	say(text, "0x%" PRIx64, value[top]);
	while (top-- > 0)
		say(text, "%016" PRIx64, value[top]);
}

/* There are registers that it writes: of a fault, that comes last, those that tell of it. */
static bool has_outputs(const struct selftest *t)
{
	return t->predicted.fault == FAULT_NONE || (t->eval.last_fault && t->predicted.fault == t->eval.fault);
}

static const struct eval_reg *find_output(const struct selftest *t, uint32_t reg)
{
	for (size_t i = 0; i < t->eval.num_regs; i++) {
		if (t->eval.regs[i].reg == reg)
			return &t->eval.regs[i];
	}
	return NULL;
}

/* A repeated string instruction with 32-bit addresses that faults has already cut its count and pointers on Intel's
 * CPUs; the manual does not say. */
static bool was_truncated(const struct selftest *t, uint64_t expected, uint64_t observed)
{
	return t->insn.repeats && t->predicted.fault == FAULT_PAGE && observed == (expected & UINT32_MAX);
}

/* What manuals give within an error: what the CPU has is expected if it keeps to that, else the true value is. */
static void settle_bounds(const struct selftest *t, uint32_t reg, uint64_t *expected, uint64_t *mask)
{
	const struct reg_desc *desc = &t->isa->regs[reg];

	for (size_t i = 0; i < t->eval.num_bounds; i++)
		if (t->eval.bounds[i].reg == reg)
			eval_bound_settle(&t->eval.bounds[i], t->out.after.value + desc->word,
					  t->out.after.unknown + desc->word, expected, mask);
}

static bool compare_reg(const struct selftest *t, uint32_t reg, struct strbuf *text)
{
	const struct reg_desc *desc = &t->isa->regs[reg];
	const struct eval_reg *output = has_outputs(t) ? find_output(t, reg) : NULL;
	unsigned words = reg_words(desc);
	uint64_t expected[8], observed[8], differ[8], mask[8], any = 0;

	for (unsigned i = 0; i < words; i++) {
		if (output)
			mask[i] = output->mask ? output->mask[i] : 0;
		else
			mask[i] = t->before.unknown[desc->word + i];
		expected[i] = output ? output->value[i] : t->before.value[desc->word + i];
	}
	if (output)
		settle_bounds(t, reg, expected, mask);
	for (unsigned i = 0; i < words; i++) {
		observed[i] = t->out.after.value[desc->word + i];
		differ[i] = (expected[i] ^ observed[i]) & ~mask[i] & ~t->out.after.unknown[desc->word + i];
		any |= differ[i];
	}
	if (!any || was_truncated(t, expected[0], observed[0]))
		return true;
	say(text, "  %s: model ", desc->name);
	say_words(text, expected, words);
	say(text, ", CPU ");
	say_words(text, observed, words);
	say(text, ", differing in ");
	say_words(text, differ, words);
	say(text, "%s\n", output ? "" : " (not predicted to change)");
	return false;
}

/* What the register would be if the instruction had not faulted. */
static bool is_as_written(const struct selftest *t, uint32_t reg)
{
	const struct eval_reg *output = find_output(t, reg);
	const struct reg_desc *desc = &t->isa->regs[reg];

	return output &&
	       memcmp(output->value, &t->out.after.value[desc->word], reg_words(desc) * sizeof(uint64_t)) == 0;
}

/* It faulted at its store, and all that it changes of the floating-point registers has changed, nothing else. */
static bool has_floats_first(const struct selftest *t)
{
	if (!t->insn.floats_first || t->predicted.fault != FAULT_PAGE || t->eval.status != EVAL_DONE)
		return false;
	for (size_t i = 0; i < t->eval.num_regs; i++) {
		uint32_t reg = t->eval.regs[i].reg;
		if (t->isa->regs[reg].class == REG_FLOAT && !is_as_written(t, reg))
			return false;
	}
	return true;
}

/* Each 32 bits are as before, or as they would be without the fault; t->eval is of an evaluation that went on. */
static bool is_written_in_part(const struct selftest *t, uint32_t reg)
{
	const struct eval_reg *output = find_output(t, reg);
	const struct reg_desc *desc = &t->isa->regs[reg];

	for (unsigned i = 0; i < reg_words(desc) && output; i++) {
		for (unsigned low = 0; low < 64; low += 32) {
			uint64_t before = t->before.value[desc->word + i] >> low;
			uint64_t observed = t->out.after.value[desc->word + i] >> low, after = output->value[i] >> low;
			if ((uint32_t)observed != (uint32_t)before && (uint32_t)observed != (uint32_t)after)
				return false;
		}
	}
	return output;
}

/* After a fault the CPU may show a flag of its own (rf), and a trap has gone past the instruction. */
static bool is_compared(const struct selftest *t, uint32_t reg)
{
	enum fault_kind fault = t->predicted.fault;

	if (t->isa->regs[reg].class == REG_FLOAT && has_floats_first(t))
		return false;
	if (fault == FAULT_PAGE && t->insn.piecewise && is_written_in_part(t, reg))
		return false;

	if (fault == FAULT_NONE)
		return true;
	return t->isa->regs[reg].class != REG_SYSTEM && !(fault_signal(fault)->trap && reg == t->isa->pc);
}

/* Nothing has changed but outputs, which are as predicted: the quick answer to the usual case. */
static bool regs_agree(struct selftest *t)
{
	const struct eval *e = &t->eval;
	uint64_t any = 0;

	if (t->predicted.fault != FAULT_NONE)
		return false;
	state_copy(&t->expected, &t->before);
	for (size_t i = 0; i < e->num_regs; i++)
		state_set_masked(&t->expected, e->regs[i].reg, e->regs[i].value, e->regs[i].mask);
	for (size_t i = 0; i < e->num_bounds; i++) {
		unsigned word = t->isa->regs[e->bounds[i].reg].word;
		eval_bound_settle(&e->bounds[i], t->out.after.value + word, t->out.after.unknown + word,
				  t->expected.value + word, t->expected.unknown + word);
	}
	for (uint32_t i = 0; i < t->isa->num_words; i++)
		any |= (t->expected.value[i] ^ t->out.after.value[i]) & ~t->expected.unknown[i] &
		       ~t->out.after.unknown[i];
	return !any;
}

static bool compare_regs(struct selftest *t, struct strbuf *text)
{
	bool same = true;

	if (regs_agree(t))
		return true;
	for (uint32_t r = 0; r < t->isa->num_regs; r++) {
		if (is_compared(t, r) && !compare_reg(t, r, text))
			same = false;
	}
	return same;
}

/* ---- Memory ---- */

/* What the stores make of the byte at address. */
static void apply_stores(const struct selftest *t, uint64_t address, uint8_t *value, uint8_t *mask)
{
	if (t->predicted.fault != FAULT_NONE && !t->predicted.wild)
		return;
	for (size_t i = 0; i < t->eval.num_stores; i++) {
		const struct eval_store *store = &t->eval.stores[i];
		if (address - store->address >= store->len)
			continue;
		*value = store->data[address - store->address];
		*mask = store->mask[address - store->address];
	}
}

static bool compare_byte(const struct selftest *t, const struct guest_page *page, unsigned at, uint8_t observed,
			 struct strbuf *text)
{
	uint8_t expected = page->data[at], mask = 0;

	apply_stores(t, page->address + at, &expected, &mask);
	uint8_t differ = (uint8_t)((expected ^ observed) & ~mask);
	/* A call that goes nowhere may fault with its return address stored. */
	if (t->predicted.wild && t->predicted.fault != FAULT_NONE && observed == page->data[at])
		return true;
	if (!differ)
		return true;
	say(text, "  [0x%" PRIx64 "]: model %02x, CPU %02x, differing in %02x, before %02x\n", page->address + at,
	    expected, observed, differ, page->data[at]);
	return false;
}

/* Nothing has changed but what is stored, which is as predicted: the quick answer to the usual case. */
static bool page_agrees(const struct selftest *t, const struct guest_page *page, const uint8_t *observed)
{
	uint8_t rest[MEMORY_PAGE];

	memcpy(rest, observed, sizeof rest);
	for (size_t i = 0; i < t->eval.num_stores; i++) {
		const struct eval_store *store = &t->eval.stores[i];
		for (unsigned k = 0; k < store->len; k++) {
			uint64_t at = store->address + k - page->address;
			if (at >= sizeof rest)
				continue;
			if (!compare_byte(t, page, (unsigned)at, observed[at], NULL))
				return false;
			rest[at] = page->data[at];
		}
	}
	return memcmp(rest, page->data, sizeof rest) == 0;
}

static bool compare_page(const struct selftest *t, const struct guest_page *page, const uint8_t *observed,
			 struct strbuf *text)
{
	enum { MAX_BYTES = 16 };
	unsigned differing = 0;

	if (page_agrees(t, page, observed))
		return true;
	for (unsigned i = 0; i < MEMORY_PAGE; i++) {
		if (!compare_byte(t, page, i, observed[i], differing < MAX_BYTES ? text : NULL))
			differing++;
	}
	return differing == 0;
}

static bool compare_memory(const struct selftest *t, struct strbuf *text)
{
	bool same = true;

	for (size_t i = 0; i < t->guest.len; i++)
		same &= compare_page(t, &t->guest.pages[i], t->out.memory.at[i].data, text);
	return same;
}

/* ---- Texts ---- */

static void describe_inputs(const struct selftest *t, struct strbuf *text)
{
	for (size_t i = 0; i < t->inputs.len; i++) {
		const struct reg_desc *desc = &t->isa->regs[t->inputs.at[i]];
		say(text, "%s%s=", i ? " " : "  before: ", desc->name);
		say_words(text, &t->before.value[desc->word], reg_words(desc));
	}
	say(text, t->inputs.len ? "\n" : "");
	for (size_t i = 0; i < t->eval.num_loads; i++) {
		const struct eval_load *load = &t->eval.loads[i];
		say(text, "  before: [0x%" PRIx64 "]=", load->address);
		for (unsigned k = 0; k < load->len; k++) {
			const struct guest_page *page = guest_find((struct guest *)(uintptr_t)&t->guest,
								   load->address + k);
			say(text, "%02x", page ? page->data[(load->address + k) % MEMORY_PAGE] : 0);
		}
		say(text, "\n");
	}
}

static void describe_case(const struct selftest *t, struct strbuf *text)
{
	if (!text)
		return;
	strbuf_append_hex(text, t->insn.bytes, t->insn.len);
	say(text, "  %s  (at 0x%" PRIx64 ")\n  case ", t->insn.text, t->insn.pc);
	strbuf_append_hex(text, t->given, t->given_len);
	say(text, ":0x%" PRIx64 ":%u\n", t->given_seed, t->index);
	describe_inputs(t, text);
}

/*
 * Of several stores some may have happened before a page fault (SDM vol. 2, ENTER, says so as little as it forbids it),
 * and a part of one whose size is no power of two, or of what a kernel or a hypervisor does for the CPU (STR).
 */
static bool stores_in_part(const struct selftest *t)
{
	bool odd = t->eval.num_stores > 0 && t->eval.stores[0].len & (t->eval.stores[0].len - 1);

	return t->predicted.fault == FAULT_PAGE && (t->transfer.stores.len > 1 || odd || t->insn.overrun);
}

static bool compare(struct selftest *t, struct strbuf *text)
{
	describe_ends(t, text);
	if (!selftest_ends_as_predicted(t))
		return false;
	bool same = compare_regs(t, text);
	return (stores_in_part(t) || compare_memory(t, text)) && same;
}

/* The jump faults in place of everything, or in place of a page fault of the same instruction. */
static bool faulted_in_jump(const struct selftest *t)
{
	if (!t->predicted.wild || t->out.end != ORACLE_SIGNAL || t->out.code != SI_KERNEL)
		return false;
	return t->predicted.fault == FAULT_NONE || !selftest_ends_as_predicted(t);
}

static bool stores_conditionally(const struct selftest *t)
{
	expr_id guard = t->transfer.stores.len > 0 ? t->transfer.stores.at[0].guard : EXPR_NONE;

	return guard != EXPR_NONE && !expr_is_const(t->pool, guard, NULL) && t->out.end == ORACLE_SIGNAL;
}

/*
 * Masked stores may fault for bytes that the mask excludes, and do on Intel's CPUs (SDM vol. 2, MASKMOVDQU); those of
 * x87 though an exception keeps them from being made (vol. 3, table 6-2: faults of one class have no order).
 */
static bool faulted_beside_mask(const struct selftest *t)
{
	return stores_conditionally(t) && t->out.signal == SIGSEGV &&
	       !guest_covers((struct guest *)(uintptr_t)&t->guest, t->out.address, 1, true);
}

/*
 * Which bytes of XRSTOR's area a CPU looks at before it finds the header wrong, and whether at those of components that
 * it does not load, no manual says (SDM vol. 1, 13.8; APM vol. 3, XRSTOR): a page fault anywhere in the area passes.
 */
static bool faulted_in_area(const struct selftest *t)
{
	enum { HEADER_END = 576, AREA = 11 * 1024 };

	return strncmp(t->insn.mnemonic, "xrstor", 6) == 0 && t->eval.num_loads > 0 &&
	       (t->predicted.fault == FAULT_PROTECTION || t->predicted.fault == FAULT_NONE) &&
	       t->out.end == ORACLE_SIGNAL && t->out.signal == SIGSEGV && t->out.code != SI_KERNEL &&
	       t->out.address - (t->eval.loads[0].address - HEADER_END) < HEADER_END + AREA &&
	       !guest_covers((struct guest *)(uintptr_t)&t->guest, t->out.address, 1, true);
}

/* Takes the access at which the CPU faulted for the predicted one, if that faults as well. */
static struct error *adopt_fault_address(struct selftest *t)
{
	bool other = faulted_beside_mask(t) || faulted_in_area(t);

	/* Likewise, where the address is none of the stack's. */
	if (stores_conditionally(t) && t->predicted.fault == FAULT_NONE && t->out.signal == SIGBUS) {
		t->predicted.fault = FAULT_STACK;
		return NULL;
	}
	if (other) {
		t->predicted = (struct expectation){.fault = FAULT_PAGE, .address = t->out.address, .len = 1};
		return NULL;
	}
	if (t->predicted.fault != FAULT_PAGE || t->out.end != ORACLE_SIGNAL || selftest_ends_as_predicted(t))
		return NULL;
	uint64_t address = t->out.code == SI_KERNEL ? GUEST_NO_ADDRESS : t->out.address;
	struct error *err = selftest_may_fault_at(t, address, &other);
	if (!err && other)
		t->predicted = (struct expectation){.fault = FAULT_PAGE, .address = address, .len = 1};
	return err;
}

/* Both are faults of one class, whose order is the CPU's own (SDM vol. 3, 6.9, table 6-2): of a store, and of its
 * value. */
static void adopt_last_fault(struct selftest *t)
{
	bool instead = t->out.end == ORACLE_SIGNAL && t->out.signal == fault_signal(t->eval.fault)->signal;

	if (t->eval.last_fault && t->predicted.fault == FAULT_PAGE && instead)
		t->predicted = (struct expectation){.fault = t->eval.fault};
}

struct error *selftest_compare(struct selftest *t, struct strbuf *text, bool *ret)
{
	if (faulted_in_jump(t))
		t->predicted.fault = FAULT_PROTECTION;
	adopt_last_fault(t);
	struct error *err = adopt_fault_address(t);
	if (!err && t->insn.piecewise && t->predicted.fault == FAULT_PAGE)
		err = selftest_go_on(t);
	if (err)
		return err;
	/* Texts are for failures only. */
	*ret = compare(t, NULL);
	if (!*ret) {
		describe_case(t, text);
		compare(t, text);
	}
	return NULL;
}
