/* SPDX-License-Identifier: MIT */
/* Twin of lstm_se/chip/network.py, bit for bit. */
#include "se_network.h"

#include <stddef.h>

#include "se_fixed.h"
#include "se_kernels.h"

/* 127 * 32767 * 516 is the last product sum that fits; the export has checked the biases. */
SE_STATIC_ASSERT(SE_MOST_INPUTS <= 516, sums_fit_in_int32);

/* se_rows_asm reads two words at once, which faults where they are not aligned to 4 bytes. All that
 * it reads of a state starts at a multiple of 8 int16 from one of these two. */
typedef struct {
    char before;
    se_state state;
} se_aligned_state;
SE_STATIC_ASSERT(offsetof(se_aligned_state, state) % 4 == 0, states_are_aligned);
SE_STATIC_ASSERT(offsetof(se_state, inputs) % 4 == 0, inputs_are_aligned);
SE_STATIC_ASSERT(offsetof(se_state, outputs) % 4 == 0, outputs_are_aligned);
SE_STATIC_ASSERT(SE_BANDS % 8 == 0 && SE_MASK_INPUTS % 8 == 0, columns_come_in_eights);

/* One unit of an LSTM: four sums to a new cell state and output. */
static SE_FAST_CODE int16_t step_unit(const int32_t sums[4], const int32_t multipliers[4],
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

/* One step of a layer. `inputs`: from below, then the layer's own last outputs. */
static SE_FAST_CODE void step_layer(const se_layer *layer, const int16_t *inputs, int16_t *cells,
                                    int16_t *outputs) {
    const int32_t columns = layer->inputs + layer->units;
    const uint32_t *tile = layer->tiles;
    for (int unit = 0; unit < layer->units; unit++) {
        int32_t sums[4];
        se_rows(tile, inputs, columns, sums);
        tile += SE_TILE(columns);
        outputs[unit] = step_unit(sums, layer->multipliers + 4 * unit, cells + unit);
    }
}

#if SE_LOCAL
/* What a gain sees of the band it belongs to and the two beside it. */
static SE_FAST_CODE int32_t local_share(int output, const int16_t *features) {
    const int band = se_band_of_output[output];
    const int below = band > 0 ? band - 1 : 0, above = band < SE_BANDS - 1 ? band + 1 : band;
    const int8_t *weight = se_local_weights + 3 * output;
    const int32_t sum =
        weight[0] * features[below] + weight[1] * features[band] + weight[2] * features[above];
    return se_requantise(sum, se_local_multipliers[output]);
}
#endif

/* The mask from the outputs of the last layer. */
static SE_FAST_CODE void compute_mask(const int16_t *outputs, const int16_t *features,
                                      int16_t *mask) {
    const uint32_t *tile = se_mask_tiles;
    (void)features;
    for (int row = 0; row < SE_MASK_ROWS; row += 4) {
        int32_t sums[4];
        se_rows(tile, outputs, SE_MASK_INPUTS, sums);
        tile += SE_TILE(SE_MASK_INPUTS);
        for (int k = 0; k < 4 && row + k < SE_MASK_OUTPUTS; k++) {
            int32_t logit = se_requantise(sums[k], se_mask_multipliers[row + k]);
#if SE_LOCAL
            logit += local_share(row + k, features);
#endif
            mask[row + k] = (int16_t)se_sigmoid(logit);
        }
    }
}

static void copy(int16_t *to, const int16_t *from, int count) {
    for (int i = 0; i < count; i++) {
        to[i] = from[i];
    }
}

SE_FAST_CODE void se_network(se_state *state) {
    int16_t *inputs = state->inputs, *cells = state->cells;
    for (int i = 0; i < SE_LAYERS; i++) {
        const se_layer *layer = se_layers + i;
        step_layer(layer, inputs, cells, state->outputs);
        copy(inputs + layer->inputs, state->outputs, layer->units);
        inputs += layer->inputs + layer->units;
        cells += layer->units;
        if (i + 1 < SE_LAYERS) {
            copy(inputs, state->outputs, layer->units);
        }
    }
    compute_mask(state->outputs, state->inputs, state->mask);
}
