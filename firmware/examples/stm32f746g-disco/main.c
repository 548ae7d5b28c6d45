/* STM32F746G-DISCO: digital microphones -> denoiser -> headphones, at 16 kHz.
 *
 * Needs the HAL, the BSP of the board and its WM8994 driver from the STM32CubeF7 pack (the driver that
 * is on its own elsewhere does not fit this BSP). Define SE_EXAMPLE_STM32F746G_DISCO to compile it.
 * While the blue button is pressed you hear the microphones as they are. The green light tells that
 * the self-test failed or that a hop came too late. This code has never been run on a board.
 */
#ifdef SE_EXAMPLE_STM32F746G_DISCO

#include "../../speech_denoiser/se.h"
#include "stm32746g_discovery.h"
#include "stm32746g_discovery_audio.h"

#define CHANNELS 2
#define HALF (SE_HOP * CHANNELS) /* samples of one half of a ring: one hop, left and right */
#define CYCLES_PER_HOP (216000000 / SE_SAMPLE_RATE * SE_HOP)

extern SAI_HandleTypeDef haudio_out_sai, haudio_in_sai;

/* Two halves each: while the DMA fills or plays one, the processor works on the other. The DMA does
 * not look into the data cache. Wherever the linker puts these rings, whole cache lines belong to
 * them alone, and every half is invalidated before it is read and cleaned after it is written. */
static int16_t heard[2 * HALF] __attribute__((aligned(32)));
static int16_t said[2 * HALF] __attribute__((aligned(32)));

static se_state denoiser;
static volatile int32_t ready = -1; /* half that the DMA has just filled, or none */

/* For the debugger's live expressions. */
volatile uint32_t se_cycles_last, se_cycles_most, se_hops_lost;

static void half_is_ready(int32_t half) {
    if (ready >= 0) se_hops_lost++;
    ready = half;
}

void BSP_AUDIO_IN_HalfTransfer_CallBack(void) { half_is_ready(0); }
void BSP_AUDIO_IN_TransferComplete_CallBack(void) { half_is_ready(1); }

void AUDIO_IN_SAIx_DMAx_IRQHandler(void) { HAL_DMA_IRQHandler(haudio_in_sai.hdmarx); }
void AUDIO_OUT_SAIx_DMAx_IRQHandler(void) { HAL_DMA_IRQHandler(haudio_out_sai.hdmatx); }

/* CubeIDE writes one of its own into stm32f7xx_it.c: that one is taken then. */
__attribute__((weak)) void SysTick_Handler(void) { HAL_IncTick(); }

static void stop(void) {
    BSP_LED_On(LED1);
    for (;;) {
    }
}

/* 216 MHz from the crystal of 25 MHz. */
static void set_clock(void) {
    RCC_OscInitTypeDef oscillator = {0};
    RCC_ClkInitTypeDef clock = {0};
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
    if (HAL_RCC_OscConfig(&oscillator) != HAL_OK) stop();
    if (HAL_PWREx_EnableOverDrive() != HAL_OK) stop(); /* without it 180 MHz is the end */
    clock.ClockType = RCC_CLOCKTYPE_SYSCLK | RCC_CLOCKTYPE_HCLK | RCC_CLOCKTYPE_PCLK1 | RCC_CLOCKTYPE_PCLK2;
    clock.SYSCLKSource = RCC_SYSCLKSOURCE_PLLCLK;
    clock.AHBCLKDivider = RCC_SYSCLK_DIV1;
    clock.APB1CLKDivider = RCC_HCLK_DIV4;
    clock.APB2CLKDivider = RCC_HCLK_DIV2;
    if (HAL_RCC_ClockConfig(&clock, FLASH_LATENCY_7) != HAL_OK) stop();
}

static void start_cycle_counter(void) {
    CoreDebug->DEMCR |= CoreDebug_DEMCR_TRCENA_Msk;
    DWT->LAR = 0xC5ACCE55; /* on a Cortex-M7 the counter is locked */
    DWT->CYCCNT = 0;
    DWT->CTRL |= DWT_CTRL_CYCCNTENA_Msk;
}

static void start_audio(void) {
    /* BSP_AUDIO_FREQUENCY_16K does not exist; the default of the input is 16 kHz */
    if (BSP_AUDIO_IN_OUT_Init(INPUT_DEVICE_DIGITAL_MICROPHONE_2, OUTPUT_DEVICE_HEADPHONE,
                              DEFAULT_AUDIO_IN_FREQ, DEFAULT_AUDIO_IN_BIT_RESOLUTION,
                              CHANNELS) != AUDIO_OK)
        stop();
    BSP_AUDIO_OUT_SetAudioFrameSlot(CODEC_AUDIOFRAME_SLOT_02);
    BSP_AUDIO_OUT_SetVolume(80);
    BSP_AUDIO_IN_Record((uint16_t *)heard, 2 * HALF);     /* in half-words */
    BSP_AUDIO_OUT_Play((uint16_t *)said, sizeof said);    /* in bytes */
}

/* The left microphone of a half, denoised, to both ears; or as late and not denoised. */
static void work(int32_t half) {
    static int16_t samples[SE_HOP], before[SE_HOP];
    const int bypassed = BSP_PB_GetState(BUTTON_KEY) != 0;
    int16_t *in = heard + half * HALF, *out = said + half * HALF;
    SCB_InvalidateDCache_by_Addr((uint32_t *)(void *)in, (int32_t)sizeof heard / 2);
    for (int i = 0; i < SE_HOP; i++) {
        out[CHANNELS * i] = out[CHANNELS * i + 1] = before[i];
        before[i] = samples[i] = in[CHANNELS * i];
    }
    const uint32_t begin = DWT->CYCCNT;
    se_process(&denoiser, samples, samples);
    se_cycles_last = DWT->CYCCNT - begin;
    if (se_cycles_last > se_cycles_most) se_cycles_most = se_cycles_last;
    for (int i = 0; i < SE_HOP && !bypassed; i++)
        out[CHANNELS * i] = out[CHANNELS * i + 1] = samples[i];
    SCB_CleanDCache_by_Addr((uint32_t *)(void *)out, (int32_t)sizeof said / 2);
}

/* Share of the time that the denoiser takes, in percent, once a second to the debugger's console. */
static void report(void) {
    const uint32_t percent = se_cycles_last / (CYCLES_PER_HOP / 100);
    ITM_SendChar('0' + percent / 10 % 10);
    ITM_SendChar('0' + percent % 10);
    ITM_SendChar('\n');
}

int main(void) {
    SCB_EnableICache();
    SCB_EnableDCache();
    HAL_Init();
    BSP_LED_Init(LED1); /* first: it shows that the clock could not be set */
    set_clock();
    BSP_PB_Init(BUTTON_KEY, BUTTON_MODE_GPIO);
    start_cycle_counter();
    if (!se_selftest(&denoiser)) stop();
    start_audio();
    for (uint32_t hops = 0;; hops++) {
        while (ready < 0) __WFI();
        work(ready);
        ready = -1;
        if (se_hops_lost) BSP_LED_On(LED1);
        if (hops % (SE_SAMPLE_RATE / SE_HOP) == 0) report();
    }
}

#else
typedef int se_disco_is_inert; /* C allows no empty file */
#endif
