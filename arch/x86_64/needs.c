/* Which features instructions need: where SDM vol. 2 and APM vol. 3 say "CPUID Feature Flag". */
#include "arch/x86_64/x86_64.h"

/* By instruction. Capstone groups some as another feature's, or not at all. */
static const struct {
	unsigned id;
	uint8_t feature;
} by_id[] = {
	{X86_INS_CMPXCHG16B, X86_HAS_CMPXCHG16B},
	{X86_INS_MOVBE, X86_HAS_MOVBE},
	{X86_INS_POPCNT, X86_HAS_POPCNT},
	{X86_INS_LZCNT, X86_HAS_LZCNT},
	{X86_INS_TZCNT, X86_HAS_BMI1},
	{X86_INS_CRC32, X86_HAS_SSE42},
	{X86_INS_RDRAND, X86_HAS_RDRAND},
	{X86_INS_RDSEED, X86_HAS_RDSEED},
	{X86_INS_RDTSCP, X86_HAS_RDTSCP},
	{X86_INS_LAHF, X86_HAS_LAHF64},
	{X86_INS_SAHF, X86_HAS_LAHF64},
	{X86_INS_CLFLUSH, X86_HAS_CLFSH},
	{X86_INS_CLFLUSHOPT, X86_HAS_CLFLUSHOPT},
	{X86_INS_CLWB, X86_HAS_CLWB},
	{X86_INS_RDFSBASE, X86_HAS_FSGSBASE},
	{X86_INS_RDGSBASE, X86_HAS_FSGSBASE},
	{X86_INS_WRFSBASE, X86_HAS_FSGSBASE},
	{X86_INS_WRGSBASE, X86_HAS_FSGSBASE},
	{X86_INS_INVPCID, X86_HAS_INVPCID},
	{X86_INS_MONITOR, X86_HAS_MONITOR},
	{X86_INS_MWAIT, X86_HAS_MONITOR},
	{X86_INS_XBEGIN, X86_HAS_RTM},
	{X86_INS_XEND, X86_HAS_RTM},
	{X86_INS_XABORT, X86_HAS_RTM},
	{X86_INS_XTEST, X86_HAS_RTM},
	{X86_INS_XGETBV, X86_HAS_OSXSAVE},
	{X86_INS_XSETBV, X86_HAS_OSXSAVE},
	{X86_INS_XSAVE, X86_HAS_OSXSAVE},
	{X86_INS_XSAVE64, X86_HAS_OSXSAVE},
	{X86_INS_XRSTOR, X86_HAS_OSXSAVE},
	{X86_INS_XRSTOR64, X86_HAS_OSXSAVE},
	{X86_INS_XSAVEOPT, X86_HAS_XSAVEOPT},
	{X86_INS_XSAVEOPT64, X86_HAS_XSAVEOPT},
	{X86_INS_XSAVEC, X86_HAS_XSAVEC},
	{X86_INS_XSAVEC64, X86_HAS_XSAVEC},
	{X86_INS_XSAVES, X86_HAS_XSAVES},
	{X86_INS_XSAVES64, X86_HAS_XSAVES},
	{X86_INS_XRSTORS, X86_HAS_XSAVES},
	{X86_INS_XRSTORS64, X86_HAS_XSAVES},
	{X86_OWN_RDPKRU, X86_HAS_OSPKE},
	{X86_OWN_WRPKRU, X86_HAS_OSPKE},
	{X86_OWN_MONITORX, X86_HAS_MONITORX},
	{X86_OWN_MWAITX, X86_HAS_MONITORX},
	{X86_OWN_CLZERO, X86_HAS_CLZERO},
	{X86_OWN_RDPRU, X86_HAS_RDPRU},
	{X86_INS_PCLMULQDQ, X86_HAS_PCLMULQDQ},
	{X86_INS_VPCLMULQDQ, X86_HAS_PCLMULQDQ},
	{X86_INS_EXTRQ, X86_HAS_SSE4A},
	{X86_INS_INSERTQ, X86_HAS_SSE4A},
	{X86_INS_MOVNTSS, X86_HAS_SSE4A},
	{X86_INS_MOVNTSD, X86_HAS_SSE4A},
	{X86_INS_VCVTPH2PS, X86_HAS_F16C},
	{X86_INS_VCVTPS2PH, X86_HAS_F16C},
	{X86_OWN_RDPID, X86_HAS_RDPID},
	{X86_OWN_WRSS, X86_HAS_CET_SS},
	{X86_OWN_SERIALIZE, X86_HAS_SERIALIZE},
	{X86_OWN_XSUSLDTRK, X86_HAS_TSXLDTRK},
	{X86_OWN_XRESLDTRK, X86_HAS_TSXLDTRK},
	{X86_OWN_PTWRITE, X86_HAS_PTWRITE},
	{X86_OWN_MOVDIRI, X86_HAS_MOVDIRI},
	{X86_OWN_MOVDIR64B, X86_HAS_MOVDIR64B},
	{X86_OWN_GF2P8MULB, X86_HAS_GFNI},
	{X86_OWN_GF2P8AFFINEQB, X86_HAS_GFNI},
	{X86_OWN_GF2P8AFFINEINVQB, X86_HAS_GFNI},
	{X86_OWN_VBROADCASTI128, X86_HAS_AVX2},
};

