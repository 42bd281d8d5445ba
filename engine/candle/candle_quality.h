/*
 * candle_quality: the flags that counts say, and the score (docs/candles.md, "Quality"). Pure.
 */
#ifndef REWICK_ENGINE_CANDLE_CANDLE_QUALITY_H
#define REWICK_ENGINE_CANDLE_CANDLE_QUALITY_H

#include "engine/candle/candle.h"

/* Adds flags to those that are there and sets the score, from all other members. */
void candle_judge(struct candle *candle);

#endif
