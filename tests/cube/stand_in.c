/* Stands in for ST's HAL and BSP, of which no line is in here: with it the example for the board links
 * and runs. What a function does to the world, it does by a store into the registers below, which
 * lstm_se/chip/board.py answers. */
#include "stm32746g_discovery.h"
#include "stm32746g_discovery_audio.h"

typedef struct {
    uint32_t wait_us;                 /* time that passes: for the bus of the codec */
    uint32_t tick_us;                 /* period of SysTick */
    uint32_t in_address, in_length;   /* half-words; a store of the length starts the ring */
    uint32_t out_address, out_length;
    uint32_t events;                  /* halves that were filled or played; a store clears them */
    uint32_t clean_address, clean_size, invalidate_address, invalidate_size;
    uint32_t light, button, character, slots, volume;
    uint32_t faults;                  /* what is broken */
    DWT_Type counter;
    uint32_t serial_divider; /* of the clock of USART1 */
    USART_TypeDef usart;
} registers;
#define BOARD ((volatile registers *)0x40000000)

enum { IN_HALF = 1, IN_FULL = 2, OUT_HALF = 4, OUT_FULL = 8 };            /* events */
enum { CRYSTAL = 1, OVER_DRIVE = 2, CODEC = 4, WORDS = 8, DEAF = 16, MUTE = 32 }; /* faults */

static DMA_HandleTypeDef dma_in = {{DMA_MDATAALIGN_HALFWORD, DMA_MDATAALIGN_HALFWORD}, IN_HALF, IN_FULL};
static DMA_HandleTypeDef dma_out = {{DMA_MDATAALIGN_HALFWORD, DMA_MDATAALIGN_HALFWORD}, OUT_HALF, OUT_FULL};
SAI_HandleTypeDef haudio_in_sai, haudio_out_sai;
static volatile uint32_t ticks;

static CoreDebug_Type core_debug;
CoreDebug_Type *const CoreDebug = &core_debug;
DWT_Type *const DWT = (DWT_Type *)&BOARD->counter;
uint32_t SystemCoreClock = 16000000; /* of the oscillator that the chip starts with */

HAL_StatusTypeDef HAL_Init(void) {
    BOARD->tick_us = 1000;
    return HAL_OK;
}

void HAL_IncTick(void) { ticks++; }
uint32_t HAL_GetTick(void) { return ticks; }

/* As HAL_Delay: for ever, where nobody counts the ticks. */
static void wait_for_ticks(uint32_t number) {
    const uint32_t begin = ticks;
    while (ticks - begin < number) __WFI();
}

HAL_StatusTypeDef HAL_RCC_OscConfig(RCC_OscInitTypeDef *oscillator) {
    const RCC_PLLInitTypeDef *pll = &oscillator->PLL;
    if (25 * pll->PLLN / pll->PLLM / pll->PLLP != 216) return HAL_ERROR;
    return BOARD->faults & CRYSTAL ? HAL_ERROR : HAL_OK;
}

HAL_StatusTypeDef HAL_PWREx_EnableOverDrive(void) {
    return BOARD->faults & OVER_DRIVE ? HAL_ERROR : HAL_OK;
}

HAL_StatusTypeDef HAL_RCC_ClockConfig(RCC_ClkInitTypeDef *clock, uint32_t latency) {
    if (clock->SYSCLKSource != RCC_SYSCLKSOURCE_PLLCLK || latency != FLASH_LATENCY_7) return HAL_ERROR;
    SystemCoreClock = 216000000;
    return HAL_OK;
}

void BSP_LED_Init(Led_TypeDef led) { (void)led; }
void BSP_LED_On(Led_TypeDef led) { BOARD->light = led == LED1; }
void BSP_LED_Off(Led_TypeDef led) { BOARD->light = led != LED1; }
void BSP_LED_Toggle(Led_TypeDef led) { BOARD->light ^= led == LED1; }
void BSP_PB_Init(Button_TypeDef button, ButtonMode_TypeDef mode) { (void)button, (void)mode; }
uint32_t BSP_PB_GetState(Button_TypeDef button) { return button == BUTTON_KEY ? BOARD->button : 0; }

