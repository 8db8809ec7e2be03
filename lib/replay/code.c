/*
 * Which of the guest's code stays as it is while it is executed: what no mapping lets the program write to. Of its
 * images that is known from their program headers, of the rest from the calls that map and protect. What is not known
 * counts as writable.
 */
#include <elf.h>
#include <sys/mman.h> /* PROT_ values: the same on x86-64 and AArch64 (asm-generic/mman-common.h) */

#include "lib/replay/internal.h"

enum { HEADERS_MAX = 64 };

uint64_t replay_readable(uint64_t prot)
{
	return prot & (PROT_EXEC | PROT_WRITE) ? prot | PROT_READ : prot;
}

/* ---- Images ---- */

/* Where the image was moved to. */
static bool find_bias(const Elf64_Phdr *h, uint64_t num, uint64_t phdr, uint64_t *ret_bias)
{
	for (uint64_t i = 0; i < num; i++) {
		bool table = h[i].p_type == PT_PHDR, first = h[i].p_type == PT_LOAD && !h[i].p_offset;

		if (!table && !first)
			continue;
		*ret_bias = table ? phdr - h[i].p_vaddr : phdr / MEMORY_PAGE * MEMORY_PAGE - h[i].p_vaddr;
		return true;
	}
	return false;
}

static int rights(uint32_t flags)
{
	return (flags & PF_R ? PROT_READ : 0) | (flags & PF_W ? PROT_WRITE : 0) | (flags & PF_X ? PROT_EXEC : 0);
}

struct error *replay_note_image(struct replay *r, uint64_t phdr, uint64_t num)
{
	Elf64_Phdr h[HEADERS_MAX];
	size_t got = 0, want = num * sizeof h[0];
	uint64_t bias = 0;
	struct error *err = num && num <= HEADERS_MAX ? target_read_memory(r->target, phdr, h, want, &got) : NULL;

	if (err || !got || got != want || !find_bias(h, num, phdr, &bias))
		return err;
	for (uint64_t i = 0; i < num && !err; i++) {
		uint64_t start = h[i].p_vaddr + bias, end = start + h[i].p_memsz;

		if (h[i].p_type != PT_LOAD || end <= start)
			continue;
		if (h[i].p_flags & PF_X && !(h[i].p_flags & PF_R))
			err = error_create(ERROR_UNSUPPORTED,
					   "the program's code at 0x%llx can be executed and not be read: link it "
					   "without --execute-only",
					   (unsigned long long)start);
		if (!err)
			err = views_map(&r->images,
					&(struct view){.first = start >> PAGE_SHIFT,
						       .num = ((end - 1) >> PAGE_SHIFT) - (start >> PAGE_SHIFT) + 1,
						       .prot = rights(h[i].p_flags)});
		if (!err)
			err = replay_note_zeros(r, start + h[i].p_filesz, end);
	}
	return err;
}

struct error *replay_note_interpreter(struct replay *r, uint64_t base)
{
	Elf64_Ehdr e;
	size_t got = 0;
	struct error *err = target_read_memory(r->target, base, &e, sizeof e, &got);

	return err || got != sizeof e ? err : replay_note_image(r, base + e.e_phoff, e.e_phnum);
}

/* ---- Changes ---- */

static struct error *protect(struct views *views, uint64_t first, uint64_t num, int prot)
{
	struct error *err = views_split(views, first, num);

	for (size_t i = views_find(views, first); !err && i < views->list.len; i++) {
		if (views->list.at[i].first >= first + num)
			break;
		views->list.at[i].prot = prot;
	}
	return err;
}

struct error *replay_note_rights(struct replay *r, uint64_t address, uint64_t len, int prot)
{
	uint64_t first = address >> PAGE_SHIFT, num = replay_round(len) >> PAGE_SHIFT;
	struct error *err = num ? protect(&r->views, first, num, prot) : NULL;

	if (!err && num)
		err = protect(&r->images, first, num, prot);
	if (!err)
		err = guest_map_protect(&r->map, first << PAGE_SHIFT, num << PAGE_SHIFT,
					(int)replay_readable((uint64_t)prot));
	replay_find_aliases(r);
	return err;
}

/* Once it has been executed by one mapping and could be written by another, the emulator may have it in both states. */
void replay_find_aliases(struct replay *r)
{
	for (size_t o = 0; o < r->objects.len; o++) {
		bool written = false, executed = false;

		for (size_t i = 0; i < r->views.list.len; i++) {
			const struct view *v = &r->views.list.at[i];
			bool shows = v->object == o + 1;

			executed |= shows && v->prot & PROT_EXEC;
			written |= shows && !v->private && v->prot & PROT_WRITE;
		}
		r->objects.at[o].aliased |= written && executed;
	}
}

/* What the guest neither mapped nor is its images': the kernel's pages, as far as the target tells of them. */
static bool is_fixed(const struct replay *r, uint64_t address)
{
	struct guest_map_range range;

	return guest_map_at(&r->map, address, &range) && range.prot & PROT_EXEC && !(range.prot & PROT_WRITE);
}

enum replay_code replay_code_at(const struct replay *r, uint64_t address)
{
	const struct view *v = views_at(&r->views, address >> PAGE_SHIFT);

	if (v && v->object && r->objects.at[v->object - 1].aliased)
		return REPLAY_CODE_ALIASED;
	if (!v)
		v = views_at(&r->images, address >> PAGE_SHIFT);
	if (!v)
		return is_fixed(r, address) ? REPLAY_CODE_FIXED : REPLAY_CODE_WRITABLE;
	return !(v->prot & PROT_WRITE) ? REPLAY_CODE_FIXED : REPLAY_CODE_WRITABLE;
}
