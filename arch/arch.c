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
