#include <array>
#include <cstdio>
#include <cstdlib>

#include "common/ipam/store.h"
#include "tests/bench/cases.h"
#include "tests/bench/launcher.h"
#include "tests/support/temp_dir.h"

namespace catena::bench {
namespace {

using base::IpAddress;
using base::Result;

template <typename T>
T must(Result<T> result) {
  if (!result.ok()) {
    std::fprintf(stderr, "bench: %s\n", result.error().text().c_str());
    std::exit(2);
  }
  return std::move(result).value();
}

ipam::Range all_of_a_sixteen() {
  const base::Prefix subnet = must(base::Prefix::parse("172.30.0.0/16"));
  return {.subnet = subnet,
          .first = must(IpAddress::parse("172.30.0.1")),
          .last = must(IpAddress::parse("172.30.255.254")),
          .gateway = {},
          .exclude = {}};
}

// A store that holds so many bound addresses, and goes on holding them.
class Filled {
 public:
  explicit Filled(int bound) {
    for (int i = 0; i < bound; ++i) {
      claim("bound-" + std::to_string(i));
    }
  }
  double time_claim(int round) {
    const std::string id = "round-" + std::to_string(round);
    const double begin = now_ms();
    claim(id);
    const double took = now_ms() - begin;
    // Opened anew each time, as each plugin call does.
    must(ipam::Store(dir_.path(), options()).release(id, "eth0"));
    return took;
  }

 private:
  static ipam::Options options() { return {.cooling = std::chrono::milliseconds(0)}; }
  void claim(const std::string& id) {
    const ipam::Claim claim{.owner = {.container_id = id,
                                      .if_name = "eth0",
                                      .network = "bench",
                                      .netns = "/run/netns/" + id,
                                      .pod = "default/" + id},
                            .sets = {{all_of_a_sixteen()}},
                            .wanted = {}};
    must(ipam::Store(dir_.path(), options()).claim(claim, [](const IpAddress&) -> Result<bool> {
      return false;
    }));
  }

  test::TempDir dir_;
};

}  // namespace

std::vector<Figure> measure_store(const Size& size) {
  Filled few(16);
  Filled many(4096);
  Samples few_times;
  Samples many_times;
  few.time_claim(-1);
  many.time_claim(-1);
  for (int i = 0; i < 3 * size.samples; ++i) {
    few_times.push_back(few.time_claim(i));
    many_times.push_back(many.time_claim(i));
  }
  Figure figure = ratio_of("store", many_times, few_times, 1.5);
  figure.note = "claim with 4,096 bound: " + number(median(many_times)) + " ms; with 16 " +
                number(median(few_times)) + " ms";
  return {figure};
}

}  // namespace catena::bench
