/* SPDX-License-Identifier: MIT */
/* Twin of lstm_se/chip/bandwise_network.py, bit for bit; empty for a model without sub-bands. */
#include "se_bandwise.h"

#include "se_compiler.h"

#if SE_SUBBANDS

#include <stddef.h>

#include "se_fixed.h"
#include "se_kernels.h"
#include "se_lstm.h"

#define STREAM_SHIFT 5 /* from outputs of LSTMs, Q0.15, to channels, Q5.10 */
#define UNITS 8        /* over time at once: of more, the weights would not stay in a cache of 4 KB */
#define MOST_UNITS 16  /* over sub-bands at once, for which there is room on the stack */

SE_STATIC_ASSERT(SE_CHANNELS % 8 == 0 && SE_ACROSS % 8 == 0 && SE_CONTEXT % 8 == 0,
                 numbers_of_subbands_come_in_eights);
SE_STATIC_ASSERT(offsetof(se_state, bins) % 4 == 0 && offsetof(se_state, rows) % 4 == 0 &&
                     offsetof(se_state, outputs) % 4 == 0 && offsetof(se_state, mask) % 4 == 0,
                 what_kernels_read_is_aligned);

/* Sums of packed rows in the unit of the channels, saturated. */
static SE_FAST_CODE void product(const uint32_t *tile, const int32_t *multipliers, const int16_t *x,
                                 int32_t columns, int16_t *products, int rows) {
    for (int row = 0; row < rows; row += 4) {
        int32_t sums[4];
        se_rows(tile, x, columns, sums);
        tile += SE_TILE(columns);
        for (int k = 0; k < 4; k++) {
            *products++ = (int16_t)se_saturate(se_requantise(sums[k], *multipliers++));
        }
    }
}

/* Channels and what a shared layer adds to them. */
static SE_FAST_CODE void add_product(const se_dense *layer, const int16_t *x, int32_t columns,
                                     int16_t *channels) {
    int32_t sums[SE_CHANNELS];
    se_wide_rows(layer->tiles, x, columns, sums, SE_CHANNELS);
    for (int i = 0; i < SE_CHANNELS; i++) {
        const int32_t more = se_requantise(sums[i], layer->multipliers[i]);
        channels[i] = (int16_t)se_saturate(channels[i] + more);
    }
}

/* Each sub-band's bins through a matrix of its own, and what it is told of all bands. */
static SE_FAST_CODE void split(se_state *state, const int16_t *heard) {
    const uint32_t *own = se_split_tiles, *context = se_context_tiles;
    const int32_t *of_own = se_split_multipliers, *of_context = se_context_multipliers;
    int16_t *told = state->mask; /* scratch memory until the gains come */
    for (int j = 0; j < SE_SUBBANDS; j++) {
        const int32_t columns = se_sights[j].columns;
        int16_t *channels = state->rows + j * SE_ROW;
        product(own, of_own, state->bins + se_sights[j].first, columns, channels, SE_CHANNELS);
        product(context, of_context, heard, SE_HEARD, told, SE_CONTEXT);
        add_product(&se_inject, told, SE_CONTEXT, channels);
        own += SE_CHANNELS / 4 * SE_TILE(columns);
        context += SE_CONTEXT / 4 * SE_TILE(SE_HEARD);
        of_own += SE_CHANNELS;
        of_context += SE_CONTEXT;
    }
}

/* A step of some units of an LSTM. `row`: channels of a sub-band, then the layer's last outputs. */
static SE_FAST_CODE void step_units(const se_layer *layer, int first, int units, const int16_t *row,
                                    int16_t *cells, int16_t *outputs) {
    const int32_t columns = layer->inputs + layer->units;
    int32_t sums[4 * MOST_UNITS];
    se_wide_rows(layer->tiles + first * SE_WIDE_TILE(columns), row, columns, sums, 4 * units);
    se_lstm_units(sums, layer->multipliers + 4 * first, cells + first, outputs + first, units);
}

/* A step of an LSTM over sub-bands. */
static SE_FAST_CODE void step_across(const se_layer *layer, int16_t *row, const int16_t *last,
                                     int16_t *cells, int16_t *outputs) {
    se_remember(row + SE_CHANNELS, last, SE_ACROSS, STREAM_SHIFT);
    for (int first = 0; first < SE_ACROSS; first += MOST_UNITS) {
        const int units = se_clamp(SE_ACROSS - first, 0, MOST_UNITS);
        step_units(layer, first, units, row, cells, outputs);
    }
}

static const SE_FAST_DATA int16_t rest[SE_ACROSS] = {0};

/* A look at the other sub-bands, from below and from above. The outputs of a sub-band on the way down
 * follow those of its way up, in place of those of the sub-band above, which nobody needs any more. */
static SE_FAST_CODE void look_across(se_state *state, const se_block *block) {
    int16_t *up = state->mask, cells[2][SE_ACROSS] = {{0}};
    const int16_t *last = rest;
    for (int j = 0; j < SE_SUBBANDS; j++, up += SE_ACROSS) {
        step_across(&block->up, state->rows + j * SE_ROW, last, cells[0], up);
        last = up;
    }
    last = rest;
    for (int j = SE_SUBBANDS - 1; j >= 0; j--) {
        int16_t *row = state->rows + j * SE_ROW, *down = up;
        up -= SE_ACROSS;
        step_across(&block->down, row, last, cells[1], down);
        add_product(&block->across, up, 2 * SE_ACROSS, row);
        last = down;
    }
}

/* A look back in time. All sub-bands take a group of weights in turn before the next group comes. */
static SE_FAST_CODE void look_back(se_state *state, const se_block *block, int16_t *outputs,
                                   int16_t *cells) {
    for (int j = 0; j < SE_SUBBANDS; j++) {
        int16_t *last = state->rows + j * SE_ROW + SE_CHANNELS;
        se_remember(last, outputs + j * SE_CHANNELS, SE_CHANNELS, STREAM_SHIFT);
    }
    for (int first = 0; first < SE_CHANNELS; first += UNITS) {
        for (int j = 0; j < SE_SUBBANDS; j++) {
            const int place = j * SE_CHANNELS;
            const int16_t *row = state->rows + j * SE_ROW;
            step_units(&block->time, first, UNITS, row, cells + place, outputs + place);
        }
    }
    for (int j = 0; j < SE_SUBBANDS; j++) {
        int16_t *channels = state->rows + j * SE_ROW;
        add_product(&block->along, outputs + j * SE_CHANNELS, SE_CHANNELS, channels);
    }
}

SE_FAST_CODE void se_bandwise(se_state *state, const int16_t *heard) {
    split(state, heard);
    for (int i = 0; i < SE_BLOCKS; i++) {
        look_across(state, se_blocks + i);
        look_back(state, se_blocks + i, state->outputs[i], state->memory[i]);
    }
}

#endif
