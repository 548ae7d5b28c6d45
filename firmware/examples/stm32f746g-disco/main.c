/* STM32F746G-DISCO: digital microphones -> denoiser -> headphones, at 16 kHz.
 *
 * Needs the HAL, the BSP of the board and its WM8994 driver from the STM32CubeF7 pack (ST's stand-alone
 * repository of that driver does not fit this BSP). Define SE_EXAMPLE_STM32F746G_DISCO to compile it, as C
 * or as C++, and SE_HANDLERS_ELSEWHERE if your project keeps an stm32f7xx_it.c with handlers of its own.
 * While the blue button is pressed you hear the microphones as they are. It links with HAL 1.3.0, BSP 2.1.1
 * and WM8994 driver 2.2.1, and runs on a simulated board in the project's tests; never yet on a real one.
 *
 * The green light, once a second:
 *     a short flash              all is well
 *     half a second              a hop was late or lost; set se_hops_late and se_hops_lost to 0 again
 *     always on, or always off   the program stands: in a breakpoint, in a handler of somebody else
 *     flickering                 it denoises for the computer (link.h)
 *     1 to 6 flashes, a pause    it gave up: see `cause` below
 *
 * The ST-LINK's serial port, 115,200 baud: the same in figures, a line a second. `lstm-se board` reads
 * it, and has the board denoise a sound (link.h).
 */
#ifdef SE_EXAMPLE_STM32F746G_DISCO

#include "../../speech_denoiser/se.h"
#include "link.h"
#include "stm32746g_discovery.h"
#include "stm32746g_discovery_audio.h"

#define CHANNELS 2
#define HALF (SE_HOP * CHANNELS) /* samples of one half of a ring: one hop, left and right */
#define HOPS_PER_SECOND (SE_SAMPLE_RATE / SE_HOP)
#define SILENCE_MS 50 /* a half takes 16: after this a ring stands still */
#define FLASH_HOPS 4 /* the light of a second in which all is well: 64 ms */
/* Of 100. The codec's driver sets the microphones' gain with it, too: 17.6 dB at 100, 9 dB at 90, and
 * 0 dB at 80, which is too faint for speech. Stay between 90 and 100. */
#define VOLUME 90

typedef enum { NO_CLOCK = 1, WRONG_BITS, NO_CODEC, WRONG_DMA, NO_SOUND, HARD_FAULT } cause;
static const char *const causes[] = {"", "clock", "self-test", "codec", "dma", "no-sound", "hard-fault"};

extern SAI_HandleTypeDef haudio_out_sai, haudio_in_sai;

/* Two halves each: while the DMA fills or plays one, the processor works on the other. The DMA does
 * not look into the data cache. Wherever the linker puts these rings, whole cache lines belong to
 * them alone, and every half is invalidated before it is read and cleaned after it is written. */
static int16_t heard[2 * HALF] __attribute__((aligned(32)));
static int16_t said[2 * HALF] __attribute__((aligned(32)));

static se_state denoiser;
static volatile int32_t ready = -1; /* half that the DMA has just filled, or none */
static volatile uint32_t heard_at, said_at; /* tick of the last half of either ring */

/* For the debugger's live expressions. Late: the next hop had to wait. Lost: and then one came too many. */
volatile uint32_t se_cycles_last, se_cycles_most, se_hops_done, se_hops_late, se_hops_lost;
/* Of the microphone: samples at full scale since the start, and the loudest one since the last line. */
static uint32_t clipped, peak;

static void start_cycle_counter(void) {
    CoreDebug->DEMCR |= CoreDebug_DEMCR_TRCENA_Msk;
    DWT->LAR = 0xC5ACCE55; /* on a Cortex-M7 the counter is locked */
    DWT->CYCCNT = 0;
    DWT->CTRL |= DWT_CTRL_CYCCNTENA_Msk;
}

/* By the counter, not by HAL_Delay: no tick interrupts a hard fault. */
static void wait_ms(uint32_t milliseconds) {
    const uint32_t begin = DWT->CYCCNT;
    while (DWT->CYCCNT - begin < SystemCoreClock / 1000 * milliseconds) {
    }
}

/* In the headphones: the DMA would play the last half over and over. */
static void silence(void) {
    for (int i = 0; i < 2 * HALF; i++) said[i] = 0;
    SCB_CleanDCache_by_Addr((uint32_t *)(void *)said, (int32_t)sizeof said);
}

static void stop(cause why) {
    __disable_irq();
    silence();
    for (;;) {
        link_begin("stopped");
        link_word("cause", causes[why]);
        link_end();
        link_flush();
        for (int flash = 0; flash < (int)why; flash++) {
            BSP_LED_On(LED1);
            wait_ms(200);
            BSP_LED_Off(LED1);
            wait_ms(300);
        }
        wait_ms(1500);
    }
}

static void half_is_ready(int32_t half) {
    if (ready >= 0) se_hops_lost++;
    ready = half;
    heard_at = HAL_GetTick();
}

