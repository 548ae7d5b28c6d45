/* Declarations that the example for the board uses, as ST's headers have them, and nothing else. They
 * let a compiler check the example where ST's code is not at hand; stand_in.c gives them bodies. */
#ifndef STM32746G_DISCOVERY_H
#define STM32746G_DISCOVERY_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum { HAL_OK = 0, HAL_ERROR = 1 } HAL_StatusTypeDef;
typedef enum { LED1 = 0 } Led_TypeDef;
typedef enum { BUTTON_WAKEUP = 0, BUTTON_TAMPER = 1, BUTTON_KEY = 2 } Button_TypeDef;
typedef enum { BUTTON_MODE_GPIO = 0, BUTTON_MODE_EXTI = 1 } ButtonMode_TypeDef;
typedef enum { COM1 = 0, COM2 = 1 } COM_TypeDef;

typedef struct {
    uint32_t PLLState, PLLSource, PLLM, PLLN, PLLP, PLLQ;
} RCC_PLLInitTypeDef;

typedef struct {
    uint32_t OscillatorType, HSEState;
    RCC_PLLInitTypeDef PLL;
} RCC_OscInitTypeDef;

typedef struct {
    uint32_t ClockType, SYSCLKSource, AHBCLKDivider, APB1CLKDivider, APB2CLKDivider;
} RCC_ClkInitTypeDef;

#define RCC_OSCILLATORTYPE_HSE 0x1U
#define RCC_HSE_ON 0x10000U
#define RCC_PLL_ON 2U
#define RCC_PLLSOURCE_HSE 0x400000U
#define RCC_PLLP_DIV2 2U
#define RCC_CLOCKTYPE_SYSCLK 1U
#define RCC_CLOCKTYPE_HCLK 2U
#define RCC_CLOCKTYPE_PCLK1 4U
#define RCC_CLOCKTYPE_PCLK2 8U
#define RCC_SYSCLKSOURCE_PLLCLK 2U
#define RCC_SYSCLK_DIV1 0U
#define RCC_HCLK_DIV2 0x1000U
#define RCC_HCLK_DIV4 0x1400U
#define FLASH_LATENCY_7 7U
#define PWR_REGULATOR_VOLTAGE_SCALE1 0xC000U
#define __HAL_RCC_PWR_CLK_ENABLE() ((void)0)
#define __HAL_PWR_VOLTAGESCALING_CONFIG(scale) ((void)(scale))

HAL_StatusTypeDef HAL_Init(void);
void HAL_IncTick(void);
uint32_t HAL_GetTick(void);
HAL_StatusTypeDef HAL_RCC_OscConfig(RCC_OscInitTypeDef *oscillator);
HAL_StatusTypeDef HAL_RCC_ClockConfig(RCC_ClkInitTypeDef *clock, uint32_t latency);
HAL_StatusTypeDef HAL_PWREx_EnableOverDrive(void);

typedef struct {
    volatile uint32_t ISR, ICR, RDR, TDR;
} USART_TypeDef;

typedef struct {
    uint32_t BaudRate, WordLength, StopBits, Parity, Mode, HwFlowCtl, OverSampling;
} UART_InitTypeDef;

typedef struct {
    USART_TypeDef *Instance;
    UART_InitTypeDef Init;
} UART_HandleTypeDef;

#define UART_WORDLENGTH_8B 0U
#define UART_STOPBITS_1 0U
#define UART_PARITY_NONE 0U
#define UART_MODE_TX_RX 0xCU
#define UART_HWCONTROL_NONE 0U
#define UART_OVERSAMPLING_16 0U
#define UART_FLAG_FE 0x2U
#define UART_FLAG_NE 0x4U
#define UART_FLAG_RXNE 0x20U
#define UART_FLAG_TXE 0x80U
#define UART_CLEAR_FEF 0x2U
#define UART_CLEAR_NEF 0x4U
#define UART_CLEAR_OREF 0x8U
#define __HAL_UART_GET_FLAG(handle, flag) (((handle)->Instance->ISR & (flag)) == (flag))
#define __HAL_UART_CLEAR_FLAG(handle, flag) ((handle)->Instance->ICR = (flag))

void BSP_COM_Init(COM_TypeDef port, UART_HandleTypeDef *handle);

void BSP_LED_Init(Led_TypeDef led);
void BSP_LED_On(Led_TypeDef led);
void BSP_LED_Off(Led_TypeDef led);
void BSP_LED_Toggle(Led_TypeDef led);
void BSP_PB_Init(Button_TypeDef button, ButtonMode_TypeDef mode);
uint32_t BSP_PB_GetState(Button_TypeDef button);

/* Of the core, from CMSIS. */
typedef struct {
    volatile uint32_t DEMCR;
} CoreDebug_Type;

typedef struct {
    volatile uint32_t CTRL, CYCCNT, LAR;
} DWT_Type;

extern uint32_t SystemCoreClock;
extern CoreDebug_Type *const CoreDebug;
extern DWT_Type *const DWT;
#define CoreDebug_DEMCR_TRCENA_Msk (1UL << 24)
#define DWT_CTRL_CYCCNTENA_Msk 1UL

typedef struct {
    volatile uint32_t CCR;
} SCB_Type;

extern SCB_Type *const SCB;
void SCB_EnableICache(void);
void SCB_EnableDCache(void);
void SCB_InvalidateDCache_by_Addr(void *address, int32_t size);
void SCB_CleanDCache_by_Addr(uint32_t *address, int32_t size);
uint32_t ITM_SendChar(uint32_t character);
void __WFI(void);
void __ISB(void);
void __disable_irq(void);
void __enable_irq(void);

#ifdef __cplusplus
}
#endif
#endif
