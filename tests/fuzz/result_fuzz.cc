// A result, in every version: what is printed is read as the same.
#include <nlohmann/json.hpp>

#include "common/cni/result.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using catena::fuzz::must;
  const auto json = catena::base::parse_json(catena::fuzz::text_of(data, size), 8192);
  if (!json.ok()) {
    return 0;
  }
  for (const catena::cni::Version version : catena::cni::kVersions) {
    const auto result = catena::cni::result_from_json(*json, version, "prevResult");
    if (!result.ok()) {
      must(result.error().is(catena::base::ErrorKind::kUndecodable), "a bad result is code 6");
      continue;
    }
    for (const catena::cni::IpConfig& ip : result->ips) {
      must(static_cast<std::size_t>(ip.interface.value_or(-1) + 1) <= result->interfaces.size(),
           "an interface index is one of the list");
    }
    const nlohmann::json printed = catena::cni::result_to_json(*result, version);
    const auto again = catena::cni::result_from_json(printed, version);
    must(again.ok(), "what is printed is read");
    must(catena::cni::result_to_json(*again, version) == printed, "as the same");
  }
  return 0;
}
