/*
 * The opcode table beside capstone, over random bytes. Where they disagree one of the kinds below says so, and who is
 * right; a disagreement of no kind fails. The kinds are those of capstone 4: other versions are not compared.
 */
#include <capstone/capstone.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "arch/x86_64/x86_64.h"
#include "lib/base/rng.h"
#include "lib/testing/assert.h"

enum { PC = 0x401000, TRIES = 1000000, MAX_TEXT = 2048, CAPSTONE = 4, LEN = ISA_MAX_INSN_LEN };

/* What a disagreement is about. */
enum about {
	RESERVED, /* the table has no instruction; ours is the rule */
	UNKNOWN,  /* capstone has none */
	LENGTH,
	NAME,
};

struct kind {
	enum about about;
	const char *ours, *theirs; /* patterns of fnmatch(3): mnemonics, or the rule */
	const char *why;           /* the table is right unless it says otherwise */
	unsigned seen;
};

/* clang-format off */
static struct kind kinds[] = {
	{RESERVED, "VEX.W must be 0", "*", "SDM vol. 2: VEX.W of these pages is W0; processors agree", 0},
	{RESERVED, "no instruction with these prefixes", "*", "SDM vol. 2, 2.1.1: a mandatory prefix that no page has; processors agree", 0},
	{RESERVED, "an instruction with a vector of indices needs a SIB byte", "v*gather*", "SDM vol. 2, 2.3.12", 0},
	{RESERVED, "no instruction has this opcode", "[xm]*", "those of another maker's processors (PadLock)", 0},
	{RESERVED, "LOCK, 66, F2, F3 or REX in front of VEX*", "*", "SDM vol. 2, 2.3.2", 0},
	{RESERVED, "no instruction has this byte behind its operands", "femms", "APM vol. 3, table A-13: 0F 0F has no 0E", 0},

