#include "agent/pod_wishes.h"

#include <nlohmann/json.hpp>

#include "agent/api.h"
#include "common/podwish/wishes.h"

namespace catena::agent {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;
using podwish::PodName;
using podwish::Wishes;
using Json = nlohmann::json;

Result<PodName> read_name(base::Fields& args) {
  PodName pod;
  pod.space = TRY(args.string("namespace")).value_or("");
  pod.name = TRY(args.string("name")).value_or("");
  pod.uid = TRY(args.string("uid")).value_or("");
  TRY(args.no_unknown_keys());
  if (pod.space.empty() || pod.name.empty()) {
    return Error(ErrorKind::kBadConfig, "pod.wishes: 'namespace' and 'name' are needed");
  }
  return pod;
}

}  // namespace

std::optional<Json> pod_wishes_at_once(const FindWishes& find, base::Fields& args) {
  const Result<PodName> pod = read_name(args);
  if (!pod.ok()) {
    return std::nullopt;
  }
  const std::optional<Wishes> wishes = find(*pod);
  return wishes.has_value() ? std::optional(podwish::to_json(*wishes)) : std::nullopt;
}

Result<Json> answer_pod_wishes(LocalDuty& duty, base::Fields& args) {
  const PodName pod = TRY(read_name(args));
  kube::Client client = TRY(open_api(duty.api, duty.budget));
  const Wishes wishes = podwish::wishes_of(TRY(client.get({kube::kPods, pod.space, pod.name})));
  if (!pod.uid.empty() && !wishes.are_of(pod.uid)) {
    return Error(ErrorKind::kNotFound, "pod " + pod.space + "/" + pod.name +
                                           " is another one now: " + wishes.uid + ", not " +
                                           pod.uid);
  }
  return podwish::to_json(wishes);
}

}  // namespace catena::agent
