/* SPDX-License-Identifier: MIT */
/* Twin of lstm_se/chip/selftest.py: the same sound, the same sum over the same bits. */
#include "se.h"

#include "se_compiler.h"

SE_STATIC_ASSERT(SE_MASK_SIZE >= SE_HOP, a_hop_fits_into_the_mask);

/* A buzz that comes and goes, in noise: whole numbers only, so that it is the same everywhere. */
static int16_t next_sample(uint32_t *noise, uint32_t n) {
    *noise = *noise * 1664525u + 1013904223u;
    const int32_t hiss = (int32_t)(*noise >> 21) - 1024;
    const int32_t saw = (int32_t)(n % 131u) * 120 - 7860;
    return (int16_t)((n >> 12 & 1u ? saw : 0) + hiss);
}

/* CRC-32 (ISO 3309) of one more byte. */
static uint32_t crc32(uint32_t crc, uint32_t byte) {
    crc ^= byte;
    for (int bit = 0; bit < 8; bit++) {
        crc = crc >> 1 ^ (crc & 1u ? 0xEDB88320u : 0u);
    }
    return crc;
}

int se_selftest(se_state *state) {
    uint32_t noise = 1, crc = 0xFFFFFFFFu, n = 0;
    se_init(state);
    for (int hop = 0; hop < SE_SELFTEST_HOPS; hop++) {
        int16_t *sound = state->mask; /* scratch memory, long enough: the stack may be small */
        for (int i = 0; i < SE_HOP; i++) {
            sound[i] = next_sample(&noise, n++);
        }
        se_process(state, sound, sound);
        for (int i = 0; i < SE_HOP; i++) {
            crc = crc32(crc, (uint32_t)sound[i] & 0xFFu);
            crc = crc32(crc, (uint32_t)sound[i] >> 8 & 0xFFu);
        }
    }
    se_init(state);
    return (crc ^ 0xFFFFFFFFu) == SE_SELFTEST_CRC;
}
