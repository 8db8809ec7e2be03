#include "lib/oracle/host.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/oracle/canary.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

/* Why a case is left open, and what follows where the trait is lacking. */
static const struct {
	const char *reason, *follows;
} texts[HOST_NUM_TRAITS] = {
	[HOST_BASICS] = {"", "no oracle"},
	[HOST_STEPS] = {"single steps lose their trap on this host, and two runs did not end alike",
			"an INT3 stands behind each instruction, and cases are run twice"},
	[HOST_WILD_STACK] = {"no resume with a stack pointer that is not canonical on this host",
			     "such cases are run without ptrace, or left open"},
	[HOST_NT] = {"NT cannot be set by ptrace on this host", "such cases are run without ptrace, or left open"},
	[HOST_ALIGNMENT] = {"no alignment checks on this host", "cases with AC are left open"},
	[HOST_CALLS_32] = {"no 32-bit calls on this host", "INT 80 is left open"},
	[HOST_FSGSBASE] = {"RDFSBASE and its like are switched off on this host",
			   "all cases are traced, these instructions are left open"},
	[HOST_DESCRIPTORS] = {"SGDT and its like are refused on this host", "they are left open"},
	[HOST_DESCRIPTOR_STEPS] = {"", "an INT3 stands behind these instructions"},
	[HOST_INT1] = {"INT1 does not go past itself on this host", "it is left open"},
	[HOST_RUNNER] = {"no process that is not traced on this host", "all cases are traced"},
};

const char *host_reason(enum host_trait trait)
{
	return texts[trait].reason;
}

/* ---- The CPU's name ---- */

#if defined(__x86_64__)

enum { LEAF_BRAND = 0x80000002, BRAND_LEAVES = 3 };

/* The processor brand string without the blanks around it (SDM vol. 2, CPUID; APM vol. 3, appendix E). */
static void read_brand(char ret[BRAND_LEAVES * 16 + 1])
{
	unsigned r[BRAND_LEAVES][4];

	for (unsigned i = 0; i < BRAND_LEAVES; i++) {
		if (!__get_cpuid(LEAF_BRAND + i, &r[i][0], &r[i][1], &r[i][2], &r[i][3])) {
			snprintf(ret, 16, "x86-64 CPU");
			return;
		}
	}
	memcpy(ret, r, sizeof r);
	ret[sizeof r] = '\0';
	size_t skip = strspn(ret, " "), len = strlen(ret);
	while (len > skip && ret[len - 1] == ' ')
		ret[--len] = '\0';
	memmove(ret, ret + skip, len - skip + 1);
}

/* Family and model, extended as the manuals say (SDM vol. 2, CPUID leaf 1; APM vol. 3, appendix E.3.2). */
static void read_cpu(struct host *h)
{
	unsigned a, b, c, d;
	char brand[BRAND_LEAVES * 16 + 1];

	__cpuid(0, a, b, c, d);
	memcpy(h->vendor, (unsigned[3]){b, d, c}, 12);
	__cpuid(1, a, b, c, d);
	unsigned family = a >> 8 & 15, model = a >> 4 & 15;
	if (family == 6 || family == 15)
		model |= (a >> 16 & 15) << 4;
	if (family == 15)
		family += a >> 20 & 255;
	read_brand(brand);
	snprintf(h->cpu, sizeof h->cpu, "%s, family %u model %u", brand, family, model);
}

#else

static void read_cpu(struct host *h)
{
	(void)h;
}

#endif

void host_init(struct host *h)
{
	*h = (struct host){0};
	read_cpu(h);
}

/* ---- What an instruction needs ---- */

static bool is_prefix(uint8_t byte)
{
	static const uint8_t prefixes[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3};

	return memchr(prefixes, byte, sizeof prefixes) || (byte & 0xf0) == 0x40;
}

