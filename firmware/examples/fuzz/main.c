/* fuzz [HOPS]: random sound through two denoisers, an hour of it by default. To be built with
 * sanitizers, see `make fuzz`. Inert unless SE_EXAMPLE_FUZZ is defined.
 *
 * One denoiser works in place. The other hears the same, one hop later and from another array, so
 * that between them they never are in the same state. What they give must be the same bits.
 */
#ifdef SE_EXAMPLE_FUZZ

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../speech_denoiser/se.h"

#define HOUR (3600L * SE_SAMPLE_RATE / SE_HOP)

enum kind { SILENCE, BITS, EXTREMES, IMPULSE, CONSTANT, SQUARE, QUIET, RAMP, KINDS };

static uint32_t seed, now; /* `now` is the kind of sound */

/* Bits that are taken first; tests/fuzz has them chosen by what of the code they reach. */
static const uint8_t *chosen;
static size_t chosen_size;

/* 16 random bits: xorshift of 32 bits (Marsaglia 2003). */
static uint32_t draw(void) {
    if (chosen_size >= 2) {
        chosen_size -= 2;
        chosen += 2;
        return chosen[-2] | (uint32_t)chosen[-1] << 8;
    }
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed >> 16;
}

/* One sample; `way` is what stays for a whole hop. */
static int32_t sample(enum kind kind, int i, int32_t way) {
    switch (kind) {
    case BITS: return (int32_t)draw() - 32768;
    case EXTREMES: return draw() & 1u ? 32767 : -32768;
    case IMPULSE: return i == (way & (SE_HOP - 1)) ? way - 32768 : 0;
    case CONSTANT: return way - 32768;
    case SQUARE: return i / (1 + (way & 63)) & 1 ? 32767 : -32768;
    case QUIET: return (int32_t)(draw() & 7u) - 4;
    case RAMP: return (i * way & 0xFFFF) - 32768;
    default: return 0;
    }
}

static void make_hop(int16_t hop[SE_HOP]) {
    if (draw() % 8 == 0) {
        now = draw() % KINDS;
    }
    const int32_t way = (int32_t)draw();
    for (int i = 0; i < SE_HOP; i++) {
        hop[i] = (int16_t)sample((enum kind)now, i, way);
    }
}

/* FNV-1a, to compare builds by. */
static uint32_t hash(uint32_t so_far, const int16_t hop[SE_HOP]) {
    for (int i = 0; i < SE_HOP; i++) {
        so_far = (so_far ^ (uint16_t)hop[i]) * 16777619u;
    }
    return so_far;
}

/* Whether two denoisers gave the same, hashed into `sum`. */
static int compare(long hops, uint32_t *sum) {
    static se_state first, second;
    static int16_t heard[SE_HOP], in_place[SE_HOP], before[SE_HOP], first_out[SE_HOP], out[SE_HOP];
    seed = 2791;
    now = SILENCE;
    *sum = 2166136261u;
    se_init(&first);
    memset(&second, 0xFF, sizeof second); /* whatever the memory holds */
    se_init(&second);
    for (long hop = 0; hop < hops; hop++) {
        const int reset = draw() % 1024 == 0, limit = (int)(draw() % 128);
        memcpy(before, heard, sizeof before);
        memcpy(first_out, in_place, sizeof first_out);
        make_hop(heard);
        memcpy(in_place, heard, sizeof heard);
        if (reset) {
            se_reset(&first);
            se_set_limit(&first, limit);
        }
        se_process(&first, in_place, in_place);
        if (hop) {
            int16_t copy[SE_HOP];
            memcpy(copy, before, sizeof copy);
            se_process(&second, before, out);
            if (memcmp(out, first_out, sizeof out) || memcmp(before, copy, sizeof copy)) {
                printf("hop %ld differs between two denoisers\n", hop - 1);
                return 0;
            }
        }
        if (reset) { /* after the hop before, as the first was */
            se_reset(&second);
            se_set_limit(&second, limit);
        }
        *sum = hash(*sum, in_place);
    }
    return 1;
}

int main(int count, char **arguments) {
    const long hops = count > 1 ? strtol(arguments[1], NULL, 10) : HOUR;
    uint32_t sum;
    if (!compare(hops, &sum)) {
        return 1;
    }
    printf("%ld hops, the same in two denoisers: %08x\n", hops, (unsigned)sum);
    return 0;
}

#else
typedef int se_fuzz_is_inert; /* C allows no empty file */
#endif
