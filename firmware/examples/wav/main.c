/* denoise IN.wav OUT.wav: 16 kHz, mono, 16 bits. Inert unless SE_EXAMPLE_WAV is defined.
 *
 * The output is aligned with the input: what the denoiser holds back at the end is asked for with
 * silence, and as much is left out at the beginning.
 */
#ifdef SE_EXAMPLE_WAV

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../speech_denoiser/se.h"

#define HEADER 44
#define UNTOLD 0x7FFF0000u  /* bytes from which a size stands for "not known yet", unless as much is there */
#define UNKNOWN 0xFFFFFFFFu /* samples */

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

/* Samples that the chunk "data" promises. A recorder writes 0 first, and what it is when it stops:
 * one that was killed never does. `end` is where the file ends, as its header has it. */
static uint32_t promised(uint32_t size, uint32_t begin, uint32_t end) {
    const int empty = begin < end && end < UNTOLD; /* with something else behind no samples */
    return size == 0 && !empty ? UNKNOWN : size / 2;
}

static int is_name(const unsigned char *letters) {
    for (int i = 0; i < 4; i++) {
        if (!isalnum(letters[i]) && letters[i] != ' ' && letters[i] != '_') {
            return 0;
        }
    }
    return 1;
}

/* Whether samples lie where the header says that they have ended: a chunk would begin with a name.
 * A recorder that renews its header now and then was killed, or the size did not fit in. */
static int goes_on(FILE *file, uint32_t begin, uint32_t size) {
    unsigned char behind[9];
    if (size >= UNTOLD || fseek(file, (long)size, SEEK_CUR)) { /* a pipe cannot */
        return 0;
    }
    const size_t got = fread(behind, 1, sizeof behind, file);
    if (fseek(file, (long)begin, SEEK_SET) || got < 8) {
        return 0;
    }
    return !is_name(behind) && !(size % 2 && is_name(behind + 1));
}

static int is_wanted(const unsigned char *format) {
    const uint32_t code = little(format, 2); /* the extensible kind of 16 bits is the plain one */
    return (code == 1 || code == 0xFFFE) && little(format + 2, 2) == 1 &&
           little(format + 4, 4) == SE_SAMPLE_RATE && little(format + 14, 2) == 16;
}

/* Leaves the file at its first sample and returns the number of samples that the header tells, or
 * UNKNOWN; `most` is how many there can be. */
static uint32_t open_samples(FILE *file, const char *path, uint32_t *most) {
    unsigned char chunk[16];
    int known = 0;
    if (fread(chunk, 1, 12, file) != 12 || memcmp(chunk, "RIFF", 4) || memcmp(chunk + 8, "WAVE", 4)) {
        fail(path, "is no WAV file");
    }
    const uint32_t end = little(chunk + 4, 4) + 8;
    uint32_t begin = 12;
    while (fread(chunk, 1, 8, file) == 8) {
        const uint32_t size = little(chunk + 4, 4);
        uint32_t rest = size + (size & 1u);
        begin += 8;
        if (!memcmp(chunk, "data", 4)) {
            if (!known) {
                fail(path, "has no format before its samples");
            }
            const uint32_t told = promised(size, begin, end);
            *most = goes_on(file, begin, size) ? UNKNOWN : told;
            return told;
        }
        begin += rest;
        if (!memcmp(chunk, "fmt ", 4)) {
            if (size < 16 || fread(chunk, 1, 16, file) != 16) {
                break;
            }
            if (!is_wanted(chunk)) {
                fail(path, "is not 16 kHz, mono, 16 bits: convert it first");
            }
            known = 1;
            rest -= 16;
        }
        if (rest > 0x7FFFFFFFu || (rest && fseek(file, (long)rest, SEEK_CUR))) { /* a long may have 32 bits */
            break;
        }
    }
    fail(path, "is a damaged WAV file: it has no samples");
    return 0;
}