/* By capstone's group. */
static const struct {
	uint8_t group, feature;
} by_group[] = {
	{X86_GRP_SSE3, X86_HAS_SSE3},      {X86_GRP_SSSE3, X86_HAS_SSSE3}, {X86_GRP_SSE41, X86_HAS_SSE41},
	{X86_GRP_SSE42, X86_HAS_SSE42},    {X86_GRP_SSE4A, X86_HAS_SSE4A}, {X86_GRP_AES, X86_HAS_AES},
	{X86_GRP_SHA, X86_HAS_SHA},        {X86_GRP_ADX, X86_HAS_ADX},     {X86_GRP_BMI, X86_HAS_BMI1},
	{X86_GRP_BMI2, X86_HAS_BMI2},      {X86_GRP_FMA, X86_HAS_FMA},     {X86_GRP_FMA4, X86_HAS_FMA4},
	{X86_GRP_XOP, X86_HAS_XOP},        {X86_GRP_3DNOW, X86_HAS_NOW3D}, {X86_GRP_AVX2, X86_HAS_AVX2},
	{X86_GRP_AVX512, X86_HAS_AVX512F},
};

static void need(uint8_t ret[2], uint8_t feature)
{
	if (!ret[0] || ret[0] == feature)
		ret[0] = feature;
	else
		ret[1] = feature;
}

/* What the instruction is there with, besides the encoding. */
static void need_by_name(const struct x86_decoded *d, uint8_t ret[2])
{
	for (size_t i = 0; i < sizeof by_id / sizeof *by_id; i++) {
		if (by_id[i].id != d->id)
			continue;
		need(ret, by_id[i].feature);
		return;
	}
	for (size_t i = 0; i < sizeof by_group / sizeof *by_group; i++)
		for (unsigned g = 0; g < d->num_groups; g++)
			if (d->groups[g] == by_group[i].group)
				need(ret, by_group[i].feature);
}

void x86_needs(const struct x86_decoded *d, uint8_t ret[2])
{
	ret[0] = ret[1] = X86_HAS_NOTHING;
	if (d->id == X86_OWN_INVALID || d->id == X86_OWN_TOO_LONG)
		return;
	need_by_name(d, ret);
	/* Of VEX, those of general registers are there without AVX (SDM vol. 1, 14.1.1). */
	if (d->raw.evex)
		need(ret, X86_HAS_AVX512F);
	else if (d->raw.vex && ret[0] != X86_HAS_BMI1 && ret[0] != X86_HAS_BMI2)
		need(ret, X86_HAS_AVX);
}
