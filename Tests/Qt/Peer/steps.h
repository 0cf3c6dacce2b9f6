/* A Qt program that is led step by step: `qt-peer steps`. */
#pragma once

int steps();
