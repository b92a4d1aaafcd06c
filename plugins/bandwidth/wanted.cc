#include "plugins/bandwidth/wanted.h"

#include <chrono>
#include <optional>

#include <nlohmann/json.hpp>

#include "common/ask/duty.h"
#include "common/podwish/annotations.h"
#include "common/podwish/wishes.h"

namespace catena::bandwidth {
namespace {

using base::Result;
using base::Status;
using shaping::Limit;
using shaping::Rates;

constexpr const char* kAnnotations = "io.kubernetes.cri.pod-annotations";
// The agent answers from memory. Pods start without it too, so they don't wait for it for long.
constexpr std::chrono::milliseconds kPatience{500};
// From here on a burst is what runtimes send for "no burst was asked for": dockershim's largest
// number of 32 bits with a sign, containerd's without one, CRI-O's of bytes. As a burst it would
// let the first 256 MB of every pod through unlimited.
constexpr std::uint64_t kRuntimesDefaultBurst = 0x7fffffff;

Limit from_runtime(std::uint64_t rate, std::uint64_t burst) {
  return {.rate_bits = rate, .burst_bits = burst >= kRuntimesDefaultBurst ? 0 : burst};
}

Result<Rates> runtime_rates(const cni::Request& request) {
  Rates rates;
  if (const auto& said = request.config.runtime.bandwidth; said.has_value()) {
    rates.ingress = from_runtime(said->ingress_rate, said->ingress_burst);
    rates.egress = from_runtime(said->egress_rate, said->egress_burst);
    TRY(check_rates(rates, "runtimeConfig.bandwidth"));
  }
  return rates;
}

// The conflist asks the runtime for annotations, and this runtime knows no such thing.
bool annotations_are_missing(const cni::Request& request) {
  if (request.config.runtime.has_pod_annotations || request.args.pod.name.empty()) {
    return false;
  }
  const auto capabilities = request.config.json->find("capabilities");
  return capabilities != request.config.json->end() && capabilities->is_object() &&
         capabilities->value(kAnnotations, false);
}

Result<podwish::Annotations> agents_annotations(const cni::Request& request,
                                                const Settings& settings) {
  const cni::PodName& pod = request.args.pod;
  const auto answer = ask::duty_of_daemon(
      {.duty = std::string(podwish::kWishesDuty),
       .args = podwish::to_args({.space = pod.name_space, .name = pod.name, .uid = pod.uid}),
       .state_dir = settings.state_dir},
      kPatience);
  if (!answer.ok()) {
    return answer.error();
  }
  podwish::Wishes wishes = TRY(podwish::parse_wishes(*answer));
  return std::move(wishes.annotations);
}

podwish::Annotations annotations_of(const cni::Request& request, const Settings& settings,
                                    AskAgent ask) {
  if (ask == AskAgent::kNo || !annotations_are_missing(request)) {
    return request.config.runtime.pod_annotations;
  }
  Result<podwish::Annotations> annotations = agents_annotations(request, settings);
  if (!annotations.ok()) {
    request.log->warning(
        "the runtime hands over no annotations: limits of k8s.aliyun.com are not "
        "known: " +
        annotations.error().text());
    return {};
  }
  return *std::move(annotations);
}

}  // namespace

Result<Rates> wanted_rates(const cni::Request& request, const Settings& settings, AskAgent ask) {
  if (settings.rates.has_value()) {
    return *settings.rates;
  }
  Rates rates = TRY(runtime_rates(request));
  const podwish::Bandwidth wished =
      TRY(podwish::bandwidth_of(annotations_of(request, settings, ask)));
  if (rates.ingress.rate_bits == 0) {
    rates.ingress.rate_bits = wished.ingress.value_or(0);
  }
  if (rates.egress.rate_bits == 0) {
    rates.egress.rate_bits = wished.egress.value_or(0);
  }
  return rates;
}

}  // namespace catena::bandwidth
