#include "arch/arch.h"

#include <string.h>

extern const struct isa isa_aarch64;
extern const struct isa isa_x86_64;

const struct isa *const isas[] = {
	&isa_x86_64,
	&isa_aarch64,
	NULL,
};

const struct isa *isa_by_name(const char *name)
{
	for (size_t i = 0; isas[i]; i++) {
		if (strcmp(isas[i]->name, name) == 0)
			return isas[i];
	}
	return NULL;
}

const struct isa *isa_by_elf_machine(uint16_t machine)
{
	for (size_t i = 0; isas[i]; i++) {
		if (isas[i]->elf_machine == machine)
			return isas[i];
	}
	return NULL;
}

uint8_t isa_find_overrun(const struct isa *isa, const char *name)
{
	for (uint32_t i = 0; i < isa->num_overruns; i++)
		if (strcmp(isa->overruns[i].name, name) == 0)
			return (uint8_t)(i + 1);
	return 0;
}

static bool is_named(const char *candidate, const char *name, size_t len)
{
	return candidate && strlen(candidate) == len && memcmp(candidate, name, len) == 0;
}

bool isa_gate_call(const struct isa *isa, uint64_t address, uint64_t *ret)
{
	const struct isa_gate *gate = isa->sys.gate;

	for (uint32_t i = 0; gate && i < gate->num_entries; i++) {
		if (address - gate->page == gate->entries[i].offset) {
			*ret = gate->entries[i].number;
			return true;
		}
	}
	return false;
}

bool isa_find_reg(const struct isa *isa, const char *name, size_t len, uint32_t *ret)
{
	for (uint32_t i = 0; i < isa->num_regs; i++) {
		if (is_named(isa->regs[i].name, name, len) || is_named(isa->regs[i].alias, name, len)) {
			*ret = i;
			return true;
		}
	}
	return false;
}

bool isa_is_flag(const struct isa *isa, uint32_t reg)
{
	const char *name = isa->regs[reg].gdb_name,
		   *flags = isa->num_flags ? isa->regs[isa->flag_regs[0]].gdb_name : NULL;

	return name && flags && !strcmp(name, flags) && isa->regs[reg].gdb_low + isa->regs[reg].width <= 32;
}

/* ---- CPUs ---- */

static const char *const vendor_names[][2] = {
	[CPU_VENDOR_UNKNOWN] = {"unknown", ""},
	[CPU_VENDOR_INTEL] = {"Intel", "intel"},
	[CPU_VENDOR_AMD] = {"AMD", "amd"},
};

const char *cpu_vendor_name(enum cpu_vendor vendor)
{
	return vendor_names[vendor][0];
}

enum cpu_vendor cpu_vendor_by_name(const char *name)
{
	for (enum cpu_vendor v = CPU_VENDOR_INTEL; v <= CPU_VENDOR_AMD; v++)
		if (strcmp(vendor_names[v][1], name) == 0)
			return v;
	return CPU_VENDOR_UNKNOWN;
}

bool isa_cpu_knows(const struct isa_cpu *cpu, unsigned feature)
{
	return !feature || (cpu->known[feature / 64] >> feature % 64 & 1);
}

bool isa_cpu_has(const struct isa_cpu *cpu, unsigned feature)
{
	return !isa_cpu_knows(cpu, feature) || !feature || (cpu->has[feature / 64] >> feature % 64 & 1);
}

void isa_cpu_set(struct isa_cpu *cpu, unsigned feature, bool has)
{
	uint64_t bit = UINT64_C(1) << feature % 64;

	cpu->known[feature / 64] |= bit;
	cpu->has[feature / 64] = (cpu->has[feature / 64] & ~bit) | (has ? bit : 0);
}
