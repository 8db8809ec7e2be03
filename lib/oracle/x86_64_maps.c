#include "lib/oracle/x86_64_maps.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MAP_1, MAP_0F, MAP_0F38, MAP_0F3A };

enum kind {
	LEGACY,
	NOW3D,    /* 0F 0F /r, the opcode behind the operands */
	VEX3,     /* C4 */
	VEX2,     /* C5 */
	PREFIXED, /* C4 behind prefixes that may not stand there (SDM vol. 2, 2.3.2 to 2.3.5) */
	RESERVED, /* C4, maps without instructions */
	XOP,      /* 8F (APM vol. 3, 1.9.1) */
};

/* How many ModRM bytes: each digit by registers, [RDI], [RBX + RCX * 8 + 56]; the first of these and a memory one. */
enum { DIGITS = 24, TWO = 2, LITERALS = 64 };

struct space {
	enum kind kind;
	uint8_t first_map, num_maps; /* of VEX and XOP: the number of the map */
	uint8_t selectors, modrms;
};

/* Prefixes that select, and those that do not in this order; each without and with REX.W. */
static const uint8_t prefixes[][2] = {{0, 0}, {0x66, 0}, {0xf3, 0}, {0xf2, 0}, {0xf0, 0}, {0x66, 0xf3}, {0x66, 0xf2}};
static const uint8_t before_vex[] = {0x66, 0xf3, 0xf2, 0xf0, 0x40};

enum { NUM_PREFIXES = sizeof prefixes / sizeof *prefixes, NUM_BEFORE_VEX = sizeof before_vex };

/* Selectors of VEX: bits 0-1 pp, 2 W, 3 L, 4 vvvv; those of others are subsets (below). */
static const struct space spaces[] = {
	{LEGACY, MAP_1, 4, 2 * NUM_PREFIXES, DIGITS},
	{NOW3D, 0, 1, 4, TWO},
	{VEX3, 1, 3, 32, DIGITS},
	{VEX2, 1, 1, 8, DIGITS},
	{PREFIXED, 1, 3, 2 * NUM_BEFORE_VEX, 1},
	{RESERVED, 0, 1, 8, TWO},
	{RESERVED, 4, 28, 8, TWO},
	{XOP, 8, 3, 8, DIGITS},
};

enum { NUM_SPACES = sizeof spaces / sizeof *spaces };

/* ---- Which there are ---- */

/* Prefixes and escapes. */
static bool is_opcode(uint8_t map, uint8_t byte)
{
	static const uint8_t one[] = {0x0f, 0x26, 0x2e, 0x36, 0x3e, 0x62, 0x64, 0x65,
				      0x66, 0x67, 0xc4, 0xc5, 0xf0, 0xf2, 0xf3};
	static const uint8_t two[] = {0x0f, 0x38, 0x3a};

	if (map == MAP_1)
		return !memchr(one, byte, sizeof one) && (byte & 0xf0) != 0x40;
	return map != MAP_0F || !memchr(two, byte, sizeof two);
}

/* Opcodes of which the ModRM bytes with a register operand are instructions, or holes, of their own. */
static bool has_literals(uint8_t map, uint8_t byte)
{
	static const uint8_t two[] = {0x00, 0x01, 0x0d, 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f, 0xae, 0xc7};

	if (map == MAP_1)
		return (byte & 0xf8) == 0xd8 || byte == 0xc6 || byte == 0xc7;
	return map == MAP_0F && memchr(two, byte, sizeof two);
}

static unsigned num_modrms(const struct space *s, uint8_t map, uint8_t opcode)
{
	return s->modrms + (s->kind == LEGACY && has_literals(map, opcode) ? LITERALS : 0);
}

/* ---- Bytes and names ---- */

struct writer {
	struct x86_64_encoding *to;
	size_t len;
};

static void put(struct writer *w, uint8_t byte)
{
	w->to->bytes[w->len++] = byte;
}

