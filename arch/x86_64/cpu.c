/* What CPUID tells of a processor (SDM vol. 2, CPUID; APM vol. 3, appendix E). */
#include "arch/x86_64/cpu.h"

#include <string.h>

#include "arch/x86_64/x86_64.h"
#include "arch/x86_64/xstate.h"

const struct isa_vendor_row x86_vendor_rows[X86_NUM_VENDOR_ROWS] = {
#define VENDOR(name, ground, what, intel, intel_manual, amd, amd_manual) \
	[VENDOR_##name] = {#name, what, {"", intel, amd}, {"", intel_manual, amd_manual}, VENDOR_##ground},
#include "arch/x86_64/vendor.def"
#undef VENDOR
};

enum { EAX, EBX, ECX, EDX, ANY = -1 };

static const struct {
	uint32_t leaf;
	int subleaf;
	uint8_t reg, bit;
} places[X86_NUM_FEATURES] = {
#define FEATURE(name, leaf, subleaf, reg, bit) [X86_HAS_##name] = {leaf, subleaf, reg, bit},
#include "arch/x86_64/feature.def"
#undef FEATURE
};

const struct isa_feature x86_features[X86_NUM_FEATURES] = {
	{"", ""},
#define FEATURE(name, leaf, subleaf, reg, bit) {#name, "CPUID leaf " #leaf ", " #reg "[" #bit "]"},
#include "arch/x86_64/feature.def"
#undef FEATURE
};

/* The last leaf of each range tells which of the others there are: it comes before them. */
static const uint8_t cpuid[] = {0x0f, 0xa2}, xgetbv[] = {0x0f, 0x01, 0xd0};
#define CPUID(leaf, subleaf) \
	{ \
		cpuid, sizeof cpuid, {{X86_rax, leaf}, {X86_rcx, subleaf}}, true \
	}

const struct isa_question x86_questions[X86_NUM_QUESTIONS] = {
	CPUID(0, 0),
	CPUID(0x80000000, 0),
	CPUID(1, 0),
	CPUID(7, 0),
	CPUID(7, 1),
	CPUID(0xd, 0),
	CPUID(0xd, 1),
	CPUID(0x14, 0),
	CPUID(0x80000001, 0),
	CPUID(0x80000008, 0),
	CPUID(0x8000001f, 0),
	CPUID(0x80000021, 0),
	/* MPX, AVX-512, PKRU, AMX, APX (SDM vol. 1, 13.1). */
	CPUID(0xd, 3),
	CPUID(0xd, 4),
	CPUID(0xd, 5),
	CPUID(0xd, 6),
	CPUID(0xd, 7),
	CPUID(0xd, 9),
	CPUID(0xd, 17),
	CPUID(0xd, 18),
	CPUID(0xd, 19),
	/* Which ones are enabled: #UD without OSXSAVE. */
	{xgetbv, sizeof xgetbv, {{X86_rcx, 0}, {X86_rax, 0}}, false},
};

uint64_t x86_control_bits(const struct isa_cpu *cpu, uint32_t reg)
{
	bool known = isa_cpu_knows(cpu, X86_HAS_MISALIGNED_SSE) && isa_cpu_has(cpu, X86_HAS_MISALIGNED_SSE);

	return reg == X86_mxcsr && known ? MXCSR_MASK | MXCSR_MISALIGNED : MXCSR_MASK;
}

/* ---- What was observed ---- */

static bool is_extended(uint32_t leaf)
{
	return leaf >> 31;
}

/* What a leaf says that is beyond the last one means nothing (SDM vol. 2, CPUID). */
static bool is_answered(const struct isa_cpu *cpu, uint32_t leaf)
{
	uint32_t last = cpu->last[is_extended(leaf)];

	return !last || leaf <= last;
}

/* The last leaf of a range: what those beyond it would tell of is not there. */
static void observe_last(struct isa_cpu *cpu, uint32_t first, uint32_t last)
{
	cpu->last[is_extended(first)] = last;
	for (unsigned i = 1; i < X86_NUM_FEATURES; i++)
		if (is_extended(places[i].leaf) == is_extended(first) && places[i].leaf > last)
			isa_cpu_set(cpu, i, false);
}

static enum cpu_vendor vendor_of(const uint32_t reg[4])
{
	const uint32_t name[3] = {reg[EBX], reg[EDX], reg[ECX]};

	if (memcmp(name, "GenuineIntel", sizeof name) == 0)
		return CPU_VENDOR_INTEL;
	return memcmp(name, "AuthenticAMD", sizeof name) == 0 ? CPU_VENDOR_AMD : CPU_VENDOR_UNKNOWN;
}

/* SDM vol. 2, CPUID leaf 0DH. The kernel's components (ECX[0]) are no part of the image. */
static void observe_components(struct isa_cpu *cpu, uint32_t subleaf, const uint32_t reg[4])
{
	bool kernels = reg[ECX] & 1, there = reg[EAX] && !kernels;

	if (subleaf == 0) {
		cpu->have_components = true;
		cpu->components = (uint64_t)reg[EDX] << 32 | reg[EAX];
		cpu->image_len = reg[EBX];
	}
	if (subleaf < 2 || subleaf >= ISA_MAX_COMPONENTS)
		return;
	cpu->component[subleaf].len = there ? reg[EAX] : 0;
	cpu->component[subleaf].offset = there ? reg[EBX] : 0;
	cpu->aligned_components &= ~(UINT64_C(1) << subleaf);
	cpu->aligned_components |= (uint64_t)(there && reg[ECX] & 2) << subleaf;
}

static void observe_features(struct isa_cpu *cpu, uint32_t leaf, uint32_t subleaf, const uint32_t reg[4])
{
	enum { RTM_ALWAYS_ABORT = 11 };

	for (unsigned i = 1; i < X86_NUM_FEATURES; i++) {
		bool here = places[i].leaf == leaf &&
			    (places[i].subleaf == ANY || (uint32_t)places[i].subleaf == subleaf);
		if (here)
			isa_cpu_set(cpu, i, reg[places[i].reg] >> places[i].bit & 1);
	}
	/* Where transactions always abort, the instructions are there without the feature (SDM vol. 1, 16.3.1). */
	if (leaf == 7 && subleaf == 0 && reg[EDX] >> RTM_ALWAYS_ABORT & 1)
		isa_cpu_set(cpu, X86_HAS_RTM, true);
	if (leaf == 0xd)
		observe_components(cpu, subleaf, reg);
}

bool x86_cpu_observe(struct isa_cpu *cpu, uint32_t leaf, uint32_t subleaf, const uint32_t reg[4])
{
	struct isa_cpu before = *cpu;

	if (leaf == 0 && !cpu->told)
		cpu->vendor = vendor_of(reg);
	if (leaf == 0 || leaf == 0x80000000)
		observe_last(cpu, leaf, reg[EAX]);
	else if (is_answered(cpu, leaf))
		observe_features(cpu, leaf, subleaf, reg);
	return before.vendor != cpu->vendor || memcmp(before.known, cpu->known, sizeof before.known) != 0 ||
	       memcmp(before.has, cpu->has, sizeof before.has) != 0 || before.components != cpu->components ||
	       before.have_components != cpu->have_components || before.image_len != cpu->image_len ||
	       memcmp(before.component, cpu->component, sizeof before.component) != 0 ||
	       before.aligned_components != cpu->aligned_components ||
	       memcmp(before.last, cpu->last, sizeof before.last) != 0;
}

bool x86_cpu_observe_xcr(struct isa_cpu *cpu, uint32_t number, uint64_t value)
{
	bool news = !number && (!cpu->have_enabled || cpu->enabled != value);

	if (!number) {
		cpu->have_enabled = true;
		cpu->enabled = value;
	}
	return news;
}
