#include "lib/elf/build_id.h"

#include <gelf.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/strbuf.h"

/* Looks for NT_GNU_BUILD_ID among the notes of data. */
static bool find_build_id(Elf_Data *data, struct strbuf *out)
{
	size_t at = 0, name, desc, next;
	GElf_Nhdr note;

	while (data && (next = gelf_getnote(data, at, &note, &name, &desc)) > 0) {
		const char *bytes = data->d_buf;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof "GNU" &&
		    !memcmp(bytes + name, "GNU", sizeof "GNU") && note.n_descsz > 0 && note.n_descsz <= 64) {
			strbuf_append_hex(out, bytes + desc, note.n_descsz);
			return true;
		}
		at = next;
	}
	return false;
}

/* Notes are found by segment: a stripped program has no section headers. */
static void read_build_id(Elf *elf, struct strbuf *out)
{
	size_t num;

	if (elf_kind(elf) != ELF_K_ELF || elf_getphdrnum(elf, &num) != 0)
		return;
	for (size_t i = 0; i < num; i++) {
		GElf_Phdr phdr;
		if (!gelf_getphdr(elf, (int)i, &phdr) || phdr.p_type != PT_NOTE)
			continue;
		Elf_Type type = phdr.p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR;
		if (find_build_id(elf_getdata_rawchunk(elf, (int64_t)phdr.p_offset, phdr.p_filesz, type), out))
			return;
	}
}

struct error *elf_build_id(int fd, char **ret)
{
	struct strbuf out = {0};

	elf_version(EV_CURRENT);
	Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (elf)
		read_build_id(elf, &out);
	elf_end(elf);
	bool found = out.len > 0;
	char *text = strbuf_take(&out);
	if (!text)
		return &error_no_memory;
	if (!found) {
		free(text);
		text = NULL;
	}
	*ret = text;
	return NULL;
}
