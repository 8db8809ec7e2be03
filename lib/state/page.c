#include "lib/state/page.h"

void page_set_unknown(struct page *page, size_t offset, size_t n)
{
	uint64_t *known = &page->known[offset / LINE];
	uint64_t gone = page_line_mask(offset % LINE, n) & *known;

	*known &= ~gone;
	page->num_known -= (uint32_t)__builtin_popcountll(gone);
	memset(page->bytes + offset, 0, n);
}

uint16_t page_known_bits(const struct page *page, size_t offset, size_t n)
{
	size_t line = offset / LINE, low = offset % LINE;
	uint64_t bits = page->known[line] >> low;

	if (low + n > LINE)
		bits |= page->known[line + 1] << (LINE - low);
	return (uint16_t)(bits & page_line_mask(0, n));
}

void page_write_masked(struct page *page, size_t offset, const uint8_t *bytes, const uint8_t *unknown, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (unknown[i])
			page_set_unknown(page, offset + i, 1);
		else
			page_write(page, offset + i, bytes + i, 1);
	}
}

void page_fill(struct page *page, size_t offset, const uint8_t *bytes, size_t len)
{
	if (!page->num_known) {
		page_write(page, offset, bytes, len);
		return;
	}
	for (size_t i = 0; i < len; i++)
		if (!page_is_known(page, offset + i))
			page_write(page, offset + i, bytes + i, 1);
}
