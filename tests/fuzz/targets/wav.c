/* examples/wav: as much sound as it says, or one line about the file. The denoiser itself is left
 * out, since it takes nearly all of the time: api.c has it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../firmware/speech_denoiser/se.h"

#define REQUIRE(what) ((what) ? (void)0 : abort())

static const uint8_t *given;
static size_t given_size;
static char written[1 << 17];
static FILE *in, *out;
static jmp_buf left;

static FILE *open_memory(const char *path, const char *mode) {
    (void)path;
    if (*mode == 'w') {
        return out = fmemopen(written, sizeof written, mode);
    }
    return in = fmemopen((void *)(uintptr_t)given, given_size, mode);
}

static int close_memory(FILE *file) {
    *(file == in ? &in : &out) = NULL;
    return fclose(file);
}

static void say(FILE *stream, const char *format, ...) {
    char line[256];
    va_list words;
    va_start(words, format);
    const int length = vsnprintf(line, sizeof line, format, words);
    va_end(words);
    REQUIRE(stream == stderr && length > 0 && (size_t)length < sizeof line);
    REQUIRE(strstr(line, "in.wav") && strchr(line, '\n') == line + length - 1);
}

static void leave(int code) {
    REQUIRE(code == 2);
    longjmp(left, code);
}

#define SE_EXAMPLE_WAV
#define main denoise
#define fopen open_memory
#define fclose close_memory
#define fprintf say
#define exit leave
#define se_init(state) ((void)(state))
#define se_process(state, heard, said) ((void)(state))
#include "../../../firmware/examples/wav/main.c"
#undef fclose

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static char name[] = "denoise", from[] = "in.wav", to[] = "out.wav";
    char *arguments[] = {name, from, to, NULL};
    given = data;
    given_size = size;
    if (size > sizeof written / 2) return 0;
    if (!setjmp(left)) {
        REQUIRE(denoise(3, arguments) == 0);
        const uint32_t bytes = little((unsigned char *)written + HEADER - 4, 4);
        REQUIRE(bytes > 0 && bytes % 2 == 0 && bytes <= size);
    }
    if (in) fclose(in);
    if (out) fclose(out);
    in = out = NULL;
    return 0;
}
