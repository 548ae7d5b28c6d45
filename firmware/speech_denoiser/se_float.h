/* SPDX-License-Identifier: MIT */
/* For files that compute in float, before anything else: each product and each sum is rounded on its
 * own, in the order in which it is written. Otherwise the bits are not those of the model. */
#ifndef SE_FLOAT_H
#define SE_FLOAT_H

#ifdef __FAST_MATH__
#error "compile without -ffast-math and -Ofast: they change the order of sums"
#endif

/* CubeIDE's -std=gnu11 would fuse products and sums; so would gcc's loops of vectors on a PC with
 * -march=native, whatever it is told. */
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off", "no-tree-loop-vectorize")
#endif

#endif
