// What this machine can do at best: the limits that a forward pass is measured against.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/thread_pool.h"

namespace helicon::apps {

// Bytes a second that all threads together read from memory, in one stream each, from more than any
// cache holds: the best of several passes.
double memory_bandwidth(ThreadPool& threads);

// Multiply-adds of 8-bit numbers a second, all threads together, that the instruction of these
// kernels (KernelTable::name) makes from registers, with nothing else to do: vpmaddubsw without its
// widening, vpdpbusd, sdot. 0 where the kernels have no such instruction.
double multiply_adds_per_second(std::string_view kernels, ThreadPool& threads);

}  // namespace helicon::apps
