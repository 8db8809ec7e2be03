/* The tables of every ISA against the rules of arch.h. What only one ISA has is tested in its folder. */
#include "arch/arch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/map.h"
#include "lib/state/state.h"
#include "lib/testing/assert.h"
#include "lib/testing/regs.h"

static size_t num_isas(void)
{
	size_t n = 0;

	while (isas[n])
		n++;
	return n;
}

START_TEST(isas_are_found)
{
	const struct isa *isa = isas[_i];
	char misspelt[32];

	ck_assert_ptr_eq(isa_by_name(isa->name), isa);
	ck_assert_ptr_eq(isa_by_elf_machine(isa->elf_machine), isa);
	snprintf(misspelt, sizeof misspelt, "%s?", isa->name);
	ck_assert_ptr_null(isa_by_name(misspelt));
	ck_assert_ptr_null(isa_by_name(""));
	ck_assert_ptr_null(isa_by_elf_machine(0));
}
END_TEST

static void assert_unique(const struct isa *isa, const char *name, uint32_t reg)
{
	uint32_t found = test_reg(isa, name);

	ck_assert_msg(found == reg, "%s is the name of %s and %s", name, isa->regs[reg].name, isa->regs[found].name);
}

START_TEST(register_names_are_unique)
{
	const struct isa *isa = isas[_i];
	uint32_t found;

	for (uint32_t reg = 0; reg < isa->num_regs; reg++) {
		const struct reg_desc *desc = &isa->regs[reg];

		assert_unique(isa, desc->name, reg);
		if (desc->alias)
			assert_unique(isa, desc->alias, reg);
		ck_assert_str_eq(isa->names.name(reg), desc->name);
		/* A name is not its beginning. */
		ck_assert(!isa_find_reg(isa, desc->name, 0, &found));
	}
}
END_TEST

/* The printer's names lead back to the register. */
START_TEST(names_are_found)
{
	const struct isa *isa = isas[_i];

	for (uint32_t reg = 0; reg < isa->num_regs; reg++) {
		uint32_t found;
		unsigned width;

		ck_assert(isa->names.find(isa->regs[reg].name, strlen(isa->regs[reg].name), &found, &width));
		ck_assert_uint_eq(found, reg);
		ck_assert_uint_eq(width, isa->regs[reg].width);
	}
}
END_TEST

/* Every word of a state belongs to exactly one register, and the arrays for evaluation say the same. */
START_TEST(layout_is_dense)
{
	const struct isa *isa = isas[_i];
	uint32_t *owner = calloc(isa->num_words, sizeof *owner);

	ck_assert_uint_eq(isa->layout.num_regs, isa->num_regs);
	for (uint32_t reg = 0; reg < isa->num_regs; reg++) {
		const struct reg_desc *desc = &isa->regs[reg];

		ck_assert_uint_ge(desc->width, 1);
		ck_assert_uint_le(desc->width, EXPR_MAX_WIDTH);
		ck_assert_uint_eq(isa->layout.word[reg], desc->word);
		ck_assert_uint_eq(isa->layout.width[reg], desc->width);
		for (unsigned i = 0; i < reg_words(desc); i++) {
			ck_assert_uint_lt(desc->word + i, isa->num_words);
			ck_assert_msg(!owner[desc->word + i], "%s lies upon %s", desc->name,
				      isa->regs[owner[desc->word + i] - 1].name);
			owner[desc->word + i] = reg + 1;
		}
	}
	for (uint32_t i = 0; i < isa->num_words; i++)
		ck_assert_msg(owner[i], "word %u belongs to no register", i);
	free(owner);
}
END_TEST

START_TEST(special_registers)
{
	const struct isa *isa = isas[_i];

	ck_assert_uint_lt(isa->pc, isa->num_regs);
	ck_assert_int_eq(isa->regs[isa->pc].class, REG_PC);
	ck_assert_uint_eq(isa->regs[isa->pc].width, 64);
	ck_assert_uint_lt(isa->sp, isa->num_regs);
	ck_assert_int_eq(isa->regs[isa->sp].class, REG_GENERAL);
	for (uint32_t reg = 0; reg < isa->num_regs; reg++)
		ck_assert_int_eq(isa->regs[reg].class == REG_PC, reg == isa->pc);
}
END_TEST

