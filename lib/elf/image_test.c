#include "lib/elf/image.h"

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/testing/assert.h"

static const char self[] = "/proc/self/exe";

/* What the kernel did with this very program, and what the compiler knows of it, is the truth here. */
static uint64_t bias(const struct elf_image *image)
{
	return getauxval(AT_ENTRY) - elf_image_entry(image);
}

/* Not static: a function of this program with a name to be found. */
void elf_test_landmark(const struct elf_image *image);
void elf_test_landmark(const struct elf_image *image)
{
	ck_assert_ptr_nonnull(image);
}

START_TEST(this_program)
{
	struct elf_image *image;
	uint64_t offset, address;
	uint64_t here = (uint64_t)(uintptr_t)elf_test_landmark;

	ck_no_error(elf_image_open(self, &image));
	ck_assert_uint_eq(bias(image) % 4096, 0);
	ck_assert_int_eq(elf_image_is_pie(image), bias(image) != 0);
	ck_assert_uint_eq(elf_image_phdrs(image) + bias(image), getauxval(AT_PHDR));
	ck_assert_ptr_nonnull(elf_image_interp(image));
	ck_contains(elf_image_interp(image), "ld-linux");
	ck_assert_str_eq(elf_image_symbol(image, here - bias(image), &offset), "elf_test_landmark");
	ck_assert_uint_eq(offset, 0);
	ck_assert_str_eq(elf_image_symbol(image, here - bias(image) + 1, &offset), "elf_test_landmark");
	ck_assert_uint_eq(offset, 1);
	ck_assert(elf_image_address(image, "elf_test_landmark", &address));
	ck_assert_uint_eq(address + bias(image), here);
	ck_assert(!elf_image_address(image, "no such symbol", &address));
	ck_assert_ptr_null(elf_image_symbol(image, 0, &offset));
	ck_assert_ptr_null(elf_image_symbol(image, UINT64_MAX, &offset));
	elf_image_close(image);
	elf_image_close(NULL);
}
END_TEST

/* Writes a file of these bytes; what opening it says must contain this. */
static void check_bad(const void *bytes, size_t len, const char *message)
{
	char path[] = "/tmp/validate-test-XXXXXX";
	int fd = mkstemp(path);
	struct elf_image *image;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, bytes, len), (ssize_t)len);
	close(fd);
	ck_error(elf_image_open(path, &image), ERROR_INPUT, message);
	unlink(path);
}

START_TEST(what_is_no_program)
{
	Elf64_Ehdr header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
			     .e_type = ET_REL,
			     .e_machine = EM_X86_64,
			     .e_version = EV_CURRENT,
			     .e_ehsize = sizeof header};
	struct elf_image *image;

	ck_error(elf_image_open("/no/such/program", &image), ERROR_OS, "/no/such/program");
	ck_error(elf_image_open("/tmp", &image), ERROR_INPUT, "is not a regular file");
	ck_error(elf_image_open("/dev/zero", &image), ERROR_INPUT, "is not a regular file");
	check_bad("", 0, "is not an ELF file");
	check_bad("#!/bin/sh\n", 10, "is not an ELF file");
	check_bad(&header, sizeof header, "not a program");
	header.e_type = ET_EXEC;
	check_bad(&header, sizeof header, "has nothing to load");
	header.e_ident[EI_CLASS] = ELFCLASS32;
	check_bad(&header, sizeof header, "is not a 64-bit little-endian program");
}
END_TEST

/* Neither waits nor reads for ever. */
START_TEST(a_fifo_and_a_huge_file)
{
	char folder[] = "/tmp/validate-test-XXXXXX", path[64];
	struct elf_image *image;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/fifo", folder);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_error(elf_image_open(path, &image), ERROR_INPUT, "is not a regular file");
	unlink(path);
	int fd = open(path, O_RDWR | O_CREAT, 0600);
	ck_assert_int_eq(ftruncate(fd, INT64_C(1) << 40), 0);
	ck_error(elf_image_open(path, &image), ERROR_INPUT, "is longer than");
	close(fd);
	unlink(path);
	rmdir(folder);
}
END_TEST

START_TEST(a_loader_named_outside_of_the_file)
{
	struct {
		Elf64_Ehdr header;
		Elf64_Phdr interp;
	} file = {
		.header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
			   .e_type = ET_DYN,
			   .e_machine = EM_X86_64,
			   .e_version = EV_CURRENT,
			   .e_phoff = sizeof(Elf64_Ehdr),
			   .e_ehsize = sizeof(Elf64_Ehdr),
			   .e_phentsize = sizeof(Elf64_Phdr),
			   .e_phnum = 1},
		.interp = {.p_type = PT_INTERP, .p_offset = 16, .p_filesz = UINT64_MAX - 8},
	};

	check_bad(&file, sizeof file, "dynamic loader outside");
	file.interp.p_offset = 1 << 20;
	file.interp.p_filesz = 8;
	check_bad(&file, sizeof file, "dynamic loader outside");
	/* No NUL at its end. */
	file.interp.p_offset = 0;
	file.interp.p_filesz = 4;
	check_bad(&file, sizeof file, "dynamic loader outside");
}
END_TEST

/* Every byte of this program's header and program headers changed in turn: any answer but a crash. */
START_TEST(damaged_files)
{
	enum { SIZE = 1024 };
	uint8_t bytes[SIZE];
	FILE *file = fopen(self, "rb");
	unsigned opened = 0;

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fread(bytes, 1, SIZE, file), SIZE);
	fclose(file);
	for (size_t i = 0; i < SIZE; i++) {
		char path[] = "/tmp/validate-test-XXXXXX";
		int fd = mkstemp(path);
		struct elf_image *image = NULL;

		bytes[i] ^= 0xff;
		ck_assert_int_eq(write(fd, bytes, SIZE), SIZE);
		bytes[i] ^= 0xff;
		close(fd);
		struct error *err = elf_image_open(path, &image);
		opened += !err;
		if (!err)
			elf_image_close(image);
		error_destroy(err);
		unlink(path);
	}
	ck_assert_uint_gt(opened, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("elf");
	TCase *tests = tcase_create("elf");

	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, this_program);
	tcase_add_test(tests, what_is_no_program);
	tcase_add_test(tests, a_fifo_and_a_huge_file);
	tcase_add_test(tests, a_loader_named_outside_of_the_file);
	tcase_add_test(tests, damaged_files);
	suite_add_tcase(suite, tests);
	return test_main(suite);
}