	{UNKNOWN, "nop", "", "SDM vol. 2, A.2.4: the hint space", 0},
	{UNKNOWN, "prefetch*", "", "SDM vol. 2, PREFETCHW: all of 0F 0D", 0},
	{UNKNOWN, "ud[01]", "", "SDM vol. 2, UD", 0},
	{UNKNOWN, "mov", "", "#UD for registers that there are not is the builder's to say", 0},
	{UNKNOWN, "[lms]fence", "", "SDM vol. 2, LFENCE: the low bits of ModRM are ignored", 0},
	{UNKNOWN, "vpermpd", "", "VENDOR_PERMQ_W", 0},
	{UNKNOWN, "vpermq", "", "VENDOR_PERMQ_W", 0},
	{UNKNOWN, "vbroadcasti128", "", "SDM vol. 2, VPBROADCAST", 0},
	{UNKNOWN, "k[a-z]*", "", "SDM vol. 2, K*: mask registers by VEX", 0},
	{UNKNOWN, "*gf2p8*", "", "GFNI", 0},
	{UNKNOWN, "vpdp*", "", "AVX-VNNI", 0},
	{UNKNOWN, "vpmadd52*", "", "AVX-IFMA", 0},
	{UNKNOWN, "v*bf16*", "", "AVX-NE-CONVERT", 0},
	{UNKNOWN, "v*neeph2ps", "", "AVX-NE-CONVERT", 0},
	{UNKNOWN, "v*neoph2ps", "", "AVX-NE-CONVERT", 0},
	{UNKNOWN, "vbcstnesh2ps", "", "AVX-NE-CONVERT", 0},
	{UNKNOWN, "vaes*", "", "VAES", 0},
	{UNKNOWN, "vpclmulqdq", "", "VPCLMULQDQ", 0},
	{UNKNOWN, "vs[hm]*", "", "SHA512, SM3, SM4", 0},
	{UNKNOWN, "cmp*xadd", "", "CMPCCXADD", 0},
	{UNKNOWN, "t*", "", "AMX, TLBSYNC, TESTUI, TPAUSE", 0},
	{UNKNOWN, "[ls]*tilecfg", "", "AMX", 0},
	{UNKNOWN, "[ax]*or", "", "RAO-INT", 0},
	{UNKNOWN, "aa[dn]d", "", "RAO-INT", 0},
	{UNKNOWN, "aes*kl", "", "Key Locker", 0},
	{UNKNOWN, "loadiwkey", "", "Key Locker", 0},
	{UNKNOWN, "encodekey*", "", "Key Locker", 0},
	{UNKNOWN, "enqcmd*", "", "SDM vol. 2, ENQCMD", 0},
	{UNKNOWN, "movdir*", "", "SDM vol. 2, MOVDIRI, MOVDIR64B", 0},
	{UNKNOWN, "wr*ss", "", "CET", 0},
	{UNKNOWN, "[is]*ss[pb]*", "", "CET", 0},
	{UNKNOWN, "rdssp[dq]", "", "CET", 0},
	{UNKNOWN, "[rc]*ss[pb]*", "", "CET", 0},
	{UNKNOWN, "um[ow]*", "", "WAITPKG", 0},
	{UNKNOWN, "[su]*ui*", "", "UINTR", 0},
	{UNKNOWN, "clui", "", "UINTR", 0},
	{UNKNOWN, "uiret", "", "UINTR", 0},
	{UNKNOWN, "endbr*", "", "SDM vol. 2, ENDBR64: with REX, too", 0},
	{UNKNOWN, "ptwrite", "", "SDM vol. 2, PTWRITE", 0},
	{UNKNOWN, "serialize", "", "SDM vol. 2, SERIALIZE", 0},
	{UNKNOWN, "x*ldtrk", "", "TSXLDTRK", 0},
	{UNKNOWN, "*pkru", "", "SDM vol. 2, RDPKRU, WRPKRU", 0},
	{UNKNOWN, "rdpru", "", "APM vol. 3, RDPRU", 0},
	{UNKNOWN, "m*x", "", "APM vol. 3, MONITORX, MWAITX", 0},
	{UNKNOWN, "clzero", "", "APM vol. 3, CLZERO", 0},
	{UNKNOWN, "[rw]*msr*", "", "MSRLIST", 0},
	{UNKNOWN, "hreset", "", "SDM vol. 2, HRESET", 0},
	{UNKNOWN, "movrs", "", "MOVRS", 0},
	{UNKNOWN, "u*msr", "", "USER_MSR", 0},
	{UNKNOWN, "eret[su]", "", "FRED", 0},
	{UNKNOWN, "lkgs", "", "LKGS", 0},
	{UNKNOWN, "pbndkb", "", "SDM vol. 2, PBNDKB", 0},
	{NAME, "wbnoinvd", "wbinvd", "SDM vol. 2, WBNOINVD: F3", 0},
	{UNKNOWN, "mcommit", "", "APM vol. 3, MCOMMIT", 0},
	{UNKNOWN, "pconfig", "", "SDM vol. 2, PCONFIG", 0},
	{UNKNOWN, "p[vs]*", "", "APM vol. 3, PVALIDATE, PSMASH", 0},
	{UNKNOWN, "rmp*", "", "APM vol. 3, RMPADJUST, RMPUPDATE", 0},
	{UNKNOWN, "invlpgb", "", "APM vol. 3, INVLPGB", 0},
	{UNKNOWN, "seam*", "", "TDX", 0},
	{UNKNOWN, "encl*", "", "SGX", 0},

	{LENGTH, "call", "call", "SDM vol. 2, CALL: 66 does not shorten a displacement in 64-bit mode", 0},
	{LENGTH, "j*", "j*", "SDM vol. 2, Jcc: 66 does not shorten a displacement in 64-bit mode", 0},
	{LENGTH, "ud[01]", "ud*", "SDM vol. 2, UD: UD0 and UD1 have a ModRM byte", 0},
	{LENGTH, "ret", "ret", "SDM vol. 2, RET: the immediate has 16 bits", 0},

