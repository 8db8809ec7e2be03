/* The build id of this very program, against the note as it stands in memory. */
#include "lib/elf/build_id.h"

#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "lib/base/strbuf.h"
#include "lib/testing/assert.h"

static size_t padded(size_t len)
{
	return (len + 3) & ~(size_t)3;
}

/* Appends the build id in a segment of notes, if it is there. */
static void find_note(const char *at, size_t len, struct strbuf *out)
{
	Elf64_Nhdr note;

	for (const char *end = at + len; (size_t)(end - at) >= sizeof note; at += padded(note.n_descsz)) {
		memcpy(&note, at, sizeof note);
		at += sizeof note + padded(note.n_namesz);
		if (note.n_type == NT_GNU_BUILD_ID)
			strbuf_append_hex(out, at, note.n_descsz);
	}
}

START_TEST(this_program)
{
	const Elf64_Phdr *phdr = (const Elf64_Phdr *)(uintptr_t)getauxval(AT_PHDR);
	struct strbuf expected = {0};
	uint64_t bias = 0;
	char *id = NULL;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	for (unsigned long i = 0; i < getauxval(AT_PHNUM); i++)
		if (phdr[i].p_type == PT_PHDR)
			bias = (uint64_t)(uintptr_t)phdr - phdr[i].p_vaddr;
	for (unsigned long i = 0; i < getauxval(AT_PHNUM); i++)
		if (phdr[i].p_type == PT_NOTE && phdr[i].p_align == 4)
			find_note((const char *)(uintptr_t)(phdr[i].p_vaddr + bias), phdr[i].p_memsz, &expected);
	ck_assert_int_ge(fd, 0);
	ck_no_error(elf_build_id(fd, &id));
	close(fd);
	if (expected.len)
		ck_assert_str_eq(id, expected.at);
	else
		ck_assert_ptr_null(id);
	free(id);
	strbuf_deinit(&expected);
}
END_TEST

START_TEST(what_has_none)
{
	static const char *const paths[] = {"/dev/null", "/proc/self/maps", "/tmp"};
	char *id = NULL;
	int fd = open(paths[_i], O_RDONLY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_no_error(elf_build_id(fd, &id));
	ck_assert_ptr_null(id);
	close(fd);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("build_id");
	TCase *t = tcase_create("build_id");

	tcase_add_test(t, this_program);
	tcase_add_loop_test(t, what_has_none, 0, 3);
	suite_add_tcase(s, t);
	return test_main(s);
}
