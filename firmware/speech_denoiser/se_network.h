/* SPDX-License-Identifier: MIT */
/* The mask network in integers: int8 weights, int16 activations, int32 sums. */
#ifndef SE_NETWORK_H
#define SE_NETWORK_H

#include "se.h"

#ifdef __cplusplus
extern "C" {
#endif

/* From the features in the first SE_BANDS of state->inputs to state->mask. */
void se_network(se_state *state);

#ifdef __cplusplus
}
#endif

#endif
