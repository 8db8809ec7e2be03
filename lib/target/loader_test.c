/* The loader, and the unicorn target of an ISA that is not this CPU's, on small ELF files that this test writes. */
#include "lib/target/loader.h"

#include <elf.h>
#include <signal.h>
#include <sys/mman.h>

#include "lib/target/unicorn.h"
#include "lib/testing/assert.h"
#include "lib/testing/regs.h"
#include "lib/testing/scratch.h"

enum { ENTRY = 0x400200, FILE_LEN = 0x1100, DATA = 0x601000, STACK_LEN = 64, TIMEOUT_MS = 60000 };
#define STACK UINT64_C(0x7ffffffff000)

/* A file with code at ENTRY, and data that goes on behind the file. */
struct elf_file {
	Elf64_Ehdr header;
	Elf64_Phdr segments[3];
};

static struct elf_file elf;
static uint8_t bytes[FILE_LEN];
static char path[SCRATCH_PATH_LEN];
static uint64_t stack[STACK_LEN / 8];
static struct evlog_auxv auxv[2];
static struct evlog_header log_header;

static void setup(void)
{
	scratch_setup();
	scratch_path("program", path);
	memset(bytes, 0xee, sizeof bytes);
	elf = (struct elf_file){
		.header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
			   .e_type = ET_EXEC,
			   .e_machine = EM_X86_64,
			   .e_version = EV_CURRENT,
			   .e_entry = ENTRY,
			   .e_phoff = sizeof(Elf64_Ehdr),
			   .e_ehsize = sizeof(Elf64_Ehdr),
			   .e_phentsize = sizeof(Elf64_Phdr),
			   .e_phnum = 3},
		.segments = {{PT_LOAD, PF_R | PF_X, 0, 0x400000, 0x400000, 0x300, 0x300, 0x1000},
			     {PT_LOAD, PF_R | PF_W, 0x1080, DATA + 0x80, DATA + 0x80, 0x40, 0x1100, 0x1000},
			     /* Nothing of it is in the file, where its offset is far behind the end. */
			     {PT_LOAD, PF_R | PF_W, 0x99000, 0x700000, 0x700000, 0, 8, 0x1000}},
	};
	memset(stack, 0, sizeof stack);
	auxv[0] = (struct evlog_auxv){AT_ENTRY, ENTRY};
	auxv[1] = (struct evlog_auxv){AT_HWCAP2, 2};
	/* argc and the two ends of the lists are 0. */
	memcpy(stack + 3, auxv, sizeof auxv);
	log_header = (struct evlog_header){.entry = ENTRY, .stack_pointer = STACK - STACK_LEN, .stack_len = STACK_LEN};
	log_header.stack = (uint8_t *)stack;
	log_header.auxv.at = auxv;
	log_header.auxv.len = 2;
}

static void write_file(void)
{
	memcpy(bytes, &elf, sizeof elf);
	put_file(path, bytes, sizeof bytes);
}

/* ---- Into an address space ---- */

static struct error *ignore_map(void *ctx, uint64_t start, uint64_t len, int prot, void *host)
{
	(void)ctx;
	return start && len && prot && host ? NULL : error_create(ERROR_BUG, "a map of nothing");
}

static struct error *ignore_change(void *ctx, uint64_t start, uint64_t len)
{
	(void)ctx;
	return start && len ? NULL : error_create(ERROR_BUG, "a change of nothing");
}

static struct error *load(struct space **ret_space, struct loaded *ret)
{
	const struct space_engine engine = {NULL, ignore_map, ignore_change, ignore_change};
	static const struct evlog_auxv patch[] = {{AT_HWCAP2, 0x77}, {AT_PLATFORM, 1}};
	const struct loader_options options = {.program = path, .auxv = patch, .num_auxv = 2};

	write_file();
	ck_no_error(space_create(&engine, ret_space));
	return loader_load(*ret_space, &log_header, &options, ret);
}

static uint8_t byte_at(const struct space *s, uint64_t address)
{
	uint8_t byte = 0;

	ck_assert_msg(space_read(s, address, &byte, 1) == 1, "0x%lx is not mapped", address);
	return byte;
}

