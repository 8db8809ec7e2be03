/* Addresses in the text of files of /proc, from a logged run's to this one's. */
#include <check.h>
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "lib/replay/internal.h"
#include "lib/testing/assert.h"

#define MAPPED UINT64_C(0x7ffff7d00000) /* two pages, in this run at HERE, and one page elsewhere */
#define HERE   UINT64_C(0x4000200000)
#define LOW    UINT64_C(0x400000) /* a page, in this run at HIGH */
#define HIGH   UINT64_C(0x555555554000)
#define SP     UINT64_C(0x7fffffffe6a0)
#define SP_NOW UINT64_C(0x4000801230)

static struct evlog_header header;
static struct replay r;

static void setup(void)
{
	const struct auxv_entry name = {.type = AT_EXECFN, .value = SP_NOW + 0x500};

	header = (struct evlog_header){.stack_pointer = SP, .stack_len = 0x960 + 0x1000};
	r = (struct replay){.header = &header,
			    .isa = isa_by_name("x86_64"),
			    .stack_pointer = SP_NOW,
			    .stack_end = 0x4000802000,
			    .heap_known = true,
			    .heap_log = 0x7777000,
			    .heap_target = 0x6666000};
	ck_no_error(regions_pair(&r.regions, MAPPED, HERE, 2 * MEMORY_PAGE));
	ck_no_error(regions_pair(&r.regions, MAPPED + 2 * MEMORY_PAGE, HERE + 8 * MEMORY_PAGE, MEMORY_PAGE));
	ck_no_error(regions_pair(&r.regions, LOW, HIGH, MEMORY_PAGE));
	ck_assert(vec_push(&r.start.auxv, name));
	ck_assert(vec_push(&r.start.argv, SP_NOW + 0x300));
	ck_assert(vec_push(&r.start.env, SP_NOW + 0x400));
}

static void teardown(void)
{
	regions_deinit(&r.regions);
	initial_stack_deinit(&r.start);
}

static const struct path_row {
	const char *path;
	enum procfs_kind kind;
} paths[] = {
	{"/proc/self/maps", PROCFS_MAPS},
	{"/proc/77/smaps", PROCFS_MAPS},
	{"/proc/self/task/77/numa_maps", PROCFS_NUMA},
	{"/proc/thread-self/stat", PROCFS_STAT},
	{"/proc/self/auxv", PROCFS_AUXV},
	{"/proc/78/maps", PROCFS_NONE},
	{"/proc/777/maps", PROCFS_NONE},
	{"/proc/stat", PROCFS_NONE},
	{"/proc/self/maps/", PROCFS_NONE},
	{"/proc/self/mapsx", PROCFS_NONE},
	{"/proc/selfmaps", PROCFS_NONE},
	{"/proc/self", PROCFS_NONE},
	{"/proc", PROCFS_NONE},
	{"proc/self/maps", PROCFS_NONE},
	{"", PROCFS_NONE},
};

START_TEST(kinds)
{
	ck_assert_int_eq(procfs_kind(paths[_i].path, strlen(paths[_i].path), 77), paths[_i].kind);
}
END_TEST

