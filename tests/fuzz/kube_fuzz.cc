// What the API server's neighbours may send: kubeconfigs, lists and watches, in pieces of any size.
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "common/kube/base64.h"
#include "common/kube/stream.h"
#include "common/kube/yaml.h"
#include "tests/fuzz/fuzz.h"

namespace {

using catena::kube::EventBody;
using catena::kube::ListBody;

struct Taken {
  std::vector<nlohmann::json> objects;
  bool good = true;
  bool operator==(const Taken&) const = default;
};

template <typename Stream>
void feed(Stream& stream, std::string_view text, std::size_t size, Taken& taken) {
  stream.begin();
  for (std::size_t at = 0; at < text.size() && taken.good; at += size) {
    taken.good = stream.take(text.substr(at, size)).ok();
  }
}

Taken take_list(std::string_view text, std::size_t size) {
  Taken taken;
  ListBody body([&](nlohmann::json&& object) { taken.objects.push_back(std::move(object)); });
  feed(body, text, size, taken);
  taken.good = taken.good && body.rest().ok();
  return taken;
}

Taken take_events(std::string_view text, std::size_t size) {
  Taken taken;
  EventBody body([&](std::string_view /*type*/, nlohmann::json&& object) {
    taken.objects.push_back(std::move(object));
    return catena::base::Status();
  });
  feed(body, text, size, taken);
  return taken;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = catena::fuzz::text_of(data, size);
  [[maybe_unused]] const auto yaml = catena::kube::read_yaml(text);
  [[maybe_unused]] const auto bytes = catena::kube::decode_base64(text);
  catena::fuzz::must(take_list(text, 1) == take_list(text, size + 1), "a list in pieces is a list");
  catena::fuzz::must(take_events(text, 1) == take_events(text, size + 1), "so is a watch");
  if (const Taken whole = take_list(text, 7); whole.good) {
    const auto parsed = nlohmann::json::parse(text, nullptr, false);
    catena::fuzz::must(parsed.is_object(), "what is taken as a list is JSON");
  }
  return 0;
}
