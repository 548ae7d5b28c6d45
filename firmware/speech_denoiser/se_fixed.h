/* SPDX-License-Identifier: MIT */
/* Whole numbers that stand for fractions: the twin of lstm_se/chip/fixed.py, bit for bit. */
#ifndef SE_FIXED_H
#define SE_FIXED_H

#include <stdint.h>

#include "se_tables.h"

/* Where C takes several instructions for what the processor does in one: clang finds it, gcc does not. */
#if SE_HAVE_DSP && !defined(__clang__)
#define SE_NAME_INSTRUCTIONS 1
#else
#define SE_NAME_INSTRUCTIONS 0
#endif

static inline SE_FAST_CODE int32_t se_clamp(int32_t x, int32_t low, int32_t high) {
    return x < low ? low : x > high ? high : x;
}

static inline SE_FAST_CODE int32_t se_saturate(int32_t x) {
#if SE_NAME_INSTRUCTIONS
    __asm__("ssat %0, #16, %1" : "=r"(x) : "r"(x));
    return x;
#else
    return se_clamp(x, -32768, 32767);
#endif
}

/* x / 2**bits, rounded to nearest; right shifts of negative numbers are arithmetic in every compiler
 * this is built with, and se_kernels.c checks it. */
static inline SE_FAST_CODE int32_t se_rounded_shift(int32_t x, int bits) {
    return (x + ((int32_t)1 << (bits - 1))) >> bits;
}

/* An accumulator at the scale of a pre-activation, Q3.12, not saturated. */
static inline SE_FAST_CODE int32_t se_requantise(int32_t accumulator, int32_t multiplier) {
#if SE_NAME_INSTRUCTIONS
    __asm__("smmulr %0, %1, %2" : "=r"(accumulator) : "r"(accumulator), "r"(multiplier));
    return accumulator;
#else
    return (int32_t)(((int64_t)accumulator * multiplier + ((int64_t)1 << 31)) >> 32);
#endif
}

/* Sigmoid: Q3.12, saturated here, to Q0.15. */
static inline SE_FAST_CODE int32_t se_sigmoid(int32_t x) {
    x = se_saturate(x);
    const se_piece *piece = se_sigmoid_pieces + 128 + (x >> 8);
    return (piece->start + piece->slope * x) >> 8;
}

/* tanh(x) / 2 = sigmoid(2 x) - 1 / 2: Q3.12, of at most 30 bits and the sign, to Q0.15. */
static inline SE_FAST_CODE int32_t se_half_tanh(int32_t x) { return se_sigmoid(2 * x) - 16384; }

/* Least gain of a limit in dB, Q0.15: 32767 for 0 and less, 0 from SE_NO_LIMIT on. */
static inline int32_t se_least_gain(int decibels) {
    uint32_t gain = (uint32_t)1 << 31; /* Q1.31: what truncation takes away shows in no bit of Q0.15 */
    for (; decibels > 0 && gain; decibels--) {
        gain = (uint32_t)((uint64_t)gain * 3827893632u >> 32); /* 10**(-1 / 20) */
    }
    return se_saturate((int32_t)((gain + 0x8000u) >> 16));
}

#endif
