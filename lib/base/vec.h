/*
 * Growable arrays. VEC(T) declares the type; an all-zero vector is empty. Elements move when the vector grows, so no
 * pointer into one survives an append. Allocation failure is a false or NULL result, and leaves the vector as it was.
 */
#ifndef LIB_BASE_VEC_H
#define LIB_BASE_VEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define VEC(T) \
	struct { \
		T *at; \
		size_t len, cap; \
	}

/* Appends value; false when out of memory. */
#define vec_push(v, value) (vec_reserve((v), (v)->len + 1) ? ((v)->at[(v)->len++] = (value), true) : false)

/* Makes room for n elements in all; false when out of memory. */
#define vec_reserve(v, n) vec_grow((void **)&(v)->at, &(v)->cap, (n), sizeof *(v)->at)

#define vec_deinit(v) (free((v)->at), (v)->at = NULL, (v)->len = (v)->cap = 0)

static inline bool vec_grow(void **at, size_t *cap, size_t n, size_t size)
{
	if (n <= *cap)
		return true;

	size_t grown = *cap + *cap / 2;
	if (grown < n)
		grown = n < SIZE_MAX - 4 ? n + 4 : n;
	void *p = reallocarray(*at, grown, size);
	if (!p)
		return false;
	*at = p;
	*cap = grown;
	return true;
}

#endif