/* Opcodes of x86-64 that need something; the byte behind the opcode is masked. */
static const struct {
	uint8_t opcode[2]; /* 0F xx, or xx and 0 */
	uint8_t mask, value;
	enum host_trait need;
} needs[] = {
	{{0xcd}, 0xff, 0x80, HOST_CALLS_32},          /* INT 80 */
	{{0xf1}, 0x00, 0x00, HOST_INT1},              /* INT1 */
	{{0x0f, 0xae}, 0xe0, 0xc0, HOST_FSGSBASE},    /* F3 0F AE /0 to /3, of registers */
	{{0x0f, 0x00}, 0x30, 0x00, HOST_DESCRIPTORS}, /* SLDT, STR */
	{{0x0f, 0x01}, 0x38, 0x20, HOST_DESCRIPTORS}, /* SMSW */
};

/* 0F 01 /0 and /1, of memory: SGDT, SIDT. */
static bool is_table_store(const uint8_t *at, size_t len)
{
	return len >= 3 && at[0] == 0x0f && at[1] == 0x01 && at[2] < 0xc0 && !(at[2] & 0x30);
}

static bool is_x86_64(const struct isa *isa)
{
	return strcmp(isa->name, "x86_64") == 0;
}

static size_t skip_prefixes(const uint8_t *bytes, size_t len)
{
	size_t at = 0;

	while (at < len && is_prefix(bytes[at]))
		at++;
	return at;
}

/* MOV SS holds off the trap until the next instruction has run (SDM vol. 3, 6.8.3; APM vol. 3, MOV). */
static bool is_mov_ss(const uint8_t *bytes, size_t len)
{
	size_t at = skip_prefixes(bytes, len);

	return at + 1 < len && bytes[at] == 0x8e && (bytes[at + 1] & 0x38) == 0x10;
}

bool host_may_lose(const struct host *h, const struct isa *isa, const uint8_t *bytes, size_t len)
{
	return h->lacks[HOST_STEPS] || (is_x86_64(isa) && is_mov_ss(bytes, len)) ||
	       (h->lacks[HOST_DESCRIPTOR_STEPS] && host_need(isa, bytes, len) == HOST_DESCRIPTORS);
}

enum host_trait host_need(const struct isa *isa, const uint8_t *bytes, size_t len)
{
	if (!is_x86_64(isa))
		return HOST_BASICS;
	size_t at = skip_prefixes(bytes, len);
	if (is_table_store(bytes + at, len - at))
		return HOST_DESCRIPTORS;
	for (size_t i = 0; i < sizeof needs / sizeof *needs; i++) {
		size_t size = needs[i].opcode[1] || needs[i].opcode[0] == 0x0f ? 2 : 1;
		uint8_t next = at + size < len ? bytes[at + size] : 0;
		if (at + size <= len && !memcmp(bytes + at, needs[i].opcode, size) &&
		    (next & needs[i].mask) == needs[i].value)
			return needs[i].need;
	}
	return HOST_BASICS;
}

/* ---- Texts ---- */

static void describe_canary(const struct host *h, size_t i, bool all, struct strbuf *ret)
{
	const char *seen = h->canaries[i].seen;

	if (seen[0])
		strbuf_printf(ret, "  %s: %s: %s\n", canary_name(i), seen, texts[h->canaries[i].trait].follows);
	else if (all)
		strbuf_printf(ret, "  %s: %s\n", canary_name(i), h->canaries[i].tried ? "right" : "not tried");
}

void host_describe(const struct host *h, bool all, struct strbuf *ret)
{
	size_t tried = 0, wrong = 0;

	for (size_t i = 0; i < h->num_canaries; i++) {
		tried += h->canaries[i].tried;
		wrong += h->canaries[i].seen[0] != '\0';
	}
	strbuf_printf(ret, "host: %s%s%s%s: %zu canaries, %zu of them not as they should be\n",
		      h->cpu[0] ? h->cpu : "a CPU without a name", h->vendor[0] ? " (" : "", h->vendor,
		      h->vendor[0] ? ")" : "", tried, wrong);
	for (size_t i = 0; i < h->num_canaries; i++)
		describe_canary(h, i, all, ret);
}

bool host_gap(const struct host *h, size_t index, struct oracle_gap *ret)
{
	if (index >= HOST_NUM_TRAITS)
		return false;
	*ret = (struct oracle_gap){texts[index].reason, h->left_open[index]};
	return true;
}