/* The flags of the effect row: each a bit, all in one register of the target description, a letter each. */
START_TEST(flags)
{
	const struct isa *isa = isas[_i];

	ck_assert_uint_ge(isa->num_flags, 1);
	ck_assert_uint_lt(isa->num_flags, ISA_FLAGS_LEN);
	ck_assert_uint_eq(strlen(isa->flag_letters), isa->num_flags);
	for (uint32_t i = 0; i < isa->num_flags; i++) {
		const struct reg_desc *desc = &isa->regs[isa->flag_regs[i]];

		ck_assert_uint_lt(isa->flag_regs[i], isa->num_regs);
		ck_assert_int_eq(desc->class, REG_FLAG);
		ck_assert_uint_eq(desc->width, 1);
		ck_assert_ptr_nonnull(desc->gdb_name);
		ck_assert_str_eq(desc->gdb_name, isa->regs[isa->flag_regs[0]].gdb_name);
		ck_assert_ptr_eq(strchr(isa->flag_letters, isa->flag_letters[i]), isa->flag_letters + i);
		ck_assert(isa_is_flag(isa, isa->flag_regs[i]));
	}
	/* Fields that belong to the kernel stand between them, selectors do not. */
	for (uint32_t r = 0; r < isa->num_regs; r++) {
		const struct reg_desc *desc = &isa->regs[r];
		bool field = desc->class == REG_FLAG || (desc->class == REG_SYSTEM && desc->gdb_low);
		ck_assert_msg(isa_is_flag(isa, r) == field, "%s", desc->name);
	}
}
END_TEST

static bool overlap(unsigned low, unsigned width, unsigned other_low, unsigned other_width)
{
	return low < other_low + other_width && other_low < low + width;
}

static void assert_apart(const struct reg_desc *a, const struct reg_desc *b)
{
	if (a->gdb_name && b->gdb_name && !strcmp(a->gdb_name, b->gdb_name))
		ck_assert_msg(!overlap(a->gdb_low, a->width, b->gdb_low, b->width), "%s and %s in %s", a->name, b->name,
			      a->gdb_name);
	if (a->native_set != NATIVE_NONE && a->native_set == b->native_set)
		ck_assert_msg(!overlap(8u * a->native_offset + a->native_low, a->width,
				       8u * b->native_offset + b->native_low, b->width),
			      "%s and %s in register set %d", a->name, b->name, (int)a->native_set);
}

/* No two registers are shown by the same bits of a target's register, or kept in the same bits of the kernel's sets. */
START_TEST(places_are_apart)
{
	const struct isa *isa = isas[_i];

	for (uint32_t i = 0; i < isa->num_regs; i++)
		for (uint32_t j = 0; j < i; j++)
			assert_apart(&isa->regs[i], &isa->regs[j]);
}
END_TEST

START_TEST(system_calls)
{
	const struct isa *isa = isas[_i];

	ck_assert_uint_lt(isa->sys.number, isa->num_regs);
	ck_assert_uint_lt(isa->sys.result, isa->num_regs);
	for (size_t i = 0; i < 6; i++) {
		ck_assert_uint_lt(isa->sys.arg[i], isa->num_regs);
		for (size_t j = 0; j < i; j++)
			ck_assert_uint_ne(isa->sys.arg[i], isa->sys.arg[j]);
	}
	ck_assert_uint_le(isa->sys.num_clobbered, ISA_MAX_CLOBBERED);
	for (uint32_t i = 0; i < isa->sys.num_clobbered; i++) {
		ck_assert_uint_lt(isa->sys.clobbered[i], isa->num_regs);
		ck_assert_uint_ne(isa->sys.clobbered[i], isa->sys.result);
	}
	ck_assert_uint_ge(isa->sys.insn_len, isa->insn_align);
	ck_assert_uint_le(isa->sys.insn_len, isa->max_insn_len);
	for (uint32_t i = 1; i < isa->sys.num_rows; i++)
		ck_assert_msg(isa->sys.table[i - 1].number < isa->sys.table[i].number, "%s, %s",
			      isa->sys.table[i - 1].name, isa->sys.table[i].name);
}
END_TEST

/* The bytes that the ISA gives for a system call lift to one. */
START_TEST(system_call_lifts)
{
	const struct isa *isa = isas[_i];
	struct isa_lifter *lifter;
	struct expr_pool *pool;
	struct transfer t;
	struct insn insn;

	ck_no_error(expr_pool_create(true, &pool));
	ck_no_error(isa->lifter_create(&lifter));
	transfer_init(&t, pool);
	ck_no_error(isa->lift(lifter, 0x1000, isa->sys.insn, isa->sys.insn_len, &t, &insn));
	ck_assert_int_eq(insn.status, LIFT_DONE);
	ck_assert_uint_eq(insn.len, isa->sys.insn_len);
	ck_assert_int_eq(t.kind, TRANSFER_SYSCALL);
	ck_assert_int_eq(isa->sys.entry(isa->sys.insn, isa->sys.insn_len), ISA_ENTRY_CALL);
	transfer_deinit(&t);
	isa->lifter_destroy(lifter);
	expr_pool_destroy(pool);
}
END_TEST

/* Is the address among those that the flow has? One that has none says nothing. */
static bool flow_has(const struct isa_flow *flow, uint64_t address)
{
	bool has = !flow->num_next;

	for (uint8_t i = 0; i < flow->num_next; i++)
		has |= flow->next[i] == address;
	return has;
}

