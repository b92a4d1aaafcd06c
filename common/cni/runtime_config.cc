#include "common/cni/runtime_config.h"

#include <limits>

#include <nlohmann/json.hpp>

namespace catena::cni {
namespace {

using base::Error;
using base::ErrorKind;
using base::Fields;
using base::KeyCase;
using base::Result;
using base::Status;

constexpr std::string_view kPodAnnotations = "io.kubernetes.cri.pod-annotations";

Status read_ips(Fields& fields, std::vector<base::Prefix>& ips) {
  const std::optional<std::vector<std::string>> texts = TRY(fields.strings("ips"));
  std::vector<base::Prefix> read;
  for (const std::string& text : texts.value_or(std::vector<std::string>())) {
    const Result<base::Prefix> ip = base::Prefix::parse_or_host(text);
    if (!ip.ok()) {
      return Error(ErrorKind::kBadConfig,
                   fields.path_of("ips") + "[" + std::to_string(read.size()) +
                       R"(]: expected an address like "10.1.2.3/24" or "10.1.2.3", got ")" + text +
                       "\"");
    }
    read.push_back(*ip);
  }
  ips = std::move(read);
  return {};
}

Status read_mac(Fields& fields, std::optional<base::Mac>& mac) {
  const std::optional<base::Mac> read = TRY(fields.mac("mac"));
  if (read && (read->is_multicast() || read->is_zero())) {
    return fields.bad_value("mac", "a unicast MAC address");
  }
  mac = read;
  return {};
}

Result<std::uint64_t> read_bits(Fields& fields, std::string_view key) {
  const std::optional<std::int64_t> bits =
      TRY(fields.integer(key, 0, std::numeric_limits<std::int64_t>::max()));
  return static_cast<std::uint64_t>(bits.value_or(0));
}

Status read_bandwidth(Fields& runtime, std::optional<Bandwidth>& bandwidth) {
  std::optional<Fields> fields = TRY(runtime.object("bandwidth", KeyCase::kIgnored));
  if (!fields) {
    return {};
  }
  Bandwidth read;
  read.ingress_rate = TRY(read_bits(*fields, "ingressRate"));
  read.ingress_burst = TRY(read_bits(*fields, "ingressBurst"));
  read.egress_rate = TRY(read_bits(*fields, "egressRate"));
  read.egress_burst = TRY(read_bits(*fields, "egressBurst"));
  bandwidth = read;
  return {};
}

Status read_pod_annotations(Fields& fields, RuntimeConfig& runtime) {
  // null counts as sent: that is how Go prints a map without entries.
  runtime.has_pod_annotations = fields.raw(kPodAnnotations) != nullptr;
  auto annotations = TRY(fields.string_map(kPodAnnotations));
  if (annotations) {
    runtime.pod_annotations = std::move(*annotations);
  }
  return {};
}

// The object at `key`; nothing where it is absent or was let pass.
Result<std::optional<Fields>> object_at(Fields& fields, std::string_view key,
                                        const Tolerance& tolerate) {
  Result<std::optional<Fields>> object = fields.object(key, KeyCase::kIgnored);
  if (object.ok()) {
    return object;
  }
  TRY(tolerate(std::move(object).error()));
  return std::optional<Fields>();
}

}  // namespace

Status read_runtime_config(Fields& config, const Tolerance& tolerate, RuntimeConfig& runtime) {
  std::optional<Fields> fields = TRY(object_at(config, "runtimeConfig", tolerate));
  if (!fields) {
    return {};
  }
  TRY(tolerate(read_ips(*fields, runtime.ips)));
  TRY(tolerate(read_mac(*fields, runtime.mac)));
  TRY(tolerate(read_bandwidth(*fields, runtime.bandwidth)));
  TRY(tolerate(read_pod_annotations(*fields, runtime)));
  return {};
}

Status read_cni_args(Fields& config, const Tolerance& tolerate, CniArgs& args) {
  std::optional<Fields> outer = TRY(object_at(config, "args", tolerate));
  if (!outer) {
    return {};
  }
  std::optional<Fields> fields = TRY(object_at(*outer, "cni", tolerate));
  if (!fields) {
    return {};
  }
  TRY(tolerate(read_ips(*fields, args.ips)));
  TRY(tolerate(read_mac(*fields, args.mac)));
  return {};
}

}  // namespace catena::cni