/* Called by the BSP or through the table of vectors, which know them by their names in C. */
#ifdef __cplusplus
extern "C" {
#endif
void BSP_AUDIO_IN_HalfTransfer_CallBack(void) { half_is_ready(0); }
void BSP_AUDIO_IN_TransferComplete_CallBack(void) { half_is_ready(1); }
void BSP_AUDIO_OUT_HalfTransfer_CallBack(void) { said_at = HAL_GetTick(); }
void BSP_AUDIO_OUT_TransferComplete_CallBack(void) { said_at = HAL_GetTick(); }

void AUDIO_IN_SAIx_DMAx_IRQHandler(void) { HAL_DMA_IRQHandler(haudio_in_sai.hdmarx); }
void AUDIO_OUT_SAIx_DMAx_IRQHandler(void) { HAL_DMA_IRQHandler(haudio_out_sai.hdmatx); }

#ifndef SE_HANDLERS_ELSEWHERE /* not weak: start-up code has weak ones, and the first of two is taken */
void SysTick_Handler(void) { HAL_IncTick(); }
void HardFault_Handler(void) { stop(HARD_FAULT); }
#endif
#ifdef __cplusplus
}
#endif

/* 216 MHz from the crystal of 25 MHz. */
static void set_clock(void) {
    static RCC_OscInitTypeDef oscillator; /* static: all of them are 0 */
    static RCC_ClkInitTypeDef clock;
    __HAL_RCC_PWR_CLK_ENABLE();
    __HAL_PWR_VOLTAGESCALING_CONFIG(PWR_REGULATOR_VOLTAGE_SCALE1);
    oscillator.OscillatorType = RCC_OSCILLATORTYPE_HSE;
    oscillator.HSEState = RCC_HSE_ON;
    oscillator.PLL.PLLState = RCC_PLL_ON;
    oscillator.PLL.PLLSource = RCC_PLLSOURCE_HSE;
    oscillator.PLL.PLLM = 25;
    oscillator.PLL.PLLN = 432;
    oscillator.PLL.PLLP = RCC_PLLP_DIV2;
    oscillator.PLL.PLLQ = 9;
    if (HAL_RCC_OscConfig(&oscillator) != HAL_OK) stop(NO_CLOCK);
    if (HAL_PWREx_EnableOverDrive() != HAL_OK) stop(NO_CLOCK); /* without it 180 MHz is the end */
    clock.ClockType = RCC_CLOCKTYPE_SYSCLK | RCC_CLOCKTYPE_HCLK | RCC_CLOCKTYPE_PCLK1 | RCC_CLOCKTYPE_PCLK2;
    clock.SYSCLKSource = RCC_SYSCLKSOURCE_PLLCLK;
    clock.AHBCLKDivider = RCC_SYSCLK_DIV1;
    clock.APB1CLKDivider = RCC_HCLK_DIV4;
    clock.APB2CLKDivider = RCC_HCLK_DIV2;
    if (HAL_RCC_ClockConfig(&clock, FLASH_LATENCY_7) != HAL_OK) stop(NO_CLOCK);
}

static int moves_half_words(const DMA_HandleTypeDef *dma) {
    return dma->Init.MemDataAlignment == DMA_MDATAALIGN_HALFWORD;
}

static void start_audio(void) {
    /* AUDIO_FREQUENCY_16K is the codec driver's: BSP_AUDIO_FREQUENCY_16K does not exist */
    if (BSP_AUDIO_IN_OUT_Init(INPUT_DEVICE_DIGITAL_MICROPHONE_2, OUTPUT_DEVICE_HEADPHONE,
                              AUDIO_FREQUENCY_16K, DEFAULT_AUDIO_IN_BIT_RESOLUTION,
                              CHANNELS) != AUDIO_OK)
        stop(NO_CODEC);
    /* a HAL_SAI_MspInit that CubeMX has written for SAI2 moves words: twice the length of the rings */
    if (!moves_half_words(haudio_in_sai.hdmarx) || !moves_half_words(haudio_out_sai.hdmatx))
        stop(WRONG_DMA);
    BSP_AUDIO_OUT_SetAudioFrameSlot(CODEC_AUDIOFRAME_SLOT_02);
    BSP_AUDIO_OUT_SetVolume(VOLUME);
    /* Play first: it writes to the codec for a millisecond, in which the other ring would run ahead */
    BSP_AUDIO_OUT_Play((uint16_t *)said, sizeof said); /* in bytes */
    BSP_AUDIO_IN_Record((uint16_t *)heard, 2 * HALF);  /* in half-words */
    heard_at = said_at = HAL_GetTick(); /* neither call tells whether its ring turns: require_sound does */
}

/* Gives up if a ring stands still. By the tick, since the cycle counter may rest while the processor
 * sleeps; and without interrupts, or a half could come after `now`. */
static void require_sound(void) {
    const uint32_t now = HAL_GetTick();
    if (now - heard_at > SILENCE_MS || now - said_at > SILENCE_MS) stop(NO_SOUND);
}

