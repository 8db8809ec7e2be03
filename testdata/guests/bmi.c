/*
 * Instructions that QEMU 7.2 gets wrong with `-cpu max`, and 10.0 gets right: blsi's carry flag, adcx and adox with
 * 32-bit operands, crc32 with both an operand-size prefix and REX.W. Each is checked against plain C, a line is printed
 * for each kind, and the exit status is 1 if one of them is wrong.
 *
 * The CPU must have BMI1, ADX and SSE4.2.
 * guest-flags: -nostdlib -ffreestanding -fno-stack-protector -mgeneral-regs-only -mno-red-zone
 */
#include "testdata/guests/guest.h"

enum { CF = 0x1, ZF = 0x40, SF = 0x80, OF = 0x800 };

static const uint64_t inputs[] = {
	0, 1, 0x80000000, 0xffffffff, 0x100000000, 0x8000000000000000, 0xffffffffffffffff, 0x123456789abcdef0,
};

enum { NUM_INPUTS = sizeof inputs / sizeof *inputs };

/* The result of an instruction; flags are those bits of RFLAGS that are compared. */
struct result {
	uint64_t value, flags;
};

/* The first wrong result of a kind of instruction. */
struct kind {
	const char *name;
	unsigned wrong;
	const char *insn;
	uint64_t a, b, flags_in;
	struct result actual, expected;
};

static void check(struct kind *kind, const char *insn, uint64_t a, uint64_t b, uint64_t flags_in, struct result actual,
		  struct result expected)
{
	if (actual.value == expected.value && actual.flags == expected.flags)
		return;
	if (!kind->wrong++) {
		kind->insn = insn;
		kind->a = a;
		kind->b = b;
		kind->flags_in = flags_in;
		kind->actual = actual;
		kind->expected = expected;
	}
}

static void put_result(struct guest_line *line, struct result r)
{
	guest_put_hex(line, r.value);
	guest_put(line, " flags ");
	guest_put_hex(line, r.flags);
}

static int report(const struct kind *kind)
{
	struct guest_line line = {.len = 0};

	guest_put(&line, kind->name);
	guest_put(&line, kind->wrong ? ": WRONG " : ": ok");
	if (kind->wrong) {
		guest_put_hex(&line, kind->wrong);
		guest_put(&line, " times, first ");
		guest_put(&line, kind->insn);
		guest_put(&line, " of ");
		guest_put_hex(&line, kind->a);
		guest_put(&line, ", ");
		guest_put_hex(&line, kind->b);
		guest_put(&line, " with flags ");
		guest_put_hex(&line, kind->flags_in);
		guest_put(&line, ": ");
		put_result(&line, kind->actual);
		guest_put(&line, ", expected ");
		put_result(&line, kind->expected);
	}
	guest_end_line(&line);
	return kind->wrong != 0;
}

/* Runs INSN on ret (the destination) and b with the given flags. They are looked at one by one: QEMU 7.2 leaves such
 * things in RFLAGS behind a wrong adcx that PUSHFQ and POPFQ end in a dead emulator. */
#define RUN(insn, b, flags_in, ret) \
	do { \
		uint8_t c_, z_, s_, o_; \
		__asm__ volatile("pushq %6\n\tpopfq\n\t" insn "\n\tsetc %1\n\tsetz %2\n\tsets %3\n\tseto %4" \
				 : "+&r"((ret).value), "=&r"(c_), "=&r"(z_), "=&r"(s_), "=&r"(o_) \
				 : "r"((uint64_t)(b)), "r"((uint64_t)(flags_in)) \
				 : "cc", "memory"); \
		(ret).flags = (c_ ? CF : 0) | (z_ ? ZF : 0) | (s_ ? SF : 0) | (o_ ? OF : 0); \
	} while (0)

static struct result blsi(uint64_t a, unsigned width)
{
	uint64_t value = width == 64 ? a & -a : (uint32_t)a & -(uint32_t)a;
	uint64_t source = width == 64 ? a : (uint32_t)a;

	return (struct result){
		.value = value,
		.flags = (source ? CF : 0) | (value ? 0 : ZF) | (value >> (width - 1) & 1 ? SF : 0),
	};
}

static void check_blsi(struct kind *kind)
{
	enum { FLAGS = CF | ZF | SF | OF }; /* the others are undefined (SDM vol. 2) */

	for (int i = 0; i < 2 * NUM_INPUTS; i++) {
		uint64_t a = inputs[i / 2], flags_in = i % 2 ? FLAGS : 0;
		struct result r32 = {.value = 0x5555555555555555}, r64 = r32;
		RUN("blsil %k5, %k0", a, flags_in, r32);
		RUN("blsiq %5, %0", a, flags_in, r64);
		r32.flags &= FLAGS;
		r64.flags &= FLAGS;
		check(kind, "blsi r32", a, 0, flags_in, r32, blsi(a, 32));
		check(kind, "blsi r64", a, 0, flags_in, r64, blsi(a, 64));
	}
}

