/* The rows of isa->vendor_rows in the cases: which had a part, and which failed for the CPU is another maker's. */
#include "lib/oracle/selftest_parts.h"

const struct isa_cpu *selftest_cpu(const struct selftest *t)
{
	return t->isa->lifter_cpu ? t->isa->lifter_cpu(t->lifter) : NULL;
}

void selftest_set_vendor(struct selftest *t, enum cpu_vendor vendor)
{
	const struct isa_cpu *own = selftest_cpu(t);

	if (!own)
		return;
	struct isa_cpu cpu = *own;
	cpu.vendor = vendor;
	cpu.told = true;
	t->isa->lifter_set_cpu(t->lifter, &cpu);
}

struct selftest_row selftest_row(const struct selftest *t, uint32_t row)
{
	return t->rows[row];
}

uint64_t selftest_unexplained(const struct selftest *t)
{
	return t->unexplained;
}

void selftest_count_rows(struct selftest *t)
{
	for (uint32_t left = t->insn.vendor_rows, i = 0; left; left >>= 1, i++)
		t->rows[i].cases += left & 1;
}

/* *ret: the CPU did what this one does, or takes the bytes for an instruction of another length. */
static struct error *agrees_with(struct selftest *t, const struct isa_cpu *cpu, bool *ret)
{
	uint8_t len = t->insn.len;

	t->isa->lifter_set_cpu(t->lifter, cpu);
	struct error *err = selftest_lift_again(t);
	if (err)
		return err;
	*ret = t->insn.len != len || t->insn.status != LIFT_DONE;
	if (!*ret)
		err = selftest_predict(t);
	if (!err && !*ret && t->eval.status != EVAL_DONE && t->eval.status != EVAL_FAULT)
		*ret = true; /* it leaves it open */
	return err || *ret ? err : selftest_compare(t, NULL, ret);
}

/* Each of the rows by itself, then all of them. *ret: those in which the CPU does as the other maker's; 0: none. */
static struct error *find_rows(struct selftest *t, const struct isa_cpu *own, uint32_t rows, uint32_t *ret)
{
	struct isa_cpu other = *own;
	struct error *err = NULL;
	bool same = false;

	for (uint32_t left = rows; left && !same && !err; left &= left - 1) {
		*ret = left & -left;
		other.other_rows = own->other_rows ^ *ret;
		err = agrees_with(t, &other, &same);
	}
	if (!same && !err && rows & (rows - 1)) {
		*ret = rows;
		other.other_rows = own->other_rows ^ rows;
		err = agrees_with(t, &other, &same);
	}
	if (!same)
		*ret = 0;
	return err;
}

struct error *selftest_blame(struct selftest *t)
{
	const struct isa_cpu *cpu = selftest_cpu(t);
	uint32_t rows = 0;

	if (!t->insn.vendor_rows || !cpu) {
		t->unexplained++;
		return NULL;
	}
	const struct isa_cpu own = *cpu;
	struct error *err = find_rows(t, &own, t->insn.vendor_rows, &rows);
	for (uint32_t left = rows, i = 0; left && !err; left >>= 1, i++)
		t->rows[i].failed += left & 1;
	t->unexplained += !err && !rows;
	t->isa->lifter_set_cpu(t->lifter, &own);
	if (!err)
		err = selftest_lift_again(t);
	return err ? err : selftest_predict(t);
}
