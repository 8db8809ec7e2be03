/* Cases that differ by the doing of a hypervisor, not of a model. */
#include "lib/oracle/selftest_parts.h"

static struct error *add_gap(struct selftest *t, const char *what, const char *why)
{
	for (size_t i = 0; i < t->gaps.len; i++) {
		if (t->gaps.at[i].what != what)
			continue;
		t->gaps.at[i].count++;
		return NULL;
	}
	return vec_push(&t->gaps, ((struct selftest_gap){what, why, 1})) ? NULL : &error_no_memory;
}

bool selftest_gap(const struct selftest *t, size_t index, struct selftest_gap *ret)
{
	if (index >= t->gaps.len)
		return false;
	*ret = t->gaps.at[index];
	return true;
}

/* A feature that the instruction needs, and the CPU says that it does not have; NULL: none. */
static const char *denied_feature(const struct selftest *t)
{
	const struct isa_cpu *cpu = t->isa->lifter_cpu ? t->isa->lifter_cpu(t->lifter) : NULL;

	for (size_t i = 0; cpu && i < sizeof t->insn.feature; i++) {
		if (!isa_cpu_has(cpu, t->insn.feature[i]))
			return t->isa->features[t->insn.feature[i]].name;
	}
	return NULL;
}

/* A difference between makers in which hypervisors are known to take the other's part; NULL: none. */
static const char *host_row(const struct selftest *t)
{
	for (uint32_t i = 0; i < t->isa->num_vendor_rows; i++) {
		if (t->insn.vendor_rows >> i & 1 && t->isa->vendor_rows[i].ground == VENDOR_HOSTS)
			return t->isa->vendor_rows[i].what;
	}
	return NULL;
}

struct error *selftest_excuse(struct selftest *t, bool *ret)
{
	const char *denied = denied_feature(t), *row = host_row(t);

	*ret = false;
	if (selftest_ends_as_predicted(t))
		return NULL;
	*ret = true;
	if (denied && t->predicted.fault == FAULT_UNDEFINED)
		return add_gap(t, denied, "CPUID denies it on this host, and the CPU executes it");
	if (row)
		return add_gap(t, row, "this host does it in another maker's way");
	*ret = false;
	return NULL;
}
