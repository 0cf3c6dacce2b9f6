#pragma once

#include "../Kit/kit.h"

void client(struct kit *kit);
void serve_one(struct kit *kit);
void serve_many(struct kit *kit);