/* Sleeps until the microphones have filled a half, and takes it. */
static int32_t take_half(void) {
    __disable_irq(); /* an interrupt between the question and the sleep would be slept through */
    require_sound();
    while (ready < 0) {
        __WFI(); /* ends when one waits, even so */
        __enable_irq();
        __ISB(); /* here it is served */
        link_step();
        __disable_irq();
        require_sound();
    }
    const int32_t half = ready;
    ready = -1; /* before the work: the next half may come meanwhile, and waits */
    __enable_irq();
    return half;
}

static void take_level(const int16_t samples[SE_HOP]) {
    for (int i = 0; i < SE_HOP; i++) {
        const uint32_t size = (uint32_t)(samples[i] < 0 ? -samples[i] : samples[i]);
        clipped += size >= 32767;
        peak = size > peak ? size : peak;
    }
}

/* The left microphone of a half, denoised, to both ears; or as late and not denoised. The output's half
 * is written once, and last: in its other half something plays, and in its own perhaps still the end. */
static void work(int32_t half) {
    static int16_t samples[SE_HOP], before[SE_HOP], late[SE_HOP];
    const int bypassed = BSP_PB_GetState(BUTTON_KEY) != 0;
    int16_t *in = heard + half * HALF, *out = said + half * HALF;
    SCB_InvalidateDCache_by_Addr((uint32_t *)(void *)in, (int32_t)sizeof heard / 2);
    for (int i = 0; i < SE_HOP; i++) {
        late[i] = before[i];
        before[i] = samples[i] = in[CHANNELS * i];
    }
    take_level(samples);
    const uint32_t begin = DWT->CYCCNT;
    se_process(&denoiser, samples, samples);
    se_cycles_last = DWT->CYCCNT - begin;
    if (se_cycles_last > se_cycles_most) se_cycles_most = se_cycles_last;
    const int16_t *plays = bypassed ? late : samples;
    for (int i = 0; i < SE_HOP; i++) out[CHANNELS * i] = out[CHANNELS * i + 1] = plays[i];
    SCB_CleanDCache_by_Addr((uint32_t *)(void *)out, (int32_t)sizeof said / 2);
}

static void show_health(uint32_t hop_of_second) {
    const uint32_t off = se_hops_late || se_hops_lost ? HOPS_PER_SECOND / 2 : FLASH_HOPS;
    if (hop_of_second == 0) BSP_LED_On(LED1);
    if (hop_of_second == off) BSP_LED_Off(LED1);
}

/* Share of the time that the denoiser takes, in percent, to the debugger's console. */
static void report(void) {
    const uint32_t percent = se_cycles_last / (SystemCoreClock / SE_SAMPLE_RATE * SE_HOP / 100);
    ITM_SendChar('0' + percent / 100 % 10);
    ITM_SendChar('0' + percent / 10 % 10);
    ITM_SendChar('0' + percent % 10);
    ITM_SendChar('\n');
}

static const char *caches(void) {
    static const char *const on[] = {"none", "data", "code", "both"};
    return on[SCB->CCR >> 16 & 3]; /* the bits DC and IC */
}

/* Starts a line of the serial port, unless some of the last one still has to go: then there is no time. */
static void say_health(void) {
    if (link_busy()) return;
    link_begin("health");
    link_word("board", "stm32f746g-disco");
    link_build();
    link_word("caches", caches());
    link_word("selftest", "passed"); /* or there would be no hops to speak of */
    link_number("hz", SystemCoreClock);
    link_number("cycles", se_cycles_last);
    link_number("most", se_cycles_most);
    link_number("hops", se_hops_done);
    link_number("late", se_hops_late);
    link_number("lost", se_hops_lost);
    link_number("clipped", clipped);
    link_number("peak", peak);
    link_end();
    peak = 0;
}

static void flicker(void) { BSP_LED_Toggle(LED1); }

/* The computer has its own sound denoised. Meanwhile the headphones are silent, and no hop is lost. */
static void exchange(void) {
    const uint32_t lost = se_hops_lost;
    silence();
    link_exchange(&denoiser, 2 * SystemCoreClock, flicker);
    __disable_irq();
    se_hops_lost = lost;
    ready = -1;
    __enable_irq();
}

int main(void) {
    SCB_EnableICache();
    SCB_EnableDCache();
    start_cycle_counter();
    HAL_Init();
    BSP_LED_Init(LED1); /* first: it shows that the clock could not be set */
    set_clock();
    port_open(); /* its rate is a fraction of the clock's */
    BSP_PB_Init(BUTTON_KEY, BUTTON_MODE_GPIO);
    if (!se_selftest(&denoiser)) stop(WRONG_BITS);
    start_audio();
    for (uint32_t hops = 0;; hops++) {
        work(take_half());
        se_hops_done = hops + 1;
        if (ready >= 0) se_hops_late++;
        show_health(hops % HOPS_PER_SECOND);
        if (hops % HOPS_PER_SECOND == 0) {
            report();
            say_health();
        }
        link_step(); /* here, too: a processor that is late does not sleep */
        if (link_asked()) exchange();
    }
}

#else
typedef int se_disco_is_inert; /* C allows no empty file */
#endif
