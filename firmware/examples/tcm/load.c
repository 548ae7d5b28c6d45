/* Fills ITCM and DTCM as speech_denoiser/tcm.ld lays them out, and puts a state beside them. Call
 * tcm_load() once, before any function of the denoiser. Inert unless SE_EXAMPLE_TCM is defined. */
#ifdef SE_EXAMPLE_TCM

#include "../../speech_denoiser/se.h"

extern uint32_t se_itcm_begin[], se_itcm_end[], se_dtcm_begin[], se_dtcm_end[];
extern const uint32_t se_itcm_source[], se_dtcm_source[];

void tcm_load(void);

/* Nobody zeroes this section at start-up: se_init does. */
__attribute__((section(".se_dtcm_bss"))) se_state tcm_denoiser;

/* volatile: a compiler may not make a call of memcpy of it, which might lie in what it fills. */
static void copy_words(volatile uint32_t *to, const uint32_t *end, const uint32_t *from) {
    while (to < end) {
        *to++ = *from++;
    }
}

void tcm_load(void) {
    copy_words(se_itcm_begin, se_itcm_end, se_itcm_source);
    copy_words(se_dtcm_begin, se_dtcm_end, se_dtcm_source);
    __asm__ volatile("dsb\n isb" ::: "memory"); /* written as data, to be run as code */
}

#else
typedef int se_load_is_inert; /* C allows no empty file */
#endif
