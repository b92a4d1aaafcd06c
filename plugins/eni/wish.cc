#include "plugins/eni/wish.h"

#include <chrono>
#include <optional>

#include <nlohmann/json.hpp>

#include "common/ask/duty.h"
#include "common/podwish/annotations.h"
#include "common/podwish/checkpoint.h"
#include "common/podwish/wishes.h"

namespace catena::eni {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;

// The agent answers from memory; one that has to ask the API server needs some round trips.
constexpr std::chrono::milliseconds kPatience{5'000};
constexpr const char* kCheckpointFile = "/device-plugins/kubelet_internal_checkpoint";

// Nothing where kubelet does not know. It writes before it starts the pod's sandbox.
std::optional<bool> as_kubelet_noted(const cni::Request& request, const Settings& settings) {
  if (request.args.pod.uid.empty()) {
    return std::nullopt;
  }
  const std::string path = settings.kubelet_dir + kCheckpointFile;
  const auto pods = podwish::pods_with_device(path, podwish::kEniResource);
  if (!pods.ok()) {
    request.log->warning(pods.error().text());
    return std::nullopt;
  }
  return pods->has_value() ? std::optional<bool>((*pods)->contains(request.args.pod.uid))
                           : std::nullopt;
}

Result<bool> as_agent_knows(const cni::Request& request, const Settings& settings) {
  const cni::PodName& pod = request.args.pod;
  const ask::Question question{
      .duty = std::string(podwish::kWishesDuty),
      .args = podwish::to_args({.space = pod.name_space, .name = pod.name, .uid = pod.uid}),
      .state_dir = settings.state_dir,
      .eni_conf = settings.eni_conf,
      .cni_path = request.args.path};
  const auto answer = ask::duty(question, kPatience);
  if (!answer.ok()) {
    return answer.error();
  }
  const podwish::Wishes wishes = TRY(podwish::parse_wishes(*answer));
  return wishes.eni;
}

Result<bool> by_fallback(const cni::Request& request, const Settings& settings,
                         const Error& unknown) {
  const Error error = Error(unknown)
                          .context("whether the pod asks for an ENI can't be told")
                          .as(ErrorKind::kTryAgain);
  if (settings.fallback == Fallback::kFail) {
    return Error(error).advice(
        R"(start catena-agent, or kubelet's device plugin for aliyun/eni, or set "fallback" to "pass")");
  }
  request.log->warning(error.text() + "; it gets none, as \"fallback\" says");
  return false;
}

}  // namespace

Result<bool> wants_eni(const cni::Request& request, const Settings& settings) {
  if (settings.when == When::kAlways ||
      podwish::asks_for_eni(request.config.runtime.pod_annotations)) {
    return true;
  }
  if (request.args.pod.name_space.empty() || request.args.pod.name.empty()) {
    return false;  // no pod of Kubernetes, so nobody who could have asked
  }
  if (const auto noted = as_kubelet_noted(request, settings); noted.has_value()) {
    return *noted;
  }
  const Result<bool> known = as_agent_knows(request, settings);
  return known.ok() ? Result<bool>(*known) : by_fallback(request, settings, known.error());
}

}  // namespace catena::eni