START_TEST(segments)
{
	struct space *s;
	struct loaded l;
	int prot = 0;
	uint64_t word = 0;

	ck_no_error(load(&s, &l));
	ck_assert_uint_eq(l.entry, ENTRY);
	ck_assert_uint_eq(l.stack, STACK - STACK_LEN);
	ck_assert_uint_eq(l.heap, 0x701000);
	/* The rest of the page is the file's where a segment ends with its part of the file ... */
	ck_assert_uint_eq(byte_at(s, 0x400fff), 0xee);
	ck_assert(space_rights(s, 0x400000, &prot) && prot == (PROT_READ | PROT_EXEC));
	/* ... and zero where it goes on. */
	ck_assert_uint_eq(byte_at(s, DATA), 0xee);
	ck_assert_uint_eq(byte_at(s, DATA + 0xbf), 0xee);
	ck_assert_uint_eq(byte_at(s, DATA + 0xc0), 0);
	ck_assert_uint_eq(byte_at(s, DATA + 0x1fff), 0);
	ck_assert(space_rights(s, DATA, &prot) && prot == (PROT_READ | PROT_WRITE));
	ck_assert(space_is_free(s, DATA + 0x2000, SPACE_PAGE));
	ck_assert_uint_eq(byte_at(s, 0x700007), 0);
	ck_assert_uint_eq(space_read(s, l.stack + 48, &word, 8), 8);
	ck_assert_uint_eq(word, 0x77);
	ck_assert_uint_eq(byte_at(s, l.stack_bottom), 0);
	ck_assert_uint_ge(l.stack - l.stack_bottom, 8 << 20);
	space_destroy(s);
}
END_TEST

START_TEST(position_independent)
{
	struct space *s;
	struct loaded l;

	elf.header.e_type = ET_DYN;
	auxv[0].value = log_header.entry = UINT64_C(0x555555554000) + ENTRY;
	ck_no_error(load(&s, &l));
	ck_assert_uint_eq(l.entry, UINT64_C(0x555555554000) + ENTRY);
	ck_assert_uint_eq(byte_at(s, UINT64_C(0x555555554000) + DATA + 0xbf), 0xee);
	space_destroy(s);
}
END_TEST

/* What is wrong with the file or the log, and what is said of it. */
static void break_size(void)
{
	elf.segments[1].p_filesz = 0x1000;
}

static void break_offset(void)
{
	elf.segments[0].p_offset = UINT64_MAX - 0xfff;
}

static void break_alignment(void)
{
	elf.segments[1].p_vaddr += 8;
}

static void break_address(void)
{
	elf.segments[1].p_vaddr = UINT64_C(0x800000000080);
}

static void break_end(void)
{
	elf.segments[2].p_memsz = UINT64_C(0x7fffffffffff0000);
}

static void break_bias(void)
{
	elf.header.e_entry -= 0x1000;
}

static void break_entry(void)
{
	log_header.entry++;
}

static void break_auxv(void)
{
	log_header.auxv.len = 0;
}

static void break_stack(void)
{
	log_header.stack_pointer = UINT64_MAX - 7;
}

static void break_place(void)
{
	log_header.stack_pointer = DATA + (8 << 20);
}

static const struct {
	void (*breaks)(void);
	const char *message;
} broken[] = {
	{break_size, "not all in the file"},
	{break_offset, "not all in the file"},
	{break_alignment, "cannot be mapped"},
	{break_address, "outside of the address space"},
	{break_end, "outside of the address space"},
	{break_bias, "not where the log says"},
	{break_entry, "the log begins at"},
	{break_auxv, "AT_ENTRY"},
	{break_stack, "initial stack"},
	{break_place, "lies where the program is"},
};

START_TEST(broken_input)
{
	struct space *s;
	struct loaded l;

	broken[_i].breaks();
	ck_error(load(&s, &l), ERROR_INPUT, broken[_i].message);
	space_destroy(s);
}
END_TEST

/* ---- AArch64 in unicorn ---- */

static const struct isa *isa;

static struct target *start_aarch64(const uint32_t *code, size_t len)
{
	const struct unicorn_options options = {.log = &log_header, .program = path, .timeout_ms = TIMEOUT_MS};
	struct target *t;

	isa = isa_by_name("aarch64");
	elf.header.e_machine = EM_AARCH64;
	memcpy(bytes + 0x200, code, len);
	write_file();
	ck_no_error(target_unicorn_create(isa, &options, &t));
	return t;
}