static const struct text_row {
	enum procfs_kind kind;
	const char *logged, *here;
	unsigned unplaced;
} texts[] = {
	/* Narrower numbers get zeros. */
	{PROCFS_MAPS, "7ffff7d00000-7ffff7d02000 r--p 00001000 fe:00 1 /x\n",
	 "004000200000-004000202000 r--p 00001000 fe:00 1 /x\n", 0},
	{PROCFS_MAPS, "7ffff7d01000-7ffff7d02000 rw-p 0 0 0\n", "004000201000-004000202000 rw-p 0 0 0\n", 0},
	/* The stack: in whole pages; its end is this run's. */
	{PROCFS_MAPS, "7ffffffde000-7ffffffff000 rw-p 0 0 0 [stack]\n",
	 "0040007e0000-004000802000 rw-p 0 0 0 [stack]\n", 0},
	/* One line, two places: it goes from the one to the other, and that is counted. */
	{PROCFS_MAPS, "7ffff7d00000-7ffff7d03000 rw-p 0 0 0\n", "004000200000-004000209000 rw-p 0 0 0\n", 1},
	/* A wider number. */
	{PROCFS_MAPS, "00400000-00401000 r--p 0 0 0\n", "00400000-00401000 r--p 0 0 0\n", 1},
	{PROCFS_MAPS, "000000400000-000000401000 r--p 0 0 0\n", "555555554000-555555555000 r--p 0 0 0\n", 0},
	/* Nowhere. */
	{PROCFS_MAPS, "7fff00000000-7fff00001000 r--p 0 0 0\n", "7fff00000000-7fff00001000 r--p 0 0 0\n", 1},
	{PROCFS_MAPS, "ffffffffff600000-ffffffffff601000 --xp 0 0 0 [vsyscall]\n",
	 "ffffffffff600000-ffffffffff601000 --xp 0 0 0 [vsyscall]\n", 0},
	/* Other lines, and such as no kernel writes. */
	{PROCFS_MAPS, "Size:  12 kB\n", "Size:  12 kB\n", 0},
	{PROCFS_MAPS, "7ffff7d00000-7ffff7d02000", "7ffff7d00000-7ffff7d02000", 0},
	{PROCFS_MAPS, "7ffff7d02000-7ffff7d00000 r--p\n", "7ffff7d02000-7ffff7d00000 r--p\n", 0},
	{PROCFS_MAPS, "10000007ffff7d00000-7ffff7d02000 r--p\n", "10000007ffff7d00000-7ffff7d02000 r--p\n", 0},
	{PROCFS_MAPS, "-\n", "-\n", 0},
	{PROCFS_MAPS, "\n", "\n", 0},
	{PROCFS_NUMA, "7ffff7d01000 default file=/x\n", "004000201000 default file=/x\n", 0},
	{PROCFS_NUMA, "7ffffffde000 default stack\n", "0040007e0000 default stack\n", 0},
	{PROCFS_NUMA, "7fff00000000 default\n", "7fff00000000 default\n", 1},
	/* 26 to 28: startcode, endcode, startstack; 45 to 51: start_data to env_end. A name may look like fields. */
	{PROCFS_STAT,
	 "7 (a) 1 (b) R 1 2 3 0 -1 4 0 0 0 0 0 0 0 0 20 0 1 0 9 9 9 18 140737350991872 140737351000064 "
	 "140737488348832 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 140737350991872 140737350995969 125267968 "
	 "140737488350000 140737488350001 140737488350002 140737488350003 0\n",
	 "7 (a) 1 (b) R 1 2 3 0 -1 4 0 0 0 0 0 0 0 0 20 0 1 0 9 9 9 18 000274880004096 000274880012288 "
	 "000274886300208 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 000274880004096 000274880008193 107372544 "
	 "000274886300976 000274886301232 000274886301232 000274886301488 0\n",
	 0},
	{PROCFS_STAT, "7 (no end\n", "7 (no end\n", 0},
};

START_TEST(lines)
{
	const struct text_row *row = &texts[_i];
	char *text = strdup(row->logged);

	ck_assert_ptr_nonnull(text);
	procfs_translate(&r, row->kind, text, strlen(text));
	ck_assert_str_eq(text, row->here);
	ck_assert_uint_eq(r.totals.unplaced, row->unplaced);
	free(text);
}
END_TEST

START_TEST(vector)
{
	uint64_t name[] = {AT_EXECFN, 1}, vdso[] = {AT_SYSINFO_EHDR, 2}, other[] = {AT_PHNUM, 3};

	procfs_translate(&r, PROCFS_AUXV, (char *)name, sizeof name);
	ck_assert_uint_eq(name[1], SP_NOW + 0x500);
	procfs_translate(&r, PROCFS_AUXV, (char *)vdso, sizeof vdso);
	ck_assert_uint_eq(vdso[0], AT_IGNORE);
	procfs_translate(&r, PROCFS_AUXV, (char *)other, sizeof other);
	ck_assert_uint_eq(other[0], AT_PHNUM);
	ck_assert_uint_eq(other[1], 3);
	procfs_translate(&r, PROCFS_AUXV, (char *)other, 5); /* no whole entry */
	ck_assert_uint_eq(other[0], AT_PHNUM);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("procfs");
	TCase *t = tcase_create("procfs");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, kinds, 0, sizeof paths / sizeof *paths);
	tcase_add_loop_test(t, lines, 0, sizeof texts / sizeof *texts);
	tcase_add_test(t, vector);
	suite_add_tcase(s, t);
	return test_main(s);
}
