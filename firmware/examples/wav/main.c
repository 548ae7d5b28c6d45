/* denoise IN.wav OUT.wav: 16 kHz, mono, 16 bits. Inert unless SE_EXAMPLE_WAV is defined.
 *
 * The output is aligned with the input: what the denoiser holds back at the end is asked for with
 * silence, and as much is left out at the beginning.
 */
#ifdef SE_EXAMPLE_WAV

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../speech_denoiser/se.h"

#define HEADER 44

static uint32_t little(const unsigned char *bytes, int count) {
    uint32_t value = 0;
    while (count--) {
        value = value << 8 | bytes[count];
    }
    return value;
}

static void put_little(unsigned char *bytes, uint32_t value, int count) {
    for (int i = 0; i < count; i++, value >>= 8) {
        bytes[i] = (unsigned char)(value & 0xFFu);
    }
}

static void fail(const char *path, const char *problem) {
    fprintf(stderr, "error: %s %s\n", path, problem);
    exit(2);
}

/* Leaves the file at its first sample and returns the number of samples. */
static uint32_t open_samples(FILE *file, const char *path) {
    unsigned char chunk[16];
    int known = 0;
    if (fread(chunk, 1, 12, file) != 12 || memcmp(chunk, "RIFF", 4) || memcmp(chunk + 8, "WAVE", 4)) {
        fail(path, "is no WAV file");
    }
    while (fread(chunk, 1, 8, file) == 8) {
        const uint32_t size = little(chunk + 4, 4);
        if (!memcmp(chunk, "data", 4)) {
            if (!known) {
                fail(path, "has no format before its samples");
            }
            return size / 2;
        }
        if (!memcmp(chunk, "fmt ", 4)) {
            if (size < 16 || fread(chunk, 1, 16, file) != 16) {
                break;
            }
            if (little(chunk, 2) != 1 || little(chunk + 2, 2) != 1 ||
                little(chunk + 4, 4) != SE_SAMPLE_RATE || little(chunk + 14, 2) != 16) {
                fail(path, "is not 16 kHz, mono, 16 bits: convert it first");
            }
            known = 1;
            if (fseek(file, (long)(size - 16 + (size & 1u)), SEEK_CUR)) {
                break;
            }
        } else if (fseek(file, (long)(size + (size & 1u)), SEEK_CUR)) {
            break;
        }
    }
    fail(path, "is a damaged WAV file: it has no samples");
    return 0;
}

static void write_header(FILE *file, uint32_t samples) {
    unsigned char header[HEADER] = "RIFF....WAVEfmt ....................data";
    put_little(header + 4, HEADER - 8 + 2 * samples, 4);
    put_little(header + 16, 16, 4);
    put_little(header + 20, 1, 2);
    put_little(header + 22, 1, 2);
    put_little(header + 24, SE_SAMPLE_RATE, 4);
    put_little(header + 28, 2 * SE_SAMPLE_RATE, 4);
    put_little(header + 32, 2, 2);
    put_little(header + 34, 16, 2);
    put_little(header + 40, 2 * samples, 4);
    fwrite(header, 1, HEADER, file);
}

/* Up to a hop of samples; what the file does not have is silence. Returns how many it had. */
static uint32_t read_hop(FILE *file, uint32_t left, int16_t hop[SE_HOP]) {
    unsigned char bytes[2 * SE_HOP] = {0};
    const uint32_t wanted = left < SE_HOP ? left : SE_HOP;
    const uint32_t got = (uint32_t)fread(bytes, 2, wanted, file);
    for (int i = 0; i < SE_HOP; i++) {
        hop[i] = (int16_t)((int32_t)(little(bytes + 2 * i, 2) ^ 0x8000u) - 0x8000);
    }
    return got;
}

static void write_samples(FILE *file, const int16_t *samples, uint32_t count) {
    unsigned char bytes[2 * SE_HOP];
    for (uint32_t i = 0; i < count; i++) {
        put_little(bytes + 2 * i, (uint32_t)samples[i], 2);
    }
    fwrite(bytes, 2, count, file);
}

int main(int count, char **arguments) {
    static se_state state;
    int16_t hop[SE_HOP];
    if (count != 3) {
        fprintf(stderr, "usage: denoise IN.wav OUT.wav   (%s)\n", se_version());
        return 2;
    }
    FILE *in = fopen(arguments[1], "rb");
    if (!in) {
        fail(arguments[1], "cannot be opened");
    }
    const uint32_t samples = open_samples(in, arguments[1]);
    FILE *out = fopen(arguments[2], "wb");
    if (!out) {
        fail(arguments[2], "cannot be written");
    }
    write_header(out, samples);
    se_init(&state);
    uint32_t left = samples, owed = samples, skip = SE_LATENCY_SAMPLES;
    while (owed) {
        left -= read_hop(in, left, hop);
        se_process(&state, hop, hop);
        const uint32_t fresh = SE_HOP - skip, given = fresh < owed ? fresh : owed;
        write_samples(out, hop + skip, given);
        owed -= given;
        skip = 0;
    }
    fclose(in);
    if (fclose(out)) {
        fail(arguments[2], "cannot be written: is the disk full?");
    }
    return 0;
}

#else
typedef int se_wav_is_inert; /* C allows no empty file */
#endif
