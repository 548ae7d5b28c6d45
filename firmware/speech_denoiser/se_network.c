/* SPDX-License-Identifier: MIT */
/* Twin of lstm_se/chip/network.py, bit for bit. */
#include "se_network.h"

#include <stddef.h>

#include "se_bandwise.h"
#include "se_fixed.h"
#include "se_kernels.h"
#include "se_lstm.h"

/* 127 * 32767 * 516 is the last product sum that fits; the export has checked the biases. */
SE_STATIC_ASSERT(SE_MOST_INPUTS <= 516, sums_fit_in_int32);

/* se_rows_asm reads two words at once, which faults where they are not aligned to 4 bytes. All that
 * it reads of a state lies at multiples of 8 int16 from the inputs. */
typedef struct {
    char before;
    se_state state;
} se_aligned_state;
SE_STATIC_ASSERT(offsetof(se_aligned_state, state) % 4 == 0, states_are_aligned);
SE_STATIC_ASSERT(offsetof(se_state, inputs) % 4 == 0, inputs_are_aligned);
SE_STATIC_ASSERT(SE_BANDS % 8 == 0 && SE_MASK_INPUTS % 8 == 0, columns_come_in_eights);

/* One step of a layer. `inputs`: from below, then the layer's own last outputs. */
static SE_FAST_CODE void step_layer(const se_layer *layer, const int16_t *inputs, int16_t *cells,
                                    int16_t *outputs) {
    const int32_t columns = layer->inputs + layer->units;
    const uint32_t *tile = layer->tiles;
    for (int unit = 0; unit < layer->units; unit++) {
        int32_t sums[4];
        se_rows(tile, inputs, columns, sums);
        tile += SE_TILE(columns);
        outputs[unit] = se_lstm_unit(sums, layer->multipliers + 4 * unit, cells + unit);
    }
}

/* What a gain sees of the feature it belongs to and the two beside it. */
static inline SE_FAST_CODE int32_t local_share(int output, const int16_t *features) {
#if SE_LOCAL
    const se_local *near = se_mask_local + output;
    const int32_t sum = near->weights[0] * features[near->features[0]] +
                        near->weights[1] * features[near->features[1]] +
                        near->weights[2] * features[near->features[2]];
    return se_requantise(sum, near->multiplier);
#else
    (void)output;
    (void)features;
    return 0;
#endif
}

/* The mask from the outputs of the last layer, or from the channels of one sub-band after the other. */
static SE_FAST_CODE void compute_mask(const int16_t *outputs, const int16_t *features,
                                      int16_t *mask) {
    const uint32_t *tile = se_mask_tiles;
    for (int row = 0; row < SE_MASK_ROWS; row += 4) {
        int32_t sums[4];
        se_rows(tile, outputs, SE_MASK_INPUTS, sums);
        tile += SE_TILE(SE_MASK_INPUTS);
        const int32_t *multipliers = se_mask_multipliers + row;
        for (int k = 0; k < 4; k++) {
            const int32_t logit = se_requantise(sums[k], *multipliers++);
            *mask++ = (int16_t)se_sigmoid(logit + local_share(row + k, features));
        }
#if SE_SUBBANDS
        mask -= se_mask_steps[row / 4].fill; /* these are no gains: the next ones overwrite them */
        outputs += se_mask_steps[row / 4].ahead;
#endif
    }
}

/* New outputs go to where the layer above reads them, or the mask; then they are the last ones. */
SE_FAST_CODE void se_network(se_state *state) {
    int16_t *inputs = state->inputs, *cells = state->cells;
    for (int i = 0; i < SE_LAYERS; i++) {
        const se_layer *layer = se_layers + i;
        int16_t *last = inputs + layer->inputs, *outputs = last + layer->units;
        step_layer(layer, inputs, cells, outputs);
        se_remember(last, outputs, layer->units, i == 0 ? 2 : 0); /* Q2.13 as features, or Q0.15 */
        inputs = outputs;
        cells += layer->units;
    }
#if SE_SUBBANDS
    se_bandwise(state, inputs);
    compute_mask(state->rows, state->bins, state->mask);
#else
    compute_mask(inputs, state->inputs, state->mask);
#endif
}