	{NAME, "cmp[ps][sd]", "cmp*", "a pseudo-op: both", 0},
	{NAME, "vcmp[ps][sd]", "vcmp*", "a pseudo-op: both", 0},
	{NAME, "movq", "movd", "SDM vol. 2, MOVQ: with REX.W", 0},
	{NAME, "pause", "*", "SDM vol. 2, PAUSE: F3 90, whatever REX is", 0},
	{NAME, "cldemote", "nop", "SDM vol. 2, CLDEMOTE", 0},
	{NAME, "pushfq", "pushf", "SDM vol. 2, PUSHF: REX.W wins over 66", 0},
	{NAME, "popfq", "popf", "SDM vol. 2, POPF: REX.W wins over 66", 0},
	{NAME, "*d", "*w", "REX.W wins over 66", 0},
	{NAME, "vcvt*", "vcvt*x", "a suffix of other assemblers: both", 0},
	{NAME, "fstp", "fstpnce", "an undocumented alias: both", 0},
	{NAME, "f*", "f*8087_nop", "both", 0},
	{NAME, "fwait", "wait", "both", 0},
	{NAME, "fnsetpm", "fsetpm", "both", 0},
	{NAME, "clrssbsy", "xsaveopt*", "SDM vol. 2, CLRSSBSY: F3", 0},
	{NAME, "ptwrite", "xsave*", "SDM vol. 2, PTWRITE: F3", 0},
	{NAME, "clwb", "xsaveopt*", "SDM vol. 2, CLWB: 66", 0},
	{NAME, "umonitor", "mfence", "SDM vol. 2, UMONITOR: F3", 0},
	{NAME, "umwait", "mfence", "SDM vol. 2, UMWAIT: F2", 0},
	{NAME, "tpause", "mfence", "SDM vol. 2, TPAUSE: 66", 0},
	{NAME, "incssp", "lfence", "SDM vol. 2, INCSSP: F3", 0},
	{NAME, "senduipi", "rdrand", "SDM vol. 2, SENDUIPI: F3", 0},
	{NAME, "rdpid", "rdseed", "SDM vol. 2, RDPID: F3", 0},
	{NAME, "seam*", "*", "TDX: 66", 0},
};
/* clang-format on */

/* ---- Bytes ---- */

static bool is_prefix(uint8_t byte)
{
	static const uint8_t prefixes[] = {0x26, 0x2e, 0x36, 0x3e, 0x62, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3};

	return memchr(prefixes, byte, sizeof prefixes) || (byte & 0xf0) == 0x40;
}

/* At most one prefix that selects, then REX: of those that overrule each other, capstone takes some for none. */
static void make(struct rng *rng, uint8_t bytes[LEN])
{
	static const uint8_t selecting[] = {0x66, 0xf2, 0xf3};
	static const uint8_t escapes[][2] = {{0x0f, 0x38}, {0x0f, 0x3a}};
	unsigned at = 0, map = rng_below(rng, 6);

	for (unsigned i = 0; i < LEN; i++)
		bytes[i] = (uint8_t)rng_next(rng);
	if (map < 4 && rng_below(rng, 2))
		bytes[at++] = selecting[rng_below(rng, sizeof selecting)];
	if (map < 4 && rng_below(rng, 3) == 0)
		bytes[at++] = (uint8_t)(0x40 | rng_below(rng, 16));
	while (is_prefix(bytes[at]))
		bytes[at] = (uint8_t)rng_next(rng);
	if (map == 1)
		bytes[at] = 0x0f;
	else if (map < 4 && map > 1)
		memcpy(bytes + at, escapes[map - 2], 2);
	else if (map == 4)
		bytes[at] = 0xc5;
	else if (map == 5)
		memcpy(bytes + at, (uint8_t[]){0xc4, (uint8_t)((bytes[1] & 0xe0) | (1 + rng_below(rng, 3)))}, 2);
}

/* ---- Comparison ---- */

static const char *without_prefixes(const char *mnemonic)
{
	const char *last = strrchr(mnemonic, ' ');

	return last ? last + 1 : mnemonic;
}

