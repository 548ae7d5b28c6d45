/* The board's end of the link: whatever comes, it says whole lines and whole frames, and goes on.
 * The denoiser itself is left out: api.c has it. */
#include <stdlib.h>
#include <string.h>

#include "../../../firmware/speech_denoiser/se.h"

#define SE_EXAMPLE_STM32F746G_DISCO
#define se_init(state) ((void)(state))
#define se_process(state, heard, said) ((void)(state))
#include "../../../firmware/examples/stm32f746g-disco/link.c"

#define REQUIRE(what) ((what) ? (void)0 : abort())
#define LIMIT 1234
#define PATIENCE 4

static const uint8_t *coming;
static size_t left;
static uint8_t said[1 << 20];
static size_t count;
static uint32_t clock;

int port_write(uint8_t byte) {
    if (++clock % 3 == 0) return 0; /* no room now */
    REQUIRE(count < sizeof said);
    said[count++] = byte;
    return 1;
}

int port_read(void) { return left ? left--, *coming++ : -1; }

uint32_t port_cycles(void) { return ++clock; }

static void alive(void) {}

/* The words of a line, as many and as long as is asked for. */
static void health(void) {
    link_begin("health");
    for (int words = port_read(); words-- > 0;) link_number("number", (uint32_t)port_read() * 16777619u);
    link_end();
}

/* Where the frame ends that begins here. */
static size_t behind_frame(size_t at) {
    REQUIRE(at + 5 <= count && said[at] == LINK_FRAME);
    const uint32_t size = said[at + 1] | (uint32_t)said[at + 2] << 8;
    REQUIRE((size == 0 || size == HOP_BYTES + 4) && at + 5 + size <= count);
    const uint8_t *tail = said + at + 3 + size;
    REQUIRE(crc16(0xFFFF, said + at + 1, size + 2) == (tail[0] | (uint32_t)tail[1] << 8));
    return at + 5 + size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char ready[] = "\nse ready samples=256 crc=";
    static se_state denoiser;
    if (size > sizeof said / 64) return 0;
    coming = data;
    left = size;
    denoiser.least_gain = LIMIT;
    asked = 0;
    health();
    while (left && !link_asked()) link_step();
    link_flush();
    REQUIRE(count == length && (said[count - 1] == '\n' || length == sizeof line));
    if (link_asked()) {
        count = 0;
        link_exchange(&denoiser, PATIENCE, alive);
        REQUIRE(count > sizeof ready && !memcmp(said, ready, sizeof ready - 1));
        for (size_t at = length; at < count;) at = behind_frame(at);
        REQUIRE(!link_asked());
    }
    REQUIRE(denoiser.least_gain == LIMIT);
    count = 0;
    return 0;
}
