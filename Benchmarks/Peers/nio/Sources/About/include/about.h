/* In C, where text lives as long as the program. */
#pragma once

#include "kit.h"

extern const struct kit_about nio_about;
