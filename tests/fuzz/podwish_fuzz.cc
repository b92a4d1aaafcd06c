// What users write into annotations, pods of the API server, kubelet's checkpoint.
#include <string>

#include <nlohmann/json.hpp>

#include "common/podwish/checkpoint.h"
#include "common/podwish/quantity.h"
#include "common/podwish/wishes.h"
#include "tests/fuzz/fuzz.h"

namespace {

namespace podwish = catena::podwish;

void read_pod(const nlohmann::json& pod) {
  const podwish::Wishes wishes = podwish::wishes_of(pod);
  const auto again = podwish::parse_wishes(podwish::to_json(wishes));
  catena::fuzz::must(again.ok() && again->eni == wishes.eni &&
                         again->annotations == wishes.annotations && again->uid == wishes.uid,
                     "an answer is read as it was written");
  catena::fuzz::must(wishes.eni || !podwish::asks_for_eni(wishes.annotations),
                     "the annotation counts");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = catena::fuzz::text_of(data, size);
  const auto bits = podwish::parse_quantity(text);
  const auto limits =
      podwish::bandwidth_of({{std::string(podwish::kIngressBandwidth), std::string(text)},
                             {std::string(podwish::kEgressBytes), std::string(text)}});
  if (limits.ok()) {
    catena::fuzz::must(limits->ingress == bits, "both read a quantity alike");
    catena::fuzz::must(limits->egress == podwish::parse_bytes_as_bits(text), "and bytes");
  }
  [[maybe_unused]] const auto pods = podwish::parse_checkpoint(std::string(text), "aliyun/eni");
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_discarded()) {
    read_pod(json);
    [[maybe_unused]] const auto wishes = podwish::parse_wishes(json);
  }
  return 0;
}
