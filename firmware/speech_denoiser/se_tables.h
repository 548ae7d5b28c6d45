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

#if SE_SUBBANDS
/* A layer that gives channels; its tiles are wide, and so are those of a block's LSTMs. */
typedef struct {
    const uint32_t *tiles;
    const int32_t *multipliers;
} se_dense;

/* A look at the other sub-bands, and one back in time. */
typedef struct {
    se_layer up, down;
    se_dense across;
    se_layer time;
    se_dense along;
} se_block;

/* The bins that a sub-band sees: the first one's number is even, and there are eights of them. */
typedef struct {
    uint16_t first, columns;
} se_sight;

/* Behind a tile of the mask: rows that only filled it, and numbers to the channels of the next one. */
typedef struct {
    uint16_t fill, ahead;
} se_step;

extern const se_sight se_sights[SE_SUBBANDS];
extern const uint32_t se_split_tiles[SE_SPLIT_WORDS]; /* sub-band by sub-band */
extern const int32_t se_split_multipliers[SE_SUBBANDS * SE_CHANNELS];
extern const uint32_t se_context_tiles[SE_SUBBANDS * SE_CONTEXT / 4 * SE_TILE(SE_HEARD)];
extern const int32_t se_context_multipliers[SE_SUBBANDS * SE_CONTEXT];
extern const se_dense se_inject;
extern const se_block se_blocks[SE_BLOCKS];
extern const se_step se_mask_steps[SE_MASK_ROWS / 4];

typedef uint16_t se_feature; /* the number of a bin */
#else
typedef uint8_t se_feature; /* that of a band */
#endif

#if SE_LOCAL
/* What a gain sees of its feature and the two beside it. */
typedef struct {
    int32_t multiplier;
    int8_t weights[3];
    se_feature features[3];
} se_local;
extern const se_local se_mask_local[SE_MASK_ROWS];
#endif

#ifdef __cplusplus
}
#endif

#endif
