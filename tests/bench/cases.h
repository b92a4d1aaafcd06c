// The benchmarks by name.
#pragma once

#include <string>
#include <vector>

#include "tests/bench/figures.h"

namespace catena::bench {

struct Size {
  int samples = 100;
  int bursts = 12;
};

std::vector<Figure> measure_exec(const Size& size);
std::vector<Figure> measure_store(const Size& size);
// ADD and DEL of single pods: figures "vpc-route-add" and "del".
std::vector<Figure> measure_pods(const Size& size);
std::vector<Figure> measure_burst(const Size& size);
std::vector<Figure> measure_pool(const Size& size);

}  // namespace catena::bench
