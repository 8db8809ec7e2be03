/*
 * a64crypto [COUNT]: AES-128, SHA-1, SHA-256, SHA-512, SM3 and SM4 by the cryptographic instructions of AArch64, COUNT
 * times. The exit status tells whether what comes out is what the standards give as examples. AArch64, without libc.
 * guest-archs: aarch64
 * guest-flags: -march=armv8.4-a+crypto+sha3+sm4 -nostdlib -ffreestanding -fno-stack-protector -fno-builtin
 */
#include <arm_neon.h>
#include <stdbool.h>

#include "testdata/guests/guest.h"

/* FIPS 180-4, 4.2.3, 5.3.5; the upper halves are those of SHA-256. */
/* clang-format off */
static const uint64_t constants[80] = {
	0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc,
	0x3956c25bf348b538, 0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118,
	0xd807aa98a3030242, 0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2,
	0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235, 0xc19bf174cf692694,
	0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
	0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5,
	0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4,
	0xc6e00bf33da88fc2, 0xd5a79147930aa725, 0x06ca6351e003826f, 0x142929670a0e6e70,
	0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed, 0x53380d139d95b3df,
	0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
	0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30,
	0xd192e819d6ef5218, 0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8,
	0x19a4c116b8d2d0c8, 0x1e376c085141ab53, 0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8,
	0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3,
	0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
	0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b,
	0xca273eceea26619c, 0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178,
	0x06f067aa72176fba, 0x0a637dc5a2c898a6, 0x113f9804bef90dae, 0x1b710b35131c471b,
	0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc, 0x431d67c49c100d4c,
	0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
};
static const uint64_t initial[8] = {
	0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
	0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
};
/* clang-format on */

static bool same(const void *a, const void *b, unsigned bytes)
{
	const uint8_t *x = a, *y = b;

	for (unsigned i = 0; i < bytes; i++)
		if (x[i] != y[i])
			return false;
	return true;
}

/* ---- AES-128 (FIPS 197, C.1) ---- */

static uint32_t sub_word(uint32_t w)
{
	uint8x16_t all = vreinterpretq_u8_u32(vdupq_n_u32(w)), bytes = vaeseq_u8(all, vdupq_n_u8(0));

	return vgetq_lane_u32(vreinterpretq_u32_u8(bytes), 0);
}

static void expand_key(const uint8_t *key, uint8x16_t ret[11])
{
	uint32_t w[44], rcon = 1;

	vst1q_u8((uint8_t *)w, vld1q_u8(key));
	for (unsigned i = 4; i < 44; i++) {
		w[i] = w[i - 1];
		if (i % 4 == 0) {
			w[i] = sub_word(w[i] >> 8 | w[i] << 24) ^ rcon;
			rcon = rcon << 1 ^ (rcon & 0x80 ? 0x11b : 0);
		}
		w[i] ^= w[i - 4];
	}
	for (unsigned i = 0; i < 11; i++)
		ret[i] = vreinterpretq_u8_u32(vld1q_u32(w + 4 * i));
}

static bool aes(void)
{
	static const uint8_t key[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
	static const uint8_t plain[16] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
					  0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};
	static const uint8_t cipher[16] = {0x69, 0xc4, 0xe0, 0xd8, 0x6a, 0x7b, 0x04, 0x30,
					   0xd8, 0xcd, 0xb7, 0x80, 0x70, 0xb4, 0xc5, 0x5a};
	uint8x16_t keys[11], a = vld1q_u8(plain), b;

	expand_key(key, keys);
	for (unsigned i = 0; i < 9; i++)
		a = vaesmcq_u8(vaeseq_u8(a, keys[i]));
	a = veorq_u8(vaeseq_u8(a, keys[9]), keys[10]);
	b = vaesdq_u8(a, keys[10]);
	for (unsigned i = 9; i > 0; i--)
		b = vaesdq_u8(vaesimcq_u8(b), vaesimcq_u8(keys[i]));
	b = veorq_u8(b, keys[0]);
	return same(&a, cipher, 16) && same(&b, plain, 16);
}

/* ---- Hashes of "abc": one block ---- */

