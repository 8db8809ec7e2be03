#include "lib/oracle/force.h"

#include <string.h>

#include "lib/oracle/host.h"

enum { LOST_EVERY = 3 };

static const struct {
	const char *name;
	enum oracle_force bit;
} names[] = {
	{"no-runner", ORACLE_FORCE_NO_RUNNER},
	{"no-fsgsbase", ORACLE_FORCE_NO_FSGSBASE},
	{"lose-step-cpuid", ORACLE_FORCE_LOSE_CPUID},
	{"lose-step-touch", ORACLE_FORCE_LOSE_TOUCH},
	{"lose-step-some", ORACLE_FORCE_LOSE_SOME},
	{"no-wild-stack", ORACLE_FORCE_NO_WILD_STACK},
	{"no-nt", ORACLE_FORCE_NO_NT},
	{"no-calls-32", ORACLE_FORCE_NO_CALLS_32},
	{"no-descriptors", ORACLE_FORCE_NO_DESCRIPTORS},
};

struct error *oracle_force_parse(const char *list, unsigned *ret)
{
	unsigned bits = 0;

	while (*list) {
		size_t len = strcspn(list, ","), i = 0;
		while (i < sizeof names / sizeof *names &&
		       (strlen(names[i].name) != len || memcmp(names[i].name, list, len) != 0))
			i++;
		if (i == sizeof names / sizeof *names)
			return error_create(ERROR_USAGE, "'%.*s' is no kind of host", (int)len, list);
		bits |= names[i].bit;
		list += len + (list[len] == ',');
	}
	*ret |= bits;
	return NULL;
}

/* UD2 and HLT: what faults as the absent instruction does there. */
bool force_insn(const struct force *f, const struct isa *isa, const struct oracle_case *c,
		uint8_t ret[ISA_MAX_INSN_LEN])
{
	enum host_trait need = f->bits ? host_need(isa, c->bytes, c->len) : HOST_BASICS;

	memset(ret, 0x90, ISA_MAX_INSN_LEN);
	if (need == HOST_FSGSBASE && f->bits & ORACLE_FORCE_NO_FSGSBASE) {
		memcpy(ret, (uint8_t[2]){0x0f, 0x0b}, 2);
		return true;
	}
	ret[0] = 0xf4;
	return (need == HOST_CALLS_32 && f->bits & ORACLE_FORCE_NO_CALLS_32) ||
	       (need == HOST_DESCRIPTORS && f->bits & ORACLE_FORCE_NO_DESCRIPTORS);
}

static bool is_cpuid(const struct oracle_case *c)
{
	return c->len >= 2 && c->bytes[c->len - 2] == 0x0f && c->bytes[c->len - 1] == 0xa2;
}

bool force_loses(struct force *f, const struct oracle_case *c, bool fresh)
{
	f->steps++;
	return (f->bits & ORACLE_FORCE_LOSE_CPUID && is_cpuid(c)) || (f->bits & ORACLE_FORCE_LOSE_TOUCH && fresh) ||
	       (f->bits & ORACLE_FORCE_LOSE_SOME && f->steps % LOST_EVERY == 0);
}

bool force_refuses(const struct force *f, uint64_t sp)
{
	return f->bits & ORACLE_FORCE_NO_WILD_STACK && (int64_t)(sp << 16) >> 16 != (int64_t)sp;
}
