#include "common/podwish/wishes.h"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "common/base/fields.h"
#include "common/base/json_path.h"

namespace catena::podwish {
namespace {

using base::Error;
using base::Result;
using Json = nlohmann::json;

// In the annotations of a static pod's mirror.
constexpr std::string_view kConfigHash = "kubernetes.io/config.hash";

// The API server writes quantities canonically, so no other text is zero.
bool is_some(const Json* quantity) {
  if (quantity == nullptr) {
    return false;
  }
  if (const auto* text = quantity->get_ptr<const std::string*>(); text != nullptr) {
    return !text->empty() && *text != "0";
  }
  return quantity->is_number() && *quantity != 0;
}

bool has_eni(const Json& container) {
  return is_some(base::find_at(container, {"resources", "limits", kEniResource})) ||
         is_some(base::find_at(container, {"resources", "requests", kEniResource}));
}

bool any_has_eni(const Json* containers) {
  return containers != nullptr && containers->is_array() &&
         std::ranges::any_of(*containers, has_eni);
}

// The texts in `object` whose names are wishes.
Annotations wishes_in(const Json* object) {
  Annotations kept;
  if (object == nullptr || !object->is_object()) {
    return kept;
  }
  for (const auto& [name, value] : object->items()) {
    if (value.is_string() && is_wish(name)) {
      kept.emplace_back(name, value.get_ref<const std::string&>());
    }
  }
  return kept;
}

}  // namespace

Wishes wishes_of(const Json& pod) {
  Wishes wishes;
  wishes.annotations = wishes_in(base::find_at(pod, {"metadata", "annotations"}));
  wishes.uid = base::text_at(pod, {"metadata", "uid"});
  wishes.static_uid = base::text_at(pod, {"metadata", "annotations", kConfigHash});
  wishes.eni = asks_for_eni(wishes.annotations) ||
               any_has_eni(base::find_at(pod, {"spec", "containers"})) ||
               any_has_eni(base::find_at(pod, {"spec", "initContainers"}));
  return wishes;
}

bool Wishes::are_of(std::string_view kubelet_uid) const {
  return !kubelet_uid.empty() && (kubelet_uid == uid || kubelet_uid == static_uid);
}

std::string to_args(const PodName& pod) {
  return base::print_json(Json{{"namespace", pod.space}, {"name", pod.name}, {"uid", pod.uid}});
}

Json to_json(const Wishes& wishes) {
  Json annotations = Json::object();
  for (const auto& [name, value] : wishes.annotations) {
    annotations[name] = value;
  }
  return {{"eni", wishes.eni}, {"annotations", std::move(annotations)}, {"uid", wishes.uid}};
}

Result<Wishes> parse_wishes(const Json& answer) {
  const Json* const eni = base::find_at(answer, {"eni"});
  const Json* const annotations = base::find_at(answer, {"annotations"});
  if (eni == nullptr || !eni->is_boolean() || annotations == nullptr || !annotations->is_object()) {
    return Error(base::ErrorKind::kUndecodable,
                 "answer of " + std::string(kWishesDuty) + ": expected eni and annotations");
  }
  Wishes wishes;
  wishes.eni = *eni == true;
  wishes.annotations = wishes_in(annotations);
  wishes.uid = base::text_at(answer, {"uid"});
  return wishes;
}

}  // namespace catena::podwish
