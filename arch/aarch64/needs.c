/*
 * What processors may lack, by encodings (Arm ARM C4.1): the features that an encoding needs, whichever table has its
 * row. Rows are tried in their order; an encoding that no row has is there on every processor, or on none.
 */
#include "arch/aarch64/aarch64.h"
#include "arch/aarch64/cpu.h"

/* The parameter: a feature, and a second one from bit 8 on. */
#define NEEDS(pattern, features, name) \
	{ \
		pattern, NULL, features, "----", name \
	}
/* Allocated, by an extension that may be newer than the tables: where none has a row it is an instruction all the same.
 */
#define NAMED(pattern, features, name) \
	{ \
		pattern, a64_build_unmodelled, features, "----", name \
	}

/* clang-format off */
static const struct a64_row a64_needs[] = {
	/* Integers (Arm ARM C4.1.93, C4.1.95) */
	NEEDS("1 x 0 100011 0 xxxxxx xx xxxx xxxxx xxxxx",   FEAT_MTE, "addg, subg"),
	NEEDS("x 0 0 100011 1 00xx xxxxxxxx xxxxx xxxxx",    FEAT_CSSC, "smax, umin imm"),
	NAMED("11110011 10x xxxxxxxxxxxxxxxx 11111",         FEAT_PAuth_LR, "autiasppc imm"),
	NEEDS("1 0 x 11010110 xxxxx 000000 xxxxx xxxxx",     FEAT_MTE, "subp"),
	NEEDS("1 0 0 11010110 xxxxx 00010x xxxxx xxxxx",     FEAT_MTE, "irg, gmi"),
	NEEDS("1 0 0 11010110 xxxxx 001100 xxxxx xxxxx",     FEAT_PAuth, "pacga"),
	NEEDS("x 0 0 11010110 xxxxx 010xxx xxxxx xxxxx",     FEAT_CRC32, "crc32"),
	NEEDS("x 0 0 11010110 xxxxx 0110xx xxxxx xxxxx",     FEAT_CSSC, "smax, umin"),
	NEEDS("x 1 0 11010110 00000 00011x xxxxx xxxxx",     FEAT_CSSC, "ctz, cnt"),
	NEEDS("x 1 0 11010110 00000 001000 xxxxx xxxxx",     FEAT_CSSC, "abs"),
	NAMED("1 1 0 11010110 00001 10x0xx 11111 11110",     FEAT_PAuth_LR, "paciasppc"),
	NAMED("1 1 0 11010110 00001 100100 xxxxx 11110",     FEAT_PAuth_LR, "autiasppc"),
	NAMED("1 1 0 11010110 00001 100101 xxxxx 11110",     FEAT_PAuth_LR, "autibsppc"),
	NEEDS("1 1 0 11010110 00001 xxxxxx xxxxx xxxxx",     FEAT_PAuth, "pac, aut, xpac"),
	NEEDS("1 0 1 11010000 xxxxxx 00001 xxxxx xxxxx",     FEAT_FlagM, "rmif"),
	NEEDS("0 0 1 11010000 000000 x0010 xxxxx xxxxx",     FEAT_FlagM, "setf8, setf16"),
	NAMED("1 x 0 11010000 xxxxx 001xxx xxxxx xxxxx",     FEAT_CPA, "addpt, subpt"),
	NAMED("1 00 11011 011 xxxxx x xxxxx xxxxx xxxxx",    FEAT_CPA, "maddpt, msubpt"),

	/* Branches (C4.1.94) */
	NEEDS("01010100 xxxxxxxxxxxxxxxxxxx 1 xxxx",         FEAT_HBC, "bc.cond"),
	NAMED("01010101 00x xxxxxxxxxxxxxxxx 11111",         FEAT_PAuth_LR, "retaasppc imm"),
	NEEDS("x 111010 0 xxx xxxxx 00 xxxxxxxxx xxxxx",     FEAT_CMPBR, "cb"),
	NEEDS("0 111010 0 xxx xxxxx 1x xxxxxxxxx xxxxx",     FEAT_CMPBR, "cbb, cbh"),
	NEEDS("x 111010 1 xxx xxxxxx 0 xxxxxxxxx xxxxx",     FEAT_CMPBR, "cb imm"),
	NEEDS("1101011 0 010 11111 00001x 11111 11111",      FEAT_PAuth, "retaa"),
	NAMED("1101011 0 010 11111 00001x 11111 xxxxx",      FEAT_PAuth_LR, "retaasppc"),
	NEEDS("1101011 x xxx 11111 00001x xxxxx xxxxx",      FEAT_PAuth, "braa, blraa"),

	/* System instructions and registers */
	NEEDS("1101010100 0 00 011 0001 0000 00x xxxxx",     FEAT_WFxT, "wfet, wfit"),
	NEEDS("1101010100 0 00 011 0011 xx10 001 11111",     FEAT_XS, "dsb nxs"),
	NEEDS("1101010100 0 00 011 0011 0000 111 11111",     FEAT_SB, "sb"),
	NEEDS("1101010100 0 00 000 0100 0000 000 11111",     FEAT_FlagM, "cfinv"),
	NEEDS("1101010100 0 00 000 0100 0000 0xx 11111",     FEAT_FlagM2, "xaflag, axflag"),
	NEEDS("1101010100 0 00 011 0100 xxxx 001 11111",     FEAT_SSBS2, "msr ssbs, imm"),
	NEEDS("1101010100 0 00 011 0100 xxxx 010 11111",     FEAT_DIT, "msr dit, imm"),
	NEEDS("1101010100 0 00 011 0100 0xxx 011 11111",     FEAT_SME, "smstart, smstop"),
	NEEDS("1101010100 0 00 011 0100 xxxx 100 11111",     FEAT_MTE, "msr tco, imm"),
	NEEDS("1101010100 0 01 011 0111 0100 011 xxxxx",     FEAT_MTE, "dc gva"),
	NEEDS("1101010100 0 01 011 0111 0100 100 xxxxx",     FEAT_MTE, "dc gzva"),
	NEEDS("1101010100 0 01 011 0111 1100 001 xxxxx",     FEAT_DPB, "dc cvap"),
	NEEDS("1101010100 0 01 011 0111 1101 001 xxxxx",     FEAT_DPB2, "dc cvadp"),
	NEEDS("1101010100 0 01 011 0111 1100 xx1 xxxxx",     FEAT_DPB | FEAT_MTE << 8, "dc cgvap"),
	NEEDS("1101010100 0 01 011 0111 1101 xx1 xxxxx",     FEAT_DPB2 | FEAT_MTE << 8, "dc cgvadp"),
	NEEDS("1101010100 0 01 011 0111 1x10 001 xxxxx",     FEAT_NONE, "dc cvac, civac"),
	NEEDS("1101010100 0 01 011 0111 1x10 xx1 xxxxx",     FEAT_MTE, "dc cgvac"),
	NEEDS("1101010100 0 01 011 0111 1011 000 xxxxx",     FEAT_OCCMO, "dc cvaoc"),
	NEEDS("1101010100 0 01 011 0111 1111 000 xxxxx",     FEAT_OCCMO, "dc civaoc"),
	NEEDS("1101010100 0 01 011 0111 1x11 111 xxxxx",     FEAT_OCCMO | FEAT_MTE << 8, "dc cgdvaoc"),
	NEEDS("1101010100 x 01 011 0111 0111 0xx xxxxx",     FEAT_GCS, "gcspushm, gcsss1"),
	NEEDS("1101010100 1 11 011 0010 0100 00x xxxxx",     FEAT_RNG, "rndr"),
	NEEDS("1101010100 1 11 011 0010 0101 001 xxxxx",     FEAT_GCS, "gcspr_el0"),
	NEEDS("1101010100 x 11 011 0100 0010 010 xxxxx",     FEAT_SME, "svcr"),
	NEEDS("1101010100 x 11 011 0100 0010 101 xxxxx",     FEAT_DIT, "dit"),
	NEEDS("1101010100 x 11 011 0100 0010 110 xxxxx",     FEAT_SSBS2, "ssbs"),
	NEEDS("1101010100 x 11 011 0100 0010 111 xxxxx",     FEAT_MTE, "tco"),
	NEEDS("1101010100 x 11 011 0100 0100 010 xxxxx",     FEAT_FPMR, "fpmr"),
	NEEDS("1101010100 1 11 011 1001 1110 000 xxxxx",     FEAT_PMUv3, "pmuserenr_el0"),
	NEEDS("1101010100 x 11 011 1010 0010 100 xxxxx",     FEAT_S1POE, "por_el0"),
	NEEDS("1101010100 x 11 011 1101 0000 101 xxxxx",     FEAT_SME, "tpidr2_el0"),
	NEEDS("1101010100 1 11 011 1101 0010 011 xxxxx",     FEAT_AMUv1, "amuserenr_el0"),
	NEEDS("1101010100 1 11 011 1110 0000 110 xxxxx",     FEAT_ECV, "cntvctss_el0"),

	/* Loads and stores (C4.1.96) */
	NEEDS("xx 001000 1 x 0 xxxxx 0 xxxxx xxxxx xxxxx",   FEAT_LOR, "ldlar, stllr"),
	NEEDS("xx 001000 1 x 1 xxxxx x 11111 xxxxx xxxxx",   FEAT_LSE, "cas"),
	NEEDS("0x 001000 0 x 1 xxxxx x 11111 xxxxx xxxxx",   FEAT_LSE, "casp"),
	NAMED("x1 001001 1x 0 xxxxx x 11111 xxxxx xxxxx",    FEAT_LSUI, "cast"),
	NAMED("1x 001001 0x 0 xxxxx x 11111 xxxxx xxxxx",    FEAT_LSUI, "ldtxr"),
	NAMED("01 001001 0x x xxxxx x 11111 xxxxx xxxxx",    FEAT_LSUI, "caspt"),
	NEEDS("00 011001 xx 1 xxxxx 0 001 00 xxxxx xxxxx",   FEAT_LSE128, "ldclrp"),
	NEEDS("00 011001 xx 1 xxxxx 0 011 00 xxxxx xxxxx",   FEAT_LSE128, "ldsetp"),
	NEEDS("00 011001 xx 1 xxxxx 1 000 00 xxxxx xxxxx",   FEAT_LSE128, "swpp"),
	NAMED("0x 011001 xx 1 xxxxx x xxx 01 xxxxx xxxxx",   FEAT_LSUI, "ldtadd"),
	NAMED("0x 011001 xx 1 xxxxx x xxx xx xxxxx xxxxx",   FEAT_THE, "rcwcas, rcwclrp"),
	NEEDS("xx 011001 xx 0 xxxxxxxxx 00 xxxxx xxxxx",     FEAT_LRCPC2, "ldapur"),
	NAMED("xx 011 x 01 xx 0 xxxxxxxxx 10 xxxxx xxxxx",   FEAT_LRCPC3, "ldiapp, ldapur simd"),
	NAMED("0 x 0011010 x 0 00001 1 00001 xxxxx xxxxx",   FEAT_LRCPC3, "ldap1, stl1"),
	NEEDS("00 011 1 01 11 0 xxxxx xxxx 01 xxxxx xxxxx",  FEAT_MOPS | FEAT_MTE << 8, "setgp"),
	NEEDS("xx 011 x 01 xx 0 xxxxx xxxx 01 xxxxx xxxxx",  FEAT_MOPS, "cpy, set"),
	NAMED("11 011 0 01 000 11111 0 00x 11 xxxxx xxxxx",  FEAT_GCS, "gcsstr"),
	NEEDS("11 011 0 01 xx 1 xxxxxxxxx xx xxxxx xxxxx",   FEAT_MTE, "ldg, stg"),
	NEEDS("01 101 0 0x x0 xxxxxxx xxxxx xxxxx xxxxx",    FEAT_MTE, "stgp"),
	NEEDS("xx 111 0 00 xx 1 xxxxx 0 xxx 00 xxxxx xxxxx", FEAT_LSE, "ldadd"),
	NEEDS("xx 111 0 00 xx 1 xxxxx 1 000 00 xxxxx xxxxx", FEAT_LSE, "swp"),
	NEEDS("xx 111 0 00 10 1 11111 1 100 00 xxxxx xxxxx", FEAT_LRCPC, "ldapr"),
	NAMED("11 111 0 00 00 1 xxxxx 1 001 00 xxxxx xxxxx", FEAT_LS64, "st64b"),
	NAMED("11 111 0 00 00 1 xxxxx 1 010 00 xxxxx xxxxx", FEAT_LS64, "st64bv0"),
	NAMED("11 111 0 00 00 1 xxxxx 1 011 00 xxxxx xxxxx", FEAT_LS64, "st64bv"),
	NAMED("11 111 0 00 00 1 xxxxx 1 101 00 xxxxx xxxxx", FEAT_LS64, "ld64b"),
	NAMED("0x 111 0 00 xx 1 xxxxx 1 xxx 00 xxxxx xxxxx", FEAT_THE, "rcwclr"),
	NEEDS("11 111 0 00 xx 1 xxxxxxxxx x1 xxxxx xxxxx",   FEAT_PAuth, "ldraa"),
	NAMED("xx 111 1 00 xx 1 xxxxx x xxx 00 xxxxx xxxxx", FEAT_LSFE, "ldfadd"),

	/* Vectors and floating point (C4.1.97): cryptography */
	NEEDS("01001110 xx 10100 xxxxx 10 xxxxx xxxxx",      FEAT_AES, "aese"),
	NEEDS("01011110 xx 0 xxxxx 0 0xx 00 xxxxx xxxxx",    FEAT_SHA1, "sha1c"),
	NEEDS("01011110 xx 0 xxxxx 0 1xx 00 xxxxx xxxxx",    FEAT_SHA256, "sha256h"),
	NEEDS("01011110 xx 10100 00010 10 xxxxx xxxxx",      FEAT_SHA256, "sha256su0"),
	NEEDS("01011110 xx 10100 0000x 10 xxxxx xxxxx",      FEAT_SHA1, "sha1h"),
	NEEDS("11001110 011 xxxxx 1 0 00 11 xxxxx xxxxx",    FEAT_SHA3, "rax1"),
	NEEDS("11001110 011 xxxxx 1 0 00 xx xxxxx xxxxx",    FEAT_SHA512, "sha512h"),
	NEEDS("11001110 110 00000 1000 00 xxxxx xxxxx",      FEAT_SHA512, "sha512su0"),
	NEEDS("11001110 00x xxxxx 0 xxxxx xxxxx xxxxx",      FEAT_SHA3, "eor3, bcax"),
	NEEDS("11001110 100 xxxxx xxxxxx xxxxx xxxxx",       FEAT_SHA3, "xar"),
	NEEDS("11001110 010 xxxxx xxxxxx xxxxx xxxxx",       FEAT_SM3, "sm3ss1, sm3tt1a"),
	NEEDS("11001110 011 xxxxx 1 1 00 10 xxxxx xxxxx",    FEAT_SM4, "sm4ekey"),
	NEEDS("11001110 011 xxxxx 1 1 00 0x xxxxx xxxxx",    FEAT_SM3, "sm3partw1"),
	NEEDS("11001110 110 00000 1000 01 xxxxx xxxxx",      FEAT_SM4, "sm4e"),
	NEEDS("0 x 0 01110 11 1 xxxxx 1110 00 xxxxx xxxxx",  FEAT_PMULL, "pmull 1q"),

	/* Lane by lane */
	NEEDS("x x 1 x1110 xx 0 xxxxx 1 000x 1 xxxxx xxxxx", FEAT_RDM, "sqrdmlah"),
	NEEDS("0 x x 01110 xx 0 xxxxx 1 0010 1 xxxxx xxxxx", FEAT_DotProd, "sdot"),
	NEEDS("0 x 0 01110 10 0 xxxxx 1 0011 1 xxxxx xxxxx", FEAT_I8MM, "usdot"),
	NEEDS("0 x x 01110 10 0 xxxxx 1 010x 1 xxxxx xxxxx", FEAT_I8MM, "smmla"),
	NEEDS("0 x 1 01110 01 0 xxxxx 1 1101 1 xxxxx xxxxx", FEAT_BF16, "bfmmla"),
	NEEDS("0 x 1 01110 x1 0 xxxxx 1 1111 1 xxxxx xxxxx", FEAT_BF16, "bfdot, bfmlalb"),
	NEEDS("0 x 1 01110 01 0 xxxxx 1 10xx 1 xxxxx xxxxx", FEAT_FCMA | FEAT_FP16 << 8, "fcmla h"),
	NEEDS("0 x 1 01110 01 0 xxxxx 1 11x0 1 xxxxx xxxxx", FEAT_FCMA | FEAT_FP16 << 8, "fcadd h"),
	NEEDS("0 x 1 01110 1x 0 xxxxx 1 10xx 1 xxxxx xxxxx", FEAT_FCMA, "fcmla"),
	NEEDS("0 x 1 01110 1x 0 xxxxx 1 11x0 1 xxxxx xxxxx", FEAT_FCMA, "fcadd"),
	NEEDS("0 x 0 01110 xx 0 xxxxx 1 1x11 1 xxxxx xxxxx", FEAT_FP8, "fdot, fmlal"),
	NEEDS("0 x 0 01110 xx 0 xxxxx 1 1110 1 xxxxx xxxxx", FEAT_FP8, "fcvtn 8b"),
	NEEDS("0 x 0 01110 0x 0 xxxxx 1 1000 1 xxxxx xxxxx", FEAT_FP8, "fmlallbb"),
	NEEDS("0 1 1 01110 00 0 xxxxx 1 1101 1 xxxxx xxxxx", FEAT_F8MM, "fmmla h"),
	NEEDS("0 1 1 01110 10 0 xxxxx 1 1101 1 xxxxx xxxxx", FEAT_F8MM, "fmmla s"),
	NEEDS("0 x x 01110 1x 1 xxxxx 11011 1 xxxxx xxxxx",  FEAT_FAMINMAX, "famax"),
	NEEDS("0 x x 01110 110 xxxxx 00 011 1 xxxxx xxxxx",  FEAT_FAMINMAX, "famax h"),
	NEEDS("0 x 1 01110 1x 1 xxxxx 11111 1 xxxxx xxxxx",  FEAT_FP8, "fscale"),
	NEEDS("0 x 1 01110 110 xxxxx 00 111 1 xxxxx xxxxx",  FEAT_FP8, "fscale h"),
	NEEDS("0 x 0 01110 x0 1 xxxxx 11101 1 xxxxx xxxxx",  FEAT_FHM, "fmlal"),
	NEEDS("0 x 1 01110 x0 1 xxxxx 11001 1 xxxxx xxxxx",  FEAT_FHM, "fmlal2"),
	NEEDS("0 x x 01110 0x 10000 1111x 10 xxxxx xxxxx",   FEAT_FRINTTS, "frint32z"),
	NEEDS("0 x 0 01110 10 10000 10110 10 xxxxx xxxxx",   FEAT_BF16, "bfcvtn"),
	NEEDS("0 x 1 01110 xx 10000 10111 10 xxxxx xxxxx",   FEAT_FP8, "f1cvtl"),
	NEEDS("0 x x 01110 x10 xxxxx 00 xxx 1 xxxxx xxxxx",  FEAT_FP16, "fadd h"),
	NEEDS("01 x 11110 x10 xxxxx 00 xxx 1 xxxxx xxxxx",   FEAT_FP16, "fmulx h"),
	NEEDS("0 x x 01110 x 111100 xxxxx 10 xxxxx xxxxx",   FEAT_FP16, "fabs h"),
	NEEDS("01 x 11110 x 111100 xxxxx 10 xxxxx xxxxx",    FEAT_FP16, "fcmgt zero h"),
	NEEDS("0 x 0 01110 x0 11000 0110 0 10 xxxxx xxxxx",  FEAT_FP16, "fmaxnmv h"),
	NEEDS("0 x 0 01110 x0 11000 0111 1 10 xxxxx xxxxx",  FEAT_FP16, "fmaxv h"),
	NEEDS("01 0 11110 x0 11000 011xx 10 xxxxx xxxxx",    FEAT_FP16, "faddp h"),
	NEEDS("0 x x 011110 001 xxxx 11xxx 1 xxxxx xxxxx",   FEAT_FP16, "scvtf fixed h"),
	NEEDS("01 x 111110 001 xxxx 11xxx 1 xxxxx xxxxx",    FEAT_FP16, "scvtf fixed h"),
	NEEDS("0 x 0 0111100000 xxx 1111 11 xxxxx xxxxx",    FEAT_FP16, "fmov imm h"),
	NEEDS("01001110 x1 0 xxxxx 0 xxx 00 xxxxx xxxxx",    FEAT_LUT, "luti2, luti4"),
	NEEDS("01001110 10 0 xxxxx 0 xxx 00 xxxxx xxxxx",    FEAT_LUT, "luti2"),

	/* By element */
	NEEDS("x x 1 x1111 xx xxxxxx 11x1 x 0 xxxxx xxxxx",  FEAT_RDM, "sqrdmlah elem"),
	NEEDS("0 x x 01111 10 xxxxxx 1110 x 0 xxxxx xxxxx",  FEAT_DotProd, "sdot elem"),
	NEEDS("0 x 0 01111 x0 xxxxxx 1111 x 0 xxxxx xxxxx",  FEAT_I8MM, "usdot elem"),
	NEEDS("0 x 0 01111 x1 xxxxxx 1111 x 0 xxxxx xxxxx",  FEAT_BF16, "bfdot elem"),
	NEEDS("0 x 0 01111 10 xxxxxx 0x00 x 0 xxxxx xxxxx",  FEAT_FHM, "fmlal elem"),
	NEEDS("0 x 1 01111 10 xxxxxx 1x00 x 0 xxxxx xxxxx",  FEAT_FHM, "fmlal2 elem"),
	NEEDS("0 x 0 01111 xx xxxxxx 0000 x 0 xxxxx xxxxx",  FEAT_FP8, "fdot elem"),
	NEEDS("0 x 1 01111 xx xxxxxx 1000 x 0 xxxxx xxxxx",  FEAT_FP8, "fmlallbb elem"),
	NEEDS("0 x 1 01111 01 xxxxxx 0xx1 x 0 xxxxx xxxxx",  FEAT_FCMA | FEAT_FP16 << 8, "fcmla elem h"),
	NEEDS("0 x 1 01111 10 xxxxxx 0xx1 x 0 xxxxx xxxxx",  FEAT_FCMA, "fcmla elem"),
	NEEDS("0 x x 01111 00 xxxxxx xx01 x 0 xxxxx xxxxx",  FEAT_FP16, "fmul elem h"),
	NEEDS("01 x 11111 00 xxxxxx xx01 x 0 xxxxx xxxxx",   FEAT_FP16, "fmul elem h"),

	/* Scalars */
	NEEDS("0 0 0 11110 01 1 11110 000000 xxxxx xxxxx",   FEAT_JSCVT, "fjcvtzs"),
	NEEDS("0 0 0 11110 01 1 000110 10000 xxxxx xxxxx",   FEAT_BF16, "bfcvt"),
	NEEDS("0 0 0 11110 0x 1 0100xx 10000 xxxxx xxxxx",   FEAT_FRINTTS, "frint32z"),
	NEEDS("0 0 0 11110 11 1 00010x 10000 xxxxx xxxxx",   FEAT_NONE, "fcvt of h"),
	NEEDS("x 0 0 11110 11 1 01 01x 000000 xxxxx xxxxx",  FEAT_FPRCVT | FEAT_FP16 << 8, "fcvt, scvtf vector"),
	NEEDS("x 0 0 11110 0x 1 01 01x 000000 xxxxx xxxxx",  FEAT_FPRCVT, "fcvt, scvtf vector"),
	NEEDS("x 0 0 11110 11 1 10 01x 000000 xxxxx xxxxx",  FEAT_FPRCVT | FEAT_FP16 << 8, "fcvt, scvtf vector"),
	NEEDS("x 0 0 11110 0x 1 10 01x 000000 xxxxx xxxxx",  FEAT_FPRCVT, "fcvt, scvtf vector"),
	NEEDS("x 0 0 11110 11 1 10 1xx 000000 xxxxx xxxxx",  FEAT_FPRCVT | FEAT_FP16 << 8, "fcvt, scvtf vector"),
	NEEDS("x 0 0 11110 0x 1 10 1xx 000000 xxxxx xxxxx",  FEAT_FPRCVT, "fcvt, scvtf vector"),
	NEEDS("x 0 0 11110 11 1 11 01x 000000 xxxxx xxxxx",  FEAT_FPRCVT | FEAT_FP16 << 8, "fcvt, scvtf vector"),
	NEEDS("x 0 0 11110 0x 1 11 01x 000000 xxxxx xxxxx",  FEAT_FPRCVT, "fcvt, scvtf vector"),
	NEEDS("x 0 0 11110 11 1 11 10x 000000 xxxxx xxxxx",  FEAT_FPRCVT | FEAT_FP16 << 8, "fcvt, scvtf vector"),
	NEEDS("x 0 0 11110 0x 1 11 10x 000000 xxxxx xxxxx",  FEAT_FPRCVT, "fcvt, scvtf vector"),
	NEEDS("x 0 0 11110 11 x xxxxx xxxxxx xxxxx xxxxx",   FEAT_FP16, "fadd h"),
	NEEDS("0 0 0 11111 11 x xxxxx x xxxxx xxxxx xxxxx",  FEAT_FP16, "fmadd h"),

	/* Scalable vectors and matrices (C4.1.1) */
	NEEDS("1 xx 0000 xxxxxxxxxxxxxxxxxxxxxxxxx",         FEAT_SME, "sme"),
	NEEDS("xxx 0010 xxxxxxxxxxxxxxxxxxxxxxxxx",          FEAT_SVE, "sve"),
};
/* clang-format on */

A64_TABLE(a64_needs);
