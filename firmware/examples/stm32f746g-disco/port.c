/* The ST-LINK's serial port, which is USART1: PA9 sends, PB7 receives.
 *
 * It is polled. It has no interrupt that could delay the sound's, and nobody waits for it while sound
 * runs: the processor wakes up every millisecond anyway, and hands it a byte (link_step).
 */
#ifdef SE_EXAMPLE_STM32F746G_DISCO

#include "link.h"
#include "stm32746g_discovery.h"

#ifndef BAUD
#define BAUD 115200 /* tell `lstm-se board --baud` the same */
#endif

static UART_HandleTypeDef port;

void port_open(void) {
    port.Init.BaudRate = BAUD;
    port.Init.WordLength = UART_WORDLENGTH_8B;
    port.Init.StopBits = UART_STOPBITS_1;
    port.Init.Parity = UART_PARITY_NONE;
    port.Init.Mode = UART_MODE_TX_RX;
    port.Init.HwFlowCtl = UART_HWCONTROL_NONE;
    port.Init.OverSampling = UART_OVERSAMPLING_16;
    BSP_COM_Init(COM1, &port); /* its clock and its pins, too */
}

int port_write(uint8_t byte) {
    if (!port.Instance) return 1; /* not open yet: the byte goes nowhere */
    if (!__HAL_UART_GET_FLAG(&port, UART_FLAG_TXE)) return 0;
    port.Instance->TDR = byte;
    return 1;
}

/* A byte that came at another rate is none. */
int port_read(void) {
    if (!port.Instance || !__HAL_UART_GET_FLAG(&port, UART_FLAG_RXNE)) return -1;
    const uint32_t faults = port.Instance->ISR & (UART_FLAG_FE | UART_FLAG_NE);
    __HAL_UART_CLEAR_FLAG(&port, UART_CLEAR_FEF | UART_CLEAR_NEF | UART_CLEAR_OREF);
    const uint32_t byte = port.Instance->RDR;
    return faults ? -1 : (int)(byte & 0xFF);
}

uint32_t port_cycles(void) { return DWT->CYCCNT; }

#else
typedef int se_port_is_inert; /* C allows no empty file */
#endif
