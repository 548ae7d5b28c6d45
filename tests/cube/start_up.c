/* The vectors of the stand-in, as in every start-up file of ST: each handler is a weak alias of one that
 * does nothing, for ever. A strong handler of the program replaces it; a weak one does so only if it is
 * linked first, and one with another name (a mangled one of C++) never. */
void Default_Handler(void);
void HardFault_Handler(void) __attribute__((weak, alias("Default_Handler")));
void SysTick_Handler(void) __attribute__((weak, alias("Default_Handler")));
void DMA2_Stream4_IRQHandler(void) __attribute__((weak, alias("Default_Handler")));
void DMA2_Stream7_IRQHandler(void) __attribute__((weak, alias("Default_Handler")));

void Default_Handler(void) {
    for (;;) {
    }
}

/* By the chip's numbers: 16 of the processor, then the interrupts of its devices. */
__attribute__((section(".isr_vector"), used)) static void (*const interrupt_vectors[])(void) = {
    [3] = HardFault_Handler,
    [15] = SysTick_Handler,
    [16 + 60] = DMA2_Stream4_IRQHandler,
    [16 + 70] = DMA2_Stream7_IRQHandler,
};
