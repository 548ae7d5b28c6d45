/* As stm32746g_discovery.h: declarations of the audio part of the board's package. */
#ifndef STM32746G_DISCOVERY_AUDIO_H
#define STM32746G_DISCOVERY_AUDIO_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    uint32_t PeriphDataAlignment, MemDataAlignment;
} DMA_InitTypeDef;

typedef struct {
    DMA_InitTypeDef Init;
    uint32_t half, full; /* not ST's: the events that this stream answers in the stand-in */
} DMA_HandleTypeDef;

typedef struct {
    DMA_HandleTypeDef *hdmatx, *hdmarx;
} SAI_HandleTypeDef;

#define DMA_MDATAALIGN_HALFWORD 0x2000U
#define DMA_MDATAALIGN_WORD 0x4000U
#define INPUT_DEVICE_DIGITAL_MICROPHONE_2 ((uint16_t)0x0200)
#define OUTPUT_DEVICE_HEADPHONE ((uint16_t)0x0002)
#define AUDIO_FREQUENCY_16K ((uint32_t)16000)
#define DEFAULT_AUDIO_IN_BIT_RESOLUTION ((uint8_t)16)
#define CODEC_AUDIOFRAME_SLOT_02 0x5U
#define AUDIO_OK ((uint8_t)0)
#define AUDIO_IN_SAIx_DMAx_IRQHandler DMA2_Stream7_IRQHandler
#define AUDIO_OUT_SAIx_DMAx_IRQHandler DMA2_Stream4_IRQHandler

uint8_t BSP_AUDIO_IN_OUT_Init(uint16_t input, uint16_t output, uint32_t frequency, uint32_t bits,
                              uint32_t channels);
uint8_t BSP_AUDIO_IN_Record(uint16_t *buffer, uint32_t half_words);
uint8_t BSP_AUDIO_OUT_Play(uint16_t *buffer, uint32_t bytes);
uint8_t BSP_AUDIO_OUT_SetVolume(uint8_t volume);
void BSP_AUDIO_OUT_SetAudioFrameSlot(uint32_t slot);
void BSP_AUDIO_IN_HalfTransfer_CallBack(void);
void BSP_AUDIO_IN_TransferComplete_CallBack(void);
void BSP_AUDIO_OUT_HalfTransfer_CallBack(void);
void BSP_AUDIO_OUT_TransferComplete_CallBack(void);
void HAL_DMA_IRQHandler(DMA_HandleTypeDef *dma);

#ifdef __cplusplus
}
#endif
#endif
