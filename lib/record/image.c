#include "lib/record/image.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { INTERPRETER_MAX = 4096 };

static bool read_at(FILE *f, uint64_t offset, void *ret, size_t len)
{
	return offset <= INT64_MAX && fseek(f, (long)offset, SEEK_SET) == 0 && fread(ret, len, 1, f) == 1;
}

static bool read_interpreter(FILE *f, const Elf64_Phdr *phdr, struct record_image *image)
{
	if (image->interpreter || phdr->p_filesz >= INTERPRETER_MAX)
		return false;
	image->interpreter = calloc(1, phdr->p_filesz + 1);
	return image->interpreter && read_at(f, phdr->p_offset, image->interpreter, phdr->p_filesz);
}

static bool read_headers(FILE *f, struct record_image *image)
{
	Elf64_Ehdr elf;
	bool ok = read_at(f, 0, &elf, sizeof elf) && elf.e_phentsize == sizeof(Elf64_Phdr);

	for (unsigned i = 0; ok && i < elf.e_phnum; i++) {
		Elf64_Phdr phdr;
		ok = read_at(f, elf.e_phoff + i * sizeof phdr, &phdr, sizeof phdr) && vec_push(&image->phdrs, phdr);
		if (ok && phdr.p_type == PT_INTERP)
			ok = read_interpreter(f, &phdr, image);
		if (ok && phdr.p_type == PT_LOAD && elf.e_phoff - phdr.p_offset < phdr.p_filesz)
			image->phdrs_at = phdr.p_vaddr + (elf.e_phoff - phdr.p_offset);
	}
	return ok;
}

struct error *record_image_read(const char *path, struct record_image *ret)
{
	struct record_image image = {0};
	FILE *f = fopen(path, "r");

	if (!f)
		return error_os(errno, "open the program", path);
	bool ok = read_headers(f, &image);
	fclose(f);
	if (!ok) {
		record_image_deinit(&image);
		return error_input(path, 0, "the program's ELF header cannot be read");
	}
	*ret = image;
	return NULL;
}

void record_image_deinit(struct record_image *image)
{
	vec_deinit(&image->phdrs);
	free(image->interpreter);
	*image = (struct record_image){0};
}