/* a + b + the carry in `flag`, which alone gets the carry out. */
static struct result add_carry(uint64_t a, uint64_t b, uint64_t flags, uint64_t flag, unsigned width)
{
	uint64_t ones = width == 64 ? ~UINT64_C(0) : 0xffffffff;
	uint64_t x = a & ones, y = b & ones, carry_in = flags & flag ? 1 : 0;
	uint64_t sum = (x + y + carry_in) & ones;
	int carry_out = carry_in ? sum <= x : sum < x;

	return (struct result){.value = sum, .flags = (flags & ~flag) | (carry_out ? flag : 0)};
}

/*
 * QEMU 7.2 adds the upper halves of the registers to a 32-bit adcx's carry; when more than a bit of them gets there,
 * stepping through it ends in an assertion. Sums of up to 33 bits show the bug and survive it.
 */
static void check_add_carry_32(struct kind *kind, uint64_t a, uint64_t b, uint64_t flags_in)
{
	struct result adcx = {.value = a}, adox = {.value = a};

	if (a >> 33 || b >> 33 || (a + b + 1) >> 33)
		return;
	RUN("adcxl %k5, %k0", b, flags_in, adcx);
	RUN("adoxl %k5, %k0", b, flags_in, adox);
	check(kind, "adcx r32", a, b, flags_in, adcx, add_carry(a, b, flags_in, CF, 32));
	check(kind, "adox r32", a, b, flags_in, adox, add_carry(a, b, flags_in, OF, 32));
}

static void check_add_carry_64(struct kind *kind, uint64_t a, uint64_t b, uint64_t flags_in)
{
	struct result adcx = {.value = a}, adox = {.value = a};

	RUN("adcxq %5, %0", b, flags_in, adcx);
	RUN("adoxq %5, %0", b, flags_in, adox);
	check(kind, "adcx r64", a, b, flags_in, adcx, add_carry(a, b, flags_in, CF, 64));
	check(kind, "adox r64", a, b, flags_in, adox, add_carry(a, b, flags_in, OF, 64));
}

static void check_add_carry(struct kind *kind, uint64_t a, uint64_t b, uint64_t flags_in)
{
	check_add_carry_32(kind, a, b, flags_in);
	check_add_carry_64(kind, a, b, flags_in);
}

/* CRC-32C, bit by bit: the polynomial 0x11edc6f41 reflected (SDM vol. 2, CRC32). */
static struct result crc32c(uint64_t a, uint64_t b, unsigned bits)
{
	uint32_t crc = (uint32_t)a;

	for (unsigned i = 0; i < bits; i++) {
		uint32_t low = (crc ^ (uint32_t)(b >> i)) & 1;
		crc = crc >> 1 ^ (low ? 0x82f63b78 : 0);
	}
	return (struct result){.value = crc};
}

static void check_crc32(struct kind *kind, uint64_t a, uint64_t b)
{
	struct result r[4] = {{.value = a}, {.value = a}, {.value = a}};
	uint64_t prefixed = a;

	RUN("crc32b %b5, %k0", b, 0, r[0]);
	RUN("crc32w %w5, %k0", b, 0, r[1]);
	RUN("crc32q %5, %0", b, 0, r[2]);
	/* crc32 rax, rcx with a prefix 66 that REX.W overrules: assemblers do not emit it. */
	__asm__ volatile(".byte 0x66, 0xf2, 0x48, 0x0f, 0x38, 0xf1, 0xc1" : "+a"(prefixed) : "c"(b));
	r[3].value = prefixed;
	for (int i = 0; i < 4; i++)
		r[i].flags = 0;
	struct result all = crc32c(a, b, 64);
	check(kind, "crc32 r32, r8", a, b, 0, r[0], crc32c(a, b, 8));
	check(kind, "crc32 r32, r16", a, b, 0, r[1], crc32c(a, b, 16));
	check(kind, "crc32 r64, r64", a, b, 0, r[2], all);
	check(kind, "crc32 r64, r64 with prefix 66", a, b, 0, r[3], all);
}

/* Without an argument, what is printed does not depend on the results: an event log of the run fits any emulator. */
int guest_main(int argc, char **argv)
{
	struct kind blsi_kind = {.name = "blsi"}, add_kind = {.name = "adcx, adox"}, crc_kind = {.name = "crc32"};

	(void)argv;
	check_blsi(&blsi_kind);
	for (int i = 0; i < NUM_INPUTS; i++) {
		for (int j = 0; j < NUM_INPUTS; j++) {
			check_add_carry(&add_kind, inputs[i], inputs[j], 0);
			check_add_carry(&add_kind, inputs[i], inputs[j], CF | OF);
		}
		check_crc32(&crc_kind, 0xffffffff, inputs[i]);
	}
	if (argc < 2) {
		struct guest_line line = {.len = 0};
		guest_put(&line, "blsi, adcx, adox, crc32: done; `bmi check` tells whether they are right");
		guest_end_line(&line);
		return 0;
	}
	return report(&blsi_kind) | report(&add_kind) | report(&crc_kind);
}