/* Appends to one of the names. */
static void say(char name[X86_64_MAPS_NAME], const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(char name[X86_64_MAPS_NAME], const char *format, ...)
{
	size_t len = strlen(name);
	va_list ap;

	va_start(ap, format);
	vsnprintf(name + len, X86_64_MAPS_NAME - len, format, ap);
	va_end(ap);
}

static void say_both(struct x86_64_encoding *e, const char *text)
{
	say(e->name, "%s", text);
	say(e->opcode, "%s", text);
}

static void put_modrm(struct writer *w, unsigned modrm)
{
	enum { RM = 1, RM_RDI = 7, RM_SIB = 4, MOD_DISP8 = 1, MOD_REG = 3, SIB = 0xcb, DISP8 = 56 };
	unsigned digit = modrm % 8;

	if (modrm >= DIGITS) {
		put(w, (uint8_t)(0xc0 + (modrm - DIGITS)));
		say(w->to->name, " %02X", 0xc0 + (modrm - DIGITS));
		return;
	}
	switch (modrm / 8) {
	case 0: put(w, (uint8_t)(MOD_REG << 6 | digit << 3 | RM)); break;
	case 1: put(w, (uint8_t)(digit << 3 | RM_RDI)); break;
	default:
		put(w, (uint8_t)(MOD_DISP8 << 6 | digit << 3 | RM_SIB));
		put(w, SIB);
		put(w, DISP8);
	}
	say(w->to->name, " /%u %s", digit, modrm < 8 ? "r" : modrm < 16 ? "m" : "m SIB");
}

static void put_escape(struct writer *w, uint8_t map)
{
	static const char *const names[] = {"", "0F ", "0F 38 ", "0F 3A "};

	if (map != MAP_1)
		put(w, 0x0f);
	if (map == MAP_0F38 || map == MAP_0F3A)
		put(w, map == MAP_0F38 ? 0x38 : 0x3a);
	say_both(w->to, names[map]);
}

static void put_legacy(struct writer *w, uint8_t map, unsigned selector, uint8_t opcode)
{
	char text[8];

	for (unsigned i = 0; i < 2 && prefixes[selector / 2][i]; i++) {
		put(w, prefixes[selector / 2][i]);
		snprintf(text, sizeof text, "%02X ", prefixes[selector / 2][i]);
		say_both(w->to, text);
	}
	if (selector % 2) {
		put(w, 0x48);
		say(w->to->name, "REX.W ");
	}
	put_escape(w, map);
	put(w, opcode);
	snprintf(text, sizeof text, "%02X", opcode);
	say_both(w->to, text);
}

/* APM vol. 3, appendix A.1.2: the opcode is where an immediate would be. */
static void put_now3d(struct writer *w, unsigned selector, uint8_t opcode, unsigned modrm)
{
	char text[16];

	if (selector) {
		put(w, prefixes[selector][0]);
		say(w->to->name, "%02X ", prefixes[selector][0]);
	}
	put(w, 0x0f);
	put(w, 0x0f);
	put_modrm(w, modrm * 8);
	put(w, opcode);
	snprintf(text, sizeof text, "0F 0F %02X", opcode);
	say_both(w->to, text);
}

/* VEX and XOP are alike but for the first byte; vvvv is none, or 2. */
static void put_vex(struct writer *w, const char *kind, uint8_t first, uint8_t map, unsigned bits, uint8_t opcode)
{
	static const char *const pps[] = {"NP", "66", "F3", "F2"};
	static const char *const maps[] = {"map 0", "0F", "0F38", "0F3A"};
	unsigned pp = bits & 3, w_bit = bits >> 2 & 1, l = bits >> 3 & 1;
	uint8_t vvvv = bits >> 4 & 1 ? 13 : 15, low = (uint8_t)(vvvv << 3 | l << 2 | pp);
	char name[16];

	put(w, first);
	if (first == 0xc5) {
		put(w, 0x80 | low);
	} else {
		put(w, 0xe0 | map);
		put(w, (uint8_t)(w_bit << 7 | low));
	}
	put(w, opcode);
	if (map < sizeof maps / sizeof *maps)
		snprintf(name, sizeof name, "%s", maps[map]);
	else
		snprintf(name, sizeof name, "map %u", map);
	say(w->to->name, "%s.%u.%s.%s.W%u %02X%s", kind, l ? 256 : 128, pps[pp], name, w_bit, opcode,
	    vvvv == 15 ? "" : " vvvv=2");
	say(w->to->opcode, "%s.%s.%s %02X", kind, pps[pp], name, opcode);
}

static void put_prefixed(struct writer *w, uint8_t map, unsigned selector, uint8_t opcode)
{
	uint8_t prefix = before_vex[selector / 2];

	put(w, prefix);
	say(w->to->name, "%02X ", prefix);
	say(w->to->opcode, "%02X ", prefix);
	put_vex(w, "VEX", 0xc4, map, selector % 2, opcode);
}

static void put_encoding(struct writer *w, const struct space *s, uint8_t map, unsigned selector, uint8_t opcode)
{
	switch (s->kind) {
	case LEGACY: put_legacy(w, map, selector, opcode); break;
	case NOW3D: break;
	case VEX3: put_vex(w, "VEX", 0xc4, map, selector, opcode); break;
	case VEX2: put_vex(w, "VEX2", 0xc5, map, (selector & 3) | (selector >> 2) << 3, opcode); break;
	case PREFIXED: put_prefixed(w, map, selector, opcode); break;
	case RESERVED: put_vex(w, "VEX", 0xc4, map, (selector & 3) | (selector >> 2) * 12, opcode); break;
	case XOP: put_vex(w, "XOP", 0x8f, map, (selector & 1) | (selector >> 1) << 2, opcode); break;
	}
}

/* ---- The walk ---- */

/* The first of the next opcode. */
static void next_opcode(struct x86_64_maps *m)
{
	m->modrm = m->selector = 0;
	m->opcode++;
	if (m->opcode < 256u * spaces[m->space].num_maps)
		return;
	m->opcode = 0;
	m->space++;
}

bool x86_64_maps_next(struct x86_64_maps *m, struct x86_64_encoding *ret)
{
	struct writer w = {.to = ret};

	while (m->space < NUM_SPACES && spaces[m->space].kind == LEGACY &&
	       !is_opcode((uint8_t)(m->opcode / 256), (uint8_t)m->opcode))
		next_opcode(m);
	if (m->space == NUM_SPACES)
		return false;
	const struct space *s = &spaces[m->space];
	uint8_t map = (uint8_t)(s->first_map + m->opcode / 256), opcode = (uint8_t)m->opcode;

	*ret = (struct x86_64_encoding){0};
	if (s->kind == NOW3D) {
		put_now3d(&w, m->selector, opcode, m->modrm);
	} else {
		put_encoding(&w, s, map, m->selector, opcode);
		put_modrm(&w, s->modrms == TWO ? m->modrm * 8 : m->modrm);
	}
	if (++m->modrm < num_modrms(s, map, opcode))
		return true;
	m->modrm = 0;
	if (++m->selector == s->selectors)
		next_opcode(m);
	return true;
}
