/* What a program under an emulator or a debugger may ask of the host. */
#ifndef SE_SEMIHOSTING_H
#define SE_SEMIHOSTING_H

void host_print(const char *text);
void host_exit(int code);

#endif
