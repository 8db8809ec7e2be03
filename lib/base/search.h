/* Bisection of what is sorted. */
#ifndef LIB_BASE_SEARCH_H
#define LIB_BASE_SEARCH_H

#include <stddef.h>

/*
 * Sets ret, a size_t, to the first index below len for which the condition `before` does not hold; to len if it holds
 * for all. `before` is an expression in i, the name of an index that is declared here; where it holds for an index, it
 * holds for all that are smaller.
 *
 *     SEARCH_FIRST(at, areas.len, i, areas.at[i].end <= address);    the first area that ends behind the address
 */
#define SEARCH_FIRST(ret, len, i, before) \
	do { \
		size_t search_low = 0, search_high = (len); \
		while (search_low < search_high) { \
			size_t i = search_low + (search_high - search_low) / 2; \
			if (before) \
				search_low = i + 1; \
			else \
				search_high = i; \
		} \
		(ret) = search_low; \
	} while (0)

#endif
