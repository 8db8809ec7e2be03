/*
 * The host's binary128 and its elementary functions (C23, 7.12; glibc's libm has them with an error of a few units in
 * the last place of 113 bits); private to lib/fp.
 */
#ifndef LIB_FP_QUAD_H
#define LIB_FP_QUAD_H

#include <float.h>
#include <math.h>

#if defined __SIZEOF_FLOAT128__

__extension__ typedef __float128 fp_quad;
#define QUAD(name) name##f128
#ifdef __clang__ /* glibc's headers declare them for GCC alone */
fp_quad sqrtf128(fp_quad a);
fp_quad expm1f128(fp_quad a);
fp_quad log1pf128(fp_quad a);
fp_quad log2f128(fp_quad a);
fp_quad logf128(fp_quad a);
fp_quad sinf128(fp_quad a);
fp_quad cosf128(fp_quad a);
fp_quad tanf128(fp_quad a);
fp_quad atan2f128(fp_quad y, fp_quad x);
fp_quad remquof128(fp_quad a, fp_quad b, int *quotient);
fp_quad frexpf128(fp_quad a, int *exponent);
fp_quad ldexpf128(fp_quad a, int exponent);
fp_quad rintf128(fp_quad a);
fp_quad fabsf128(fp_quad a);
#endif

#else

typedef long double fp_quad;
#define QUAD(name) name##l
_Static_assert(LDBL_MANT_DIG == 113, "a reference needs binary128");

#endif

#endif