START_TEST(aarch64_steps)
{
	static const uint32_t code[] = {
		0xd28000a0, /* mov x0, #5 */
		0xf81f0fe0, /* str x0, [sp, #-16]! */
		0xeb00001f, /* cmp x0, x0 */
		0x1e6e1003, /* fmov d3, #1.0 */
		0xd51bd040, /* msr tpidr_el0, x0 */
		0xd50b7421, /* dc zva, x1 */
		0xd2800ba8, /* mov x8, #93: exit */
		0xd4000001, /* svc #0 */
	};
	static struct target_plan plans[8];
	struct target *t = start_aarch64(code, sizeof code);
	const uint32_t x1 = isa->sys.arg[1];
	struct observed seen;
	struct state s;
	struct stop stop;
	uint64_t word = 0;
	size_t got;

	ck_no_error(state_init(&s, isa));
	ck_no_error(target_read_regs(t, &s));
	ck_assert_uint_eq(test_get(&s, "pc"), ENTRY);
	ck_assert_uint_eq(test_get(&s, "sp"), STACK - STACK_LEN);
	state_set(&s, x1, DATA);
	ck_no_error(target_write_regs(t, &s, &x1, 1));
	plans[1] = (struct target_plan){.read = {{STACK - STACK_LEN - 16, 8}}, .num_reads = 1};
	ck_no_error(target_submit(t, plans, 8));
	for (unsigned i = 0; i < 8; i++) {
		ck_no_error(target_collect(t, &s, &seen));
		ck_assert_int_eq(seen.stop.kind, i < 7 ? STOP_STEPPED : STOP_SYSCALL);
		ck_assert_uint_eq(test_get(&s, "pc"), ENTRY + 4 * (i < 7 ? i + 1 : 7));
		if (i != 1)
			continue;
		memcpy(&word, seen.memory[0], sizeof word);
		ck_assert_uint_eq(word, 5);
	}
	ck_assert_uint_eq(test_get(&s, "sp"), STACK - STACK_LEN - 16);
	ck_assert_uint_eq(test_get(&s, "nf") << 3 | test_get(&s, "zf") << 2 | test_get(&s, "cf") << 1 |
				  test_get(&s, "vf"),
			  6);
	ck_assert_uint_eq(test_get(&s, "v3"), UINT64_C(0x3ff0000000000000));
	ck_assert_uint_eq(test_get(&s, "tpidr_el0"), 5);
	ck_no_error(target_read_memory(t, DATA, &word, 8, &got));
	ck_assert(got == 8 && word == 0);
	ck_no_error(target_step(t, 0, &stop));
	ck_assert_int_eq(stop.kind, STOP_EXITED);
	ck_assert_int_eq(stop.status, 5);
	state_deinit(&s);
	target_destroy(t);
}
END_TEST

/* As Linux answers them (arch/arm64/kernel/traps.c, arch/arm64/mm/fault.c). */
static const struct {
	uint32_t code[2];
	int signal;
} aarch64_faults[] = {
	{{0x00000000}, SIGILL},              /* udf #0 */
	{{0xd4200000}, SIGTRAP},             /* brk #0 */
	{{0xf9400000}, SIGSEGV},             /* ldr x0, [x0] */
	{{0xd5381000}, SIGILL},              /* mrs x0, sctlr_el1 */
	{{0xd50342df}, SIGILL},              /* msr daifset, #2 */
	{{0xd2800080, 0xd61f0000}, SIGSEGV}, /* mov x0, #4; br x0: nothing is mapped there */
};

START_TEST(aarch64_signals)
{
	struct target *t = start_aarch64(aarch64_faults[_i].code, sizeof aarch64_faults[_i].code);
	struct stop stop = {0};

	for (unsigned i = 0; i < 4 && stop.kind == STOP_STEPPED; i++)
		ck_no_error(target_step(t, 0, &stop));
	ck_assert_int_eq(stop.kind, STOP_SIGNAL);
	ck_assert_int_eq(stop.signal, aarch64_faults[_i].signal);
	target_destroy(t);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("loader");
	TCase *c = tcase_create("loader");

	tcase_set_timeout(c, 60);
	tcase_add_checked_fixture(c, setup, scratch_teardown);
	tcase_add_test(c, segments);
	tcase_add_test(c, position_independent);
	tcase_add_loop_test(c, broken_input, 0, (int)(sizeof broken / sizeof broken[0]));
	tcase_add_test(c, aarch64_steps);
	tcase_add_loop_test(c, aarch64_signals, 0, (int)(sizeof aarch64_faults / sizeof aarch64_faults[0]));
	suite_add_tcase(s, c);
	return s;
}

int main(void)
{
	return test_main(suite());
}
