// tests/bench/run is how people start this.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/bench/cases.h"

namespace {

using catena::bench::Figure;
using catena::bench::Size;

struct Case {
  const char* name;  // of its figures; two cases share a measurement where one yields both
  std::vector<Figure> (*measure)(const Size&);
};

constexpr std::array<Case, 21> kCases{{{"exec", catena::bench::measure_exec},
                                       {"store", catena::bench::measure_store},
                                       {"status", catena::bench::measure_status},
                                       {"vpc-route-add", catena::bench::measure_pods},
                                       {"del", catena::bench::measure_pods},
                                       {"burst-30", catena::bench::measure_burst},
                                       {"multiip-add", catena::bench::measure_multiip},
                                       {"chain-add", catena::bench::measure_chain},
                                       {"chain-del", catena::bench::measure_chain},
                                       {"burst-250", catena::bench::measure_many},
                                       {"flow-cost", catena::bench::measure_flow},
                                       {"eni-add", catena::bench::measure_own_eni},
                                       {"eni-ready", catena::bench::measure_own_eni},
                                       {"pool-calls", catena::bench::measure_pool},
                                       {"bandwidth-add", catena::bench::measure_bandwidth},
                                       {"bandwidth-del", catena::bench::measure_bandwidth},
                                       {"policy-add", catena::bench::measure_policy},
                                       {"policy-latency", catena::bench::measure_policy_load},
                                       {"new-flow", catena::bench::measure_new_flow},
                                       {"agent", catena::bench::measure_policy_load},
                                       {"shaping", catena::bench::measure_shaping}}};

struct Arguments {
  std::vector<std::string> names;
  bool json = false;
  Size size;
  // For ctest: what is short is measured once more with more samples and fails only when surely
  // short; on a machine that others keep busy that is a skip, since it would say nothing.
  bool lenient = false;
};

[[noreturn]] void usage() {
  std::fprintf(stderr, "usage: run [NAME...] [--json] [--samples N] [--lenient]\nnames:");
  for (const Case& one : kCases) {
    std::fprintf(stderr, " %s", one.name);
  }
  std::fprintf(stderr, "\n");
  std::exit(2);
}

int count_after(int& i, int argc, char** argv) {
  const int count = ++i < argc ? std::atoi(argv[i]) : 0;  // NOLINT(cert-err34-c): 0 is refused
  if (count <= 0) {
    usage();
  }
  return count;
}

Arguments read_arguments(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--json") {
      arguments.json = true;
    } else if (word == "--samples") {
      arguments.size.samples = count_after(i, argc, argv);
      arguments.size.bursts = std::max(arguments.size.samples / 8, 3);
    } else if (word == "--lenient") {
      arguments.lenient = true;
    } else if (std::ranges::any_of(kCases, [&](const Case& one) { return word == one.name; })) {
      arguments.names.push_back(word);
    } else {
      usage();
    }
  }
  return arguments;
}

bool wanted(const Arguments& arguments, const std::string& name) {
  return arguments.names.empty() || std::ranges::count(arguments.names, name) > 0;
}

bool all_ok(const std::vector<Figure>& figures) {
  return std::ranges::all_of(figures, &Figure::ok);
}

// What share of the processors is in use by others, while this program waits for a second.
double busy_share() {
  struct Ticks {
    double all = 0;
    double idle = 0;
  };
  const auto read_ticks = [] {
    std::ifstream file("/proc/stat");
    std::string name;
    file >> name;
    Ticks ticks;
    double value = 0;
    for (int column = 0; column < 8 && file >> value; ++column) {
      ticks.all += value;
      ticks.idle += column == 3 || column == 4 ? value : 0;  // idle and iowait, proc(5)
    }
    return ticks;
  };
  const Ticks before = read_ticks();
  std::this_thread::sleep_for(std::chrono::seconds(1));
  const Ticks after = read_ticks();
  return 1 - (after.idle - before.idle) / (after.all - before.all);
}

std::vector<Figure> measure(const Case& one, const Arguments& arguments) {
  std::vector<Figure> figures = one.measure(arguments.size);
  if (arguments.lenient && !all_ok(figures)) {
    constexpr int kMore = 3;
    figures = one.measure(
        {.samples = kMore * arguments.size.samples, .bursts = kMore * arguments.size.bursts});
  }
  std::erase_if(figures, [&](const Figure& figure) { return !wanted(arguments, figure.name); });
  return figures;
}

}  // namespace

int main(int argc, char** argv) {
  const Arguments arguments = read_arguments(argc, argv);
  // The stores lie on the file system of the build, not on a /tmp that may be memory.
  ::setenv("TMPDIR", CATENA_BENCH_DIR, 1);  // NOLINT(concurrency-mt-unsafe)

  std::vector<Figure> all;
  std::vector<std::vector<Figure> (*)(const Size&)> measured;
  for (const Case& one : kCases) {
    if (!wanted(arguments, one.name) || std::ranges::count(measured, one.measure) > 0) {
      continue;
    }
    measured.push_back(one.measure);
    for (const Figure& figure : measure(one, arguments)) {
      if (!arguments.json) {
        std::printf("%s\n", catena::bench::as_line(figure).c_str());
        std::fflush(stdout);
      }
      all.push_back(figure);
    }
  }
  if (arguments.json) {
    std::printf("%s\n", catena::bench::as_json(all).c_str());
  }
  // Times depend on the machine; ratios count.
  const auto fails = [](const Figure& figure) {
    return figure.unit != "ms" && figure.surely_short();
  };
  if (arguments.lenient ? std::ranges::none_of(all, fails) : all_ok(all)) {
    return 0;
  }
  constexpr double kBusy = 0.3;
  constexpr int kSkipped = 77;  // SKIP_RETURN_CODE of CMakeLists.txt
  if (const double share = busy_share(); arguments.lenient && share > kBusy) {
    std::printf("SKIP: others use %.0f %% of the processors: figures taken now say nothing\n",
                share * 100);
    return kSkipped;
  }
  return 1;
}