/* What is looked at and not lifted (isa->flow, isa->sys.entry) agrees with the transfer. */
static void agree(const struct isa *isa, const struct transfer *t, const struct insn *insn, uint64_t seed)
{
	expr_id pc = transfer_get_reg(t, isa->pc);
	const struct expr *e = expr_get(t->pool, pc);
	uint64_t to = 0, other = 0;
	struct isa_flow flow;

	isa->flow(insn->pc, insn->bytes, insn->len, &flow);
	if (flow.num_next && flow.len != insn->len)
		ck_abort_msg("seed %llu: length of %s: %u", (unsigned long long)seed, insn->text, flow.len);
	bool constant = expr_is_const(t->pool, pc, &to);
	bool two = e->op == EXPR_ITE && expr_is_const(t->pool, e->arg[1], &to) &&
		   expr_is_const(t->pool, e->arg[2], &other);
	if (((constant || two) && !flow_has(&flow, to)) || (two && !flow_has(&flow, other)) ||
	    (!constant && !two && flow.num_next))
		ck_abort_msg("seed %llu: where %s leads to", (unsigned long long)seed, insn->text);
	if (t->kind == TRANSFER_SYSCALL && isa->sys.entry(insn->bytes, insn->len) == ISA_ENTRY_NONE)
		ck_abort_msg("seed %llu: %s is no entry", (unsigned long long)seed, insn->text);
}

/*
 * Whatever the bytes are, a lifter answers without an error, looks at no more than it was given, keeps its texts in
 * bounds, and gives a transfer that is well-formed and sets the program counter.
 */
static void lift_random(const struct isa *isa, struct isa_lifter *lifter, struct transfer *t, uint64_t seed)
{
	uint8_t bytes[ISA_MAX_INSN_LEN];
	size_t len = hash_u64(seed) % (sizeof bytes + 1);
	struct insn insn;

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)hash_u64(seed * 16 + i);
	/* The exact length in a block of its own, so that a sanitizer sees a read too far. */
	uint8_t *exact = malloc(len ? len : 1);
	memcpy(exact, bytes, len);
	expr_pool_reset(t->pool);
	transfer_reset(t, t->pool);
	struct error *err = isa->lift(lifter, seed << 20, exact, len, t, &insn);
	free(exact);
	if (err)
		ck_abort_msg("seed %llu: %s", (unsigned long long)seed, err->message);
	if (insn.len > len || !memchr(insn.text, 0, sizeof insn.text) || !memchr(insn.form, 0, sizeof insn.form) ||
	    memcmp(insn.bytes, bytes, insn.len) != 0)
		ck_abort_msg("seed %llu: length or text", (unsigned long long)seed);
	if (insn.status != LIFT_DONE)
		return;
	if (strlen(insn.flags) != isa->num_flags || !insn.text[0] || !insn.form[0] || !insn.mnemonic[0] || !insn.len)
		ck_abort_msg("seed %llu: incomplete: %s", (unsigned long long)seed, insn.text);
	if (!transfer_get_reg(t, isa->pc))
		ck_abort_msg("seed %llu: no program counter: %s", (unsigned long long)seed, insn.text);
	err = transfer_verify(t, &isa->layout);
	if (err)
		ck_abort_msg("seed %llu: %s: %s", (unsigned long long)seed, insn.text, err->message);
	agree(isa, t, &insn, seed);
}

START_TEST(random_bytes_lift)
{
	const struct isa *isa = isas[_i];
	struct isa_lifter *lifter;
	struct expr_pool *pool;
	struct transfer t;

	ck_no_error(expr_pool_create(true, &pool));
	ck_no_error(isa->lifter_create(&lifter));
	transfer_init(&t, pool);
	for (uint64_t seed = 0; seed < 20000; seed++)
		lift_random(isa, lifter, &t, seed);
	transfer_deinit(&t);
	isa->lifter_destroy(lifter);
	expr_pool_destroy(pool);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("arch");
	TCase *tc = tcase_create("every isa");
	int n = (int)num_isas();

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, isas_are_found, 0, n);
	tcase_add_loop_test(tc, register_names_are_unique, 0, n);
	tcase_add_loop_test(tc, names_are_found, 0, n);
	tcase_add_loop_test(tc, layout_is_dense, 0, n);
	tcase_add_loop_test(tc, special_registers, 0, n);
	tcase_add_loop_test(tc, flags, 0, n);
	tcase_add_loop_test(tc, places_are_apart, 0, n);
	tcase_add_loop_test(tc, system_calls, 0, n);
	tcase_add_loop_test(tc, system_call_lifts, 0, n);
	tcase_add_loop_test(tc, random_bytes_lift, 0, n);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	return test_main(suite());
}
