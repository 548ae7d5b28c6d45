/* SPDX-License-Identifier: MIT */
/* What every LSTM does with its sums, whoever adds them up. */
#ifndef SE_LSTM_H
#define SE_LSTM_H

#include <stdint.h>

#include "se_compiler.h"
#include "se_fixed.h"
#include "se_kernels.h"
#include "se_weights.h"

/* One unit: four sums to a new cell state and output. */
static inline SE_FAST_CODE int16_t se_lstm_unit(const int32_t sums[4], const int32_t multipliers[4],
                                                int16_t *cell) {
    const int32_t i = se_sigmoid(se_requantise(sums[0], multipliers[0]));
    const int32_t f = se_sigmoid(se_requantise(sums[1], multipliers[1]));
    const int32_t g = se_half_tanh(se_requantise(sums[2], multipliers[2]));
    const int32_t o = se_sigmoid(se_requantise(sums[3], multipliers[3]));
    int32_t c = se_rounded_shift(f * *cell, 15) + se_rounded_shift(i * g, 18);
    c = se_clamp(c, -SE_CELL_CLIP, SE_CELL_CLIP);
    *cell = (int16_t)c;
    return (int16_t)se_rounded_shift(o * se_half_tanh(2 * c), 14);
}

#if SE_SUBBANDS
/* Several of them, one behind the other. */
#if SE_KERNEL == SE_KERNEL_ASM && !defined(__PIC__) /* it knows where its table lies */
#ifdef __cplusplus
extern "C"
#endif
void se_lstm_units_asm(const int32_t *sums, const int32_t *multipliers, int16_t *cells,
                       int16_t *outputs, int32_t units);
#define se_lstm_units se_lstm_units_asm
#else
static inline SE_FAST_CODE void se_lstm_units(const int32_t *sums, const int32_t *multipliers,
                                              int16_t *cells, int16_t *outputs, int32_t units) {
    for (int k = 0; k < units; k++) {
        outputs[k] = se_lstm_unit(sums + 4 * k, multipliers + 4 * k, cells + k);
    }
}
#endif
#endif

/* Outputs become a layer's last ones, in the unit of what it reads beside them: so many bits less. */
static inline SE_FAST_CODE void se_remember(int16_t *last, const int16_t *outputs, int units,
                                            int bits) {
    const int32_t half = 1 << bits >> 1;
    for (int i = 0; i < units; i++) {
        last[i] = (int16_t)((outputs[i] + half) >> bits);
    }
}

#endif