void BSP_COM_Init(COM_TypeDef com, UART_HandleTypeDef *handle) {
    const UART_InitTypeDef *init = &handle->Init;
    if (com != COM1 || init->Mode != UART_MODE_TX_RX || init->WordLength || init->StopBits || init->Parity ||
        init->HwFlowCtl || init->OverSampling)
        return; /* it stays closed */
    handle->Instance = (USART_TypeDef *)&BOARD->usart;
    BOARD->serial_divider = (SystemCoreClock == 216000000 ? 108000000 : SystemCoreClock) / init->BaudRate;
}

uint8_t BSP_AUDIO_IN_OUT_Init(uint16_t input, uint16_t output, uint32_t frequency, uint32_t bits,
                              uint32_t channels) {
    wait_for_ticks(2); /* the codec wakes up */
    if (input != INPUT_DEVICE_DIGITAL_MICROPHONE_2 || output != OUTPUT_DEVICE_HEADPHONE ||
        frequency != AUDIO_FREQUENCY_16K || bits != 16 || channels != 2 || BOARD->faults & CODEC)
        return 1;
    if (BOARD->faults & WORDS) dma_in.Init.MemDataAlignment = DMA_MDATAALIGN_WORD;
    haudio_in_sai.hdmarx = &dma_in;
    haudio_out_sai.hdmatx = &dma_out;
    BOARD->slots = 0xA; /* those of the microphones */
    return AUDIO_OK;
}

void BSP_AUDIO_OUT_SetAudioFrameSlot(uint32_t slot) { BOARD->slots = slot; }

uint8_t BSP_AUDIO_OUT_SetVolume(uint8_t volume) {
    BOARD->wait_us = 10 * 431; /* so many registers of the codec, over its bus */
    BOARD->volume = volume;
    return volume > 100;
}

uint8_t BSP_AUDIO_IN_Record(uint16_t *buffer, uint32_t half_words) {
    if (BOARD->faults & DEAF) return AUDIO_OK;
    BOARD->in_address = (uint32_t)buffer;
    BOARD->in_length = half_words;
    return AUDIO_OK;
}

uint8_t BSP_AUDIO_OUT_Play(uint16_t *buffer, uint32_t bytes) {
    BOARD->wait_us = 2 * 431; /* the ring starts after these */
    if (BOARD->faults & MUTE) return AUDIO_OK; /* ST's does not look whether it has started, either */
    BOARD->out_address = (uint32_t)buffer;
    BOARD->out_length = bytes / 2;
    return AUDIO_OK;
}

void HAL_DMA_IRQHandler(DMA_HandleTypeDef *dma) {
    const uint32_t events = BOARD->events & (dma->half | dma->full);
    BOARD->events = events;
    if (events & IN_HALF) BSP_AUDIO_IN_HalfTransfer_CallBack();
    if (events & IN_FULL) BSP_AUDIO_IN_TransferComplete_CallBack();
    if (events & OUT_HALF) BSP_AUDIO_OUT_HalfTransfer_CallBack();
    if (events & OUT_FULL) BSP_AUDIO_OUT_TransferComplete_CallBack();
}

__attribute__((weak)) void BSP_AUDIO_OUT_HalfTransfer_CallBack(void) {}
__attribute__((weak)) void BSP_AUDIO_OUT_TransferComplete_CallBack(void) {}

static SCB_Type control_block;
SCB_Type *const SCB = &control_block;
void SCB_EnableICache(void) { SCB->CCR |= 1U << 17; }
void SCB_EnableDCache(void) { SCB->CCR |= 1U << 16; }

void SCB_CleanDCache_by_Addr(uint32_t *address, int32_t size) {
    BOARD->clean_address = (uint32_t)address;
    BOARD->clean_size = (uint32_t)size;
}

void SCB_InvalidateDCache_by_Addr(void *address, int32_t size) {
    BOARD->invalidate_address = (uint32_t)address;
    BOARD->invalidate_size = (uint32_t)size;
}

uint32_t ITM_SendChar(uint32_t character) { return BOARD->character = character; }
void __WFI(void) { __asm__ volatile("wfi" ::: "memory"); }
void __ISB(void) { __asm__ volatile("isb" ::: "memory"); }
void __disable_irq(void) { __asm__ volatile("cpsid i" ::: "memory"); }
void __enable_irq(void) { __asm__ volatile("cpsie i" ::: "memory"); }
