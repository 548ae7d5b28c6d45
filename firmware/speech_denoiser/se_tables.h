/* SPDX-License-Identifier: MIT */
/* What se_tables.c and se_weights.c hold: `lstm-se export --to c` writes those two, and the sizes in
 * se_weights.h. */
#ifndef SE_TABLES_H
#define SE_TABLES_H

#include <stdint.h>

#include "se_compiler.h"
#include "se_kernels.h"
#include "se_weights.h"

#ifdef __cplusplus
extern "C" {
#endif

extern const float se_window[512];        /* square root of Hann, over 32768 */
extern const float se_twiddles[504];      /* w, w^2, w^3 of each butterfly that turns, in turn */
extern const float se_half_twiddles[256]; /* exp(-2 pi i k / 512) */
extern const uint8_t se_exchanged[2 * SE_EXCHANGES]; /* places that the transform exchanges */
extern const float se_log2_polynomial[SE_LOG2_TERMS];
extern const float se_band_weights[SE_BAND_WEIGHTS];
extern const uint8_t se_band_first[SE_BANDS]; /* lowest bin of each band */
extern const uint8_t se_band_bins[SE_BANDS];  /* number of its bins */
/* Sigmoid from -8 to 8 in 256 straight pieces, Q0.15 times 256: at = start + slope * x. */
typedef struct {
    int32_t start, slope;
} se_piece;
extern const se_piece se_sigmoid_pieces[256];

/* A recurrent layer. A tile holds the gates i, f, g, o of a unit; a multiplier takes the sum of a row
 * to Q3.12. */
typedef struct {
    const uint32_t *tiles;
    const int32_t *multipliers;
    int32_t inputs, units;
} se_layer;

extern const se_layer se_layers[SE_LAYERS];
extern const uint32_t se_mask_tiles[SE_MASK_ROWS / 4 * SE_TILE(SE_MASK_INPUTS)];
extern const int32_t se_mask_multipliers[SE_MASK_ROWS];

#if SE_LOCAL
/* What a gain sees of its band and the two beside it. */
typedef struct {
    int32_t multiplier;
    int8_t weights[3];
    uint8_t bands[3];
} se_local;
extern const se_local se_mask_local[SE_MASK_ROWS];
#endif

#ifdef __cplusplus
}
#endif

#endif
