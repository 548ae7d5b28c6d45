/* SPDX-License-Identifier: MIT */
/* Written by `lstm-se export --to c`; edits are lost at the next one. */
#ifndef SE_WEIGHTS_H
#define SE_WEIGHTS_H

#define SE_BANDS 104
#define SE_LAYERS 2
#define SE_INPUTS 616
#define SE_CELLS 256
#define SE_CELL_CLIP 20480
#define SE_MOST_INPUTS 256
#define SE_MASK_INPUTS 128
#define SE_MASK_OUTPUTS 257
#define SE_MASK_ROWS 260
#define SE_MASK_SIZE 260
#define SE_SUBBANDS 0
#define SE_LOCAL 1
#define SE_EXCHANGES 120
#define SE_BAND_WEIGHTS 433
#define SE_FLOOR 1.0e-09f
#define SE_LOG_SCALE 1.50515e-01f
#define SE_LOG2_TERMS 6
#define SE_LEVEL_DECAY 9.946809e-01f
#define SE_BAND_SHARE 9.615385e-03f
#define SE_FEATURE_UNIT 8.192e+03f
#define SE_MASK_STEP 3.0517578e-05f
#define SE_OUTPUT_UNIT 2.097152e+06f
#define SE_MODEL_SHA256 "5ef8c6354893"
#define SE_SELFTEST_HOPS 63
#define SE_SELFTEST_CRC 0x55dd83ddu

#endif
