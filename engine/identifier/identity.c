#include "engine/identifier/identity.h"
