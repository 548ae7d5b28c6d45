/* The board's end of the link; link.h says what goes over it. It calls nothing of ST's. */
#ifdef SE_EXAMPLE_STM32F746G_DISCO

#include "link.h"

#define TEXT(x) #x
#define NUMBER(x) TEXT(x)

#if defined(__clang__)
#define COMPILER "clang-" NUMBER(__clang_major__) "." NUMBER(__clang_minor__) "." NUMBER(__clang_patchlevel__)
#elif defined(__GNUC__)
#define COMPILER "gcc-" NUMBER(__GNUC__) "." NUMBER(__GNUC_MINOR__) "." NUMBER(__GNUC_PATCHLEVEL__)
#else
#define COMPILER "another"
#endif

/* Of this file, and of the denoiser's if the project has one level for all. */
#if defined(__OPTIMIZE_SIZE__)
#define OPTIMISED "size"
#elif defined(__OPTIMIZE__)
#define OPTIMISED "speed"
#else
#define OPTIMISED "no"
#endif

#define HOP_BYTES (2 * SE_HOP)
enum { QUIET = -1, DAMAGED = -2 };

static char line[288]; /* the longest: all numbers of ten digits */
static uint32_t length, sent;
static int asked;

static uint32_t crc16(uint32_t crc, const void *content, uint32_t size) {
    const uint8_t *byte = (const uint8_t *)content;
    for (uint32_t i = 0; i < size; i++) {
        crc ^= (uint32_t)byte[i] << 8;
        for (int bit = 0; bit < 8; bit++) crc = (crc << 1 ^ (crc >> 15) * 0x1021u) & 0xFFFFu;
    }
    return crc;
}

/* What does not fit is left out, the checksum with it: the computer counts the line as broken. */
static void add(const char *text) {
    while (*text && length < sizeof line) line[length++] = *text++;
}

void link_begin(const char *kind) {
    length = sent = 0;
    add("\nse "); /* whatever was cut off before it ends here */
    add(kind);
}

void link_word(const char *key, const char *text) {
    add(" ");
    add(key);
    add("=");
    add(text);
}

void link_number(const char *key, uint32_t number) {
    char digits[11];
    char *first = digits + sizeof digits - 1;
    *first = 0;
    do {
        *--first = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    link_word(key, first);
}

void link_build(void) {
    link_word("version", NUMBER(SE_VERSION_MAJOR) "." NUMBER(SE_VERSION_MINOR) "." NUMBER(SE_VERSION_PATCH));
    link_word("model", SE_MODEL_SHA256);
    link_word("compiler", COMPILER);
    link_word("optimised", OPTIMISED);
}

void link_end(void) {
    char digits[5] = "0000";
    add(" ");
    uint32_t crc = crc16(0xFFFF, line + 1, length - 1);
    for (int i = 3; i >= 0; i--, crc >>= 4) digits[i] = "0123456789ABCDEF"[crc & 15];
    add("crc=");
    add(digits);
    add("\n");
}

int link_busy(void) { return sent < length; }

static void send_some(void) {
    if (link_busy() && port_write((uint8_t)line[sent])) sent++;
}

void link_step(void) {
    send_some();
    if (port_read() == LINK_ASK) asked = 1;
}

/* It does not listen: what comes may be a frame already. */
void link_flush(void) {
    while (link_busy()) send_some();
}

int link_asked(void) { return asked; }

static void put(uint32_t byte) {
    while (!port_write((uint8_t)byte)) {
    }
}

static void put_both(uint32_t word) {
    put(word & 0xFF);
    put(word >> 8);
}

static void send(const uint8_t *content, uint32_t size) {
    const uint8_t head[2] = {(uint8_t)(size & 0xFF), (uint8_t)(size >> 8)};
    put(LINK_FRAME);
    put_both(size);
    for (uint32_t i = 0; i < size; i++) put(content[i]);
    put_both(crc16(crc16(0xFFFF, head, 2), content, size));
}

/* A byte, or QUIET if none comes in time. */
static int get(uint32_t patience) {
    const uint32_t begin = port_cycles();
    int byte;
    do {
        byte = port_read();
    } while (byte < 0 && port_cycles() - begin < patience);
    return byte;
}

static int take(uint8_t *content, uint32_t size, uint32_t patience) {
    for (uint32_t i = 0; i < size; i++) {
        const int byte = get(patience);
        if (byte < 0) return QUIET;
        content[i] = (uint8_t)byte;
    }
    return 0;
}

/* A frame of the computer's: the length of its content, or QUIET, or DAMAGED. */
static int receive(uint8_t hop[HOP_BYTES], uint32_t patience) {
    uint8_t head[2], tail[2];
    int byte;
    do {
        byte = get(patience);
    } while (byte >= 0 && byte != LINK_FRAME);
    if (byte < 0 || take(head, 2, patience)) return QUIET;
    const uint32_t size = head[0] | (uint32_t)head[1] << 8;
    if (size != 0 && size != HOP_BYTES) return DAMAGED;
    if (take(hop, size, patience) || take(tail, 2, patience)) return QUIET;
    const uint32_t crc = crc16(crc16(0xFFFF, head, 2), hop, size);
    return crc == (tail[0] | (uint32_t)tail[1] << 8) ? (int)size : DAMAGED;
}

/* The processors that this is for are little-endian, as the frames are. */
static void answer(se_state *denoiser, int16_t hop[SE_HOP + 2]) {
    const uint32_t begin = port_cycles();
    se_process(denoiser, hop, hop);
    const uint32_t cycles = port_cycles() - begin;
    hop[SE_HOP] = (int16_t)(cycles & 0xFFFF);
    hop[SE_HOP + 1] = (int16_t)(cycles >> 16);
    send((const uint8_t *)hop, HOP_BYTES + 4);
}

void link_exchange(se_state *denoiser, uint32_t patience, void (*alive)(void)) {
    static int16_t hop[SE_HOP + 2];
    const int16_t limit = denoiser->least_gain;
    int size;
    se_init(denoiser); /* it takes longer than a byte, and a byte may follow the line at once */
    link_flush();
    link_begin("ready");
    link_number("samples", SE_HOP);
    link_end();
    link_flush();
    while ((size = receive((uint8_t *)hop, patience)) != 0 && size != QUIET) {
        if (size == DAMAGED)
            send((const uint8_t *)hop, 0);
        else
            answer(denoiser, hop);
        alive();
    }
    se_init(denoiser);
    denoiser->least_gain = limit;
    asked = 0;
}

#else
typedef int se_link_is_inert; /* C allows no empty file */
#endif
