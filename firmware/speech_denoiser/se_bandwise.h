/* SPDX-License-Identifier: MIT */
/* The layers that sub-bands share, for models that have them: SE_SUBBANDS of se_weights.h. */
#ifndef SE_BANDWISE_H
#define SE_BANDWISE_H

#include "se.h"

#ifdef __cplusplus
extern "C" {
#endif

#if SE_SUBBANDS
/* From state->bins and the outputs of the last layer over all bands to the channels of each sub-band,
 * with which its row of state->rows begins. */
void se_bandwise(se_state *state, const int16_t *heard);
#endif

#ifdef __cplusplus
}
#endif

#endif
