#include "engine/candle/composite.h"