static bool sha1(void)
{
	static const uint32_t k[4] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
	static const uint32_t start[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
	static const uint32_t digest[5] = {0xa9993e36, 0x4706816a, 0xba3e2571, 0x7850c26c, 0x9cd0d89d};
	uint32x4_t w[4] = {{0x61626380}, {0}, {0}, {0, 0, 0, 24}}, abcd = vld1q_u32(start);
	uint32_t e = start[4];

	for (unsigned i = 0; i < 20; i++) {
		uint32x4_t sum = vaddq_u32(w[i % 4], vdupq_n_u32(k[i / 5]));
		uint32_t next = vsha1h_u32(vgetq_lane_u32(abcd, 0));

		abcd = i < 5               ? vsha1cq_u32(abcd, e, sum)
		       : i < 10 || i >= 15 ? vsha1pq_u32(abcd, e, sum)
					   : vsha1mq_u32(abcd, e, sum);
		e = next;
		w[i % 4] = vsha1su1q_u32(vsha1su0q_u32(w[i % 4], w[(i + 1) % 4], w[(i + 2) % 4]), w[(i + 3) % 4]);
	}
	abcd = vaddq_u32(abcd, vld1q_u32(start));
	return same(&abcd, digest, 16) && e + start[4] == digest[4];
}

/* The upper halves of four constants. */
static uint32x4_t upper(const uint64_t *from)
{
	return vcombine_u32(vshrn_n_u64(vld1q_u64(from), 32), vshrn_n_u64(vld1q_u64(from + 2), 32));
}

static bool sha256(void)
{
	static const uint32_t digest[8] = {0xba7816bf, 0x8f01cfea, 0x414140de, 0x5dae2223,
					   0xb00361a3, 0x96177a9c, 0xb410ff61, 0xf20015ad};
	uint32x4_t w[4] = {{0x61626380}, {0}, {0}, {0, 0, 0, 24}}, abcd = upper(initial), efgh = upper(initial + 4);

	for (unsigned i = 0; i < 16; i++) {
		uint32x4_t sum = vaddq_u32(w[i % 4], upper(constants + 4 * i)), before = abcd;

		abcd = vsha256hq_u32(abcd, efgh, sum);
		efgh = vsha256h2q_u32(efgh, before, sum);
		w[i % 4] = vsha256su1q_u32(vsha256su0q_u32(w[i % 4], w[(i + 1) % 4]), w[(i + 2) % 4], w[(i + 3) % 4]);
	}
	abcd = vaddq_u32(abcd, upper(initial));
	efgh = vaddq_u32(efgh, upper(initial + 4));
	return same(&abcd, digest, 16) && same(&efgh, digest + 4, 16);
}

static bool sha512(void)
{
	static const uint64_t digest[8] = {0xddaf35a193617aba, 0xcc417349ae204131, 0x12e6fa4e89a97ea2,
					   0x0a9eeee64b55d39a, 0x2192992a274fc1a8, 0x36ba3c23a3feebbd,
					   0x454d4423643ce80e, 0x2a9ac94fa54ca49f};
	uint64x2_t w[8] = {{0x6162638000000000}, {0}, {0}, {0}, {0}, {0}, {0}, {0, 24}}, s[4];

	for (unsigned i = 0; i < 4; i++)
		s[i] = vld1q_u64(initial + 2 * i);
	for (unsigned i = 0; i < 40; i++) {
		uint64x2_t sum = vaddq_u64(w[i % 8], vld1q_u64(constants + 2 * i));
		uint64x2_t t = vsha512hq_u64(vaddq_u64(vextq_u64(sum, sum, 1), s[3]), vextq_u64(s[2], s[3], 1),
					     vextq_u64(s[1], s[2], 1));
		uint64x2_t ab = vsha512h2q_u64(t, s[1], s[0]);

		s[3] = s[2];
		s[2] = vaddq_u64(s[1], t);
		s[1] = s[0];
		s[0] = ab;
		w[i % 8] = vsha512su1q_u64(vsha512su0q_u64(w[i % 8], w[(i + 1) % 8]), w[(i + 7) % 8],
					   vextq_u64(w[(i + 4) % 8], w[(i + 5) % 8], 1));
	}
	for (unsigned i = 0; i < 4; i++)
		s[i] = vaddq_u64(s[i], vld1q_u64(initial + 2 * i));
	return same(s, digest, 64);
}

/* ---- SM3 (GB/T 32905, A.1): the first word of four is in the highest lane ---- */

static uint32_t rol(uint32_t x, unsigned n)
{
	return n ? x << n | x >> (32 - n) : x;
}

/* A round: word i of w and of the words four further. */
#define SM3_ROUND(ab, i) \
	do { \
		uint32x4_t t = {0, 0, 0, rol(t_of_round, (first + (i)) % 32)}; \
		uint32x4_t ss1 = vsm3ss1q_u32(abcd, efgh, t); \
		abcd = vsm3tt1##ab##q_u32(abcd, ss1, both, i); \
		efgh = vsm3tt2##ab##q_u32(efgh, ss1, w[0], i); \
	} while (0)
#define SM3_ROUNDS(ab) \
	SM3_ROUND(ab, 0); \
	SM3_ROUND(ab, 1); \
	SM3_ROUND(ab, 2); \
	SM3_ROUND(ab, 3)

static bool sm3(void)
{
	static const uint32x4_t start[2] = {{0xda8a0600, 0x172442d7, 0x4914b2b9, 0x7380166f},
					    {0xb0fb0e4e, 0xe38dee4d, 0x163138aa, 0xa96f30bc}};
	static const uint32x4_t digest[2] = {{0xdc10e4e2, 0xd1f2d46b, 0x62eeedd9, 0x66c7f0f4},
					     {0x8f4ba8e0, 0x297da02b, 0x5cf2f7a2, 0x4167c487}};
	uint32x4_t w[5] = {{0x61626380}, {0}, {0}, {0, 0, 0, 24}}, abcd = start[0], efgh = start[1];

	for (unsigned first = 0; first < 64; first += 4) {
		const uint32_t t_of_round = first < 16 ? 0x79cc4519 : 0x7a879d8a;
		const uint32x4_t both = veorq_u32(w[0], w[1]);

		w[4] = vsm3partw1q_u32(w[0], vextq_u32(w[1], w[2], 3), w[3]);
		w[4] = vsm3partw2q_u32(w[4], vextq_u32(w[2], w[3], 2), vextq_u32(w[0], w[1], 3));
		if (first < 16) {
			SM3_ROUNDS(a);
		} else {
			SM3_ROUNDS(b);
		}
		for (unsigned i = 0; i < 4; i++)
			w[i] = w[i + 1];
	}
	abcd = veorq_u32(abcd, start[0]);
	efgh = veorq_u32(efgh, start[1]);
	return same(&abcd, &digest[0], 16) && same(&efgh, &digest[1], 16);
}

/* ---- SM4 (GB/T 32907, A.1) ---- */

static bool sm4(void)
{
	static const uint32x4_t key = {0x01234567, 0x89abcdef, 0xfedcba98, 0x76543210};
	static const uint32x4_t fk = {0xa3b1bac6, 0x56aa3350, 0x677d9197, 0xb27022dc};
	static const uint32x4_t cipher = {0x536e4246, 0x86b3e94f, 0xd206965e, 0x681edf34};
	uint32x4_t k = veorq_u32(key, fk), text = key;

	for (unsigned i = 0; i < 8; i++) {
		uint8_t ck[16];
		for (unsigned j = 0; j < 16; j++)
			ck[j] = (uint8_t)(7 * (16 * i + j));
		k = vsm4ekeyq_u32(k, vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(ck))));
		text = vsm4eq_u32(text, k);
	}
	return same(&text, &cipher, 16);
}

int guest_main(int argc, char **argv)
{
	unsigned count = 0;
	bool right = true;

	for (const char *digit = argc > 1 ? argv[1] : "1"; *digit; digit++)
		count = 10 * count + (unsigned)(*digit - '0');
	while (count-- > 0)
		right = aes() && sha1() && sha256() && sha512() && sm3() && sm4() && right;
	return !right;
}