static bool is_listed(enum about about, const char *ours, const char *theirs)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (kinds[i].about != about || fnmatch(kinds[i].ours, ours, 0) || fnmatch(kinds[i].theirs, theirs, 0))
			continue;
		kinds[i].seen++;
		return true;
	}
	return false;
}

/* True: they agree, or it is known that they do not. */
static bool compare(const struct insn *insn, bool known, size_t len, const char *mnemonic)
{
	const char *ours = without_prefixes(insn->mnemonic), *theirs = known ? without_prefixes(mnemonic) : "";

	if (insn->reserved)
		return !known || is_listed(RESERVED, insn->rule, theirs);
	if (!known)
		return is_listed(UNKNOWN, ours, "");
	if (len != insn->len)
		return is_listed(LENGTH, ours, theirs);
	return strcmp(ours, theirs) == 0 || is_listed(NAME, ours, theirs);
}

/* Appends to the text what is not listed. */
static struct error *try_bytes(struct isa_lifter *lifter, struct transfer *t, csh handle, cs_insn *cs,
			       const uint8_t bytes[LEN], struct strbuf *text)
{
	const uint8_t *at = bytes;
	size_t left = LEN;
	uint64_t pc = PC;
	struct insn insn;

	expr_pool_reset(t->pool);
	transfer_reset(t, t->pool);
	struct error *err = isa_x86_64.lift(lifter, PC, bytes, LEN, t, &insn);
	if (err)
		return err;
	if (insn.status != LIFT_DONE && insn.status != LIFT_UNMODELLED)
		return error_create(ERROR_BUG, "%02x %02x %02x...: neither modelled, nor named, nor #UD", bytes[0],
				    bytes[1], bytes[2]);
	bool known = cs_disasm_iter(handle, &at, &left, &pc, cs);
	if (compare(&insn, known, LEN - left, cs->mnemonic))
		return NULL;
	strbuf_append_hex(text, bytes, LEN);
	strbuf_printf(text, ": '%s' (%u bytes, %s), capstone '%s' (%zu bytes)\n", insn.text, insn.len,
		      insn.rule ? insn.rule : "an instruction", known ? cs->mnemonic : "", LEN - left);
	return NULL;
}

START_TEST(random_bytes)
{
	struct rng rng = {.state = 1};
	struct isa_lifter *lifter;
	struct expr_pool *pool;
	struct transfer t;
	struct error *err = NULL;
	struct strbuf text = {0};
	csh handle;

	ck_no_error(isa_x86_64.lifter_create(&lifter));
	ck_no_error(expr_pool_create(true, &pool));
	transfer_init(&t, pool);
	ck_assert_int_eq(cs_open(CS_ARCH_X86, CS_MODE_64, &handle), CS_ERR_OK);
	cs_insn *cs = cs_malloc(handle);
	for (unsigned i = 0; i < TRIES && !err && text.len < MAX_TEXT; i++) {
		uint8_t bytes[LEN];
		make(&rng, bytes);
		err = try_bytes(lifter, &t, handle, cs, bytes, &text);
	}
	ck_no_error(err);
	ck_assert_msg(!text.len, "not listed:\n%s", strbuf_text(&text));
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		printf("%7u  %-10.10s %-40.40s %-12s %s\n", kinds[i].seen,
		       (const char *[]){"reserved", "unknown", "length", "name"}[kinds[i].about], kinds[i].ours,
		       kinds[i].theirs, kinds[i].why);
	strbuf_deinit(&text);
	cs_free(cs, 1);
	cs_close(&handle);
	transfer_deinit(&t);
	expr_pool_destroy(pool);
	isa_x86_64.lifter_destroy(lifter);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("x86_64 opcode table and capstone");
	TCase *tc = tcase_create("random bytes");

	tcase_set_timeout(tc, 120);
	if (cs_version(NULL, NULL) >> 8 == CAPSTONE)
		tcase_add_test(tc, random_bytes);
	else
		printf("x86_64 opcode table and capstone: not compared, this is another version of capstone than %d\n",
		       CAPSTONE);
	suite_add_tcase(suite, tc);
	return test_main(suite);
}