/* Of more than fits in, it tells no length: readers then read to the end of the file. */
static void write_header(FILE *file, uint32_t samples) {
    unsigned char header[HEADER] = "RIFF....WAVEfmt ....................data";
    const uint32_t rest = HEADER - 8, fits = samples <= (UNKNOWN - rest) / 2;
    put_little(header + 4, fits ? rest + 2 * samples : UNKNOWN, 4);
    put_little(header + 16, 16, 4);
    put_little(header + 20, 1, 2);
    put_little(header + 22, 1, 2);
    put_little(header + 24, SE_SAMPLE_RATE, 4);
    put_little(header + 28, 2 * SE_SAMPLE_RATE, 4);
    put_little(header + 32, 2, 2);
    put_little(header + 34, 16, 2);
    put_little(header + 40, fits ? 2 * samples : UNKNOWN, 4);
    fwrite(header, 1, HEADER, file);
}

/* Up to a hop of samples; what the file does not have is silence. Returns how many it had. */
static uint32_t read_hop(FILE *file, uint32_t left, int16_t hop[SE_HOP]) {
    unsigned char bytes[2 * SE_HOP] = {0};
    const uint32_t wanted = left < SE_HOP ? left : SE_HOP;
    const uint32_t got = (uint32_t)fread(bytes, 2, wanted, file);
    for (uint32_t i = 0; i < SE_HOP; i++) {
        const uint32_t sample = i < got ? little(bytes + 2 * i, 2) : 0;
        hop[i] = (int16_t)((int32_t)(sample ^ 0x8000u) - 0x8000);
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

/* What was odd and is mended. */
static void tell(const char *path, uint32_t told, uint32_t heard) {
    if (told == UNKNOWN || (heard < told && told >= UNTOLD / 2)) {
        fprintf(stderr, "%s: the header tells no length: read to the end of the file\n", path);
    } else if (heard < told) {
        const double lost = (double)(told - heard) / SE_SAMPLE_RATE;
        fprintf(stderr, "%s: cut: the header promises %.2f s more than there is\n", path, lost);
    } else if (heard > told) {
        const double gained = (double)(heard - told) / SE_SAMPLE_RATE;
        fprintf(stderr, "%s: the header promises %.2f s less than there is: "
                "read to the end of the file\n", path, gained);
    }
}

int main(int count, char **arguments) {
    static se_state state;
    int16_t hop[SE_HOP];
    if (count != 3) {
        fprintf(stderr, "usage: denoise IN.wav OUT.wav   (%s)\n", se_version());
        return 2;
    }
    if (!strcmp(arguments[1], arguments[2])) {
        fail(arguments[2], "is the input: choose another output");
    }
    FILE *in = fopen(arguments[1], "rb");
    if (!in) {
        fail(arguments[1], "cannot be opened");
    }
    uint32_t most;
    const uint32_t told = open_samples(in, arguments[1], &most);
    uint32_t heard = read_hop(in, most, hop), given = 0, skip = SE_LATENCY_SAMPLES;
    if (!heard) {
        fail(arguments[1], "has 0 samples: there is a header but no sound in it");
    }
    FILE *out = fopen(arguments[2], "wb");
    if (!out) {
        fail(arguments[2], "cannot be written");
    }
    write_header(out, told); /* and again when it is known what was there */
    se_init(&state);
    while (given < heard) {
        se_process(&state, hop, hop);
        const uint32_t fresh = SE_HOP - skip, owed = heard - given;
        const uint32_t due = fresh < owed ? fresh : owed;
        write_samples(out, hop + skip, due);
        given += due;
        skip = 0;
        heard += read_hop(in, most - heard, hop);
    }
    tell(arguments[1], told, heard);
    if (fflush(out) || ferror(out)) {
        fail(arguments[2], "cannot be written: is the disk full?");
    }
    if (fseek(out, 0, SEEK_SET)) {
        fail(arguments[2], "cannot be written: it has to be a file");
    }
    write_header(out, heard);
    fclose(in);
    if (fclose(out)) {
        fail(arguments[2], "cannot be written: is the disk full?");
    }
    return 0;
}

#else
typedef int se_wav_is_inert; /* C allows no empty file */
#endif
