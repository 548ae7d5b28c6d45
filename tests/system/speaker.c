/* The link of the example for the Discovery, as it stands, on the board that qemu emulates. */
#include "../../firmware/examples/stm32f746g-disco/link.h"

typedef struct {
    volatile uint32_t data, state, control, interrupts, divider;
} uart;
#define UART ((uart *)0x40004000)
#define COUNTER (*(volatile uint32_t *)0x40028018) /* of the board's clock, 25 MHz */
#define HZ 25000000u

enum { FULL = 1, CAME = 2, BOTH_ON = 3 };

int main(void);

void port_open(void) {
    UART->divider = 16;
    UART->control = BOTH_ON;
}

int port_write(uint8_t byte) {
    if (UART->state & FULL) return 0;
    UART->data = byte;
    return 1;
}

int port_read(void) { return UART->state & CAME ? (int)(UART->data & 0xFF) : -1; }
uint32_t port_cycles(void) { return COUNTER; }

static se_state denoiser;
static uint32_t cycles, most;

static void work(void) {
    static int16_t silence[SE_HOP];
    const uint32_t begin = COUNTER;
    se_process(&denoiser, silence, silence);
    cycles = COUNTER - begin;
    most = cycles > most ? cycles : most;
}

static void say_health(uint32_t hops) {
    static const char *const none[] = {"late", "lost", "clipped", "peak"}; /* it has no microphones */
    link_begin("health");
    link_word("board", "mps2-an500");
    link_build();
    link_word("caches", "none");
    link_word("selftest", "passed");
    link_number("hz", HZ);
    link_number("cycles", cycles);
    link_number("most", most);
    link_number("hops", hops);
    for (int i = 0; i < 4; i++) link_number(none[i], 0);
    link_end();
}

static void alive(void) {}

int main(void) {
    se_init(&denoiser);
    port_open();
    for (uint32_t hops = 0;; hops++) {
        const uint32_t begin = COUNTER;
        work();
        say_health(hops + 1);
        while (COUNTER - begin < HZ / 10) link_step();
        if (link_asked()) link_exchange(&denoiser, 10 * HZ, alive);
    }
}
