/* Start-up for a Cortex-M7 with nothing around it: vectors, memory, floating point, semihosting.
 * Inert unless SE_EXAMPLE_MPS2_AN500 is defined, so that this folder may lie in any project. */
#ifdef SE_EXAMPLE_MPS2_AN500

#include "semihosting.h"

#include <stddef.h>
#include <stdint.h>

int main(void);
void Reset_Handler(void);

extern uint32_t stack_top, data_begin, data_end, data_source, bss_begin, bss_end;

static long host(long operation, const void *argument) {
    register long r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

void host_print(const char *text) { host(0x04, text); }

void host_exit(int code) {
    const uint32_t reason[2] = {0x20026u, (uint32_t)code}; /* the application ends, with a code */
    host(0x20, reason);
    for (;;) {
    }
}

void Reset_Handler(void) {
    *(volatile uint32_t *)0xE000ED88u |= 0xFu << 20; /* the floating-point unit is off at reset */
    __asm__ volatile("dsb\n isb" ::: "memory");
    for (uint32_t *to = &data_begin, *from = &data_source; to < &data_end;) {
        *to++ = *from++;
    }
    for (uint32_t *to = &bss_begin; to < &bss_end;) {
        *to++ = 0;
    }
    host_exit(main());
}

static void fault(void) {
    host_print("FAULT\n");
    host_exit(99);
}

__attribute__((section(".isr_vector"), used)) static const struct {
    void *stack;
    void (*handler[15])(void);
} vectors = {&stack_top, {Reset_Handler, fault, fault, fault, fault, fault}};

/* A compiler may call these even where there is no C library. volatile keeps it from turning the
 * loops into calls of the functions that they are. */
__attribute__((weak)) void *memcpy(void *to, const void *from, size_t size) {
    volatile unsigned char *out = (volatile unsigned char *)to;
    const unsigned char *in = (const unsigned char *)from;
    while (size--) {
        *out++ = *in++;
    }
    return to;
}

__attribute__((weak)) void *memset(void *to, int value, size_t size) {
    volatile unsigned char *out = (volatile unsigned char *)to;
    while (size--) {
        *out++ = (unsigned char)value;
    }
    return to;
}

#else
typedef int se_start_is_inert; /* C allows no empty file */
#endif
