/* A board and `lstm-se board` on a serial port: lines of text, and hops of sound there and back.
 *
 * A line has a kind, words, and as its last word the checksum of all that stands before it:
 *
 *     se health board=stm32f746g-disco cycles=612345 hops=63 crc=3F2A
 *
 * The computer asks by the byte LINK_ASK. The board answers with a line `se ready`, takes a frame,
 * sends one back, and so on until an empty frame comes, or none for a while. A frame is
 *
 *     LINK_FRAME, two bytes of length, the content, two bytes of checksum of length and content
 *
 * in little-endian. The computer's frames hold a hop of SE_HOP samples. The board's hold the denoised
 * one and the processor's cycles, four bytes; or nothing, if what came was damaged. Checksums are
 * CRC-16 with the polynomial 0x1021, from 0xFFFF on. lstm_se/chip/link.py is the other end.
 */
#ifndef LINK_H
#define LINK_H

#include "../../speech_denoiser/se.h"

#define LINK_ASK 'T'
#define LINK_FRAME 2 /* occurs in no line */

#ifdef __cplusplus
extern "C" {
#endif

/* What the board provides: port.c. None of them waits. */
void port_open(void);
int port_write(uint8_t byte); /* 1 if the port has taken the byte, 0 if it has no room now */
int port_read(void);          /* a byte, or -1 if none came */
uint32_t port_cycles(void);   /* the processor's, modulo 2^32 */

/* Compose a line: begin, words and numbers, end. Only then it goes. */
void link_begin(const char *kind);
void link_word(const char *key, const char *text);
void link_number(const char *key, uint32_t number);
void link_build(void); /* words about what was compiled, and how */
void link_end(void);

/* To be called often: hands one byte of the line to the port if there is room, and looks for a question. */
void link_step(void);
int link_busy(void);   /* whether some of the line still has to go */
void link_flush(void); /* waits until all of it has gone */
int link_asked(void);  /* whether the computer has asked for the exchange of hops */

/* The exchange of hops: from silence and without a limit, until an empty frame comes, or nothing for so
 * many cycles. It takes all of the processor's time; `alive` is called after each hop. The denoiser
 * begins anew afterwards, with the limit that it had. */
void link_exchange(se_state *denoiser, uint32_t patience, void (*alive)(void));

#ifdef __cplusplus
}
#endif

#endif
